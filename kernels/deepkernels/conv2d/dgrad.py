r"""The gradient with respect to the image, as a ladder of kernels that read dY and write dX.

.. math::
    \frac{\partial L}{\partial x_{n,c,h,w}} = \sum_{r,s,k} \frac{\partial L}{\partial y_{n,k,p,q}}\; w_{k,c,r,s},
    \qquad p = \frac{h + a - d r}{u},\quad q = \frac{w + a - d s}{u}

with stride u, dilation d and padding a. Only taps (r, s) for which both quotients are whole numbers take part. With
stride 1 these are all, and the sum is a convolution of dY. With stride u they depend on the *residue* of h and w
modulo u: the pixels of one residue see the same few taps, which is what the second and the fourth kernel use.

In memory dY is N, P, Q, K; the weight K, R, S, C/groups; dX N, H, W, C.
"""

import triton
import triton.language as tl

from deepkernels.conv2d.box import corner, count
from deepkernels.language import dot, grouped

#: Arguments that are multiples of 16 (pointers: aligned to 16 bytes) when a network's channels are.
DIVISIBLE = ("dy", "weight", "dx", "C", "K", "channels", "features")
#: Kernels that read through tensor descriptors, and cannot read anything else.
DESCRIPTORS = ("tma", "tma_residues")
SIZES = ("N", "H", "W", "C", "P", "Q", "K", "channels", "features")


def types(kernel: str, dtype: str) -> dict[str, str]:
    """Return the type of each argument that is not a constant, in order; ``dtype`` is Triton's name ("bf16").

    >>> types("tma", "bf16")["dy"]
    '*bf16'
    """
    assert kernel in ("gather", "residues", *DESCRIPTORS)
    pointers = dict.fromkeys(("dy", "weight", "dx"), f"*{dtype}")
    return pointers | dict.fromkeys(SIZES, "i32")


@triton.jit
def first_tap(offset, DILATION: tl.constexpr, STRIDE: tl.constexpr, TAPS: tl.constexpr):
    """Return the first tap r for which the stride divides offset - dilation · r, or TAPS if there is none."""
    first = TAPS
    for i in tl.static_range(TAPS):
        r = TAPS - 1 - i
        first = tl.where((offset - DILATION * r) % STRIDE == 0, r, first)
    return first


@triton.jit
def add_tap(
    acc, dy, weight, pixels, inside, columns, within, features, row_length, CHUNK: tl.constexpr, PRECISION: tl.constexpr
):  # fmt: skip
    """Add dY (pixels, k) times one tap's weight (k, columns), with k in chunks over the group's output channels."""
    for start in range(0, features, CHUNK):
        k = start + tl.arange(0, CHUNK)
        left = k < features
        a = tl.load(dy + pixels[:, None] + k[None, :], inside[:, None] & left[None, :], other=0.0)
        b = tl.load(
            weight + k[:, None] * row_length + columns[None, :],
            left[:, None] & within[None, :],
            other=0.0,
        )
        acc = dot(a, b, acc, PRECISION)
    return acc


