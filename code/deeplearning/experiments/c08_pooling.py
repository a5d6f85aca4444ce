"""C8: what pooling costs and what it buys, in a network of LeNet's size on Fashion-MNIST.

Six networks differ only in how their maps become smaller: not at all (``none``: the first fully connected layer then
sees 24 × 24 numbers of each of 16 maps instead of 5 × 5), the maximum or the average of windows of 2 × 2, the weighted
average with binomial weights, the maximum followed by these weights, and convolutions that take steps of 2. A seed
draws 10,000 training images, the start and the order; all networks of a seed see the same images. Adam, 6 passes in
batches of 100, the last two at a tenth of the rate, no augmentation, so that nothing but the network itself can make
the answer insensitive to a shift.

Then the first 1,000 test images are moved by 1 to 4 pixels in eight directions (along rows, columns and diagonals; what
comes in is 0, what goes out is lost), and two things are counted: the accuracy, and the share of images whose answer
is the one that they had before. Multiplications are counted from the shapes of the layers, for one image.

The criterion was written down before anything was run. The rate is that of the same network in D10, where it was
chosen on other seeds; nothing else was compared. A trial of two networks with seed 100, judged on the last 10,000
training images, then showed what a run costs, and the passes were cut from 8 to 6 and the moved images from 2,000 to
1,000 to fit the budget of time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import torch

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.pooled_lenet import POOLINGS, pooled_lenet, pooling_layers
from deeplearning.training import fit, predict

JUDGED = ("max", "average", "binomial")
SMALL = (1, 2)  # pixels: the shifts that count as small changes
AHEAD = 0.01  # the least gain, as a share of all images


@dataclass(frozen=True)
class Config:
    poolings: tuple[str, ...] = POOLINGS
    images: int = 10_000
    rate: float = 0.003
    epochs: int = 6
    slow_epochs: int = 2  # the last of these, at a tenth of the rate
    batch_size: int = 100
    reach: int = 4  # pixels
    shifted_images: int = 1000
    test_images: int = 10_000
    validation: bool = False  # True: train on the first 50,000, judge on the last 10,000 of them

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            images=100, epochs=2, slow_epochs=1, batch_size=50, reach=2,
            shifted_images=20, test_images=50,
        )  # fmt: skip


@lru_cache(maxsize=1)
def clothes() -> data.Split:
    """Read the images once a process; the cases only read the arrays."""
    return data.fashion_mnist()


def shifted(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """Move images (…, H, W) by whole pixels; what comes in is 0.

    >>> shifted(np.array([[1, 2], [3, 4]]), 1, 0).tolist()
    [[0, 0], [1, 2]]
    """
    height, width = images.shape[-2:]
    room = np.zeros_like(images)
    target = [slice(max(s, 0), n + min(s, 0)) for s, n in ((down, height), (right, width))]
    source = [slice(max(-s, 0), n + min(-s, 0)) for s, n in ((down, height), (right, width))]
    room[..., *target] = images[..., *source]  # type: ignore[arg-type, index]
    return room


def directions(distance: int) -> list[tuple[int, int]]:
    """Return the eight shifts (down, right) by ``distance`` pixels; for 0 the one that changes nothing."""
    if distance == 0:
        return [(0, 0)]
    return [(a, b) for a, b in product((-distance, 0, distance), repeat=2) if (a, b) != (0, 0)]


def multiplications(network: Any) -> int:
    """Count the multiplications of one image, 28 × 28, through convolutions, fully connected layers and averages."""
    count, x = 0, torch.zeros(1, 1, 28, 28)
    with torch.no_grad():
        for layer in network:
            x = layer(x)
            if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
                count += x.numel() * layer.weight[0].numel()
            elif isinstance(layer, torch.nn.AvgPool2d):
                count += x.numel()  # the sum of a window, times 1/4
    return count


def keeps_channels(pooling: str) -> bool:
    """Whether as many channels come out of the layers of a pooling as went in."""
    layers = torch.nn.Sequential(*pooling_layers(pooling, 6, torch.nn))
    with torch.no_grad():
        return layers(torch.zeros(1, 6, 28, 28)).shape[1] == 6


def cases(config: Config) -> Sequence[str]:
    return config.poolings


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    split = clothes()
    count = 50_000 if config.validation else 60_000
    chosen = np.random.default_rng([8, seed]).choice(count, config.images, replace=False)
    x, y = split.train_x[chosen][:, None], split.train_y[chosen]
    held_x, held_y = (
        (split.train_x[50_000:], split.train_y[50_000:])
        if config.validation
        else (split.test_x, split.test_y)
    )
    held_x, held_y = held_x[: config.test_images, None], held_y[: config.test_images]

    engine = engines.get("torch")
    engine.manual_seed(seed)
    model = pooled_lenet(case, nn=engine.nn).to(memory_format=torch.channels_last)
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = engine.optim.Adam(learned, lr=config.rate)
    for phase, (epochs, factor) in enumerate(
        ((config.epochs - config.slow_epochs, 1.0), (config.slow_epochs, 0.1))
    ):
        for group in optimizer.param_groups:
            group["lr"] = config.rate * factor
        fit(
            model, (x, y), engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(), epochs=epochs,
            batch_size=config.batch_size, seed=2 * seed + phase,
        )  # fmt: skip

    few_x, few_y = held_x[: config.shifted_images], held_y[: config.shifted_images]
    before = predict(model, few_x, engine).argmax(axis=1)
    right, same = [], []
    for distance in range(config.reach + 1):
        answers = np.stack(
            [
                predict(model, shifted(few_x, *way), engine).argmax(axis=1)
                for way in directions(distance)
            ]
        )
        right.append(float((answers == few_y).mean()))
        same.append(float((answers == before).mean()))
    layers = torch.nn.Sequential(*pooling_layers(case, 6, torch.nn))
    return {
        f"test_accuracy_{case}": float((predict(model, held_x, engine).argmax(1) == held_y).mean()),
        f"shifted_accuracy_{case}": right,
        f"unchanged_{case}": same,
        f"parameters_{case}": sum(p.numel() for p in learned),
        f"multiplications_{case}": multiplications(model),
        f"pooling_parameters_{case}": sum(
            p.numel() for p in layers.parameters() if p.requires_grad
        ),
        f"keeps_channels_{case}": keeps_channels(case),
    }


def gain(metrics: Metrics, case: str) -> tuple[float, float]:
    """How many more answers small shifts leave alone than without pooling, and the standard error, paired by seed."""
    small = list(SMALL)
    gains = (metrics[f"unchanged_{case}"] - metrics["unchanged_none"])[:, small].mean(axis=1)
    error = gains.std(ddof=1) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return float(gains.mean()), float(error)


def criterion(metrics: Metrics) -> Verdict:
    gains = {case: gain(metrics, case) for case in JUDGED}
    bare = all(
        (metrics[f"pooling_parameters_{case}"] == 0).all()
        and (metrics[f"keeps_channels_{case}"] == 1).all()
        for case in JUDGED
    )
    steadier = [mean > AHEAD and mean > 3 * error for mean, error in gains.values()]
    unchanged = " / ".join(
        f"{metrics.mean(f'unchanged_{case}')[list(SMALL)].mean():.1%}" for case in JUDGED
    )
    without = metrics.mean("unchanged_none")[list(SMALL)].mean()
    saved = metrics.mean("multiplications_none") / metrics.mean("multiplications_max")
    headline = (
        f"answers unchanged by 1 to 2 pixels: max / average / binomial {unchanged}, without pooling {without:.1%}; "
        f"{saved:.1f} times fewer multiplications"
    )
    if bare and all(steadier):
        return Verdict("holds", headline)
    return Verdict("holds partly" if bare and any(steadier) else "does not hold", headline)


EXPERIMENT = Experiment(
    id="C8",
    chapter="convolution/pooling",
    claim=(
        "Pooling (maximum, average, weighted average) has no parameters, keeps the number of channels, and makes a "
        "network insensitive to small changes."
    ),
    criterion_text=(
        "share of test images that keep their answer when moved by 1 or 2 pixels, 5 seeds, paired: holds if with "
        "maximum, average and binomial pooling it is more than 1 percentage point and 3 standard errors above that of "
        "the network without pooling, and the three layers have no trainable parameter and as many channels after as "
        "before; holds partly if so for one or two of them; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=450,
)
