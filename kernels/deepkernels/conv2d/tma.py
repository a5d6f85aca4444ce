"""Implicit matrix product whose tiles the tensor memory accelerator cuts out of the image, padding included.

A box of output pixels ``[BLOCK_B, BLOCK_H, BLOCK_W]`` needs, for the tap (r, s) of the window, the box of the input
that lies ``r · dilation - padding`` rows lower and as much further right. One instruction copies it from NHWC memory to
shared memory; what falls outside the image arrives as zeros, which is the padding. (NVIDIA, CUDA C++ Programming Guide,
section on tensor memory access.)

A tile is computed as filters × pixels, channels down and pixels across. The other way round would give the same
numbers; but a box has to be reshaped to a matrix, and Triton passes a reshaped left operand through registers, while a
right operand always goes from shared memory to the tensor cores.
"""

import torch
import triton
import triton.language as tl

from deepkernels import launch as machine
from deepkernels.configs import Config
from deepkernels.conv2d import binding, box
from deepkernels.conv2d.geometry import Geometry
from deepkernels.language import dot, grouped
from deepkernels.launch import cdiv

DIVISIBLE = binding.DIVISIBLE


@triton.jit
def tiled(
    x, weight, bias, y, N, H, W, C, P, Q, K, channels, features,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
    BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr, HALVES: tl.constexpr,
    ACTIVATION: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr, STORE: tl.constexpr,
):  # fmt: skip
    """Compute one box of BLOCK_B × BLOCK_H × BLOCK_W pixels and BLOCK_N channels.

    With a stride, input rows of one parity (remainder by the stride) are an image of their own, whose descriptor skips
    the others; each tap of the window reads one of these images.
    """
    boxes = box.count(N, P, Q, BLOCK_B, BLOCK_H, BLOCK_W)
    tile_m, tile_n = grouped(tl.program_id(0), boxes, tl.cdiv(features, BLOCK_N), GROUP)
    n0, p0, q0 = box.corner(tile_m, P, Q, BLOCK_B, BLOCK_H, BLOCK_W)
    group = tl.program_id(1)
    c0, k0 = group * channels, group * features + tile_n * BLOCK_N
    w_tiles = tl.make_tensor_descriptor(
        weight, [K, R * S * channels], [R * S * channels, 1], [BLOCK_N, BLOCK_K]
    )
    y_boxes = box.boxes(y, N, P, Q, K, BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_N, HALVES, STORE)
    acc = tl.zeros((BLOCK_N, BLOCK_B * BLOCK_H * BLOCK_W), ACC)
    for odd_h in tl.static_range(STRIDE_H):
        for odd_w in tl.static_range(STRIDE_W):
            acc = _parity(
                acc, x, w_tiles, n0, p0, q0, c0, k0, N, H, W, C, channels,
                odd_h, odd_w, R, S, STRIDE_H, STRIDE_W, PADDING_H, PADDING_W, DILATION_H, DILATION_W,
                BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_N, BLOCK_K, PRECISION,
            )  # fmt: skip
    acc = box.finish(acc, bias, k0, K, BLOCK_N, ACTIVATION)
    box.store(
        acc, y_boxes, n0, p0, q0, k0, N, P, Q, K,
        BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_N, HALVES, y.dtype.element_ty, STORE,
    )  # fmt: skip


