"""N10: one sample, a mini-batch, or the whole training set: progress by samples seen and by seconds.

The network 784-64-10 is trained on 10,000 images of Fashion-MNIST with plain SGD and batches of 1 to
10,000, in this book's engine. After given numbers of samples the loss on all 10,000 is measured; the clock
stands still meanwhile. Every batch size has its own learning rate, chosen beforehand on seeds 100 and 101
as the rate of the grid 0.003, 0.01, 0.03, 0.1, 0.3, 1 with the lowest loss after 50,000 samples: otherwise
the comparison would be of rates and not of batches.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from deeplearning import data, engines, models
from deeplearning.autograd import Tensor, from_numpy, no_grad
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.nn import functional as F


@dataclass(frozen=True)
class Config:
    """Batch sizes with their rates, and when the loss is measured."""

    batch_sizes: tuple[int, ...] = (1, 8, 32, 128, 512, 2048, 10_000)
    rates: tuple[float, ...] = (0.01, 0.03, 0.1, 0.1, 0.3, 0.3, 0.3)
    images: int = 10_000
    samples: int = 50_000
    full_batch_samples: int = 1_000_000
    target: float = 0.6  # nats; guessing gives 2.3

    @classmethod
    def smoke(cls) -> Config:
        """Few images, few samples."""
        return cls(
            batch_sizes=(1, 32, 200),
            rates=(0.01, 0.1, 0.3),
            images=200,
            samples=400,
            full_batch_samples=800,
        )


POINTS = 12  # measurements on the way to `samples`, evenly spaced


def train(
    config: Config, batch: int, rate: float, seed: int, budget: int
) -> tuple[list[float], list[float], float]:
    """Return losses and seconds at POINTS numbers of samples, and the seconds until the "
    "target (inf if never)."""
    split = data.fashion_mnist(flat=True)
    order = np.random.default_rng(seed)
    chosen = order.permutation(len(split.train_x))[: config.images]
    x, y = split.train_x[chosen], split.train_y[chosen]
    engine = engines.get("numpy")
    engine.manual_seed(seed)
    model = models.mlp([784, 64, 10])
    optimizer = engine.optim.SGD(model.parameters(), lr=rate)
    everything = from_numpy(x)

    def measure() -> float:
        with no_grad():
            return float(F.cross_entropy(model(everything), y).item())

    marks = np.linspace(config.samples / POINTS, config.samples, POINTS)
    check_every = max(config.samples // 50, batch)  # how often the target is looked for
    losses: list[float] = []
    seconds: list[float] = []
    reached, seen, clock, next_check = np.inf, 0, 0.0, check_every
    while seen < budget and (seen < config.samples or not np.isfinite(reached)):
        permutation = order.permutation(config.images)
        for start in range(0, config.images, batch):
            began = time.perf_counter()
            rows = permutation[start : start + batch]
            optimizer.zero_grad()
            F.cross_entropy(model(Tensor(x[rows])), y[rows]).backward()
            optimizer.step()
            clock += time.perf_counter() - began
            seen += len(rows)
            due = len(losses) < POINTS and seen >= marks[len(losses)]
            if due or seen >= next_check:
                loss = measure()
                next_check = seen + check_every
                if loss <= config.target and not np.isfinite(reached):
                    reached = clock
                while len(losses) < POINTS and seen >= marks[len(losses)]:
                    losses.append(loss)
                    seconds.append(clock)
            if seen >= budget:
                break
    return losses, seconds, reached


def run(config: Config, seed: int) -> dict[str, Any]:
    """Train once with every batch size."""
    losses, seconds, reached, samples_a_second = [], [], [], []
    for batch, rate in zip(config.batch_sizes, config.rates, strict=True):
        budget = config.samples if batch < config.images else config.full_batch_samples
        loss, clock, until = train(config, batch, rate, seed, max(budget, 3 * config.samples))
        losses.append(loss)
        seconds.append(clock)
        reached.append(float(until) if np.isfinite(until) else None)
        samples_a_second.append(config.samples / clock[-1])
    return {
        "loss": losses,
        "seconds": seconds,
        "final_loss": [curve[-1] for curve in losses],
        "seconds_to_target": reached,
        "samples_a_second": samples_a_second,
    }


def criterion(metrics: Metrics) -> Verdict:
    """Judge progress per sample (final loss) and per second (time to the target)."""
    sizes = Config().batch_sizes
    final = metrics["final_loss"]
    n = len(final)
    gap = final[:, -1] - final[:, 1]
    per_sample = bool(gap.mean() > 2 * (gap.std(ddof=1) / np.sqrt(n) if n > 1 else 0.0))
    seconds = np.array(metrics["seconds_to_target"], dtype=float)
    seconds = np.where(np.isfinite(seconds), seconds, np.inf)
    median = np.median(seconds, axis=0)
    best = int(median[1:-1].argmin()) + 1
    wins = float((seconds[:, best] < np.minimum(seconds[:, 0], seconds[:, -1])).mean())
    headline = (
        f"after equal samples {final[:, 1].mean():.2f} nats with batches of {sizes[1]} and "
        f"{final[:, -1].mean():.2f} with "
        f"the full batch; in seconds, batches of {sizes[best]} are first in {wins:.0%} of seeds"
    )
    if per_sample and wins == 1:
        return Verdict("holds", headline)
    return Verdict("holds partly" if per_sample or wins == 1 else "does not hold", headline)


EXPERIMENT = Experiment(
    id="N10",
    chapter="learning/gradient-descent",
    claim="SGD may use one sample, a mini-batch or the full batch; the mini-batch is the compromise that is used.",
    criterion_text=(
        "holds if after equally many samples batches of 8 have a lower loss than the full batch, "
        "by more than 2 standard "
        "errors, and if in every seed the best mini-batch reaches the target loss in fewer "
        "seconds than both one sample "
        "and the full batch; holds partly if only one of the two is so; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=240,
    exclusive=True,
    missing=("seconds_to_target",),
)
