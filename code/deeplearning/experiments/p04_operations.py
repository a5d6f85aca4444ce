"""P4: does the number of operations tell how long a layer takes?

Timed, in this book's engine and one thread: Linear 4096 → 4096 on batches of 1 to 256, ReLU and softmax of a matrix
2048 × 4096, all float32 and none of it small enough for a near cache. In the same rounds and in an order drawn anew
each round: a square matrix product, whose speed is the roof of arithmetic, and an update of 64 MiB in place, whose
bandwidth is that of memory. Processor time is counted, samples last 20 ms at least, and a seed's value is the median
over its rounds.

A seed draws the numbers in the arrays and the order. Were operations all that matters, each operation would take
equally long in every layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.performance import machine
from deeplearning.performance.layers import suite
from deeplearning.performance.roofline import attained
from deeplearning.performance.timing import alternate

SPREAD = 2.0  # largest ÷ least time of an operation
LINEAR = len((1, 4, 16, 64, 256))  # the first layers of the suite


@dataclass(frozen=True)
class Config:
    """Sizes of the layers, of the product and the update that measure the roofs, and rounds."""

    width: int = 4096
    batches: tuple[int, ...] = (1, 4, 16, 64, 256)
    rows: int = 2048
    side: int = 512
    updated: int = 2**26  # bytes
    rounds: int = 9
    least_seconds: float = 0.02

    @classmethod
    def smoke(cls) -> Config:
        """Small layers, two rounds."""
        return cls(width=64, rows=16, side=32, updated=2**14, rounds=2, least_seconds=0.001)


def run(config: Config, seed: int) -> dict[str, Any]:
    """Time all layers in turn."""
    layers = suite(config.width, config.batches, config.rows, seed)
    product, multiply = machine.product(config.side, seed)
    stream, update = machine.update(config.updated)
    contenders = {layer.name: layer.run for layer in layers} | {
        "product": multiply,
        "update": update,
    }
    times = alternate(contenders, config.rounds, config.least_seconds, seed)
    peak = product.operations / times["product"].seconds
    bandwidth = stream.bytes / times["update"].seconds
    share = [attained(layer.work, times[layer.name].seconds, peak, bandwidth) for layer in layers]
    return {
        "picoseconds_an_operation": [
            1e12 * times[layer.name].median / layer.work.operations for layer in layers
        ],
        "share_of_roof": [float(np.median(rounds)) for rounds in share],
        "intensity": [layer.work.intensity for layer in layers],
        "peak": float(np.median(peak)),
        "bandwidth": float(np.median(bandwidth)),
    }


def criterion(metrics: Metrics) -> Verdict:
    """Judge how far the time of one operation varies between layers."""
    each = metrics["picoseconds_an_operation"]  # (seeds, layers)
    every = each.max(axis=1) / each.min(axis=1)
    linear = each[:, :LINEAR].max(axis=1) / each[:, :LINEAR].min(axis=1)
    late = 1 / metrics["share_of_roof"]
    headline = (
        f"an operation takes up to {np.median(every):.0f} times as long in one layer as in another, "
        f"{np.median(linear):.0f} times among Linear layers that differ in batch size only; "
        f"the time is {np.median(late, axis=0).min():.1f} to {np.median(late, axis=0).max():.1f} times the roofline's"
    )
    if every.max() <= SPREAD:
        return Verdict("holds", headline)
    return Verdict("holds partly" if linear.max() <= SPREAD else "does not hold", headline)


EXPERIMENT = Experiment(
    id="P4",
    chapter="performance/how-fast-can-it-be",
    claim="How long a layer takes is decided by how many operations it has.",
    criterion_text=(
        "holds if in every seed the time of one operation differs by no more than a factor of 2 between Linear on "
        "batches of 1 to 256, ReLU and softmax; holds partly if that is so among the Linear layers alone; "
        "else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=40,
    exclusive=True,
)
