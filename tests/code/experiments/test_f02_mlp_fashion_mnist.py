"""F2: what the run returns hangs together, and the criterion."""

import dataclasses

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.f02_mlp_fashion_mnist import EXPERIMENT, Config, run


def test_the_numbers_of_a_run_hang_together() -> None:
    metrics = run(Config.smoke(), 0)
    confusion = np.asarray(metrics["confusion"])
    assert confusion.sum() == 300
    assert metrics["test_accuracy"] == pytest.approx(np.trace(confusion) / 300)
    assert np.asarray(metrics["class_accuracy"]) == pytest.approx(
        np.diag(confusion) / confusion.sum(axis=1)
    )
    assert len(np.asarray(metrics["train_loss"])) == 1


def test_validation_trains_on_the_first_50000_images_and_judges_on_the_rest() -> None:
    config = dataclasses.replace(Config.smoke(), images=60_000, validation=True, hidden=(4,))
    assert np.asarray(run(config, 0)["confusion"]).sum() == 10_000


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ([0.89, 0.891, 0.892], "holds"),
        (
            [0.88, 0.885, 0.895],
            "holds partly",
        ),  # the mean is above, less two standard errors it is not
        ([0.88, 0.881, 0.882], "does not hold"),
        ([0.8833, 0.8833, 0.8833], "does not hold"),  # equal is not better
    ],
)
def test_criterion(values: list[float], outcome: str) -> None:
    assert EXPERIMENT.judge(Metrics({"test_accuracy": np.array(values)})).outcome == outcome
