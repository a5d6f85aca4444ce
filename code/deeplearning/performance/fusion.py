"""The same chain of element-wise operations, once over whole arrays and once block by block."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Channels(NamedTuple):
    """What each channel is normalised by, arrays of shape (channels, 1)."""

    mean: np.ndarray
    spread: np.ndarray
    gain: np.ndarray
    shift: np.ndarray


def in_passes(x: np.ndarray, by: Channels, out: np.ndarray) -> np.ndarray:
    """Write relu((x − mean) · spread⁻¹ · gain + shift) into `out`, a pass over the whole array for each operation.

    Args:
        x, out: (channels, pixels).
        by: the channels' numbers.

    >>> by = Channels(*(np.array([[value]]) for value in (1.0, 2.0, 4.0, -1.0)))
    >>> in_passes(np.array([[1.0, 2.0]]), by, np.empty((1, 2))).tolist()
    [[0.0, 1.0]]
    """
    np.subtract(x, by.mean, out=out)
    np.multiply(out, 1 / by.spread, out=out)
    np.multiply(out, by.gain, out=out)
    np.add(out, by.shift, out=out)
    return np.maximum(out, 0, out=out)


def in_blocks(x: np.ndarray, by: Channels, out: np.ndarray, rows: int) -> np.ndarray:
    """Do the same for `rows` channels at a time: what one operation wrote, the next finds in the cache.

    >>> by = Channels(*(np.ones((3, 1)) for _ in range(4)))
    >>> in_blocks(np.arange(6.0).reshape(3, 2), by, np.empty((3, 2)), rows=2).tolist()
    [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    """
    for begin in range(0, len(x), rows):
        block = slice(begin, begin + rows)
        in_passes(x[block], Channels(*(array[block] for array in by)), out[block])
    return out
