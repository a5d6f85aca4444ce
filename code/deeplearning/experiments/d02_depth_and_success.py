"""D2: how often networks of one to twenty hidden layers learn, by activation and initialisation.

784, hidden layers of 50, 10, on 5,000 images of Fashion-MNIST; 400 steps of SGD with momentum, batches of 50. Six
kinds: sigmoid, tanh and ReLU, each with the initialisation usual until 2010, "old", weights from U(-1/√n, 1/√n), and
with the one derived for the activation, "modern": Glorot's with gain 4 and centring, Glorot's, He's. Every network is
trained at three rates, and in each seed the one with the highest accuracy on the last 2,000 training images is taken; a
network has succeeded if it then answers at least 60 % of 2,000 test images correctly, where guessing has 10 %. The
gradient is measured as well: of its norm in the last hidden layer, what reaches the first one before training.

The number of steps, the threshold and the rates were set beforehand, on seed 100, so that one layer succeeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.deep_mlp import deep_mlp
from deeplearning.models.initialise import initialise
from deeplearning.models.signals import reach, signals
from deeplearning.training import Diverged, evaluate, fit

MODERN = {"sigmoid": "glorot_sigmoid", "tanh": "glorot", "relu": "he"}
KINDS = tuple(f"{name}_{init}" for name in MODERN for init in ("old", "modern"))
SUCCESS = 0.6  # test accuracy
FALL = 0.5  # of the success rate, from the shallowest to the deepest


@dataclass(frozen=True)
class Config:
    kinds: tuple[str, ...] = KINDS
    depths: tuple[int, ...] = (1, 4, 10, 20)
    width: int = 50
    images: int = 5000
    validation: int = 2000
    test: int = 2000
    rates: tuple[float, ...] = (0.01, 0.05, 0.2)
    epochs: int = 4
    batch_size: int = 50
    momentum: float = 0.9

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            depths=(1, 3), width=5, images=100, validation=20, test=20, epochs=1, rates=(0.05,)
        )


@lru_cache(maxsize=1)
def images() -> data.Split:
    """Read Fashion-MNIST once a process; the cases only read its arrays."""
    return data.fashion_mnist(flat=True)


def cases(config: Config) -> Sequence[str]:
    return config.kinds


def start(kind: str, depth: int, config: Config, seed: int) -> object:
    """Make the network of a kind and a depth as it is before training."""
    activation, init = kind.split("_")
    engines.get("numpy").manual_seed(seed)
    model = deep_mlp([784] + [config.width] * depth + [10], activation)
    return initialise(model, "old" if init == "old" else MODERN[activation])


def train(kind: str, depth: int, rate: float, config: Config, seed: int) -> object | None:
    """Train a network, or return None if its numbers overflow."""
    split, engine = images(), engines.get("numpy")
    model = start(kind, depth, config, seed)
    optimizer = engine.optim.SGD(model.parameters(), lr=rate, momentum=config.momentum)  # type: ignore[attr-defined]
    train_set = split.train_x[: config.images], split.train_y[: config.images]
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            fit(
                model, train_set, engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(),
                epochs=config.epochs, batch_size=config.batch_size, seed=seed,
            )  # fmt: skip
    except Diverged:
        return None
    return model


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    split, engine = images(), engines.get("numpy")
    validation = split.train_x[-config.validation :], split.train_y[-config.validation :]
    test = split.test_x[: config.test], split.test_y[: config.test]
    accuracies, rates, reached = [], [], []
    for depth in config.depths:
        tried = []
        for rate in config.rates:
            model = train(case, depth, rate, config, seed)
            if model is not None:
                tried.append((evaluate(model, validation, engine), -rate, model))
        if tried:  # of equals the smallest rate
            _, negative, model = max(tried, key=lambda entry: entry[:2])
            rates.append(-negative)
            accuracies.append(evaluate(model, test, engine))
        else:
            rates.append(0.0)
            accuracies.append(0.1)
        probe = split.train_x[:500], split.train_y[:500]
        reached.append(reach(signals(start(case, depth, config, seed), *probe, engine).gradients))
    return {
        f"test_accuracy_{case}": accuracies,
        f"success_{case}": [accuracy >= SUCCESS for accuracy in accuracies],
        f"rate_{case}": rates,
        f"reach_{case}": reached,
    }


def falls(metrics: Metrics, kind: str) -> bool:
    """Whether the success rate falls by more than half, and 2 standard errors, from the first depth to the last."""
    fall = metrics[f"success_{kind}"][:, 0] - metrics[f"success_{kind}"][:, -1]
    error = fall.std(ddof=1) / np.sqrt(len(fall)) if len(fall) > 1 else 0.0
    return bool(fall.mean() > FALL and fall.mean() > 2 * error)


def criterion(metrics: Metrics) -> Verdict:
    fell = {kind: falls(metrics, kind) for kind in KINDS}
    words = []
    for init in ("old", "modern"):
        deepest = [metrics.mean(f"success_{name}_{init}")[-1] for name in MODERN]
        words.append(f"{init} " + " / ".join(f"{share:.0%}" for share in deepest))
    headline = f"success at the greatest depth, sigmoid / tanh / ReLU: {', '.join(words)}"
    if all(fell.values()):
        return Verdict("holds", headline)
    old = all(fell[f"{name}_old"] for name in MODERN)
    return Verdict("holds partly" if old else "does not hold", headline)


EXPERIMENT = Experiment(
    id="D2",
    chapter="deep/why-depth-failed",
    claim="The deeper the net, the likelier the vanishing.",
    criterion_text=(
        "success is 60 % of test images after 400 steps at the best of three rates; its rate over 5 seeds falls if it "
        "is lower with 20 hidden layers than with one by more than 0.5 and by more than 2 standard errors. Holds if it "
        "falls for sigmoid, tanh and ReLU with the old and with the modern initialisation; holds partly if it falls "
        "for all three with the old one; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=500,
)
