"""N7: the two neurons, and what counts as equal."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.n07_step_or_sigmoid import (
    SETS,
    Config,
    criterion,
    halves,
    sigmoid,
    step,
    train,
)


@pytest.mark.parametrize("z", [-800.0, -1.0, 0.0, 2.5, 800.0])
def test_activations(z: float) -> None:
    assert step(z) == (z > 0)
    assert sigmoid(z) == pytest.approx(1 / (1 + np.exp(-min(max(z, -700), 700))))


@pytest.mark.parametrize("activation", [step, sigmoid])
def test_separable_samples_are_learned(activation) -> None:
    x = np.array([[-3.0], [-2.0], [2.0], [3.0]])
    y = np.array([0.0, 0.0, 1.0, 1.0])
    curve = train(activation, (x, y, x, y), Config(epochs=10), seed=0)
    assert len(curve) == 10
    assert curve[-1] == 1


def test_halves_share_nothing_and_are_scaled_by_the_first() -> None:
    x = np.arange(20.0).reshape(10, 2)
    learn_x, learn_y, test_x, test_y = halves(x, np.arange(10), np.random.default_rng(0))
    assert sorted([*learn_y, *test_y]) == list(range(10))
    np.testing.assert_allclose(learn_x.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(learn_x.std(axis=0), 1)
    slope = (test_x[1] - test_x[0]) / (test_y[1] - test_y[0])
    np.testing.assert_allclose(slope, (learn_x[1] - learn_x[0]) / (learn_y[1] - learn_y[0]))


def metrics(differences: dict[str, float], wobble: float = 0.0) -> Metrics:
    values = {}
    for name in SETS:
        for kind, gain in (("step", 0.0), ("sigmoid", differences.get(name, 0.0))):
            values[f"{name}_{kind}_accuracy"] = [0.9 + gain, 0.91 + gain]
            values[f"{name}_{kind}_wobble"] = [wobble if kind == "step" else 0.0] * 2
    return Metrics(values)


def test_criterion() -> None:
    assert criterion(metrics({})).outcome == "holds"
    assert criterion(metrics({"far": 0.05})).outcome == "holds partly"
    assert (
        criterion(metrics({"far": 0.05, "overlapping": -0.05, "cancer": 0.02})).outcome
        == "does not hold"
    )
    assert criterion(metrics({}, wobble=0.05)).outcome == "does not hold"
