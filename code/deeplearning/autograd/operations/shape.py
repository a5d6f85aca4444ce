"""Operations that move elements without changing them."""

import copy
from typing import Any

import numpy as np

from deeplearning.autograd.operation import Array, Operation, unbroadcast


class Reshape(Operation):
    """The same elements in another shape; the gradient is reshaped back."""

    may_be_view = True

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.new_shape = shape

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        try:
            return x.reshape(self.new_shape)
        except ValueError:
            raise ValueError(
                f"Reshape: {x.size} elements of shape {x.shape} do not fill the shape {self.new_shape}"
            ) from None

    def backward(self, dy: Array) -> Array:
        return dy.reshape(self.shape)


class Permute(Operation):
    """Axes in another order; the gradient takes the inverse order."""

    may_be_view = True

    def __init__(self, dims: tuple[int, ...]) -> None:
        self.dims = dims

    def forward(self, x: Array) -> Array:
        if sorted(d % max(x.ndim, 1) for d in self.dims) != list(range(x.ndim)):
            raise ValueError(
                f"Permute: dims {self.dims} do not name each of the {x.ndim} axes of shape {x.shape} once"
            )
        return x.transpose(self.dims)

    def backward(self, dy: Array) -> Array:
        return dy.transpose(np.argsort([d % dy.ndim for d in self.dims]))


class Index(Operation):
    r""":math:`y = x[k]`: a chosen element's gradient goes back to its place, adding up where it was chosen twice."""

    may_be_view = True

    def __init__(self, key: Any) -> None:
        self.key = key

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        if self.needs[0]:
            self.key = _fixed(self.key)
        return x[self.key]

    def backward(self, dy: Array) -> Array:
        dx = np.zeros(self.shape, dy.dtype)
        np.add.at(dx, self.key, dy)
        return dx


def _fixed(key: Any) -> Any:
    """Copy the arrays and lists of an index: their owner may change them before backward."""
    if isinstance(key, tuple):
        return tuple(_fixed(k) for k in key)
    return copy.deepcopy(key) if isinstance(key, list | np.ndarray) else key


class Concatenate(Operation):
    """Tensors joined along an existing axis; each takes its own piece of the gradient."""

    def __init__(self, dim: int = 0) -> None:
        self.dim = dim

    def forward(self, *arrays: Array) -> Array:
        shapes = [a.shape for a in arrays]
        try:
            joined = np.concatenate(arrays, axis=self.dim)
        except ValueError as error:
            raise ValueError(
                f"Concatenate: shapes {shapes} do not join along dim={self.dim}: {error}"
            ) from None
        self.borders = np.cumsum([s[self.dim] for s in shapes])[:-1]
        return joined

    def backward(self, dy: Array) -> tuple[Array, ...]:
        return tuple(np.split(dy, self.borders, axis=self.dim))


class Stack(Operation):
    """Tensors of one shape laid along a new axis; each takes its own slice of the gradient."""

    def __init__(self, dim: int = 0) -> None:
        self.dim = dim

    def forward(self, *arrays: Array) -> Array:
        shapes = [a.shape for a in arrays]
        try:
            return np.stack(arrays, axis=self.dim)
        except ValueError as error:
            raise ValueError(
                f"Stack: shapes {shapes} do not stack along dim={self.dim}: {error}"
            ) from None

    def backward(self, dy: Array) -> tuple[Array, ...]:
        return tuple(np.moveaxis(dy, self.dim, 0))


class Where(Operation):
    r""":math:`y = a` where the condition holds, else :math:`b`; the gradient goes to the one that was taken."""

    def forward(self, condition: Any, a: Any, b: Any) -> Array:
        self.condition = np.asarray(condition, dtype=bool)
        self.shape_a, self.shape_b = np.shape(a), np.shape(b)
        try:
            return np.where(self.condition, a, b)
        except ValueError:
            raise ValueError(
                f"Where: condition {self.condition.shape}, {self.shape_a} and {self.shape_b} do not broadcast to one"
                " shape; counted from the last axis, lengths must be equal or 1"
            ) from None

    def backward(self, dy: Array) -> tuple[None, Array, Array]:
        zero = dy.dtype.type(0)
        da, db = np.where(self.condition, dy, zero), np.where(self.condition, zero, dy)
        return None, unbroadcast(da, self.shape_a), unbroadcast(db, self.shape_b)
