r"""The gradient with respect to the weight: a product of dY and shifted X, summed over all pixels of the batch.

.. math::
    \frac{\partial L}{\partial w_{k,c,r,s}} = \sum_{n,p,q} \frac{\partial L}{\partial y_{n,k,p,q}}\;
    x_{n,\,c,\,p\,u + r\,d - a,\,q\,u + s\,d - a}

with stride u, dilation d and padding a. The result is small, the sum is long (N·P·Q terms): tiles of the result alone
would leave most of a GPU idle, so pixels are split among programs too. Each of them either adds its part atomically to
float32 memory, or writes it to a place of its own for a second kernel to add up (`reduce`).

In memory dY is N, P, Q, K; X N, H, W, C; the result K, R, S, C/groups.
"""

import triton
import triton.language as tl

from deepkernels.conv2d.box import corner, count
from deepkernels.language import dot

#: Arguments that are multiples of 16 (pointers: aligned to 16 bytes) when a network's channels are.
DIVISIBLE = ("dy", "x", "out", "C", "K", "channels", "features")
#: Kernels that read through tensor descriptors, and cannot read anything else.
DESCRIPTORS = ("tma",)
SIZES = ("N", "H", "W", "C", "P", "Q", "K", "channels", "features")


def types(kernel: str, dtype: str) -> dict[str, str]:
    """Return the type of each argument that is not a constant, in order; ``dtype`` is Triton's name ("bf16").

    The result is float32: a part of a sum.

    >>> types("tma", "bf16")["out"]
    '*fp32'
    """
    assert kernel in ("gather", *DESCRIPTORS)
    pointers = {"dy": f"*{dtype}", "x": f"*{dtype}", "out": "*fp32"}
    return pointers | dict.fromkeys(SIZES, "i32")


@triton.jit
def write(out, acc, rows, columns, row_length, mask, size, ATOMIC: tl.constexpr):
    """Add a tile to the one result, or store it in this program's own part of the workspace."""
    at = rows[:, None] * row_length + columns[None, :]
    if ATOMIC:
        tl.atomic_add(out + at, acc, mask, sem="relaxed")
    else:
        own = out + tl.program_id(1).to(tl.int64) * size
        tl.store(own + at, acc.to(out.dtype.element_ty), mask)


@triton.jit
def gather(
    dy, x, out, N, H, W, C, P, Q, K, channels, features,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
    ATOMIC: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute a tile of BLOCK_M output channels × BLOCK_N columns (r, s, c), BLOCK_K pixels at a time.

    Columns run through all taps: with 3 input channels, 7 × 7 taps make 147 columns and hardly any of a tile is waste.
    """
    COLUMNS = R * S * channels
    tiles_c = tl.cdiv(COLUMNS, BLOCK_N)
    tiles_k = tl.cdiv(features, BLOCK_M)
    group = tl.program_id(0) // (tiles_c * tiles_k)
    k = tl.program_id(0) // tiles_c % tiles_k * BLOCK_M + tl.arange(0, BLOCK_M)
    column = tl.program_id(0) % tiles_c * BLOCK_N + tl.arange(0, BLOCK_N)
    tap, c = column // channels, column % channels
    down, right = tap // S * DILATION_H - PADDING_H, tap % S * DILATION_W - PADDING_W
    pixels = N * P * Q
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for start in range(tl.program_id(1) * BLOCK_K, pixels, tl.num_programs(1) * BLOCK_K):
        m = start + tl.arange(0, BLOCK_K)
        n, p, q = m // (P * Q), m // Q % P, m % Q
        a = tl.load(
            dy + m.to(tl.int64)[:, None] * K + group * features + k[None, :],
            (m < pixels)[:, None] & (k < features)[None, :],
            other=0.0,
        )
        h, w = p[:, None] * STRIDE_H + down[None, :], q[:, None] * STRIDE_W + right[None, :]
        inside = (h >= 0) & (h < H) & (w >= 0) & (w < W)
        b = tl.load(
            x + n.to(tl.int64)[:, None] * (H * W * C) + (h * W + w) * C + group * channels + c[None, :],
            inside & (m < pixels)[:, None] & (column < COLUMNS)[None, :],
            other=0.0,
        )  # fmt: skip
        acc = dot(a.T, b, acc, PRECISION)
    mask = (k < features)[:, None] & (column < COLUMNS)[None, :]
    write(out, acc, group * features + k, column, COLUMNS, mask, K * COLUMNS, ATOMIC)


@triton.jit
def tma(
    dy, x, out, N, H, W, C, P, Q, K, channels, features,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
    ATOMIC: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute a tile of BLOCK_M output × BLOCK_N input channels of one tap, a box of output pixels at a time.

    The pixels of X that a tap meets with stride u are a tensor of their own, which begins at the tap's residue and has
    u times the strides of X; a descriptor reads a box of it, and zeros outside. So every stride is the same loop.

    A box has four dimensions and is reshaped into a matrix. The second factor is multiplied from shared memory all the
    same; the first, dY's, goes through registers, unless it is a run of one row, which is a matrix as it is.
    """
    BLOCK_K: tl.constexpr = BLOCK_B * BLOCK_H * BLOCK_W
    tiles_c, tiles_k = tl.cdiv(channels, BLOCK_N), tl.cdiv(features, BLOCK_M)
    # Programs with the same tile of dY and different taps run side by side and share it in the L2 cache.
    tap = tl.program_id(0) % (R * S)
    tile = tl.program_id(0) // (R * S)
    c, k = tile % tiles_c * BLOCK_N, tile // tiles_c % tiles_k * BLOCK_M
    group = tile // (tiles_c * tiles_k)
    # Row p·u + shift of X is row p + shift // u of the rows with residue shift mod u; division rounds down here.
    down, right = tap // S * DILATION_H - PADDING_H, tap % S * DILATION_W - PADDING_W
    a = ((down % STRIDE_H) + STRIDE_H) % STRIDE_H
    b = ((right % STRIDE_W) + STRIDE_W) % STRIDE_W
    down, right = (down - a) // STRIDE_H, (right - b) // STRIDE_W
    rows, columns = tl.cdiv(H - a, STRIDE_H), tl.cdiv(W - b, STRIDE_W)
    dys = tl.make_tensor_descriptor(
        dy,
        [N, P, Q, K],
        [P * (Q * K.to(tl.int64)), Q * K.to(tl.int64), K, 1],
        [BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_M],
    )
    xs = tl.make_tensor_descriptor(
        x + (a * W + b) * C,
        [N, rows, columns, C],
        [H * (W * C.to(tl.int64)), STRIDE_H * (W * C.to(tl.int64)), STRIDE_W * C, 1],
        [BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_N],
    )
    boxes = count(N, P, Q, BLOCK_B, BLOCK_H, BLOCK_W)
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for box in range(tl.program_id(1), boxes, tl.num_programs(1)):
        n, p, q = corner(box, P, Q, BLOCK_B, BLOCK_H, BLOCK_W)
        gradient = dys.load([n, p, q, group * features + k]).reshape(BLOCK_K, BLOCK_M)
        shifted = xs.load([n, p + down, q + right, group * channels + c]).reshape(BLOCK_K, BLOCK_N)
        acc = dot(gradient.T, shifted, acc, PRECISION)
    row, column = k + tl.arange(0, BLOCK_M), c + tl.arange(0, BLOCK_N)
    mask = (row < features)[:, None] & (column < channels)[None, :]
    write(
        out, acc, group * features + row, tap * channels + column, R * S * channels, mask,
        K * R * S * channels, ATOMIC,
    )  # fmt: skip
