"""How long work takes: contenders in turn, medians with spread, small work by replay of a captured graph."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

#: One call of a contender; its argument counts calls, so that it can go round several sets of buffers.
Work = Callable[[int], Any]


class Clock(Protocol):
    """What timing needs of a machine; tests give one that pretends."""

    def sample(self, work: Work, first: int, calls: int = 1) -> float:
        """Return seconds a call on the device, for the calls number `first`, `first + 1`, …"""

    def launch(self, work: Work, calls: int) -> float:
        """Return seconds a call on the host, until the call comes back."""

    def captured(self, work: Work, calls: int) -> Work:
        """Return work that replays `calls` calls as one graph."""


@dataclass(frozen=True)
class Plan:
    """How much to measure.

    Args:
        samples: the most samples a contender; `least` the fewest, however slow it is.
        seconds: device time to spend on a contender.
        replay_below: where the quickest contender takes less (seconds a call), every contender is timed by graph
            replay: otherwise the host's launches would be timed.
        graph_seconds: least device time of one graph.
        launches: how many calls are put into the queue to learn what a launch costs the host.
    """

    samples: int = 60
    least: int = 12
    seconds: float = 0.25
    replay_below: float = 200e-6
    graph_seconds: float = 1e-3
    launches: int = 20


@dataclass(frozen=True)
class Times:
    """Samples of one contender, in seconds a call: device time, and the host's cost of a launch apart."""

    samples: tuple[float, ...]
    launch: float

    @property
    def median(self) -> float:
        """The middle sample."""
        return percentile(self.samples, 50)

    def as_json(self) -> dict[str, Any]:
        """Median, 20th and 80th percentile, number, launch cost and the raw samples, in seconds."""
        return {
            "median": self.median,
            "percentile_20": percentile(self.samples, 20),
            "percentile_80": percentile(self.samples, 80),
            "n": len(self.samples),
            "launch": self.launch,
            "samples": [float(f"{sample:.6g}") for sample in self.samples],
        }


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which `percent` % of the values lie, linear between neighbours.

    >>> percentile([1.0, 2.0, 4.0], 50), percentile([1.0, 2.0, 4.0], 75)
    (2.0, 3.0)
    """
    if not values:
        raise ValueError("bench: a percentile of no values; measure at least one")
    ordered = sorted(values)
    place = percent / 100 * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def geometric_mean(ratios: Sequence[float]) -> float:
    r"""Return :math:`\exp(\frac1n\sum\ln r_i)`.

    >>> round(geometric_mean([0.5, 2.0]), 6)
    1.0
    """
    if not ratios or min(ratios) <= 0:
        raise ValueError(f"bench: a geometric mean is of positive ratios; got {list(ratios)}")
    return math.exp(math.fsum(math.log(ratio) for ratio in ratios) / len(ratios))


def buffer_sets(bytes_a_set: int, cache: int, most: int = 64) -> int:
    """Return how many sets of buffers, used in turn, keep a set out of a cache of `cache` bytes.

    Two cache sizes of other data pass between two uses of a set; a set that is as large does it alone.

    >>> buffer_sets(10, cache=60), buffer_sets(1000, cache=60)
    (13, 1)
    """
    if bytes_a_set >= 2 * cache:
        return 1
    return min(most, 1 + math.ceil(2 * cache / max(1, bytes_a_set)))


@dataclass(frozen=True)
class Measured:
    """What `measure` found: times by contender, why others have none, whether graphs were replayed, calls a sample."""

    times: dict[str, Times]
    errors: dict[str, str]
    replayed: bool
    calls: int


def measure(
    contenders: Mapping[str, Work], clock: Clock, plan: Plan, seed: int, sets: int = 1
) -> Measured:
    """Time contenders in turn, in an order drawn anew each round.

    Whatever else the machine does meets all of them alike, and no contender always runs after the same other. A
    contender that fails is left out, and the failure told; the others are timed.

    Args:
        contenders: name → work.
        clock: what measures.
        plan: how much.
        seed: of the order.
        sets: number of buffer sets that work goes round; a graph goes round all of them.
    """
    errors: dict[str, str] = {}
    rough = _each(contenders, errors, lambda work: _estimate(work, clock))
    works = {name: contenders[name] for name in rough}
    # A queue of slow work takes longer to run than to fill, and every contender fills the same number.
    slowest = max([*rough.values(), 1e-9])
    count = max(1, min(plan.launches, int(plan.seconds / slowest)))
    launches = _each(works, errors, lambda work: clock.launch(work, count))
    replayed, calls = bool(rough) and min(rough.values()) < plan.replay_below, 1
    if replayed:
        calls = max(sets, math.ceil(plan.graph_seconds / min(rough.values())))
        calls = math.ceil(calls / sets) * sets
        works = _each(works, errors, lambda work: clock.captured(work, calls))
    works = {name: work for name, work in works.items() if name not in errors}
    samples: dict[str, list[float]] = {name: [] for name in works}
    count = _rounds(plan, [rough[name] * calls for name in works])
    order = random.Random(seed)
    for number in range(count):
        for name in order.sample(sorted(works), len(works)):
            samples[name].append(clock.sample(works[name], number) / calls)
    times = {name: Times(tuple(values), launches[name]) for name, values in samples.items()}
    return Measured(times, errors, replayed, calls)


def _estimate(work: Work, clock: Clock) -> float:
    clock.sample(work, 0, 2)  # compiles, chooses algorithms, fills caches
    return clock.sample(work, 2, 3)


def _rounds(plan: Plan, seconds_a_sample: Sequence[float]) -> int:
    slowest = max(seconds_a_sample, default=plan.seconds)
    return max(plan.least, min(plan.samples, int(plan.seconds / max(slowest, 1e-9))))


def _each(
    works: Mapping[str, Work], errors: dict[str, str], action: Callable[[Work], Any]
) -> dict[str, Any]:
    """Apply `action` to every work; where it raises, note why and go on."""
    done = {}
    for name, work in works.items():
        try:
            done[name] = action(work)
        except Exception as error:  # a contender that cannot run is a finding about it
            errors[name] = f"{type(error).__name__}: {error}".strip()[:500]
    return done


#: No GPU's clock is faster (cycles a second): a wait of so many cycles takes at least so long.
FASTEST_CLOCK = 2.5e9
SHORTEST_COVER, LONGEST_COVER = 400e-6, 0.2  # seconds


class DeviceClock:
    """Times work on the current CUDA device by its events."""

    def __init__(self) -> None:
        if not torch.cuda.is_available():
            raise ValueError("bench: there is no CUDA device to time work on")
        self.covers: dict[int, float] = {}  # of each work, seconds

    def sample(self, work: Work, first: int, calls: int = 1) -> float:
        """Return seconds a call between two events on the device.

        The device first waits until the host has put all of the work into its queue, so that it never waits for the
        host in between. If the host took longer than that, the sample is taken again with a longer wait.
        """
        cover = self.covers.get(id(work), SHORTEST_COVER)
        while True:
            seconds, host = self._between_events(work, first, calls, cover)
            enough = min(max(2 * host, SHORTEST_COVER), LONGEST_COVER)
            if host <= cover or cover >= LONGEST_COVER:
                self.covers[id(work)] = enough
                return seconds
            cover = enough

    @staticmethod
    def _between_events(work: Work, first: int, calls: int, cover: float) -> tuple[float, float]:
        start = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        torch.cuda._sleep(int(cover * FASTEST_CLOCK))
        begin = time.perf_counter()
        start.record()
        for number in range(first, first + calls):
            work(number)
        end.record()
        host = time.perf_counter() - begin
        end.synchronize()
        return start.elapsed_time(end) / 1e3 / calls, host

    def launch(self, work: Work, calls: int) -> float:
        """Return seconds a call on the host, with a queue that is empty at first and not full at the end."""
        torch.cuda.synchronize()
        begin = time.perf_counter()
        for number in range(calls):
            work(number)
        seconds = time.perf_counter() - begin
        torch.cuda.synchronize()
        return seconds / calls

    def captured(self, work: Work, calls: int) -> Work:
        """Return a replay of `calls` calls, captured on a stream of their own."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for number in range(
                calls
            ):  # every set of buffers: what is made once must not be captured
                work(number)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # On the same stream, because a backward pass runs on the stream of its forward pass.
        with torch.cuda.graph(graph, stream=side):
            for number in range(calls):
                work(number)
        return lambda _: graph.replay()
