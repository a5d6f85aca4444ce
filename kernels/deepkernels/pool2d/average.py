"""Average pooling, tiled like maximum pooling: the mean of each window, and its gradient shared out by gathering."""

import triton
import triton.language as tl

#: Arguments that are multiples of 16 on the calls that matter: aligned memory and multiples of 16 channels.
DIVISIBLE = ("x", "y", "dy", "dx", "C")


def types(kernel: str, dtype: str) -> dict[str, str]:
    """Return the type of each argument that is not a constant, in order; ``dtype`` is Triton's name ("bf16")."""
    sizes = dict.fromkeys(("H", "W", "C", "P", "Q", "pixels"), "i32")
    names = {"average": ("x", "y"), "average_backward": ("dy", "dx")}[kernel]
    return dict.fromkeys(names, f"*{dtype}") | sizes


@triton.jit
def _divisor(
    p, q, H, W,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr, COUNT_PADDING: tl.constexpr, DIVISOR: tl.constexpr,
):  # fmt: skip
    """Return what the sum over window (p, q) is divided by: DIVISOR, or the window's pixels.

    With COUNT_PADDING they are those of the image and its padding, though not those that ``ceil_mode`` adds beyond it;
    without, those of the image alone.
    """
    top, left = p * STRIDE_H - PADDING_H, q * STRIDE_W - PADDING_W
    if DIVISOR > 0:
        return tl.full(p.shape, DIVISOR, tl.int32)
    elif COUNT_PADDING:
        rows = tl.minimum(top + R, H + PADDING_H) - top
        return rows * (tl.minimum(left + S, W + PADDING_W) - left)
    else:
        rows = tl.minimum(top + R, H) - tl.maximum(top, 0)
        columns = tl.minimum(left + S, W) - tl.maximum(left, 0)
        # With ``ceil_mode`` a window may lie in the padding alone; its sum is 0, and so is its mean.
        return tl.maximum(rows, 1) * tl.maximum(columns, 1)


@triton.jit
def average(
    x, y, H, W, C, P, Q, pixels,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr, COUNT_PADDING: tl.constexpr, DIVISOR: tl.constexpr,
    UNROLL: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Write the means y of ``pixels`` = N · P · Q windows."""
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    n, p, q = m // (P * Q), m // Q % P, m % Q
    top, left = p * STRIDE_H - PADDING_H, q * STRIDE_W - PADDING_W
    image = x + n.to(tl.int64) * (H * W * C)
    acc = tl.zeros((BLOCK_M, BLOCK_C), ACC)
    for tap in tl.range(R * S, loop_unroll_factor=UNROLL):
        h, w = top + tap // S, left + tap % S
        inside = (m < pixels) & (h >= 0) & (h < H) & (w >= 0) & (w < W)
        mask = inside[:, None] & (c < C)[None, :]
        acc += tl.load(image[:, None] + ((h * W + w) * C)[:, None] + c[None, :], mask, 0.0).to(ACC)
    divisor = _divisor(
        p, q, H, W, R, S, STRIDE_H, STRIDE_W, PADDING_H, PADDING_W, COUNT_PADDING, DIVISOR
    )
    mean = acc / divisor.to(ACC)[:, None]
    to = (m.to(tl.int64) * C)[:, None] + c[None, :]
    tl.store(y + to, mean.to(y.dtype.element_ty), (m < pixels)[:, None] & (c < C)[None, :])


@triton.jit
def average_backward(
    dy, dx, H, W, C, P, Q, pixels,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr, COUNT_PADDING: tl.constexpr, DIVISOR: tl.constexpr,
    COVERING_H: tl.constexpr, COVERING_W: tl.constexpr, UNROLL: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_C: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Write dX for ``pixels`` = N · H · W pixels of x: the sum of dY / divisor over the windows that cover each."""
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    c = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    n, h, w = m // (H * W), m // W % H + PADDING_H, m % W + PADDING_W
    pooled = dy + n.to(tl.int64) * (P * Q * C)
    acc = tl.zeros((BLOCK_M, BLOCK_C), ACC)
    for i in tl.range(COVERING_H * COVERING_W, loop_unroll_factor=UNROLL):
        p, q = h // STRIDE_H - i // COVERING_W, w // STRIDE_W - i % COVERING_W
        covers = (p >= 0) & (p < P) & (h - p * STRIDE_H < R) & (m < pixels)
        covers &= (q >= 0) & (q < Q) & (w - q * STRIDE_W < S)
        divisor = _divisor(
            p, q, H, W, R, S, STRIDE_H, STRIDE_W, PADDING_H, PADDING_W, COUNT_PADDING, DIVISOR
        )
        share = tl.where(covers, 1.0 / tl.where(covers, divisor, 1).to(ACC), 0.0)
        mask = covers[:, None] & (c < C)[None, :]
        at = ((p * Q + q) * C)[:, None] + c[None, :]
        acc += tl.load(pooled[:, None] + at, mask, 0.0).to(ACC) * share[:, None]
    to = (m.to(tl.int64) * C)[:, None] + c[None, :]
    tl.store(dx + to, acc.to(dx.dtype.element_ty), (m < pixels)[:, None] & (c < C)[None, :])
