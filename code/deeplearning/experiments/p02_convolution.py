"""P2: convolution in Triton, forward and both gradients, beside the vendor's library.

As P1: `make bench` times the kernels on a GPU and writes `results/kernels/conv2d-h200.json`; this experiment judges it.
The layers are those of ResNet-50, VGG-16 and MobileNet with 64 images, channels last, without bias.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from deeplearning.experiments.experiment import Experiment
from deeplearning.records import KernelRecord, Metrics, Verdict, load_kernels, measured_kernels
from deeplearning.records.kernels import NOT_MEASURED

# Group → the least ratio of the vendor's time to ours.
TARGETS = {
    "3x3-s1": 1.00,
    "3x3-s2": 0.95,
    "1x1": 0.95,
    "stem": 1.00,
    "dgrad": 0.95,
    "wgrad": 0.90,
    "depthwise": 2.00,
}


@dataclass(frozen=True)
class Config:
    """Which record is judged; `kernels` is the operation, `machine` as in the file's name."""

    kernels: str = "conv2d"
    machine: str = "h200"

    @classmethod
    def smoke(cls) -> Config:
        """A made-up record, to see that the judgement runs."""
        return cls(machine="example")


def metric(group: str) -> str:
    """A group's name as that of a metric.

    >>> metric("3x3-s1")
    'ratio_3x3_s1'
    """
    return f"ratio_{group.replace('-', '_')}"


def run(config: Config, seed: int) -> dict[str, Any]:
    """The ratio of each group, how many layers it has, and how many checks failed."""
    example = config.machine == "example"
    record = KernelRecord.example() if example else load_kernels(config.kernels, config.machine)
    ratios = {group: record.mean_ratio(group) for group in TARGETS}
    values: dict[str, Any] = {
        metric(group): None if math.isnan(ratio) else ratio for group, ratio in ratios.items()
    }
    values["cases"] = [len(record.group(group)) for group in TARGETS]
    values["failures"] = len(record.failures)
    return values


def criterion(metrics: Metrics) -> Verdict:
    """Count the targets that are reached; a group without cases is not reached."""
    ratios = {group: metrics.raw[metric(group)][0] for group in TARGETS}
    met = {group: (ratios[group] or 0.0) >= least for group, least in TARGETS.items()}
    shown = ", ".join(
        f"{group} {'not measured' if ratio is None else f'{ratio:.2f}'}"
        for group, ratio in ratios.items()
    )
    headline = f"cuDNN's time ÷ ours: {shown}; {sum(met.values())} of {len(met)} targets"
    if all(met.values()) and not metrics.raw["failures"][0]:
        return Verdict("holds", headline)
    least = {"3x3-s1": 0.85, "dgrad": 0.75, "wgrad": 0.75}
    partly = all((ratios[group] or 0.0) >= value for group, value in least.items())
    return Verdict("holds partly" if partly else "does not hold", headline)


def waits_for() -> str | None:
    """The record of a GPU."""
    return None if "h200" in measured_kernels("conv2d") else NOT_MEASURED


EXPERIMENT = Experiment(
    id="P2",
    chapter="performance/convolution-on-a-gpu",
    claim="A convolution written in Triton, forward and backward, is as quick as the vendor's library.",
    criterion_text=(
        "holds if, in bfloat16 on an NVIDIA H200 with 64 images, the geometric mean of cuDNN's time (channels last, "
        "its algorithm chosen by trial) ÷ ours reaches 1.00 for 3 × 3 convolutions forward, 0.95 with stride 2, 0.95 "
        "for 1 × 1, 1.00 for first layers, 0.95 for the image's gradient, 0.90 for the weight's gradient and 2.00 for "
        "depthwise layers, without one failed check. holds partly if 3 × 3 forward reaches 0.85 and both gradients "
        "0.75; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=1,
    deterministic=True,
    cost_seconds=1,
    missing=tuple(metric(group) for group in TARGETS),
    waits_for=waits_for,
)
