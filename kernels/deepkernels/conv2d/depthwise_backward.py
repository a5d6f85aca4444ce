r"""Backward kernels of the depthwise convolution, in which every channel is convolved by itself.

.. math::
    \frac{\partial L}{\partial x_{n,c,h,w}} = \sum_{m,r,s} \frac{\partial L}{\partial y_{n,cM+m,p,q}}\; w_{cM+m,r,s},
    \qquad
    \frac{\partial L}{\partial w_{k,r,s}} = \sum_{n,p,q} \frac{\partial L}{\partial y_{n,k,p,q}}\;
    x_{n,\,\lfloor k/M\rfloor,\,p\,u + r\,d - a,\,q\,u + s\,d - a}

with M = K/C output channels for each of x. There is no sum over channels, hence no matrix product: a few operations
for each number that is read, and memory sets the pace. Neighbouring threads take neighbouring channels, which lie side
by side; the taps' overlapping reads are left to the caches.

In memory dY is N, P, Q, K; X and dX N, H, W, C; the weight K, R, S.
"""

import triton
import triton.language as tl

from deepkernels.conv2d.wgrad import write

#: Arguments that are multiples of 16 (pointers: aligned to 16 bytes) when a network's channels are.
DIVISIBLE = ("dy", "x", "weight", "dx", "out", "C", "K")
SIZES = ("N", "H", "W", "C", "P", "Q", "K")


def types(kernel: str, dtype: str) -> dict[str, str]:
    """Return the type of each argument that is not a constant, in order; ``dtype`` is Triton's name ("bf16")."""
    pointers = {
        "depthwise_dgrad": {"dy": f"*{dtype}", "weight": f"*{dtype}", "dx": f"*{dtype}"},
        "depthwise_wgrad": {"dy": f"*{dtype}", "x": f"*{dtype}", "out": "*fp32"},
    }[kernel]
    return pointers | dict.fromkeys(SIZES, "i32")


@triton.jit
def depthwise_dgrad(
    dy, weight, dx, N, H, W, C, P, Q, K,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr, MULTIPLIER: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute BLOCK_M pixels × BLOCK_C channels of dX; a tap that misses a pixel's residue loads nothing."""
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    n, h, w = m // (H * W), m // W % H, m % W
    image = n.to(tl.int64) * (P * Q * K)
    acc = tl.zeros((BLOCK_M, BLOCK_C), ACC)
    for r in range(R):
        top = h + PADDING_H - DILATION_H * r
        p = top // STRIDE_H
        row = (top >= 0) & (top % STRIDE_H == 0) & (p < P) & (n < N)
        for s in tl.static_range(S):
            left = w + PADDING_W - DILATION_W * s
            q = left // STRIDE_W
            inside = row & (left >= 0) & (left % STRIDE_W == 0) & (q < Q)
            pixels = image + (p * Q + q) * K
            for multiple in range(MULTIPLIER):
                k = c * MULTIPLIER + multiple
                gradient = tl.load(
                    dy + pixels[:, None] + k[None, :],
                    inside[:, None] & (c < C)[None, :],
                    other=0.0,
                )
                tap = tl.load(weight + (k * R + r) * S + s, c < C, other=0.0)
                acc += gradient.to(ACC) * tap.to(ACC)[None, :]
    out = dx + m.to(tl.int64)[:, None] * C + c[None, :]
    tl.store(out, acc.to(dx.dtype.element_ty), (n < N)[:, None] & (c < C)[None, :])


@triton.jit
def depthwise_wgrad(
    dy, x, out, N, H, W, C, P, Q, K,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr, MULTIPLIER: tl.constexpr,
    TAPS: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr,
    ATOMIC: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute one row of taps for BLOCK_C output channels, over this program's share of the pixels.

    A sum for each tap, pixel and channel stays in registers, TAPS × BLOCK_M × BLOCK_C of them (TAPS is S, rounded up to
    a power of two): dY is read once for all S taps, and pixels are added up across threads once, at the end.
    """
    k = tl.program_id(0) // R * BLOCK_C + tl.arange(0, BLOCK_C)
    r = tl.program_id(0) % R
    s = tl.arange(0, TAPS)
    pixels = N * P * Q
    acc = tl.zeros((TAPS, BLOCK_M, BLOCK_C), ACC)
    for start in range(tl.program_id(1) * BLOCK_M, pixels, tl.num_programs(1) * BLOCK_M):
        m = start + tl.arange(0, BLOCK_M)
        n, p, q = m // (P * Q), m // Q % P, m % Q
        here = (m < pixels)[:, None] & (k < K)[None, :]
        gradient = tl.load(dy + m.to(tl.int64)[:, None] * K + k[None, :], here, other=0.0)
        h = p * STRIDE_H + r * DILATION_H - PADDING_H
        w = q[None, :] * STRIDE_W + s[:, None] * DILATION_W - PADDING_W
        inside = ((h >= 0) & (h < H))[None, :] & (w >= 0) & (w < W) & (s < S)[:, None]
        at = (n.to(tl.int64) * H + h)[None, :] * W + w
        shifted = tl.load(
            x + at[:, :, None] * C + (k // MULTIPLIER)[None, None, :],
            inside[:, :, None] & here[None, :, :],
            other=0.0,
        )
        acc += shifted.to(ACC) * gradient.to(ACC)[None, :, :]
    mask = (s < S)[:, None] & (k < K)[None, :]
    write(out, tl.sum(acc, 1), r * S + s, k * (R * S), 1, mask, K * R * S, ATOMIC)
