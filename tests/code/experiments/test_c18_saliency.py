"""C18: orders, the rank correlation against SciPy's, and the criterion."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from deeplearning.experiments import Metrics
from deeplearning.experiments.c18_saliency import (
    BASELINES,
    EXPERIMENT,
    MAPS,
    Config,
    network,
    order,
    rank_correlation,
)


def test_rank_correlation_is_spearmans_mean_over_images() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 5, (3, 4, 4)).astype(float)  # with ties
    b = a + rng.standard_normal(a.shape)
    expected = [
        spearmanr(one.ravel(), other.ravel()).statistic for one, other in zip(a, b, strict=True)
    ]
    assert rank_correlation(a, b) == pytest.approx(np.mean(expected))
    assert rank_correlation(a, np.ones_like(a)) == 0


def test_orders_that_know_nothing_of_the_network() -> None:
    x = np.zeros((1, 1, 5, 5), np.float32)
    x[0, 0, 2:, 3:] = np.linspace(0.5, 1, 6).reshape(3, 2)
    named = np.zeros(1, int)
    brightest = order("brightest", Config(), None, x, named, 0.0, seed=0)
    assert np.argsort(-brightest.ravel())[:6].tolist() == [24, 23, 19, 18, 14, 13]
    edges = order("edges", Config(), None, x, named, 0.0, seed=0)
    assert edges[0, 4, 0] < 1e-5 < 0.2 < edges[0, 1, 3]
    first, again, other = (
        order("random", Config(), None, x, named, 0.0, seed=s) for s in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("kind", MAPS)
def test_maps_have_one_number_a_pixel(kind: str) -> None:
    x = np.random.default_rng(0).random((2, 1, 28, 28)).astype(np.float32)
    values = order(
        kind, Config(square=14, stride=14, draws=2), network(0), x, np.zeros(2, int), 0.0, 0
    )
    assert values.shape == (2, 28, 28)
    assert values.std() > 0


def judged(accuracy: dict[str, float], alike: float = 0.2, noise: float = 0.005) -> str:
    """The outcome with these accuracies after removal, the same at all shares; 0.8 where none is given."""
    spread = noise * np.linspace(-1, 1, 5)[:, None]
    raw: dict[str, list] = {"test_accuracy": [0.85] * 5}
    for kind in MAPS + BASELINES:
        level = np.full((5, len(Config.shares)), accuracy.get(kind, 0.8))
        raw[f"accuracy_{kind}"] = (level + spread * (kind in MAPS)).tolist()
    for kind in MAPS:
        raw[f"randomised_{kind}"] = [[0.9, alike, 0.1, 0.1]] * 5
    return EXPERIMENT.judge(Metrics(raw)).outcome


def test_the_criterion_has_three_outcomes_and_heeds_every_baseline() -> None:
    low = dict.fromkeys(MAPS, 0.5)
    assert judged(low) == "holds"
    assert judged(low | {"gradient": 0.77}) == "holds partly"
    assert judged({}) == "does not hold"
    for baseline in BASELINES:
        assert judged(low | {baseline: 0.52}) == "does not hold"
    assert judged(low, alike=0.6) == "does not hold"
    assert judged(low, noise=0.5) == "does not hold"
