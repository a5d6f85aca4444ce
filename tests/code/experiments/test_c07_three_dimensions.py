"""C7: the convolution over four axes, equal sizes of the networks, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import c07_three_dimensions as c7
from deeplearning.models.film_net import film_net
from deeplearning.records import Metrics


def test_four_axes_by_the_definition() -> None:
    rng = np.random.default_rng(0)
    x, kernel = rng.standard_normal((3, 4, 3, 5)), rng.standard_normal((2, 2, 1, 3))
    y = c7.convolve(x, kernel)
    assert y.shape == (2, 3, 3, 3)
    assert y[1, 2, 0, 1] == pytest.approx((x[1:3, 2:4, 0:1, 1:4] * kernel).sum())


def test_the_networks_have_nearly_the_same_size() -> None:
    sizes = [
        sum(p.size for p in film_net(kind, width=width).parameters())
        for kind, width in c7.WIDTHS.items()
    ]
    assert max(sizes) < 1.05 * min(sizes)


def metrics(three: float, two: float, noise: float = 0.01, worst: float = 0.2) -> Metrics:
    spread = noise * np.linspace(-1, 1, 5)
    return Metrics(
        {
            "test_accuracy_3d": (three + spread).tolist(),
            "test_accuracy_2d": [two] * 5,
            "test_accuracy_stacked": [0.9] * 5,
            "disagreement": [[0.1, 0.1, 0.1, worst]] * 5,
        }
    )


def test_the_criterion_has_three_outcomes() -> None:
    assert c7.criterion(metrics(0.98, 0.13)).outcome == "holds"
    assert c7.criterion(metrics(0.85, 0.13)).outcome == "holds partly"
    assert c7.criterion(metrics(0.95, 0.60)).outcome == "holds partly"
    assert c7.criterion(metrics(0.62, 0.60, noise=0.2)).outcome == "does not hold"
    assert c7.criterion(metrics(0.98, 0.13, worst=2.0)).outcome == "does not hold"
