"""P3: LeNet-5 trained end to end on the book's own kernels.

`make bench` trains the same network from the same weights on the same batches, once on our kernels, once on the
vendor's and once on the vendor's without TF32, for several seeds, and times a training step; it writes
`results/kernels/lenet-h200.json`, which this experiment judges. The vendor against itself at another precision says
how far rounding alone moves a loss curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deeplearning.experiments.experiment import Experiment
from deeplearning.records import Metrics, Verdict, load_kernels, measured_kernels
from deeplearning.records.kernels import NOT_MEASURED

KEY = "training/lenet5-b128/fp32"


@dataclass(frozen=True)
class Config:
    """Which record is judged, and over how many steps losses are averaged before they are compared."""

    kernels: str = "lenet"
    machine: str = "h200"
    window: int = 25

    @classmethod
    def smoke(cls) -> Config:
        """Made-up curves, to see that the judgement runs."""
        return cls(machine="example", window=2)


def run(config: Config, seed: int) -> dict[str, Any]:
    """Largest differences between averaged loss curves, by seed of the training, and the time of a step."""
    if config.machine == "example":
        curves = {name: [[2.0, 1.5, 1.0, 0.5]] for name in ("ours", "vendor", "vendor-ieee")}
        return {**differences(curves, config.window), "ratio_step": 1.0, "failures": 0}
    record = load_kernels(config.kernels, config.machine)
    training = record.cases[KEY]["training"]
    return {
        **differences(training["losses"], config.window),
        "ratio_step": record.ratio(KEY),
        "failures": len(record.failures),
    }


def differences(losses: dict[str, Any], window: int) -> dict[str, Any]:
    """Per seed, the largest difference to the vendor's curve after averaging over windows, relative to the curve.

    Args:
        losses: contender → losses, shape (seeds, steps).
        window: steps that are averaged.
    """
    averaged = {}
    for name, values in losses.items():
        curve = np.asarray(values, dtype=np.float64)
        whole = curve[:, : curve.shape[1] // window * window]
        averaged[name] = whole.reshape(len(curve), -1, window).mean(axis=2)
    vendor = averaged["vendor"]
    return {
        f"difference_{name}": (np.abs(averaged[key] - vendor) / vendor).max(axis=1).tolist()
        for name, key in (("ours", "ours"), ("rounding", "vendor-ieee"))
    } | {"final_loss": [float(averaged[name][:, -1].mean()) for name in ("ours", "vendor")]}


def criterion(metrics: Metrics) -> Verdict:
    """The curve must stay as near the vendor's as the vendor's own rounding does; the step must not be slower."""
    ours = float(np.mean(metrics.raw["difference_ours"][0]))
    rounding = float(np.mean(metrics.raw["difference_rounding"][0]))
    ratio = metrics.raw["ratio_step"][0]
    same = ours <= max(2 * rounding, 0.01) and not metrics.raw["failures"][0]
    headline = (
        f"the loss curve is at most {ours:.2%} from the vendor's, which is {rounding:.2%} from itself without TF32; "
        f"the vendor's device time a step ÷ ours is {ratio:.2f}"
    )
    if same and ratio >= 1.0:
        return Verdict("holds", headline)
    return Verdict("holds partly" if same and ratio >= 0.5 else "does not hold", headline)


def waits_for() -> str | None:
    """The record of a GPU."""
    return None if "h200" in measured_kernels("lenet") else NOT_MEASURED


EXPERIMENT = Experiment(
    id="P3",
    chapter="performance/lenet-on-our-kernels",
    claim="The book's LeNet-5 trains end to end on the book's own kernels as on the vendor's, and as quickly.",
    criterion_text=(
        "holds if, with equal weights and batches over 5 seeds, the loss averaged over 25 steps stays as near the "
        "vendor's as twice the distance that the vendor's own TF32 rounding makes (or 1 %, if that is more), mean of "
        "the seeds' largest differences, and the vendor's device time a training step ÷ ours reaches 1.0, without one "
        "failed check. holds partly if the curve does and the ratio reaches 0.5; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=1,
    deterministic=True,
    cost_seconds=1,
    waits_for=waits_for,
)
