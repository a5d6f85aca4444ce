"""Maximum pooling: each program computes a tile of pixels × channels, and remembers where each maximum was.

The image lies channels last, so neighbouring threads read neighbouring channels of one pixel. Forward, a byte for each
maximum tells its tap in the window. Backward, every pixel of the image asks the windows that cover it whether it was
their maximum: each gradient is added up by one program in a fixed order, and nothing has to be atomic.
"""

import triton
import triton.language as tl

#: Arguments that are multiples of 16 on the calls that matter: aligned memory and multiples of 16 channels.
DIVISIBLE = ("x", "y", "index", "dy", "dx", "C")


def types(kernel: str, dtype: str) -> dict[str, str]:
    """Return the type of each argument that is not a constant, in order; ``dtype`` is Triton's name ("bf16")."""
    sizes = dict.fromkeys(("H", "W", "C", "P", "Q", "pixels"), "i32")
    if kernel == "maximum":
        return {"x": f"*{dtype}", "y": f"*{dtype}", "index": "*i8", **sizes}
    assert kernel == "maximum_backward"
    return {"dy": f"*{dtype}", "index": "*i8", "dx": f"*{dtype}", **sizes}


@triton.jit
def maximum(
    x, y, index, H, W, C, P, Q, pixels,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr, UNROLL: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Write y and, unless ``index`` is None, the tap of each maximum, for ``pixels`` = N · P · Q pixels of y.

    As in PyTorch, the first of equal numbers is the maximum, and NaN is larger than any number, the last NaN winning.
    """
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    n, p, q = m // (P * Q), m // Q % P, m % Q
    top, left = p * STRIDE_H - PADDING_H, q * STRIDE_W - PADDING_W
    image = x + n.to(tl.int64) * (H * W * C)
    best = tl.full((BLOCK_M, BLOCK_C), float("-inf"), ACC)
    at = tl.full((BLOCK_M, BLOCK_C), -1, tl.int32)  # -1: nothing was seen yet
    for tap in tl.range(R * S, loop_unroll_factor=UNROLL):
        h, w = top + tap // S * DILATION_H, left + tap % S * DILATION_W
        inside = (m < pixels) & (h >= 0) & (h < H) & (w >= 0) & (w < W)
        seen = inside[:, None] & (c < C)[None, :]
        value = tl.load(
            image[:, None] + ((h * W + w) * C)[:, None] + c[None, :], seen, float("-inf")
        ).to(ACC)
        better = seen & ((value > best) | (value != value) | (at < 0))
        best = tl.where(better, value, best)
        at = tl.where(better, tap, at)
    to = (m.to(tl.int64) * C)[:, None] + c[None, :]
    mask = (m < pixels)[:, None] & (c < C)[None, :]
    tl.store(y + to, best.to(y.dtype.element_ty), mask)
    if index is not None:
        tl.store(index + to, at.to(index.dtype.element_ty), mask)


@triton.jit
def maximum_backward(
    dy, index, dx, H, W, C, P, Q, pixels,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    COVERING_H: tl.constexpr, COVERING_W: tl.constexpr, UNROLL: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Write dX for ``pixels`` = N · H · W pixels of x: the sum of dY over the windows whose maximum each pixel was.

    Row h lies in the windows p that begin at or above it: the last is (h + PADDING) // STRIDE, and there are
    COVERING of them at most.
    """
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    n, h, w = m // (H * W), m // W % H + PADDING_H, m % W + PADDING_W
    pooled = n.to(tl.int64) * (P * Q * C)
    acc = tl.zeros((BLOCK_M, BLOCK_C), ACC)
    for i in tl.range(COVERING_H * COVERING_W, loop_unroll_factor=UNROLL):
        p, q = h // STRIDE_H - i // COVERING_W, w // STRIDE_W - i % COVERING_W
        down, right = h - p * STRIDE_H, w - q * STRIDE_W  # from the window's first pixel to ours
        r, s = down // DILATION_H, right // DILATION_W
        covers = (p >= 0) & (p < P) & (r < R) & (down % DILATION_H == 0) & (m < pixels)
        covers &= (q >= 0) & (q < Q) & (s < S) & (right % DILATION_W == 0)
        mask = covers[:, None] & (c < C)[None, :]
        at = (pooled + (p * Q + q) * C)[:, None] + c[None, :]
        chosen = tl.load(index + at, mask, -1) == (r * S + s)[:, None]
        acc += tl.where(mask & chosen, tl.load(dy + at, mask, 0.0).to(ACC), 0.0)
    to = (m.to(tl.int64) * C)[:, None] + c[None, :]
    tl.store(dx + to, acc.to(dx.dtype.element_ty), (m < pixels)[:, None] & (c < C)[None, :])
