"""D8: the gap between training and test accuracy against the number of hidden layers; and against width, with noise.

ReLU networks from He's start on 2,000 images of Fashion-MNIST that every seed draws: 60 epochs of SGD with momentum,
batches of 50, a rate that falls along a cosine to zero; no regularisation. Two families of 1 to 12 hidden layers: all
layers 64 wide ("width"), so that deeper is also larger; and as wide as makes about as many parameters as one layer of
64 has, 50,890 ("parameters"). Every depth has its own first rate, the one with the best accuracy on 5,000 validation
images with layers of 64, on seed 100, which is not among those of the record (of two or three rates around the best:
0.05 for one layer, 0.005 for twelve). With one rate for all, the deepest networks would learn their training images
worse than the others, and depth would be blamed for poor training.

A third family asks about size without depth: one hidden layer of 2 to 128 units on 500 images, the labels of a fifth of
which were replaced by others, trained for 200 epochs at a rate at which the smallest learn too (seed 100). Where a
network has about as many parameters as it has numbers to fit (500 images × 10 scores), the test error of some models
has a peak and falls again beyond it ("double descent"). The criterion does not use this family.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.deep_mlp import deep_mlp
from deeplearning.models.initialise import initialise
from deeplearning.training import fit, predict

FAMILIES = ("width", "parameters")
WORSE = 0.01  # by how much the deepest network's test accuracy is below the best depth's
ENGINE = engines.get("numpy")
Data = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Config:
    depths: tuple[int, ...] = (1, 2, 4, 8, 12)
    width: int = 64
    rates: tuple[float, ...] = (0.05, 0.02, 0.02, 0.01, 0.005)  # for each depth
    images: int = 2000
    epochs: int = 60
    test: int = 10_000
    batch_size: int = 50
    momentum: float = 0.9
    noisy_widths: tuple[int, ...] = (2, 4, 6, 10, 16, 32, 64, 128)
    noisy_images: int = 500
    noisy_epochs: int = 200
    noisy_rate: float = 0.01
    noise: float = 0.2  # share of labels replaced by another class
    validation: bool = False  # True: judge on 5,000 of the last 10,000 training images

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            depths=(1, 3), width=8, images=60, epochs=1, test=50, noisy_widths=(1, 2), noisy_images=50,
            noisy_epochs=1,
        )  # fmt: skip


@lru_cache(maxsize=1)
def images() -> data.Split:
    """Read Fashion-MNIST once a process; the cases only read its arrays."""
    return data.fashion_mnist(flat=True)


def parameters(width: int, depth: int) -> int:
    """Number of parameters of 784, ``depth`` hidden layers of ``width``, 10."""
    return 785 * width + (depth - 1) * (width + 1) * width + 10 * (width + 1)


def equal_width(width: int, depth: int) -> int:
    """Width at which ``depth`` hidden layers have nearest to as many parameters as one of ``width``.

    The positive root of :math:`(d - 1) w^2 + (785 + d - 1 + 10) w + 10 = P`, rounded.

    >>> equal_width(128, 1), equal_width(128, 12)
    (128, 66)
    """
    quadratic, linear = depth - 1, 785 + depth - 1 + 10
    constant = parameters(width, 1) - 10
    if not quadratic:
        return round(constant / linear)
    return round((math.sqrt(linear**2 + 4 * quadratic * constant) - linear) / (2 * quadratic))


def cases(config: Config) -> Sequence[str]:
    return [*(f"{family}_{depth}" for family in FAMILIES for depth in config.depths), "noisy"]


def train(
    sizes: Sequence[int], train_set: Data, rate: float, epochs: int, config: Config, seed: int
) -> Any:
    """Train a ReLU network from the start that ``seed`` draws and return it."""
    ENGINE.manual_seed(seed)
    model = initialise(deep_mlp(sizes), "he")
    optimizer = ENGINE.optim.SGD(model.parameters(), lr=rate, momentum=config.momentum)
    steps = epochs * -(-len(train_set[0]) // config.batch_size)
    fit(
        model, train_set, engine=ENGINE, optimizer=optimizer, loss=ENGINE.nn.CrossEntropyLoss(),
        epochs=epochs, batch_size=config.batch_size, seed=seed,
        scheduler=ENGINE.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps),
    )  # fmt: skip
    return model


def measure(model: Any, part: Data) -> tuple[float, float]:
    """Return accuracy and mean cross-entropy in nats."""
    scores = predict(model, part[0], ENGINE)
    loss = ENGINE.nn.functional.cross_entropy(ENGINE.tensor(scores), part[1]).item()
    return float((scores.argmax(axis=1) == part[1]).mean()), loss


def draw(count: int, noise: float, seed: int) -> Data:
    """Draw training images; a share ``noise`` of the labels becomes one of the nine others."""
    split, rng = images(), np.random.default_rng(seed)
    chosen = rng.permutation(50_000)[:count]
    labels = split.train_y[chosen].copy()
    wrong = rng.permutation(count)[: round(noise * count)]
    labels[wrong] = (labels[wrong] + rng.integers(1, 10, len(wrong))) % 10
    return split.train_x[chosen], labels


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    split = images()
    test = split.test_x[: config.test], split.test_y[: config.test]
    if config.validation:
        test = split.train_x[-5000:], split.train_y[-5000:]
    if case == "noisy":
        noisy = draw(config.noisy_images, config.noise, seed)
        rows = []
        for width in config.noisy_widths:
            model = train(
                [784, width, 10], noisy, config.noisy_rate, config.noisy_epochs, config, seed
            )
            rows.append([*measure(model, noisy), *measure(model, test)])
        names = ("train_accuracy", "train_loss", "test_accuracy", "test_loss")
        return {
            f"{name}_noisy": values for name, values in zip(names, np.array(rows).T, strict=True)
        }
    family, _, number = case.partition("_")
    depth = int(number)
    width = config.width if family == "width" else equal_width(config.width, depth)
    rate = config.rates[config.depths.index(depth)]
    train_set = draw(config.images, 0.0, seed)
    model = train([784] + [width] * depth + [10], train_set, rate, config.epochs, config, seed)
    train_accuracy, train_loss = measure(model, train_set)
    test_accuracy, test_loss = measure(model, test)
    return {
        f"train_accuracy_{case}": train_accuracy,
        f"test_accuracy_{case}": test_accuracy,
        f"gap_{case}": train_accuracy - test_accuracy,
        f"train_loss_{case}": train_loss,
        f"test_loss_{case}": test_loss,
    }


def above(difference: np.ndarray, least: float = 0.0) -> bool:
    """Whether paired differences are above ``least``, on average and by more than 2 standard errors."""
    error = difference.std(ddof=1) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
    return bool(difference.mean() - 2 * error > least)


def depths_of(metrics: Metrics) -> list[int]:
    """The depths that were measured."""
    return sorted(int(name.rpartition("_")[2]) for name in metrics if name.startswith("gap_width_"))


def overfits(metrics: Metrics, family: str) -> tuple[bool, bool]:
    """Whether the deepest network has a wider gap than one hidden layer, and a lower test accuracy than the best."""
    depths = depths_of(metrics)
    wider = above(metrics[f"gap_{family}_{depths[-1]}"] - metrics[f"gap_{family}_{depths[0]}"])
    means = {depth: metrics.mean(f"test_accuracy_{family}_{depth}") for depth in depths}
    best = max(means, key=lambda depth: means[depth])
    fall = (
        metrics[f"test_accuracy_{family}_{best}"] - metrics[f"test_accuracy_{family}_{depths[-1]}"]
    )
    return wider, bool(fall.mean() >= WORSE and above(fall))


def criterion(metrics: Metrics) -> Verdict:
    depths = depths_of(metrics)
    found = {family: overfits(metrics, family) for family in FAMILIES}
    words = []
    for family in FAMILIES:
        gaps = [metrics.mean(f"gap_{family}_{depth}") for depth in (depths[0], depths[-1])]
        tests = [
            metrics.mean(f"test_accuracy_{family}_{depth}") for depth in (depths[0], depths[-1])
        ]
        words.append(
            f"at equal {family} gap {gaps[0]:.1%} → {gaps[1]:.1%}, test accuracy {tests[0]:.1%} → {tests[1]:.1%}"
        )
    headline = f"from {depths[0]} to {depths[-1]} hidden layers: {'; '.join(words)}"
    if all(all(pair) for pair in found.values()):
        return Verdict("holds", headline)
    partly = any(all(pair) for pair in found.values())
    return Verdict("holds partly" if partly else "does not hold", headline)


EXPERIMENT = Experiment(
    id="D8",
    chapter="deep/regularisation",
    claim="Networks that are too deep over-fit.",
    criterion_text=(
        "over 5 seeds, paired by seed: a family over-fits with depth if 12 hidden layers have a wider gap between "
        "training and test accuracy than one, by more than 2 standard errors, and a test accuracy below that of the "
        "best depth by at least one percentage point and more than 2 standard errors. Holds if both families do, the "
        "one of equal width and the one of equal parameters; holds partly if one does; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=300,
)
