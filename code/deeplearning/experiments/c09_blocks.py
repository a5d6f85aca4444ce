"""C9: blocks of convolutions stacked into deep networks, and what each part of them buys.

Fourteen networks learn the same 10,000 images of Fashion-MNIST, those that a seed draws. All are made of convolutions
of 3 × 3, the mean of every map and one linear layer, and have 8 channels at 28 × 28 pixels, 16 at 14 × 14, 32 at 7 × 7.

- VGG-style, :func:`deeplearning.models.vgg_small.vgg_small`: ``blocks_1``, ``blocks_2``, ``blocks_3`` of two
  convolutions each; three blocks of one (``one``) and of four convolutions (``four``); and ``unpooled``, six
  convolutions as in ``blocks_3`` but in a single block, so that all of them work at 28 × 28.
- Without batch normalisation: ``blocks_3_bare``, ``four_bare``; and the latter two from a start with small weights,
  ``four_small`` (with normalisation) and ``four_bare_small``. Everything else starts from He's weights.
- Residual, :func:`deeplearning.models.resnet_small.resnet_small`: ``residual_8`` and ``residual_24``, the number
  being that of the layers: one block at 28 × 28, then one or five blocks at each smaller size. And ``plain_8`` and
  ``plain_24``, the same without anything past the blocks.

AdamW with one cycle of the rate, no augmentation, bfloat16 in the forward and backward passes (the weights and the
statistics of the normalisation stay float32; the test is in float32): the point are differences of a percentage point,
which the rounding of activations does not decide.

Chosen on seed 100 by some of the last 10,000 training images: the highest rates, of 0.01 and 0.03 for ``blocks_3``, of
0.0015, 0.004 and 0.01 for ``four_bare``, of 0.004, 0.01 and 0.03 for ``plain_24`` and of 0.01 and 0.03 for
``residual_24``, which share one rate so that they differ in nothing but the connection; the others take that of their
kind. Passes and channels were set by the budget of time. The criterion was written down before the run and after these
trials, in which no two of the networks that it compares were tried. The residual networks were first to have 20 and 32
layers; one of 32 took too long, and 24 was taken for both.

Multiplications are counted from shapes, for one image, in convolutions and linear layers; at test time a normalisation
can be made part of its convolution.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch

from deeplearning import data, engines
from deeplearning.engines.bfloat16 import InBfloat16
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.resnet_small import resnet_small
from deeplearning.models.vgg_small import vgg_small
from deeplearning.training import Diverged, evaluate, fit

CASES = (
    "blocks_1", "blocks_2", "blocks_3", "one", "four", "unpooled",
    "blocks_3_bare", "four_bare", "four_small", "four_bare_small",
    "plain_8", "residual_8", "plain_24", "residual_24",
)  # fmt: skip
STEPS = (("blocks_1", "blocks_2"), ("blocks_2", "blocks_3"))  # a block more
DEEPER = ("residual_8", "residual_24")
GAIN = 0.01  # the least gain of a block more, in accuracy
DEEP_GAIN = 0.005  # the least gain of sixteen layers more


@dataclass(frozen=True)
class Config:
    channels: tuple[int, ...] = (8, 16, 32)
    images: int = 10_000
    epochs: int = 4
    max_rate: float = 0.03  # of the VGG-style networks with normalisation
    max_rate_bare: float = 0.004  # of those without
    max_rate_deep: float = 0.01  # of the residual networks and the plain ones beside them
    weight_decay: float = 0.01
    batch_size: int = 128
    test_images: int = 10_000
    validation: bool = False  # True: train on the first 50,000, judge on the last 10,000 of them

    @classmethod
    def smoke(cls) -> "Config":
        return cls(channels=(2, 2, 2), images=20, epochs=1, batch_size=10, test_images=10)


class Cost(NamedTuple):
    """What a layer costs: its numbers to learn, and its multiplications for one image."""

    name: str
    parameters: int
    multiplications: int


def costs(model: Any, side: int = 28) -> list[Cost]:
    """Count parameters and multiplications of every layer of a PyTorch network, for one image (1, side, side).

    A convolution multiplies C·R² numbers for every one that it makes, a linear layer as many as it has inputs; all
    else is counted as nothing. In the order in which the image meets the layers.

    >>> costs(torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3, padding=1)))
    [Cost(name='0', parameters=80, multiplications=56448)]
    """
    found: list[Cost] = []

    def note(name: str) -> Any:
        def hook(layer: Any, _inputs: Any, output: torch.Tensor) -> None:
            multiplies = isinstance(layer, torch.nn.Conv2d | torch.nn.Linear)
            count = output.numel() * layer.weight[0].numel() if multiplies else 0
            found.append(Cost(name, sum(p.numel() for p in layer.parameters()), count))

        return hook

    hooks = [
        layer.register_forward_hook(note(name))
        for name, layer in model.named_modules()
        if not any(True for _ in layer.children())
    ]
    was_training = model.training
    with torch.no_grad():
        model.eval()(torch.zeros(1, 1, side, side))
    model.train(was_training)
    for hook in hooks:
        hook.remove()
    return found


def network(case: str, channels: Sequence[int], nn: Any) -> Any:
    """Make the network of a case, with the weights of the engine's layers."""
    if case.startswith(("plain", "residual")):
        kind, layers = case.split("_")
        more = (int(layers) - 4) // 4  # blocks at each of the smaller sizes
        return resnet_small(channels, (1, more, more), skip=kind == "residual", nn=nn)
    if case.startswith("blocks"):
        channels, convolutions = channels[: int(case.split("_")[1])], 2
    elif case == "unpooled":
        channels, convolutions = channels[:1], 6
    else:
        convolutions = {"one": 1, "four": 4}[case.split("_")[0]]
    return vgg_small(channels, convolutions, batch_norm="bare" not in case, nn=nn)


