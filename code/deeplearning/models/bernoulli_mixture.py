"""A mixture of Bernoullis, in NumPy: the simple model of pictures that others have to beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CLOSE = 1e-3  # no mean comes nearer to 0 or 1, so that no picture is impossible


def log_sum_exp(values: np.ndarray, axis: int) -> np.ndarray:
    r"""Return :math:`\ln \sum_k e^{v_k}` along an axis; the largest is taken out first, so that nothing overflows.

    >>> float(log_sum_exp(np.array([1000.0, 1000.0]), 0).round(4))  # 1000 + ln 2
    1000.6931
    """
    top = values.max(axis=axis, keepdims=True)
    total: np.ndarray = np.log(np.exp(values - top).sum(axis=axis)) + top.squeeze(axis)
    return total


@dataclass(frozen=True, eq=False)
class BernoulliMixture:
    r"""Choose one of K components, then each pixel by itself.

    :math:`p(\mathbf{x}) = \sum_k \pi_k \prod_d \mu_{kd}^{x_d} (1 - \mu_{kd})^{1 - x_d}`, with ``weights``
    :math:`\pi` (K,) and ``means`` :math:`\mu` (K, D), strictly between 0 and 1. With K = 1 all pixels are independent.
    ``ValueError`` for shapes or numbers that do not fit.

    >>> coin = BernoulliMixture(np.ones(1), np.full((1, 3), 0.5))
    >>> coin.log_prob(np.array([[0, 1, 1]])).round(4).tolist()  # ln 1/8
    [-2.0794]
    """

    weights: np.ndarray
    means: np.ndarray

    def __post_init__(self) -> None:
        if self.means.ndim != 2 or self.weights.shape != self.means.shape[:1]:
            raise ValueError(
                f"BernoulliMixture: weights {self.weights.shape} and means {self.means.shape}; give (K,) and (K, D)"
            )
        if not (self.weights.min() >= 0 and np.isclose(self.weights.sum(), 1)):
            raise ValueError(
                f"BernoulliMixture: weights from {self.weights.min()} to {self.weights.max()} with the sum "
                f"{self.weights.sum()}; give numbers from 0 on that add up to 1"
            )
        if not (self.means.min() > 0 and self.means.max() < 1):
            raise ValueError(
                f"BernoulliMixture: means from {self.means.min()} to {self.means.max()}; give numbers strictly between "
                f"0 and 1, for example np.clip(means, {CLOSE}, 1 - {CLOSE})"
            )

    def joint(self, x: np.ndarray) -> np.ndarray:
        """Return ln πₖ + ln p(x | k), (N, K), for pictures x (N, D) of zeros and ones."""
        x = _floats(x)
        on, off = np.log(self.means), np.log1p(-self.means)
        with np.errstate(divide="ignore"):  # a component may have died: ln 0 is −∞
            return x @ (on - off).T.astype(x.dtype) + (np.log(self.weights) + off.sum(axis=1))

    def log_prob(self, x: np.ndarray, batch_size: int = 500) -> np.ndarray:
        """Return ln p(x) in nats, (N,), for pictures x (N, D)."""
        parts = [
            log_sum_exp(self.joint(x[n : n + batch_size]), 1) for n in range(0, len(x), batch_size)
        ]
        return np.concatenate(parts)

    def sample(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw pictures (count, D), zeros and ones, and the means (count, D) that they were drawn by."""
        means = self.means[rng.choice(len(self.weights), size=count, p=self.weights)]
        return (rng.random(means.shape) < means).astype(np.float32), means


def _floats(x: np.ndarray) -> np.ndarray:
    """Return pictures as floats: in the dtype of integers, logarithms and shares would be rounded to whole numbers."""
    return np.asarray(x, np.result_type(x, np.float32))


def memory(x: np.ndarray, flip: float) -> BernoulliMixture:
    """Make the model that knows its training pictures x (N, D) by heart: one of them, some pixels flipped.

    A mixture with a component for each picture, whose means are ``flip`` away from its pixels: a Parzen window.

    >>> by_heart = memory(np.array([[0.0, 1.0], [1.0, 1.0]]), 0.1)
    >>> by_heart.means.tolist()
    [[0.1, 0.9], [0.9, 0.9]]
    """
    x = _floats(x)
    return BernoulliMixture(np.full(len(x), 1 / len(x)), np.abs(x - np.asarray(flip, x.dtype)))


def fit_mixture(
    x: np.ndarray, components: int, rng: np.random.Generator, iterations: int = 20
) -> BernoulliMixture:
    r"""Fit a mixture of Bernoullis to pictures x (N, D) by expectation maximisation :cite:`dempster1977`.

    E: how far each component answers for each picture, :math:`r_{nk} = p(k \mid \mathbf{x}_n)`. M: the means and
    weights of the pictures so shared out, :math:`\pi_k = \frac1N \sum_n r_{nk}` and
    :math:`\boldsymbol\mu_k = \sum_n r_{nk}\mathbf{x}_n / \sum_n r_{nk}`. Each round would raise the likelihood or
    leave it; but half a picture of each kind is added to every mean, so that no pixel becomes impossible, and that may
    lower it a little at the end. Components begin at pictures drawn by ``rng``, moved half way to the mean of all.

    >>> x = np.repeat([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]], 50, axis=0)
    >>> model = fit_mixture(x, 2, np.random.default_rng(1))
    >>> float(-model.log_prob(x).mean().round(1))  # hardly more than ln 2, for which of the two it is
    0.7
    """
    x = _floats(x)
    overall = x.mean(axis=0)
    means = 0.5 * x[rng.choice(len(x), size=components, replace=False)] + 0.5 * overall
    model = BernoulliMixture(np.full(components, 1 / components), np.clip(means, CLOSE, 1 - CLOSE))
    for _ in range(iterations):
        counts, sums = np.zeros(components), np.zeros((components, x.shape[1]))
        for n in range(0, len(x), 5000):
            joint = model.joint(x[n : n + 5000])
            share = np.exp(joint - log_sum_exp(joint, 1)[:, None]).astype(x.dtype)
            counts += share.sum(axis=0)
            sums += share.T @ x[n : n + 5000]
        means = (sums + 0.5) / (counts[:, None] + 1)
        model = BernoulliMixture(counts / counts.sum(), np.clip(means, CLOSE, 1 - CLOSE))
    return model
