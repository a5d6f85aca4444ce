"""Contenders in processes of their own, asked for samples in turn.

Libraries in one process share its memory allocator, its threads and its vector state, so that one can slow another
down. Here each contender lives alone. Its process starts once, warms up, and then waits; while one is asked for a
sample, the others sleep.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Any

import numpy as np

from deeplearning.performance.timing import Times, sample, warm_up

KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "MALLOC_TOP_PAD_": str(2**26),
}
"""For glibc: keep memory that was given back, as it is in a process that has run for a while; else every call of some
contenders, but not of all, would fetch fresh pages from the system."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass(frozen=True)
class Contender:
    """What a process of its own shall time.

    Args:
        make: `"module:function"`; the function returns what is called and timed.
        arguments: its keyword arguments, as JSON can write them.
    """

    make: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def work(self) -> Callable[[], Any]:
        """Make what is timed.

        Raises:
            ValueError: `make` does not name a function.

        >>> Contender("deeplearning.performance.contest:counting", {"to": 5}).work()()
        10
        """
        module, _, name = self.make.partition(":")
        try:
            function = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ValueError(
                f"contest: make is 'module:function' such as 'math:sqrt'; got {self.make!r} ({error})"
            ) from error
        return function(**self.arguments)


def counting(to: int) -> Callable[[], int]:
    """Return what adds up the numbers below `to`: a contender for trying things out."""
    return lambda: sum(range(to))


class Process:
    """A contender's process, from its start to the end of the `with` block."""

    def __init__(self, name: str, contender: Contender, least: float, threads: int) -> None:
        self.name = name
        self.errors: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        settings = json.dumps([contender.make, dict(contender.arguments), least])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deeplearning.performance.contest", settings],
            env=os.environ | KEEP_MEMORY | dict.fromkeys(THREADS, str(threads)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
        )  # fmt: skip

    def answer(self) -> Any:
        """Wait for the process's next line.

        Raises:
            RuntimeError: the process ended instead; the message holds what it wrote.
        """
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.errors.seek(0)
            raise RuntimeError(f"contest: {self.name} failed:\n{self.errors.read().strip()}")
        return json.loads(line)

    def ask(self) -> Any:
        """Have one sample taken, and return its seconds a call."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.answer()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()
        self.errors.close()


def contest(
    contenders: Mapping[str, Contender],
    rounds: int = 7,
    least: float = 0.02,
    threads: int = 1,
    seed: int = 0,
) -> dict[str, Times]:
    """Time contenders in turn, each in a process of its own with so many threads.

    Args:
        contenders: name → contender.
        rounds: samples of each; in every round each is asked once, in an order drawn anew.
        least: seconds that a sample lasts at least, about.
        threads: threads that NumPy's and PyTorch's libraries may use.
        seed: of the order.

    Raises:
        ValueError: no contender, or fewer rounds or threads than one.
        RuntimeError: a contender failed; the message names it and holds its traceback.

    >>> few, many = (Contender("deeplearning.performance.contest:counting", {"to": n}) for n in (10, 9999))
    >>> times = contest({"few": few, "many": many}, rounds=2, least=0.001)
    >>> times["few"].median < times["many"].median
    True
    """
    if not contenders or rounds < 1 or threads < 1:
        raise ValueError(
            f"contest: needs a contender, a round, a thread; got {len(contenders)}, {rounds}, {threads}"
        )
    order = np.random.default_rng(seed)
    found: dict[str, list[float]] = {name: [] for name in contenders}
    with ExitStack() as stack:
        processes, calls = {}, {}
        for name, contender in contenders.items():  # one starts and warms up after the other
            process = stack.enter_context(Process(name, contender, least, threads))
            processes[name], calls[name] = process, int(process.answer())
        for _ in range(rounds):
            for name in order.permutation(list(contenders)):
                found[name].append(float(processes[name].ask()))
    return {name: Times(np.array(values), calls[name]) for name, values in found.items()}


def main() -> None:
    """Be a contender: warm up, tell how many calls a sample takes, then answer every line with a sample."""
    make, arguments, least = json.loads(sys.argv[1])
    work = Contender(make, arguments).work()
    calls = warm_up(work, least)
    print(calls, flush=True)
    for _ in sys.stdin:
        if calls > 1:
            work()  # others have used the caches meanwhile
        print(sample(work, calls), flush=True)


if __name__ == "__main__":
    main()
