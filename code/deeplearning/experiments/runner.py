"""Running jobs: each seed and case is a task of its own on joblib; resumable, one record a finished job."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import BrokenProcessPool
from joblib.parallel import BACKENDS, get_active_backend
from tqdm import tqdm

from deeplearning import records
from deeplearning.experiments.backends import backend_context
from deeplearning.experiments.errors import ExperimentError
from deeplearning.experiments.job import Job, Task
from deeplearning.experiments.progress import Progress
from deeplearning.experiments.worker import run_name, run_task
from deeplearning.records import Record, RecordError


@dataclass(frozen=True)
class Options:
    """How to run.

    Args:
        jobs: runs at the same time; None for one a core.
        backend: a joblib back end: loky, sequential, or ray, dask.
        fresh: do finished runs again.
        root: the repository; records go to `results/claims` below it, everything else to `_build`.
        progress: whether to show a bar (None: on a terminal only).
        report: called with one text for each finished job.
    """

    jobs: int | None = None
    backend: str = "loky"
    fresh: bool = False
    root: Path = field(default_factory=records.repository)
    progress: bool | None = None
    report: Callable[[str], None] = tqdm.write

    @property
    def build(self) -> Path:
        """The folder of what can be made again."""
        return self.root / "_build"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with the number of runs that were kept and of all."""

    def __init__(self, kept: int, total: int) -> None:
        super().__init__(f"{kept} of {total} runs are kept")
        self.kept, self.total = kept, total


@dataclass
class Result:
    """What `run_jobs` did: records by id, where they were saved, and one line for each failure."""

    records: dict[str, Record] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def run_jobs(jobs: Sequence[Job], options: Options) -> Result:
    """Do every unfinished run of the jobs, and save a record for each job whose runs are all there.

    A crash leaves the other runs going; it becomes a line of `failures` that names experiment, seed, case and
    configuration. Jobs whose experiment is exclusive come after the others, one run at a time.

    Raises:
        ExperimentError: an unknown back end, or a number of jobs below one.
        Interrupted: Ctrl-C; finished runs are kept and are not done again.
    """
    run = _Run(jobs, options)
    try:
        run.everything()
    except KeyboardInterrupt:
        run.collect()
        kept = sum(len(runs) for runs in run.finished)
        raise Interrupted(kept, sum(len(job.tasks) for job in run.jobs)) from None
    finally:
        run.progress.close()
    return run.result


class _Run:
    """The state of one call of `run_jobs`."""

    def __init__(self, jobs: Sequence[Job], options: Options) -> None:
        self.jobs, self.options = list(jobs), options
        self.result = Result()
        self.commit = records.commit(options.root)
        self.count = options.jobs if options.jobs is not None else records.machine()["cores"]
        if self.count < 1:
            raise ExperimentError(f"--jobs takes a whole number from 1; got {self.count}")
        self.caches = [job.cache(options.build) for job in self.jobs]
        if options.fresh:
            for cache in self.caches:
                cache.clear()
        self.finished: list[dict[Task, dict[str, Any]]] = [{} for _ in self.jobs]
        self.collected = self.collect()
        self.progress = Progress(self.jobs, self.finished, self.count, options.progress)

    def collect(self) -> list[int]:
        """Take in the finished runs on disk; returns the indices of the jobs that have more than before."""
        more = []
        for index, (job, cache) in enumerate(zip(self.jobs, self.caches, strict=True)):
            new = {
                task: cache.read(*task) for task in job.tasks if task not in self.finished[index]
            }
            found = {task: run for task, run in new.items() if run is not None}
            self.finished[index] |= found
            more += [index] if found else []
        return more

    def everything(self) -> None:
        for index in self.collected:
            self.finish_if_complete(index)
        shared = [index for index, job in enumerate(self.jobs) if not job.experiment.exclusive]
        try:
            self.some(shared, self.options.backend, self.count)
        except BrokenProcessPool as error:
            self.explain(error, shared)
        for index, job in enumerate(self.jobs):
            if job.experiment.exclusive:
                self.some([index], "sequential", 1)

    def some(self, indices: Sequence[int], backend: str, count: int) -> None:
        tasks = [
            joblib.delayed(run_task)(
                str(job.source), job.settings, job.smoke, *task, index, self.caches[index]
            )
            for index in indices
            for job in [self.jobs[index]]
            for task in self.progress.missing(index)
        ]
        with _outcomes(tasks, backend, min(count, len(tasks))) as outcomes:
            for outcome in outcomes:
                self.receive(outcome)

    def receive(self, outcome: dict[str, Any]) -> None:
        index, task = outcome["key"], (outcome["seed"], outcome["case"])
        job, cache = self.jobs[index], self.caches[index]
        if "error" in outcome:
            log = cache.write_error(*task, outcome["traceback"])
            self.result.failures.append(
                f"{job.id} crashed at {run_name(*task)} with config {job.config}: {outcome['error']} (traceback in "
                f"{log}; finished runs are kept; again: {job.command})"
            )
            self.progress.advance(index, task, crashed=True)
            return
        if cache.read(*task) is None:  # it was done on a machine with another disk
            cache.write(*task, outcome["values"], outcome["seconds"])
        self.finished[index][task] = outcome
        self.progress.advance(index, task)
        self.finish_if_complete(index)

    def explain(self, error: BrokenProcessPool, indices: Sequence[int]) -> None:
        """A process was killed, and the others with it: say in which run that may have been."""
        for index in self.collect():
            self.finish_if_complete(index)
        missing = [
            f"{self.jobs[index].id} {run_name(*task)}"
            for index in indices
            for task in self.progress.missing(index)
        ]
        # Tasks start in their order, so the first ones missing are those that were under way.
        self.result.failures.append(
            f"a worker process was killed ({type(error).__name__}), perhaps for lack of memory, in one of these: "
            f"{'; '.join(missing[: self.count])}; finished runs are kept, run the same command with --jobs 1"
        )

    def finish_if_complete(self, index: int) -> None:
        job, options = self.jobs[index], self.options
        if len(self.finished[index]) < len(job.tasks):
            return
        exclusive = job.experiment.exclusive
        backend, count = ("sequential", 1) if exclusive else (options.backend, self.count)
        try:
            record = job.record(self.finished[index], backend, count, self.commit, options.root)
            if job.published:
                path = records.save(record, options.root / "results" / "claims")
            else:
                path = records.save(record, options.build / "runs", f"{job.id}-{job.key}")
        except (ExperimentError, RecordError) as error:
            self.result.failures.append(str(error))
            return
        self.result.records[job.id], self.result.paths[job.id] = record, path
        options.report(describe(record, path, job.published))


