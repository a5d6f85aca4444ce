"""B1: the gradient that is timed is the right one, operations are counted rightly, and the criterion can fail."""

import numpy as np
import pytest

from deeplearning import engines
from deeplearning.experiments import b01_cheap_gradient as b1
from deeplearning.records import Metrics


@pytest.mark.parametrize("name", b1.ENGINES)
def test_differences_agree_with_the_gradient(name: str) -> None:
    contender = b1.Contender(engines.get(name), 4, 8, np.random.default_rng(0))
    assert contender.count == 4 * 4 + 4 + 4 * 4 + 4 + 4 * 10 + 10
    before = contender.value()
    differences = [contender.difference(number) for number in range(contender.count)]
    np.testing.assert_allclose(differences, contender.backward_gradient(), rtol=1e-5, atol=1e-8)
    assert contender.value() == before  # every parameter is put back


def test_both_engines_compute_the_same() -> None:
    ours, theirs = (
        b1.Contender(engines.get(name), 5, 8, np.random.default_rng(1)) for name in b1.ENGINES
    )
    assert ours.value() == pytest.approx(theirs.value(), rel=1e-12)
    np.testing.assert_allclose(
        ours.backward_gradient(), theirs.backward_gradient(), rtol=1e-9, atol=1e-12
    )


def test_counts_of_one_neuron() -> None:
    # t = tanh(w * x), and its derivative is (1 + -1 * (t * t)) * x
    network, written, shared, reverse = b1.swell(width=1, depth=1)
    assert network == 2
    assert shared == 2 + 4  # t, then t * t, the factor -1, the sum, the factor x
    assert written == 2 * 2 + 4  # t occurs twice
    assert reverse >= 3  # an edge each for w, x and the hyperbolic tangent


def test_slope_of_a_power() -> None:
    x = np.array([10.0, 100.0, 1000.0])
    assert b1.slope(x, 3 * x**1.5) == pytest.approx(1.5)


def metrics(**changes: list) -> Metrics:
    values: dict = {
        "parameters": [100.0, 1000.0],
        "operations_written": [10, 30, 90],
        "operations_reverse": [5, 9, 13],
    }
    for name in b1.ENGINES:
        values |= {
            f"{name}_gradient_ratio": [2.0, 2.0], f"{name}_gradient_slope": 0.0, f"{name}_differences_slope": 1.0
        }  # fmt: skip
    return Metrics.from_seeds([values | changes] * 5)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "holds"),
        ({"torch_gradient_ratio": [5.1, 2.0]}, "holds partly"),
        ({"numpy_gradient_slope": 0.2}, "holds partly"),
        ({"numpy_gradient_ratio": [6.0, 2.0], "torch_gradient_ratio": [6.0, 2.0]}, "does not hold"),
        ({"numpy_differences_slope": 0.7}, "does not hold"),
        ({"operations_written": [10, 15, 30]}, "does not hold"),
        ({"operations_reverse": [5, 9, 17]}, "does not hold"),
    ],
)
def test_criterion(changes: dict, outcome: str) -> None:
    assert b1.criterion(metrics(**changes)).outcome == outcome
