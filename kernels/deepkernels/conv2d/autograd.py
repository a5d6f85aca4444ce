r"""The three gradients of a convolution, as operators that run our kernels and nothing else.

.. math::
    y = x * w + b \quad\Rightarrow\quad
    \frac{\partial L}{\partial x},\; \frac{\partial L}{\partial w},\;
    \frac{\partial L}{\partial b_k} = \sum_{n,p,q} \frac{\partial L}{\partial y_{n,k,p,q}}

Tensors have PyTorch's shapes, (N, C, H, W) and (K, C/groups, R, S), and lie in memory channels last; others are copied
into that format first. Results are channels last.
"""

from __future__ import annotations

from typing import Any

import torch

from deepkernels import check, configs, launch
from deepkernels.conv2d import binding, layout, reduce
from deepkernels.conv2d.backward_choice import (
    choose_dgrad,
    choose_wgrad,
    constants,
    kernel_of,
    seen,
)
from deepkernels.conv2d.geometry import Geometry

OP = "conv2d_backward"


def dgrad(dy: torch.Tensor, weight: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """Return the gradient with respect to the image, (N, C, H, W), in dY's dtype.

    Args:
        dy: gradient with respect to the result, (N, K, P, Q).
        weight: (K, C/groups, R, S).
        geometry: of the convolution whose gradient it is.

    Raises:
        ValueError: for shapes, dtypes or devices that do not fit.

    >>> dy, weight = torch.ones(1, 1, 1, 1), torch.tensor([[[[1.0, 2.0]]]])
    >>> dgrad(dy, weight, Geometry.of((1, 1, 1, 2), (1, 1, 1, 2)))
    tensor([[[[1., 2.]]]])
    """
    return _dgrad(dy, weight, *_numbers(geometry))


def wgrad(
    dy: torch.Tensor, x: torch.Tensor, geometry: Geometry, deterministic: bool = False
) -> torch.Tensor:
    """Return the gradient with respect to the weight, (K, C/groups, R, S), in x's dtype.

    Args:
        dy: gradient with respect to the result, (N, K, P, Q).
        x: the image, (N, C, H, W).
        geometry: of the convolution whose gradient it is.
        deterministic: add partial sums in a fixed order, for equal bits in every run on one kind of GPU; otherwise
            programs add theirs atomically, in the order in which they finish.

    Raises:
        ValueError: for shapes, dtypes or devices that do not fit.

    >>> dy, x = torch.ones(1, 1, 1, 1), torch.tensor([[[[1.0, 2.0]]]])
    >>> wgrad(dy, x, Geometry.of((1, 1, 1, 2), (1, 1, 1, 2)), deterministic=True)
    tensor([[[[1., 2.]]]])
    """
    return _wgrad(dy, x, *_numbers(geometry), deterministic)


def bgrad(dy: torch.Tensor) -> torch.Tensor:
    """Return the gradient with respect to the bias, (K), from dY (N, K, P, Q): always in a fixed order.

    >>> bgrad(torch.ones(2, 3, 4, 5))
    tensor([40., 40., 40.])
    """
    return _bgrad(dy)


def run_dgrad(
    config: configs.Config,
    dy: torch.Tensor,
    weight: torch.Tensor,
    geometry: Geometry,
    out: torch.Tensor,
) -> torch.Tensor:
    """Run one configuration's kernel into ``out``, channels last (N, C, H, W); dY and weight lie so already."""
    g = seen(config, geometry)
    meta = constants(config, g, dy.dtype)
    grid: tuple[int, ...]
    if "depthwise" in config.kernel:
        grid = (
            launch.cdiv(g.N * g.H * g.W, meta["BLOCK_M"]),
            launch.cdiv(g.C, meta["BLOCK_C"]),
        )
    else:
        u, v = g.stride if "residues" in config.kernel else (1, 1)
        rows, columns = launch.cdiv(g.H, u), launch.cdiv(g.W, v)
        tiles = _tiles(meta, g.N, rows, columns, config.meta["BLOCK_M"])
        grid = (tiles * launch.cdiv(g.channels, meta["BLOCK_N"]), g.groups, u * v)
    _run(config, grid, (dy, weight, out), g, meta)
    return out


def run_wgrad(
    config: configs.Config,
    dy: torch.Tensor,
    x: torch.Tensor,
    geometry: Geometry,
    out: torch.Tensor,
    deterministic: bool,
    splits: int | None = None,
) -> torch.Tensor:
    """Run one configuration's kernel into ``out``, channels last (K, C/groups, R, S); dY and x lie so already.

    ``splits`` is the number of programs among which the pixels are split; by default as many as keep the GPU busy.
    """
    g = seen(config, geometry)
    meta = constants(config, g, dy.dtype)
    if "depthwise" in config.kernel:
        tiles = launch.cdiv(g.K, meta["BLOCK_C"]) * g.R
        steps = launch.cdiv(g.pixels, meta["BLOCK_M"])
    else:
        taps, columns = (g.R * g.S, g.channels) if "tma" in config.kernel else (1, g.terms)
        tiles = g.groups * taps * launch.cdiv(columns, meta["BLOCK_N"])
        tiles *= launch.cdiv(g.features, meta["BLOCK_M"])
        steps = _tiles(meta, g.N, g.P, g.Q, config.meta["BLOCK_K"])
    if splits is None:
        # Two programs a processor hide each other's waiting; each program should find a few steps to do.
        busy = launch.cdiv(2 * launch.processors(dy.device), tiles)
        splits = max(1, min(busy, steps // 4))
    wide = torch.float64 if dy.dtype == torch.float64 else torch.float32
    atomic = not deterministic and splits > 1
    if splits == 1:
        parts = None
    elif atomic:
        parts = torch.zeros((1, g.K, g.R, g.S, g.channels), dtype=wide, device=dy.device)
    else:
        parts = torch.empty((splits, g.K, g.R, g.S, g.channels), dtype=wide, device=dy.device)
    target = out if parts is None else parts
    _run(config, (tiles, splits), (dy, x, target), g, meta | {"ATOMIC": atomic})
    return out if parts is None else reduce.add_partials(parts, out)


def _tiles(meta: dict[str, Any], images: int, rows: int, columns: int, block: int) -> int:
    """How many tiles of pixels there are: boxes for descriptors, runs of pixels for pointers."""
    if "BLOCK_B" not in meta:
        return launch.cdiv(images * rows * columns, block)
    b, h, w = meta["BLOCK_B"], meta["BLOCK_H"], meta["BLOCK_W"]
    return launch.cdiv(images, b) * launch.cdiv(rows, h) * launch.cdiv(columns, w)


def _run(
    config: configs.Config,
    grid: tuple[int, ...],
    tensors: tuple[torch.Tensor, ...],
    geometry: Geometry,
    meta: dict[str, Any],
) -> None:
    kernel = kernel_of(config)
    if "tma" in config.kernel:
        launch.prepare()
    arguments = binding.taken(kernel, binding.sizes(geometry)) | meta
    with launch.on(tensors[0]):
        kernel[grid](
            *tensors, **arguments, num_warps=config.num_warps, num_stages=config.num_stages
        )


def _aligned(*tensors: torch.Tensor) -> bool:
    return all(tensor.data_ptr() % 16 == 0 for tensor in tensors)


def _numbers(geometry: Geometry) -> tuple[list[int], list[int], list[int], list[int], int]:
    """A geometry as arguments of an operator, which takes tensors and numbers only."""
    g = geometry
    sizes = [g.N, g.C, g.H, g.W, g.K, g.R, g.S, g.P, g.Q]
    return sizes, list(g.stride), list(g.padding), list(g.dilation), g.groups


def _geometry(
    sizes: list[int], stride: list[int], padding: list[int], dilation: list[int], groups: int
) -> Geometry:
    n, c, h, w, k, r, s, p, q = sizes
    (u, v), (a, b), (d, e) = stride, padding, dilation
    return Geometry(n, c, h, w, k, r, s, p, q, (u, v), (a, b), (d, e), groups)


def _check(geometry: Geometry, **named: torch.Tensor) -> None:
    check.tensors(OP, check.FLOATS, **named)
    shapes = {
        "dy": geometry.y_shape,
        "x": geometry.x_shape,
        "weight": geometry.weight_shape,
    }
    for name, tensor in named.items():
        check.require(
            OP,
            tuple(tensor.shape) == shapes[name],
            f"{name} has shape {tuple(tensor.shape)}; this convolution has {shapes[name]} there",
        )
    pixels = geometry.N * geometry.H * geometry.W
    check.require(
        OP, pixels < 2**31, f"x has {pixels} pixels; give fewer than 2^31, in several batches"
    )


@torch.library.custom_op("deepkernels::conv2d_dgrad", mutates_args=())
def _dgrad(
    dy: torch.Tensor,
    weight: torch.Tensor,
    sizes: list[int],
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    groups: int,
) -> torch.Tensor:
    geometry = _geometry(sizes, stride, padding, dilation, groups)
    _check(geometry, dy=dy, weight=weight)
    out = layout.empty(geometry.x_shape, dy)
    if out.numel() == 0:
        return out
    dy, weight = layout.channels_last(dy), layout.channels_last(weight)
    target, aligned = launch.target(dy.device), _aligned(dy, weight, out)
    config = choose_dgrad(geometry, dy.dtype, target, aligned)
    return run_dgrad(config, dy, weight, geometry, out)


@_dgrad.register_fake
def _(dy, weight, sizes, stride, padding, dilation, groups):
    return layout.empty(_geometry(sizes, stride, padding, dilation, groups).x_shape, dy)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    ctx.save_for_backward(*inputs[:2])
    ctx.numbers = inputs[2:]


def _dgrad_backward(ctx: Any, ddx: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    """dX is linear in dY and in the weight; what follows are a convolution and a gradient of the weight."""
    dy, weight = ctx.saved_tensors
    wants_dy, wants_weight = ctx.needs_input_grad[:2]
    deterministic = torch.are_deterministic_algorithms_enabled()
    return (
        _forward(ddx, weight, *ctx.numbers) if wants_dy else None,
        _wgrad(dy, ddx, *ctx.numbers, deterministic) if wants_weight else None,
        *[None] * 5,
    )


_dgrad.register_autograd(_dgrad_backward, setup_context=_keep)


@torch.library.custom_op("deepkernels::conv2d_wgrad", mutates_args=())
def _wgrad(
    dy: torch.Tensor,
    x: torch.Tensor,
    sizes: list[int],
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    groups: int,
    deterministic: bool,
) -> torch.Tensor:
    geometry = _geometry(sizes, stride, padding, dilation, groups)
    _check(geometry, dy=dy, x=x)
    out = layout.empty(geometry.weight_shape, x)
    if x.numel() == 0:
        return out.zero_()
    dy, x = layout.channels_last(dy), layout.channels_last(x)
    config = choose_wgrad(geometry, dy.dtype, launch.target(dy.device), _aligned(dy, x, out))
    return run_wgrad(config, dy, x, geometry, out, deterministic)


@_wgrad.register_fake
def _(dy, x, sizes, stride, padding, dilation, groups, deterministic):
    return layout.empty(_geometry(sizes, stride, padding, dilation, groups).weight_shape, x)


def _wgrad_backward(ctx: Any, ddw: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    dy, x = ctx.saved_tensors
    wants_dy, wants_x = ctx.needs_input_grad[:2]
    *numbers, _ = ctx.numbers
    return (
        _forward(x, ddw, *numbers) if wants_dy else None,
        _dgrad(dy, ddw, *numbers) if wants_x else None,
        *[None] * 6,
    )


_wgrad.register_autograd(_wgrad_backward, setup_context=_keep)


def _forward(
    x: torch.Tensor,
    weight: torch.Tensor,
    sizes: list[int],
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    groups: int,
) -> torch.Tensor:
    """The convolution itself, for second derivatives."""
    from deepkernels.conv2d.op import _conv2d

    deterministic = torch.are_deterministic_algorithms_enabled()
    return _conv2d(
        x, weight, None, sizes[-2:], stride, padding, dilation, groups, "none", deterministic
    )


@torch.library.custom_op("deepkernels::conv2d_bgrad", mutates_args=())
def _bgrad(dy: torch.Tensor) -> torch.Tensor:
    check.tensors(OP, dy=dy)
    check.require(
        OP, dy.dim() == 4, f"dy has shape {tuple(dy.shape)}; give four dimensions (N, K, P, Q)"
    )
    return reduce.sum_pixels(dy)


@_bgrad.register_fake
def _(dy):
    return dy.new_empty(dy.shape[1])


def _bgrad_backward(ctx: Any, ddb: torch.Tensor) -> torch.Tensor:
    return ddb[None, :, None, None].expand(ctx.shape)


def _keep_shape(ctx: Any, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
    ctx.shape = inputs[0].shape


_bgrad.register_autograd(_bgrad_backward, setup_context=_keep_shape)
