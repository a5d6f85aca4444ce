"""C10: LeNet-5 on all of MNIST, with and without distortions, and on rows of digits that nobody cuts up.

``published`` is the network of 1998 with all its parts: table, trainable sub-sampling, scaled tanh, distances to fixed
codes and the criterion that belongs to them. The codes are rows of a Hadamard matrix and not the paper's pictures of
printed characters. ``modern`` is the form that is taught today, with ReLU and max pooling. ``distorted`` is that
form, trained on images that are distorted anew in every epoch. All train with AdamW and one cycle of the learning
rate, in batches of 128; the paper's method, a diagonal second-order one, is not repeated, and its 20 passes are not
either.

The distorted network then learns to read rows: as convolutions only, with an eleventh class for windows with no digit
in their middle, it is trained on for ``row_epochs`` on windows of 28 × 32 pixels cut out of composed rows. It reads
rows of 1 to 10 digits of the test set, drawn with −1 to 5 columns of paper between them (below 0: they overlap), and
rows of five at fixed gaps. Beside it, the same network before that training, without the eleventh class, reads what is
left when the row is cut wherever a column has no ink.

The recipes were checked on the last 10,000 training images after training on the first 50,000 (``validation``), once
each with seed 100, which is not among those of the record: the modern form came to 0.92 % in 8 passes, the published
one to 1.57 % in 4, the distorted one to 0.86 % in 6 with stronger distortions (0.8 pixels, 10 degrees), which it had
not finished learning, so that they were made weaker. More passes were beyond the budget of time. The test images are
looked at once, after the last epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from deeplearning import data, engines
from deeplearning.data.digit_rows import DigitRows, cut_at_paper, digit_rows, windows
from deeplearning.data.distort import RandomDistortion
from deeplearning.engines import Engine
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.lenet import lenet5
from deeplearning.models.lenet_1998 import as_published, lenet5_1998, map_criterion
from deeplearning.models.lenet_row import (
    NONE,
    as_convolutions,
    edit_distance,
    read_columns,
    row_lenet5,
    with_margin,
)
from deeplearning.training import fit, predict

CASES = ("published", "modern", "distorted")
PUBLISHED = {
    "modern": 0.0095,
    "distorted": 0.0080,
}  # test errors of the paper, without and with distortions
READ = 0.9  # the share of rows of five digits that must be read without an error
FIVE = 5


@dataclass(frozen=True)
class Config:
    epochs_published: int = 6
    epochs_modern: int = 7
    epochs_distorted: int = 8
    rate_published: float = 0.003
    rate: float = 0.004
    weight_decay: float = 0.01
    rubbish: float = 10.0  # j of the published criterion
    degrees: float = 8.0
    shear: float = 0.1
    shift: float = 1.0  # pixels
    elastic: float = 0.6  # pixels, root mean square
    batch_size: int = 128
    row_epochs: int = 2
    row_rate: float = 0.002
    lengths: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    rows: int = 200  # of each length
    gaps: tuple[int, ...] = (-3, -2, -1, 0, 1, 2, 4, 6)  # columns of paper, in rows of five
    images: int = 60_000
    test_images: int = 10_000
    validation: bool = False  # True: train on the first 50,000, judge on the last 10,000 of them

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            epochs_published=1, epochs_modern=1, epochs_distorted=1, row_epochs=1, rows=2, lengths=(1, 5), gaps=(0,),
            images=256, test_images=64,
        )  # fmt: skip


@lru_cache(maxsize=1)
def digits() -> data.Split:
    """Read MNIST once a process; the cases only read its arrays."""
    return data.mnist()


Pair = tuple[np.ndarray, np.ndarray]


def material(config: Config) -> tuple[Pair, Pair]:
    """Images (N, 28, 28) and labels to learn from, and those to judge by."""
    split = digits()
    train = split.train_x[: config.images], split.train_y[: config.images]
    test = split.test_x[: config.test_images], split.test_y[: config.test_images]
    if config.validation:
        test = train[0][50_000:], train[1][50_000:]
        train = train[0][:50_000], train[1][:50_000]
    return train, test


def distortion(config: Config) -> RandomDistortion:
    return RandomDistortion(
        degrees=config.degrees, shear=config.shear, shift=config.shift, elastic=config.elastic
    )


def optimiser(
    engine: Engine, model: Any, config: Config, rate: float, steps: int
) -> tuple[Any, Any]:
    """AdamW, and one cycle of the learning rate with its top at ``rate``."""
    # Fused: the same numbers in one pass over the parameters.
    optimizer = engine.optim.AdamW(
        model.parameters(), lr=rate, weight_decay=config.weight_decay, fused=True
    )
    cycle = engine.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rate, total_steps=steps)
    return optimizer, cycle


def pooled_first(model: Any, nn: Any) -> Any:
    """The same LeNet-5 with each maximum before its ReLU: equal outputs, and a quarter of the ReLUs to compute."""
    return nn.Sequential(*(model[place] for place in (0, 2, 1, 3, 5, 4, *range(6, len(model)))))


def train(config: Config, seed: int, case: str) -> tuple[Any, list[float]]:
    """Train the network of a case on the training images; the network and its loss in every epoch."""
    (x, y), _ = material(config)
    engine = engines.get("torch")
    engine.manual_seed(seed)
    loss: Any = engine.nn.CrossEntropyLoss()
    epochs, rate, transform = config.epochs_modern, config.rate, None
    if case == "published":
        model = lenet5_1998("rbf", nn=engine.nn)
        loss = map_criterion(config.rubbish, engine.nn)
        x, epochs, rate = as_published(x), config.epochs_published, config.rate_published
    else:
        model = lenet5("relu", "max", nn=engine.nn)
        x = x[:, None]
    if case == "distorted":
        epochs, transform = config.epochs_distorted, distortion(config)
    model.to(memory_format=torch.channels_last)
    steps = epochs * -(-len(x) // config.batch_size)
    optimizer, cycle = optimiser(engine, model, config, rate, steps)
    trained = model if case == "published" else pooled_first(model, engine.nn)
    history = fit(
        trained, (x, y), engine=engine, optimizer=optimizer, loss=loss, epochs=epochs,
        batch_size=config.batch_size, seed=seed, scheduler=cycle, transform=transform,
    )  # fmt: skip
    return model, history.train_loss


def learn_rows(config: Config, seed: int, trained: Any) -> Any:
    """Give a trained LeNet-5 an eleventh class and train it on, as convolutions, to read windows of rows."""
    (x, y), _ = material(config)
    engine = engines.get("torch")
    engine.manual_seed(seed)
    model = row_lenet5("relu", "max", nn=engine.nn)
    state = as_convolutions(engine.state(trained))
    fresh = engine.state(model)
    for name in ("10.weight", "10.bias"):
        state[name] = np.concatenate([state[name], fresh[name][NONE:]])
    engine.load(model, state)
    model.to(memory_format=torch.channels_last)
    flat = engine.nn.Sequential(model, engine.nn.Flatten())  # (N, 11, 1, 1) to (N, 11)
    steps = config.row_epochs * -(-len(x) // config.batch_size)
    optimizer, cycle = optimiser(engine, flat, config, config.row_rate, steps)
    distort = distortion(config)
    for epoch in range(config.row_epochs):
        rng = np.random.default_rng([10, seed, epoch])
        parts = [distort(x[start : start + 1000], rng) for start in range(0, len(x), 1000)]
        fit(
            flat, windows(np.concatenate(parts), y, rng), engine=engine, optimizer=optimizer,
            loss=engine.nn.CrossEntropyLoss(), epochs=1, batch_size=config.batch_size, seed=10 * seed + epoch,
            scheduler=cycle,
        )  # fmt: skip
    return model


def read(model: Any, rows: DigitRows) -> list[list[int]]:
    """Read composed rows without cutting them up."""
    scores = predict(model, with_margin(rows.pictures), engines.get("torch"), batch_size=100)
    return [read_columns(row[:, 0].T)[0] for row in scores]


def read_pieces(model: Any, rows: DigitRows) -> list[list[int]]:
    """Cut rows where a column has no ink, and read each piece as one digit."""
    pieces = [cut_at_paper(picture) for picture in rows.pictures]
    ends = np.cumsum([len(part) for part in pieces])
    answers = predict(model, np.concatenate(pieces)[:, None], engines.get("torch")).argmax(axis=1)
    return [part.tolist() for part in np.split(answers, ends[:-1])]


def judged(readings: list[list[int]], rows: DigitRows) -> tuple[float, float]:
    """The share of rows without an error, and the errors in a hundred digits, as a share."""
    errors = [
        edit_distance(got, true) for got, true in zip(readings, rows.labels.tolist(), strict=True)
    ]
    return float(np.mean(np.array(errors) == 0)), sum(errors) / rows.labels.size


def reading(config: Config, seed: int, model: Any, single: Any) -> dict[str, list[float]]:
    """How well rows of the images to judge by are read, by length and by gap."""
    _, (x, y) = material(config)
    rng = np.random.default_rng([11, seed])
    values: dict[str, list[float]] = {
        name: [] for name in ("row_accuracy", "row_digit_error", "gap_accuracy", "gap_accuracy_cut")
    }
    for length in config.lengths:
        rows = digit_rows(x, y, config.rows, length, rng)
        accuracy, error = judged(read(model, rows), rows)
        values["row_accuracy"].append(accuracy)
        values["row_digit_error"].append(error)
    for gap in config.gaps:
        rows = digit_rows(x, y, config.rows, FIVE, rng, (gap, gap))
        values["gap_accuracy"].append(judged(read(model, rows), rows)[0])
        values["gap_accuracy_cut"].append(judged(read_pieces(single, rows), rows)[0])
    return values


def cases(config: Config) -> Sequence[str]:
    return CASES


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    model, losses = train(config, seed, case)
    train_set, test_set = material(config)
    prepare = as_published if case == "published" else lambda x: x[:, None]
    errors = [
        float((predict(model, prepare(x), engines.get("torch")).argmax(axis=1) != y).mean())
        for x, y in (test_set, (train_set[0][:10_000], train_set[1][:10_000]))
    ]
    values: dict[str, Any] = {
        f"test_error_{case}": errors[0],
        f"train_error_{case}": errors[1],  # of the first 10,000, not distorted
        f"train_loss_{case}": losses,
    }
    if case == "distorted":
        reader = learn_rows(config, seed, model)
        scores = predict(reader, with_margin(test_set[0]), engines.get("torch"))[:, :NONE, 0, 0]
        values["test_error_reader"] = float((scores.argmax(axis=1) != test_set[1]).mean())
        values |= reading(config, seed, reader, model)
        values |= {"lengths": list(config.lengths), "gaps": list(config.gaps)}
    return values


def criterion(metrics: Metrics) -> Verdict:
    errors = {case: metrics.mean(f"test_error_{case}") for case in CASES}
    place = metrics["lengths"][0].tolist().index(FIVE)
    five = float(metrics.mean("row_accuracy")[place])
    good = [errors[case] <= bar + 1e-9 for case, bar in PUBLISHED.items()]
    headline = (
        f"test error {errors['published']:.2%} as published, {errors['modern']:.2%} in the modern form, "
        f"{errors['distorted']:.2%} with distortions (published: 0.95 % and 0.80 %); {five:.0%} of rows of five "
        "digits read without an error"
    )
    if five >= READ and all(good):
        return Verdict("holds", headline)
    return Verdict("holds partly" if five >= READ and any(good) else "does not hold", headline)


EXPERIMENT = Experiment(
    id="C10",
    chapter="convolution/lenet-5",
    claim=(
        "LeNet-5: conv–pool–conv–pool–conv turns 28×28 into a vector of 120, an MLP with one hidden layer classifies "
        "it; it reads the digits on cheques."
    ),
    criterion_text=(
        "means of 3 seeds after training on all 60,000 images: holds if the modern form has a test error of at most "
        "0.95 % without distortions and of at most 0.80 % with them, the published numbers, and reads at least 90 % of "
        "rows of five touching or nearly touching test digits without an error and without cutting them up; holds "
        "partly if it reads them so and one of the two errors is reached; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=3,
    few_seeds="each run trains on all of MNIST",
    cost_seconds=1200,
)
