"""F4: a run repeats, and the criterion."""

import numpy as np

from deeplearning.experiments import Metrics
from deeplearning.experiments.f04_lenet_fashion import BAR, EXPERIMENT, PUBLISHED, Config, run


def test_a_run_repeats_and_seeds_differ() -> None:
    losses = [run(Config.smoke(), seed)["train_loss"] for seed in (0, 0, 1)]
    assert losses[0] == losses[1] != losses[2]


def judged(values: list[float]) -> str:
    return EXPERIMENT.judge(Metrics({"test_accuracy": np.array(values)})).outcome


def test_the_criterion_has_three_outcomes() -> None:
    assert judged([0.908, 0.909, 0.907]) == "holds"
    assert judged([BAR] * 3) == "holds"
    assert judged([0.903, 0.910, 0.904]) == "holds partly"
    assert judged([0.904, 0.9045, 0.904]) == "does not hold"


def test_the_bar_lies_in_the_published_range() -> None:
    assert PUBLISHED[0] < BAR < PUBLISHED[1]
