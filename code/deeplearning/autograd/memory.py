"""Memory for arrays: begun where vector instructions read at full width, and used again when an array is gone."""

import math
import os
from collections.abc import Sequence
from threading import RLock
from typing import Any

import numpy as np

LINE = 64  # bytes: a cache line, and the width of the widest vector registers
LARGE = 2**16  # bytes from which memory is kept for the next array
KEPT = 2**27  # bytes kept at most


class _Idle:
    """Memory that no array uses at present, by its size.

    A training step makes arrays of the same sizes as the step before. Memory that is fresh from the operating system
    costs about as much as what is then computed in it: every page of 4 KiB is handed out, and cleared, on first use.
    """

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin anew, with a lock that nobody holds."""
        self.rooms: dict[int, list[np.ndarray]] = {}
        self.size = 0
        self.lock = RLock()  # re-entrant: collecting garbage inside `take` may call `give`

    def take(self, size: int) -> np.ndarray:
        with self.lock:
            rooms = self.rooms.get(size)
            if rooms:
                self.size -= size
                return rooms.pop()
        return np.empty(size, np.uint8)

    def give(self, room: np.ndarray) -> None:
        with self.lock:
            if self.size + room.size > KEPT:  # sizes have changed: what was kept is of no use
                self.rooms, self.size = {}, 0
            if room.size > KEPT:
                return
            self.rooms.setdefault(room.size, []).append(room)
            self.size += room.size


class _Loan:
    """The owner of an array's memory, which gives it back when the last view of it is gone."""

    __slots__ = ("__array_interface__", "room")

    def __init__(self, size: int) -> None:
        self.room = _idle.take(size)
        self.__array_interface__ = self.room.__array_interface__

    def __del__(self) -> None:
        if hasattr(self, "room"):  # there was memory to be had
            _idle.give(self.room)


_idle = _Idle()
if hasattr(
    os, "register_at_fork"
):  # a thread that is not copied may hold the lock, and would never let go
    os.register_at_fork(after_in_child=_idle.renew)


def empty(shape: tuple[int, ...], dtype: Any, order: Sequence[int] | None = None) -> np.ndarray:
    """Return an uninitialised array whose memory begins at a cache line.

    NumPy promises 16 bytes only. A vector load that straddles two lines costs two, which made a training step of a
    small network about a tenth slower. The memory of a large array is kept for the next one. ``order`` names the axes
    from the one with the largest steps in memory to the one with the smallest; as they come, if not given.

    >>> empty((3, 5), np.float32).ctypes.data % LINE
    0
    >>> empty((3, 5), np.int8, order=(1, 0)).strides
    (1, 3)
    """
    if order is not None:
        back = sorted(range(len(shape)), key=order.__getitem__)
        return empty(tuple(shape[axis] for axis in order), dtype).transpose(back)
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize + LINE
    room = np.asarray(_Loan(size)) if size > LARGE else np.empty(size, np.uint8)
    return np.ndarray(shape, dtype, room, offset=-room.ctypes.data % LINE)


def axes_in_memory(array: np.ndarray) -> Sequence[int]:
    """Return the axes of an array from the one with the largest steps in memory to the one with the smallest.

    >>> axes_in_memory(np.ones((2, 3, 4)).transpose(2, 0, 1))
    [1, 2, 0]
    """
    if array.flags.c_contiguous:
        return range(array.ndim)
    return sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))


def empty_like(array: np.ndarray) -> np.ndarray:
    """Return an uninitialised array of the same shape, dtype and order of axes in memory, from a cache line on.

    What is computed element by element then reads and writes memory in one run, whatever the order of the axes.

    >>> images = np.ones((2, 3, 4)).transpose(2, 0, 1)
    >>> empty_like(images).strides == images.strides
    True
    """
    if array.flags.c_contiguous:
        return empty(array.shape, array.dtype)
    return empty(array.shape, array.dtype, axes_in_memory(array))


def aligned(array: np.ndarray) -> np.ndarray:
    """Return a copy that begins at a cache line, in the same order of memory (rows or columns first).

    >>> aligned(np.ones((2, 3)).T).flags.f_contiguous
    True
    """
    if array.flags.f_contiguous and not array.flags.c_contiguous:
        return aligned(array.T).T
    copy = empty(array.shape, array.dtype)
    copy[...] = array
    return copy
