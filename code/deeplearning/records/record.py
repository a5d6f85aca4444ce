"""One claim's record: the file's content as an object."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from deeplearning.records.digest import source_digest
from deeplearning.records.errors import RecordError
from deeplearning.records.metrics import Metrics
from deeplearning.records.verdict import Verdict

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Record:
    """What was measured for one claim; `records.load` makes it, `records.save` writes it.

    Attributes:
        id, chapter, claim, criterion_text: as in the experiment when it ran.
        command: the command that renews the record.
        config: every setting (tuples as lists).
        seeds: the seeds, in the order of the metrics' first axis.
        time: UTC, ISO 8601, e.g. `2026-03-01T12:00:00Z`.
        commit: `{"id": …, "dirty": …}`, or None if the code was in no commit.
        source, digest: the experiment's file (relative to the repository) and `source_digest` of it.
        machine, software, protocol: where, with what and how it was measured; `protocol["seconds"]` has one
            wall time in seconds a seed; if the experiment has cases, `protocol["case_seconds"]` has these a case.
        metrics: raw values; `metrics[name]` has shape (S,) or (S, …).
        verdict: the outcome and the headline.
        path: the file it was read from, or None.

    >>> record = Record.example()
    >>> record.metrics["accuracy"], record.mean("accuracy"), record.verdict.outcome
    (array([0.5, 1. ]), 0.75, 'holds partly')
    """

    id: str
    chapter: str
    claim: str
    criterion_text: str
    command: str
    config: dict[str, Any]
    seeds: tuple[int, ...]
    time: str
    commit: dict[str, Any] | None
    source: str
    digest: str
    machine: dict[str, Any]
    software: dict[str, Any]
    protocol: dict[str, Any]
    metrics: Metrics
    verdict: Verdict
    path: Path | None = None
    root: Path | None = None

    def mean(self, name: str) -> Any:
        """Mean over seeds (float, or array for a list metric)."""
        return self.metrics.mean(name)

    def std(self, name: str) -> Any:
        """Sample standard deviation over seeds (ddof = 1); 0.0 for one seed."""
        return self.metrics.std(name)

    def min(self, name: str) -> Any:
        """Least value over seeds."""
        return self.metrics.min(name)

    def max(self, name: str) -> Any:
        """Greatest value over seeds."""
        return self.metrics.max(name)

    def median(self, name: str) -> Any:
        """Median over seeds."""
        return self.metrics.median(name)

    @property
    def seconds(self) -> float:
        """Sum of the seeds' wall times, in seconds."""
        return float(sum(self.protocol["seconds"]))

    @cached_property
    def stale(self) -> bool:
        """Whether the experiment's source has changed (or gone) since the record was written."""
        root = self.root if self.root is not None else Path.cwd()
        try:
            return source_digest(root / self.source) != self.digest
        except (OSError, SyntaxError, ValueError):
            return True

    def to_json(self) -> dict[str, Any]:
        """The content of the file, as `schema.json` describes it."""
        return {
            "chapter": self.chapter,
            "claim": self.claim,
            "command": self.command,
            "commit": self.commit,
            "config": self.config,
            "criterion_text": self.criterion_text,
            "digest": self.digest,
            "id": self.id,
            "machine": self.machine,
            "protocol": self.protocol,
            "raw": self.metrics.raw,
            "schema": SCHEMA_VERSION,
            "seeds": list(self.seeds),
            "software": self.software,
            "source": self.source,
            "summary": self.metrics.summary(),
            "time": self.time,
            "verdict": {"headline": self.verdict.headline, "outcome": self.verdict.outcome},
        }

    @classmethod
    def from_json(
        cls, content: dict[str, Any], path: Path | None = None, root: Path | None = None
    ) -> Record:
        """The record of a file's content that the schema has accepted.

        Raises:
            RecordError: the counts of seeds, values and times differ, or the summary is not that of the raw
                values (the file was changed by hand).
        """
        metrics = Metrics(content["raw"])
        seeds = tuple(content["seeds"])
        if metrics.seeds != len(seeds) or len(content["protocol"]["seconds"]) != len(seeds):
            raise RecordError(
                f"{len(seeds)} seeds, but {metrics.seeds} values and {len(content['protocol']['seconds'])} wall times"
            )
        if not _same_summary(metrics.summary(), content["summary"]):
            raise RecordError("the summary is not that of the raw values")
        copied = (
            "id",
            "chapter",
            "claim",
            "criterion_text",
            "command",
            "config",
            "time",
            "commit",
            "source",
        )
        more = ("digest", "machine", "software", "protocol")
        fields = {name: content[name] for name in copied + more}
        return cls(
            **fields,
            seeds=seeds,
            metrics=metrics,
            verdict=Verdict(**content["verdict"]),
            path=path,
            root=root,
        )

    @classmethod
    def example(cls, **changes: Any) -> Record:
        """A small made-up record for doctests and tests; `changes` replace fields."""
        fields: dict[str, Any] = {
            "id": "N0",
            "chapter": "neurons/perceptron",
            "claim": "An example.",
            "criterion_text": "holds if the mean accuracy is 1; holds partly if above 0.5; else does not hold",
            "command": "python -m deeplearning run N0",
            "config": {"epochs": 2},
            "seeds": (0, 1),
            "time": "2026-01-01T00:00:00Z",
            "commit": None,
            "source": "code/deeplearning/experiments/n00_example.py",
            "digest": "0" * 64,
            "machine": {
                "architecture": "x86_64",
                "cores": 2,
                "cpu": "CPU",
                "memory_gib": 4.0,
                "os": "Linux",
            },
            "software": {"numpy": "2.4.6", "package": "0.1.0", "python": "3.11.0", "torch": None},
            "protocol": {
                "backend": "loky",
                "seconds": [0.1, 0.2],
                "seeds": "an example",
                "threads": 1,
            },
            "metrics": Metrics({"accuracy": [0.5, 1.0], "losses": [[2.0, 1.0], [4.0, 1.0]]}),
            "verdict": Verdict("holds partly", "the mean accuracy is 0.75"),
        }
        return cls(**(fields | changes))


def _same_summary(ours: dict[str, dict[str, float | None]], theirs: Any) -> bool:
    if set(ours) != set(theirs):
        return False
    for metric, numbers in ours.items():
        for statistic, value in numbers.items():
            other = theirs[metric][statistic]
            if (value is None) != (other is None):
                return False
            # Not equality: another NumPy may add in another order.
            if value is not None and abs(value - other) > 1e-9 * max(1.0, abs(value)):
                return False
    return True
