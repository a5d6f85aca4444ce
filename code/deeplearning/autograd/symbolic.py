"""Symbolic differentiation: formulas in, formulas out."""

import math
from collections.abc import Mapping
from typing import Any


class Expression:
    """A formula: a number, a variable, or an operation (``+``, ``*``, ``tanh``) on formulas.

    Formulas do not change, and equal ones are one object, so that what is shared can be counted. Adding 0 and
    multiplying by 0 or 1 are simplified away, as any computer algebra system would do.

    >>> x = variable("x")
    >>> y = x * x + 3 * x
    >>> str(y), str(derivative(y, x))
    ('((x * x) + (3 * x))', '((x + x) + 3)')
    """

    __slots__ = ("head", "operands")
    known: dict[tuple[Any, ...], "Expression"] = {}  # every formula that there is, by its parts

    head: Any  # "+", "*", "tanh", a variable's name, or a number
    operands: tuple["Expression", ...]

    def __new__(cls, head: Any, *operands: "Expression") -> "Expression":
        key = (head, *operands)
        if key not in cls.known:
            new = cls.known[key] = super().__new__(cls)
            new.head, new.operands = head, operands
        return cls.known[key]

    def __str__(self) -> str:
        if len(self.operands) == 2:
            return f"({self.operands[0]} {self.head} {self.operands[1]})"
        return f"{self.head}({self.operands[0]})" if self.operands else str(self.head)

    def __add__(self, other: Any) -> "Expression":
        other = expression(other)
        if self.head == 0:
            return other
        return self if other.head == 0 else Expression("+", self, other)

    def __mul__(self, other: Any) -> "Expression":
        other = expression(other)
        if self.head == 0 or other.head == 1:
            return self
        return other if other.head == 0 or self.head == 1 else Expression("*", self, other)

    def __radd__(self, other: Any) -> "Expression":
        return expression(other) + self

    def __rmul__(self, other: Any) -> "Expression":
        return expression(other) * self

    def __neg__(self) -> "Expression":
        return -1 * self

    def __sub__(self, other: Any) -> "Expression":
        return self + -expression(other)

    def __rsub__(self, other: Any) -> "Expression":
        return expression(other) - self

    def tanh(self) -> "Expression":
        """Return the formula of the hyperbolic tangent."""
        return Expression("tanh", self)


def expression(x: Any) -> Expression:
    """Return ``x`` if it is a formula, else the formula of that number.

    >>> str(expression(2))
    '2'
    """
    return x if isinstance(x, Expression) else Expression(x)


def variable(name: str) -> Expression:
    """Return the variable of that name.

    >>> variable("x") is variable("x")
    True
    """
    return Expression(name)


def parts(formula: Expression) -> list[Expression]:
    """Return the formula and everything in it, each once, parts before wholes.

    >>> [str(p) for p in parts(variable("x") * variable("x"))]
    ['x', '(x * x)']
    """
    order: dict[Expression, None] = {}
    stack = [(formula, False)]
    while stack:
        part, ready = stack.pop()
        if ready:
            order[part] = None
        elif part not in order:
            stack.append((part, True))
            stack += [(operand, False) for operand in part.operands]
    return list(order)


def derivative(formula: Expression, x: Expression) -> Expression:
    r"""Return the formula of :math:`\partial/\partial x`, by the rules for sum, product and chain.

    >>> x = variable("x")
    >>> str(derivative(x.tanh(), x))
    '(1 + (-1 * (tanh(x) * tanh(x))))'
    """
    found: dict[Expression, Expression] = {}
    for part in parts(formula):
        d = [found[operand] for operand in part.operands]
        if not part.operands:
            found[part] = expression(1 if part is x else 0)
        elif part.head == "+":
            found[part] = d[0] + d[1]
        elif part.head == "*":
            found[part] = d[0] * part.operands[1] + part.operands[0] * d[1]
        else:
            found[part] = (1 - part * part) * d[0]
    return found[formula]


def operations_written(formula: Expression) -> int:
    """Return how many operations the formula has when written out on one line.

    >>> a = variable("x") * variable("x")
    >>> operations_written(a + a)
    3
    """
    count: dict[Expression, int] = {}
    for part in parts(formula):
        count[part] = sum(count[operand] for operand in part.operands) + bool(part.operands)
    return count[formula]


def operations_shared(formula: Expression) -> int:
    """Return how many operations it takes if every part is computed once and given a name.

    >>> a = variable("x") * variable("x")
    >>> operations_shared(a + a)
    2
    """
    return sum(bool(part.operands) for part in parts(formula))


def evaluate(formula: Expression, numbers: Mapping[str, float]) -> float:
    """Return the formula's value; ``KeyError`` names a variable that has no number.

    >>> x = variable("x")
    >>> evaluate(x * x + 1, {"x": 3.0})
    10.0
    """
    found: dict[Expression, float] = {}
    for part in parts(formula):
        v = [found[operand] for operand in part.operands]
        if not part.operands:
            found[part] = numbers[part.head] if isinstance(part.head, str) else part.head
        elif part.head == "tanh":
            found[part] = math.tanh(v[0])
        else:
            found[part] = v[0] + v[1] if part.head == "+" else v[0] * v[1]
    return found[formula]
