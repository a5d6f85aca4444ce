"""Runs: resumable, whole after a crash, the same with any number of processes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError

from deeplearning.experiments import ExperimentError, runner
from deeplearning.experiments.job import Job
from deeplearning.experiments.runner import Interrupted, Options, run_jobs

ALL = [f"N1 {seed}" for seed in range(5)]


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
    workshop.add()
    run(workshop)
    alone = workshop.content()
    run(workshop, jobs=2, fresh=True)
    together = workshop.content()
    assert alone["raw"] == together["raw"]
    assert len(set(alone["raw"]["global"])) == 5  # the global generator is set to each seed
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
    with pytest.raises(Interrupted, match="3 of 5 seeds are kept") as caught:
        run(workshop)
    assert (caught.value.kept, caught.value.total) == (3, 5)
    assert workshop.ran() == ALL[:4]
    workshop.mishap("")
    run(workshop)
    assert workshop.ran() == ALL[3:]
    assert workshop.record().seeds == (0, 1, 2, 3, 4)


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


def test_a_killed_worker_is_explained(workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.add("N1")
    workshop.add("N2", more=", exclusive=True")

    def killed(tasks, count):
        if count == 2:
            raise TerminatedWorkerError("SIGKILL(-9)")
        yield from original(tasks, count)

    original = runner._as_they_come
    monkeypatch.setattr(runner, "_as_they_come", killed)
    jobs = [Job.of(id, folder=workshop.folder) for id in ("N1", "N2")]
    result = run_jobs(jobs, Options(jobs=2, root=workshop.root, report=lambda text: None))
    assert "a worker process of N1 was killed (TerminatedWorkerError)" in result.failures[0]
    assert "--jobs 1" in result.failures[0]
    assert list(result.records) == ["N2"]


@pytest.mark.parametrize("options", [{"jobs": 0}, {"backend": "spark"}])
def test_bad_options(workshop, options: dict) -> None:
    workshop.add()
    with pytest.raises(ExperimentError, match=r"--jobs takes|no back end 'spark'"):
        run(workshop, **options)


def test_the_progress_bar_counts_kept_seeds(workshop, capsys: pytest.CaptureFixture) -> None:
    workshop.add()
    workshop.mishap("crash 4")
    run(workshop)
    workshop.mishap("")
    capsys.readouterr()
    run(workshop, progress=True)
    shown = capsys.readouterr().err
    assert "4/5" in shown
    assert "5/5" in shown
    assert "N1" in shown


def test_a_metric_without_any_value_is_described(workshop) -> None:
    workshop.add(
        change=lambda text: text.replace('"global": np.random.random()', '"steps": None'),
        more=', missing=("steps",)',
    )
    _, said = run(workshop)
    assert "steps     no value in any seed" in said[0]
    assert workshop.content()["summary"]["steps"]["mean"] is None


@pytest.mark.skipif(
    os.name != "posix", reason="sends Ctrl-C to a process group, which Windows does otherwise"
)
def test_ctrl_c_with_worker_processes(workshop) -> None:
    slow = "time.sleep(0.1 if seed < 2 else 60); generator = np.random"
    workshop.add(
        change=lambda text: text.replace("import numpy", "import time\nimport numpy").replace(
            "generator = np.random", slow
        )
    )
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
        while len(kept(workshop)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert kept(workshop) == ["0.json", "1.json"]
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, output
    lines = [line for line in output.splitlines() if line]
    assert lines == [
        "interrupted: 2 of 5 seeds are kept; resume with: python -m deeplearning run N1 --jobs 2"
    ]
    assert json.loads((kept_folder(workshop) / "0.json").read_text(encoding="utf-8"))["seed"] == 0


def kept_folder(workshop) -> Path:
    return next(iter(workshop.root.glob("_build/experiments/N1/*")), workshop.root / "absent")


def kept(workshop) -> list[str]:
    return sorted(path.name for path in kept_folder(workshop).glob("[0-9].json"))
