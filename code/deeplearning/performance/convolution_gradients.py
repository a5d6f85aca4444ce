"""What a convolution's training costs on top: both gradients, six times, from Python loops to long products.

Every function takes x (N, C, H, W), a weight (K, C, R, S), the gradient of the result dy (N, K, P, Q) and `padding`,
for stride 1, and returns what PyTorch's backward pass does: the gradients of x and of the weight.

.. math::
    \\frac{\\partial L}{\\partial w_{kcrs}} = \\sum_{n,i,j} \\Delta_{nkij}\\, x_{n,c,i+r,j+s}, \\qquad
    \\frac{\\partial L}{\\partial x_{nchl}} = \\sum_{k,r,s} \\Delta_{n,k,h-r,l-s}\\, w_{kcrs}

The forward pass of each form is the function of the same name in :mod:`deeplearning.performance.convolution`. Each of
the two sums has as many multiplications as the forward pass, so a step of training costs three forward passes.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from deeplearning.performance.convolution import check, inside, pad, rows_in_one_line

Gradients = tuple[np.ndarray, np.ndarray]


def crop(x: np.ndarray, padding: int) -> np.ndarray:
    """Return the inside of padded images: what `pad` put there."""
    H, W = x.shape[2:]
    return x[:, :, padding : H - padding, padding : W - padding]


def loops(x: np.ndarray, weight: np.ndarray, dy: np.ndarray, padding: int = 0) -> Gradients:
    """Send every number of dy back along the ways on which it was made, one weight at a time."""
    check(x, weight, padding)
    x = pad(x, padding)
    (N, K, P, Q), (_, C, R, S) = dy.shape, weight.shape
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for n in range(N):
        for k in range(K):
            for i in range(P):
                for j in range(Q):
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                dweight[k, c, r, s] += dy[n, k, i, j] * x[n, c, i + r, j + s]
                                dx[n, c, i + r, j + s] += dy[n, k, i, j] * weight[k, c, r, s]
    return crop(dx, padding), dweight


def taps(x: np.ndarray, weight: np.ndarray, dy: np.ndarray, padding: int = 0) -> Gradients:
    """Take one weight of every kernel at a time: its gradient is a sum over the shifted batch."""
    check(x, weight, padding)
    x = pad(x, padding)
    (P, Q), (_, C, R, S) = dy.shape[2:], weight.shape
    dx, dweight = np.zeros_like(x), np.empty_like(weight)
    for c in range(C):
        for r in range(R):
            for s in range(S):
                under = slice(None), c, slice(r, r + P), slice(s, s + Q)
                dweight[:, c, r, s] = (dy * x[under][:, None]).sum(axis=(0, 2, 3))
                dx[under] += (dy * weight[:, c, r, s, None, None]).sum(axis=1)
    return crop(dx, padding), dweight


def im2col(x: np.ndarray, weight: np.ndarray, dy: np.ndarray, padding: int = 0) -> Gradients:
    """Differentiate the product Y = X Wᵀ of the matrix of windows; then add the windows up where they came from."""
    check(x, weight, padding)
    K, C, R, S = weight.shape
    x = pad(x, padding)
    view = sliding_window_view(x, (R, S), (2, 3))  # (N, C, P, Q, R, S)
    N, _, P, Q = view.shape[:4]
    patches = view.transpose(0, 2, 3, 1, 4, 5).reshape(N * P * Q, C * R * S)  # copies
    rows = dy.transpose(0, 2, 3, 1).reshape(N * P * Q, K)
    dweight = (rows.T @ patches).reshape(weight.shape)
    windows = (rows @ weight.reshape(K, -1)).reshape(N, P, Q, C, R, S)
    dx = np.zeros_like(x)
    for r in range(R):  # windows overlap: one tap of all of them at a time, which do not
        for s in range(S):
            dx[:, :, r : r + P, s : s + Q] += windows[..., r, s].transpose(0, 3, 1, 2)
    return crop(dx, padding), dweight


def columns(x: np.ndarray, weight: np.ndarray, dy: np.ndarray, padding: int = 0) -> Gradients:
    """Do the same with windows as columns: taps lie together, so that what is added up is in one run."""
    check(x, weight, padding)
    K, C, R, S = weight.shape
    x = pad(x, padding)
    view = sliding_window_view(x, (R, S), (2, 3))
    N, _, P, Q = view.shape[:4]
    patches = view.transpose(0, 1, 4, 5, 2, 3).reshape(N, C * R * S, P * Q)  # copies
    lines = dy.reshape(N, K, P * Q)
    dweight = (lines @ patches.transpose(0, 2, 1)).sum(axis=0).reshape(weight.shape)
    windows = (weight.reshape(K, -1).T @ lines).reshape(N, C, R, S, P, Q)
    dx = np.zeros_like(x)
    for r in range(R):
        for s in range(S):
            dx[:, :, r : r + P, s : s + Q] += windows[:, :, r, s]
    return crop(dx, padding), dweight


def shifts(x: np.ndarray, weight: np.ndarray, dy: np.ndarray, padding: int = 0) -> Gradients:
    """Build shifts of dy, image by image, and use them twice: for the gradient of x and for that of the weight.

    The gradient of x is itself a convolution, of dy with the kernels turned around. And the sum for the weight is the
    same whether x is shifted against dy or dy against x.
    """
    check(x, weight, padding)
    (N, C, H, W), (K, _, R, S) = x.shape, weight.shape
    margin = max(R, S) - 1  # zeros around dy, so that its shifts reach every pixel of x
    turned = np.ascontiguousarray(weight[:, :, ::-1, ::-1].transpose(1, 2, 3, 0)).reshape(C, -1)
    line, pitch = rows_in_one_line(dy, margin, (R, S))
    image, step = inside(line, dy, margin, pitch), line.itemsize
    length = (H - 1) * pitch + W
    begin = line[:, (margin + 1 - R + padding) * pitch + margin + 1 - S + padding :]
    every_shift = as_strided(begin, (R, S, K, length), (pitch * step, step, line.strides[0], step))
    patches, wide = np.empty((R, S, K, length), x.dtype), np.zeros((C, H * pitch), x.dtype)
    across, total = np.empty((C, R * S * K), x.dtype), np.zeros((C, R * S * K), x.dtype)
    dx = np.empty_like(x)
    for n in range(N):
        image[...] = dy[n]
        np.copyto(patches, every_shift)
        flat = patches.reshape(-1, length)
        np.matmul(turned, flat, out=wide[:, :length])
        dx[n] = wide.reshape(C, H, pitch)[:, :, :W]
        wide.reshape(C, H, pitch)[:, :, :W] = x[n]
        wide.reshape(C, H, pitch)[:, :, W:] = 0
        total += np.matmul(wide[:, :length], flat.T, out=across)
    dweight = total.reshape(C, R, S, K)[:, ::-1, ::-1].transpose(3, 0, 1, 2)
    return dx, np.ascontiguousarray(dweight)


def rows_first(x: np.ndarray, weight: np.ndarray, dy: np.ndarray, padding: int = 0) -> Gradients:
    """Copy nothing but the margins: for arrays that lie as (H, C, W, N), x to dx and dy (P, K, Q, N) alike.

    A kernel's R rows of all channels are then one matrix. For the weight, each tap along the width is a product with
    that matrix where it lies. For x, one product makes an input row's share of all taps, which are added up shifted.
    """
    check(x.transpose(3, 1, 0, 2), weight, padding)
    (H, C, W, N), (P, K, Q, _), (R, S) = x.shape, dy.shape, weight.shape[2:]
    sides = ((padding, padding), (0, 0), (padding, padding), (0, 0))
    whole, run = np.pad(x, sides), Q * N
    dweight = np.zeros((S, K, R * C), x.dtype)
    for i in range(P):
        under = whole[i : i + R].reshape(R * C, -1)  # a view
        for s in range(S):
            dweight[s] += dy[i].reshape(K, run) @ under[:, s * N : s * N + run].T
    around = np.pad(dy, ((R - 1, R - 1), (0, 0), (0, 0), (0, 0)))
    back = np.ascontiguousarray(weight[:, :, ::-1].transpose(3, 1, 2, 0)).reshape(S * C, R * K)
    dx = np.zeros_like(whole[padding : padding + H])
    for h in range(H):
        above = around[h + padding : h + padding + R].reshape(R * K, run)  # a view
        shares = (back @ above).reshape(S, C, run)
        for s in range(S):
            dx[h].reshape(C, -1)[:, s * N : s * N + run] += shares[s]
    dweight = dweight.reshape(S, K, R, C).transpose(1, 3, 2, 0)
    return dx[:, :, padding : padding + W], np.ascontiguousarray(dweight)


FORMS = (loops, taps, im2col, columns, shifts)  # and `rows_first`, whose arrays lie differently
