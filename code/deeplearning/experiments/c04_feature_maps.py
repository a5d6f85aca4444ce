"""C4: how many kernels one convolutional layer needs.

A network of one convolution of 5 × 5, ReLU, maximum pooling and a linear layer, with 1 to 32 kernels. Pooling in
windows of 4 × 4 leaves 6 × 6 numbers of each map, so that with the kernels the inputs of the linear layer grow too.
That is part of what several maps are for; but a larger classifier is better for other reasons as well. Two further
networks hold its size: one map of 24 × 24 that is not pooled (``equal1``), and four maps pooled to 12 × 12
(``equal4``), give the classifier 576 numbers, as 16 maps of 6 × 6 do (``maps16``).

The rate of Adam was chosen with seed 100 on the last 10,000 training images: for 1 and 16 pooled maps and for the map
that is not pooled among 0.003, 0.01 and 0.03, for 4 between the two larger, for four fine maps between the two smaller.
The other networks take the rate of a neighbour.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deeplearning import engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.experiments.fashion_subsets import accuracy, draw, learn
from deeplearning.models.small_cnn import small_cnn

COUNTS = (1, 2, 4, 8, 16, 32)
# Case: kernels, side of the pooling windows.
NETWORKS = {f"maps{count}": (count, 4) for count in COUNTS} | {"equal1": (1, 1), "equal4": (4, 2)}
GAIN = 0.03  # the least lead of 16 kernels over one


@dataclass(frozen=True)
class Config:
    cases: tuple[str, ...] = tuple(NETWORKS)
    images: int = 5000
    kernel_size: int = 5
    # In the order of the cases.
    rates: tuple[float, ...] = (0.03, 0.03, 0.03, 0.01, 0.01, 0.01, 0.003, 0.01)
    epochs: int = 6
    batch_size: int = 50
    test_images: int = 10_000
    validation: bool = False

    @classmethod
    def smoke(cls) -> "Config":
        return cls(images=20, epochs=1, test_images=20)


def cases(config: Config) -> Sequence[str]:
    return config.cases


def run(config: Config, seed: int, case: str) -> dict[str, float]:
    training, judged = draw(config.images, seed, config.validation, config.test_images)
    engine = engines.get("torch")
    engine.manual_seed(seed)
    kernels, window = NETWORKS[case]
    pooling = "max" if window > 1 else None
    model = small_cnn(kernels, config.kernel_size, pooling=pooling, window=window, nn=engine.nn)
    rate = config.rates[config.cases.index(case)]
    learn(model, training, rate, config.epochs, config.batch_size, seed)
    return {
        f"test_accuracy_{case}": accuracy(model, judged),
        f"train_accuracy_{case}": accuracy(model, training),
        f"features_{case}": model[-1].in_features,
        f"parameters_{case}": sum(parameter.numel() for parameter in model.parameters()),
    }


def lead(metrics: Metrics, many: str, few: str) -> tuple[float, float]:
    """Return by how much one case is ahead of another in test accuracy, and the standard error, paired by seed."""
    gains = metrics[f"test_accuracy_{many}"] - metrics[f"test_accuracy_{few}"]
    return float(gains.mean()), float(gains.std(ddof=1)) / math.sqrt(len(gains))


def curve(metrics: Metrics) -> np.ndarray:
    """Test accuracy by number of kernels, (S, counts)."""
    return np.column_stack([metrics[f"test_accuracy_maps{count}"] for count in COUNTS])


def criterion(metrics: Metrics) -> Verdict:
    def clear(few: str) -> bool:
        mean, error = lead(metrics, "maps16", few)
        return mean > GAIN and mean > 3 * error

    means = " / ".join(f"{value:.1%}" for value in curve(metrics).mean(axis=0))
    headline = (
        f"test accuracy with {' / '.join(map(str, COUNTS))} kernels: {means}; with 576 numbers for the classifier from "
        f"one kernel {metrics.mean('test_accuracy_equal1'):.1%}, from 16 {metrics.mean('test_accuracy_maps16'):.1%}"
    )
    if clear("maps1") and clear("equal1"):
        return Verdict("holds", headline)
    return Verdict("holds partly" if clear("maps1") else "does not hold", headline)


EXPERIMENT = Experiment(
    id="C4",
    chapter="convolution/convolution",
    claim="One kernel is too poor: several feature maps.",
    criterion_text=(
        "mean test accuracy, paired by seed: holds if 16 kernels are ahead of one by more than 3 percentage points and "
        "3 standard errors twice, with maps of 6 × 6, and with as many numbers for the classifier (576: one map of "
        "24 × 24 against 16 of 6 × 6); holds partly if only with maps of 6 × 6; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=150,
)
