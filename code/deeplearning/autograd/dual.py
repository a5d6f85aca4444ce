"""Forward mode for single numbers: derivatives that travel with the values."""

import math
from collections.abc import Callable, Sequence
from typing import Any


class Dual:
    r"""A number :math:`a` together with its rate of change :math:`\dot a` along one direction of the inputs.

    An operation computes both at once, :math:`\dot c = \frac{\partial c}{\partial a}\dot a +
    \frac{\partial c}{\partial b}\dot b`; nothing is remembered. Plain numbers are constants with :math:`\dot a = 0`.
    Source: Wengert (1964).

    >>> x = Dual(3.0, 1.0)
    >>> x * x + 2 * x
    Dual(15, 8)
    """

    def __init__(self, data: float, rate: float = 0.0) -> None:
        self.data, self.rate = float(data), float(rate)

    def __repr__(self) -> str:
        return f"Dual({self.data:.4g}, {self.rate:.4g})"

    def __add__(self, other: Any) -> "Dual":
        other = dual(other)
        return Dual(self.data + other.data, self.rate + other.rate)

    def __mul__(self, other: Any) -> "Dual":
        other = dual(other)
        return Dual(self.data * other.data, self.rate * other.data + self.data * other.rate)

    def __neg__(self) -> "Dual":
        return self * -1

    def __sub__(self, other: Any) -> "Dual":
        return self + -other

    def __rsub__(self, other: Any) -> "Dual":
        return -self + other

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self) -> "Dual":
        """Return the hyperbolic tangent."""
        y = math.tanh(self.data)
        return Dual(y, (1 - y * y) * self.rate)


def dual(x: Any) -> Dual:
    """Return ``x`` if it is a Dual, else a constant with that number.

    >>> dual(2)
    Dual(2, 0)
    """
    return x if isinstance(x, Dual) else Dual(x)


def jacobian_forward(
    f: Callable[..., list[Any]], x: Sequence[float]
) -> tuple[list[list[float]], int]:
    r"""Return :math:`J_{ij} = \partial f_i/\partial x_j` by forward mode, and how many passes it took.

    ``f`` takes n numbers and returns a list of m. Each pass moves one input and gives a column, so there are n.

    >>> jacobian_forward(lambda a, b: [a * b], [2.0, 5.0])
    ([[5.0, 2.0]], 2)
    """
    columns = []
    for j in range(len(x)):
        results = f(*[Dual(number, float(i == j)) for i, number in enumerate(x)])
        columns.append([dual(y).rate for y in results])
    return [list(row) for row in zip(*columns, strict=True)], len(columns)
