"""The third rung: boxes of the image, cut out by the tensor memory accelerator, are the right factor of the product.

A box of images × rows × columns with even sides holds whole pooling windows, so nothing has to be gathered. Its pixels
are columns of the product: the four of a window lie in one thread's registers. The box being the right factor has a
second reason. Triton multiplies a reshaped right factor from shared memory as it stands, while it first copies a
reshaped left factor to registers.
"""

import triton
import triton.language as tl

from deepkernels.conv2d.box import corner, count
from deepkernels.fused.epilogue import strongest, write
from deepkernels.language import dot, grouped


@triton.jit
def boxes(
    x, weight, bias, y, code, N, H, W, C, P, Q, K,
    R: tl.constexpr, S: tl.constexpr, PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
    BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute BLOCK_N features × a box of BLOCK_B × BLOCK_H × BLOCK_W pooled pixels, for stride 1 and one group.

    P × Q is the size of the pooled image. C must be a multiple of BLOCK_K: a tile of the weight that reached beyond
    its tap would hold numbers of the next one.
    """
    BLOCK_M: tl.constexpr = BLOCK_B * BLOCK_H * BLOCK_W
    tiles_m = count(N, P, Q, BLOCK_B, BLOCK_H, BLOCK_W)
    tile_m, tile_n = grouped(tl.program_id(0), tiles_m, tl.cdiv(K, BLOCK_N), GROUP)
    n0, p0, q0 = corner(tile_m, P, Q, BLOCK_B, BLOCK_H, BLOCK_W)
    k0 = tile_n * BLOCK_N
    x_boxes = tl.make_tensor_descriptor(
        x, [N, H, W, C], [H * W * C, W * C, C, 1], [BLOCK_B, 2 * BLOCK_H, 2 * BLOCK_W, BLOCK_K]
    )
    w_tiles = tl.make_tensor_descriptor(weight, [K, R * S * C], [R * S * C, 1], [BLOCK_N, BLOCK_K])
    acc = tl.zeros((BLOCK_N, 4 * BLOCK_M), ACC)
    blocks = C // BLOCK_K
    for step in range(R * S * blocks):
        tap, c = step // blocks, (step % blocks) * BLOCK_K
        h = 2 * p0 + tap // S * DILATION_H - PADDING_H
        w = 2 * q0 + tap % S * DILATION_W - PADDING_W
        a = w_tiles.load([k0, step * BLOCK_K])
        b = x_boxes.load([n0, h, w, c]).reshape(4 * BLOCK_M, BLOCK_K)
        acc = dot(a, b.T, acc, PRECISION)
    windows = acc.reshape(BLOCK_N, BLOCK_B * BLOCK_H, 2, BLOCK_W, 2).permute(0, 1, 3, 2, 4)
    left_two, right_two = tl.split(windows)
    a, c = tl.split(left_two)
    b, d = tl.split(right_two)
    best, place = strongest(a, b, c, d)
    i = tl.arange(0, BLOCK_M)
    n, p, q = n0 + i // (BLOCK_H * BLOCK_W), p0 + i // BLOCK_W % BLOCK_H, q0 + i % BLOCK_W
    k = k0 + tl.arange(0, BLOCK_N)
    write(
        best.reshape(BLOCK_N, BLOCK_M), place.reshape(BLOCK_N, BLOCK_M), bias, y, code,
        (n * P + p) * Q + q, (n < N) & (p < P) & (q < Q), k, k < K, K,
    )  # fmt: skip
