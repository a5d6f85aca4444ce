"""C8: how images are moved, what is counted, and the criterion."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from deeplearning.experiments import Metrics
from deeplearning.experiments.c08_pooling import (
    EXPERIMENT,
    JUDGED,
    directions,
    gain,
    keeps_channels,
    multiplications,
    shifted,
)
from deeplearning.models.pooled_lenet import POOLINGS, pooled_lenet


@pytest.mark.parametrize("way", [(0, 0), (1, 0), (0, -2), (-3, 2), (4, 4)])
def test_images_move_and_zeros_come_in(way: tuple[int, int]) -> None:
    images = np.random.default_rng(0).random((2, 1, 6, 7))
    expected = ndimage.shift(images, (0, 0, *way), order=0)
    np.testing.assert_array_equal(shifted(images, *way), expected)


def test_eight_directions_of_one_length() -> None:
    assert directions(0) == [(0, 0)]
    ways = directions(3)
    assert len(set(ways)) == 8
    assert {max(abs(a), abs(b)) for a, b in ways} == {3}
    assert np.sum(ways, axis=0).tolist() == [0, 0]


DENSE = 120 * 84 + 84 * 10
BY_HAND = {
    "none": 28**2 * 6 * 25 + 24**2 * 16 * 150 + 16 * 24**2 * 120,
    "max": 28**2 * 6 * 25 + 10**2 * 16 * 150 + 400 * 120,
    "average": 28**2 * 6 * 25 + 14**2 * 6 + 10**2 * 16 * 150 + 5**2 * 16 + 400 * 120,
    "binomial": 28**2 * 6 * 25 + 14**2 * 6 * 9 + 10**2 * 16 * 150 + 5**2 * 16 * 9 + 400 * 120,
    "strided": 14**2 * 6 * 25 + 5**2 * 16 * 150 + 400 * 120,
}


@pytest.mark.parametrize("pooling", BY_HAND)
def test_multiplications_counted_by_hand(pooling: str) -> None:
    assert multiplications(pooled_lenet(pooling, nn=torch.nn)) == BY_HAND[pooling] + DENSE


def test_pooling_keeps_the_channels() -> None:
    assert all(keeps_channels(pooling) for pooling in POOLINGS)


def metrics(gains: dict[str, float], noise: float = 0.001, parameters: int = 0) -> Metrics:
    spread = noise * np.linspace(-1, 1, 5)[:, None]
    raw: dict[str, list] = {}
    for case in ("none", *JUDGED):
        level = 0.8 + gains.get(case, 0.0)
        values = np.tile([1.0, level + 0.1, level - 0.1, 0.5, 0.4], (5, 1))
        values += 0 if case == "none" else spread
        raw |= {
            f"unchanged_{case}": values.tolist(),
            f"multiplications_{case}": [100.0] * 5,
            f"pooling_parameters_{case}": [parameters] * 5,
            f"keeps_channels_{case}": [1] * 5,
        }
    return Metrics(raw)


def test_the_gain_is_the_mean_over_small_shifts() -> None:
    mean, error = gain(metrics({"max": 0.03}), "max")
    assert mean == pytest.approx(0.03)
    assert error == pytest.approx(0.001 * np.std([-1, -0.5, 0, 0.5, 1], ddof=1) / 5**0.5)


def test_the_criterion_has_three_outcomes_and_heeds_spread_and_parameters() -> None:
    every = dict.fromkeys(JUDGED, 0.03)
    assert EXPERIMENT.judge(metrics(every)).outcome == "holds"
    assert EXPERIMENT.judge(metrics(every | {"average": 0.005})).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics(dict.fromkeys(JUDGED, -0.03))).outcome == "does not hold"
    assert EXPERIMENT.judge(metrics(every, noise=0.1)).outcome == "does not hold"
    assert EXPERIMENT.judge(metrics(every, parameters=2)).outcome == "does not hold"
