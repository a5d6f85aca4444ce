"""One convolution, eight times: from Python loops to products of matrices that lie in the cache.

Every function takes an input x (N, C, H, W), a weight (K, C, R, S) and `padding`, and returns what PyTorch's `conv2d`
returns for stride 1: (N, K, P, Q) with P = H + 2·padding − R + 1 and Q likewise.

.. math:: y_{nkij} = \\sum_{c,r,s} w_{kcrs}\\, x_{n,c,i+r,j+s}
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def check(x: np.ndarray, weight: np.ndarray, padding: int) -> None:
    """Refuse what cannot be convolved.

    Raises:
        ValueError: axes, channels or sizes that do not fit; the message names the shapes.
    """
    shapes = f"got x {x.shape}, weight {weight.shape}, padding {padding}"
    if x.ndim != 4 or weight.ndim != 4:
        raise ValueError(f"conv2d: x is (N, C, H, W) and weight (K, C, R, S); {shapes}")
    if x.shape[1] != weight.shape[1]:
        raise ValueError(f"conv2d: x and weight need the same number of channels; {shapes}")
    if not 0 <= padding < min(weight.shape[2:]):
        raise ValueError(f"conv2d: padding is from 0 to below the kernel's size; {shapes}")
    if x.shape[2] + 2 * padding < weight.shape[2] or x.shape[3] + 2 * padding < weight.shape[3]:
        raise ValueError(f"conv2d: the kernel is larger than the padded input; {shapes}")


def pad(x: np.ndarray, padding: int) -> np.ndarray:
    """Return a copy with `padding` zeros on every side of the last two axes."""
    sides = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    return np.pad(x, sides)


def loops(x: np.ndarray, weight: np.ndarray, padding: int = 0) -> np.ndarray:
    """Convolve as the formula is written: seven loops, one multiplication and one addition at a time."""
    check(x, weight, padding)
    x = pad(x, padding)
    (N, C, H, W), (K, _, R, S) = x.shape, weight.shape
    y = np.zeros((N, K, H - R + 1, W - S + 1), x.dtype)
    for n in range(N):
        for k in range(K):
            for i in range(H - R + 1):
                for j in range(W - S + 1):
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                y[n, k, i, j] += weight[k, c, r, s] * x[n, c, i + r, j + s]
    return y


def windows(x: np.ndarray, weight: np.ndarray, padding: int = 0) -> np.ndarray:
    """Convolve pixel by pixel: all kernels at once on the window under them."""
    check(x, weight, padding)
    x = pad(x, padding)
    (N, _, H, W), (K, _, R, S) = x.shape, weight.shape
    y = np.empty((N, K, H - R + 1, W - S + 1), x.dtype)
    for n in range(N):
        for i in range(H - R + 1):
            for j in range(W - S + 1):
                y[n, :, i, j] = (weight * x[n, :, i : i + R, j : j + S]).sum(axis=(1, 2, 3))
    return y


def taps(x: np.ndarray, weight: np.ndarray, padding: int = 0) -> np.ndarray:
    """Convolve tap by tap: one weight of every kernel at once on the whole batch, shifted."""
    check(x, weight, padding)
    x = pad(x, padding)
    (N, C, H, W), (K, _, R, S) = x.shape, weight.shape
    P, Q = H - R + 1, W - S + 1
    y = np.zeros((N, K, P, Q), x.dtype)
    for c in range(C):
        for r in range(R):
            for s in range(S):
                y += weight[:, c, r, s, None, None] * x[:, c, None, r : r + P, s : s + Q]
    return y


def im2col(x: np.ndarray, weight: np.ndarray, padding: int = 0) -> np.ndarray:
    """Write every window into a row of one large matrix; a single product does the rest."""
    check(x, weight, padding)
    K, C, R, S = weight.shape
    view = sliding_window_view(pad(x, padding), (R, S), (2, 3))  # (N, C, P, Q, R, S)
    N, _, P, Q = view.shape[:4]
    patches = view.transpose(0, 2, 3, 1, 4, 5).reshape(N * P * Q, C * R * S)  # copies
    y = patches @ weight.reshape(K, -1).T
    return y.reshape(N, P, Q, K).transpose(0, 3, 1, 2)


def columns(x: np.ndarray, weight: np.ndarray, padding: int = 0) -> np.ndarray:
    """Write every window into a column instead: what lies side by side in x stays side by side."""
    check(x, weight, padding)
    K, C, R, S = weight.shape
    view = sliding_window_view(pad(x, padding), (R, S), (2, 3))
    N, _, P, Q = view.shape[:4]
    patches = view.transpose(0, 1, 4, 5, 2, 3).reshape(N, C * R * S, P * Q)  # copies
    return (weight.reshape(K, -1) @ patches).reshape(N, K, P, Q)


def rows_in_one_line(
    x: np.ndarray, padding: int, kernel: tuple[int, int]
) -> tuple[np.ndarray, int]:
    """Return one zeroed line for each channel, in which padded rows share their zeros, and the pitch of the rows.

    Rows of W numbers follow each other with `padding` zeros between them: the zeros after one row are those before
    the next. A tap (r, s) is then one shift, by r · pitch + s, of the whole image.

    Returns:
        (C, length), and the pitch W + padding.

    >>> line, pitch = rows_in_one_line(np.ones((1, 1, 2, 3)), padding=1, kernel=(3, 3))
    >>> line.shape, pitch
    ((1, 18), 4)
    """
    _, C, H, W = x.shape
    pitch = W + padding
    return np.zeros((C, (H + 2 * padding) * pitch + kernel[1] - 1), x.dtype), pitch


def inside(line: np.ndarray, x: np.ndarray, padding: int, pitch: int) -> np.ndarray:
    """Return a view (C, H, W) of the places in the line where the image goes."""
    _, C, H, W = x.shape
    step = line.itemsize
    begin = line[:, padding * pitch + padding :]
    return as_strided(begin, (C, H, W), (line.strides[0], pitch * step, step))


def shifts(x: np.ndarray, weight: np.ndarray, padding: int = 0) -> np.ndarray:
    """Build the columns image by image in one small buffer, from shifts that are long runs of memory."""
    check(x, weight, padding)
    (N, C, H, W), (K, _, R, S) = x.shape, weight.shape
    P, Q = H + 2 * padding - R + 1, W + 2 * padding - S + 1
    line, pitch = rows_in_one_line(x, padding, (R, S))
    image, step = inside(line, x, padding, pitch), line.itemsize
    length = P * pitch
    every_shift = as_strided(line, (R, S, C, length), (pitch * step, step, line.strides[0], step))
    patches = np.empty((R, S, C, length), x.dtype)
    kernels = np.ascontiguousarray(weight.transpose(0, 2, 3, 1)).reshape(K, -1)
    wide, y = np.empty((K, length), x.dtype), np.empty((N, K, P, Q), x.dtype)
    for n in range(N):
        image[...] = x[n]
        np.copyto(patches, every_shift)
        np.matmul(kernels, patches.reshape(-1, length), out=wide)
        y[n] = wide.reshape(K, P, pitch)[:, :, :Q]
    return y


def tap_products(x: np.ndarray, weight: np.ndarray, padding: int = 0) -> np.ndarray:
    """Build nothing: each tap is a product of its K × C weights with the shifted image where it lies."""
    check(x, weight, padding)
    (N, _, H, W), (K, _, R, S) = x.shape, weight.shape
    P, Q = H + 2 * padding - R + 1, W + 2 * padding - S + 1
    line, pitch = rows_in_one_line(x, padding, (R, S))
    image, length = inside(line, x, padding, pitch), P * pitch
    kernels = np.ascontiguousarray(weight.transpose(2, 3, 0, 1))  # (R, S, K, C)
    total, part = (np.empty((K, length), x.dtype) for _ in range(2))
    y = np.empty((N, K, P, Q), x.dtype)
    for n in range(N):
        image[...] = x[n]
        for tap in range(R * S):
            r, s = divmod(tap, S)
            run = line[:, r * pitch + s : r * pitch + s + length]  # a view
            np.matmul(kernels[r, s], run, out=part if tap else total)
            if tap:
                np.add(total, part, out=total)
        y[n] = total.reshape(K, P, pitch)[:, :, :Q]
    return y


def batch_last(x: np.ndarray, weight: np.ndarray, padding: int = 0) -> np.ndarray:
    """Convolve images that lie side by side, x (C, H, W, N) to (K, P, Q, N): a product a tap, row by row.

    Whatever the kernel, a tap's inputs for one output row are a run of Q·N numbers in every channel.
    """
    check(x.transpose(3, 0, 1, 2), weight, padding)
    (C, H, W, N), (K, _, R, S) = x.shape, weight.shape
    P, Q = H + 2 * padding - R + 1, W + 2 * padding - S + 1
    padded = np.zeros((C, H + 2 * padding, W + 2 * padding, N), x.dtype)
    padded[:, padding : padding + H, padding : padding + W] = x
    kernels = np.ascontiguousarray(weight.transpose(2, 3, 0, 1))
    total, part = (np.empty((K, Q * N), x.dtype) for _ in range(2))
    y = np.empty((K, P, Q, N), x.dtype)
    for i in range(P):
        for tap in range(R * S):
            r, s = divmod(tap, S)
            run = padded[:, i + r, s : s + Q].reshape(C, Q * N)  # a view
            np.matmul(kernels[r, s], run, out=part if tap else total)
            if tap:
                np.add(total, part, out=total)
        y[:, i] = total.reshape(K, Q, N)
    return y
