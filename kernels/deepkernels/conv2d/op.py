"""The operator: checks, the choice of a kernel, and how gradients flow through it."""

from collections.abc import Sequence
from typing import Any

import torch

from deepkernels import check, launch
from deepkernels.conv2d import choice, layout
from deepkernels.conv2d.activation import activation_backward
from deepkernels.conv2d.binding import Call
from deepkernels.conv2d.geometry import OP, Geometry
from deepkernels.matmul.op import _may_overlap

Ints = int | Sequence[int]


def conv2d(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
    activation: str | None = None,
    *,
    deterministic: bool = False,
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    r"""Convolve images with a bank of filters, add a bias, apply an activation: in one kernel.

    .. math::
        y_{n,k,p,q} = \varphi\Big(b_k + \sum_{r,s,c}
        x_{n,\,c,\,p\,u + r\,d - a,\,q\,u + s\,d - a}\; w_{k,c,r,s}\Big)

    with stride u, padding a and dilation d, as ``torch.nn.functional.conv2d``. Tensors have PyTorch's shapes and lie
    in memory channels last (``torch.channels_last``); others are copied into that format first, and results have it.
    The same kernels and their gradients run whatever the shape; no other library is called.

    Args:
        x: (N, C, H, W), or (C, H, W) for one image; float16, bfloat16 or float32.
        weight: (K, C / groups, R, S).
        bias: (K,) or None.
        stride, dilation: a positive integer, or a pair for height and width.
        padding: an integer, a pair, "valid" (none) or "same" (the result has x's height and width, with stride 1).
        groups: C and K are split into so many parts, which see only each other.
        activation: None, "relu", "tanh" or "sigmoid".
        deterministic: compute the gradient of the weight with the same bits in every run, also if
            ``torch.use_deterministic_algorithms`` is on. The result itself and the other gradients always are.
        out: write the result there; (N, K, P, Q) in channels-last memory, and no gradient may be required.

    Returns:
        (N, K, P, Q) with P = ⌊(H + 2 a - d (R - 1) - 1) / u⌋ + 1, and Q likewise.

    Raises:
        ValueError: for shapes, dtypes, devices or options that do not fit.

    >>> x, weight = torch.arange(9.0).reshape(1, 1, 3, 3), torch.ones(1, 1, 2, 2)
    >>> conv2d(x, weight, stride=1)
    tensor([[[[ 8., 12.],
              [20., 24.]]]])
    """
    check.tensors(OP, x=x, weight=weight, bias=bias)
    name = check.activation(OP, activation)
    if x.dim() == 3 and out is None:
        images = conv2d(
            x.unsqueeze(0), weight, bias, stride, padding, dilation, groups, activation,
            deterministic=deterministic,
        )  # fmt: skip
        return images.squeeze(0)
    geometry = Geometry.of(x.shape, weight.shape, stride, padding, dilation, groups)
    fits = bias is None or bias.shape == (geometry.K,)
    shown = None if bias is None else tuple(bias.shape)
    check.require(OP, fits, f"bias has shape {shown}; give ({geometry.K},)")
    if out is not None:
        return _into(out, x, weight, bias, geometry, name)
    deterministic = deterministic or torch.are_deterministic_algorithms_enabled()
    numbers = _numbers(geometry)
    return _conv2d(x, weight, bias, *numbers, groups, name, deterministic)


def compute(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    geometry: Geometry,
    activation: str = "none",
    config: str | None = None,
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    """Compute a convolution without gradients, by a configuration of one's choice or the one that `choose` takes.

    Args:
        config: name of a configuration, such as "direct" or "persistent-128x128"; `choice.named` knows them.
        out: (N, K, P, Q), channels last; made if None.

    Raises:
        ValueError: if the configuration's kernel cannot compute this convolution; it says why.

    >>> x, weight = torch.arange(9.0).reshape(1, 1, 3, 3), torch.ones(1, 1, 2, 2)
    >>> compute(x, weight, None, Geometry.of(x.shape, weight.shape), config="direct")[0, 0, 0]
    tensor([ 8., 12.])
    """
    x, weight = layout.channels_last(x), layout.channels_last(weight)
    y = layout.empty(geometry.y_shape, x) if out is None else out
    target = launch.target(x.device)
    aligned = all(tensor.data_ptr() % 16 == 0 for tensor in (x, weight, y))
    if config is None:
        chosen = choice.choose(geometry, x.dtype, target, aligned)
    else:
        chosen = choice.named(config, target)
        refusal = choice.refusal(chosen, geometry, x.dtype, target, aligned)
        check.require(OP, refusal is None, f"{config} cannot compute this convolution: {refusal}")
    bias = None if bias is None else bias.contiguous()
    choice.run(chosen, Call(x, weight, bias, y, geometry, activation))
    return y


def _into(
    out: torch.Tensor,
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    geometry: Geometry,
    activation: str,
) -> torch.Tensor:
    check.tensors(OP, x=x, out=out)
    check.require(
        OP,
        tuple(out.shape) == geometry.y_shape
        and out.is_contiguous(memory_format=torch.channels_last),
        f"out has shape {tuple(out.shape)}, strides {out.stride()}; give {geometry.y_shape} in torch.channels_last",
    )
    wanted = [tensor for tensor in (x, weight, bias, out) if tensor is not None]
    check.require(
        OP,
        not any(t.numel() and out.numel() and _may_overlap(out, t) for t in wanted[:-1]),
        "out shares memory with an operand; give memory of its own",
    )
    check.require(
        OP,
        not (torch.is_grad_enabled() and any(tensor.requires_grad for tensor in wanted)),
        "out= cannot be differentiated; leave it out, or call under torch.no_grad()",
    )
    return compute(x, weight, bias, geometry, activation, out=out)


def _numbers(geometry: Geometry) -> tuple[list[int], list[int], list[int], list[int]]:
    """A geometry as arguments of an operator, which takes tensors and numbers only."""
    g = geometry
    return [g.P, g.Q], list(g.stride), list(g.padding), list(g.dilation)


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


@torch.library.custom_op("deepkernels::conv2d", mutates_args=())
def _conv2d(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    size: list[int],
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    groups: int,
    activation: str,
    deterministic: bool,
) -> torch.Tensor:
    geometry = _geometry(x, weight, size, stride, padding, dilation, groups)
    return compute(x, weight, bias, geometry, activation)


@_conv2d.register_fake
def _(x, weight, bias, size, stride, padding, dilation, groups, activation, deterministic):  # type: ignore[no-untyped-def]
    return layout.empty((x.shape[0], weight.shape[0], *size), x)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    x, weight, _, *ctx.numbers, ctx.groups, ctx.activation, ctx.deterministic = inputs
    saved = () if ctx.activation == "none" else (output,)
    ctx.save_for_backward(x, weight, *saved)


def _backward(ctx: Any, dy: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    from deepkernels.conv2d import autograd

    x, weight, *y = ctx.saved_tensors
    size, stride, padding, dilation = ctx.numbers
    geometry = _geometry(x, weight, size, stride, padding, dilation, ctx.groups)
    dz = activation_backward(dy, y[0], ctx.activation) if y else dy
    wants_x, wants_weight, wants_bias = ctx.needs_input_grad[:3]
    dx = autograd.dgrad(dz, weight, geometry) if wants_x else None
    dweight = autograd.wgrad(dz, x, geometry, ctx.deterministic) if wants_weight else None
    dbias = autograd.bgrad(dz) if wants_bias else None
    return dx, dweight, dbias, *[None] * 7


_conv2d.register_autograd(_backward, setup_context=_setup)
