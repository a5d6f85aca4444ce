"""D1: an MLP trained as before but over more layers, on Fashion-MNIST and MNIST, all 60,000 training images.

784-10 without a hidden layer is softmax regression; the others have one to four hidden layers of 128 ReLU neurons. All
train alike, as the MLP of claim F2 was trained in Part I but for a shorter time: cross-entropy, mini-batches of 128,
SGD with momentum 0.9, first rate 0.05, PyTorch's usual start, pixels in [0, 1]; the last epoch has a tenth of the rate.
F2 had chosen that rate for a network with 256 and 128 hidden neurons, on training images that were held out. Nothing
was chosen anew here: no depth and no data set has a recipe of its own.

The criterion compares with softmax regression, because the claim is that deep networks learn. Whether the second, third
and fourth hidden layer add anything to the first is recorded beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models import mlp
from deeplearning.training import fit, predict

SETS = {"fashion": data.fashion_mnist, "mnist": data.mnist}
NAMES = {"fashion": "Fashion-MNIST", "mnist": "MNIST"}
DEEP = (2, 3, 4)
AHEAD = 0.02  # the least gain over softmax regression, in accuracy


@dataclass(frozen=True)
class Config:
    depths: tuple[int, ...] = (0, 1, 2, 3, 4)  # hidden layers
    width: int = 128
    rate: float = 0.05
    epochs: tuple[int, ...] = (2, 1)  # at the rate, and at a tenth of it
    momentum: float = 0.9
    batch_size: int = 128
    images: int = 60_000

    @classmethod
    def smoke(cls) -> "Config":
        return cls(width=8, epochs=(1, 1), images=200)


@lru_cache(maxsize=2)
def images(name: str) -> data.Split:
    """Read a data set once a process; its cases only read the arrays."""
    return SETS[name](flat=True)


def cases(config: Config) -> Sequence[str]:
    return [f"{name}_{depth}" for name in SETS for depth in config.depths]


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    name, depth = case.rsplit("_", 1)
    split = images(name)
    train_x, train_y = split.train_x[: config.images], split.train_y[: config.images]
    test_x, test_y = split.test_x, split.test_y
    engine = engines.get("numpy")
    engine.manual_seed(seed)
    model = mlp([784, *[config.width] * int(depth), 10])
    optimizer = engine.optim.SGD(model.parameters(), lr=config.rate, momentum=config.momentum)
    losses: list[float] = []
    seconds: list[float] = []
    for phase, epochs in enumerate(config.epochs):
        optimizer.lr = config.rate * 0.1**phase
        history = fit(
            model, (train_x, train_y), engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(),
            epochs=epochs, batch_size=config.batch_size, seed=100 * seed + phase,
        )  # fmt: skip
        losses += history.train_loss
        seconds += history.seconds
    accuracies = [
        float((predict(model, x, engine).argmax(axis=1) == y).mean())
        for x, y in ((test_x, test_y), (train_x, train_y))
    ]
    return {
        f"test_accuracy_{case}": accuracies[0],
        f"train_accuracy_{case}": accuracies[1],
        f"train_loss_{case}": losses,
        f"seconds_per_epoch_{case}": float(np.median(seconds)),
    }


def gain(metrics: Metrics, name: str, depth: int, over: int = 0) -> tuple[float, float]:
    """Return how much more accurate a depth is than another on a data set, and its standard error, paired by seed."""
    differences = metrics[f"test_accuracy_{name}_{depth}"] - metrics[f"test_accuracy_{name}_{over}"]
    if len(differences) < 2:
        return float(differences.mean()), 0.0
    return float(differences.mean()), float(differences.std(ddof=1) / np.sqrt(len(differences)))


def criterion(metrics: Metrics) -> Verdict:
    learned = []
    for name in SETS:
        gains = [gain(metrics, name, depth) for depth in DEEP]
        learned.append(all(mean > AHEAD and mean > 3 * error for mean, error in gains))
    words = [
        " / ".join(
            f"{metrics.mean(f'test_accuracy_{name}_{depth}'):.1%}" for depth in (0, 1, *DEEP)
        )
        + f" on {NAMES[name]}"
        for name in SETS
    ]
    outcome = "holds" if all(learned) else "holds partly" if any(learned) else "does not hold"
    return Verdict(
        outcome,  # type: ignore[arg-type]
        f"test accuracy with 0 / 1 / 2 / 3 / 4 hidden layers: {'; '.join(words)}",
    )


EXPERIMENT = Experiment(
    id="D1",
    chapter="deep/deep-multi-layer-perceptrons",
    claim="A deep multi-layer perceptron is trained as an MLP is, only over more layers, and learns real images.",
    criterion_text=(
        "mean test accuracy of 5 seeds, all training images, one recipe, that of Part I: holds if networks "
        "of 2, 3 and 4 hidden layers each beat softmax regression (none) by more than 2 percentage points and 3 "
        "standard errors, paired by seed, on Fashion-MNIST and on MNIST; holds partly if on one of the two; else does "
        "not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=150,
)
