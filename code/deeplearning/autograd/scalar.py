"""Stage 1 of the engine: reverse mode for single numbers."""

import math
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

created = count()


class Value:
    r"""A number that remembers the numbers it was computed from, and its derivatives with respect to them.

    If :math:`v = f(p_1, p_2, \dots)`, then ``v.parents`` are :math:`p_1, p_2, \dots` and ``v.derivatives`` the
    numbers :math:`\partial v/\partial p_i`, known as soon as :math:`v` is. :meth:`backward` on the last value
    :math:`L` leaves :math:`\partial L/\partial v` in the ``grad`` of every value. Plain numbers are constants.

    >>> x = Value(3.0)
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> y.data, x.grad
    (15.0, 8.0)
    """

    def __init__(
        self, data: float, parents: Sequence["Value"] = (), derivatives: Sequence[float] = ()
    ) -> None:
        self.data = float(data)
        self.grad = 0.0
        self.parents, self.derivatives = parents, derivatives
        self.order = next(created)

    def __repr__(self) -> str:
        return f"Value({self.data:.4g}, grad={self.grad:.4g})"

    def __add__(self, other: Any) -> "Value":
        other = value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> "Value":
        other = value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent: float) -> "Value":
        return Value(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def exp(self) -> "Value":
        """Return e to the power of this value."""
        y = math.exp(self.data)
        return Value(y, (self,), (y,))

    def log(self) -> "Value":
        """Return the natural logarithm; ``ValueError`` for numbers that have none."""
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def tanh(self) -> "Value":
        """Return the hyperbolic tangent."""
        y = math.tanh(self.data)
        return Value(y, (self,), (1 - y * y,))

    def relu(self) -> "Value":
        """Return the value, or 0 if it is negative."""
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    # Everything else is made of the above.

    def __neg__(self) -> "Value":
        return self * -1

    def __sub__(self, other: Any) -> "Value":
        return self + -other

    def __rsub__(self, other: Any) -> "Value":
        return -self + other

    def __truediv__(self, other: Any) -> "Value":
        return self * value(other) ** -1

    def __rtruediv__(self, other: Any) -> "Value":
        return value(other) * self**-1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        r"""Add :math:`\partial L/\partial v` to the ``grad`` of every value that this one, :math:`L`, depends on."""
        self.grad = 1.0
        for v in history(self):
            for parent, derivative in zip(v.parents, v.derivatives, strict=True):
                parent.grad += v.grad * derivative


def value(x: Any) -> Value:
    """Return ``x`` if it is a Value, else a constant with that number.

    >>> value(2)
    Value(2, grad=0)
    """
    return x if isinstance(x, Value) else Value(x)


def history(last: Value) -> list[Value]:
    """Return every value that ``last`` depends on, and itself, latest first: each comes before its parents.

    >>> x = Value(1.0)
    >>> [v.data for v in history((x + 1) * 3)]
    [6.0, 3.0, 2.0, 1.0, 1.0]
    """
    found, stack = {last}, [last]
    while stack:
        for parent in stack.pop().parents:
            if parent not in found:
                found.add(parent)
                stack.append(parent)
    return sorted(found, key=lambda v: v.order, reverse=True)


def jacobian_reverse(
    f: Callable[..., list[Any]], x: Sequence[float]
) -> tuple[list[list[float]], int]:
    r"""Return :math:`J_{ij} = \partial f_i/\partial x_j` by reverse mode, and how many passes it took.

    ``f`` takes n numbers and returns a list of m. Each backward pass gives a row, so there are m.

    >>> jacobian_reverse(lambda a, b: [a * b], [2.0, 5.0])
    ([[5.0, 2.0]], 1)
    """
    inputs = [Value(number) for number in x]
    rows = []
    for result in map(value, f(*inputs)):
        for v in [*inputs, *history(result)]:
            v.grad = 0.0
        result.backward()
        rows.append([v.grad for v in inputs])
    return rows, len(rows)