@contextlib.contextmanager
def _outcomes(tasks: list[Any], backend: str, count: int) -> Iterator[Iterator[dict[str, Any]]]:
    """The tasks' results as they come; on Ctrl-C the workers are stopped."""
    if not tasks:
        yield iter(())
        return
    with backend_context(backend, count):
        outcomes = _as_they_come(tasks, count)
        try:
            yield outcomes
        except KeyboardInterrupt:
            outcomes.close()
            if backend == "loky":
                get_reusable_executor().shutdown(wait=True, kill_workers=True)
            raise


def _as_they_come(tasks: list[Any], count: int) -> Generator[dict[str, Any], None, None]:
    # Tasks go out one at a time: batching would hand results back late, and Ctrl-C would lose them.
    backend, jobs = get_active_backend()
    if backend.supports_return_generator:
        starts_workers = jobs > 1 and isinstance(backend, BACKENDS["loky"])
        with _starting_workers() if starts_workers else contextlib.nullcontext():
            outcomes = joblib.Parallel(return_as="generator_unordered", batch_size=1)(tasks)
        yield from outcomes
    else:
        # Such a back end hands back everything at the end, so it gets no more than one round of tasks.
        for start in range(0, len(tasks), count):
            yield from joblib.Parallel(batch_size=1)(tasks[start : start + count])


@contextlib.contextmanager
def _starting_workers() -> Iterator[None]:
    """Start processes that a terminal's Ctrl-C does not reach, and that die without a word when they are stopped.

    A terminal sends Ctrl-C to all processes at once; this one alone is to answer, and to stop the others. A process
    ignores what its parent ignored when it was started. Joblib's resource tracker would warn of what stopped workers
    leave behind, although it is the one that clears it away.
    """
    warnings = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, [warnings, "ignore:resource_tracker"]))
    in_charge = threading.current_thread() is threading.main_thread()  # others may not set handlers
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if in_charge else None
    try:
        yield
    finally:
        if in_charge:
            signal.signal(signal.SIGINT, before)
        os.environ.pop("PYTHONWARNINGS")
        if warnings is not None:
            os.environ["PYTHONWARNINGS"] = warnings


def describe(record: Record, path: Path, published: bool) -> str:
    """What to print for a finished job: verdict, scalar metrics, and where the record is.

    >>> print(describe(Record.example(), Path("N0.json"), True))
    N0 holds partly: the mean accuracy is 0.75
      accuracy  0.75 ± 0.3536 (0.5 to 1)
      2 seeds, 0.3 s, saved in N0.json
    """
    lines = [f"{record.id} {record.verdict.outcome}: {record.verdict.headline}"]
    summary = record.metrics.summary()
    width = max((len(name) for name in summary), default=0)
    for name, numbers in summary.items():
        if numbers["mean"] is None:
            lines.append(f"  {name:{width}}  no value in any seed")
        else:
            spread = f"{numbers['mean']:.4g} ± {numbers['std']:.4g} ({numbers['min']:.4g} to {numbers['max']:.4g})"
            lines.append(f"  {name:{width}}  {spread}")
    note = "" if published else " (not the published configuration: results/ is unchanged)"
    lines.append(f"  {len(record.seeds)} seeds, {record.seconds:.1f} s, saved in {path}{note}")
    return "\n".join(lines)