@triton.jit
def _parity(
    acc, x, w_tiles, n0, p0, q0, c0, k0, N, H, W, C, channels,
    ODD_H: tl.constexpr, ODD_W: tl.constexpr, R: tl.constexpr, S: tl.constexpr,
    STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
    BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Add the taps that read rows STRIDE_H · i + ODD_H and columns STRIDE_W · j + ODD_W of the image.

    Tap r reads row STRIDE · p + r - PADDING, so these are r = FIRST, FIRST + STRIDE, …; in the image of this parity the
    first lies UP rows below pixel p, by a division that leaves no remainder. Taps and channels are one loop, so that
    tiles of the next tap are under way while those of this one are multiplied.
    """
    FIRST_R: tl.constexpr = (ODD_H + PADDING_H) % STRIDE_H
    FIRST_S: tl.constexpr = (ODD_W + PADDING_W) % STRIDE_W
    ROWS: tl.constexpr = (R - FIRST_R + STRIDE_H - 1) // STRIDE_H
    COLUMNS: tl.constexpr = (S - FIRST_S + STRIDE_W - 1) // STRIDE_W
    UP: tl.constexpr = (FIRST_R - PADDING_H - ODD_H) // STRIDE_H
    LEFT: tl.constexpr = (FIRST_S - PADDING_W - ODD_W) // STRIDE_W
    if ROWS > 0 and COLUMNS > 0:
        x_boxes = tl.make_tensor_descriptor(
            x + (ODD_H * W + ODD_W) * C,
            [N, tl.cdiv(H - ODD_H, STRIDE_H), tl.cdiv(W - ODD_W, STRIDE_W), C],
            [H * W * C, STRIDE_H * W * C, STRIDE_W * C, 1],
            [BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_K],
        )
        blocks = tl.cdiv(channels, BLOCK_K)
        for step in range(ROWS * COLUMNS * blocks):
            tap, c = step // blocks, (step % blocks) * BLOCK_K
            row, column = tap // COLUMNS, tap % COLUMNS
            h, w = p0 + UP + row * DILATION_H, q0 + LEFT + column * DILATION_W
            pixels = x_boxes.load([n0, h, w, c0 + c]).reshape(BLOCK_B * BLOCK_H * BLOCK_W, BLOCK_K)
            rs = (FIRST_R + row * STRIDE_H) * S + FIRST_S + column * STRIDE_W
            # Columns of filters beyond the last channel belong to the next tap; pixels are zero there.
            acc = dot(w_tiles.load([k0, rs * channels + c]), pixels.T, acc, PRECISION)
    return acc


@triton.jit
def persistent(
    x, weight, bias, y, N, H, W, C, P, Q, K, channels, features,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr, GROUPS: tl.constexpr,
    BLOCK_B: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr,
    BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr, HALVES: tl.constexpr,
    FLATTEN: tl.constexpr,
    ACTIVATION: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr, STORE: tl.constexpr,
):  # fmt: skip
    """Compute every ``num_programs``-th box; descriptors are made once.

    With FLATTEN the first loads of the next box begin before this one is written. An image whose sides are multiples
    of the stride is addressed by quotient and remainder, [N, H / u, u, W / v, v · C]: a box then needs one loop over
    all taps, whatever the stride.
    """
    BLOCK_M: tl.constexpr = BLOCK_B * BLOCK_H * BLOCK_W
    x_boxes = tl.make_tensor_descriptor(
        x,
        [N, H // STRIDE_H, STRIDE_H, W // STRIDE_W, STRIDE_W * C],
        [H * W * C, STRIDE_H * W * C, W * C, STRIDE_W * C, 1],
        [BLOCK_B, BLOCK_H, 1, BLOCK_W, BLOCK_K],
    )
    w_tiles = tl.make_tensor_descriptor(
        weight, [K, R * S * channels], [R * S * channels, 1], [BLOCK_N, BLOCK_K]
    )
    y_boxes = box.boxes(y, N, P, Q, K, BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_N, HALVES, STORE)
    boxes, in_group = box.count(N, P, Q, BLOCK_B, BLOCK_H, BLOCK_W), tl.cdiv(features, BLOCK_N)
    blocks, tiles_n = tl.cdiv(channels, BLOCK_K), in_group * GROUPS
    for tile in tl.range(tl.program_id(0), boxes * tiles_n, tl.num_programs(0), flatten=FLATTEN):
        tile_m, tile_n = grouped(tile, boxes, tiles_n, GROUP)
        n0, p0, q0 = box.corner(tile_m, P, Q, BLOCK_B, BLOCK_H, BLOCK_W)
        group = tile_n // in_group
        c0, k0 = group * channels, group * features + tile_n % in_group * BLOCK_N
        acc = tl.zeros((BLOCK_N, BLOCK_M), ACC)
        for step in range(R * S * blocks):
            tap, c = step // blocks, (step % blocks) * BLOCK_K
            # PADDING · STRIDE more, and as much less after the division, so that it rounds down below zero too.
            h = tap // S * DILATION_H + PADDING_H * (STRIDE_H - 1)
            w = tap % S * DILATION_W + PADDING_W * (STRIDE_W - 1)
            row, column = p0 + h // STRIDE_H - PADDING_H, q0 + w // STRIDE_W - PADDING_W
            pixels = x_boxes.load([n0, row, h % STRIDE_H, column, w % STRIDE_W * C + c0 + c])
            filters = w_tiles.load([k0, tap * channels + c])
            acc = dot(filters, pixels.reshape(BLOCK_M, BLOCK_K).T, acc, PRECISION)
        acc = box.finish(acc, bias, k0, K, BLOCK_N, ACTIVATION)
        box.store(
            acc, y_boxes, n0, p0, q0, k0, N, P, Q, K,
            BLOCK_B, BLOCK_H, BLOCK_W, BLOCK_N, HALVES, y.dtype.element_ty, STORE,
        )  # fmt: skip


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    return binding.types(globals()[kernel], dtype)


def accepts(
    config: Config, geometry: Geometry, dtype: torch.dtype, target: str, aligned: bool = True
) -> str | None:
    """Return why a kernel of this file cannot run with a configuration, None if it can."""
    g, meta = geometry, config.meta
    if not target.startswith("sm_") or int(target[3:]) < 90:
        return f"tensor descriptors are for NVIDIA GPUs from sm_90 on, not for {target}"
    if not aligned or g.channels * dtype.itemsize % 16 or g.C * dtype.itemsize % 16:
        return "tensor descriptors need memory and rows of channels that begin at multiples of 16 bytes"
    if g.groups > 1 and (g.channels % meta["BLOCK_K"] or g.features % meta["BLOCK_N"]):
        return "a tile must not reach into the next group"
    u, v = g.stride
    if config.kernel.endswith(":persistent"):
        if g.H % u or g.W % v or (v > 1 and g.channels % meta["BLOCK_K"]):
            return "height and width must be multiples of the stride, channels of the tile"
    elif any(step > 1 and spread > 1 for step, spread in zip(g.stride, g.dilation, strict=True)):
        return "with a stride, taps that lie apart have no regular place in the image of one parity"
    elif u > g.H or v > g.W:
        return "an image of one parity would be empty"
    return None


def fitted(config: Config, geometry: Geometry, dtype: torch.dtype) -> dict[str, object]:
    """Return the constants that follow from the tile and the geometry: the box's sides and how it is written."""
    g, meta = geometry, config.meta
    box_sides = box.sides(meta["BLOCK_M"], g.N, g.P, g.Q)
    describable = g.K * dtype.itemsize % 16 == 0
    names = ("BLOCK_B", "BLOCK_H", "BLOCK_W")
    return dict(zip(names, box_sides, strict=True)) | {
        "STORE": "descriptor" if describable else "pointer"
    }


def tiles(config: Config, geometry: Geometry) -> int:
    """Return how many tiles make the result."""
    g, meta = geometry, config.meta
    b, h, w = box.sides(meta["BLOCK_M"], g.N, g.P, g.Q)
    boxes = cdiv(g.N, b) * cdiv(g.P, h) * cdiv(g.Q, w)
    return boxes * cdiv(g.features, meta["BLOCK_N"]) * g.groups


def run(config: Config, call: binding.Call) -> None:
    """Write the convolution to ``call.y``."""
    g, count = call.geometry, tiles(config, call.geometry)
    if config.kernel.endswith(":persistent"):
        programs = config.meta["PER_PROCESSOR"] * machine.processors(call.x.device)
        kernel, grid = persistent, [min(count, programs)]
    else:
        kernel, grid = tiled, [count // g.groups, g.groups]
    machine.prepare()
    binding.launch(kernel, tuple(grid), config, call, **fitted(config, g, call.x.dtype))
