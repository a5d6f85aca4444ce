"""Two rungs that gather by pointers: pixels as the rows of the product, then as its columns.

Both are the convolution's implicit matrix product over tiles that hold whole pooling windows: BLOCK_M windows are
4 · BLOCK_M pixels. They run for every stride, padding, dilation and group.

A tensor core leaves a tile of the product in registers so that a thread holds a few rows and many columns. With pixels
as rows, the four of a window lie in different threads and have to meet in shared memory, all of them, in float32. With
pixels as columns, and the four a regular distance apart, they lie in one thread: three comparisons leave a quarter.
"""

import triton
import triton.language as tl

from deepkernels.fused.epilogue import strongest, write
from deepkernels.language import dot, grouped


@triton.jit
def rows(
    x, weight, bias, y, code, H, W, C, P, Q, K, pixels, channels, features,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute BLOCK_M pooled pixels × BLOCK_N features of one group; P × Q is the size of the pooled image."""
    tile_m, tile_n = grouped(
        tl.program_id(0), tl.cdiv(pixels, BLOCK_M), tl.cdiv(features, BLOCK_N), GROUP
    )
    group = tl.program_id(1)
    row = tl.arange(0, 4 * BLOCK_M)
    m, place = tile_m * BLOCK_M + row // 4, row % 4  # the four of a window follow each other
    n, p, q = m // (P * Q), m // Q % P, m % Q
    top = (2 * p + place // 2) * STRIDE_H - PADDING_H
    left = (2 * q + place % 2) * STRIDE_W - PADDING_W
    image = x + n.to(tl.int64) * (H * W * C) + group * channels
    feature = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
    k, known = group * features + feature, feature < features
    filters = weight + k * (R * S * channels)
    acc = tl.zeros((4 * BLOCK_M, BLOCK_N), ACC)
    blocks = tl.cdiv(channels, BLOCK_K)
    for step in range(R * S * blocks):
        tap = step // blocks
        c = (step % blocks) * BLOCK_K + tl.arange(0, BLOCK_K)
        h, w = top + (tap // S) * DILATION_H, left + (tap % S) * DILATION_W
        seen = (m < pixels) & (h >= 0) & (h < H) & (w >= 0) & (w < W)
        at = ((h * W + w) * C)[:, None] + c[None, :]
        a = tl.load(image[:, None] + at, seen[:, None] & (c < channels)[None, :], 0.0)
        at = tap * channels + c[:, None]
        b = tl.load(filters[None, :] + at, known[None, :] & (c < channels)[:, None], 0.0)
        acc = dot(a, b, acc, PRECISION)
    left_two, right_two = tl.split(acc.reshape(BLOCK_M, 2, 2, BLOCK_N).permute(0, 3, 1, 2))
    a, c = tl.split(left_two)
    b, d = tl.split(right_two)
    best, place = strongest(a, b, c, d)
    pixel = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    write(best.T, place.T, bias, y, code, pixel, pixel < pixels, k, known, K)


@triton.jit
def columns(
    x, weight, bias, y, code, H, W, C, P, Q, K, pixels, channels, features,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute the same as BLOCK_N features × BLOCK_M pooled pixels: the weight is the left factor now."""
    tile_m, tile_n = grouped(
        tl.program_id(0), tl.cdiv(pixels, BLOCK_M), tl.cdiv(features, BLOCK_N), GROUP
    )
    group = tl.program_id(1)
    column = tl.arange(0, 4 * BLOCK_M)
    m, place = tile_m * BLOCK_M + column % BLOCK_M, column // BLOCK_M  # the four lie BLOCK_M apart
    n, p, q = m // (P * Q), m // Q % P, m % Q
    top = (2 * p + place // 2) * STRIDE_H - PADDING_H
    left = (2 * q + place % 2) * STRIDE_W - PADDING_W
    image = x + n.to(tl.int64) * (H * W * C) + group * channels
    feature = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
    k, known = group * features + feature, feature < features
    filters = weight + k * (R * S * channels)
    acc = tl.zeros((BLOCK_N, 4 * BLOCK_M), ACC)
    blocks = tl.cdiv(channels, BLOCK_K)
    for step in range(R * S * blocks):
        tap = step // blocks
        c = (step % blocks) * BLOCK_K + tl.arange(0, BLOCK_K)
        h, w = top + (tap // S) * DILATION_H, left + (tap % S) * DILATION_W
        at = tap * channels + c[None, :]
        a = tl.load(filters[:, None] + at, known[:, None] & (c < channels)[None, :], 0.0)
        seen = (m < pixels) & (h >= 0) & (h < H) & (w >= 0) & (w < W)
        at = ((h * W + w) * C)[None, :] + c[:, None]
        b = tl.load(image[None, :] + at, seen[None, :] & (c < channels)[:, None], 0.0)
        acc = dot(a, b, acc, PRECISION)
    left_two, right_two = tl.split(acc.reshape(BLOCK_N, 2, 2, BLOCK_M).permute(0, 3, 1, 2))
    a, c = tl.split(left_two)
    b, d = tl.split(right_two)
    best, place = strongest(a, b, c, d)
    pixel = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    write(best, place, bias, y, code, pixel, pixel < pixels, k, known, K)
