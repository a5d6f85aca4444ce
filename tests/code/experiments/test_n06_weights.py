"""N6: its loss, its two importances and its rank correlation, each against another computation."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss as reference_loss

from deeplearning.experiments import Metrics
from deeplearning.experiments.n06_weights import (
    PAIRS,
    Config,
    criterion,
    log_loss,
    permutation_importance,
    rank_correlation,
    train,
)


def test_log_loss_is_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    z, y = 3 * generator.normal(size=50), generator.integers(0, 2, 50)
    assert log_loss(z, y) == pytest.approx(reference_loss(y, 1 / (1 + np.exp(-z))))


def test_rank_correlation_is_spearmans() -> None:
    generator = np.random.default_rng(1)
    a, b = generator.normal(size=30), generator.normal(size=30)
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert rank_correlation(a, np.exp(a)) == pytest.approx(1)
    assert rank_correlation(a, -(a**3)) == pytest.approx(-1)


def test_network_is_scikit_learns() -> None:
    generator = np.random.default_rng(2)
    x = generator.normal(size=(120, 4))
    y = (x @ [2.0, -1.0, 0.0, 0.5] + generator.normal(size=120) > 0).astype(int)
    w, b = train(x, y, Config())
    other = LogisticRegression(C=1.0, tol=1e-10).fit(x, y)
    np.testing.assert_allclose(w, other.coef_[0], atol=1e-4)
    assert b == pytest.approx(other.intercept_[0], abs=1e-4)


def test_only_inputs_that_are_used_are_important() -> None:
    generator = np.random.default_rng(3)
    x = generator.normal(size=(400, 3))
    y = (x[:, 0] + 0.3 * x[:, 1] > 0).astype(int)
    importance = permutation_importance(np.array([4.0, 1.2, 0.0]), 0.0, x, y, 20, generator)
    assert importance[0] > importance[1] > 0
    assert importance[2] == pytest.approx(0, abs=1e-12)


def test_permutation_importance_of_a_shuffle_done_by_hand() -> None:
    x, y, w = (
        np.random.default_rng(4).normal(size=(12, 2)),
        np.arange(12) % 2,
        np.array([1.5, -0.5]),
    )
    order = np.random.default_rng(5).permutation(12)
    shuffled = x.copy()
    shuffled[:, 1] = x[order, 1]
    expected = log_loss(shuffled @ w + 0.2, y) - log_loss(x @ w + 0.2, y)
    assert permutation_importance(w, 0.2, x, y, 1, np.random.default_rng(5))[1] == pytest.approx(
        expected
    )


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ((0.9, 0.9, 0.9, 0.9), "holds"),
        ((0.9, 0.1, 0.9, 0.9), "holds partly"),
        ((0.69, 0.1, 0.2, 0.3), "does not hold"),
    ],
)
def test_criterion(values: tuple[float, ...], outcome: str) -> None:
    assert (
        criterion(Metrics({name: [v, v] for name, v in zip(PAIRS, values, strict=True)})).outcome
        == outcome
    )


def test_criterion_counts_the_spread() -> None:
    metrics = Metrics({name: [0.5, 1.0] for name in PAIRS})  # mean 0.75, two standard errors 0.5
    assert criterion(metrics).outcome == "does not hold"
