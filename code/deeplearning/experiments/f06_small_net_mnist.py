"""F6: a VGG network of at most 125,000 parameters on full MNIST, beside one of the literature with as many.

Network, optimiser and precision are those of F5: :func:`deeplearning.models.vgg_small.vgg_small` with batch
normalisation, SGD with Nesterov momentum, one cycle of the rate, products in bfloat16. Training images are distorted
anew in every epoch: turned, stretched, slanted and moved a little.

The recipe was tried once, with seed 100 and 24 kernels in the first block, on the first 50,000 training images: after
three of four epochs it had 99.54 % of the last 10,000 right. Then 16 kernels and 7 epochs were taken, by the budget of
time. Every seed trains on all 60,000 images, and the test images are looked at once, after the last epoch.

The published number is that of the DeepConvNet in Saitoh's book "Deep Learning from Scratch": 99.35 % with 123,552
parameters, six convolutions and two fully connected layers.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from deeplearning import data, engines
from deeplearning.data.distort import RandomDistortion
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.experiments.f05_small_net_fashion import material, results, train
from deeplearning.models.vgg_small import vgg_small

BAR = 0.9940
PUBLISHED = 0.9935  # the DeepConvNet of Saitoh's book, 123,552 parameters
PARAMETERS = 125_000  # at most these


@dataclass(frozen=True)
class Config:
    channels: tuple[int, ...] = (16, 48, 64)
    convolutions: tuple[int, ...] = (1, 2, 2)
    epochs: int = 7
    max_rate: float = 0.2
    warm_up: float = 0.2  # share of the steps in which the rate rises
    momentum: float = 0.9
    weight_decay: float = 5e-4
    smoothing: float = 0.05  # of the labels
    degrees: float = 10.0
    scale: float = 0.1
    shear: float = 0.1
    shift: float = 2.0  # pixels
    batch_size: int = 128
    images: int = 60_000
    test_images: int = 10_000
    validation: bool = False  # True: train on the first 50,000, judge on the last 10,000 of them

    @classmethod
    def smoke(cls) -> "Config":
        return cls(channels=(4, 6, 8), epochs=1, images=128, test_images=50)


@lru_cache(maxsize=1)
def digits() -> data.Split:
    """Read MNIST once a process."""
    return data.mnist()


def run(config: Config, seed: int) -> dict[str, Any]:
    pair, test = material(digits(), config)
    engine = engines.get("torch")
    engine.manual_seed(seed)
    model = vgg_small(config.channels, config.convolutions, nn=engine.nn)
    distort = RandomDistortion(config.degrees, config.scale, config.shear, config.shift)
    history, seconds = train(model, pair, distort, config, seed)
    return results(model, pair, test, history, seconds)


def criterion(metrics: Metrics) -> Verdict:
    values = metrics["test_accuracy"]
    mean, spread = metrics.mean("test_accuracy"), metrics.std("test_accuracy")
    parameters, seconds = metrics["parameters"].max(), metrics["training_seconds"].max()
    headline = (
        f"{mean:.2%} ± {spread:.2%} test accuracy with {parameters:,.0f} parameters, trained in at most "
        f"{seconds / 60:.0f} minutes; published: {PUBLISHED:.2%} with 123,552"
    )
    bar = BAR - 1e-9  # rounding must not turn "at least" into "more than"
    kept = parameters <= PARAMETERS
    if kept and mean - 2 * spread / np.sqrt(len(values)) >= bar:
        return Verdict("holds", headline)
    return Verdict("holds partly" if kept and mean >= bar else "does not hold", headline)


EXPERIMENT = Experiment(
    id="F6",
    chapter="convolution/deeper",
    claim=(
        "A convolutional network of at most 125,000 parameters reaches 99.40 % on MNIST, where 99.35 % is published "
        "for a network of 123,552."
    ),
    criterion_text=(
        "after training on all 60,000 images: holds if every network has at most 125,000 parameters and the mean test "
        "accuracy of 3 seeds less 2 standard errors is at least 99.40 %; holds partly if the first is kept and only "
        "the mean is; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=3,
    few_seeds="each run trains on all of MNIST",
    cost_seconds=900,
)
