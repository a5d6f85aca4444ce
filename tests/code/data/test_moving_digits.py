"""Moving digits: they move as their label says, round the edges, and a single frame tells nothing."""

import sys
from itertools import pairwise

import numpy as np
import pytest

from deeplearning.data import Split
from deeplearning.data.moving_digits import DIRECTIONS, moving_digits

SOURCE = sys.modules[moving_digits.__module__]  # the package has the function's name for it


@pytest.fixture(autouse=True)
def few_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a few made-up images in the place of MNIST, whose reading takes longer than all of these tests."""
    images = np.random.default_rng(0).random((50, 28, 28)).astype(np.float32)
    labels = np.arange(50) % 10
    split = Split(images[:30], labels[:30], images[30:], labels[30:], tuple("0123456789"))
    monkeypatch.setattr(SOURCE, "mnist", lambda folder: split)


def test_every_film_moves_as_its_label_says() -> None:
    films = moving_digits(16, 8, frames=4, side=13, seed=3)
    assert films.train_x.shape == (16, 4, 13, 13)
    assert films.train_x.dtype == np.float32
    assert np.bincount(films.train_y).tolist() == [2] * 8
    for film, label in zip(films.train_x, films.train_y, strict=True):
        step = list(DIRECTIONS.values())[label]
        for before, after in pairwise(film):
            np.testing.assert_array_equal(after, np.roll(before, step, (0, 1)))


def test_a_seed_repeats_and_another_differs() -> None:
    one, two, other = (moving_digits(8, 8, seed=seed).train_x for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_opposite_directions_are_the_same_film_backwards() -> None:
    steps = list(DIRECTIONS.values())
    for label in range(4):
        assert steps[label + 4] == (-steps[label][0], -steps[label][1])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"train": 9}, "train=9, test=8; give multiples of 8"),
        ({"train": 16.0}, r"train=16\.0, test=8; give multiples of 8"),
        ({"test": 4}, "train=8, test=4; give multiples of 8"),
        ({"frames": 1}, "frames=1, side=16; a film has at least 2 frames"),
        ({"side": 9}, "side=9; a film has .* of at least 10 pixels"),
        ({"side": 10.5}, r"side=10\.5; a film has"),
    ],
)
def test_numbers_that_do_not_fit(settings: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        moving_digits(**{"train": 8, "test": 8} | settings)
