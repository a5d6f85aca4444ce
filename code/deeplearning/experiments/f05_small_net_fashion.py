"""F5: a VGG network under 100,000 parameters on full Fashion-MNIST, trained on one thread.

The network is :func:`deeplearning.models.vgg_small.vgg_small` with batch normalisation: a block of one convolution and
two of two, so that most kernels work on maps of 14 × 14 and 7 × 7 pixels, where they cost little time. It is trained by
SGD with Nesterov momentum in batches of 128, one cycle of the rate over 20 epochs, weight decay, slightly smoothed
labels; training images are mirrored at random and moved by up to 2 pixels. Products are computed in bfloat16
(:class:`deeplearning.engines.bfloat16.InBfloat16`), weights are float32, and so is the judgement.

Nothing was tuned. The recipe is a usual one; a trial with seed 100 on the first 50,000 training images, with 24 kernels
in the first block, was stopped after four of six epochs at 89.4 % of the last 10,000, while the rate was still high. It
showed what an epoch costs: the first block takes the most time and has the fewest weights, so that it was narrowed to
16 kernels, and the number of epochs was set by the budget of time. Every seed trains on all 60,000 images, and the test
images are looked at once, after the last epoch.

The published number, 0.925, is that of the entry "2 Conv Layers net <100K parameters" of the benchmark table in the
README of Fashion-MNIST; the one other entry of about that size, 113K parameters, has 0.922.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from deeplearning import data, engines
from deeplearning.data.augment import Compose, RandomHorizontalFlip, RandomShift
from deeplearning.engines.bfloat16 import InBfloat16
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.vgg_small import vgg_small
from deeplearning.training import evaluate, fit

BAR = 0.925  # the published number, of a network with "<100K parameters"
PARAMETERS = 100_000  # fewer than these
SECONDS = 3_600  # of training

Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Config:
    channels: tuple[int, ...] = (16, 48, 64)
    convolutions: tuple[int, ...] = (1, 2, 2)
    epochs: int = 20
    max_rate: float = 0.2
    warm_up: float = 0.2  # share of the steps in which the rate rises
    momentum: float = 0.9
    weight_decay: float = 5e-4
    smoothing: float = 0.05  # of the labels
    shift: int = 2  # pixels
    batch_size: int = 128
    images: int = 60_000
    test_images: int = 10_000
    validation: bool = False  # True: train on the first 50,000, judge on the last 10,000 of them

    @classmethod
    def smoke(cls) -> "Config":
        return cls(channels=(4, 6, 8), epochs=1, images=128, test_images=50)


@lru_cache(maxsize=1)
def clothes() -> data.Split:
    """Read Fashion-MNIST once a process."""
    return data.fashion_mnist()


def material(split: data.Split, config: Any) -> tuple[Pair, Pair]:
    """Images (N, 1, 28, 28) and labels to learn from, and those to judge by."""
    train = split.train_x[: config.images, None], split.train_y[: config.images]
    test = split.test_x[: config.test_images, None], split.test_y[: config.test_images]
    if config.validation:
        test = train[0][50_000:], train[1][50_000:]
        train = train[0][:50_000], train[1][:50_000]
    return train, test


def train(model: Any, pair: Pair, transform: Any, config: Any, seed: int) -> tuple[Any, float]:
    """Train a network by SGD with Nesterov momentum and one cycle of the rate; its history and the seconds it took."""
    engine = engines.get("torch")
    optimizer = engine.optim.SGD(
        model.parameters(), lr=config.max_rate, momentum=config.momentum, nesterov=True,
        weight_decay=config.weight_decay, fused=True,
    )  # fmt: skip
    steps = config.epochs * -(-len(pair[0]) // config.batch_size)
    cycle = engine.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=config.max_rate, total_steps=steps, pct_start=config.warm_up,
        cycle_momentum=False,
    )  # fmt: skip
    history = fit(
        InBfloat16(model), pair, engine=engine, optimizer=optimizer,
        loss=engine.nn.CrossEntropyLoss(label_smoothing=config.smoothing), epochs=config.epochs,
        batch_size=config.batch_size, seed=seed, scheduler=cycle, transform=transform,
    )  # fmt: skip
    return history, float(np.sum(history.seconds))


def results(model: Any, pair: Pair, test: Pair, history: Any, seconds: float) -> dict[str, Any]:
    """What a run is judged by; the network answers in float32."""
    engine = engines.get("torch")
    return {
        "test_accuracy": evaluate(model, test, engine),
        "train_accuracy": evaluate(model, (pair[0][:10_000], pair[1][:10_000]), engine),
        "train_loss": history.train_loss,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "training_seconds": seconds,
    }


def mirrored_and_moved(pixels: int) -> Any:
    """Return a transform for images (N, 1, H, W): half of them mirrored, all moved by up to ``pixels``."""
    change = Compose(RandomHorizontalFlip(), RandomShift(pixels))
    return lambda images, rng: change(images[:, 0], rng)[:, None]


def run(config: Config, seed: int) -> dict[str, Any]:
    pair, test = material(clothes(), config)
    engine = engines.get("torch")
    engine.manual_seed(seed)
    model = vgg_small(config.channels, config.convolutions, nn=engine.nn)
    history, seconds = train(model, pair, mirrored_and_moved(config.shift), config, seed)
    return results(model, pair, test, history, seconds)


def criterion(metrics: Metrics) -> Verdict:
    values = metrics["test_accuracy"]
    mean, spread = metrics.mean("test_accuracy"), metrics.std("test_accuracy")
    parameters, seconds = metrics["parameters"].max(), metrics["training_seconds"].max()
    headline = (
        f"{mean:.2%} ± {spread:.2%} test accuracy with {parameters:,.0f} parameters, trained in at most "
        f"{seconds / 60:.0f} minutes; published for fewer than 100,000 parameters: {BAR:.1%}"
    )
    bar = BAR - 1e-9  # rounding must not turn "at least" into "more than"
    kept = parameters < PARAMETERS and seconds <= SECONDS
    if kept and mean - 2 * spread / np.sqrt(len(values)) >= bar:
        return Verdict("holds", headline)
    return Verdict("holds partly" if kept and mean >= bar else "does not hold", headline)


EXPERIMENT = Experiment(
    id="F5",
    chapter="convolution/deeper",
    claim=(
        "A convolutional network of fewer than 100,000 parameters reaches 92.5 % on Fashion-MNIST, the number "
        "published for that size, after at most 60 minutes of training on a machine with 2 cores."
    ),
    criterion_text=(
        "after training on all 60,000 images, one thread a run: holds if every network has fewer than 100,000 "
        "parameters and took at most 60 minutes to train, and the mean test accuracy of 3 seeds less 2 standard errors "
        "is at least 92.5 %; holds partly if the first two are kept and only the mean is; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=3,
    few_seeds="each run trains on all of Fashion-MNIST",
    cost_seconds=1800,
)
