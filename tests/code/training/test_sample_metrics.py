"""Judging drawn pictures: against counting one by one."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from deeplearning.training.sample_metrics import nearest, specks, two_sample_accuracy

RNG = np.random.default_rng(0)


def test_specks_one_by_one() -> None:
    pictures = (RNG.random((6, 5, 4)) < 0.5).astype(np.float32)
    for picture, count in zip(pictures, specks(pictures), strict=True):
        expected = 0
        for i in range(5):
            for j in range(4):
                beside = [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)]
                values = [picture[a, b] if 0 <= a < 5 and 0 <= b < 4 else 0 for a, b in beside]
                expected += all(value != picture[i, j] for value in values)
        assert count == expected


def test_nearest_is_the_least_of_all_distances() -> None:
    pictures, known = ((RNG.random((n, 30)) < 0.4).astype(np.float32) for n in (300, 40))
    apart = cdist(pictures, known, "cityblock")
    places, distances = nearest(pictures, known)
    np.testing.assert_array_equal(distances, apart.min(axis=1))
    np.testing.assert_array_equal(apart[np.arange(300), places], apart.min(axis=1))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_nearest_of_zeros_and_ones_of_any_dtype(dtype: type) -> None:
    known = (RNG.random((5, 784)) < 0.9).astype(dtype)  # more ones in common than a byte can count
    places, distances = nearest(known, known)
    assert places.tolist() == [0, 1, 2, 3, 4]
    assert distances.tolist() == [0] * 5


@pytest.mark.parametrize(
    ("scores", "expected"), [([1, 1, -1, -1], 1.0), ([1, 1, 1, 1], 0.5), ([-1, -1, 1, 1], 0.0)]
)
def test_two_samples(scores: list[int], expected: float) -> None:
    drawn = np.array([True, True, False, False])
    assert two_sample_accuracy(np.array(scores), drawn) == expected
