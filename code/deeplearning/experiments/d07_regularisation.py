"""D7: what six ways against over-fitting do to the distance between training and test accuracy, and to the latter.

784-128-64-10 with ReLU from He's start on 2,000 images of Fashion-MNIST, drawn anew by every seed from the first
50,000 training images; 40 epochs of SGD with momentum, batches of 50, a rate that falls along a cosine to zero. Six
contenders differ from the plain network in one thing each: weight decay; dropout behind both hidden layers; early
stopping; training images mirrored and shifted at random; batch or layer normalisation before every ReLU. Each has a
strength: the decay, the probability, the number of epochs (the cosine is fitted to it), the largest shift in pixels.
Normalisation has none; it and the plain network choose the first learning rate instead. Every strength is trained in
every seed, and the one with the highest accuracy on 5,000 validation images (from the last 10,000 training images) is
taken; the 10,000 test images take no part in any choice. The gap is the accuracy on the 2,000 training images, as they
are and in evaluation mode, minus that on the test images.

The base rate and the grids were set on seed 100, which is not among those of the record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from deeplearning import data, engines
from deeplearning.data.augment import Compose, RandomHorizontalFlip, RandomShift
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.deep_mlp import deep_mlp
from deeplearning.models.initialise import initialise
from deeplearning.training import fit, predict

JUDGED = ("decay", "dropout", "early", "augment", "batch", "layer")
CASES = ("none", *JUDGED)
NARROWER = 0.25  # of the plain network's gap, by which it must shrink
ENGINE = engines.get("numpy")
Data = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Config:
    hidden: tuple[int, ...] = (128, 64)
    images: int = 2000
    validation: int = 5000
    test: int = 10_000
    epochs: int = 40
    batch_size: int = 50
    momentum: float = 0.9
    rate: float = 0.02
    rates: tuple[float, ...] = (0.02, 0.1)  # for the plain network and the normalised ones
    decay: tuple[float, ...] = (0.001, 0.003, 0.01)
    dropout: tuple[float, ...] = (0.1, 0.2, 0.4)
    early: tuple[float, ...] = (10, 20)
    augment: tuple[float, ...] = (0, 1)

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            hidden=(8,), images=60, validation=50, test=50, epochs=2, rates=(0.05,), decay=(0.01,),
            dropout=(0.5,), early=(1,), augment=(1,),
        )  # fmt: skip


@lru_cache(maxsize=1)
def images() -> data.Split:
    """Read Fashion-MNIST once a process; the cases only read its arrays."""
    return data.fashion_mnist(flat=True)


def parts(config: Config, seed: int) -> tuple[Data, Data, Data]:
    """Draw a seed's training images; return them with the validation and the test images."""
    split = images()
    chosen = np.random.default_rng(seed).permutation(50_000)[: config.images]
    return (
        (split.train_x[chosen], split.train_y[chosen]),
        (split.train_x[-config.validation :], split.train_y[-config.validation :]),
        (split.test_x[: config.test], split.test_y[: config.test]),
    )


def cases(config: Config) -> Sequence[str]:
    return CASES


def strengths(config: Config, case: str) -> tuple[float, ...]:
    return config.rates if case in ("none", "batch", "layer") else getattr(config, case)


def train(config: Config, seed: int, case: str, strength: float) -> Any:
    """Train one contender at one strength and return it."""
    train_set, _, _ = parts(config, seed)
    ENGINE.manual_seed(seed)
    model = deep_mlp(
        [784, *config.hidden, 10],
        normalisation=case if case in ("batch", "layer") else None,
        dropout=strength if case == "dropout" else 0.0,
    )
    initialise(model, "he")
    optimizer = ENGINE.optim.SGD(
        model.parameters(),
        lr=strength if case in ("none", "batch", "layer") else config.rate,
        momentum=config.momentum,
        weight_decay=strength if case == "decay" else 0.0,
    )
    epochs = int(strength) if case == "early" else config.epochs
    steps = epochs * -(-config.images // config.batch_size)
    fit(
        model, train_set, engine=ENGINE, optimizer=optimizer, loss=ENGINE.nn.CrossEntropyLoss(),
        epochs=epochs, batch_size=config.batch_size, seed=seed,
        scheduler=ENGINE.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps),
        transform=Compose(RandomHorizontalFlip(), RandomShift(int(strength))) if case == "augment" else None,
    )  # fmt: skip
    return model


def measure(model: Any, part: Data) -> tuple[float, float]:
    """Return accuracy and mean cross-entropy in nats."""
    scores = predict(model, part[0], ENGINE)
    loss = ENGINE.nn.functional.cross_entropy(ENGINE.tensor(scores), part[1]).item()
    return float((scores.argmax(axis=1) == part[1]).mean()), loss


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    rows = []
    for strength in strengths(config, case):
        model = train(config, seed, case, strength)
        measured = [measure(model, part) for part in parts(config, seed)]
        rows.append([strength, *(value for pair in measured for value in pair)])
    table = np.array(rows)
    _, train_accuracy, train_loss, validation_accuracy, _, test_accuracy, test_loss = table.T
    best = int(validation_accuracy.argmax())
    return {
        f"strengths_{case}": table[:, 0],
        f"chosen_{case}": table[best, 0],
        f"train_accuracies_{case}": train_accuracy,
        f"validation_accuracies_{case}": validation_accuracy,
        f"test_accuracies_{case}": test_accuracy,
        f"train_accuracy_{case}": train_accuracy[best],
        f"test_accuracy_{case}": test_accuracy[best],
        f"gap_{case}": train_accuracy[best] - test_accuracy[best],
        f"train_loss_{case}": train_loss[best],
        f"test_loss_{case}": test_loss[best],
    }


def above(difference: np.ndarray, least: float = 0.0) -> bool:
    """Whether paired differences are above ``least``, on average and by more than 2 standard errors."""
    error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
    return bool(difference.mean() - 2 * error > least)


def judge(metrics: Metrics, case: str) -> tuple[bool, bool]:
    """Whether the contender narrows the gap by a quarter, and whether it raises the test accuracy."""
    plain = metrics["gap_none"]
    narrows = above((1 - NARROWER) * plain - metrics[f"gap_{case}"])
    return narrows, above(metrics[f"test_accuracy_{case}"] - metrics["test_accuracy_none"])


def criterion(metrics: Metrics) -> Verdict:
    both = [case for case in JUDGED if all(judge(metrics, case))]
    headline = (
        f"gap / test accuracy: none {metrics.mean('gap_none'):.1%} / {metrics.mean('test_accuracy_none'):.1%}, "
        + ", ".join(
            f"{case} {metrics.mean(f'gap_{case}'):.1%} / {metrics.mean(f'test_accuracy_{case}'):.1%}"
            for case in JUDGED
        )
    )
    if len(both) == len(JUDGED):
        return Verdict("holds", headline)
    return Verdict("holds partly" if both else "does not hold", headline)


EXPERIMENT = Experiment(
    id="D7",
    chapter="deep/regularisation",
    claim="Regularisation prevents over-fitting.",
    criterion_text=(
        "a method works if over 5 seeds, paired by seed, it narrows the gap between training and test accuracy by at "
        "least a quarter and raises the test accuracy, both by more than 2 standard errors, its strength chosen on "
        "validation images. Holds if all six work: weight decay, dropout, early stopping, augmentation, batch and "
        "layer normalisation; holds partly if at least one does; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=400,
)
