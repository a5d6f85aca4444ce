"""Timing: what is called how often, what comes out of the samples; never how long something takes."""

from collections import Counter

import numpy as np
import pytest

from deeplearning.performance import timing
from deeplearning.performance.timing import Times


class FakeClock:
    """A clock that moves only when work is done."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def work(self, seconds: float) -> None:
        self.now += seconds


def test_sample_is_the_mean_over_its_calls() -> None:
    clock = FakeClock()
    durations = iter([1.0, 3.0, 5.0])
    assert timing.sample(lambda: clock.work(next(durations)), 3, clock) == 3.0


def test_statistics() -> None:
    times = Times(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))
    assert (times.median, times.mean) == (3.0, 22.0)
    assert times.low == pytest.approx(1.8)
    assert times.high == pytest.approx(23.2)


def test_resolution_is_the_smallest_step() -> None:
    steps = iter([0, 0, 5, 5, 7, 7, 7, 20])  # steps of 5, 2 and 13
    assert timing.resolution(lambda: float(next(steps)), tries=3) == 2


def test_warm_up_calls_twice_at_least_and_fills_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    durations = iter([9.0, 0.25, 0.5])  # a slow first call must not decide
    monkeypatch.setattr(timing, "sample", lambda work: next(durations))
    monkeypatch.setattr(timing, "resolution", lambda tries: 1e-9)
    assert timing.warm_up(lambda: None, least=1.0) == 4


def test_work_too_short_for_the_clock_is_counted_by_the_clocks_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "sample", lambda work: 0.0)
    monkeypatch.setattr(timing, "resolution", lambda tries: 0.5)
    durations = iter([0.0, 0.0, 2.0])
    monkeypatch.setattr(timing, "sample", lambda work: next(durations))
    assert timing.warm_up(lambda: None, least=1.0) == 2


@pytest.mark.parametrize("least", [0, -1, float("nan")])
def test_warm_up_refuses_no_time(least: float) -> None:
    with pytest.raises(ValueError, match="positive number of seconds"):
        timing.warm_up(lambda: None, least)


def test_contenders_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "warm_up", lambda work, least: 1)
    order: list[str] = []
    works = {name: lambda name=name: order.append(name) for name in "abc"}
    times = timing.alternate(works, rounds=20, least=0.1, seed=3)
    rounds = [tuple(order[at : at + 3]) for at in range(0, 60, 3)]
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len(set(rounds)) > 2, "the order is drawn anew each round"
    assert {name: len(one.seconds) for name, one in times.items()} == dict.fromkeys("abc", 20)
    again: list[str] = []
    timing.alternate({n: lambda n=n: again.append(n) for n in "abc"}, 20, 0.1, seed=3)
    assert again == order


def test_measure_takes_as_many_samples_as_asked() -> None:
    calls: Counter[str] = Counter()
    times = timing.measure(lambda: calls.update("x"), samples=4, least=1e-4)
    assert times.seconds.shape == (4,)
    assert calls["x"] >= 4 * times.calls


@pytest.mark.parametrize(("contenders", "rounds"), [({}, 3), ({"a": lambda: None}, 0)])
def test_alternate_refuses_an_empty_race(contenders: dict, rounds: int) -> None:
    with pytest.raises(ValueError, match="needs a contender and a round"):
        timing.alternate(contenders, rounds)


def test_ratio_is_taken_within_rounds() -> None:
    slow, fast = Times(np.array([2.0, 30.0])), Times(np.array([1.0, 10.0]))
    assert timing.ratio(slow, fast).tolist() == [2.0, 3.0]


def test_peak_memory_sees_what_is_held_at_once() -> None:
    def work() -> np.ndarray:
        np.ones(50_000, np.float32)  # given back at once
        first, second = np.ones(10_000, np.float32), np.ones(20_000, np.float32)
        return first[:1] + second[:1]

    peak = timing.peak_memory(work)
    assert 200_000 <= peak < 230_000
    kept = timing.peak_memory(lambda: (np.ones(50_000, np.float32), np.ones(50_000, np.float32)))
    assert 400_000 <= kept < 430_000
