"""Runs: resumable, whole after a crash, the same with any number of processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deeplearning.experiments import ExperimentError, runner
from deeplearning.experiments.job import Job
from deeplearning.experiments.runner import Interrupted, Options, run_jobs

ALL = [f"N1 {seed}" for seed in range(5)]
BOTH = [f"N1 {seed} {case}" for seed in range(5) for case in "ba"]
POSIX = pytest.mark.skipif(
    os.name != "posix", reason="Windows has neither process groups nor kill -9"
)


def run(workshop, **options):
    said: list[str] = []
    given = {"jobs": 1, "root": workshop.root, "report": said.append} | options
    return run_jobs([Job.of("N1", folder=workshop.folder)], Options(**given)), said


def test_a_run_is_recorded_and_not_run_again(workshop) -> None:
    workshop.add()
    result, said = run(workshop)
    assert workshop.ran() == ALL
    assert result.failures == []
    assert result.records["N1"].to_json() == workshop.record().to_json()
    assert "N1 holds: mean accuracy 0." in said[0]
    assert "5 seeds" in said[0]
    run(workshop)
    assert workshop.ran() == []
    run(workshop, fresh=True)
    assert workshop.ran() == ALL


def test_the_number_of_processes_changes_no_value(workshop) -> None:
    workshop.add(cases=("b", "a"))
    run(workshop)
    assert workshop.ran() == BOTH
    alone = workshop.content()
    run(workshop, jobs=2, fresh=True)
    together = workshop.content()
    assert alone["raw"] == together["raw"]
    assert len(set(alone["raw"]["global_a"])) == 5  # the global generator is set to each seed
    assert alone["raw"]["global_a"] == alone["raw"]["global_b"]  # and for each case anew
    assert (alone["protocol"]["jobs"], together["protocol"]["jobs"]) == (1, 2)


def test_a_crash_names_the_seed_and_keeps_the_others(workshop) -> None:
    workshop.add()
    workshop.mishap("crash 1")
    result, _ = run(workshop)
    assert workshop.ran() == ALL  # the others ran although seed 1 crashed
    (line,) = result.failures
    assert "N1 crashed at seed 1 with config {'epochs': 4" in line
    assert "RuntimeError: planted crash" in line
    assert "python -m deeplearning run N1" in line
    assert "\n" not in line
    log = next(workshop.root.glob("_build/experiments/N1/*/1.error.txt"))
    assert "planted crash" in log.read_text(encoding="utf-8")
    assert not workshop.claims.exists()
    workshop.mishap("")
    assert run(workshop)[0].failures == []
    assert workshop.ran() == ["N1 1"]
    assert workshop.record().seeds == (0, 1, 2, 3, 4)
    assert not log.exists()


def test_a_crash_names_the_case_and_keeps_the_others(workshop) -> None:
    workshop.add(cases=("b", "a"))
    workshop.mishap("crash 1 a")
    result, _ = run(workshop)
    assert workshop.ran() == BOTH
    assert "N1 crashed at seed 1, case a with config {'epochs': 4" in result.failures[0]
    assert "finished runs are kept" in result.failures[0]
    assert [path.name for path in kept_folder(workshop).glob("*.txt")] == ["1-a.error.txt"]
    workshop.mishap("")
    assert run(workshop)[0].failures == []
    assert workshop.ran() == ["N1 1 a"]
    assert workshop.record().seeds == (0, 1, 2, 3, 4)


def test_the_same_metric_of_two_cases_is_a_failure_and_kept(workshop) -> None:
    workshop.add(
        cases=("b", "a"),
        change=lambda text: text.replace("if case else values", "if 0 else values"),
    )
    result, _ = run(workshop)
    assert "N1: cases 'b' and 'a' both return the metric 'accuracy'" in result.failures[0]
    run(workshop)
    assert workshop.ran() == BOTH


def test_a_further_case_runs_alone(workshop) -> None:
    workshop.add(cases=("b",))
    run(workshop)
    workshop.ran()
    workshop.add(cases=("a", "b"))
    run(workshop)
    assert workshop.ran() == [f"N1 {seed} a" for seed in range(5)]
    assert workshop.content()["raw"].keys() >= {"accuracy_a", "accuracy_b"}


def test_a_crash_keeps_the_older_record(workshop) -> None:
    workshop.add()
    run(workshop)
    before = workshop.content()
    workshop.mishap("nan 2")
    result, _ = run(workshop, fresh=True)
    assert "N1, seed 2: metric 'accuracy' is nan" in result.failures[0]
    assert workshop.content() == before


@pytest.mark.parametrize("more", ["", ", exclusive=True"])
def test_interrupted_and_resumed(workshop, more: str) -> None:
    workshop.add(more=more)
    workshop.mishap("interrupt 3")
    with pytest.raises(Interrupted, match="3 of 5 runs are kept") as caught:
        run(workshop)
    assert (caught.value.kept, caught.value.total) == (3, 5)
    assert workshop.ran() == ALL[:4]
    workshop.mishap("")
    run(workshop)
    assert workshop.ran() == ALL[3:]
    assert workshop.record().seeds == (0, 1, 2, 3, 4)


def test_interrupted_in_the_middle_of_a_seed(workshop) -> None:
    workshop.add(cases=("b", "a"))
    workshop.mishap("interrupt 1 a")
    with pytest.raises(Interrupted, match="3 of 10 runs are kept"):
        run(workshop)
    assert workshop.ran() == BOTH[:4]
    workshop.mishap("")
    run(workshop)
    assert workshop.ran() == BOTH[3:]


def test_what_finished_is_kept_although_nobody_received_it(
    workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    workshop.add()
    with monkeypatch.context() as patch:
        patch.setattr(runner._Run, "receive", interrupted)
        with pytest.raises(Interrupted, match="1 of 5"):
            run(workshop)
    assert workshop.ran() == ALL[:1]
    run(workshop)
    assert workshop.ran() == ALL[1:]


def test_what_a_machine_with_another_disk_did_is_kept(
    workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(*arguments):
        return original(*arguments[:-1])

    original = runner.run_task
    monkeypatch.setattr(runner, "run_task", elsewhere)
    workshop.add()
    run(workshop)
    run(workshop)
    assert workshop.ran() == ALL


def test_fresh_forgets_before_it_starts(workshop) -> None:
    workshop.add()
    run(workshop)
    workshop.ran()
    workshop.mishap("interrupt 2")
    with pytest.raises(Interrupted, match="2 of 5"):
        run(workshop, fresh=True)
    workshop.mishap("")
    run(workshop)  # not --fresh: continues, and must not take the older seeds 2 to 4
    assert workshop.ran() == [*ALL[:3], *ALL[2:]]


def test_a_damaged_seed_runs_again(workshop) -> None:
    workshop.add()
    run(workshop)
    workshop.ran()
    next(workshop.root.glob("_build/experiments/N1/*/4.json")).write_text("{", encoding="utf-8")
    run(workshop)
    assert workshop.ran() == ["N1 4"]


def test_a_new_wording_or_criterion_judges_the_kept_seeds(workshop) -> None:
    workshop.add()
    run(workshop)
    workshop.ran()
    workshop.add(
        change=lambda text: text.replace("is a toy.", "is new.").replace("mean > 0", "mean > 2")
    )
    assert workshop.record().stale
    run(workshop)
    assert workshop.ran() == []
    record = workshop.record()
    assert not record.stale
    assert record.claim == "N1 is new."
    assert record.verdict.outcome == "does not hold"


@pytest.mark.parametrize(
    ("old", "new"), [("epochs: int = 4", "epochs: int = 5"), ("generator.random()", "0.5")]
)
def test_a_changed_run_or_config_runs_again(workshop, old: str, new: str) -> None:
    workshop.add()
    run(workshop)
    workshop.ran()
    workshop.add(change=lambda text: text.replace(old, new))
    run(workshop)
    assert workshop.ran() == ALL


def test_metrics_that_differ_between_seeds_are_a_failure_and_kept(workshop) -> None:
    workshop.add(change=lambda text: text.replace("random(config.epochs)", "random(1 + seed)"))
    result, _ = run(workshop)
    assert "'losses' has lists of different lengths" in result.failures[0]
    run(workshop)
    assert workshop.ran() == ALL


def test_exclusive_ones_run_last_and_alone(workshop) -> None:
    workshop.add("N1", more=", exclusive=True")
    workshop.add("N2")
    jobs = [Job.of(id, folder=workshop.folder) for id in ("N1", "N2")]
    result = run_jobs(jobs, Options(jobs=2, root=workshop.root, report=lambda text: None))
    ran = workshop.ran()
    assert ran[5:] == ALL
    assert sorted(ran[:5]) == [f"N2 {seed}" for seed in range(5)]
    protocol = result.records["N1"].protocol
    assert (protocol["jobs"], protocol["backend"], protocol["exclusive"]) == (1, "sequential", True)


@POSIX
def test_a_killed_worker_is_explained_and_nothing_finished_is_lost(workshop) -> None:
    workshop.add("N1", cases=("b", "a"))
    workshop.add("N2", more=", exclusive=True")
    workshop.mishap("kill 3 a")  # once those before it are on disk: what the other worker has in hand ends as well
    jobs = [Job.of(id, folder=workshop.folder) for id in ("N1", "N2")]
    options = Options(jobs=2, root=workshop.root, report=lambda text: None)
    result = run_jobs(jobs, options)
    (line,) = result.failures
    assert "a worker process was killed (TerminatedWorkerError)" in line
    assert "N1 seed 3, case a" in line
    assert "--jobs 1" in line
    assert list(result.records) == ["N2"]
    done = {f"N1 {name.removesuffix('.json').replace('-', ' ')}" for name in kept(workshop)}
    assert done >= set(BOTH[:6])
    assert "N1 3 a" not in done
    workshop.ran()
    workshop.mishap("")
    assert run_jobs(jobs, options).failures == []
    assert sorted(workshop.ran()) == sorted(set(BOTH) - done)


@pytest.mark.parametrize("options", [{"jobs": 0}, {"backend": "spark"}])
def test_bad_options(workshop, options: dict) -> None:
    workshop.add()
    with pytest.raises(ExperimentError, match=r"--jobs takes|no back end 'spark'"):
        run(workshop, **options)


def test_a_metric_without_any_value_is_described(workshop) -> None:
    workshop.add(
        change=lambda text: text.replace('"global": np.random.random()', '"steps": None'),
        more=', missing=("steps",)',
    )
    _, said = run(workshop)
    assert "steps     no value in any seed" in said[0]
    assert workshop.content()["summary"]["steps"]["mean"] is None


@POSIX
def test_ctrl_c_with_worker_processes(workshop) -> None:
    quick = "(seed, case) in [(0, 'b'), (0, 'a'), (1, 'b')]"
    slow = f"time.sleep(0.1 if {quick} or not (HERE / 'slow').exists() else 60)"
    workshop.add(
        cases=("b", "a"),
        change=lambda text: text.replace("import os", "import os, time").replace(
            "generator = np.random", f"{slow}; generator = np.random"
        ),
    )
    (workshop.folder / "slow").touch()
    program = (  # a job in the background starts with Ctrl-C ignored, and tests may run in one
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "import sys; from pathlib import Path; from deeplearning.experiments.cli import main; "
        f"sys.exit(main(sys.argv[1:], Path({str(workshop.folder)!r}), Path({str(workshop.root)!r})))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "run", "N1", "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while len(kept(workshop)) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert kept(workshop) == ["0-a.json", "0-b.json", "1-b.json"]
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, output
    lines = [line for line in output.splitlines() if line]
    assert lines == [
        "interrupted: 3 of 10 runs are kept; resume with: python -m deeplearning run N1 --jobs 2"
    ]
    (workshop.folder / "slow").unlink()
    workshop.ran()
    run(workshop)
    assert workshop.ran() == BOTH[3:]


def kept_folder(workshop) -> Path:
    return next(iter(workshop.root.glob("_build/experiments/N1/*")), workshop.root / "absent")


def kept(workshop) -> list[str]:
    return sorted(path.name for path in kept_folder(workshop).glob("[0-9]*.json"))
