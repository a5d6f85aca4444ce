"""C12: the receptive field as computed from the layers, and as measured by gradients.

A unit sees a pixel if its derivative by that pixel is not zero. The derivative is summed, without sign, over images and
channels (``gradient_map``), because a ReLU or a maximum hides pixels in one image that it shows in another.

- ``stacks``: random stacks of one to five convolutions, maximum or mean poolings, with random kernels, strides,
  paddings and dilations, ReLU or tanh behind the convolutions; 24 random images. Of a unit whose field lies inside the
  image, the first and last row and column that it sees are compared with those that are computed.
- ``depth``: 2 to 32 layers of 3 × 3 with 16 channels and ReLU, no padding, PyTorch's start; one unit, which sees the
  whole image. Counted beside the extent is the *effective* field of Luo et al. (2016): the pixels
  whose gradient is above 4.55 % of the largest. Its side is the root of their number.
- ``plain`` and ``lenet``: two networks trained on Fashion-MNIST, six layers of 3 × 3 with the mean of all places
  behind them, and LeNet-5 with ReLU and max pooling. The units in the middle of the last maps, over 300 test images,
  before and after training.

In a first run the six layers started as PyTorch starts them, learned little (57 to 65 % of the test images), and in one
seed died: no unit had a gradient, and the run ended with an error. They start after He et al. (2015) now, and a field
in which nothing is seen counts as one that is not as computed. The rest is unchanged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from deeplearning import data, engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.lenet import lenet5
from deeplearning.models.receptive_field import (
    Field,
    Window,
    effective_pixels,
    extent,
    gradient_map,
    receptive_fields,
    windows_of,
)
from deeplearning.training import evaluate, fit

TRAINED = ("plain", "lenet")
ENGINE = engines.get("torch")


@dataclass(frozen=True)
class Config:
    stacks: int = 40
    largest: int = 80  # pixels of a field; larger stacks are drawn again
    stack_images: int = 24
    depths: tuple[int, ...] = (2, 4, 8, 16, 32)
    depth_channels: int = 16
    depth_images: int = 8
    images: int = 5000
    epochs: int = 4
    batch_size: int = 50
    rate: float = 0.003
    seen_images: int = 300

    @classmethod
    def smoke(cls) -> "Config":
        return cls(
            stacks=2, largest=30, depths=(2, 4), depth_channels=4, images=100, epochs=1, seen_images=20
        )  # fmt: skip


@lru_cache(maxsize=1)
def clothes() -> data.Split:
    return data.fashion_mnist()


def random_stack(rng: np.random.Generator, channels: int = 6) -> list[Any]:
    """Draw one to five layers, the activations of the convolutions among them."""
    nn, layers = ENGINE.nn, []
    activation = rng.choice([nn.ReLU, nn.Tanh])
    for number in range(rng.integers(1, 6)):
        kind = rng.choice(["convolution", "convolution", "maximum", "mean"])
        kernel, stride = int(rng.integers(1, 6)), int(rng.integers(1, 3))
        if kind == "convolution" or number == 0:
            dilation, padding = int(rng.integers(1, 3)), int(rng.integers(0, kernel))
            inputs = channels if number else 1
            layers.append(nn.Conv2d(inputs, channels, kernel, stride, padding, dilation))
            layers.append(activation())
        else:
            pool = nn.MaxPool2d if kind == "maximum" else nn.AvgPool2d
            layers.append(pool(kernel, stride, int(rng.integers(0, kernel // 2 + 1))))
    return layers


def agrees(seen: np.ndarray, first: int, last: int) -> bool:
    """Whether what is seen begins and ends where it should, in rows and in columns."""
    return bool(seen.any()) and extent(seen) == (first, last) * 2


def measured(layers: Sequence[Any], images: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return the sides of a field as computed and as measured; −1 for measured if it lies elsewhere."""
    field = receptive_fields(windows_of(layers))[-1]
    unit = -(field.start // field.jump) if field.start < 0 else 0
    first, last = field.of(unit)
    side = last + field.jump + 1  # a margin, so that the unit could be seen to see too much
    x = rng.standard_normal((images, 1, side, side)).astype(np.float32)
    seen = gradient_map(ENGINE.nn.Sequential(*layers), x, (unit, unit), ENGINE)
    return field.size, field.size if agrees(seen, first, last) else -1


def stacks(config: Config, seed: int) -> dict[str, list]:
    ENGINE.manual_seed(seed)
    rng = np.random.default_rng([12, seed])
    sides: list[tuple[int, int]] = []
    while len(sides) < config.stacks:
        layers = random_stack(rng)
        if receptive_fields(windows_of(layers))[-1].size <= config.largest:
            sides.append(measured(layers, config.stack_images, rng))
    computed, found = np.transpose(sides)
    return {"computed_stacks": computed.tolist(), "measured_stacks": found.tolist()}


def by_depth(config: Config, seed: int) -> dict[str, list]:
    ENGINE.manual_seed(seed)
    rng, nn, channels = np.random.default_rng([12, seed]), ENGINE.nn, config.depth_channels
    columns: dict[str, list] = {"computed": [], "measured": [], "effective": []}
    for depth in config.depths:
        layers = []
        for number in range(depth):
            layers += [nn.Conv2d(channels if number else 1, channels, 3), nn.ReLU()]
        size = receptive_fields([Window(3)] * depth)[-1].size
        x = rng.standard_normal((config.depth_images, 1, size, size)).astype(np.float32)
        seen = gradient_map(nn.Sequential(*layers), x, (0, 0), ENGINE)
        top, bottom, left, right = extent(seen)
        columns["computed"].append(size)
        columns["measured"].append(max(bottom - top, right - left) + 1)
        columns["effective"].append(effective_pixels(seen) ** 0.5)
    return {f"{name}_depth": values for name, values in columns.items()}


def network(kind: str) -> Any:
    """Make the network that is trained."""
    nn = ENGINE.nn
    if kind == "lenet":
        return lenet5("relu", "max", nn=nn)
    layers = []
    for number in range(6):
        layers += [nn.Conv2d(8 if number else 1, 8, 3), nn.ReLU()]
        nn.init.kaiming_normal_(layers[-2].weight, nonlinearity="relu")
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))


