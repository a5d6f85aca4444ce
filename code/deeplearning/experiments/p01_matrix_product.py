"""P1: a matrix product in Triton, one idea after the other, beside the vendor's library.

The kernels are timed by `make bench` on a GPU, which writes `results/kernels/matmul-h200.json`; this experiment reads
that record and judges it. Nothing is random here: contenders ran in turn in one process, a ratio is the vendor's median
time ÷ ours, and a group's ratio is the geometric mean over its shapes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deeplearning.experiments.experiment import Experiment
from deeplearning.records import KernelRecord, Metrics, Verdict, load_kernels, measured_kernels
from deeplearning.records.kernels import NOT_MEASURED

# Group → (the peer, the least ratio of its time to ours).
TARGETS = {
    "large": ("vendor", 1.00),
    "awkward": ("vendor", 0.95),
    "skinny": ("vendor", 1.00),
    "bias-activation": ("eager", 1.10),
}
LARGEST, LEAST_TFLOPS = "large/8192x8192x8192/bf16", 740.0
REFERENCE = "ladder/4096x4096x4096/bf16"


@dataclass(frozen=True)
class Config:
    """Which record is judged; `kernels` is the operation, `machine` as in the file's name."""

    kernels: str = "matmul"
    machine: str = "h200"

    @classmethod
    def smoke(cls) -> Config:
        """A made-up record, to see that the judgement runs."""
        return cls(machine="example")


def run(config: Config, seed: int) -> dict[str, Any]:
    """Ratios by group, the speed at the largest square, and the time of each rung of the ladder."""
    example = config.machine == "example"
    record = KernelRecord.example() if example else load_kernels(config.kernels, config.machine)
    values: dict[str, Any] = {}
    for group, (peer, _) in TARGETS.items():
        ratio = record.mean_ratio(group, peer)
        name = group.replace("-", "_")
        values[f"ratio_{name}"] = None if math.isnan(ratio) else ratio
        values[f"cases_{name}"] = len(record.group(group))
    values["tflops_largest"] = record.tflops(LARGEST) if LARGEST in record.cases else None
    values["failures"] = len(record.failures)
    ladder = record.cases.get(REFERENCE)
    names = [name for name in ladder["order"] if name != "vendor"] if ladder else []
    values["rung_seconds"] = [record.seconds(REFERENCE, name) for name in names]
    return values


def criterion(metrics: Metrics) -> Verdict:
    """Count the targets that are reached; a group without cases is not reached."""
    value = {name: metrics.raw[name][0] for name in metrics}
    ratios = {group: value[f"ratio_{group.replace('-', '_')}"] for group in TARGETS}
    met = {group: (ratios[group] or 0.0) >= least for group, (_, least) in TARGETS.items()}
    met["speed"] = (value["tflops_largest"] or 0.0) >= LEAST_TFLOPS
    shown = ", ".join(
        f"{group} {'not measured' if ratio is None else f'{ratio:.2f}'}"
        for group, ratio in ratios.items()
    )
    speed = value["tflops_largest"]
    headline = (
        f"peer's time ÷ ours: {shown}; {'no speed' if speed is None else f'{speed:.0f} TFLOP/s'} at 8192³; "
        f"{sum(met.values())} of {len(met)} targets"
    )
    if all(met.values()) and not value["failures"]:
        return Verdict("holds", headline)
    partly = (ratios["large"] or 0.0) >= 0.9 and sum(met.values()) >= 2
    return Verdict("holds partly" if partly else "does not hold", headline)


def waits_for() -> str | None:
    """The record of a GPU."""
    return None if "h200" in measured_kernels("matmul") else NOT_MEASURED


EXPERIMENT = Experiment(
    id="P1",
    chapter="performance/matrix-product-on-a-gpu",
    claim="A matrix product written in Triton, improved one idea at a time, is as quick as the vendor's library.",
    criterion_text=(
        "holds if, in bfloat16 on an NVIDIA H200, the geometric mean of the peer's time ÷ ours reaches 1.00 on large "
        "squares (2048 to 8192), 0.95 on awkward sizes, 1.00 with 1 to 256 rows, all against cuBLAS, and 1.10 against "
        "PyTorch's operations for a product with bias and activation, and 8192³ runs at 740 TFLOP/s or more, without "
        "one failed check. holds partly if large squares reach 0.90 and two of the five targets are met; "
        "else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=1,
    deterministic=True,
    cost_seconds=1,
    missing=(*(f"ratio_{group.replace('-', '_')}" for group in TARGETS), "tflops_largest"),
    waits_for=waits_for,
)
