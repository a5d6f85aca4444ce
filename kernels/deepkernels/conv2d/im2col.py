r"""The second rung: write every window as a row of a matrix, then multiply matrices.

.. math::
    \text{patches}_{(n,p,q),\,(r,s,c)} = x_{n,\,c,\,p\,u + r\,d - a,\,q\,u + s\,d - a},\qquad
    y = \text{patches}\; w^\top

The matrix has up to R · S times as many elements as x, all of which are written to memory and read again. (K.
Chellapilla, S. Puri and P. Simard, High Performance Convolutional Neural Networks for Document Processing, 2006.)
"""

import torch
import triton
import triton.language as tl

from deepkernels.configs import Config
from deepkernels.conv2d import binding, layout
from deepkernels.conv2d.geometry import Geometry
from deepkernels.launch import cdiv, on
from deepkernels.matmul import compute as matmul

DIVISIBLE = binding.DIVISIBLE


@triton.jit
def patches(
    x, y, H, W, C, P, Q, pixels, channels,
    R: tl.constexpr, S: tl.constexpr, STRIDE_H: tl.constexpr, STRIDE_W: tl.constexpr,
    PADDING_H: tl.constexpr, PADDING_W: tl.constexpr,
    DILATION_H: tl.constexpr, DILATION_W: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """Copy BLOCK_M windows' columns BLOCK_K to the matrix y (groups, N · P · Q, R · S · C / groups)."""
    group, columns = tl.program_id(2), R * S * channels
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    k = tl.program_id(1) * BLOCK_K + tl.arange(0, BLOCK_K)
    n, p, q = m // (P * Q), m // Q % P, m % Q
    tap, c = k // channels, k % channels
    h = (p * STRIDE_H - PADDING_H)[:, None] + (tap // S * DILATION_H)[None, :]
    w = (q * STRIDE_W - PADDING_W)[:, None] + (tap % S * DILATION_W)[None, :]
    inside = (h >= 0) & (h < H) & (w >= 0) & (w < W)
    exists = (m < pixels)[:, None] & (k < columns)[None, :]
    image = x + n.to(tl.int64) * (H * W * C) + group * channels
    values = tl.load(image[:, None] + (h * W + w) * C + c[None, :], mask=inside & exists, other=0.0)
    row = group.to(tl.int64) * pixels + m
    tl.store(y + (row * columns)[:, None] + k[None, :], values, mask=exists)


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    return binding.types(globals()[kernel], dtype)


def accepts(
    config: Config, geometry: Geometry, dtype: torch.dtype, target: str, aligned: bool = True
) -> str | None:
    """Return why the kernel cannot run with a configuration: it runs for every geometry, so None."""
    return None


def tiles(config: Config, geometry: Geometry) -> int:
    """Return how many programs write the matrix."""
    g, meta = geometry, config.meta
    return cdiv(g.pixels, meta["BLOCK_M"]) * cdiv(g.terms, meta["BLOCK_K"]) * g.groups


def run(config: Config, call: binding.Call) -> None:
    """Write the convolution to ``call.y``: one launch for the matrix, one product a group."""
    g, meta = call.geometry, config.meta
    if g.N == 0:
        return
    matrix = torch.empty((g.groups, g.pixels, g.terms), dtype=call.x.dtype, device=call.x.device)
    grid = (cdiv(g.pixels, meta["BLOCK_M"]), cdiv(g.terms, meta["BLOCK_K"]), g.groups)
    offered = {**binding.sizes(g), **binding.constants(g, call.x.dtype), **meta}
    with on(call.x):
        patches[grid](
            call.x,
            matrix,
            **binding.taken(patches, offered),
            num_warps=config.num_warps,
            num_stages=config.num_stages,
        )
    y, weight = layout.matrix(call.y), layout.matrix(call.weight).view(g.K, g.terms)
    precision = layout.precision(call.x.dtype)
    for group in range(g.groups):
        k = slice(group * g.features, (group + 1) * g.features)
        bias = None if call.bias is None else call.bias[k]
        matmul(matrix[group], weight[k].t(), bias, call.activation, precision, out=y[:, k])
