"""C11: equal parameters, equal seconds, and the criterion's three outcomes."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from deeplearning.experiments import Metrics
from deeplearning.experiments.c11_cnn_or_dmlp import (
    EXPERIMENT,
    KINDS,
    Config,
    learn,
    material,
    network,
)


def test_the_perceptron_has_the_parameters_of_the_cnn() -> None:
    sizes = [
        sum(p.numel() for p in network(Config(), kind, torch.nn)[0].parameters())
        for kind in ("cnn", "dmlp", "large")
    ]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.001)
    assert sizes[2] > 9 * sizes[0]


def test_every_network_learns_from_the_same_images() -> None:
    config = dataclasses.replace(Config.smoke(), images=50)
    (x, y), (test_x, _) = material(config, 1)
    assert x.shape == (50, 1, 28, 28)
    assert test_x.shape == (50, 1, 28, 28)
    np.testing.assert_array_equal(y, material(config, 1)[0][1])
    assert not np.array_equal(y, material(config, 2)[0][1])


def test_a_budget_of_seconds_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock here goes one second at each look, so that an epoch takes one."""
    ticks = iter(range(1000))
    monkeypatch.setattr("time.process_time", lambda: float(next(ticks)))
    values = learn(Config.smoke(), 0, "dmlp", 4.0)
    assert (values["epochs"], values["seconds"]) == (4, 4.0)
    # Four epochs: nothing is learned before the first quarter is over, and the end is the end.
    assert len(values["curve"]) == 20
    assert len(set(values["curve"][:4])) == 1
    assert values["curve"][-1] == values["test_accuracy"]
    assert learn(dataclasses.replace(Config.smoke(), epochs=3), 0, "cnn", None)["epochs"] == 3


def metrics(**changes: Any) -> Metrics:
    values: dict[str, Any] = {}
    accuracies = {"cnn": 0.98, "dmlp": 0.95, "large": 0.96, "dmlp_epochs": 0.94}
    for kind in KINDS:
        values[f"test_accuracy_{kind}"] = accuracies[kind] + np.linspace(-0.001, 0.001, 5)
        values[f"gap_{kind}"] = np.full(5, 0.01 if kind == "cnn" else 0.04)
        values[f"seconds_to_goal_{kind}"] = np.full(5, 3.0 if kind == "cnn" else 5.0)
    return Metrics({**values, **changes})


def test_the_criterion_has_three_outcomes() -> None:
    judge = EXPERIMENT.judge
    assert judge(metrics()).outcome == "holds"
    assert "DMLP is slower" in judge(metrics()).headline
    fast = judge(metrics(seconds_to_goal_dmlp=np.full(5, 1.0)))
    assert fast.outcome == "holds partly"
    assert "DMLP is faster" in fast.headline
    assert judge(metrics(gap_dmlp=np.full(5, 0.015))).outcome == "holds partly"
    assert judge(metrics(test_accuracy_dmlp=np.full(5, 0.975))).outcome == "does not hold"


def test_a_goal_that_is_never_reached_counts_as_slow() -> None:
    never = np.full(5, np.nan)
    assert EXPERIMENT.judge(metrics(seconds_to_goal_dmlp=never)).outcome == "holds"
