"""Memory is aligned, keeps the order of axes, and is used again only when no view of it is left."""

import threading
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from deeplearning.autograd import memory
from deeplearning.autograd.memory import LARGE, LINE, aligned, axes_in_memory, empty, empty_like


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_idle", memory._Idle())


@pytest.mark.parametrize("dtype", [np.bool_, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (0,), (3, 5), (300, 400), (0, 7)])
def test_begins_at_a_line(shape: tuple[int, ...], dtype: Any) -> None:
    array = empty(shape, dtype)
    assert (array.shape, array.dtype) == (shape, np.dtype(dtype))
    assert array.ctypes.data % LINE == 0
    assert array.flags.writeable
    assert array.flags.c_contiguous


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_axes_is_kept(order: tuple[int, ...]) -> None:
    array = np.ones((2, 3, 4), np.float32).transpose(order)
    new = empty_like(array)
    assert (new.shape, new.dtype, new.strides) == (array.shape, array.dtype, array.strides)
    shape = tuple(2 * n for n in array.shape)
    other = empty(shape, np.float64, axes_in_memory(array))
    assert (other.shape, other.dtype) == (shape, np.float64)
    assert other.ctypes.data % LINE == 0
    assert np.argsort(other.strides).tolist() == np.argsort(array.strides).tolist()


def test_used_again_when_the_last_view_is_gone() -> None:
    size = (LARGE,)
    array = empty(size, np.float32)
    place = array.ctypes.data
    view = array[10:20].reshape(2, 5)
    del array
    other = empty(size, np.float32)  # a view is left, so this is elsewhere
    other[...] = 1
    view[...] = 2
    assert other.ctypes.data != place
    assert other.max() == 1
    del view
    assert empty(size, np.float32).ctypes.data == place


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "KEPT", 10 * LARGE)
    for n in range(1, 40):
        empty((LARGE + n,), np.uint8)
        assert memory._idle.size <= 10 * LARGE
        kept = [room for rooms in memory._idle.rooms.values() for room in rooms]
        assert memory._idle.size == sum(room.size for room in kept)


def test_what_is_larger_than_all_that_may_be_kept_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "KEPT", 2 * LARGE)
    empty((3 * LARGE,), np.uint8)
    assert memory._idle.size == 0
    assert not memory._idle.rooms


def test_memory_that_cannot_be_had_is_one_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MemoryError):
        empty((2**62,), np.int8)
    assert capsys.readouterr().err == ""


def test_a_new_beginning_has_a_lock_that_nobody_holds() -> None:
    """As in a copy of the process, where the thread that held the lock does not exist."""
    idle = memory._Idle()
    held, released = threading.Event(), threading.Event()

    def hold() -> None:
        with idle.lock:
            held.set()
            released.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    assert not idle.lock.acquire(blocking=False)
    idle.renew()
    assert idle.lock.acquire(blocking=False)
    released.set()
    thread.join()


def test_small_arrays_are_left_to_numpy() -> None:
    empty((10,), np.float32)
    assert not memory._idle.rooms


def test_a_copy_is_aligned_in_its_own_order() -> None:
    array = np.arange(12.0).reshape(3, 4).T
    copy = aligned(array)
    assert copy.flags.f_contiguous
    assert copy.ctypes.data % LINE == 0
    np.testing.assert_array_equal(copy, array)