def seen_by(model: Any, windows: Sequence[Window], x: np.ndarray) -> tuple[Field, np.ndarray, int]:
    """Return the field of the last unit in the middle, its gradient map, and the unit's number."""
    kept = []
    for layer in model:
        if type(layer).__name__ in ("AdaptiveAvgPool2d", "Flatten"):
            break
        kept.append(layer)
    maps = ENGINE.nn.Sequential(*kept)
    unit = int(maps(ENGINE.tensor(x[:1])).shape[2]) // 2
    return receptive_fields(windows)[-1], gradient_map(maps, x, (unit, unit), ENGINE), unit


def trained(config: Config, seed: int, kind: str) -> dict[str, float | list]:
    split = clothes()
    chosen = np.random.default_rng([12, seed]).choice(60_000, config.images, replace=False)
    x, y = split.train_x[chosen, None], split.train_y[chosen]
    test = split.test_x[:, None], split.test_y
    ENGINE.manual_seed(seed)
    model = network(kind)
    windows = windows_of(model)
    result: dict[str, float | list] = {}
    for moment in ("before", "after"):
        if moment == "after":
            fit(
                model, (x, y), engine=ENGINE, loss=ENGINE.nn.CrossEntropyLoss(),
                optimizer=ENGINE.optim.Adam(model.parameters(), lr=config.rate),
                epochs=config.epochs, batch_size=config.batch_size, seed=seed,
            )  # fmt: skip
        field, seen, unit = seen_by(model, windows, test[0][: config.seen_images])
        first, last = field.of(unit)
        result[f"measured_{kind}_{moment}"] = field.size if agrees(seen, first, last) else -1
        result[f"share_{kind}_{moment}"] = effective_pixels(seen) / field.size**2
        inside = seen[first : last + 1, first : last + 1]
        result[f"map_{kind}_{moment}"] = np.round(inside / max(seen.max(), 1e-30), 4).tolist()
    count = config.seen_images if config.images < 1000 else 2000
    result[f"computed_{kind}"] = field.size
    result[f"test_accuracy_{kind}"] = evaluate(model, (test[0][:count], test[1][:count]), ENGINE)
    return result


def cases(config: Config) -> Sequence[str]:
    return ("stacks", "depth", *TRAINED)


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    if case in TRAINED:
        return trained(config, seed, case)
    return dict(stacks(config, seed) if case == "stacks" else by_depth(config, seed))


def criterion(metrics: Metrics) -> Verdict:
    random = [
        metrics[f"measured_{name}"] == metrics[f"computed_{name}"] for name in ("stacks", "depth")
    ]
    learned = [
        metrics[f"measured_{kind}_{moment}"] == metrics[f"computed_{kind}"]
        for kind in TRAINED
        for moment in ("before", "after")
    ]
    flat = np.concatenate([agree.ravel() for agree in (*random, *learned)])
    share = (metrics.mean("effective_depth") / metrics.mean("computed_depth")) ** 2
    ends = " and ".join(f"{metrics.mean(f'share_{kind}_after'):.0%}" for kind in TRAINED)
    headline = (
        f"{int(flat.sum())} of {flat.size} fields have the computed extent; their effective part falls from "
        f"{share[0]:.0%} of the area at {metrics['computed_depth'][0][0]:.0f} pixels to {share[-1]:.1%} at "
        f"{metrics['computed_depth'][0][-1]:.0f}, and is {ends} in the trained networks"
    )
    if flat.all():
        return Verdict("holds", headline)
    partly = all(agree.all() for agree in random) or flat.mean() >= 0.95
    return Verdict("holds partly" if partly else "does not hold", headline)


EXPERIMENT = Experiment(
    id="C12",
    chapter="convolution/convolution",
    claim="A unit sees part of the image, its receptive field, which the layers' kernels, strides and dilations fix.",
    criterion_text=(
        "5 seeds, each with 40 random stacks of layers, five depths of 3 × 3 layers, and two networks before and after "
        "training: holds if for every unit the pixels with a gradient other than zero begin and end, in rows and in "
        "columns, where the recursion says; holds partly if this is so for all random networks but not for a trained "
        "one, or for 95 % of all; else does not hold. Reported beside it: the share of the field with a "
        "gradient above 4.55 % of the largest"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=60,
)
