"""Work in threads: every part once, results in order, errors passed on, the BLAS as it was."""

import os
import signal
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from deeplearning.autograd import threads


class Blas(SimpleNamespace):
    """A library with a number of threads."""

    def get_num_threads(self) -> int:
        return self.count

    def set_num_threads(self, count: int) -> None:
        self.count = count


@pytest.fixture
def blas(monkeypatch: pytest.MonkeyPatch) -> Blas:
    library = Blas(count=3)
    monkeypatch.setattr(threads, "_blas", lambda: [library])
    return library


@pytest.mark.parametrize("rows", [1, 2, 3, 10])
def test_every_row_once_and_in_order(rows: int, blas: Blas) -> None:
    seen = []

    def work(part: slice) -> range:
        seen.append((threading.get_ident(), blas.count))
        return range(rows)[part]

    parts = threads.in_parallel(work, rows, numbers=10**9)
    assert [row for part in parts for row in part] == list(range(rows))
    assert len(parts) == min(rows, 3)
    assert {count for _, count in seen} == ({1} if rows > 1 else {3})
    assert blas.count == 3


def test_little_work_stays_in_one_thread(blas: Blas) -> None:
    assert threads.in_parallel(lambda part: part, 10, numbers=10) == [slice(0, 10)]


@pytest.mark.parametrize("row", [0, 9])
def test_an_error_in_any_part_is_raised_and_the_blas_restored(row: int, blas: Blas) -> None:
    def work(part: slice) -> Any:
        if row in range(10)[part]:
            raise ZeroDivisionError("row")

    with pytest.raises(ZeroDivisionError, match="row"):
        threads.in_parallel(work, 10, numbers=10**9)
    assert blas.count == 3


def test_callers_do_not_get_each_others_results(blas: Blas) -> None:
    def ask(name: int) -> list[int]:
        return [
            sum(threads.in_parallel(lambda part: name * len(range(10)[part]), 10, numbers=10**9))
            for _ in range(50)
        ]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [[10 * name] * 50 for name in range(4)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system copies no processes")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(blas: Blas) -> None:
    def work() -> list[int]:
        return threads.in_parallel(lambda part: part.stop, 9, numbers=10**9)

    assert work() == [3, 6, 9]
    child = os.fork()
    if child == 0:
        os._exit(0 if work() == [3, 6, 9] else 1)
    for _ in range(500):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.02)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert done
    assert status == 0


def test_nothing_is_held_after_the_work(blas: Blas) -> None:
    class Held:
        pass

    held = Held()
    gone = weakref.ref(held)
    threads.in_parallel(lambda part, held=held: None, 9, numbers=10**9)
    del held
    for _ in range(100):
        if gone() is None:
            break
        time.sleep(0.01)
    assert gone() is None


def test_the_users_limit_is_obeyed() -> None:
    with threadpool_limits(1):
        assert set(threads.blas_threads()) <= {1}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_parts_of_an_array_are_runs_of_memory(
    order: tuple[int, ...], blas: Blas, monkeypatch: pytest.MonkeyPatch
) -> None:
    array, parts = np.zeros((3, 4, 5)).transpose(order), []

    def work(part: tuple[slice, ...]) -> None:
        parts.append(part)
        array[part] += 1

    threads.in_parts(work, array)
    assert parts == [(...,)]
    monkeypatch.setattr(threads, "ENOUGH", 0)
    threads.in_parts(work, array)
    assert len(parts) == 1 + 3
    assert array.min() == array.max() == 2
    for part in parts:
        axes = np.argsort(array[part].strides)[::-1]
        assert array[part].transpose(axes).flags.c_contiguous
