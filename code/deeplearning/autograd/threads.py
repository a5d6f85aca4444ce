"""Work shared between threads: while NumPy computes, it lets go of the lock that keeps Python to one core."""

import os
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

from deeplearning.autograd.memory import axes_in_memory

Result = TypeVar("Result")
Part = tuple[Any, ...]
ENOUGH = 2**17  # numbers below which waking a thread costs more than it brings


@cache
def _blas() -> list[Any]:
    """Return what controls the threads of NumPy's BLAS; nothing where it cannot be controlled."""
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return [blas for blas in found if "numpy" in (blas.filepath or "")] or found


class _Helpers:
    """Threads that wait for work. An executor of the standard library does the same at three times the cost a call."""

    def __init__(self) -> None:
        self.tasks: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        self.count = 0

    def start(self, count: int) -> None:
        while self.count < count:
            self.count += 1
            Thread(target=self._serve, name=f"deeplearning-{self.count}", daemon=True).start()

    def _serve(self) -> None:
        while True:
            work, part, number, done = self.tasks.get()
            try:
                done.put((number, work(part), None))
            except BaseException as error:  # it belongs to the thread that asked
                done.put((number, None, error))
            del work, part, done  # what they hold on to is not to wait for the next task


_helpers = _Helpers()
if hasattr(os, "register_at_fork"):  # a copy of the process has none of its threads
    os.register_at_fork(after_in_child=_helpers.__init__)  # type: ignore[misc]


def blas_threads() -> list[int]:
    """Return how many threads NumPy's BLAS may use, which is how many the engine takes for its own work.

    It is set as for every program on NumPy, by OMP_NUM_THREADS or by ``threadpoolctl.threadpool_limits``. Several
    numbers if NumPy has several libraries, none if it has none that can be controlled.
    """
    return [blas.get_num_threads() or 1 for blas in _blas()]


def in_parallel(work: Callable[[slice], Result], rows: int, numbers: int) -> list[Result]:
    """Call ``work`` on parts of ``range(rows)`` that lie side by side, one for each thread, and return the results.

    ``numbers`` is how many numbers are to be computed in all; for few, everything is one part. Meanwhile a product of
    matrices takes one thread: two threads with a product each beat two threads that share every product, because what
    is between the products is shared too. ``work`` must not call this function itself: it would wait for the thread
    that it runs in.

    >>> sum(in_parallel(lambda part: part.stop - part.start, 10, numbers=10**6))
    10
    """
    before = blas_threads() if numbers >= ENOUGH else [1]
    threads = min(max(before, default=1), rows)
    if threads < 2:
        return [work(slice(0, rows))]
    borders = [rows * i // threads for i in range(threads + 1)]
    parts = [slice(a, b) for a, b in pairwise(borders)]
    for blas in _blas():
        blas.set_num_threads(1)
    done: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
    _helpers.start(threads - 1)
    for number, part in enumerate(parts[1:], start=1):
        _helpers.tasks.put((work, part, number, done))
    results: dict[int, Any] = {}
    failed = None
    try:
        results[0] = work(parts[0])
    finally:
        for _ in parts[1:]:  # also after an error: nothing may go on behind the caller's back
            number, results[number], error = done.get()
            failed = failed or error
        for blas, count in zip(_blas(), before, strict=True):
            blas.set_num_threads(count)
    if failed is not None:
        raise failed
    return [results[number] for number in range(threads)]


def in_parts(work: Callable[[Part], None], array: np.ndarray) -> None:
    """Call ``work`` with indices that cut ``array`` into parts, each one run of memory if the array is, by threads.

    >>> doubled = np.ones((2, 3))
    >>> in_parts(lambda part: np.multiply(doubled[part], 2, out=doubled[part]), doubled)
    >>> doubled.sum()
    np.float64(12.0)
    """
    if array.size < ENOUGH:
        work((...,))
        return
    axis = axes_in_memory(array)[0]
    before = (slice(None),) * axis
    in_parallel(lambda part: work((*before, part)), array.shape[axis], array.size)
