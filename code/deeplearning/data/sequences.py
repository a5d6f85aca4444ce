"""Sequences of different lengths in one array: padding, and the mask that says what is padding."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np


def pad(
    sequences: Sequence[np.ndarray], length: int | None = None, value: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Put N sequences (T, C) into one array (N, C, L), the time axis last, as a 1-D convolution takes it.

    A sequence shorter than L is followed by ``value``; one longer is cut off after L steps. For (N, L, C), as
    recurrent layers take it, transpose: ``padded.transpose(0, 2, 1)``.

    Args:
        sequences: N ≥ 1 arrays (T, C) of one floating dtype, T ≥ 1 of its own for each, the same C.
        length: L, at least 1; by default the longest T.
        value: what fills the end.

    Returns:
        ``(padded, lengths)``: (N, C, L) in the dtype of the sequences, and (N,) int64, how many steps are real.

    Raises:
        ValueError: no sequence, one that is no array or empty, different C or dtypes, or a length below 1.

    >>> padded, lengths = pad([np.float32([[1], [2]]), np.float32([[3]])], length=3)
    >>> padded.tolist(), lengths.tolist()
    ([[[1.0, 2.0, 0.0]], [[3.0, 0.0, 0.0]]], [2, 1])
    """
    if len(sequences) == 0:
        raise ValueError("pad: there is no sequence; give at least one array (T, C).")
    first = sequences[0]
    for index, sequence in enumerate(sequences):
        if not isinstance(sequence, np.ndarray):
            raise ValueError(
                f"pad: sequence {index} is a {type(sequence).__name__}; give arrays (T, C), by np.asarray(...)."
            )
        fits = sequence.ndim == 2 and len(sequence) and sequence.shape[1:] == first.shape[1:]
        if not fits or sequence.dtype != first.dtype or sequence.dtype.kind != "f":
            raise ValueError(
                f"pad: sequence {index} is {sequence.dtype} of shape {sequence.shape}; give float arrays (T, C) of one "
                f"dtype, T at least 1, C the same for all (sequence 0: {first.dtype}, {first.shape})."
            )
    if length is not None and (not isinstance(length, Integral) or length < 1):
        raise ValueError(
            f"pad: length={length}; give at least 1, a whole number, or None for the longest sequence."
        )
    steps = max(map(len, sequences)) if length is None else length
    padded = np.full((len(sequences), first.shape[1], steps), value, dtype=first.dtype)
    lengths = np.array([min(len(sequence), steps) for sequence in sequences], dtype=np.int64)
    for row, sequence, count in zip(padded, sequences, lengths, strict=True):
        row[:, :count] = sequence[:count].T
    return padded, lengths


def pad_codes(
    sequences: Sequence[np.ndarray], length: int | None = None, value: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Put N rows of integers (T,), such as the codes of N texts, into one array (N, L), as an embedding takes it.

    A row shorter than L is followed by ``value``; one longer is cut off after L steps.

    Args:
        sequences: N ≥ 1 arrays (T,) of integers, T ≥ 1 of its own for each.
        length: L, at least 1; by default the longest T.
        value: what fills the end; whether it is also a code is the caller's affair, the lengths tell them apart.

    Returns:
        ``(padded, lengths)``: (N, L) int64, and (N,) int64, how many steps are real.

    Raises:
        ValueError: no sequence, one that is no array of integers or empty, or a length below 1.

    >>> padded, lengths = pad_codes([np.array([5, 7]), np.array([6])], value=-1)
    >>> padded.tolist(), lengths.tolist()
    ([[5, 7], [6, -1]], [2, 1])
    """
    if len(sequences) == 0:
        raise ValueError("pad_codes: there is no sequence; give at least one array (T,).")
    for index, sequence in enumerate(sequences):
        given = type(sequence).__name__
        if isinstance(sequence, np.ndarray):
            if sequence.ndim == 1 and len(sequence) and sequence.dtype.kind in "iu":
                continue
            given = f"{sequence.dtype} of shape {sequence.shape}"
        raise ValueError(
            f"pad_codes: sequence {index} is {given}; give arrays (T,) of integers, T at least 1. "
            "For sequences of vectors (T, C) use pad."
        )
    if length is not None and (not isinstance(length, Integral) or length < 1):
        raise ValueError(
            f"pad_codes: length={length}; give at least 1, a whole number, or None for the longest sequence."
        )
    steps = max(map(len, sequences)) if length is None else int(length)
    padded = np.full((len(sequences), steps), value, dtype=np.int64)
    lengths = np.array([min(len(sequence), steps) for sequence in sequences], dtype=np.int64)
    for row, sequence, count in zip(padded, sequences, lengths, strict=True):
        row[:count] = sequence[:count]
    return padded, lengths


def mask(lengths: np.ndarray, length: int, dtype: type = np.float32) -> np.ndarray:
    """Return (N, L): 1 where a step is real, 0 where it is padding, for lengths (N,) of at most ``length`` = L.

    ``ValueError`` for lengths of another shape, that are no integers, below 0 or above L.

    >>> mask(np.array([2, 1]), 3).tolist()
    [[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    """
    lengths = np.asarray(lengths)
    if lengths.ndim != 1 or not isinstance(length, Integral):
        raise ValueError(
            f"mask: lengths of shape {lengths.shape} with length={length}; give (N,) and a whole number."
        )
    if lengths.size and lengths.dtype.kind not in "iu":
        raise ValueError(f"mask: lengths are {lengths.dtype}; give integers.")
    if lengths.size and not (lengths.min() >= 0 and lengths.max() <= length):
        raise ValueError(
            f"mask: lengths from {lengths.min()} to {lengths.max()} with length={length}; give 0 to {length}."
        )
    return (np.arange(length) < lengths[:, None]).astype(dtype)


def with_mask(padded: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Append the mask of :func:`mask` to sequences (N, C, L) as one more channel: (N, C + 1, L), in their dtype.

    So a batch that is one array, as :func:`deeplearning.training.fit` walks over, carries its lengths along.
    ``ValueError`` if ``lengths`` are not N numbers from 0 to L.

    >>> with_mask(*pad([np.float32([[5], [6]]), np.float32([[7]])])).tolist()
    [[[5.0, 6.0], [1.0, 1.0]], [[7.0, 0.0], [1.0, 0.0]]]
    """
    if padded.ndim != 3 or np.shape(lengths) != padded.shape[:1]:
        raise ValueError(
            f"with_mask: sequences of shape {padded.shape} with lengths of shape {np.shape(lengths)}; "
            "give (N, C, L) and (N,)."
        )
    real = mask(lengths, padded.shape[2], padded.dtype.type)
    return np.concatenate([padded, real[:, None]], axis=1)
