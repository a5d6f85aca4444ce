"""D9: what the contenders are, what a seed draws, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.d09_depth import (
    CONTENDERS,
    EXPERIMENT,
    SETS,
    Config,
    draw,
    error,
    select,
    train,
)
from deeplearning.models import mlp


@pytest.mark.parametrize(
    ("name", "parameters"), [("wide_20", 81), ("wide_38", 153), ("deep_10_10", 151)]
)
def test_contenders_have_the_parameters_that_the_chapter_states(name: str, parameters: int) -> None:
    assert sum(p.size for p in mlp([2, *CONTENDERS[name], 1]).parameters()) == parameters


@pytest.mark.parametrize("name", SETS)
def test_the_four_sets_of_a_seed_are_different_points(name: str) -> None:
    config = Config(points=50, validation=50, test=50, neighbours_among=50)
    sets = draw(name, config, 0) + draw(name, config, 1)
    for i, (x, y) in enumerate(sets):
        assert x.shape == (50, 2)
        assert set(np.unique(y)) == {0.0, 1.0}
        assert all(not np.array_equal(x, other) for other, _ in sets[:i])


def test_training_repeats_and_beats_guessing() -> None:
    config = Config(epochs=40)
    x, y = draw("moons", config, 3)[0]
    first, second = (train((10, 10), x, y, 0.1, config, 3) for _ in range(2))
    assert error(first, x, y) == error(second, x, y) < 0.2


def test_a_rate_at_which_training_diverges_is_not_chosen() -> None:
    config = Config(rates=(1e30, 0.1), epochs=4)
    train_set, validation, *_ = draw("moons", config, 0)
    with np.errstate(all="ignore"):
        assert select((20,), train_set, validation, config, 0)[1] == 0.1


def judged(spirals: float, moons: float) -> str:
    """The outcome if the deep network is better than both others by these differences, on average over 10 seeds."""
    jitter = np.linspace(-0.01, 0.01, 10)
    metrics = {}
    for name, gain in (("spirals", spirals), ("moons", moons)):
        metrics |= {
            f"test_error_{name}_{rival}": 0.1 + gain + jitter for rival in ("wide_20", "wide_38")
        }
        metrics[f"test_error_{name}_deep_10_10"] = np.full(10, 0.1)
    return EXPERIMENT.judge(Metrics(metrics)).outcome


def test_the_criterion_has_three_outcomes_and_heeds_the_spread() -> None:
    assert judged(0.02, 0.02) == "holds"
    assert judged(0.02, 0.0) == "holds partly"
    assert judged(0.0, 0.0) == "does not hold"
    assert judged(-0.02, -0.02) == "does not hold"
    assert judged(0.002, 0.002) == "does not hold"  # better on average, within the noise
