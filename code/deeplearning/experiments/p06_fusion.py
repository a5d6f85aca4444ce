"""P6: several steps in one kernel: the LSTM cell, pooling, and convolution with ReLU and pooling.

As P1: `make bench` times the kernels on a GPU and writes `results/kernels/recurrent-h200.json`, `pool2d-h200.json` and
`fused-h200.json`; this experiment judges them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deeplearning.experiments.experiment import Experiment
from deeplearning.records import KernelRecord, Metrics, Verdict, load_kernels, measured_kernels
from deeplearning.records.kernels import NOT_MEASURED

# Operation and group → the peer, and the least ratio of its time to ours.
TARGETS = {
    ("recurrent", "lstm-cell"): ("vendor", 1.00),
    ("pool2d", "pooling"): ("vendor", 1.00),
    ("fused", "conv-relu-pool"): ("eager", 1.10),
}
BANDWIDTH = 0.85  # of what memory allows, for pooling


@dataclass(frozen=True)
class Config:
    """Which records are judged: `kernels` and `beside` are operations, `machine` as in the files' names."""

    kernels: str = "recurrent"
    beside: tuple[str, ...] = ("pool2d", "fused")
    machine: str = "h200"

    @classmethod
    def smoke(cls) -> Config:
        """Made-up records, to see that the judgement runs."""
        return cls(machine="example")


def metric(group: str) -> str:
    """A group's name as that of a metric.

    >>> metric("lstm-cell")
    'ratio_lstm_cell'
    """
    return f"ratio_{group.replace('-', '_')}"


def run(config: Config, seed: int) -> dict[str, Any]:
    """The ratio of each group, pooling's share of what memory allows, and how many checks failed."""
    operations = (config.kernels, *config.beside)
    example = config.machine == "example"
    records = {
        op: KernelRecord.example() if example else load_kernels(op, config.machine)
        for op in operations
    }
    values: dict[str, Any] = {}
    for (op, group), (peer, _) in TARGETS.items():
        ratio = records[op].mean_ratio(group, peer)
        values[metric(group)] = None if math.isnan(ratio) else ratio
    shares = [case["attained"] for case in records["pool2d"].group("pooling")]
    values["pooling_attained"] = (
        math.exp(sum(map(math.log, shares)) / len(shares)) if shares else None
    )
    values["failures"] = sum(len(record.failures) for record in records.values())
    return values


def criterion(metrics: Metrics) -> Verdict:
    """Count the targets that are reached; a group without cases is not reached."""
    ratios = {group: metrics.raw[metric(group)][0] for _, group in TARGETS}
    met = [(ratios[group] or 0.0) >= least for (_, group), (_, least) in TARGETS.items()]
    attained = metrics.raw["pooling_attained"][0] or 0.0
    met.append(attained >= BANDWIDTH)
    shown = ", ".join(
        f"{group} {'not measured' if ratio is None else f'{ratio:.2f}'}"
        for group, ratio in ratios.items()
    )
    headline = f"the peer's time ÷ ours: {shown}; pooling at {attained:.0%} of the attainable"
    if all(met) and not metrics.raw["failures"][0]:
        return Verdict("holds", headline)
    return Verdict("holds partly" if sum(met) >= 2 else "does not hold", headline)


def waits_for() -> str | None:
    """The records of a GPU."""
    there = all("h200" in measured_kernels(op) for op in ("recurrent", "pool2d", "fused"))
    return None if there else NOT_MEASURED


EXPERIMENT = Experiment(
    id="P6",
    chapter="performance/beyond-one-kernel",
    claim="Several steps in one kernel are quicker than one kernel a step, even where each of those is the vendor's.",
    criterion_text=(
        "holds if, in bfloat16 on an NVIDIA H200, the geometric mean of the vendor's time ÷ ours reaches 1.00 for LSTM "
        "cells with 256 to 1,024 units, 1.00 for pooling of 256 MB and more, 1.10 for convolution, ReLU and pooling in "
        "one kernel against three, and pooling reaches 85 % of what the memory's bandwidth allows, without one failed "
        "check. holds partly if two of the four are reached; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=1,
    deterministic=True,
    cost_seconds=1,
    missing=(*(metric(group) for _, group in TARGETS), "pooling_attained"),
    waits_for=waits_for,
)
