"""The bar: what finished last, how many of how many, and an estimate that knows the cases."""

import pytest

from deeplearning.experiments.job import Job
from deeplearning.experiments.progress import Progress
from deeplearning.experiments.runner import Options, run_jobs


@pytest.fixture
def make(workshop):
    def make(count: int, **ids: dict) -> Progress:
        for id, changes in ids.items():
            workshop.add(id, **changes)
        jobs = [Job.of(id, folder=workshop.folder) for id in ids]
        return Progress(jobs, [{} for _ in jobs], count, False)

    return make


def test_the_estimate_begins_with_what_the_experiment_states(make) -> None:
    assert make(1, N1={"cost": 30.0, "cases": ("b", "a")}).seconds_left() == pytest.approx(30)
    assert make(3, N1={"cost": 30.0}).seconds_left() == pytest.approx(10)
    assert make(99, N1={"cost": 30.0}).seconds_left() == pytest.approx(
        6
    )  # 5 runs at a time at most


def test_the_estimate_follows_the_finished_runs_of_each_case(make) -> None:
    progress = make(2, N1={"cost": 1.0, "cases": ("b", "a")})
    progress.finished[0][0, "b"] = {"seconds": 10.0}
    assert progress.seconds_left() == pytest.approx(9 * 10 / 2)  # nothing is known of a but b
    progress.finished[0][0, "a"] = {"seconds": 2.0}
    progress.finished[0][1, "a"] = {"seconds": 4.0}
    assert progress.seconds_left() == pytest.approx((4 * 10 + 3 * 3) / 2)
    progress.advance(0, (1, "b"), crashed=True)
    assert progress.seconds_left() == pytest.approx((3 * 10 + 3 * 3) / 2)
    assert progress.missing(0) == [(2, "b"), (2, "a"), (3, "b"), (3, "a"), (4, "b"), (4, "a")]


def test_exclusive_runs_do_not_share_the_time(make) -> None:
    progress = make(5, N1={"cost": 30.0}, N2={"cost": 20.0, "more": ", exclusive=True"})
    assert progress.seconds_left() == pytest.approx(30 / 5 + 20)
    for seed in range(5):
        progress.finished[0][seed, ""] = {"seconds": 1.0}
    assert progress.seconds_left() == pytest.approx(20)


def test_one_bar_for_all_runs_of_all_jobs(workshop, capsys: pytest.CaptureFixture) -> None:
    workshop.add("N1")
    workshop.add("N2", cases=("b", "a"))
    jobs = [Job.of(id, folder=workshop.folder) for id in ("N1", "N2")]
    workshop.mishap("crash 4 b")
    run_jobs(jobs, Options(jobs=1, root=workshop.root, progress=True, report=lambda text: None))
    shown = capsys.readouterr().err.replace("\n", "\r").split("\r")
    assert "0/15 runs" in shown[1] or "0/15 runs" in shown[0]
    assert any("N1 seed 2: " in line and "3/15 runs" in line for line in shown)
    assert any("N2 seed 4 b crashed: " in line and "14/15 runs" in line for line in shown)
    last = next(line for line in shown if "15/15 runs" in line)
    assert "N2 seed 4 a: 100%" in last
    assert "about 00:00 left" in last
    workshop.mishap("")
    run_jobs(jobs, Options(jobs=1, root=workshop.root, progress=True, report=lambda text: None))
    again = capsys.readouterr().err
    assert "14/15 runs" in again  # what was kept is counted from the beginning
    assert "13/15" not in again
