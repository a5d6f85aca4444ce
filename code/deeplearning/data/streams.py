"""Batches of a long text for a language model: parallel streams, read window by window."""

from collections.abc import Iterator
from numbers import Integral

import numpy as np


def streams(codes: np.ndarray, count: int, length: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read a text once, as N streams side by side, T steps at a time; the target of a step is the code after it.

    With M = ⌊(n − 1) / N⌋, stream *k* reads ``codes[k·M : (k+1)·M]`` and shall say ``codes[k·M + 1 : (k+1)·M + 1]``.
    There are ⌈M / T⌉ windows; the last one is shorter unless T divides M. Row *k* of a window carries on where row *k*
    of the window before ended, so that a recurrent network may keep its state from one to the next. Every code but the
    first is a target once, except the last (n − 1) mod N; with N = 1 none is left out, which is how to evaluate.

    Args:
        codes: (n,) integers, a text as :meth:`deeplearning.data.Alphabet.encode` returns it; n > N.
        count: N, how many streams, at least 1.
        length: T, the steps of a window, at least 1.

    Returns:
        An iterator over pairs (N, T), (N, T) of ``codes``' dtype, of which the second is shifted by one. They are views
        that cannot be written to. For time first, as PyTorch's recurrent layers take it by default, use ``.T``.

    Raises:
        ValueError: codes that are no row of integers, or too few of them; a count or length below 1.

    Source: Zaremba, Sutskever and Vinyals, "Recurrent Neural Network Regularization", arXiv:1409.2329 (2014),
    section 4.1, whose networks begin a batch with the state in which the batch before left them.

    >>> for x, y in streams(np.arange(9), count=2, length=3):
    ...     print(x.tolist(), y.tolist())
    [[0, 1, 2], [4, 5, 6]] [[1, 2, 3], [5, 6, 7]]
    [[3], [7]] [[4], [8]]
    """
    for name, number in (("count", count), ("length", length)):
        if isinstance(number, bool) or not isinstance(number, Integral) or number < 1:
            raise ValueError(f"streams: {name}={number!r}; give a whole number, at least 1.")
    if not isinstance(codes, np.ndarray) or codes.ndim != 1 or codes.dtype.kind not in "iu":
        given = (
            f"{codes.dtype} of shape {codes.shape}"
            if isinstance(codes, np.ndarray)
            else f"a {type(codes).__name__}"
        )
        raise ValueError(
            f"streams: codes are {given}; give an array of integers of shape (n,), such as alphabet.encode(text)."
        )
    if len(codes) <= count:
        raise ValueError(
            f"streams: {len(codes)} codes for {count} streams; give at least {count + 1}, a first code and a target "
            "for each stream, or fewer streams."
        )
    steps = (len(codes) - 1) // int(count)
    # Rows overlap by one code: the last target of a stream is the first input of the next.
    rows = np.lib.stride_tricks.sliding_window_view(codes, steps + 1)[::steps][: int(count)]
    return _windows(rows, int(length))


def _windows(rows: np.ndarray, length: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    steps = rows.shape[1] - 1
    for start in range(0, steps, length):
        end = min(start + length, steps)
        yield rows[:, start:end], rows[:, start + 1 : end + 1]
