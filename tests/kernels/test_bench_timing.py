"""Statistics, turns, graphs and launch costs, with a clock that pretends."""

import math
import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from deepkernels.bench.timing import (
    DeviceClock,
    Plan,
    Times,
    buffer_sets,
    geometric_mean,
    measure,
    percentile,
)
from kernel_pretended import Contender, PretendedClock

VALUES = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=40)


@given(VALUES, st.floats(0, 100))
def test_percentiles_are_torch_quantiles(values: list[float], percent: float) -> None:
    expected = torch.quantile(torch.tensor(values, dtype=torch.float64), percent / 100).item()
    assert percentile(values, percent) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(VALUES)
def test_geometric_means_are_those_of_the_standard_library(values: list[float]) -> None:
    assert geometric_mean(values) == pytest.approx(statistics.geometric_mean(values), rel=1e-9)


@pytest.mark.parametrize("values", [[], [1.0, 0.0], [1.0, -2.0]])
def test_geometric_means_of_nonsense(values: list[float]) -> None:
    with pytest.raises(ValueError, match="positive ratios"):
        geometric_mean(values)


def test_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@pytest.mark.parametrize(
    ("size", "cache", "sets"),
    [(60, 60, 3), (1, 60, 64), (119, 60, 3), (120, 60, 1), (10**9, 60, 1), (0, 60, 64)],
)
def test_buffers_pass_the_cache_twice_between_uses(size: int, cache: int, sets: int) -> None:
    found = buffer_sets(size, cache)
    assert found == sets
    assert found == 64 or found == 1 or (found - 1) * size >= 2 * cache


def test_slow_work_is_timed_call_by_call() -> None:
    clock = PretendedClock()
    quick, slow = Contender(clock, "a", 1e-3), Contender(clock, "b", 3e-3)
    found = measure({"quick": quick, "slow": slow}, clock, Plan(seconds=0.06), seed=0)
    assert not found.replayed
    assert (found.calls, found.errors) == (1, {})
    assert found.times["quick"].median == pytest.approx(1e-3)
    assert found.times["slow"].median == pytest.approx(3e-3)
    assert not any(what == "captured" for what, _ in clock.asked)
    # 0.06 s of the slowest: 20 samples of each.
    assert len(found.times["quick"].samples) == len(found.times["slow"].samples) == 20


def test_one_quick_contender_has_all_of_them_replayed() -> None:
    clock = PretendedClock()
    contenders = {"quick": Contender(clock, "q", 2e-6), "slow": Contender(clock, "s", 1e-3)}
    found = measure(contenders, clock, Plan(), seed=0, sets=7)
    assert found.replayed
    assert found.calls == 504  # a millisecond of the quickest is 500 calls; whole turns of 7 sets
    assert [calls for what, calls in clock.asked if what == "captured"] == [504, 504]
    assert found.times["quick"].median == pytest.approx(2e-6)
    assert found.times["slow"].median == pytest.approx(1e-3)
    assert len(found.times["slow"].samples) == Plan().least


def test_contenders_take_turns_in_an_order_that_changes() -> None:
    clock = PretendedClock()
    names = ["a", "b", "c"]
    contenders = {name: Contender(clock, name, 1e-3) for name in names}
    measure(contenders, clock, Plan(samples=30, seconds=1), seed=5)
    order = [name for what, name in clock.asked if what == "sample"][2 * len(names) :]
    rounds = [order[i : i + 3] for i in range(0, len(order), 3)]
    assert len(rounds) == 30
    assert all(sorted(one) == names for one in rounds), "every contender once a round"
    assert len({tuple(one) for one in rounds}) > 3

    again = PretendedClock()
    contenders = {name: Contender(again, name, 1e-3) for name in names}
    measure(contenders, again, Plan(samples=30, seconds=1), seed=5)
    assert again.asked == clock.asked, "the order follows from the seed"


def test_drift_meets_contenders_alike() -> None:
    clock = PretendedClock()
    # The machine gets slower all the time; both do the same work.
    works = {name: Contender(clock, name, lambda n: 1e-3 * (1 + clock.now)) for name in "ab"}
    found = measure(works, clock, Plan(samples=60, seconds=10), seed=1)
    a, b = (found.times[name].median for name in "ab")
    assert a == pytest.approx(b, rel=0.01)


def test_buffers_are_used_in_turn() -> None:
    clock = PretendedClock()
    work = Contender(clock, "a", 1e-3)
    measure({"a": work}, clock, Plan(samples=15, least=15, seconds=0.015), seed=0)
    assert work.calls[-15:] == list(range(15))


def test_what_fails_is_told_and_the_others_are_timed() -> None:
    clock = PretendedClock()

    def broken(_: int) -> None:
        raise RuntimeError("no kernel image")

    found = measure({"ours": broken, "vendor": Contender(clock, "v", 1e-3)}, clock, Plan(), seed=0)
    assert list(found.times) == ["vendor"]
    assert found.errors == {"ours": "RuntimeError: no kernel image"}


def test_what_cannot_be_captured_is_told() -> None:
    class Refusing(PretendedClock):
        def captured(self, work, calls):
            if work.name == "bad":
                raise RuntimeError("operation not permitted when stream is capturing")
            return super().captured(work, calls)

    clock = Refusing()
    works = {"good": Contender(clock, "good", 1e-6), "bad": Contender(clock, "bad", 1e-6)}
    found = measure(works, clock, Plan(), seed=0)
    assert list(found.times) == ["good"]
    assert "not permitted" in found.errors["bad"]


def test_nobody_to_time() -> None:
    found = measure({}, PretendedClock(), Plan(), seed=0)
    assert (found.times, found.errors, found.replayed) == ({}, {}, False)


def test_launch_costs_stand_apart() -> None:
    clock = PretendedClock()
    found = measure({"a": Contender(clock, "a", 1e-3)}, clock, Plan(launches=7), seed=0)
    assert found.times["a"].launch == 5e-6
    assert ("launch", 7) in clock.asked


def test_a_row_has_median_spread_and_raw_samples() -> None:
    samples = (3.0, 1.0, 2.0, 5.0, 4.0, 6.0)
    row = Times(samples, 0.5).as_json()
    assert row == {
        "median": 3.5,
        "percentile_20": 2.0,
        "percentile_80": 5.0,
        "n": 6,
        "launch": 0.5,
        "samples": list(samples),
    }


def test_samples_never_fall_below_the_least() -> None:
    clock = PretendedClock()
    found = measure({"a": Contender(clock, "a", 10.0)}, clock, Plan(least=12), seed=0)
    assert len(found.times["a"].samples) == 12
    assert math.isclose(found.times["a"].median, 10.0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a device")
def test_a_device_clock_needs_a_device() -> None:
    with pytest.raises(ValueError, match="no CUDA device"):
        DeviceClock()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_device_clock_agrees_with_itself() -> None:
    clock, x = DeviceClock(), torch.randn(4096, 4096, device="cuda")
    direct = min(clock.sample(lambda _: x @ x, 0, 5) for _ in range(5))
    replay = clock.captured(lambda _: x @ x, 5)
    assert min(clock.sample(replay, 0) / 5 for _ in range(5)) == pytest.approx(direct, rel=0.2)
    assert 0 < clock.launch(lambda _: x @ x, 10) < direct * 10
