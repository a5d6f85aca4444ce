"""Augmentation: what comes out is what somebody would move by hand, and only the generator decides."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.data import Compose, RandomHorizontalFlip, RandomShift

few = settings(max_examples=25, deadline=None)


def images(n: int, h: int, w: int, seed: int = 0) -> np.ndarray:
    """No pixel is 0, and no two are equal: an offset shows."""
    return 1 + np.random.default_rng(seed).permutation(n * h * w).reshape(n, h, w).astype(
        np.float32
    )


def moved(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """The image moved, pixel by pixel."""
    height, width = image.shape
    result = np.zeros_like(image)
    for i in range(height):
        for j in range(width):
            if 0 <= i - down < height and 0 <= j - right < width:
                result[i, j] = image[i - down, j - right]
    return result


@given(h=st.integers(2, 6), w=st.integers(2, 6), s=st.integers(0, 3), seed=st.integers(0, 50))
@few
def test_a_shift_is_one_of_the_allowed_ones(h: int, w: int, s: int, seed: int) -> None:
    s = min(s, h - 1, w - 1)
    x = images(4, h, w, seed)
    before = x.copy()
    result = RandomShift(s)(x, np.random.default_rng(seed))
    assert (result.shape, result.dtype) == (x.shape, x.dtype)
    np.testing.assert_array_equal(x, before)
    offsets = range(-s, s + 1)
    for image, got in zip(x, result, strict=True):
        assert any(np.array_equal(got, moved(image, a, b)) for a in offsets for b in offsets)


def test_every_offset_is_equally_likely() -> None:
    x = np.tile(images(1, 5, 5), (9000, 1, 1))
    result = RandomShift(1)(x, np.random.default_rng(0))
    counts = Counter(image.tobytes() for image in result)
    expected = {moved(x[0], a, b).tobytes() for a in (-1, 0, 1) for b in (-1, 0, 1)}
    assert set(counts) == expected
    # 9000 draws of 9: each count 1000 ± √(9000 · 1/9 · 8/9).
    assert all(abs(n - 1000) < 5 * np.sqrt(9000 / 9 * 8 / 9) for n in counts.values())


def test_flips_come_with_probability_p() -> None:
    x = images(4000, 2, 3)
    result = RandomHorizontalFlip(0.25)(x, np.random.default_rng(0))
    flipped = (result == x[:, :, ::-1]).all(axis=(1, 2))
    same = (result == x).all(axis=(1, 2))
    assert (flipped ^ same).all()
    assert abs(flipped.sum() - 1000) < 5 * np.sqrt(4000 * 0.25 * 0.75)
    for p, expected in ((0.0, x), (1.0, x[:, :, ::-1])):
        np.testing.assert_array_equal(
            RandomHorizontalFlip(p)(x, np.random.default_rng(0)), expected
        )


@pytest.mark.parametrize("transform", [RandomShift(2), RandomHorizontalFlip(0.5)], ids=repr)
def test_rows_are_square_images(transform: Any) -> None:
    x = images(30, 6, 6)
    as_images = transform(x, np.random.default_rng(3))
    as_rows = transform(x.reshape(30, 36), np.random.default_rng(3))
    assert as_rows.shape == (30, 36)
    np.testing.assert_array_equal(as_rows.reshape(x.shape), as_images)


def test_the_generator_decides() -> None:
    both, x = Compose(RandomShift(2), RandomHorizontalFlip()), images(20, 6, 6)
    first, again = (both(x, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, both(x, np.random.default_rng(6)))
    rng = np.random.default_rng(5)
    one_by_one = RandomHorizontalFlip()(RandomShift(2)(x, rng), rng)
    np.testing.assert_array_equal(first, one_by_one)


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: RandomShift(-1), "pixels=-1; give a whole number >= 0"),
        (lambda: RandomShift(1.5), "pixels=1.5"),
        (lambda: RandomHorizontalFlip(1.5), "p=1.5; give a probability"),
        (lambda: RandomShift(4)(images(2, 4, 6), RNG), "4 pixels for images of 4×6; give fewer"),
        (lambda: RandomShift(1)(images(2, 3, 4).reshape(2, 12), RNG), r"shape \(2, 12\); give im"),
        (lambda: RandomHorizontalFlip()(np.ones(9, np.float32), RNG), r"inputs of shape \(9,\)"),
        (lambda: RandomHorizontalFlip()(np.ones((2, 3, 4, 4)), RNG), r"shape \(2, 3, 4, 4\)"),
    ],
)
def test_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
