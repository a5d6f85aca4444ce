"""D11: four classical methods and a deep MLP, on images by the size of the training set, and on four tables.

Images: Fashion-MNIST. A seed orders the 60,000 training images anew and takes the first n of them; every contender is
tested on the 10,000 test images. Tables: a seed splits each several times at random, three tenths for the test. All
contenders of a seed see the same samples.

Everybody is tuned in the same way. Of the training samples, 3,000 at most, a fifth is held out; every setting of the
contender's small grid is trained on the rest; the best on the held-out fifth is trained anew on all training samples.
No test sample is looked at before that. The time of training is all of this together; the time of the last training
alone is recorded too. Seconds are processor seconds of one thread: time that other programs get does not count, though
they still slow memory down.

Pixels stay in [0, 1]. The columns of tables are standardised, missing numbers become the median, and a further column
says so; medians, means and deviations come from the training samples. Boosting is the most expensive method on images.
It gets 14 × 14 pixels, each the mean of four, and stops after 50 rounds: on validation images the coarser pixels took a
third of the time and cost nothing in accuracy. It is trained on 60,000 images in the first seed alone. The network is
784-256-128-10 with ReLU, momentum 0.9 and a rate that falls to 0 along a cosine; on tables it has two hidden layers of
64. Grids and numbers of epochs were set before, by the budget of time, on the last 10,000 training images and on seeds
from 100 on.
"""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from deeplearning import data, engines
from deeplearning.data.preprocessing import Standardise
from deeplearning.data.tables import TABLES, Table, table
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models import mlp
from deeplearning.models.classical import CLASSICAL, classical
from deeplearning.training import fit, predict

ENGINE = engines.get("numpy")
CONTENDERS = (*CLASSICAL, "mlp")
NETWORKS = ({"rate": 0.02}, {"rate": 0.06})
"""The network's grid."""
VALUES = ("test_accuracy", "seconds", "fit_seconds", "predict_seconds", "choice")
ONCE = "boosting_60000"
Arrays = tuple[np.ndarray, np.ndarray]
Make = Callable[[int], Any]  # the number of a setting → an estimator


@dataclass(frozen=True)
class Config:
    sizes: tuple[int, ...] = (100, 300, 1_000, 3_000, 10_000, 60_000)
    images: int = 60_000  # no training set is larger, whatever its name says
    tables: tuple[str, ...] = tuple(TABLES)
    splits: int = 2  # of a table, in each seed
    trial_samples: int = 3_000  # at most, for choosing a setting
    boosting_images: int = 10_000  # in every seed; more in the first alone
    test_images: int = 10_000
    settings: int = 3  # of a grid, at most
    hidden_images: tuple[int, ...] = (256, 128)
    hidden_tables: tuple[int, ...] = (64, 64)
    steps: int = 400  # of gradient descent at least, as far as max_epochs allows
    trees: int = 30
    rounds: int = 50  # of boosting
    min_epochs: int = 10
    max_epochs: int = 100

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            splits=1, images=24, test_images=20, hidden_images=(8,), hidden_tables=(8,), steps=4, trees=1, rounds=1,
            min_epochs=1, max_epochs=1, settings=1,
        )  # fmt: skip


