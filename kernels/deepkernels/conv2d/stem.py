"""The first layer of a network: so few channels (1 or 3) that taps and channels together make the inner dimension.

With C = 3, a tap of the window offers three products where tensor cores want at least sixteen. Window and channels are
therefore numbered through, k = (r · S + s) · C + c, and padded once at the end instead of once a tap: the 7 × 7 × 3
window of ResNet needs 160 columns, and 784 if every tap had sixteen. The same serves groups of few channels.
"""

import torch
import triton
import triton.language as tl

from deepkernels.configs import Config
from deepkernels.conv2d import binding
from deepkernels.conv2d.geometry import Geometry
from deepkernels.language import activate, dot
from deepkernels.launch import cdiv

DIVISIBLE = ("x", "weight", "bias", "y", "K", "features")
MOST_CHANNELS = 8  # a group; more fill the inner dimension of a tile by themselves


@triton.jit
def stem(
    x, weight, bias, y, H, W, C, P, Q, K, features,
    R: tl.constexpr, S: tl.constexpr, CHANNELS: tl.constexpr,
    STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
    ACTIVATION: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute BLOCK_M pixels of one image × BLOCK_N channels of one group."""
    TERMS: tl.constexpr = R * S * CHANNELS
    tiles = tl.cdiv(P * Q, BLOCK_M)
    n, group = tl.program_id(0) // tiles, tl.program_id(2)
    m = tl.program_id(0) % tiles * BLOCK_M + tl.arange(0, BLOCK_M)
    p, q = m // Q, m % Q
    top, left = p * STRIDE_H - PADDING_H, q * STRIDE_W - PADDING_W
    image = x + n.to(tl.int64) * (H * W * C) + group * CHANNELS
    corner = (top * W + left) * C
    feature = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    k = group * features + feature
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for first in range(0, TERMS, BLOCK_K):
        term = first + tl.arange(0, BLOCK_K)
        tap, c = term // CHANNELS, term % CHANNELS
        down, right = tap // S * DILATION_H, tap % S * DILATION_W
        h, w = top[:, None] + down[None, :], left[:, None] + right[None, :]
        # As an unsigned number, a negative one is larger than any size: one comparison tests both ends. (A size of 1
        # is a constant in a launch, and constants have no `.to`.)
        inside = (h.to(tl.uint32) < tl.full((), H, tl.uint32)) & (
            w.to(tl.uint32) < tl.full((), W, tl.uint32)
        )
        a = tl.load(
            image + (corner[:, None] + ((down * W + right) * C + c)[None, :]),
            mask=inside & (m < P * Q)[:, None] & (term < TERMS)[None, :],
            other=0.0,
        )
        b = tl.load(
            weight + (k * TERMS)[:, None] + term[None, :],
            mask=(feature < features)[:, None] & (term < TERMS)[None, :],
            other=0.0,
        )
        acc = dot(a, b.T, acc, PRECISION)
    if bias is not None:
        acc += tl.load(bias + k, mask=feature < features, other=0.0).to(ACC)[None, :]
    tl.store(
        y + n.to(tl.int64) * (P * Q * K) + (m * K)[:, None] + k[None, :],
        activate(acc, ACTIVATION).to(y.dtype.element_ty),
        mask=(m < P * Q)[:, None] & (feature < features)[None, :],
    )


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    return binding.types(globals()[kernel], dtype)


def accepts(
    config: Config, geometry: Geometry, dtype: torch.dtype, target: str, aligned: bool = True
) -> str | None:
    """Return why the kernel cannot run with a configuration, None if it can."""
    if geometry.channels > MOST_CHANNELS:
        return f"the stem is for up to {MOST_CHANNELS} channels a group"
    return None


def tiles(config: Config, geometry: Geometry) -> int:
    """Return how many tiles make the result."""
    g, meta = geometry, config.meta
    return g.N * cdiv(g.P * g.Q, meta["BLOCK_M"]) * cdiv(g.features, meta["BLOCK_N"]) * g.groups


def run(config: Config, call: binding.Call) -> None:
    """Write the convolution to ``call.y``."""
    g = call.geometry
    columns = cdiv(g.features, config.meta["BLOCK_N"])
    grid = (tiles(config, g) // (columns * g.groups), columns, g.groups)
    binding.launch(stem, grid, config, call)
