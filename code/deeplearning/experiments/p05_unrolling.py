"""P5: is a convolution fast once it has been unrolled into one matrix product?

Timed: a convolution 3 × 3 of 8 images 28 × 28 with 64 channels into 64, float32, forward, in NumPy with one thread.
`im2col` is what textbooks give: every window becomes a row of one large matrix. Before it on the ladder stands the
form that takes one tap at a time; after it, four that use the same library for the products but copy in another order,
copy less, or not at all. Every form is a process of its own, asked for samples in turn, in an order drawn anew each
round; processor time is counted, and ratios are taken within rounds.

Chellapilla, Puri and Simard (2006) report speed-ups of 2.4 to 3.0 by unrolling with BLAS; the lower number is the
first half of the criterion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.performance import ladder
from deeplearning.performance.contest import contest
from deeplearning.performance.timing import ratio

REPORTED, AHEAD = 2.4, 1.25


@dataclass(frozen=True)
class Config:
    """The convolution, the rungs (tap by tap, im2col, then its rivals), and rounds."""

    rungs: tuple[str, ...] = ("taps", "im2col", "columns", "shifts", "tap_products", "batch_last")
    batch: int = 8
    channels: int = 64
    side: int = 28
    rounds: int = 9
    least_seconds: float = 0.02

    @classmethod
    def smoke(cls) -> Config:
        """Three rungs on one small image."""
        small = ("taps", "im2col", "columns")
        return cls(rungs=small, batch=1, channels=2, side=6, rounds=2, least_seconds=0.001)


def run(config: Config, seed: int) -> dict[str, Any]:
    """Time all rungs in turn."""
    size = {"channels": config.channels, "outputs": config.channels}
    shape = ladder.Shape(config.batch, height=config.side, width=config.side, **size)
    contenders = {name: ladder.rung(name, shape, seed) for name in config.rungs}
    times = contest(contenders, config.rounds, config.least_seconds, seed=seed)
    return {
        "picoseconds_a_multiply_add": [
            1e12 * times[name].median / shape.multiply_adds for name in config.rungs
        ],
        "taps_over_im2col": float(np.median(ratio(times["taps"], times["im2col"]))),
        "im2col_over_rival": [
            float(np.median(ratio(times["im2col"], times[name]))) for name in config.rungs[2:]
        ],
    }


def criterion(metrics: Metrics) -> Verdict:
    """Judge unrolling against what came before it, and against its rivals."""
    gain, behind = metrics["taps_over_im2col"], metrics["im2col_over_rival"].max(axis=1)
    headline = (
        f"unrolled, the convolution is {np.median(gain):.0f} times as fast as tap by tap, "
        f"and the best of its rivals is another {np.median(behind):.1f} times as fast"
    )
    faster, first = bool((gain >= REPORTED).all()), bool((behind <= AHEAD).all())
    if faster and first:
        return Verdict("holds", headline)
    return Verdict("holds partly" if faster else "does not hold", headline)


EXPERIMENT = Experiment(
    id="P5",
    chapter="performance/on-the-cpu",
    claim="Unrolled into one matrix product (im2col), a convolution is fast.",
    criterion_text=(
        "holds if in every seed im2col is at least 2.4 times as fast as convolving tap by tap, and no other form that "
        "uses the same library is more than 1.25 times as fast as im2col; holds partly if only the former is so; "
        "else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=75,
    exclusive=True,
)
