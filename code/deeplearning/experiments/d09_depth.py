"""D9: one hidden layer of 20 nodes against two of 10, on two spirals and on two moons.

Equal nodes are not equal parameters: 2-20-1 has 81, 2-10-10-1 has 151. A third contender, 2-38-1, has 153 parameters in
one hidden layer, so that depth is compared at equal cost too. All have ReLU and the same training: mini-batches, SGD
with momentum 0.9, the last quarter of the epochs at a tenth of the rate. Every contender gets its own learning rate, in
each seed the one with the fewest errors on 1,000 validation points; errors are counted on 5,000 other points. A seed
draws data, start and order anew; the contenders of a seed see the same points.

After the first run had shown no difference, two measurements were added that the criterion does not use: a tighter
spiral (two turns instead of one), and for every set the error of 25 nearest neighbours among 40,000 other points, an
estimate of the lowest error that anyone can reach on these overlapping classes.

The sets' noise and turns and the grid of rates were set before, on seed 1000, which is not among those of the record.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models import mlp
from deeplearning.models.regions import activation_regions, hidden_layers
from deeplearning.training import Diverged, fit, predict

CONTENDERS = {"wide_20": (20,), "wide_38": (38,), "deep_10_10": (10, 10)}
JUDGED = ("spirals", "moons")
SETS = (*JUDGED, "tight_spirals")
ENGINE = engines.get("numpy")
Data = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Config:
    points: int = 400
    validation: int = 1000
    test: int = 5000
    turns: float = 1.0
    noise_spirals: float = 0.04
    noise_moons: float = 0.2
    turns_tight: float = 2.0
    noise_tight: float = 0.02
    neighbours_among: int = 40_000
    rates: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0)
    epochs: int = 300
    batch_size: int = 32

    @classmethod
    def smoke(cls) -> "Config":
        return cls(points=40, validation=40, test=40, rates=(0.1,), epochs=4, neighbours_among=100)


def draw(name: str, config: Config, seed: int) -> list[Data]:
    """Draw the training, validation, test and neighbour set of a seed, from disjoint streams of random numbers."""
    first = 10_000 * seed + 10 * SETS.index(name)
    counts = (config.points, config.validation, config.test, config.neighbours_among)
    return [points(name, count, config, first + part) for part, count in enumerate(counts)]


def points(name: str, count: int, config: Config, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw ``count`` points of a set: x (count, 2), y (count, 1) float32."""
    if name == "spirals":
        x, y = data.spirals(
            count, classes=2, noise=config.noise_spirals, seed=seed, turns=config.turns
        )
    elif name == "tight_spirals":
        x, y = data.spirals(
            count, classes=2, noise=config.noise_tight, seed=seed, turns=config.turns_tight
        )
    else:
        x, y = data.moons(count, noise=config.noise_moons, seed=seed)
        # The middle of the two moons to the origin, as with the spirals.
        x = x - np.float32([0.5, 0.25])  # type: ignore[operator, arg-type]  # NumPy's stubs know only scalars
    return x, y[:, None].astype(np.float32)


def train(
    hidden: tuple[int, ...], x: np.ndarray, y: np.ndarray, rate: float, config: Config, seed: int
) -> Any:
    """Train 2-hidden-1 on (x, y) from the start that ``seed`` draws and return it."""
    ENGINE.manual_seed(seed)
    model = mlp([2, *hidden, 1])
    optimizer = ENGINE.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    last = config.epochs // 4
    for phase, (epochs, factor) in enumerate(((config.epochs - last, 1.0), (last, 0.1))):
        optimizer.lr = rate * factor
        fit(
            model, (x, y), engine=ENGINE, optimizer=optimizer, loss=ENGINE.nn.BCEWithLogitsLoss(), epochs=epochs,
            batch_size=config.batch_size, seed=2 * seed + phase,
        )  # fmt: skip
    return model


def error(model: Any, x: np.ndarray, y: np.ndarray) -> float:
    """Return the share of points on the wrong side."""
    return float(((predict(model, x, ENGINE) > 0) != (y > 0.5)).mean())


def select(
    hidden: tuple[int, ...], train_set: Data, validation: Data, config: Config, seed: int
) -> tuple[Any, float]:
    """Train once at each rate and return the network with the fewest validation errors, and its rate."""
    tried = []
    for rate in config.rates:
        try:
            model = train(hidden, *train_set, rate, config, seed)
        except Diverged:
            continue
        tried.append((error(model, *validation), rate, model))
    _, rate, model = min(tried, key=lambda entry: entry[:2])
    return model, rate


def run(config: Config, seed: int) -> dict[str, float | list]:
    result: dict[str, float | list] = {}
    for name in SETS:
        train_set, validation, test, many = draw(name, config, seed)
        neighbours = KNeighborsClassifier(25).fit(many[0], many[1][:, 0])
        result[f"lowest_error_{name}"] = float(
            (neighbours.predict(test[0]) != test[1][:, 0]).mean()
        )
        for contender, hidden in CONTENDERS.items():
            best, rate = select(hidden, train_set, validation, config, seed)
            key = f"{name}_{contender}"
            result[f"test_error_{key}"] = error(best, *test)
            result[f"train_error_{key}"] = error(best, *train_set)
            result[f"rate_{key}"] = rate
            result[f"regions_{key}"] = len(activation_regions(hidden_layers(best.state_dict())))
            ENGINE.manual_seed(seed)
            result[f"regions_before_{key}"] = len(
                activation_regions(hidden_layers(mlp([2, *hidden, 1]).state_dict()))
            )
    return result


def criterion(metrics: Metrics) -> Verdict:
    better, words = [], []
    for name in JUDGED:
        deep = metrics[f"test_error_{name}_deep_10_10"]
        ahead = []
        for rival in ("wide_20", "wide_38"):
            gain = metrics[f"test_error_{name}_{rival}"] - deep  # paired: the same points in a seed
            ahead.append(
                gain.mean() > 2 * gain.std(ddof=1) / np.sqrt(len(gain))
                if len(gain) > 1
                else gain[0] > 0
            )
        better.append(all(ahead))
        errors = [metrics.mean(f"test_error_{name}_{contender}") for contender in CONTENDERS]
        words.append(f"{name} {errors[0]:.1%} / {errors[1]:.1%} / {errors[2]:.1%}")
    outcome = "holds" if all(better) else "holds partly" if any(better) else "does not hold"
    return Verdict(outcome, f"test error of 2-20-1 / 2-38-1 / 2-10-10-1: {'; '.join(words)}")  # type: ignore[arg-type]


EXPERIMENT = Experiment(
    id="D9",
    chapter="neurons/multi-layer-perceptron",
    claim="Depth matters: two hidden layers of 10 nodes do better than one of 20.",
    criterion_text=(
        "mean test error over 10 seeds, differences paired by seed: holds if 2-10-10-1 is more than 2 standard errors "
        "below both 2-20-1 (equal nodes) and 2-38-1 (equal parameters) on spirals and on moons; holds partly if on "
        "one of the two sets; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=10,
    cost_seconds=320,
)
