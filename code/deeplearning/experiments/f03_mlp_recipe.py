"""F3: a recipe of this part of the book for a plain multi-layer perceptron on full Fashion-MNIST.

784-400-200-10 with ReLU from He's start, fully connected layers only, trained by the book's own engine: SGD with
Nesterov momentum in batches of 256, one cycle of the learning rate over 20 passes. Three recipes show what each
ingredient adds, each to the one before: the schedule alone, batch normalisation before every activation, and dropout
after it. The last is the one that is judged. What was compared was compared on the last 10,000 training images after
training on the first 50,000 (setting ``validation``, one run each with seed 100, not among those of the record): with
normalisation, dropout of 0.2 reached 90.2 % there, and dropout of 0.1 with images mirrored at random as much at a
higher cost; in 12 passes without normalisation a weight decay of 2e-5 was better than 5e-4, and mirrored images and
dropout of 0.1 together were worse than neither. Widths, batches, passes and the highest rate were set by the budget of
time and not compared. Then every seed trains on all 60,000 images, and the 10,000 test images are looked at once, after
the last epoch.

The published number is that of F2: the entry MLP 256-128-100 of the benchmark table in the README of Fashion-MNIST,
0.8833. The bar of this claim is more than a percentage point above it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.deep_mlp import deep_mlp
from deeplearning.models.initialise import initialise
from deeplearning.training import fit, predict

BAR = 0.895
PUBLISHED = 0.8833
# Whether a recipe normalises, and whether it drops out.
RECIPES = {"schedule": (False, False), "normalised": (True, False), "full": (True, True)}


@dataclass(frozen=True)
class Config:
    recipes: tuple[str, ...] = tuple(RECIPES)
    hidden: tuple[int, ...] = (400, 200)
    max_rate: float = 0.2
    warm_up: float = 0.2  # share of the steps in which the rate rises
    epochs: int = 20
    momentum: float = 0.9
    weight_decay: float = 2e-5
    dropout: float = 0.2
    batch_size: int = 256
    images: int = 60_000
    test_images: int = 10_000
    validation: bool = False  # True: train on the first 50,000, judge on the last 10,000 of them

    @classmethod
    def smoke(cls) -> "Config":
        return cls(hidden=(16, 8), epochs=1, images=300, test_images=300)


@lru_cache(maxsize=1)
def images() -> data.Split:
    """Read Fashion-MNIST once a process; the cases only read its arrays."""
    return data.fashion_mnist(flat=True)


def cases(config: Config) -> Sequence[str]:
    return config.recipes


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    normalise, drop = RECIPES[case]
    split = images()
    train_x, train_y = split.train_x[: config.images], split.train_y[: config.images]
    test_x, test_y = split.test_x[: config.test_images], split.test_y[: config.test_images]
    if config.validation:
        test_x, test_y = train_x[50_000:], train_y[50_000:]
        train_x, train_y = train_x[:50_000], train_y[:50_000]
    engine = engines.get("numpy")
    engine.manual_seed(seed)
    model = deep_mlp(
        [784, *config.hidden, 10],
        normalisation="batch" if normalise else None,
        dropout=config.dropout if drop else 0.0,
    )
    initialise(model, "he")
    optimizer = engine.optim.SGD(
        model.parameters(), lr=config.max_rate, momentum=config.momentum, nesterov=True,
        weight_decay=config.weight_decay,
    )  # fmt: skip
    steps = config.epochs * -(-len(train_x) // config.batch_size)
    cycle = engine.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=config.max_rate, total_steps=steps, pct_start=config.warm_up,
        cycle_momentum=False,
    )  # fmt: skip
    history = fit(
        model, (train_x, train_y), engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(),
        epochs=config.epochs, batch_size=config.batch_size, seed=seed, scheduler=cycle,
    )  # fmt: skip
    answers = predict(model, test_x, engine).argmax(axis=1)
    return {
        f"test_accuracy_{case}": float((answers == test_y).mean()),
        f"train_accuracy_{case}": float(
            (predict(model, train_x, engine).argmax(axis=1) == train_y).mean()
        ),
        f"train_loss_{case}": history.train_loss,
        f"seconds_per_epoch_{case}": float(np.median(history.seconds)),
    }


def criterion(metrics: Metrics) -> Verdict:
    values = metrics["test_accuracy_full"]
    mean, spread = metrics.mean("test_accuracy_full"), metrics.std("test_accuracy_full")
    less = [metrics.mean(f"test_accuracy_{case}") for case in ("normalised", "schedule")]
    headline = (
        f"{mean:.2%} ± {spread:.2%} test accuracy; published: {PUBLISHED:.1%}. "
        f"Without dropout {less[0]:.2%}, without normalisation as well {less[1]:.2%}"
    )
    bar = BAR - 1e-9  # rounding must not turn "at least" into "more than"
    if mean - 2 * spread / np.sqrt(len(values)) >= bar:
        return Verdict("holds", headline)
    return Verdict("holds partly" if mean >= bar else "does not hold", headline)


EXPERIMENT = Experiment(
    id="F3",
    chapter="deep/regularisation",
    claim=(
        "A plain multi-layer perceptron with this book's recipe reaches 89.5 % on Fashion-MNIST, where 88.3 % is "
        "published for an MLP."
    ),
    criterion_text=(
        "test accuracy of the full recipe after training on all 60,000 images: holds if the mean over 5 seeds less 2 "
        "standard errors is at least 89.5 %; holds partly if only the mean is; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=500,
)
