"""F1: the training with its two learning rates, and the criterion."""

import numpy as np
import pytest

from deeplearning.engines import get
from deeplearning.experiments import Metrics
from deeplearning.experiments.f01_softmax_fashion import Config, criterion, train
from deeplearning.training import accuracy, predict


def test_training_learns_and_repeats() -> None:
    generator = np.random.default_rng(0)
    y = generator.integers(0, 10, 400)
    x = (np.eye(10)[y] + 0.1 * generator.normal(size=(400, 10))).astype(np.float32)
    config = Config(epochs=6, calm_epochs=2)
    model, seconds = train(x, y, 0.1, 32, config, seed=0)
    again, _ = train(x, y, 0.1, 32, config, seed=0)
    assert len(seconds) == 6
    assert accuracy(predict(model, x, get("numpy")), y) > 0.99
    np.testing.assert_array_equal(model.weight.numpy(), again.weight.numpy())


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ([0.84, 0.841, 0.842], "holds"),
        ([0.82, 0.84, 0.86], "holds partly"),
        ([0.834, 0.835, 0.835], "does not hold"),
    ],
)
def test_criterion(values: list[float], outcome: str) -> None:
    assert (
        criterion(Metrics({"test_accuracy": values, "seconds_per_epoch": [1.0] * 3})).outcome
        == outcome
    )
