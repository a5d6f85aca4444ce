"""The tensor's mathematics: operators and methods, each one operation."""

import math
from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from deeplearning.autograd.operations import arithmetic, elementwise, linear, loss, reduction, shape
from deeplearning.autograd.operations.reduction import Dim

if TYPE_CHECKING:
    from deeplearning.autograd.tensor import Tensor


def plain(value: Any) -> Any:
    """Return the array of a tensor, also inside the tuple of an index; anything else as it is."""
    if isinstance(value, tuple):
        return tuple(plain(v) for v in value)
    return getattr(value, "_array", value)


class Methods:
    """What can be computed with a tensor; every result is a new tensor."""

    __slots__ = ()
    _apply: ClassVar[Callable[..., "Tensor"]]

    # Arithmetic, with broadcasting; a number or an array is a constant.

    def __add__(self, other: Any) -> "Tensor":
        return self._apply(arithmetic.Add(), self, other)

    def __radd__(self, other: Any) -> "Tensor":
        return self._apply(arithmetic.Add(), other, self)

    def __sub__(self, other: Any) -> "Tensor":
        return self._apply(arithmetic.Subtract(), self, other)

    def __rsub__(self, other: Any) -> "Tensor":
        return self._apply(arithmetic.Subtract(), other, self)

    def __mul__(self, other: Any) -> "Tensor":
        return self._apply(arithmetic.Multiply(), self, other)

    def __rmul__(self, other: Any) -> "Tensor":
        return self._apply(arithmetic.Multiply(), other, self)

    def __truediv__(self, other: Any) -> "Tensor":
        return self._apply(arithmetic.Divide(), self, other)

    def __rtruediv__(self, other: Any) -> "Tensor":
        return self._apply(arithmetic.Divide(), other, self)

    def __pow__(self, exponent: float) -> "Tensor":
        if not isinstance(exponent, Real):
            raise TypeError(
                f"**: the exponent is a {type(exponent).__name__}; only constant exponents are differentiated: "
                "give a number, or write (x.log() * p).exp()"
            )
        constant = exponent.item() if isinstance(exponent, np.generic) else exponent  # see apply()
        return self._apply(arithmetic.Power(constant), self)

    def __neg__(self) -> "Tensor":
        return self._apply(arithmetic.Negative(), self)

    def __matmul__(self, other: Any) -> "Tensor":
        return self._apply(linear.MatMul(), self, other)

    def __rmatmul__(self, other: Any) -> "Tensor":
        return self._apply(linear.MatMul(), other, self)

    # Comparison, element by element: booleans, which have no gradient.

    def _compare(self, function: np.ufunc, other: Any) -> "Tensor":
        return self._wrap(function(self._array, plain(other)))  # type: ignore[attr-defined]

    def __eq__(self, other: object) -> "Tensor":  # type: ignore[override]
        return self._compare(np.equal, other)

    def __ne__(self, other: object) -> "Tensor":  # type: ignore[override]
        return self._compare(np.not_equal, other)

    def __lt__(self, other: Any) -> "Tensor":
        return self._compare(np.less, other)

    def __le__(self, other: Any) -> "Tensor":
        return self._compare(np.less_equal, other)

    def __gt__(self, other: Any) -> "Tensor":
        return self._compare(np.greater, other)

    def __ge__(self, other: Any) -> "Tensor":
        return self._compare(np.greater_equal, other)

    def __hash__(
        self,
    ) -> int:  # == compares elements, so identity is what sets and dictionaries go by
        return id(self)

    def argmax(self, dim: int | None = None) -> "Tensor":
        """Return where the largest element stands, an integer tensor without gradient."""
        return self._wrap(self._array.argmax(axis=dim))  # type: ignore[attr-defined]

    # Functions of each element.

    def exp(self) -> "Tensor":
        """Return e to the power of each element."""
        return self._apply(elementwise.Exp(), self)

    def log(self) -> "Tensor":
        """Return the natural logarithm of each element."""
        return self._apply(elementwise.Log(), self)

    def sqrt(self) -> "Tensor":
        """Return the square root of each element."""
        return self._apply(elementwise.Sqrt(), self)

    def abs(self) -> "Tensor":
        """Return each element without its sign."""
        return self._apply(elementwise.Absolute(), self)

    def tanh(self) -> "Tensor":
        """Return the hyperbolic tangent of each element."""
        return self._apply(elementwise.Tanh(), self)

    def sigmoid(self) -> "Tensor":
        """Return the logistic function 1 / (1 + e⁻ˣ) of each element."""
        return self._apply(elementwise.Sigmoid(), self)

    def relu(self) -> "Tensor":
        """Return each element, or 0 where it is negative."""
        return self._apply(elementwise.ReLU(), self)

    def softmax(self, dim: int) -> "Tensor":
        """Return positive numbers that sum to 1 along ``dim``, in the ratio of the elements' exponentials."""
        return self._apply(loss.Softmax(dim), self)

    def log_softmax(self, dim: int) -> "Tensor":
        """Return the logarithm of the softmax along ``dim``, safe where the softmax itself underflows."""
        return self._apply(loss.LogSoftmax(dim), self)

    # Reductions over ``dim``: one axis, several, or all.

    def sum(self, dim: Dim = None, keepdim: bool = False) -> "Tensor":
        """Return the sum."""
        return self._apply(reduction.Sum(dim, keepdim), self)

    def mean(self, dim: Dim = None, keepdim: bool = False) -> "Tensor":
        """Return the mean."""
        return self._apply(reduction.Mean(dim, keepdim), self)

    def max(self, dim: Dim = None, keepdim: bool = False) -> "Tensor":
        """Return the largest element (its value only, as ``torch.amax``)."""
        return self._apply(reduction.Extremum("max", dim, keepdim), self)

    def min(self, dim: Dim = None, keepdim: bool = False) -> "Tensor":
        """Return the smallest element (its value only, as ``torch.amin``)."""
        return self._apply(reduction.Extremum("min", dim, keepdim), self)

    # Shape.

    def __getitem__(self, key: Any) -> "Tensor":
        return self._apply(shape.Index(plain(key)), self)

    def reshape(self, *dims: Any) -> "Tensor":
        """Return the elements in another shape; one length may be -1, found from the others."""
        return self._apply(shape.Reshape(_unpack(dims)), self)

    def flatten(self, start_dim: int = 0) -> "Tensor":
        """Return the tensor with all axes from ``start_dim`` on made one."""
        dims = self._array.shape  # type: ignore[attr-defined]
        start = normalize_axis_index(start_dim, max(len(dims), 1))
        return self.reshape(*dims[:start], math.prod(dims[start:]))

    def permute(self, *dims: Any) -> "Tensor":
        """Return the tensor with its axes in the order ``dims``."""
        return self._apply(shape.Permute(_unpack(dims)), self)

    def transpose(self, dim0: int, dim1: int) -> "Tensor":
        """Return the tensor with two axes exchanged."""
        dims = list(range(self._array.ndim))  # type: ignore[attr-defined]
        a, b = normalize_axis_index(dim0, len(dims)), normalize_axis_index(dim1, len(dims))
        dims[a], dims[b] = b, a
        return self.permute(*dims)


def _unpack(dims: tuple[Any, ...]) -> tuple[int, ...]:
    """Accept both ``f(2, 3)`` and ``f((2, 3))``."""
    return tuple(dims[0]) if len(dims) == 1 and isinstance(dims[0], tuple | list) else dims
