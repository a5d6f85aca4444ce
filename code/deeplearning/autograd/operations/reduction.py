"""Reductions over one axis, several, or all."""

import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from deeplearning.autograd.operation import Array, Operation

Dim = int | tuple[int, ...] | None


class _Reduction(Operation):
    def __init__(self, dim: Dim = None, keepdim: bool = False) -> None:
        self.dim, self.keepdim = dim, keepdim

    def _axes(self, x: Array) -> None:
        """Remember the input's shape and the reduced axes as non-negative numbers."""
        self.shape = x.shape
        try:
            self.axes = normalize_axis_tuple(
                range(x.ndim) if self.dim is None else self.dim, x.ndim
            )
        except (TypeError, ValueError):
            raise ValueError(
                f"{self.name}: dim={self.dim} does not exist in a tensor of shape {x.shape}; "
                f"give different axes from {-x.ndim} to {x.ndim - 1}, or None for all"
            ) from None

    def _expand(self, reduced: Array) -> Array:
        """Give a reduced array its axes of length 1 back, so that it broadcasts against the input."""
        return reduced if self.keepdim else np.expand_dims(reduced, self.axes)


class Sum(_Reduction):
    r""":math:`y = \sum_i x_i`, so every :math:`\partial y/\partial x_i = 1`."""

    def forward(self, x: Array) -> Array:
        self._axes(x)
        return np.asarray(x.sum(axis=self.axes, keepdims=self.keepdim))

    def backward(self, dy: Array) -> Array:
        return np.broadcast_to(self._expand(dy), self.shape)


class Mean(_Reduction):
    r""":math:`y = \frac1n \sum_i x_i`, so every :math:`\partial y/\partial x_i = 1/n`."""

    def forward(self, x: Array) -> Array:
        self._axes(x)
        return np.asarray(x.mean(axis=self.axes, keepdims=self.keepdim))

    def backward(self, dy: Array) -> Array:
        n = math.prod(self.shape[a] for a in self.axes)
        return np.broadcast_to(self._expand(np.asarray(dy / n)), self.shape)


class Extremum(_Reduction):
    r""":math:`y = \max_i x_i` or :math:`\min_i x_i`; equal ones share the gradient equally, as in ``torch.amax``."""

    keeps_result = True

    def __init__(self, function: str, dim: Dim = None, keepdim: bool = False) -> None:
        super().__init__(dim, keepdim)
        self.function = function

    def forward(self, x: Array) -> Array:
        self._axes(x)
        self.x = x
        self.y = np.asarray(getattr(x, self.function)(axis=self.axes, keepdims=self.keepdim))
        return self.y

    def backward(self, dy: Array) -> Array:
        where = self.x == self._expand(self.y)
        return self._expand(dy) * where / where.sum(axis=self.axes, keepdims=True)
