"""Stage 1 and its relatives: numbers that remember, dual numbers, formulas, against each other and PyTorch."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.autograd.dual import Dual, dual, jacobian_forward
from deeplearning.autograd.scalar import Value, history, jacobian_reverse, value
from deeplearning.autograd.symbolic import (
    derivative,
    evaluate,
    operations_shared,
    operations_written,
    parts,
    variable,
)

NUMBERS = st.floats(-2, 2, allow_nan=False).filter(lambda x: abs(x) > 1e-3)
STEPS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.sampled_from("+-*tnrl")),
    min_size=1,
    max_size=10,
)


def program(values: list[Any], steps: list[tuple[int, int, str]]) -> Any:
    """A random program; constants stand on the left and on the right, values are used more than once."""
    for i, j, sign in steps:
        a, b = values[i % len(values)], values[j % len(values)]
        new = {
            "+": lambda a=a, b=b: 0.5 * (a + b),
            "-": lambda a=a, b=b: a - b,
            "*": lambda a=a, b=b: (a * b).tanh(),
            "t": lambda a=a: a.tanh(),
            "n": lambda a=a: -a,
            "r": lambda a=a: 0.25 - a,
            "l": lambda a=a: a - 0.75,
        }[sign]()
        values.append(new)
    return values[-1]


@settings(deadline=None)
@given(NUMBERS, NUMBERS, STEPS)
def test_the_four_ways_agree(a: float, b: float, steps: list[tuple[int, int, str]]) -> None:
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (a, b)]
    result = program(list(leaves), steps)
    expected = [
        0.0 if g is None else float(g)
        for g in torch.autograd.grad(result, leaves, allow_unused=True)
    ]

    values = [Value(a), Value(b)]
    last = program(list(values), steps)
    last.backward()
    assert last.data == pytest.approx(float(result.detach()), abs=1e-12)
    assert [v.grad for v in values] == pytest.approx(expected, abs=1e-10)

    for place in (0, 1):
        moved = [Dual(x, float(i == place)) for i, x in enumerate((a, b))]
        assert program(list(moved), steps).rate == pytest.approx(expected[place], abs=1e-10)

    x, y = variable("x"), variable("y")
    formula = program([x, y], steps)
    numbers = {"x": a, "y": b}
    assert evaluate(formula, numbers) == pytest.approx(float(result.detach()), abs=1e-12)
    assert evaluate(derivative(formula, x), numbers) == pytest.approx(expected[0], abs=1e-10)
    assert evaluate(derivative(formula, y), numbers) == pytest.approx(expected[1], abs=1e-10)


@settings(deadline=None)
@given(st.floats(0.1, 3))
def test_other_operations_against_pytorch(x: float) -> None:
    functions = (
        lambda v: v.exp() / v,
        lambda v: 2.0 / v.log().exp() + v**3,
        lambda v: (v - 1.0).relu() * v,
        lambda v: 1.0 - v / 4.0,
    )
    for function in functions:
        ours, theirs = Value(x), torch.tensor(x, dtype=torch.float64, requires_grad=True)
        function(ours).backward()
        function(theirs).backward()
        assert ours.grad == pytest.approx(float(theirs.grad), rel=1e-10, abs=1e-12)


def test_history_puts_users_before_what_they_use() -> None:
    x = Value(2.0)
    y = x * x
    last = (y + x) * y
    order = history(last)
    place = {id(v): i for i, v in enumerate(order)}
    assert len(order) == 4
    assert all(place[id(v)] < place[id(p)] for v in order for p in v.parents)


def test_a_chain_of_100000_values() -> None:
    x = Value(1.0)
    last = x
    for _ in range(100_000):
        last = last + 1.0
    last.backward()
    assert (last.data, x.grad) == (100_001.0, 1.0)


def test_logarithm_of_a_negative_number() -> None:
    with pytest.raises(ValueError, match="domain"):
        Value(-1.0).log()


def test_plain_numbers_are_constants() -> None:
    assert value(3).parents == ()
    assert dual(3).rate == 0
    v = Value(1.0)
    assert value(v) is v
    assert repr(v) == "Value(1, grad=0)"


def test_jacobians_agree_and_count_passes() -> None:
    weights = np.random.default_rng(0).normal(size=(3, 5))

    def f(*x: Any) -> list[Any]:
        hidden = [
            sum(w * v for w, v in zip(row, x, strict=True)).tanh() for row in weights.tolist()
        ]
        return [hidden[0] * hidden[1], hidden[2] + hidden[0]]

    point = [0.1, -0.2, 0.3, 0.4, -0.5]
    forward, columns = jacobian_forward(f, point)
    reverse, rows = jacobian_reverse(f, point)
    assert (columns, rows) == (5, 2)
    exact = torch.autograd.functional.jacobian(
        lambda x: torch.stack(
            [(h := torch.tanh(torch.tensor(weights) @ x))[0] * h[1], h[2] + h[0]]
        ),
        torch.tensor(point, dtype=torch.float64),
    )
    np.testing.assert_allclose(forward, exact, rtol=1e-12)
    np.testing.assert_allclose(reverse, exact, rtol=1e-12)


def test_jacobian_of_a_constant_output_is_zero() -> None:
    def f(a: Any, b: Any) -> list[Any]:
        return [a * b, 7.0]

    assert (
        jacobian_forward(f, [2.0, 3.0])[0]
        == jacobian_reverse(f, [2.0, 3.0])[0]
        == [[3.0, 2.0], [0.0, 0.0]]
    )


def test_formulas_are_simplified_and_shared() -> None:
    x, y = variable("x"), variable("y")
    assert x * 0 is y * 0
    for same in (x * 1, 1 * x, x + 0, 0 + x):
        assert same is x
    assert (x + y) is (x + y)
    assert (x + y) is not (y + x)
    assert derivative(y * y, x) is x * 0
    assert str(-x) == "(-1 * x)"
    assert str((x - 1).tanh()) == "tanh((x + -1))"
    both = [str(part) for part in parts(x * (x + y))]
    assert sorted(both[:2]) == ["x", "y"]
    assert both[2:] == ["(x + y)", "(x * (x + y))"]


def test_written_out_counts_every_occurrence() -> None:
    formula = variable("x")
    for number in range(1, 60):
        formula = formula * formula
        assert operations_written(formula) == 2**number - 1
        assert operations_shared(formula) == number


def test_evaluate_names_a_missing_variable() -> None:
    with pytest.raises(KeyError, match="z"):
        evaluate(variable("z") + 1, {"x": 1.0})
    assert evaluate(variable("x").tanh(), {"x": 0.5}) == math.tanh(0.5)
