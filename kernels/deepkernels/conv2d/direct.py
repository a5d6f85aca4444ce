"""The first rung: the defining sum, one output pixel a program, without a matrix product."""

import torch
import triton
import triton.language as tl

from deepkernels.configs import Config
from deepkernels.conv2d import binding
from deepkernels.conv2d.geometry import Geometry
from deepkernels.language import activate
from deepkernels.launch import cdiv

DIVISIBLE = binding.DIVISIBLE


@triton.jit
def direct(
    x, weight, bias, y, H, W, C, P, Q, K, channels, features,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_N: tl.constexpr, BLOCK_C: tl.constexpr, ACTIVATION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute BLOCK_N channels of one output pixel."""
    pixel, group = tl.program_id(0), tl.program_id(2)
    n, p, q = pixel // (P * Q), pixel // Q % P, pixel % Q
    feature = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    k = group * features + feature
    image = x + n.to(tl.int64) * (H * W * C) + group * channels
    acc = tl.zeros((BLOCK_N,), ACC)
    for r in range(R):
        for s in range(S):
            h = p * STRIDE_H + r * DILATION_H - PADDING_H
            w = q * STRIDE_W + s * DILATION_W - PADDING_W
            if (h >= 0) & (h < H) & (w >= 0) & (w < W):
                for first in range(0, channels, BLOCK_C):
                    c = first + tl.arange(0, BLOCK_C)
                    values = tl.load(image + (h * W + w) * C + c, mask=c < channels, other=0.0)
                    weights = tl.load(
                        weight + ((k * R + r) * S + s)[:, None] * channels + c[None, :],
                        mask=(feature < features)[:, None] & (c < channels)[None, :],
                        other=0.0,
                    )
                    acc += tl.sum(weights.to(ACC) * values.to(ACC)[None, :], axis=1)
    if bias is not None:
        acc += tl.load(bias + k, mask=feature < features, other=0.0).to(ACC)
    result = activate(acc, ACTIVATION).to(y.dtype.element_ty)
    tl.store(y + pixel.to(tl.int64) * K + k, result, mask=feature < features)


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    return binding.types(globals()[kernel], dtype)


def accepts(
    config: Config, geometry: Geometry, dtype: torch.dtype, target: str, aligned: bool = True
) -> str | None:
    """Return why the kernel cannot run with a configuration: it runs for every geometry, so None."""
    return None


def tiles(config: Config, geometry: Geometry) -> int:
    """Return how many programs make the result."""
    g = geometry
    return g.pixels * cdiv(g.features, config.meta["BLOCK_N"]) * g.groups


def run(config: Config, call: binding.Call) -> None:
    """Write the convolution to ``call.y``."""
    g = call.geometry
    grid = (g.pixels, cdiv(g.features, config.meta["BLOCK_N"]), g.groups)
    binding.launch(direct, grid, config, call)
