"""Batch and layer normalisation as layers."""

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from deeplearning.autograd import Tensor, no_grad, ones, tensor, zeros
from deeplearning.nn import functional as F
from deeplearning.nn.module import Module, Parameter


class BatchNorm1d(Module):
    r"""Batch normalisation: :math:`y = \gamma(x-\mu)/\sqrt{\sigma^2+\epsilon} + \beta`, for each channel.

    In training :math:`\mu` and :math:`\sigma^2` are those of the batch; in evaluation they are the averages kept
    meanwhile in the buffers ``running_mean`` and ``running_var``, so that a sample's output does not depend on what
    else is in its batch. Each batch moves them by ``momentum`` of the way; with ``momentum=None`` they are the plain
    averages over all batches so far, counted in ``num_batches_tracked``. Without ``affine`` there are no
    :math:`\gamma` (``weight``) and :math:`\beta` (``bias``); without ``track_running_stats`` the batch's own
    statistics are used in evaluation too.

    Input and output (N, C) or (N, C, L) with C = ``num_features``; ``ValueError`` for others, and in training for a
    single value a channel. Equal to PyTorch's, buffers included :cite:`ioffe2015`.

    >>> layer = BatchNorm1d(3)
    >>> layer(ones(4, 3)).tolist()[0]
    [0.0, 0.0, 0.0]
    >>> list(layer.state_dict())
    ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']
    """

    input_dims: tuple[int, ...] = (2, 3)
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        _check_sizes(type(self).__name__, "num_features", (num_features,))
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(ones(num_features)) if affine else None
        self.bias = Parameter(zeros(num_features)) if affine else None
        track = track_running_stats
        self.register_buffer("running_mean", zeros(num_features) if track else None)
        self.register_buffer("running_var", ones(num_features) if track else None)
        self.register_buffer("num_batches_tracked", tensor(0, np.int64) if track else None)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim not in self.input_dims:
            wanted = "(N, C, H, W)" if self.input_dims == (4,) else "floats (N, C) or (N, C, L)"
            raise ValueError(
                f"{type(self).__name__}: an input of shape {x.shape} and {x.dtype}; give {wanted}"
            )
        factor = self.momentum if self.momentum is not None else 0.0
        if self.training and self.num_batches_tracked is not None:
            with no_grad():
                self.num_batches_tracked += 1
            if self.momentum is None:
                factor = 1 / self.num_batches_tracked.item()
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias,
            self.training or not self.track_running_stats, factor, self.eps,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )


class BatchNorm2d(BatchNorm1d):
    """Batch normalisation of images: each channel over all samples, rows and columns.

    Input and output (N, C, H, W) with C = ``num_features``; all else as in :class:`BatchNorm1d` :cite:`ioffe2015`.

    >>> x = tensor([[[[0.0, 2.0]]]])
    >>> BatchNorm2d(1)(x).data.round(3).tolist()
    [[[[-1.0, 1.0]]]]
    """

    input_dims = (4,)


class LayerNorm(Module):
    r"""Layer normalisation: :math:`y = \gamma(x-\mu)/\sqrt{\sigma^2+\epsilon} + \beta`, for each sample.

    :math:`\mu` and :math:`\sigma^2` are those of a sample over its last axes, whose lengths are ``normalized_shape``
    (a number, if it is one axis). Nothing depends on the batch, so training and evaluation are the same and there are
    no buffers. ``elementwise_affine=False`` leaves out :math:`\gamma` (``weight``) and :math:`\beta` (``bias``);
    ``bias=False`` leaves out :math:`\beta` alone.

    Input and output (…, \*normalized_shape); ``ValueError`` for others. Equal to PyTorch's :cite:`ba2016`.

    >>> LayerNorm(2)(tensor([[0.0, 2.0], [5.0, 7.0]])).data.round(3).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        several = isinstance(normalized_shape, Iterable)
        given: Any = tuple(normalized_shape) if several else (normalized_shape,)  # type: ignore[arg-type]
        _check_sizes("LayerNorm", "normalized_shape", given)
        shape = tuple(int(n) for n in given)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.weight = Parameter(ones(*shape)) if elementwise_affine else None
        self.bias = Parameter(zeros(*shape)) if elementwise_affine and bias else None

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


def _check_sizes(layer: str, name: str, sizes: tuple[Any, ...]) -> None:
    if not sizes or not all(isinstance(n, Integral) and n >= 1 for n in sizes):  # type: ignore[operator]
        given = sizes[0] if len(sizes) == 1 else sizes
        raise ValueError(f"{layer}: {name}={given!r}; give positive integers")
