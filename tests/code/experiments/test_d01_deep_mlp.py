"""D1: the cases, what a run returns, and the criterion."""

import dataclasses

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.d01_deep_mlp import EXPERIMENT, SETS, Config, cases, gain, run


def test_every_depth_on_both_sets_and_depth_0_is_softmax_regression() -> None:
    assert list(cases(Config())) == [f"{name}_{k}" for name in ("fashion", "mnist") for k in range(5)]  # fmt: skip
    config = dataclasses.replace(Config.smoke(), epochs=(1,))
    assert len(run(config, 0, "mnist_0")["train_loss_mnist_0"]) == 1


def test_a_run_repeats_and_depends_on_its_seed() -> None:
    config = Config.smoke()
    first, again, other = (run(config, seed, "fashion_2") for seed in (0, 0, 1))
    assert first["train_loss_fashion_2"] == again["train_loss_fashion_2"]
    assert first["train_loss_fashion_2"] != other["train_loss_fashion_2"]


def made_up(fashion: list[float], mnist: list[float], spread: float = 0.001) -> Metrics:
    """Accuracies of depths 0 … 4 on each set, the same spread in every seed but for depth 0."""
    jitter = np.array([-1.0, 1.0, 0.0, -1.0, 1.0]) * spread
    return Metrics(
        {
            f"test_accuracy_{name}_{depth}": np.full(5, level) + (jitter if depth else 0)
            for name, levels in (("fashion", fashion), ("mnist", mnist))
            for depth, level in enumerate(levels)
        }
    )


GOOD = [0.84, 0.88, 0.88, 0.88, 0.88]


@pytest.mark.parametrize(
    ("fashion", "mnist", "outcome"),
    [
        (GOOD, GOOD, "holds"),
        (GOOD, [0.92, 0.97, 0.97, 0.97, 0.93], "holds partly"),  # four layers: one point only
        ([0.84, 0.88, 0.88, 0.10, 0.88], [0.92, 0.97, 0.10, 0.97, 0.97], "does not hold"),
        ([0.84, 0.10, 0.88, 0.88, 0.88], GOOD, "holds"),  # one hidden layer is not judged
    ],
)
def test_criterion(fashion: list[float], mnist: list[float], outcome: str) -> None:
    assert EXPERIMENT.judge(made_up(fashion, mnist)).outcome == outcome


def test_a_gain_within_the_noise_does_not_count() -> None:
    # Four points on average, but less than three standard errors.
    assert EXPERIMENT.judge(made_up(GOOD, GOOD, spread=0.06)).outcome == "does not hold"
    mean, error = gain(made_up(GOOD, GOOD, spread=0.01), "mnist", 2)
    assert mean == pytest.approx(0.04)
    assert error == pytest.approx(0.01 / 5**0.5)


def test_both_sets_are_judged() -> None:
    assert set(SETS) == {"fashion", "mnist"}
    headline = EXPERIMENT.judge(made_up(GOOD, GOOD)).headline
    assert "Fashion-MNIST" in headline
    assert " on MNIST" in headline