class Network:
    """The book's MLP under the two methods that scikit-learn's estimators have.

    Args:
        hidden: widths of the hidden layers.
        classes: K, because a small sample need not hold every class.
        setting: the first learning rate.
        seed: of the start and the order.
        config: the number of steps.
    """

    def __init__(
        self, hidden: Sequence[int], classes: int, setting: dict[str, float], seed: int, config: Config
    ) -> None:  # fmt: skip
        self.hidden, self.classes, self.setting = tuple(hidden), classes, setting
        self.seed, self.config = seed, config

    def fit(self, x: np.ndarray, y: np.ndarray) -> "Network":
        """Train from a new start on x (N, D) and labels (N,)."""
        batch = 32 if len(x) <= 1_000 else 128
        a_step = -(-len(x) // batch)  # batches an epoch
        wanted = -(-self.config.steps // a_step)
        epochs = min(max(wanted, self.config.min_epochs), self.config.max_epochs)
        ENGINE.manual_seed(self.seed)
        self.model = mlp([x.shape[1], *self.hidden, self.classes])
        optimizer = ENGINE.optim.SGD(self.model.parameters(), lr=self.setting["rate"], momentum=0.9)
        schedule = ENGINE.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * a_step)
        fit(
            self.model, (x, y), engine=ENGINE, optimizer=optimizer, loss=ENGINE.nn.CrossEntropyLoss(),
            epochs=epochs, batch_size=batch, seed=self.seed, scheduler=schedule,
        )  # fmt: skip
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the class of each sample, (M,)."""
        return predict(self.model, x, ENGINE).argmax(axis=1)


def contender(
    name: str, hidden: Sequence[int], classes: int, seed: int, config: Config
) -> tuple[Make, int]:
    """Return how to make a contender from the number of a setting, and how many settings it has."""
    if name != "mlp":
        work = {"forest": {"n_estimators": config.trees}, "boosting": {"max_iter": config.rounds}}
        return partial(classical, name, seed=seed, **work.get(name, {})), len(CLASSICAL[name].grid)

    def make(choice: int) -> Network:
        return Network(hidden, classes, NETWORKS[choice], seed, config)

    return make, len(NETWORKS)


def contest(
    make: Make, settings: int, train: Arrays, test: Arrays, trial_samples: int
) -> dict[str, float]:
    """Choose a setting, train with it, and test once.

    Args:
        make: the number of a setting → an estimator.
        settings: how many there are.
        train, test: x (N, D), y (N,), in random order.
        trial_samples: how many training samples the choice may use at most.
    """
    x, y = train
    count = min(trial_samples, len(x))
    kept = count - max(1, count // 5)
    began = time.process_time()
    with warnings.catch_warnings():
        # Logistic regression stops after a fixed number of steps, whether they were enough or not.
        warnings.simplefilter("ignore", ConvergenceWarning)
        accuracies = []
        for choice in range(settings if settings > 1 else 0):
            answers = make(choice).fit(x[:kept], y[:kept]).predict(x[kept:count])
            accuracies.append(float((answers == y[kept:count]).mean()))
        choice = int(np.argmax(accuracies)) if accuracies else 0
        chosen = time.process_time()
        final = make(choice).fit(x, y)
    trained = time.process_time()
    answers = final.predict(test[0])
    done = time.process_time()
    return {
        "test_accuracy": float((answers == test[1]).mean()),
        "seconds": trained - began,
        "fit_seconds": trained - chosen,
        "predict_seconds": done - trained,
        "choice": choice,
    }


@lru_cache(maxsize=4)
def features(name: str) -> Table:
    """Read a table once a process; nobody writes to it."""
    return table(name)


@lru_cache(maxsize=1)
def images() -> data.Split:
    """Read Fashion-MNIST once a process; nobody writes to it."""
    return data.fashion_mnist(flat=True)


def pooled(x: np.ndarray) -> np.ndarray:
    """Return images (N, 784) with the mean of every 2 × 2 pixels, (N, 196)."""
    return x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196)


def filled(train_x: np.ndarray, test_x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both parts of a table without gaps, standardised by what the training part says.

    A column with gaps gets its median in them, and a column beside it that is 1 there.
    """
    gaps = np.flatnonzero(np.isnan(train_x).any(axis=0) | np.isnan(test_x).any(axis=0))
    medians = np.nanmedian(train_x, axis=0)
    parts = [
        np.hstack([np.where(np.isnan(x), medians, x), np.isnan(x[:, gaps])]).astype(np.float32)
        for x in (train_x, test_x)
    ]
    scale = Standardise.fit(parts[0])
    return scale(parts[0]), scale(parts[1])


def on_images(name: str, size: int, config: Config, seed: int) -> dict[str, Any]:
    """A contender on the first ``size`` of the training images in the seed's order; None for what is left out."""
    if name == "boosting" and size > config.boosting_images and seed > 0:
        return dict.fromkeys(VALUES)
    split = images()
    rows = np.random.default_rng(seed).permutation(len(split.train_x))
    rows = rows[: min(size, config.images)]
    train = split.train_x[rows], split.train_y[rows]
    test = split.test_x[: config.test_images], split.test_y[: config.test_images]
    if name == "boosting":
        train, test = (pooled(train[0]), train[1]), (pooled(test[0]), test[1])
    make, settings = contender(name, config.hidden_images, len(split.classes), seed, config)
    return contest(make, min(settings, config.settings), train, test, config.trial_samples)


def on_table(name: str, where: str, config: Config, seed: int) -> dict[str, float]:
    """A contender on a table: mean over the splits."""
    whole = features(where)
    results = []
    for number in range(config.splits):
        rows = np.random.default_rng([seed, number]).permutation(len(whole.x))
        test_rows, train_rows = np.split(rows, [3 * len(rows) // 10])
        train_x, test_x = filled(whole.x[train_rows], whole.x[test_rows])
        drawn = 1_000 * seed + number  # a start of its own for every split
        make, settings = contender(name, config.hidden_tables, len(whole.classes), drawn, config)
        results.append(
            contest(
                make, min(settings, config.settings), (train_x, whole.y[train_rows]), (test_x, whole.y[test_rows]),
                config.trial_samples,
            )
        )  # fmt: skip
    return {key: float(np.mean([result[key] for result in results])) for key in results[0]}


def cases(config: Config) -> Sequence[str]:
    places = [*map(str, config.sizes), *config.tables]
    return [f"{name}_{place}" for place in places for name in CONTENDERS]


def run(config: Config, seed: int, case: str) -> dict[str, Any]:
    name, place = case.split("_")
    if place in config.tables:
        values = on_table(name, place, config, seed)
    else:
        values = on_images(name, int(place), config, seed)
    return {f"{key}_{case}": value for key, value in values.items()}


def sizes_of(metrics: Metrics) -> list[int]:
    """The sizes of the image training sets in a record, ascending."""
    ends = (name.removeprefix("test_accuracy_mlp_") for name in metrics if "accuracy_mlp_" in name)
    return sorted(int(end) for end in ends if end.isdigit())


def tables_of(metrics: Metrics) -> list[str]:
    """The tables in a record."""
    ends = (name.removeprefix("test_accuracy_mlp_") for name in metrics if "accuracy_mlp_" in name)
    return sorted(end for end in ends if not end.isdigit())


def ahead(metrics: Metrics, rival: str, place: Any) -> bool:
    """Whether the network is more than two standard errors ahead of a rival, paired by seed.

    Of a rival with one seed the spread is not known, and the network's own is taken.
    """
    own, other = (metrics[f"test_accuracy_{name}_{place}"] for name in ("mlp", rival))
    gain = (own - other)[~np.isnan(other)]
    spread = gain if len(gain) > 1 else own
    error = spread.std(ddof=1) / np.sqrt(len(spread)) if len(spread) > 1 else 0.0
    return bool(metrics.mean(f"test_accuracy_mlp_{place}") - float(np.nanmean(other)) > 2 * error)


def best_classical(metrics: Metrics, place: Any) -> str:
    """The classical contender with the highest mean test accuracy at a place."""
    return max(CLASSICAL, key=lambda rival: metrics.mean(f"test_accuracy_{rival}_{place}"))


def criterion(metrics: Metrics) -> Verdict:
    sizes, places = sizes_of(metrics), tables_of(metrics)
    small, large = sizes[0], sizes[-1]
    first, last = best_classical(metrics, small), best_classical(metrics, large)
    accuracy = {
        key: metrics.mean(f"test_accuracy_{key}")
        for key in (f"mlp_{small}", f"{first}_{small}", f"mlp_{large}", f"{last}_{large}")
    }
    seconds = {name: metrics.mean(f"seconds_{name}_{large}") for name in CONTENDERS}
    parts = {
        "ahead": all(ahead(metrics, rival, large) for rival in CLASSICAL),
        "needs data": accuracy[f"{first}_{small}"] >= accuracy[f"mlp_{small}"],
        "not on tables": not any(ahead(metrics, best_classical(metrics, at), at) for at in places),
        "needs time": all(seconds["mlp"] > seconds[rival] for rival in CLASSICAL),
    }
    slowest = max(seconds, key=lambda name: seconds[name])
    tables_lost = sum(
        metrics.mean(f"test_accuracy_{best_classical(metrics, at)}_{at}")
        > metrics.mean(f"test_accuracy_mlp_{at}")
        for at in places
    )
    names = {name: CLASSICAL[name].title for name in CLASSICAL} | {"mlp": "MLP"}
    headline = (
        f"{large:,} images: MLP {accuracy[f'mlp_{large}']:.1%}, {names[last]} {accuracy[f'{last}_{large}']:.1%}; "
        f"{small}: {accuracy[f'mlp_{small}']:.1%} and {accuracy[f'{first}_{small}']:.1%} ({names[first]}); "
        f"a classical method leads on {tables_lost} of {len(places)} tables; slowest to train: {names[slowest]}"
    )
    if all(parts.values()):
        return Verdict("holds", headline)
    partly = parts["ahead"] or sum(parts.values()) >= 2
    return Verdict("holds partly" if partly else "does not hold", headline)


EXPERIMENT = Experiment(
    id="D11",
    chapter="deep/machine-learning-or-deep-learning",
    claim="Deep learning wins on images, sound and text, but it needs much data, time and hardware.",
    criterion_text=(
        "mean test accuracy over 3 seeds, differences paired by seed. Four parts: (1) with 60,000 images the MLP is "
        "more than 2 standard errors ahead of every classical contender (boosting has one seed there, and the MLP's "
        "own standard error counts); (2) with 100 images the best classical contender is at least level with it; "
        "(3) on no table is it more than 2 standard errors ahead of the best classical contender; (4) with 60,000 "
        "images its training, tuning included, takes more processor time than that of any other. holds if all four "
        "are so; holds partly if (1) is, or any two are; else does not hold. Sound and text are not measured"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    cases=cases,
    seeds=3,
    cost_seconds=600,
    few_seeds="the largest training sets are all of Fashion-MNIST",
    missing=tuple(f"{value}_{ONCE}" for value in VALUES),
)
