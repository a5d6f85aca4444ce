"""The mixture of Bernoullis against sums over everything, and expectation maximisation against what it must do."""

import itertools

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from comparison import assert_close
from deeplearning.models.bernoulli_mixture import (
    CLOSE,
    BernoulliMixture,
    fit_mixture,
    log_sum_exp,
    memory,
)

RNG = np.random.default_rng(0)
MODEL = BernoulliMixture(np.array([0.2, 0.5, 0.3]), RNG.uniform(0.05, 0.95, (3, 6)))
ALL = np.array(list(itertools.product([0.0, 1.0], repeat=6)))


def test_log_sum_exp() -> None:
    values = RNG.normal(size=(4, 5)) * 300
    assert_close(log_sum_exp(values, 1), logsumexp(values, axis=1), length=5)


def test_probabilities_are_those_of_the_definition_and_sum_to_one() -> None:
    by_hand = sum(
        weight * stats.bernoulli.pmf(ALL, means).prod(axis=1)
        for weight, means in zip(MODEL.weights, MODEL.means, strict=True)
    )
    assert_close(np.exp(MODEL.log_prob(ALL, batch_size=7)), by_hand, length=18)
    assert_close(np.exp(MODEL.log_prob(ALL)).sum(), 1.0, length=64)


def test_samples_have_the_mixtures_means() -> None:
    drawn, means = MODEL.sample(20_000, np.random.default_rng(1))
    expected = MODEL.weights @ MODEL.means
    np.testing.assert_allclose(drawn.mean(axis=0), expected, atol=4 * 0.5 / np.sqrt(20_000))
    assert {tuple(row) for row in means} == {tuple(row) for row in MODEL.means}


def test_every_round_raises_the_likelihood_until_the_components_are_found() -> None:
    x = BernoulliMixture(np.array([0.4, 0.6]), np.array([[0.1] * 20, [0.8] * 20])).sample(
        800, np.random.default_rng(2)
    )[0].astype(np.float64)  # fmt: skip
    likelihoods = [
        fit_mixture(x, 2, np.random.default_rng(5), rounds).log_prob(x).mean()
        for rounds in range(12)
    ]
    # Half a picture is added to each mean, so that the last digits may fall.
    assert (np.diff(likelihoods) > -1e-4).all()
    assert likelihoods[-1] > likelihoods[0] + 0.1
    fitted = fit_mixture(x, 2, np.random.default_rng(5), 30)
    assert sorted(fitted.means.mean(axis=1)) == pytest.approx([0.1, 0.8], abs=0.05)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool])
def test_zeros_and_ones_of_any_dtype_are_pictures(dtype: type) -> None:
    x = ALL[::3].astype(dtype)
    assert_close(MODEL.log_prob(x), MODEL.log_prob(ALL[::3]), length=18, dtype=np.float32)
    assert_close(memory(x, 0.25).means, memory(ALL[::3], 0.25).means, dtype=np.float32)
    fitted, expected = (fit_mixture(part, 2, np.random.default_rng(0), 3) for part in (x, ALL[::3]))
    assert_close(fitted.means, expected.means, length=300, dtype=np.float32)


def test_one_component_is_the_mean() -> None:
    x = (RNG.random((50, 4)) < 0.3).astype(np.float64)
    assert_close(fit_mixture(x, 1, RNG, 1).means[0], (x.sum(axis=0) + 0.5) / 51, length=50)


def test_memory_prefers_what_it_has_seen() -> None:
    model = memory(ALL[[3, 40]], 0.01)
    probabilities = np.exp(model.log_prob(ALL))
    assert set(np.argsort(-probabilities)[:2]) == {3, 40}
    assert probabilities[3] == pytest.approx(0.5 * 0.99**6, rel=1e-2)
    drawn, _ = memory(ALL[[3, 40]], 1e-6).sample(30, np.random.default_rng(0))
    assert {tuple(row) for row in drawn} == {tuple(ALL[3]), tuple(ALL[40])}


def test_no_picture_is_impossible() -> None:
    fitted = fit_mixture(np.zeros((2000, 3)), 1, RNG, 3)
    assert np.isfinite(fitted.log_prob(np.ones((1, 3)))).all()
    assert fitted.means.min() >= CLOSE


@pytest.mark.parametrize(
    ("weights", "means", "words"),
    [
        (
            np.ones(2),
            np.full((1, 3), 0.5),
            r"weights \(2,\) and means \(1, 3\); give \(K,\) and \(K, D\)",
        ),
        (
            np.ones(1),
            np.array([[0.5, 1.0]]),
            "means from 0.5 to 1.0; give numbers strictly between",
        ),
        (np.array([0.5, 0.6]), np.full((2, 3), 0.5), "with the sum 1.1; give numbers from 0 on"),
        (np.array([-0.5, 1.5]), np.full((2, 3), 0.5), "weights from -0.5 to 1.5 with the sum 1.0"),
    ],
)
def test_refused(weights: np.ndarray, means: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        BernoulliMixture(weights, means)
