"""C2: rings, paddings that keep the shape, errors against pixels that are known, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import c02_padding as c2
from deeplearning.records import Metrics

CONFIG = c2.Config.smoke()


def test_filters_have_the_sums_they_should() -> None:
    assert c2.binomial(3).sum() == c2.binomial(7).sum() == 1
    assert c2.SOBEL.sum() == 0


@pytest.mark.parametrize(("size", "kept"), [(1, [0]), (2, []), (5, [2]), (6, [])])
def test_only_one_padding_keeps_an_odd_kernel(size: int, kept: list[int]) -> None:
    assert c2.keeps(CONFIG, size) == kept


def test_rings_divide_the_image() -> None:
    image = np.arange(30).reshape(1, 5, 6)
    rings = [c2.ring(image, number)[0] for number in range(3)]
    assert [len(r) for r in rings] == [18, 10, 2]
    assert sorted(np.concatenate(rings)) == list(range(30))


def test_errors_vanish_where_the_padding_is_true() -> None:
    constant = np.ones((2, 28, 28), np.float32)
    assert c2.border_errors(CONFIG, constant, c2.binomial(3), "edge") == pytest.approx([0] * 4)
    first, second, *_ = c2.border_errors(CONFIG, constant, c2.binomial(3), "constant")
    # At the border a quarter of the weight falls on zeros, at a corner 7/16, where the answer should be 1.
    assert first == pytest.approx(np.sqrt((72 * 0.25**2 + 4 * (7 / 16) ** 2) / 76))
    assert second == pytest.approx(0, abs=1e-6)
    black = np.zeros((1, 28, 28), np.float32)
    black[0, 8:20, 8:20] = 1
    assert max(c2.border_errors(CONFIG, black + 1e-9, c2.binomial(3), "edge")) < 1e-6


def test_padding_reaches_one_ring_a_layer() -> None:
    shares = c2.reached(CONFIG, 10)
    assert shares == pytest.approx([1 - ((10 - 2 * n) / 10) ** 2 for n in (1, 2, 3)])


def metrics(kept: list[int], zeros: float) -> Metrics:
    values: dict = {"padding_that_keeps": kept}
    for name in c2.FILTERS:
        values |= {f"error_{name}_{padding}": [0.05, 0.0] for padding in c2.PADDINGS}
    return Metrics.from_seeds([values | {"error_blur3_zeros": [zeros, 0.0]}] * 5)


@pytest.mark.parametrize(
    ("kept", "zeros", "outcome"),
    [
        ([0, 1, 1, 1, 2, 2, 3], 0.05, "holds"),
        ([0, 1, 1, 1, 2, 2, 3], 0.3, "holds partly"),
        ([0, -1, 1, -1, 2, -1, 3], 0.05, "holds partly"),
        ([0, -1, -1, -1, 2, -1, 3], 0.05, "does not hold"),
    ],
)
def test_criterion(kept: list[int], zeros: float, outcome: str) -> None:
    assert c2.criterion(metrics(kept, zeros)).outcome == outcome
