"""Padding against PyTorch's own, masks, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.data import mask, pad, pad_codes, with_mask


@settings(max_examples=25)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 4), st.integers(0, 9))
def test_padding_agrees_with_pytorch(lengths: list[int], channels: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    sequences = [generator.normal(size=(n, channels)).astype(np.float32) for n in lengths]
    padded, found = pad(sequences, value=-2.0)
    theirs = torch.nn.utils.rnn.pad_sequence(
        [torch.from_numpy(s) for s in sequences], batch_first=True, padding_value=-2.0
    )
    np.testing.assert_array_equal(padded.transpose(0, 2, 1), theirs.numpy())
    assert found.tolist() == lengths
    assert mask(found, padded.shape[2]).sum(axis=1).tolist() == lengths


def test_a_given_length_cuts_and_fills() -> None:
    padded, lengths = pad([np.ones((5, 2)), np.ones((2, 2))], length=3)
    assert padded.dtype == np.float64
    assert padded[:, 0].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert lengths.tolist() == [3, 2]


def test_the_mask_becomes_the_last_channel() -> None:
    padded, lengths = pad([np.ones((3, 2), np.float32), np.ones((1, 2), np.float32)], length=4)
    x = with_mask(padded, lengths)
    assert x.shape == (2, 3, 4)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x[:, :2], padded)
    np.testing.assert_array_equal(x[:, 2], mask(lengths, 4))


@pytest.mark.parametrize(
    ("sequences", "length", "words"),
    [
        ([], None, "there is no sequence"),
        ([np.ones((2, 3)), np.ones((0, 3))], None, r"sequence 1 is float64 of shape \(0, 3\)"),
        (
            [np.ones((2, 3)), np.ones((2, 4))],
            None,
            r"sequence 1 .* \(sequence 0: float64, \(2, 3\)\)",
        ),
        ([np.ones((2, 3)), np.ones((2, 3), np.float32)], None, "sequence 1 is float32"),
        ([np.ones((2, 3), int)], None, "sequence 0 is int64"),
        ([np.ones(3)], None, r"sequence 0 is float64 of shape \(3,\)"),
        ([np.ones((2, 3))], 0, "length=0; give at least 1"),
        ([np.ones((2, 3))], 2.5, "length=2.5; give at least 1, a whole number"),
        ([[[1.0], [2.0]]], None, "sequence 0 is a list; give arrays"),
    ],
)
def test_refused(sequences: list[np.ndarray], length: int | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pad(sequences, length)


@settings(max_examples=15)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 9))
def test_padding_of_codes_agrees_with_pytorch(lengths: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    sequences = [generator.integers(0, 99, n) for n in lengths]
    padded, found = pad_codes(sequences, value=-1)
    theirs = torch.nn.utils.rnn.pad_sequence(
        [torch.from_numpy(s) for s in sequences], batch_first=True, padding_value=-1
    )
    np.testing.assert_array_equal(padded, theirs.numpy())
    assert padded.dtype == np.int64
    assert found.tolist() == lengths


def test_codes_are_cut_and_filled() -> None:
    padded, lengths = pad_codes([np.array([1, 2, 3], np.uint8), np.array([4])], length=2, value=9)
    assert padded.tolist() == [[1, 2], [4, 9]]
    assert lengths.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("sequences", "length", "words"),
    [
        ([], None, "there is no sequence"),
        (
            [np.array([1]), np.array([], int)],
            None,
            r"sequence 1 is int64 of shape \(0,\); give arrays \(T,\)",
        ),
        ([np.array([1.0])], None, "sequence 0 is float64 .*use pad"),
        ([np.array([[1]])], None, r"sequence 0 is int64 of shape \(1, 1\)"),
        ([[1, 2]], None, "sequence 0 is list"),
        ([np.array([1])], 0, "length=0; give at least 1"),
    ],
)
def test_codes_refused(sequences: list[np.ndarray], length: int | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pad_codes(sequences, length)


def test_masks_refused() -> None:
    with pytest.raises(ValueError, match=r"lengths of shape \(\) with length=4; give \(N,\)"):
        mask(3, 4)
    with pytest.raises(ValueError, match=r"lengths of shape \(1, 2\)"):
        mask(np.array([[2, 3]]), 4)
    with pytest.raises(ValueError, match=r"length=4.5; give \(N,\) and a whole number"):
        mask(np.array([2, 3]), 4.5)
    with pytest.raises(ValueError, match="lengths are float64; give integers"):
        mask(np.array([1.5]), 4)
    with pytest.raises(ValueError, match="lengths from 2 to 5 with length=4; give 0 to 4"):
        mask(np.array([2, 5]), 4)
    with pytest.raises(ValueError, match=r"shape \(2, 3, 4\) with lengths of shape \(3,\)"):
        with_mask(np.zeros((2, 3, 4)), np.array([1, 2, 3]))
