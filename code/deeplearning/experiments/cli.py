"""The commands `list` and `run` of `python -m deeplearning`."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from deeplearning import records
from deeplearning.experiments.discovery import FOLDER, find, load
from deeplearning.experiments.errors import ExperimentError
from deeplearning.experiments.job import Job
from deeplearning.experiments.runner import Interrupted, Options, run_jobs
from deeplearning.records import Record, RecordError

DONE, FAILED, USER_ERROR, INTERRUPTED = 0, 1, 2, 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deeplearning", description="Measure the book's claims."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="list | run")
    commands.add_parser("list", help="every claim: state of its record, seconds, verdict")
    run = commands.add_parser("run", help="run experiments and write their records")
    run.add_argument("ids", nargs="*", metavar="ID", help="claims such as N3")
    run.add_argument("--all", action="store_true", help="every experiment, cheapest first")
    run.add_argument("--stale", action="store_true", help="of these, only what is stale or missing")
    run.add_argument("--set", action="append", default=[], dest="settings", metavar="NAME=VALUE")
    run.add_argument("--seeds", type=int, metavar="N", help="number of seeds")
    run.add_argument("--smoke", action="store_true", help="the short variant that tests run")
    run.add_argument("--fresh", action="store_true", help="do finished runs again")
    run.add_argument(
        "--jobs", type=int, metavar="N", help="runs at the same time (default: one a core)"
    )
    run.add_argument(
        "--backend", default="loky", help="joblib back end: loky, sequential, ray, dask"
    )
    return parser


def state(id: str, root: Path) -> tuple[str, Record | None]:
    """`fresh`, `stale`, `missing` or `broken`, and the record if it can be read."""
    folder = root / "results" / "claims"
    if not (folder / f"{id}.json").exists():
        return "missing", None
    try:
        record = records.load(id, folder, root)
    except RecordError:
        return "broken", None
    return ("stale" if record.stale else "fresh"), record


def _list(folder: Path, root: Path) -> int:
    width = shutil.get_terminal_size((110, 24)).columns
    print(f"{'id':4} {'record':8} {'seconds':>8}  {'verdict':14} claim")
    code = DONE
    for id, path in find(folder).items():
        now, record = state(id, root)
        try:
            experiment = load(path)
            claim = experiment.claim
            if now == "missing" and experiment.waiting():
                now = "waiting"
        except ExperimentError as error:
            now, claim, code = "error", str(error), USER_ERROR
        seconds = f"{record.seconds:.1f}" if record else "-"
        outcome = record.verdict.outcome if record else "-"
        line = f"{id:4} {now:8} {seconds:>8}  {outcome:14} {claim}"
        print(line if len(line) <= width else line[: width - 1] + "…")
    return code


def _jobs(arguments: argparse.Namespace, folder: Path, root: Path) -> tuple[list[Job], list[str]]:
    """What to run, cheapest first, and one line for each experiment that cannot be."""
    if bool(arguments.ids) == bool(arguments.all):
        raise ExperimentError(
            "name experiments (python -m deeplearning run N3) or give --all, not both"
        )
    if arguments.settings and len(arguments.ids) != 1:
        raise ExperimentError(
            "--set is for one experiment: python -m deeplearning run N3 --set name=value"
        )
    jobs, problems = {}, []
    for id in arguments.ids or find(folder):
        try:
            job = Job.of(id, arguments.settings, arguments.seeds, arguments.smoke, folder)
        except ExperimentError as error:
            if not arguments.all:
                raise
            problems.append(str(error))
            continue
        reason = None if arguments.smoke else job.experiment.waiting()
        if reason and arguments.ids:
            raise ExperimentError(f"{job.id} cannot be measured here: {reason}")
        if reason:
            print(f"{job.id} passed over: {reason}")
        elif not arguments.stale or state(job.id, root)[0] != "fresh":
            jobs[job.id] = job
    return sorted(jobs.values(), key=lambda job: job.experiment.cost_seconds), problems


def _run(arguments: argparse.Namespace, folder: Path, root: Path) -> int:
    jobs, problems = _jobs(arguments, folder, root)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if not jobs and not problems:
        print("nothing to do: every record is fresh")
    options = Options(arguments.jobs, arguments.backend, arguments.fresh, root)
    result = run_jobs(jobs, options)
    for failure in result.failures:
        print(f"error: {failure}", file=sys.stderr)
    return FAILED if result.failures else USER_ERROR if problems else DONE


def main(
    arguments: Sequence[str] | None = None, folder: Path = FOLDER, root: Path | None = None
) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: without the program's name; `sys.argv` if None.
        folder: where the experiments lie.
        root: the repository, for `results/` and `_build/`.

    Returns:
        0 done, 1 an experiment crashed, 2 a user's error (one line says which), 130 Ctrl-C (a line says how to
        resume).
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    root = root if root is not None else records.repository()
    try:
        parsed = _parser().parse_args(given)
    except SystemExit as stop:
        return int(stop.code or 0)
    try:
        return _list(folder, root) if parsed.command == "list" else _run(parsed, folder, root)
    except (ExperimentError, RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return USER_ERROR
    except Interrupted as stop:
        again = " ".join(argument for argument in given if argument != "--fresh")
        print(
            f"\ninterrupted: {stop}; resume with: python -m deeplearning {again}", file=sys.stderr
        )
        return INTERRUPTED
    except KeyboardInterrupt:
        print(
            "\ninterrupted before anything ran; start again with the same command", file=sys.stderr
        )
        return INTERRUPTED
