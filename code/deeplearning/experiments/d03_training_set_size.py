"""D3: accuracy against the number of training images, for a deep network and for logistic regression.

784-128-64-10 with ReLU from He's start, and softmax regression 784-10, on 100 to 60,000 of Fashion-MNIST's training
images, in an order that every seed draws. SGD with momentum, batches of 50, a rate that falls along a cosine to zero,
weight decay. Rate and decay of each model were chosen at 100, 1,000 and 10,000 images; the nearest choice serves the
sizes in between and beyond: the best on the last 10,000 training images after training on others, on seed 100, which is
not among those of the record, of rates 0.005 and 0.02 and decays 0.0001, 0.001 and 0.01, and from 1,000 images on of
rate 0.05 with the best decay. The 10,000 test images are looked at once, after the last epoch.

Each model is measured on its training images too. For the size at which the deep network pulls ahead, the first is
taken from which on its lead is above one percentage point at every size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.deep_mlp import deep_mlp
from deeplearning.models.initialise import initialise
from deeplearning.training import evaluate, fit

MODELS = ("deep", "logistic")
LEAD = 0.03  # of the deep network with all images
SMALL = 1 / 3  # of that lead: what is left of it at most with 100 images


@dataclass(frozen=True)
class Config:
    sizes: tuple[int, ...] = (100, 300, 1000, 3000, 10_000, 30_000, 60_000)
    hidden: tuple[int, ...] = (128, 64)
    epochs: tuple[int, ...] = (200, 100, 60, 30, 15, 8, 6)
    # For each size, first rate and weight decay.
    deep: tuple[tuple[float, float], ...] = (
        *((0.02, 0.01),) * 2, *((0.02, 0.001),) * 2, *((0.02, 0.0001),) * 3,
    )  # fmt: skip
    logistic: tuple[tuple[float, float], ...] = (
        *((0.02, 0.01),) * 2, *((0.05, 0.001),) * 2, *((0.05, 0.0001),) * 3,
    )  # fmt: skip
    batch_size: int = 50
    momentum: float = 0.9
    test: int = 10_000
    validation: bool = False  # True: train on the first 50,000, judge on the last 10,000 of them

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            sizes=(50, 100), epochs=(1, 1), hidden=(8,), test=200,
        )  # fmt: skip


@lru_cache(maxsize=1)
def images() -> data.Split:
    """Read Fashion-MNIST once a process; the cases only read its arrays."""
    return data.fashion_mnist(flat=True)


def cases(config: Config) -> Sequence[str]:
    return [f"{model}_{size}" for size in config.sizes for model in MODELS]


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    kind, _, number = case.partition("_")
    size = int(number)
    where = config.sizes.index(size)
    epochs, (rate, decay) = config.epochs[where], getattr(config, kind)[where]
    split, engine = images(), engines.get("numpy")
    order = np.random.default_rng(seed).permutation(50_000 if config.validation else 60_000)[:size]
    train_set = split.train_x[order], split.train_y[order]
    test = split.test_x[: config.test], split.test_y[: config.test]
    if config.validation:
        test = split.train_x[50_000:], split.train_y[50_000:]
    engine.manual_seed(seed)
    model = initialise(deep_mlp([784, *(config.hidden if kind == "deep" else ()), 10]), "he")
    optimizer = engine.optim.SGD(
        model.parameters(), lr=rate, momentum=config.momentum, weight_decay=decay
    )
    steps = epochs * -(-size // config.batch_size)
    fit(
        model, train_set, engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(),
        epochs=epochs, batch_size=config.batch_size, seed=seed,
        scheduler=engine.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps),
    )  # fmt: skip
    return {
        f"test_accuracy_{case}": evaluate(model, test, engine),
        f"train_accuracy_{case}": evaluate(model, train_set, engine),
    }


def lead(metrics: Metrics, size: int) -> np.ndarray:
    """The deep network's test accuracy less that of logistic regression, paired by seed."""
    return metrics[f"test_accuracy_deep_{size}"] - metrics[f"test_accuracy_logistic_{size}"]


def above(difference: np.ndarray, least: float = 0.0) -> bool:
    """Whether paired differences are above ``least``, on average and by more than 2 standard errors."""
    error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
    return bool(difference.mean() - 2 * error > least)


def criterion(metrics: Metrics) -> Verdict:
    names = [name for name in metrics if name.startswith("test_accuracy_deep_")]
    sizes = sorted(int(name.rpartition("_")[2]) for name in names)
    few, many = lead(metrics, sizes[0]), lead(metrics, sizes[-1])
    leads = [float(lead(metrics, size).mean()) for size in sizes]
    behind = [i for i, value in enumerate(leads) if value <= 0.01]
    first = sizes[behind[-1] + 1] if behind and behind[-1] + 1 < len(sizes) else sizes[0]
    headline = (
        f"lead of the deep network {few.mean() * 100:+.1f} points with {sizes[0]} images, "
        f"{many.mean() * 100:+.1f} with {sizes[-1]:,}"
    )
    if leads[-1] > 0.01:
        headline += f"; above one point from {first:,} images on"
    if above(many, LEAD) and above(SMALL * many - few):
        return Verdict("holds", headline)
    return Verdict("holds partly" if above(many - few) else "does not hold", headline)


EXPERIMENT = Experiment(
    id="D3",
    chapter="deep/regularisation",
    claim="Small training sets held deep learning back.",
    criterion_text=(
        "the lead is the test accuracy of 784-128-64-10 less that of logistic regression on the same images, over 5 "
        "seeds. Holds if it is above 3 percentage points with 60,000 images and at most a third of that with 100, both "
        "by more than 2 standard errors; holds partly if it is at least larger with 60,000 images than with 100, by "
        "more than 2 standard errors; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=300,
)
