"""Depthwise convolution: every channel has its own window, so there is no matrix product to be made.

An output element takes R · S products and one element of memory comes and goes for it: the kernel is bound by memory.
Neighbouring threads take neighbouring channels, and a program computes a tile of pixels, whose windows overlap in
the cache. With a channel multiplier, output channel k reads input channel k // (K / C).
"""

import torch
import triton
import triton.language as tl

from deepkernels.configs import Config
from deepkernels.conv2d import binding
from deepkernels.conv2d.geometry import Geometry
from deepkernels.language import activate
from deepkernels.launch import cdiv

# Nine weights for each of eight channels fill half the registers of a thread; those of larger windows do not fit.
IN_REGISTERS = tl.constexpr(9)
DIVISIBLE = ("x", "weight", "bias", "y", "C", "K")


@triton.jit
def depthwise(
    x, weight, bias, y, H, W, C, P, Q, K,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr, MULTIPLIER: tl.constexpr,
    BLOCK_H: tl.constexpr, BLOCK_W: tl.constexpr, BLOCK_C: tl.constexpr, STEPS: tl.constexpr,
    ACTIVATION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute STEPS tiles, one below the other, of BLOCK_H × BLOCK_W pixels and BLOCK_C channels.

    The weights of a small window stay in registers meanwhile.
    """
    across, down = tl.cdiv(Q, BLOCK_W), tl.cdiv(P, BLOCK_H * STEPS)
    strip = tl.program_id(0)
    n, rest = strip // (across * down), strip % (across * down)
    i = tl.arange(0, BLOCK_H * BLOCK_W)
    q = rest % across * BLOCK_W + i % BLOCK_W
    k = tl.program_id(1) * BLOCK_C + tl.arange(0, BLOCK_C)
    image = x + n.to(tl.int64) * (H * W * C) + k // MULTIPLIER
    result = y + n.to(tl.int64) * (P * Q * K) + k
    window = ()
    if R * S <= IN_REGISTERS:
        for tap in tl.static_range(R * S):
            window = window + (tl.load(weight + k * (R * S) + tap, mask=k < K, other=0.0),)  # type: ignore[assignment]  # noqa: RUF005
    first = rest // across * (STEPS * BLOCK_H)
    for row in range(first, min(first + STEPS * BLOCK_H, P), BLOCK_H):
        p = row + i // BLOCK_W
        top, left = p * STRIDE_H - PADDING_H, q * STRIDE_W - PADDING_W
        acc = tl.zeros((BLOCK_H * BLOCK_W, BLOCK_C), ACC)
        if R * S <= IN_REGISTERS:
            for tap in tl.static_range(R * S):
                h, w = top + tap // S * DILATION_H, left + tap % S * DILATION_W
                acc = _tap(acc, window[tap], image, h, w, k, H, W, C, K)
        else:
            for r in range(R):
                for s in tl.static_range(S):
                    weights = tl.load(weight + k * (R * S) + r * S + s, mask=k < K, other=0.0)
                    h, w = top + r * DILATION_H, left + s * DILATION_W
                    acc = _tap(acc, weights, image, h, w, k, H, W, C, K)
        if bias is not None:
            acc += tl.load(bias + k, mask=k < K, other=0.0).to(ACC)[None, :]
        tl.store(
            result[None, :] + ((p * Q + q) * K)[:, None],
            activate(acc, ACTIVATION).to(y.dtype.element_ty),
            mask=((p < P) & (q < Q))[:, None] & (k < K)[None, :],
        )


@triton.jit
def _tap(acc, weights, image, h, w, k, H, W, C, K):
    """Add one tap of the window: the pixels (h, w) of the image, times a weight a channel."""
    inside = (h >= 0) & (h < H) & (w >= 0) & (w < W)
    values = tl.load(
        image[None, :] + ((h * W + w) * C)[:, None],
        mask=inside[:, None] & (k < K)[None, :],
        other=0.0,
    )
    return acc + values.to(acc.dtype) * weights.to(acc.dtype)[None, :]


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    return binding.types(globals()[kernel], dtype)


def accepts(
    config: Config, geometry: Geometry, dtype: torch.dtype, target: str, aligned: bool = True
) -> str | None:
    """Return why the kernel cannot run with a configuration, None if it can."""
    return None if geometry.depthwise else "depthwise is for groups = C"


def tiles(config: Config, geometry: Geometry) -> int:
    """Return how many programs make the result."""
    g, meta = geometry, config.meta
    strips = cdiv(g.P, meta["BLOCK_H"] * meta["STEPS"]) * cdiv(g.Q, meta["BLOCK_W"])
    return g.N * strips * cdiv(g.K, meta["BLOCK_C"])


def run(config: Config, call: binding.Call) -> None:
    """Write the convolution to ``call.y``."""
    columns = cdiv(call.geometry.K, config.meta["BLOCK_C"])
    binding.launch(depthwise, (tiles(config, call.geometry) // columns, columns), config, call)
