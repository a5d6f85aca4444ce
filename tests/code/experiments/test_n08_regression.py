"""N8: how coefficients are compared, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.n08_regression import count, criterion, distance
from deeplearning.models import logistic_regression, mlp


def test_distance_is_relative_to_the_largest_coefficient() -> None:
    weight, bias = np.array([[1.0, -4.0]]), np.array([2.0])
    assert distance((weight, bias), (weight, bias)) == 0
    assert distance((np.array([[1.0, -3.8]]), bias), (weight, bias)) == pytest.approx(0.05)
    assert distance((weight, bias - 1), (weight, bias)) == pytest.approx(0.25)


def test_count_of_parameters() -> None:
    assert count(logistic_regression(2)) == 3
    assert count(mlp([2, 32, 1])) == 2 * 32 + 32 + 32 + 1


def metrics(difference: float, identity: list[float]) -> Metrics:
    same = {f"{name}_difference": [1e-6, difference] for name in ("linear", "logistic", "softmax")}
    accuracy = {
        "one_layer_accuracy": [0.8, 0.9],
        "identity_mlp_accuracy": identity,
        "tanh_mlp_accuracy": [1.0, 1.0],
    }
    return Metrics(same | accuracy)


@pytest.mark.parametrize(
    ("difference", "identity", "outcome"),
    [
        (1e-4, [0.85, 0.95], "holds"),
        (1e-4, [0.8, 0.9], "holds partly"),
        (1e-4, [0.8, 0.99], "holds partly"),  # a gain within 2 standard errors is none
        (1e-2, [0.85, 0.95], "holds partly"),
        (1e-2, [0.7, 0.9], "does not hold"),
    ],
)
def test_criterion(difference: float, identity: list[float], outcome: str) -> None:
    assert criterion(metrics(difference, identity)).outcome == outcome
