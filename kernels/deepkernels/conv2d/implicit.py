"""Implicit matrix product with pointers: im2col's product, whose left matrix is never written.

Row m of the left matrix is an output pixel (n, p, q), column (r, s, c) a tap of the window and a channel; each tile is
gathered from the image when it is needed. It runs for every stride, padding, dilation and group. (S. Chetlur et al.,
cuDNN: Efficient Primitives for Deep Learning, 2014, section 3.)
"""

import torch
import triton
import triton.language as tl

from deepkernels.configs import Config
from deepkernels.conv2d import binding
from deepkernels.conv2d.geometry import Geometry
from deepkernels.language import activate, dot, grouped
from deepkernels.launch import cdiv

DIVISIBLE = binding.DIVISIBLE


@triton.jit
def implicit(
    x, weight, bias, y, H, W, C, P, Q, K, pixels, channels, features,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    ACTIVATION: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute BLOCK_M pixels × BLOCK_N channels of one group."""
    tile_m, tile_n = grouped(
        tl.program_id(0), tl.cdiv(pixels, BLOCK_M), tl.cdiv(features, BLOCK_N), GROUP
    )
    group = tl.program_id(1)
    m = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    n, p, q = m // (P * Q), m // Q % P, m % Q
    top, left = p * STRIDE_H - PADDING_H, q * STRIDE_W - PADDING_W
    image = x + n.to(tl.int64) * (H * W * C) + group * channels
    feature = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
    k = group * features + feature
    filters = weight + k * (R * S * channels)
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    blocks = tl.cdiv(channels, BLOCK_K)
    # One loop over taps and channels keeps loads of the next step under way across taps. Triton is known to compile
    # this loop wrongly with 8 warps, so configurations of this kernel have 4.
    for step in range(R * S * blocks):
        tap = step // blocks
        c = (step % blocks) * BLOCK_K + tl.arange(0, BLOCK_K)
        h, w = top + (tap // S) * DILATION_H, left + (tap % S) * DILATION_W
        inside = (m < pixels) & (h >= 0) & (h < H) & (w >= 0) & (w < W)
        a = tl.load(
            image[:, None] + ((h * W + w) * C)[:, None] + c[None, :],
            mask=inside[:, None] & (c < channels)[None, :],
            other=0.0,
        )
        b = tl.load(
            filters[None, :] + tap * channels + c[:, None],
            mask=(feature < features)[None, :] & (c < channels)[:, None],
            other=0.0,
        )
        acc = dot(a, b, acc, PRECISION)
    if bias is not None:
        acc += tl.load(bias + k, mask=feature < features, other=0.0).to(ACC)[None, :]
    tl.store(
        y + (m.to(tl.int64) * K)[:, None] + k[None, :],
        activate(acc, ACTIVATION).to(y.dtype.element_ty),
        mask=(m < pixels)[:, None] & (feature < features)[None, :],
    )


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    return binding.types(globals()[kernel], dtype)


def accepts(
    config: Config, geometry: Geometry, dtype: torch.dtype, target: str, aligned: bool = True
) -> str | None:
    """Return why the kernel cannot run with a configuration: it runs for every geometry, so None."""
    return None


def tiles(config: Config, geometry: Geometry) -> int:
    """Return how many tiles make the result."""
    g, meta = geometry, config.meta
    return cdiv(g.pixels, meta["BLOCK_M"]) * cdiv(g.features, meta["BLOCK_N"]) * g.groups


def run(config: Config, call: binding.Call) -> None:
    """Write the convolution to ``call.y``."""
    g = call.geometry
    binding.launch(implicit, (tiles(config, g) // g.groups, g.groups), config, call)
