"""Composed rows: where digits lie, what a window is called, and what cutting at paper gives."""

import numpy as np
import pytest

from deeplearning.data.digit_rows import (
    NONE,
    cut_at_paper,
    digit_rows,
    distances,
    ink_columns,
    windows,
)


def bars(count: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Images with one bar each, 2 to 12 pixels wide and at different places; its brightness tells the label."""
    rng = np.random.default_rng(seed)
    images = np.zeros((count, 28, 28), np.float32)
    labels = rng.integers(0, 10, count)
    for image, label in zip(images, labels, strict=True):
        start, width = rng.integers(5, 12), rng.integers(2, 13)
        image[6:22, start : start + width] = 0.5 + label / 20
    return images, labels


def test_ink_columns() -> None:
    images, _ = bars(10)
    first, last = ink_columns(images)
    for image, a, b in zip(images, first, last, strict=True):
        columns = np.flatnonzero(image.any(axis=0))
        assert (a, b) == (columns[0], columns[-1])


@pytest.mark.parametrize("gap", [-2, 0, 4])
def test_gaps_are_columns_of_paper(gap: int) -> None:
    images, labels = bars()
    rows = digit_rows(images, labels, 6, 3, np.random.default_rng(1), (gap, gap))
    assert rows.pictures.dtype == np.float32
    for picture, middles, digits in zip(rows.pictures, rows.middles, rows.labels, strict=True):
        for middle, digit in zip(middles, digits, strict=True):
            near = picture[13, int(middle) - 9 : int(middle) + 10]
            assert np.isclose(near, 0.5 + digit / 20).any() or gap < 0
        steps = np.diff(middles)
        assert (steps >= 12).all()
        if gap == 4 and (steps > 12).all():
            assert len(cut_at_paper(picture)) == 3


def test_distances_follow_the_ink_and_keep_away() -> None:
    image = np.zeros((1, 28, 28), np.float32)
    image[0, 10:18, 8:20] = 1  # twelve columns of ink
    assert distances(image, image, np.array([3])).tolist() == [15]
    assert distances(image, image, np.array([-5])).tolist() == [12]


def test_a_row_of_one_is_the_image() -> None:
    images, labels = bars(5)
    rows = digit_rows(images, labels, 8, 1, np.random.default_rng(0))
    for picture, label in zip(rows.pictures, rows.labels[:, 0], strict=True):
        assert any(np.array_equal(picture, image) for image in images[labels == label])


def test_windows_have_the_digit_in_the_middle_or_are_none() -> None:
    """One pixel of ink marks the middle of each digit, and its brightness its number."""
    count = 400
    images = np.zeros((count, 28, 28), np.float32)
    images[:, 14, 14] = 0.5 + np.arange(count) / 1000
    labels = np.arange(count) % 10
    x, y = windows(images, labels, np.random.default_rng(0), share_none=0.4, alone=0.3)
    assert x.shape == (count, 1, 28, 32)
    assert 0.3 < (y == NONE).mean() < 0.5
    for number, (window, label) in enumerate(zip(x[:, 0], y, strict=True)):
        columns = np.flatnonzero(window[14])
        apart = np.abs(columns - 16)
        if label == NONE:
            assert (apart >= 4).all()
        else:
            assert label == labels[number]
            nearest = columns[apart.argmin()]
            assert apart.min() <= 2
            assert window[14, nearest] == images[number, 14, 14]
            assert (np.diff(columns) >= 12).all()


def test_windows_repeat_with_their_generator() -> None:
    images, labels = bars(20)
    first, again = (windows(images, labels, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


def test_pieces_are_centred_and_touching_digits_stay_together() -> None:
    picture = np.zeros((28, 80), np.float32)
    picture[8:20, 3:7] = picture[8:20, 40:50] = 1
    picture[8:20, 50:52] = 0.5  # touches the second
    pieces = cut_at_paper(picture)
    assert pieces.shape == (2, 28, 28)
    for piece in pieces:
        mass = piece.sum(axis=0)
        assert abs((mass * np.arange(28)).sum() / mass.sum() - 14) <= 0.5
    assert pieces[1].sum() == picture[:, 40:52].sum()
    assert cut_at_paper(np.zeros((28, 30), np.float32)).shape == (0, 28, 28)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            (np.zeros((3, 20, 20)), np.zeros(3), 1, 1),
            r"give \(N, 28, 28\) floats in \[0, 1\] and \(N,\)",
        ),
        ((np.zeros((3, 28, 28)), np.zeros(3), 0, 1), "count=0, length=1"),
        ((np.zeros((3, 28, 28), np.uint8), [1, 2, 3], 1, 1), "uint8 .* floats in"),
    ],
)
def test_refused(arguments: tuple, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        digit_rows(*arguments, np.random.default_rng(0))


def test_windows_and_cuts_refused() -> None:
    with pytest.raises(ValueError, match=r"windows: images \(4, 20, 20\)"):
        windows(np.zeros((4, 20, 20)), np.zeros(4), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"labels \(3,\)"):
        windows(np.zeros((4, 28, 28)), np.zeros(3), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"shape \(1, 28, 60\); give one row"):
        cut_at_paper(np.zeros((1, 28, 60)))