def start(model: Any, nn: Any) -> Any:
    """Draw the weights of all convolutions and linear layers from He's distribution; biases become 0."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return model


@lru_cache(maxsize=1)
def clothes() -> data.Split:
    """Read the images once a process; the cases only read the arrays."""
    return data.fashion_mnist()


def cases(config: Config) -> Sequence[str]:
    return CASES


def run(config: Config, seed: int, case: str) -> dict[str, Any]:
    split = clothes()
    count = 50_000 if config.validation else 60_000
    chosen = np.random.default_rng([9, seed]).choice(count, config.images, replace=False)
    x, y = split.train_x[chosen][:, None], split.train_y[chosen]
    held_x, held_y = (
        (split.train_x[50_000:], split.train_y[50_000:])
        if config.validation
        else (split.test_x, split.test_y)
    )
    held = held_x[: config.test_images, None], held_y[: config.test_images]

    engine = engines.get("torch")
    engine.manual_seed(seed)
    model = network(case, config.channels, engine.nn)
    if not case.endswith("small"):  # PyTorch's own start has weights √6 times smaller
        start(model, engine.nn)
    rate = config.max_rate_bare if "bare" in case else config.max_rate
    if case.startswith(("plain", "residual")):
        rate = config.max_rate_deep
    optimizer = engine.optim.AdamW(
        model.parameters(), lr=rate, weight_decay=config.weight_decay, fused=True
    )
    steps = config.epochs * -(-len(x) // config.batch_size)
    cycle = engine.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rate, total_steps=steps)
    losses: list[float] | list[None] = [None] * config.epochs
    with suppress(Diverged):
        losses = fit(
            InBfloat16(model), (x, y), engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(),
            epochs=config.epochs, batch_size=config.batch_size, seed=seed, scheduler=cycle,
        ).train_loss  # fmt: skip
    spent = costs(model)
    return {
        f"test_accuracy_{case}": evaluate(model, held, engine),
        f"train_accuracy_{case}": evaluate(model, (x[:2000], y[:2000]), engine),
        f"train_loss_{case}": losses,
        f"parameters_{case}": sum(cost.parameters for cost in spent),
        f"multiplications_{case}": sum(cost.multiplications for cost in spent),
    }


def gain(metrics: Metrics, less: str, more: str, of: str = "test_accuracy") -> tuple[float, float]:
    """How much more accurate one network is than another, and the standard error, paired by seed."""
    gains = metrics[f"{of}_{more}"] - metrics[f"{of}_{less}"]
    error = gains.std(ddof=1) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
    return float(gains.mean()), float(error)


def criterion(metrics: Metrics) -> Verdict:
    steps = [gain(metrics, less, more) for less, more in STEPS]
    deeper = gain(metrics, *DEEPER)
    stack = all(mean >= GAIN and mean > 3 * error for mean, error in steps)
    deep = deeper[0] >= DEEP_GAIN and deeper[0] > 3 * deeper[1]
    accuracies = " / ".join(f"{metrics.mean(f'test_accuracy_blocks_{n}'):.1%}" for n in (1, 2, 3))
    residual, plain = (
        " / ".join(f"{metrics.mean(f'test_accuracy_{kind}_{n}'):.1%}" for n in (8, 24))
        for kind in ("residual", "plain")
    )
    headline = (
        f"1 / 2 / 3 VGG blocks {accuracies}; 8 / 24 layers: residual {residual}, plain {plain}"
    )
    if stack and deep:
        return Verdict("holds", headline)
    return Verdict("holds partly" if stack or deep else "does not hold", headline)


EXPERIMENT = Experiment(
    id="C9",
    chapter="convolution/deeper",
    claim="Building blocks (convolution, pooling) stack into deep nets.",
    criterion_text=(
        "test accuracy on Fashion-MNIST, 5 seeds, paired: holds if the second and the third VGG block each add at "
        "least 1 percentage point and more than 3 standard errors, and a residual network of 24 layers is at least "
        "half a point and more than 3 standard errors above one of 8; holds partly if only the blocks or only the "
        "depth does; else does not hold. Reported beside it: what normalisation, the connection past a block, "
        "pooling and more convolutions a block change"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    missing=tuple(f"train_loss_{case}" for case in CASES),
    cost_seconds=1500,
)
