r"""``conv2d_relu_pool``: a convolution whose result is pooled before it is written, differentiable.

.. math::
    y_{n,k,p,q} = \max_{i,j \in \{0, 1\}} \max\big(0,\, b_k + (x * w)_{n,\,k,\,2p+i,\,2q+j}\big)

The convolution's result, four times as large as y, exists in registers alone. For the gradient one byte is kept for
each element of y: which of the four it was, or that ReLU was silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from deepkernels import check, launch
from deepkernels.conv2d import layout
from deepkernels.conv2d.geometry import Geometry
from deepkernels.fused import choice
from deepkernels.fused.choice import OP

Ints = int | Sequence[int]


def conv2d_relu_pool(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
    pool: int = 2,
    *,
    deterministic: bool = False,
) -> torch.Tensor:
    """Convolve, add a bias, apply ReLU, take the maximum of every 2 × 2 pixels: in one kernel.

    It is ``max_pool2d(relu(conv2d(x, weight, bias, …)), 2)`` of PyTorch, for any convolution, with one difference: the
    four numbers are compared in float32, before they are rounded. Numbers that rounding makes equal still have a
    largest one, which gets the gradient.

    Args:
        x: (N, C, H, W); tensors are copied into ``torch.channels_last`` unless they lie so, and the result lies so.
        weight: (K, C / groups, R, S).
        bias: (K,) or None.
        stride, padding, dilation, groups: of the convolution, as ``conv2d`` takes them.
        pool: side and stride of the pooling windows; there is a kernel for 2.
        deterministic: compute the gradient of the weight with the same bits in every run, also if
            ``torch.use_deterministic_algorithms`` is on. The result itself and the other gradients always are.

    Returns:
        (N, K, P // 2, Q // 2), with the P × Q pixels of the convolution.

    Raises:
        ValueError: for shapes, dtypes, devices or options that do not fit.

    >>> x, weight = torch.arange(16.0).reshape(1, 1, 4, 4), torch.ones(1, 1, 1, 1)
    >>> conv2d_relu_pool(x, weight, torch.tensor([-6.0]))
    tensor([[[[0., 1.],
              [7., 9.]]]])
    """
    check.tensors(OP, x=x, weight=weight, bias=bias)
    check.require(OP, pool == 2, f"pool={pool!r}; give 2, or call conv2d and max_pool2d")
    geometry = Geometry.of(x.shape, weight.shape, stride, padding, dilation, groups)
    shown = None if bias is None else tuple(bias.shape)
    check.require(
        OP, shown in (None, (geometry.K,)), f"bias has shape {shown}; give ({geometry.K},)"
    )
    check.require(
        OP,
        geometry.P > 1 and geometry.Q > 1,
        f"the convolution has {geometry.P} x {geometry.Q} pixels; give an image on which it has 2 x 2 or more",
    )
    deterministic = deterministic or torch.are_deterministic_algorithms_enabled()
    wanted = any(tensor.requires_grad for tensor in (x, weight, bias) if tensor is not None)
    g = geometry
    numbers = [g.P, g.Q], list(g.stride), list(g.padding), list(g.dilation)
    coded = torch.is_grad_enabled() and wanted
    return _forward(x, weight, bias, *numbers, groups, deterministic, coded)[0]


def compute(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    geometry: Geometry,
    coded: bool = False,
    config: str | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute without gradients, by the configuration called ``config`` or the one that `choose` takes.

    Returns:
        y (N, K, P // 2, Q // 2), and the place of each maximum in its window, or nothing unless ``coded``.

    Raises:
        ValueError: if the configuration's kernel cannot compute this convolution; it says why.

    >>> x, weight = torch.arange(4.0).reshape(1, 1, 2, 2), torch.ones(1, 1, 1, 1)
    >>> y, place = compute(x, weight, None, Geometry.of(x.shape, weight.shape), coded=True, config="rows")
    >>> y.item(), place.item()
    (3.0, 3)
    """
    x, weight = layout.channels_last(x), layout.channels_last(weight)
    y, code = _empty(x, geometry.K, (geometry.P, geometry.Q), coded)
    target = launch.target(x.device)
    aligned = all(tensor.data_ptr() % 16 == 0 for tensor in (x, weight))
    if config is None:
        chosen = choice.choose(geometry, x.dtype, target, aligned)
    else:
        chosen = choice.named(config, target)
        refusal = choice.refusal(chosen, geometry, target, aligned)
        check.require(OP, refusal is None, f"{config} cannot compute this convolution: {refusal}")
    bias = None if bias is None else bias.contiguous()
    choice.run(chosen, x, weight, bias, y, code if coded else None, geometry)
    return y, code


def _empty(
    x: torch.Tensor, features: int, size: Sequence[int], coded: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    y = layout.empty((x.shape[0], features, size[0] // 2, size[1] // 2), x)
    code = torch.empty_like(y, dtype=torch.int8) if coded else x.new_empty(0, dtype=torch.int8)
    return y, code


def _geometry(
    x: torch.Tensor,
    weight: torch.Tensor,
    size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    groups: int,
) -> Geometry:
    n, c, h, w = x.shape
    k, _, r, s = weight.shape
    (p, q), (u, v), (a, b), (d, e) = size, stride, padding, dilation
    return Geometry(n, c, h, w, k, r, s, p, q, (u, v), (a, b), (d, e), groups)


@torch.library.custom_op("deepkernels::conv2d_relu_pool", mutates_args=())
def _forward(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    size: list[int],
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    groups: int,
    deterministic: bool,
    coded: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return y and, if ``coded``, the place of each maximum; ``size`` is that of the convolution's result."""
    geometry = _geometry(x, weight, size, stride, padding, dilation, groups)
    return compute(x, weight, bias, geometry, coded)


@_forward.register_fake
def _(x, weight, bias, size, stride, padding, dilation, groups, deterministic, coded):
    return _empty(x, weight.shape[0], size, coded)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, weight, _, *ctx.numbers, ctx.groups, ctx.deterministic, ctx.coded = inputs
    ctx.save_for_backward(x, weight, output[1])
    ctx.mark_non_differentiable(output[1])


def _backward(ctx: Any, dy: torch.Tensor, _: None) -> tuple[torch.Tensor | None, ...]:
    from deepkernels.conv2d import autograd
    from deepkernels.pool2d import op as pool2d

    check.require(OP, ctx.coded, "the gradient needs the maxima's places; call it with coded=True")
    x, weight, code = ctx.saved_tensors
    size, stride, padding, dilation = ctx.numbers
    geometry = _geometry(x, weight, size, stride, padding, dilation, ctx.groups)
    # The gradient of a 2 × 2 pooling whose silent windows name none of their pixels.
    dz = pool2d.maximum_backward(dy, code, [2, 2], [2, 2], [0, 0], [1, 1], size)
    wants_x, wants_weight, wants_bias = ctx.needs_input_grad[:3]
    dx = autograd.dgrad(dz, weight, geometry) if wants_x else None
    dweight = autograd.wgrad(dz, x, geometry, ctx.deterministic) if wants_weight else None
    dbias = autograd.bgrad(dz) if wants_bias else None
    return dx, dweight, dbias, *[None] * 7


_forward.register_autograd(_backward, setup_context=_keep)
