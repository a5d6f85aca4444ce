r"""The gradient of the activation that a convolution applies to its result.

.. math::
    y = \varphi(z),\qquad \frac{\partial L}{\partial z} = \varphi'(z)\,\frac{\partial L}{\partial y},
    \qquad \varphi' = [y > 0],\; 1 - y^2,\; y\,(1 - y)

for ReLU, tanh and the logistic function: all three can be told from y, so that z is never kept.
"""

import torch
import triton
import triton.language as tl

from deepkernels import check
from deepkernels.conv2d import layout
from deepkernels.language import accumulator, activation_gradient
from deepkernels.launch import cdiv, on

BLOCK = 1024


@triton.jit
def gradient(dy, y, dz, COUNT, ACTIVATION: tl.constexpr, ACC: tl.constexpr, BLOCK: tl.constexpr):
    """Write BLOCK elements of ∂L/∂z, in the order of memory."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = i < COUNT
    slope = tl.load(dy + i, mask=inside, other=0.0).to(ACC)
    value = tl.load(y + i, mask=inside, other=0.0).to(ACC)
    result = activation_gradient(slope, value, ACTIVATION)
    tl.store(dz + i, result.to(dz.dtype.element_ty), mask=inside)


@torch.library.custom_op("deepkernels::conv2d_activation_backward", mutates_args=())
def activation_backward(dy: torch.Tensor, y: torch.Tensor, activation: str) -> torch.Tensor:
    """Return ∂L/∂z from ∂L/∂y and y, both (N, K, P, Q), channels last.

    >>> y = torch.tensor([[[[0.0, 2.0]]]])
    >>> activation_backward(torch.ones_like(y), y, "relu").tolist()
    [[[[0.0, 1.0]]]]
    """
    check.tensors("conv2d", dy=dy, y=y)
    dz = layout.empty(tuple(y.shape), y)
    if y.numel():
        with on(y):
            gradient[(cdiv(y.numel(), BLOCK),)](
                layout.channels_last(dy),
                layout.channels_last(y),
                dz,
                y.numel(),
                ACTIVATION=activation,
                ACC=accumulator(y.dtype),
                BLOCK=BLOCK,
            )
    return dz


@activation_backward.register_fake
def _(dy: torch.Tensor, y: torch.Tensor, activation: str) -> torch.Tensor:
    return layout.empty(tuple(y.shape), y)
