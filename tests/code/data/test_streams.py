"""Streams of a text: what each row reads, that every code comes once, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.data import streams


@settings(max_examples=30)
@given(st.integers(1, 7), st.integers(1, 6), st.integers(1, 40))
def test_rows_carry_on_and_every_code_is_a_target_once(count: int, length: int, more: int) -> None:
    codes = np.arange(100, 100 + count + more)
    windows = list(streams(codes, count, length))
    steps = (len(codes) - 1) // count
    assert len(windows) == -(-steps // length)
    assert all(x.shape == y.shape == (count, length) for x, y in windows[:-1])
    assert all(x.dtype == y.dtype == codes.dtype for x, y in windows)
    read = np.concatenate([x for x, _ in windows], axis=1)
    said = np.concatenate([y for _, y in windows], axis=1)
    # Codes that count upwards tell their place: rows follow one another, and a target is one more than its input.
    assert read.reshape(-1).tolist() == codes[: count * steps].tolist()
    np.testing.assert_array_equal(said, read + 1)
    left = len(codes) - 1 - said.size
    assert left == (len(codes) - 1) % count


def test_by_hand() -> None:
    (x, y), (x2, y2) = streams(np.array([5, 6, 7, 8, 9, 1, 2, 3], np.int32), count=2, length=2)
    assert (x.tolist(), y.tolist()) == ([[5, 6], [8, 9]], [[6, 7], [9, 1]])
    assert (x2.tolist(), y2.tolist()) == ([[7], [1]], [[8], [2]])
    assert x.dtype == np.int32


def test_codes_cannot_be_overwritten_through_a_window() -> None:
    x, y = next(streams(np.arange(9), 2, 2))
    for window in (x, y):
        with pytest.raises(ValueError, match="read-only"):
            window[0, 0] = 7


@pytest.mark.parametrize(
    ("codes", "count", "length", "words"),
    [
        (np.arange(3), 3, 1, "3 codes for 3 streams; give at least 4"),
        (np.arange(0), 1, 1, "0 codes for 1 streams; give at least 2"),
        (np.arange(9.0), 2, 1, r"codes are float64 of shape \(9,\); give an array of integers"),
        (np.zeros((3, 3), int), 2, 1, r"codes are int64 of shape \(3, 3\)"),
        ("text", 2, 1, r"codes are a str; .*alphabet\.encode"),
        (np.arange(9), 0, 1, "count=0; give a whole number, at least 1"),
        (np.arange(9), 2, 1.5, "length=1.5; give a whole number"),
        (np.arange(9), True, 2, "count=True"),
    ],
)
def test_refused(codes: np.ndarray, count: int, length: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        streams(codes, count, length)
