"""Timing without fooling oneself: warm-up, samples that the clock can see, contenders in turn, medians and spread."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Work = Callable[[], Any]

CLOCK = time.process_time
"""Processor time of this process: what other programs take from the core does not count. Right for one thread only."""


@dataclass(frozen=True)
class Times:
    """Samples of the time of one call, in seconds, shape (n,).

    Args:
        seconds: one a sample; a sample is the mean over `calls` calls in a row.
        calls: how many calls a sample took.

    >>> times = Times(np.array([3.0, 1.0, 2.0, 50.0, 2.0]))
    >>> times.median, times.mean
    (2.0, 11.6)
    """

    seconds: np.ndarray
    calls: int = 1

    @property
    def median(self) -> float:
        """The middle sample: half are shorter, half longer."""
        return float(np.median(self.seconds))

    @property
    def mean(self) -> float:
        """The mean, which a single disturbance moves."""
        return float(np.mean(self.seconds))

    @property
    def low(self) -> float:
        """The 20th percentile."""
        return float(np.percentile(self.seconds, 20))

    @property
    def high(self) -> float:
        """The 80th percentile."""
        return float(np.percentile(self.seconds, 80))


def resolution(clock: Callable[[], float] = CLOCK, tries: int = 100) -> float:
    """Return the smallest step, in seconds, that a clock was seen to make.

    >>> 0 < resolution(time.perf_counter) < 0.02
    True
    """
    steps = []
    for _ in range(tries):
        began = now = clock()
        while now == began:
            now = clock()
        steps.append(now - began)
    return min(steps)


def sample(work: Work, calls: int = 1, clock: Callable[[], float] = CLOCK) -> float:
    """Return the mean time of one call, in seconds, over `calls` calls in a row."""
    began = clock()
    for _ in range(calls):
        work()
    return (clock() - began) / calls


def warm_up(work: Work, least: float = 0.01) -> int:
    """Call until `least` seconds have passed, and return how many calls fill such a time.

    The first calls are not like the others: memory is handed out and caches are filled. So there are two at least, and
    the quickest decides how many calls a sample takes.

    Raises:
        ValueError: `least` is not a positive number of seconds.
    """
    if not least > 0:
        raise ValueError(f"timing: least is a positive number of seconds; got {least}")
    shortest, passed, done = float("inf"), 0.0, 0
    while passed < least or done < 2:
        seconds = sample(work)
        shortest, passed, done = min(shortest, seconds), passed + seconds, done + 1
    return max(1, round(least / max(shortest, resolution(tries=1))))


def measure(work: Work, samples: int = 15, least: float = 0.01) -> Times:
    """Warm up, then take `samples` samples of at least about `least` seconds each.

    >>> measure(lambda: sum(range(100)), samples=3, least=0.001).seconds.shape
    (3,)
    """
    return alternate({"work": work}, samples, least)["work"]


def alternate(
    contenders: Mapping[str, Work], rounds: int = 15, least: float = 0.01, seed: int = 0
) -> dict[str, Times]:
    """Time contenders in turn, once a round, in an order drawn anew each round.

    Whatever else the machine does, or however its clock wanders, meets all of them: sample i of one belongs to sample
    i of every other, and ratios are taken within rounds.

    Args:
        contenders: name → what to call.
        rounds: samples of each.
        least: seconds that a sample lasts at least, about.
        seed: of the order.

    Returns:
        Name → times.

    Raises:
        ValueError: no contender, or fewer rounds than one.

    >>> fast, slow = alternate({"fast": lambda: None, "slow": lambda: sum(range(999))}, 3, 0.001).values()
    >>> fast.median < slow.median
    True
    """
    if not contenders or rounds < 1:
        raise ValueError(
            f"timing: needs a contender and a round; got {len(contenders)} and {rounds}"
        )
    calls = {name: warm_up(work, least) for name, work in contenders.items()}
    found: dict[str, list[float]] = {name: [] for name in contenders}
    order = np.random.default_rng(seed)
    for _ in range(rounds):
        for name in order.permutation(list(contenders)):
            found[name].append(sample(contenders[name], calls[name]))
    return {name: Times(np.array(values), calls[name]) for name, values in found.items()}


def ratio(times: Times, other: Times) -> np.ndarray:
    """Return, round by round, how many times as long `times` took as `other`.

    >>> ratio(Times(np.array([2.0, 9.0])), Times(np.array([1.0, 3.0])))
    array([2., 3.])
    """
    return times.seconds / other.seconds


def peak_memory(work: Work) -> int:
    """Return how many bytes of arrays one call holds at its worst moment, beyond those it was given.

    NumPy reports its arrays to `tracemalloc`; memory that other libraries take is not seen.

    >>> peak_memory(lambda: np.ones(1000)) >= 8000
    True
    """
    tracemalloc.start()
    try:
        kept = work()
        peak = tracemalloc.get_traced_memory()[1]
        del kept
    finally:
        tracemalloc.stop()
    return peak
