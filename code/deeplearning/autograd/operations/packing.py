"""Elements taken out of an array, or put into one, each at most once."""

from typing import Any

import numpy as np

from deeplearning.autograd.memory import empty
from deeplearning.autograd.operation import Array, Operation


class Pick(Operation):
    r""":math:`y = x[k]` for an index that takes no element twice: the gradient goes back to its place, 0 elsewhere.

    :class:`~deeplearning.autograd.operations.shape.Index` adds up what was taken several times, one element after the
    other; here each place is written once. ``key`` is a slice, an integer, an array of different integers, or a tuple
    of these.
    """

    may_be_view = True

    def __init__(self, key: Any) -> None:
        self.key = key

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x[self.key]

    def backward(self, dy: Array) -> Array:
        dx = empty(self.shape, dy.dtype)
        dx[...] = 0
        dx[self.key] = dy
        return dx


class Place(Operation):
    """The rows of x put into an array of ``shape``, at the different places ``key``; ``value`` elsewhere.

    The gradient is taken from the same places; what it is elsewhere, at the padding, reaches nothing.
    """

    def __init__(self, key: Any, shape: tuple[int, ...], value: float = 0.0) -> None:
        self.key, self.shape, self.value = key, shape, value

    def forward(self, x: Array) -> Array:
        y = np.full(self.shape, self.value, x.dtype)
        y[self.key] = x
        return y

    def backward(self, dy: Array) -> Array:
        return dy[self.key]
