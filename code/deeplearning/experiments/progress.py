"""One progress bar over the runs of all jobs: what finished last, and about how long the rest takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from tqdm import tqdm

from deeplearning.experiments.job import Job, Task

FORMAT = "{desc}{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} runs [{elapsed}{postfix}]"


class Progress:
    """The bar; it estimates from what each case took, because runs differ in length by orders of magnitude.

    Args:
        jobs: all jobs.
        finished: of each job its finished runs with their `seconds`; whoever makes the bar adds to it.
        count: processes.
        show: whether to show it (None: on a terminal only).
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        finished: Sequence[Mapping[Task, Mapping[str, Any]]],
        count: int,
        show: bool | None,
    ) -> None:
        self.jobs, self.finished, self.count = jobs, finished, count
        self.crashed: list[set[Task]] = [set() for _ in jobs]
        self.bar = tqdm(
            total=sum(len(job.tasks) for job in jobs),
            initial=sum(len(runs) for runs in finished),
            bar_format=FORMAT,
            mininterval=0,
            disable=None if show is None else not show,
            dynamic_ncols=True,
        )

    def advance(self, index: int, task: Task, crashed: bool = False) -> None:
        """One more run has ended."""
        if crashed:
            self.crashed[index].add(task)
        seed, case = task
        words = [self.jobs[index].id, f"seed {seed}", case, "crashed" if crashed else ""]
        self.bar.set_description(" ".join(filter(None, words)), refresh=False)
        left = tqdm.format_interval(self.seconds_left())
        self.bar.set_postfix_str(f"about {left} left", refresh=False)
        self.bar.update()

    def missing(self, index: int) -> list[Task]:
        """The runs of a job that have not ended."""
        ended = self.finished[index].keys() | self.crashed[index]
        return [task for task in self.jobs[index].tasks if task not in ended]

    def seconds_left(self) -> float:
        """About how long the missing runs take, in seconds."""
        alone = together = 0.0
        tasks = 0
        for index, job in enumerate(self.jobs):
            missing = self.missing(index)
            work = sum(self._expected(index, case) for _, case in missing)
            if job.experiment.exclusive:
                alone += work
            else:
                together += work
                tasks += len(missing)
        return alone + together / max(1, min(self.count, tasks))

    def _expected(self, index: int, case: str) -> float:
        """The mean of the finished runs of the case; else of the job's; else what the experiment states."""
        job, finished = self.jobs[index], self.finished[index]
        times = [run["seconds"] for task, run in finished.items() if task[1] == case]
        times = times or [run["seconds"] for run in finished.values()]
        stated = job.experiment.cost_seconds / (job.experiment.seeds * len(job.cases))
        return fmean(times) if times else stated

    def close(self) -> None:
        """Leave the bar as it stands."""
        self.bar.close()
