"""A job: one experiment, one configuration, its seeds and cases; and the record that it ends in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deeplearning import records
from deeplearning.experiments.cache import RunCache, run_key
from deeplearning.experiments.discovery import FOLDER, load, source
from deeplearning.experiments.errors import ExperimentError
from deeplearning.experiments.experiment import Experiment
from deeplearning.experiments.imports import library_digest
from deeplearning.experiments.settings import as_json
from deeplearning.experiments.worker import join, make_config, seeds_protocol
from deeplearning.records import Metrics, Record

Task = tuple[int, str]  # a seed and a case; the case is "" if the experiment has none


@dataclass(frozen=True)
class Job:
    """One experiment to run; make it with `Job.of`."""

    experiment: Experiment
    source: Path
    config: dict[str, Any]
    settings: tuple[str, ...]
    smoke: bool
    seeds: tuple[int, ...]
    cases: tuple[str, ...]
    published: bool
    key: str

    @classmethod
    def of(
        cls,
        id: str,
        settings: Sequence[str] = (),
        seeds: int | None = None,
        smoke: bool = False,
        folder: str | Path = FOLDER,
    ) -> Job:
        """The job of a claim.

        Args:
            id: the claim.
            settings: `name=value` texts that replace the configuration's defaults.
            seeds: how many seeds (0, 1, …); the experiment's own number if None, one if `smoke`.
            smoke: start from the configuration's `smoke()`.
            folder: where the experiments lie.

        Raises:
            ExperimentError: an unknown id or setting, a value of the wrong type, fewer than one seed.
        """
        path = source(id, folder)
        experiment = load(path)
        if seeds is not None and seeds < 1:
            raise ExperimentError(f"--seeds takes a whole number from 1; got {seeds}")
        settled = make_config(experiment, settings, smoke)
        config = as_json(settled)
        count = seeds if seeds is not None else 1 if smoke else experiment.seeds
        sources = (records.measurement_digest(path), library_digest(path))
        default = config == as_json(experiment.config()) and count == experiment.seeds
        return cls(
            experiment=experiment,
            source=path,
            config=config,
            settings=tuple(settings),
            smoke=smoke,
            seeds=tuple(range(count)),
            cases=experiment.cases_of(settled),
            published=default and not smoke,
            key=run_key(config, sources, experiment.threads, experiment.exclusive),
        )

    @property
    def id(self) -> str:
        """The claim's id."""
        return self.experiment.id

    @property
    def tasks(self) -> list[Task]:
        """Its runs, seed after seed."""
        return [(seed, case) for seed in self.seeds for case in self.cases]

    @property
    def command(self) -> str:
        """The command that runs this job."""
        parts = ["python -m deeplearning run", self.id]
        if self.smoke:
            parts.append("--smoke")
        for setting in self.settings:
            parts.append(f"--set {setting}" if " " not in setting else f'--set "{setting}"')
        if len(self.seeds) != (1 if self.smoke else self.experiment.seeds):
            parts.append(f"--seeds {len(self.seeds)}")
        return " ".join(parts)

    def cache(self, build: Path) -> RunCache:
        """Where finished runs of this job are kept."""
        return RunCache(build / "experiments" / self.id / self.key, self.experiment.missing)

    def record(
        self,
        finished: Mapping[Task, Mapping[str, Any]],
        backend: str,
        jobs: int,
        commit: dict[str, Any] | None,
        root: Path,
    ) -> Record:
        """Judge the finished runs and make the record.

        Args:
            finished: `{"values": …, "seconds": …}` of each of `tasks`.
            backend, jobs: how they ran.
            commit: `{"id": …, "dirty": …}`, or None.
            root: the repository.

        Raises:
            ExperimentError, RecordError: two cases return the same metric, the seeds' metrics differ in name or
                shape, or the criterion fails.
        """
        runs = [{case: finished[seed, case] for case in self.cases} for seed in self.seeds]
        values = [{case: run["values"] for case, run in cases.items()} for cases in runs]
        metrics = Metrics.from_seeds([join(cases, self.id) for cases in values])
        try:
            verdict = self.experiment.judge(metrics)
        except ExperimentError:
            raise
        except Exception as error:
            raise ExperimentError(
                f"{self.id}: the criterion failed with {type(error).__name__}: {error}; the runs are kept, "
                "correct the criterion and run again"
            ) from error
        seconds = {
            case: [round(cases[case]["seconds"], 4) for cases in runs] for case in self.cases
        }
        protocol = {
            "backend": backend,
            "exclusive": self.experiment.exclusive,
            "jobs": jobs,
            "seconds": [round(sum(times), 4) for times in zip(*seconds.values(), strict=True)],
            "seeds": seeds_protocol(self.experiment),
            "threads": self.experiment.threads,
        }
        if self.experiment.cases:
            protocol["case_seconds"] = seconds
        return Record(
            id=self.id,
            chapter=self.experiment.chapter,
            claim=self.experiment.claim,
            criterion_text=self.experiment.criterion_text,
            command=self.command,
            config=self.config,
            seeds=self.seeds,
            time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            commit=commit,
            source=_relative(self.source, root),
            digest=records.source_digest(self.source),
            machine=records.machine(),
            software=records.software(),
            protocol=protocol,
            metrics=metrics,
            verdict=verdict,
            root=root,
        )


def _relative(path: Path, root: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.name
