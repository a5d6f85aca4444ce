"""Boxes of output pixels: a tile's rows are a box of images × rows × columns, as descriptors cut it."""

import itertools

import triton
import triton.language as tl

from deepkernels.language import activate
from deepkernels.launch import cdiv


def sides(pixels: int, images: int, rows: int, columns: int) -> tuple[int, int, int]:
    """Return powers of two (images, rows, columns) with the product ``pixels`` that cover a batch with fewest boxes.

    Of equally good boxes the squarest is taken: its taps overlap most, so that it reads the fewest different pixels.

    >>> sides(128, 32, 56, 56), sides(128, 32, 28, 28), sides(128, 128, 7, 7)
    ((2, 8, 8), (8, 4, 4), (128, 1, 1))
    """
    powers = [2**i for i in range(pixels.bit_length())]
    boxes = [
        (pixels // (h * w), h, w) for h, w in itertools.product(powers, powers) if h * w <= pixels
    ]

    def cost(box: tuple[int, int, int]) -> tuple[int, int, int]:
        b, h, w = box
        return cdiv(images, b) * cdiv(rows, h) * cdiv(columns, w), -min(h, w), -w

    return min(boxes, key=cost)


@triton.jit
def count(N, P, Q, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr):
    """Return how many boxes cover N images of P × Q pixels."""
    return tl.cdiv(N, BLOCK_B) * tl.cdiv(P, BLOCK_H) * tl.cdiv(Q, BLOCK_W)


@triton.jit
def corner(box, P, Q, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr):
    """Return the first image, row and column of a box; boxes are counted along columns, then rows, then images."""
    across, down = tl.cdiv(Q, BLOCK_W), tl.cdiv(P, BLOCK_H)
    column, rest = box % across, box // across
    return (rest // down) * BLOCK_B, (rest % down) * BLOCK_H, column * BLOCK_W


@triton.jit
def boxes(
    y, N, P, Q, K, BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
    BLOCK_N: tl.constexpr, HALVES: tl.constexpr, STORE: tl.constexpr,
):  # fmt: skip
    """Return what `store` writes through: a descriptor of the result, or the pointer itself."""
    if STORE == "descriptor":
        HALF_B: tl.constexpr = BLOCK_B // HALVES if BLOCK_B > 1 else 1
        HALF_H: tl.constexpr = BLOCK_H // HALVES if BLOCK_B == 1 and BLOCK_H > 1 else BLOCK_H
        HALF_W: tl.constexpr = BLOCK_W // HALVES if BLOCK_B * BLOCK_H == 1 else BLOCK_W
        return tl.make_tensor_descriptor(
            y, [N, P, Q, K], [P * Q * K, Q * K, K, 1], [HALF_B, HALF_H, HALF_W, BLOCK_N]
        )
    else:
        return y


@triton.jit
def finish(acc, bias, k0, K, BLOCK_N: tl.constexpr, ACTIVATION: tl.constexpr):
    """Add the bias to acc (channels, pixels) and apply the activation."""
    if bias is not None:
        k = k0 + tl.arange(0, BLOCK_N)
        acc += tl.load(bias + k, mask=k < K, other=0.0).to(acc.dtype)[:, None]
    return activate(acc, ACTIVATION)


@triton.jit
def store(
    acc, y, n0, p0, q0, k0, N, P, Q, K,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr, BLOCK_N: tl.constexpr,
    HALVES: tl.constexpr, DTYPE: tl.constexpr, STORE: tl.constexpr,
):  # fmt: skip
    """Write acc (channels, pixels of a box) through what `boxes` made; outside the result nothing is written.

    A box passes through shared memory on its way. With HALVES = 2 one half of its pixels follows the other through the
    same memory, and what that saves is left for loads that are under way.
    """
    if HALVES == 2:
        HALF_B: tl.constexpr = BLOCK_B // 2 if BLOCK_B > 1 else 1
        HALF_H: tl.constexpr = BLOCK_H // 2 if BLOCK_B == 1 and BLOCK_H > 1 else BLOCK_H
        HALF_W: tl.constexpr = BLOCK_W // 2 if BLOCK_B * BLOCK_H == 1 else BLOCK_W
        halves = acc.reshape(BLOCK_N, 2, BLOCK_B * BLOCK_H * BLOCK_W // 2).permute(0, 2, 1)
        first, second = tl.split(halves)
        _store(first, y, n0, p0, q0, k0, N, P, Q, K, HALF_B, HALF_H, HALF_W, BLOCK_N, DTYPE, STORE)
        n1, p1, q1 = n0 + BLOCK_B - HALF_B, p0 + BLOCK_H - HALF_H, q0 + BLOCK_W - HALF_W
        _store(second, y, n1, p1, q1, k0, N, P, Q, K, HALF_B, HALF_H, HALF_W, BLOCK_N, DTYPE, STORE)
    else:
        _store(acc, y, n0, p0, q0, k0, N, P, Q, K, BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_N, DTYPE, STORE)


@triton.jit
def _store(
    acc, y, n0, p0, q0, k0, N, P, Q, K,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr, BLOCK_N: tl.constexpr,
    DTYPE: tl.constexpr, STORE: tl.constexpr,
):  # fmt: skip
    tile = acc.to(DTYPE).T
    if STORE == "descriptor":
        y.store([n0, p0, q0, k0], tile.reshape(BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_N))
    else:
        i, k = tl.arange(0, BLOCK_B * BLOCK_H * BLOCK_W), k0 + tl.arange(0, BLOCK_N)
        n, p, q = n0 + i // (BLOCK_H * BLOCK_W), p0 + i // BLOCK_W % BLOCK_H, q0 + i % BLOCK_W
        inside = (n < N) & (p < P) & (q < Q)
        pixel = n.to(tl.int64) * (P * Q) + p * Q + q
        tl.store(
            y + (pixel * K)[:, None] + k[None, :], tile, mask=inside[:, None] & (k < K)[None, :]
        )
