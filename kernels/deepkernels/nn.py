"""Layers and a loss under PyTorch's names, every one computed by the kernels of this package.

A network written against a namespace ``nn`` runs on ``torch.nn`` and on ``deepkernels.nn`` alike. Layers with
parameters are PyTorch's own classes with another ``forward``: names, shapes, initial values, ``state_dict``, ``to`` and
``repr`` are PyTorch's, so weights move both ways, and optimisers are those of ``torch.optim``. Only what has a kernel
here is here: another name, or an option without a kernel, is refused, and no layer falls back on PyTorch's computation.
Views, and copies from one memory format to another, remain PyTorch's, and so does ``utils`` with gradient clipping,
which is no layer.

>>> import torch
>>> network = Sequential(Linear(4, 3), Tanh(), Linear(3, 2))
>>> network(torch.zeros(5, 4)).shape
torch.Size([5, 2])
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import Flatten, Identity, Module, Parameter, Sequential, utils

from deepkernels.check import require
from deepkernels.conv2d import conv2d
from deepkernels.elementwise import relu, sigmoid, tanh
from deepkernels.loss import cross_entropy
from deepkernels.matmul import matmul
from deepkernels.pool2d import avg_pool2d, max_pool2d

Tensor = torch.Tensor

__all__ = [
    "GRU",
    "LSTM",
    "AvgPool2d",
    "Conv2d",
    "CrossEntropyLoss",
    "Flatten",
    "Identity",
    "Linear",
    "MaxPool2d",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "utils",
]


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"deepkernels.nn has no {name}, for which there is no kernel; it has {', '.join(__all__)}"
    )


class Linear(torch.nn.Linear):
    r"""A fully connected layer, :math:`Y = X W^\top + b`: ``torch.nn.Linear`` on our matrix product.

    ``weight`` (out_features, in_features), ``bias`` (out_features); x (…, in_features), result (…, out_features).

    >>> Linear(3, 2)(torch.zeros(5, 4, 3)).shape
    torch.Size([5, 4, 2])
    """

    def forward(self, x: Tensor) -> Tensor:
        # One product whatever the leading dimensions: a batch of products would add up a gradient of W for each.
        rows = x.reshape(-1, x.shape[-1]) if x.dim() != 2 else x
        return matmul(rows, self.weight.t(), self.bias).reshape(*x.shape[:-1], self.out_features)


class Conv2d(torch.nn.Conv2d):
    """A convolution: ``torch.nn.Conv2d`` on our kernels, with padding of zeros.

    ``weight`` (out_channels, in_channels / groups, R, S) lies in memory channels last, as the kernels read it.

    >>> Conv2d(1, 6, 5, padding=2)(torch.zeros(1, 1, 8, 8)).shape
    torch.Size([1, 6, 8, 8])
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _without_kernel("Conv2d", "padding_mode", self.padding_mode, "zeros")
        self.weight.data = self.weight.data.contiguous(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )


class MaxPool2d(torch.nn.MaxPool2d):
    """Maximum pooling: ``torch.nn.MaxPool2d`` on our kernels, without ``return_indices``.

    >>> MaxPool2d(2)(torch.arange(4.0).reshape(1, 1, 2, 2))
    tensor([[[[3.]]]])
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _without_kernel("MaxPool2d", "return_indices", self.return_indices, False)

    def forward(self, x: Tensor) -> Tensor:
        return max_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )


class AvgPool2d(torch.nn.AvgPool2d):
    """Average pooling: ``torch.nn.AvgPool2d`` on our kernels.

    >>> AvgPool2d(2)(torch.arange(4.0).reshape(1, 1, 2, 2))
    tensor([[[[1.5000]]]])
    """

    def forward(self, x: Tensor) -> Tensor:
        return avg_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip


class ReLU(Module):
    """The rectified linear unit, max(x, 0).

    >>> ReLU()(torch.tensor([-1.0, 1.0]))
    tensor([0., 1.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return relu(x)


class Tanh(Module):
    """The hyperbolic tangent.

    >>> Tanh()(torch.tensor([0.0]))
    tensor([0.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return tanh(x)


class Sigmoid(Module):
    """The logistic function, 1 / (1 + e⁻ˣ).

    >>> Sigmoid()(torch.tensor([0.0]))
    tensor([0.5000])
    """

    def forward(self, x: Tensor) -> Tensor:
        return sigmoid(x)


class CrossEntropyLoss(Module):
    """Softmax cross-entropy between scores (N, C) and labels (N): `deepkernels.cross_entropy` as a module.

    >>> round(CrossEntropyLoss()(torch.zeros(1, 2), torch.tensor([0])).item(), 4)
    0.6931
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(logits, labels, self.reduction)


class _Recurrent(torch.nn.RNNBase):
    """What LSTM and GRU share: PyTorch's parameters and argument order, our kernels."""

    kind: str

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        name = type(self).__name__
        _without_kernel(name, "dropout", self.dropout, 0.0)
        _without_kernel(name, "proj_size", self.proj_size, 0)

    def flatten_parameters(self) -> None:
        """Leave parameters where they are: only cuDNN wants them in one piece of memory."""

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        from deepkernels.recurrent.layers import stacked

        name = type(self).__name__
        require(
            name,
            isinstance(x, Tensor) and x.dim() in (2, 3),
            f"x is {'a ' + type(x).__name__ if not isinstance(x, Tensor) else 'of shape ' + str(tuple(x.shape))}; "
            "give a tensor of shape (T, N, in), (N, T, in) with batch_first, or (T, in)",
        )
        batched = x.dim() == 3
        if not batched:
            x, state = x[:, None], _each(state, lambda tensor: tensor[:, None])
        elif self.batch_first:
            x = x.transpose(0, 1)
        y, state = stacked(self.kind, x, state, self.all_weights, self.bidirectional)
        if not batched:
            return y[:, 0], _each(state, lambda tensor: tensor[:, 0])
        return (y.transpose(0, 1) if self.batch_first else y), state


class LSTM(_Recurrent, torch.nn.LSTM):  # type: ignore[misc]  # its forward is overloaded
    """Long short-term memory: ``torch.nn.LSTM`` on our kernels, without dropout and projections.

    >>> y, (h, c) = LSTM(3, 2)(torch.zeros(4, 1, 3))
    >>> y.shape, h.shape
    (torch.Size([4, 1, 2]), torch.Size([1, 1, 2]))
    """

    kind = "lstm"


class GRU(_Recurrent, torch.nn.GRU):  # type: ignore[misc]  # its forward is overloaded
    """Gated recurrent units: ``torch.nn.GRU`` on our kernels, without dropout.

    >>> y, h = GRU(3, 2, bidirectional=True)(torch.zeros(4, 1, 3))
    >>> y.shape, h.shape
    (torch.Size([4, 1, 4]), torch.Size([2, 1, 2]))
    """

    kind = "gru"


def _each(state: Any, function: Any) -> Any:
    """Apply a function to every tensor of a state: None, one tensor, or two."""
    if isinstance(state, tuple):
        return tuple(function(tensor) for tensor in state)
    return None if state is None else function(state)


def _without_kernel(layer: str, option: str, value: Any, accepted: Any) -> None:
    require(
        layer,
        value == accepted,
        f"{option}={value!r} has no kernel; give {accepted!r}, or use torch.nn.{layer}",
    )
