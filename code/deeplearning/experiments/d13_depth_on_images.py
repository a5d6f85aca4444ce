"""D13: depth against width on Fashion-MNIST: pieces on straight lines between test images, and test error.

Two questions in one claim, and six networks with ReLU. The small ones have the study notes' nodes: one hidden layer of
20, two of 10, and one of 10, which has as many parameters as two of 10 within 1.4 %, since nearly all of them join the
784 pixels to the first layer. The large ones have equal parameters within 0.3 %: one hidden layer of 128, two of 112,
four of 94.

Pieces are counted exactly, on straight lines between pairs of test images drawn from the seed, at the start and after
training. All train alike on 60,000 images: mini-batches, SGD with momentum, the last epochs at a tenth of the rate.
Each network has its own rate, the best of 0.05, 0.1 and 0.2 on the last 10,000 training images after four to six
passes over the first 50,000 (setting ``validation``; seed 100, for two layers of ten, where it was close, also 101;
neither is among those of the record). For four layers of 94 only 0.05 and 0.1 were tried. Five of the six took the
smallest rate, so that a smaller one might be better still.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models import mlp
from deeplearning.models.line_regions import pieces
from deeplearning.models.regions import hidden_layers
from deeplearning.training import fit, predict

NETWORKS = {
    "wide_20": (20,),
    "wide_10": (10,),
    "deep_10_10": (10, 10),
    "wide_128": (128,),
    "deep_112_2": (112, 112),
    "deep_94_4": (94, 94, 94, 94),
}
# (deep, wide, what is equal): the comparisons of the criterion.
COMPARISONS = (
    ("deep_10_10", "wide_20", "nodes"),
    ("deep_10_10", "wide_10", "parameters"),
    ("deep_112_2", "wide_128", "parameters"),
    ("deep_94_4", "wide_128", "parameters"),
)
FINER = 0.10  # the least share by which pieces must be more numerous
LOWER = 0.002  # the least difference of test errors that counts


@dataclass(frozen=True)
class Config:
    networks: tuple[str, ...] = tuple(NETWORKS)
    # Of the networks, in their order.
    rates: tuple[float, ...] = (0.05, 0.05, 0.1, 0.05, 0.05, 0.05)
    epochs: tuple[int, ...] = (3, 1)  # at the rate, and at a tenth of it
    momentum: float = 0.9
    batch_size: int = 128
    images: int = 60_000
    lines: int = 100
    validation: bool = False  # True: train on the first 50,000, judge on the last 10,000 of them

    @classmethod
    def smoke(cls) -> "Config":
        return cls(epochs=(1, 1), images=300, lines=2)


@lru_cache(maxsize=1)
def images() -> data.Split:
    """Read Fashion-MNIST once a process; the cases only read its arrays."""
    return data.fashion_mnist(flat=True)


def cases(config: Config) -> Sequence[str]:
    return config.networks


def pairs_of_images(x: np.ndarray, lines: int, seed: int) -> np.ndarray:
    """Draw ``lines`` pairs of different images, (lines, 2, D): the ends of the straight lines."""
    generator = np.random.default_rng([seed, 13])
    return np.stack([x[generator.choice(len(x), 2, replace=False)] for _ in range(lines)])


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    split = images()
    train_x, train_y = split.train_x[: config.images], split.train_y[: config.images]
    test_x, test_y = split.test_x, split.test_y
    if config.validation:
        test_x, test_y = train_x[50_000:], train_y[50_000:]
        train_x, train_y = train_x[:50_000], train_y[:50_000]
    # The same lines for all networks of a seed, and they do not depend on which network it is.
    pairs = pairs_of_images(test_x, config.lines, seed)
    engine = engines.get("numpy")
    engine.manual_seed(seed)
    model = mlp([784, *NETWORKS[case], 10])
    before = pieces(hidden_layers(engine.state(model)), pairs)
    rate = dict(zip(config.networks, config.rates, strict=True))[case]
    optimizer = engine.optim.SGD(model.parameters(), lr=rate, momentum=config.momentum)
    for phase, epochs in enumerate(config.epochs):
        optimizer.lr = rate * 0.1**phase
        fit(
            model, (train_x, train_y), engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(),
            epochs=epochs, batch_size=config.batch_size, seed=100 * seed + phase,
        )  # fmt: skip
    after = pieces(hidden_layers(engine.state(model)), pairs)
    errors = [
        float((predict(model, x, engine).argmax(axis=1) != y).mean())
        for x, y in ((test_x, test_y), (train_x, train_y))
    ]
    return {
        f"test_error_{case}": errors[0],
        f"train_error_{case}": errors[1],
        f"pieces_{case}": float(after.mean()),
        f"pieces_before_{case}": float(before.mean()),
        f"parameters_{case}": sum(p.size for p in model.parameters()),
    }


def clearly(differences: np.ndarray, least: float) -> bool:
    """Whether the mean of paired differences is above ``least`` and above two of its standard errors."""
    mean = differences.mean()
    if len(differences) < 2:
        return bool(mean > least)
    return bool(mean > least and mean > 2 * differences.std(ddof=1) / np.sqrt(len(differences)))


def halves(metrics: Metrics, deep: str, wide: str) -> tuple[bool, bool]:
    """Whether the deep network draws finer regions than the wide one, and whether it errs less; paired by seed."""
    finer = metrics[f"pieces_{deep}"] / metrics[f"pieces_{wide}"] - 1
    lower = metrics[f"test_error_{wide}"] - metrics[f"test_error_{deep}"]
    return clearly(finer, FINER), clearly(lower, LOWER)


def criterion(metrics: Metrics) -> Verdict:
    results = {(deep, wide): halves(metrics, deep, wide) for deep, wide, _ in COMPARISONS}
    equal = [results[deep, wide] for deep, wide, what in COMPARISONS if what == "parameters"]
    finer, lower = (sum(result[half] for result in results.values()) for half in (0, 1))
    if finer == lower == len(results):
        outcome = "holds"
    elif any(all(result[half] for result in equal) for half in (0, 1)):
        outcome = "holds partly"
    else:
        outcome = "does not hold"
    return Verdict(
        outcome,  # type: ignore[arg-type]
        f"of {len(results)} comparisons the deeper network has finer regions in {finer} and a lower error in {lower}; "
        "at equal parameters 1 / 2 / 4 hidden layers err on "
        + " / ".join(
            f"{metrics.mean(f'test_error_{name}'):.1%}"
            for name in ("wide_128", "deep_112_2", "deep_94_4")
        ),
    )


EXPERIMENT = Experiment(
    id="D13",
    chapter="deep/deep-multi-layer-perceptrons",
    claim="On real images too, depth draws finer regions and lowers the error.",
    criterion_text=(
        "four comparisons on Fashion-MNIST, mean of 5 seeds, paired: two hidden layers of 10 with one of 20 (equal "
        "nodes) and with one of 10 (equal parameters); two of 112 and four of 94 with one of 128 (equal parameters). "
        "Finer: more than 10 % and 2 standard errors more pieces on lines between test images. Lower: test error by "
        "more than 0.2 points and 2 standard errors. Holds if both in all four; holds partly if one of the two in all "
        "three at equal parameters; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=120,
)
