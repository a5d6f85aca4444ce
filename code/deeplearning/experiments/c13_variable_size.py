"""C13: one trained net and images of six sizes, enlarged or on a larger canvas; a fully connected net refuses them.

Four networks learn Fashion-MNIST from the same 7,000 images of a seed. ``average`` and ``maximum`` are one
convolutional network that ends with the mean or with the maximum of each map; they see 28 × 28 pixels only. ``several``
is ``average`` again, in twice the passes, and each run of five batches has a side of its own between 16 and 64 pixels:
half of the runs are enlarged or shrunk, half (from 28 pixels on) lie anywhere on a canvas. ``mlp`` is 784-256-128-10.

Two questions are asked of each at every side. *Enlarged*: the whole picture is interpolated to that side, so that the
garment grows with it. *Canvas*: the garment keeps its 28 × 28 pixels and lies anywhere on a larger black square, each
image at a place of its own, the same for all networks. What a network is given is counted as answered if it returns
scores. The fully connected network is also asked with the picture made to fit: shrunk or enlarged back to 28 pixels
(``mlp_resized``), and the middle 28 × 28 pixels (``mlp_cropped``).

All train in batches of 100 with Adam and one cycle of the learning rate, the convolutional ones in bfloat16. The
criterion was written before any of them was trained. Trials with seed 100, judged on the last 10,000 training images
(``validation``), chose the rate, the passes, a fourth convolution and the range of sides, and took batch normalisation
out: with it and three convolutions the network of several sizes came to 33 % on a canvas of 56 pixels, without it to
66 % in the same eight passes. The statistics of a batch belong to its size, and no running mean of them to any.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from deeplearning import data, engines
from deeplearning.data.sizes import on_canvas, resized
from deeplearning.engines.bfloat16 import InBfloat16
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models import mlp
from deeplearning.models.any_size import any_size_cnn
from deeplearning.training import fit, predict

CASES = ("mlp", "average", "maximum", "several")
WAYS = ("enlarged", "canvas")
SIDE = 28  # pixels of the images as they are
LOSS = 0.05  # the most accuracy that another size may cost
PART = 5  # batches of one size, for the case "several"


@dataclass(frozen=True)
class Config:
    images: int = 7_000
    channels: tuple[int, ...] = (16, 32, 64, 64)
    normalise: bool = False
    hidden: tuple[int, ...] = (256, 128)
    epochs: int = 12
    epochs_several: int = 24
    rate: float = 0.01  # the top of the cycle
    rate_mlp: float = 0.003
    batch_size: int = 100
    smallest: int = 16  # sides of the case "several"
    largest: int = 64
    enlarged: tuple[int, ...] = (20, 24, 28, 36, 44, 56)
    canvas: tuple[int, ...] = (28, 36, 44, 56)
    test_images: int = 2000
    validation: bool = False  # True: learn from the first 50,000, judge on the last 10,000 of them

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            images=100, channels=(2, 3), hidden=(8,), epochs=1, epochs_several=1, batch_size=10,
            enlarged=(20, 28, 36), canvas=(28, 36), test_images=20,
        )  # fmt: skip


Pair = tuple[np.ndarray, np.ndarray]


@lru_cache(maxsize=1)
def clothes() -> data.Split:
    """Read the images once a process; the cases only read the arrays."""
    return data.fashion_mnist()


def material(config: Config, seed: int) -> tuple[Pair, Pair]:
    """Images (N, 28, 28) and labels: the subset of a seed, and those to judge by."""
    split = clothes()
    count = 50_000 if config.validation else 60_000
    chosen = np.random.default_rng([13, seed]).choice(count, config.images, replace=False)
    x, y = (
        (split.train_x[50_000:], split.train_y[50_000:])
        if config.validation
        else (split.test_x, split.test_y)
    )
    return (
        (split.train_x[chosen], split.train_y[chosen]),
        (x[: config.test_images], y[: config.test_images]),
    )


def network(config: Config, case: str, nn: Any) -> Any:
    """The network of a case, for images (N, 1, H, W)."""
    if case == "mlp":
        return nn.Sequential(nn.Flatten(), *mlp([SIDE**2, *config.hidden, 10], nn=nn))
    return any_size_cnn(
        "max" if case == "maximum" else "avg", config.channels, config.normalise, nn=nn
    )


def runs(images: int, batch_size: int) -> list[int]:
    """Cut a number of images into runs of five batches; the last may be shorter."""
    full, rest = divmod(images, PART * batch_size)
    return [PART * batch_size] * full + [rest] * (rest > 0)


def of_several_sizes(config: Config, training: Pair, rng: np.random.Generator) -> Iterator[Pair]:
    """Yield the training images once, in runs of five batches, each run at a side and in a way of its own."""
    x, y = training
    order, ends = rng.permutation(len(x)), np.cumsum(runs(len(x), config.batch_size))
    for chosen in np.split(order, ends[:-1]):
        if rng.random() < 0.5:
            yield resized(x[chosen], a_side(config.smallest, config.largest, rng)), y[chosen]
        else:
            yield on_canvas(x[chosen], a_side(SIDE, config.largest, rng), rng), y[chosen]


def a_side(smallest: int, largest: int, rng: np.random.Generator) -> int:
    """Draw a side; to double it is as likely from every side on."""
    return round(float(np.exp(rng.uniform(np.log(smallest), np.log(largest)))))


def train(config: Config, seed: int, case: str, training: Pair) -> Any:
    engine = engines.get("torch")
    engine.manual_seed(seed)
    model = network(config, case, engine.nn)
    trained = model if case == "mlp" else InBfloat16(model)
    rate = config.rate_mlp if case == "mlp" else config.rate
    optimizer = engine.optim.Adam(model.parameters(), lr=rate)
    parts = runs(config.images, config.batch_size) if case == "several" else [config.images]
    epochs = config.epochs_several if case == "several" else config.epochs
    steps = epochs * sum(-(-part // config.batch_size) for part in parts)
    cycle = engine.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rate, total_steps=steps)
    rng = np.random.default_rng([14, seed])
    for epoch in range(epochs):
        walk = [training] if case != "several" else of_several_sizes(config, training, rng)
        for number, (x, y) in enumerate(walk):
            fit(
                trained, (x[:, None], y), engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(),
                epochs=1, batch_size=config.batch_size, seed=1000 * seed + len(parts) * epoch + number, scheduler=cycle,
            )  # fmt: skip
    return model


def asked(config: Config, images: np.ndarray, seed: int) -> Iterator[tuple[str, int, np.ndarray]]:
    """Yield each question: the way, the side, and the images (N, side, side)."""
    for side in config.enlarged:
        yield "enlarged", side, resized(images, side)
    for side in config.canvas:
        yield "canvas", side, on_canvas(images, side, np.random.default_rng([15, seed]))


def accuracy_or_refusal(model: Any, images: np.ndarray, labels: np.ndarray) -> float | None:
    """The accuracy on images (N, H, W), or None if the network cannot be called with them."""
    try:
        scores = predict(model, images[:, None], engines.get("torch"), batch_size=250)
    except RuntimeError:
        return None
    return float((scores.argmax(axis=1) == labels).mean())


def cases(config: Config) -> Sequence[str]:
    return CASES


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    training, (x, y) = material(config, seed)
    model = train(config, seed, case, training)
    values: dict[str, Any] = {f"parameters_{case}": sum(p.numel() for p in model.parameters())}
    for way, _, images in asked(config, x, seed):
        answer = accuracy_or_refusal(model, images, y)
        values.setdefault(f"answered_{way}_{case}", []).append(float(answer is not None))
        if case != "mlp":
            values.setdefault(f"{way}_{case}", []).append(answer)
            continue
        for fit_by, fitted in (
            ("resized", resized(images, SIDE)),
            ("cropped", on_canvas(images, SIDE)),
        ):
            answer = accuracy_or_refusal(model, fitted, y)
            values.setdefault(f"{way}_mlp_{fit_by}", []).append(answer)
    if case == "average":
        values |= {"sides_enlarged": list(config.enlarged), "sides_canvas": list(config.canvas)}
    return values


def base(metrics: Metrics) -> np.ndarray:
    """The accuracy of the average network at the side that it was trained at, one number a seed."""
    place = metrics["sides_enlarged"][0].tolist().index(SIDE)
    return metrics["enlarged_average"][:, place]


def losses(metrics: Metrics, way: str, case: str) -> np.ndarray:
    """What each size costs against the average network at 28 pixels, in accuracy: (seeds, sides)."""
    return base(metrics)[:, None] - metrics[f"{way}_{case}"]


def works(metrics: Metrics, case: str) -> bool:
    """Whether no size costs more than 5 points, the mean over seeds and two standard errors, in either way."""
    values = np.concatenate([losses(metrics, way, case) for way in WAYS], axis=1)
    error = values.std(axis=0, ddof=1) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return bool((values.mean(axis=0) + 2 * error <= LOSS).all())


def answered(metrics: Metrics, case: str) -> bool:
    return all((metrics[f"answered_{way}_{case}"] == 1).all() for way in WAYS)


def refused(metrics: Metrics) -> bool:
    """Whether the fully connected network answered at its own side and at no other."""
    return all(
        (metrics[f"answered_{way}_mlp"] == (metrics[f"sides_{way}"] == SIDE)).all() for way in WAYS
    )


def criterion(metrics: Metrics) -> Verdict:
    worst = {
        case: [100 * float(losses(metrics, way, case).mean(axis=0).max()) for way in WAYS]
        for case in ("average", "several")
    }
    headline = (
        f"accuracy at 28 pixels {base(metrics).mean():.1%}; the worst size costs, enlarged / on a canvas, "
        + ", ".join(
            f"{enlarged:.0f} / {canvas:.0f} points {words}"
            for (enlarged, canvas), words in zip(
                worst.values(), ("trained at 28 pixels", "trained at several sizes"), strict=True
            )
        )
        + f"; the fully connected net {'refuses' if refused(metrics) else 'takes some of'} the other sizes"
    )
    if refused(metrics) and answered(metrics, "average") and works(metrics, "average"):
        return Verdict("holds", headline)
    partly = refused(metrics) and answered(metrics, "several") and works(metrics, "several")
    return Verdict("holds partly" if partly else "does not hold", headline)


EXPERIMENT = Experiment(
    id="C13",
    chapter="convolution/one-net-many-tasks",
    claim="Variable-size input works for convolution, not for fully connected layers.",
    criterion_text=(
        "test accuracy at each side from 20 to 56 pixels, the picture enlarged or on a larger canvas, less that of the "
        "convolutional net with global average pooling, trained and tested at 28 pixels; 5 seeds, paired: holds if the "
        "fully connected net refuses every side but its own, the convolutional net trained at 28 pixels answers at all "
        "of them, and no size costs it more than 5 percentage points (mean and two standard errors); holds partly if "
        "the same net does so after training at several sizes; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=600,
)
