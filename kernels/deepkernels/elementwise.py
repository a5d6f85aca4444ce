r"""ReLU, tanh and the logistic function on their own, forward and backward: one pass over the memory each.

.. math::
    y = \varphi(x), \qquad \frac{\partial L}{\partial x} = \varphi'(x)\, \frac{\partial L}{\partial y},
    \qquad \varphi' = [y > 0],\; 1 - y^2,\; y\,(1 - y)

All three derivatives can be told from y, so x is not kept. Where an activation follows a product or a convolution, give
it to that operation instead (``activation="relu"``): then it costs no pass at all.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import triton
import triton.language as tl

from deepkernels import check, launch
from deepkernels.compiled import Request
from deepkernels.language import accumulator, activate, activation_gradient

BLOCK = 1024  # elements a program: with 4 warps, 16 bytes a thread and load, for 16-bit types
DIVISIBLE = ("x", "y", "dy", "dx", "count")


def relu(x: torch.Tensor) -> torch.Tensor:
    """Return max(x, 0), element by element.

    >>> relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    check.tensors("relu", x=x)
    return apply(x, "relu")


def tanh(x: torch.Tensor) -> torch.Tensor:
    """Return the hyperbolic tangent, element by element.

    >>> tanh(torch.tensor([0.0, 100.0]))
    tensor([0., 1.])
    """
    check.tensors("tanh", x=x)
    return apply(x, "tanh")


def sigmoid(x: torch.Tensor) -> torch.Tensor:
    """Return the logistic function 1 / (1 + e⁻ˣ), element by element.

    >>> sigmoid(torch.tensor([0.0, -1000.0]))
    tensor([0.5000, 0.0000])
    """
    check.tensors("sigmoid", x=x)
    return apply(x, "sigmoid")


@triton.jit
def forward(x, y, count, ACTIVATION: tl.constexpr, ACC: tl.constexpr, BLOCK: tl.constexpr):
    """Write BLOCK elements of φ(x), in the order of memory."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    value = activate(tl.load(x + i, i < count, 0.0).to(ACC), ACTIVATION)
    tl.store(y + i, value.to(y.dtype.element_ty), i < count)


@triton.jit
def backward(dy, y, dx, count, ACTIVATION: tl.constexpr, ACC: tl.constexpr, BLOCK: tl.constexpr):
    """Write BLOCK elements of the gradient of x, in the order of memory."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    gradient, value = (
        tl.load(dy + i, i < count, 0.0).to(ACC),
        tl.load(y + i, i < count, 0.0).to(ACC),
    )
    gradient = activation_gradient(gradient, value, ACTIVATION)
    tl.store(dx + i, gradient.to(dx.dtype.element_ty), i < count)


def types(kernel: str, dtype: str) -> dict[str, str]:
    """Return the type of each argument that is not a constant, in order; ``dtype`` is Triton's name ("bf16")."""
    names = {"forward": ("x", "y"), "backward": ("dy", "y", "dx")}[kernel]
    return {**dict.fromkeys(names, f"*{dtype}"), "count": "i64"}


def compile_requests(target: str) -> Iterator[tuple[str, Request]]:
    """Yield (name, request) for every activation, forward and backward, in bfloat16."""
    for kernel in ("forward", "backward"):
        known = types(kernel, "bf16")
        divisible = tuple(name for name in DIVISIBLE if name in known)
        for activation in ("relu", "tanh", "sigmoid"):
            meta = {"ACTIVATION": activation, "ACC": tl.float32, "BLOCK": BLOCK}
            where = f"deepkernels.elementwise:{kernel}"
            yield (
                f"{activation}-{kernel}",
                Request(where, known, meta, target=target, divisible=divisible),
            )


def run(
    kernel: triton.JITFunction, tensors: tuple[torch.Tensor, ...], activation: str
) -> torch.Tensor:
    """Launch a kernel on tensors that lie alike, without gaps; the last one is written, and returned."""
    out = tensors[-1]
    if out.numel():
        acc = accumulator(out.dtype)
        with launch.on(out):
            kernel[(launch.cdiv(out.numel(), BLOCK),)](
                *tensors, out.numel(), ACTIVATION=activation, ACC=acc, BLOCK=BLOCK
            )
    return out


def _format(tensor: torch.Tensor) -> torch.memory_format:
    """Return how a tensor lies in memory, of the two formats that have no gaps."""
    if tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last):
        return torch.channels_last
    return torch.contiguous_format


@torch.library.custom_op("deepkernels::activation", mutates_args=())
def apply(x: torch.Tensor, activation: str) -> torch.Tensor:
    """Return φ(x) in the shape and memory format of x, for φ "relu", "tanh" or "sigmoid".

    >>> apply(torch.tensor([-3.0, 3.0]), "relu")
    tensor([0., 3.])
    """
    x = x.contiguous(memory_format=_format(x))
    return run(forward, (x, torch.empty_like(x)), activation)


@apply.register_fake
def _(x, activation):
    return torch.empty_like(x, memory_format=_format(x))


@torch.library.custom_op("deepkernels::activation_backward", mutates_args=())
def differentiate(dy: torch.Tensor, y: torch.Tensor, activation: str) -> torch.Tensor:
    """Return the gradient of x from that of y, and y.

    >>> differentiate(torch.ones(2), torch.tensor([0.0, 0.5]), "sigmoid")
    tensor([0.0000, 0.2500])
    """
    dy, y = (tensor.contiguous(memory_format=_format(y)) for tensor in (dy, y))
    return run(backward, (dy, y, torch.empty_like(y)), activation)


@differentiate.register_fake
def _(dy, y, activation):
    return torch.empty_like(y, memory_format=_format(y))


def _keep(ctx, inputs, output):
    ctx.activation = inputs[1]
    ctx.save_for_backward(output)


def _through(ctx, dy):
    return differentiate(dy, *ctx.saved_tensors, ctx.activation), None


apply.register_autograd(_through, setup_context=_keep)
