"""Arithmetic with broadcasting: + - * / ** and the minus sign."""

from typing import Any

import numpy as np

from deeplearning.autograd.operation import Array, Operation, unbroadcast


class _Broadcasting(Operation):
    """An operation of two operands whose shapes are matched by repeating axes of length 1."""

    def _shapes(self, a: Any, b: Any) -> None:
        self.shape_a, self.shape_b = np.shape(a), np.shape(b)
        if self.shape_a != self.shape_b:
            try:
                np.broadcast_shapes(self.shape_a, self.shape_b)
            except ValueError:
                raise ValueError(
                    f"{self.name}: shapes {self.shape_a} and {self.shape_b} do not broadcast; counted from the last "
                    "axis, lengths must be equal or one of them 1: reshape one operand"
                ) from None


class Add(_Broadcasting):
    r""":math:`y = a + b`, so :math:`\partial y/\partial a = \partial y/\partial b = 1`."""

    def forward(self, a: Any, b: Any) -> Array:
        self._shapes(a, b)
        return np.add(a, b)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        return unbroadcast(dy, self.shape_a), unbroadcast(dy, self.shape_b)


class Subtract(_Broadcasting):
    r""":math:`y = a - b`, so :math:`\partial y/\partial a = 1` and :math:`\partial y/\partial b = -1`."""

    def forward(self, a: Any, b: Any) -> Array:
        self._shapes(a, b)
        return np.subtract(a, b)

    def backward(self, dy: Array) -> tuple[Array, Array | None]:
        db = -unbroadcast(dy, self.shape_b) if self.needs[1] else None
        return unbroadcast(dy, self.shape_a), db


class Multiply(_Broadcasting):
    r""":math:`y = a b`, so :math:`\partial y/\partial a = b` and :math:`\partial y/\partial b = a`."""

    def forward(self, a: Any, b: Any) -> Array:
        self._shapes(a, b)
        self.a = a if self.needs[1] else None
        self.b = b if self.needs[0] else None
        return np.multiply(a, b)

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        da = unbroadcast(dy * self.b, self.shape_a) if self.needs[0] else None
        db = unbroadcast(dy * self.a, self.shape_b) if self.needs[1] else None
        return da, db


class Divide(_Broadcasting):
    r""":math:`y = a / b`, so :math:`\partial y/\partial a = 1/b` and :math:`\partial y/\partial b = -a/b^2`."""

    def forward(self, a: Any, b: Any) -> Array:
        self._shapes(a, b)
        self.a, self.b = a if self.needs[1] else None, b
        return np.divide(a, b)

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        da = unbroadcast(dy / self.b, self.shape_a) if self.needs[0] else None
        db = unbroadcast(-dy * (self.a / self.b / self.b), self.shape_b) if self.needs[1] else None
        return da, db


class Power(Operation):
    r""":math:`y = x^p` for a constant exponent, so :math:`\partial y/\partial x = p\,x^{p-1}`."""

    def __init__(self, exponent: float) -> None:
        self.exponent = exponent

    def forward(self, x: Array) -> Array:
        self.x = x
        return x**self.exponent

    def backward(self, dy: Array) -> Array:
        if self.exponent == 0:
            return np.zeros_like(dy)  # the general formula would give 0 · x⁻¹, undefined at x = 0
        return dy * self.exponent * self.x ** (self.exponent - 1)


class Negative(Operation):
    r""":math:`y = -x`, so :math:`\partial y/\partial x = -1`."""

    def forward(self, x: Array) -> Array:
        return -x

    def backward(self, dy: Array) -> Array:
        return -dy