@triton.jit
def gather(
    dy, weight, dx, N, H, W, C, P, Q, K, channels, features,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute a tile of BLOCK_M pixels × BLOCK_N channels of dX: every pixel asks each tap which output it reached.

    With stride u, of u² products of a pixel and a tap all but one are with a zero: this kernel computes them.
    """
    tile_m, tile_c = grouped(
        tl.program_id(0), tl.cdiv(N * H * W, BLOCK_M), tl.cdiv(channels, BLOCK_N), GROUP
    )
    group = tl.program_id(1)
    m = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    n, h, w = m // (H * W), m // W % H, m % W
    c = tile_c * BLOCK_N + tl.arange(0, BLOCK_N)
    image = n.to(tl.int64) * (P * Q * K) + group * features
    weight += group * features * (R * S * channels)
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for r in range(R):
        for s in range(S):
            top, left = h + PADDING_H - DILATION_H * r, w + PADDING_W - DILATION_W * s
            p, q = top // STRIDE_H, left // STRIDE_W
            inside = (top >= 0) & (top % STRIDE_H == 0) & (p < P)
            inside &= (left >= 0) & (left % STRIDE_W == 0) & (q < Q) & (n < N)
            acc = add_tap(
                acc, dy, weight, image + (p * Q + q) * K, inside,
                (r * S + s) * channels + c, c < channels, features, R * S * channels, BLOCK_K, PRECISION,
            )  # fmt: skip
    out = dx + m.to(tl.int64)[:, None] * C + group * channels + c[None, :]
    tl.store(out, acc.to(dx.dtype.element_ty), (n < N)[:, None] & (c < channels)[None, :])


@triton.jit
def residues(
    dy, weight, dx, N, H, W, C, P, Q, K, channels, features,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr, STEP_H: tl.constexpr, STEP_W: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
    GROUP: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute a tile of pixels of one residue modulo the stride, which all see the same taps, and no others.

    ``STEP`` is the distance between these taps: stride / gcd(stride, dilation).
    """
    group, residue = tl.program_id(1), tl.program_id(2)
    a, b = residue // STRIDE_W, residue % STRIDE_W
    # Pixels h = STRIDE·i + a and w = STRIDE·j + b; an image narrower than the stride has none of some residues.
    rows, columns = tl.cdiv(H - a, STRIDE_H), tl.cdiv(W - b, STRIDE_W)
    most = tl.cdiv(H, STRIDE_H) * tl.cdiv(W, STRIDE_W)
    tile_m, tile_c = grouped(
        tl.program_id(0), tl.cdiv(N * most, BLOCK_M), tl.cdiv(channels, BLOCK_N), GROUP
    )
    m = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    here = m < N * rows * columns
    rows, columns = max(rows, 1), max(columns, 1)
    n, i, j = m // (rows * columns), m // columns % rows, m % columns
    c = tile_c * BLOCK_N + tl.arange(0, BLOCK_N)
    image = n.to(tl.int64) * (P * Q * K) + group * features
    weight += group * features * (R * S * channels)
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for r in range(first_tap(a + PADDING_H, DILATION_H, STRIDE_H, R), R, STEP_H):
        p = i + (a + PADDING_H - DILATION_H * r) // STRIDE_H
        for s in range(first_tap(b + PADDING_W, DILATION_W, STRIDE_W, S), S, STEP_W):
            q = j + (b + PADDING_W - DILATION_W * s) // STRIDE_W
            inside = (p >= 0) & (p < P) & (q >= 0) & (q < Q) & here
            acc = add_tap(
                acc, dy, weight, image + (p * Q + q) * K, inside,
                (r * S + s) * channels + c, c < channels, features, R * S * channels, BLOCK_K, PRECISION,
            )  # fmt: skip
    pixel = (n.to(tl.int64) * H + i * STRIDE_H + a) * W + j * STRIDE_W + b
    out = dx + pixel[:, None] * C + group * channels + c[None, :]
    tl.store(out, acc.to(dx.dtype.element_ty), here[:, None] & (c < channels)[None, :])


@triton.jit
def tma(
    dy, weight, dx, N, H, W, C, P, Q, K, channels, features,
    R: tl.constexpr, S: tl.constexpr, PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
    BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute a box of BLOCK_B × BLOCK_H × BLOCK_W pixels and BLOCK_N channels of dX by descriptors, for stride 1.

    A box of dY, shifted by the tap, comes by one instruction; what lies outside dY comes as zeros, which is the
    padding. The weight's tile (k, c) is read as it lies. With groups, BLOCK_K must divide K/groups and BLOCK_N
    C/groups: a box knows where the tensor ends, not where the group does.

    The product is computed transposed, channels × pixels: Triton multiplies straight from shared memory if the first
    factor is a tile as it was loaded, and the box of four dimensions has to be reshaped into a matrix first, which the
    second factor survives. The other way round each box would pass through registers.
    """
    BLOCK_M: tl.constexpr = BLOCK_B * BLOCK_H * BLOCK_W
    boxes = count(N, H, W, BLOCK_B, BLOCK_H, BLOCK_W)
    tile_m, tile_c = grouped(tl.program_id(0), boxes, tl.cdiv(channels, BLOCK_N), GROUP)
    n, h, w = corner(tile_m, H, W, BLOCK_B, BLOCK_H, BLOCK_W)
    group, c = tl.program_id(1), tile_c * BLOCK_N
    dys = tl.make_tensor_descriptor(
        dy,
        [N, P, Q, K],
        [P * (Q * K.to(tl.int64)), Q * K.to(tl.int64), K, 1],
        [BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_K],
    )
    weights = tl.make_tensor_descriptor(
        weight, [K, R * S * channels], [R * S * channels, 1], [BLOCK_K, BLOCK_N]
    )
    chunks = tl.cdiv(features, BLOCK_K)
    acc = tl.zeros((BLOCK_N, BLOCK_M), ACC)
    for step in range(R * S * chunks):
        r, s, k = (
            step // chunks // S,
            step // chunks % S,
            step % chunks * BLOCK_K + group * features,
        )
        shifted = dys.load([n, h + PADDING_H - DILATION_H * r, w + PADDING_W - DILATION_W * s, k])
        tap = weights.load([k, (r * S + s) * channels + c])
        acc = dot(tap.T, shifted.reshape(BLOCK_M, BLOCK_K).T, acc, PRECISION)
    dxs = tl.make_tensor_descriptor(
        dx,
        [N, H, W, C],
        [H * (W * C.to(tl.int64)), W * C.to(tl.int64), C, 1],
        [BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_N],
    )
    box = acc.to(dx.dtype.element_ty).T.reshape(BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_N)
    dxs.store([n, h, w, group * channels + c], box)


@triton.jit
def tma_residues(
    dy, weight, dx, N, H, W, C, P, Q, K, channels, features,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr, STEP_H: tl.constexpr, STEP_W: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
    BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute a box of pixels of one residue: `tma`'s loop over that residue's taps, for every stride.

    The pixels of one residue are a tensor of their own, whose strides are a multiple of dX's; a descriptor writes it.
    """
    BLOCK_M: tl.constexpr = BLOCK_B * BLOCK_H * BLOCK_W
    group, residue = tl.program_id(1), tl.program_id(2)
    a, b = residue // STRIDE_W, residue % STRIDE_W
    rows, columns = tl.cdiv(H - a, STRIDE_H), tl.cdiv(W - b, STRIDE_W)
    # The grid is that of residue 0, which has the most pixels.
    most_rows, most_columns = tl.cdiv(H, STRIDE_H), tl.cdiv(W, STRIDE_W)
    boxes = count(N, most_rows, most_columns, BLOCK_B, BLOCK_H, BLOCK_W)
    tile_m, tile_c = grouped(tl.program_id(0), boxes, tl.cdiv(channels, BLOCK_N), GROUP)
    n, i, j = corner(tile_m, most_rows, most_columns, BLOCK_B, BLOCK_H, BLOCK_W)
    c = tile_c * BLOCK_N
    if (i < rows) & (j < columns):
        dys = tl.make_tensor_descriptor(
            dy,
            [N, P, Q, K],
            [P * (Q * K.to(tl.int64)), Q * K.to(tl.int64), K, 1],
            [BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_K],
        )
        weights = tl.make_tensor_descriptor(
            weight, [K, R * S * channels], [R * S * channels, 1], [BLOCK_K, BLOCK_N]
        )
        first_r = first_tap(a + PADDING_H, DILATION_H, STRIDE_H, R)
        first_s = first_tap(b + PADDING_W, DILATION_W, STRIDE_W, S)
        taps_r, taps_s = tl.cdiv(R - first_r, STEP_H), tl.cdiv(S - first_s, STEP_W)
        chunks = tl.cdiv(features, BLOCK_K)
        acc = tl.zeros((BLOCK_N, BLOCK_M), ACC)
        for step in range(taps_r * taps_s * chunks):
            tap, k = step // chunks, step % chunks * BLOCK_K + group * features
            r, s = first_r + tap // taps_s * STEP_H, first_s + tap % taps_s * STEP_W
            p = i + (a + PADDING_H - DILATION_H * r) // STRIDE_H
            q = j + (b + PADDING_W - DILATION_W * s) // STRIDE_W
            shifted = dys.load([n, p, q, k])
            tile = weights.load([k, (r * S + s) * channels + c])
            acc = dot(tile.T, shifted.reshape(BLOCK_M, BLOCK_K).T, acc, PRECISION)
        dxs = tl.make_tensor_descriptor(
            dx + (a * W + b) * C,
            [N, rows, columns, C],
            [H * (W * C.to(tl.int64)), STRIDE_H * (W * C.to(tl.int64)), STRIDE_W * C, 1],
            [BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_N],
        )
        box = acc.to(dx.dtype.element_ty).T.reshape(BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_N)
        dxs.store([n, i, j, group * channels + c], box)
