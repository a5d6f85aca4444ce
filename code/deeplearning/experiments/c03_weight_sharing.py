"""C3: fully connected, locally connected, convolutional: one hidden layer of the same shape with ever fewer weights.

All three networks turn 28 × 28 pixels into 8 maps of 12 × 12 units with ReLU, and a linear layer turns these into ten
scores. They differ in the weights of the hidden layer alone: each unit reads all pixels (``full``), or a window of
5 × 5 with weights of its own (``local``), or the same window with weights that its whole map shares (``shared``).
The second and third differ by weight sharing and by nothing else. All start from PyTorch's default for their fan-in.
Reported beside them, and not judged, is a convolution with 28 maps (``wide``): as many parameters as ``local`` has.

The rate of Adam was chosen for each network and each size on the last 10,000 training images, with seed 100, among
0.001, 0.003 and 0.01 (``full`` without the largest, ``wide`` without the smallest, ``shared`` with 0.03), for the three
in runs of up to 40 epochs on 1,000 and 10,000 images. The epochs are alike for all, and as many as the time allowed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deeplearning import engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.experiments.fashion_subsets import accuracy, draw, learn
from deeplearning.models.locally_connected import locally_connected
from deeplearning.models.small_cnn import small_cnn

KINDS = ("full", "local", "shared", "wide")
JUDGED = KINDS[:3]
SMALLER = 0.01  # the least difference of two gaps between training and test accuracy
ROOM = 0.005  # test accuracy that sharing may cost


@dataclass(frozen=True)
class Config:
    sizes: tuple[int, ...] = (1000, 5000)
    maps: int = 8
    wide_maps: int = 28  # as many parameters as the locally connected network
    kernel_size: int = 5
    stride: int = 2
    rates_full: tuple[float, ...] = (0.003, 0.003)
    rates_local: tuple[float, ...] = (0.01, 0.003)
    rates_shared: tuple[float, ...] = (0.01, 0.01)
    rates_wide: tuple[float, ...] = (0.003, 0.01)
    epochs: tuple[int, ...] = (20, 12)
    batch_sizes: tuple[int, ...] = (50, 100)
    test_images: int = 10_000
    validation: bool = False

    @classmethod
    def smoke(cls) -> "Config":
        return cls(sizes=(20, 40), maps=2, wide_maps=3, epochs=(1, 1), test_images=50)


def network(config: Config, kind: str) -> Any:
    """Make one of the networks on PyTorch."""
    nn = engines.get("torch").nn
    maps = config.wide_maps if kind == "wide" else config.maps
    convolutional = small_cnn(maps, config.kernel_size, config.stride, pooling=None, nn=nn)
    if kind in ("shared", "wide"):
        return convolutional
    scores = convolutional[-1]
    if kind == "full":
        hidden = nn.Linear(28 * 28, scores.in_features)
        return nn.Sequential(nn.Flatten(), hidden, nn.ReLU(), scores)
    layer = locally_connected(nn)(1, config.maps, config.kernel_size, 28, config.stride)
    return nn.Sequential(layer, nn.ReLU(), nn.Flatten(), scores)


def cases(config: Config) -> Sequence[str]:
    return KINDS


def run(config: Config, seed: int, case: str) -> dict[str, float | list]:
    rates = getattr(config, f"rates_{case}")
    trained, tested = [], []
    for place, size in enumerate(config.sizes):
        training, judged = draw(size, seed, config.validation, config.test_images)
        engines.get("torch").manual_seed(seed)
        model = network(config, case)
        learn(model, training, rates[place], config.epochs[place], config.batch_sizes[place], seed)
        trained.append(accuracy(model, training))
        tested.append(accuracy(model, judged))
    return {
        f"train_accuracy_{case}": trained,
        f"test_accuracy_{case}": tested,
        f"parameters_{case}": sum(parameter.numel() for parameter in model.parameters()),
        f"hidden_parameters_{case}": sum(
            parameter.numel() for layer in list(model)[:-1] for parameter in layer.parameters()
        ),
    } | ({"sizes": list(config.sizes)} if case == KINDS[0] else {})


def gaps(metrics: Metrics, kind: str) -> np.ndarray:
    """Training less test accuracy, (S, sizes)."""
    return metrics[f"train_accuracy_{kind}"] - metrics[f"test_accuracy_{kind}"]


def paired(differences: np.ndarray) -> tuple[float, float]:
    """Return the mean of differences (S,) and its standard error."""
    return float(differences.mean()), float(differences.std(ddof=1)) / math.sqrt(len(differences))


def criterion(metrics: Metrics) -> Verdict:
    places = range(metrics["sizes"].shape[1])

    def smaller(other: str, place: int, least: float) -> bool:
        mean, error = paired(gaps(metrics, other)[:, place] - gaps(metrics, "shared")[:, place])
        return mean > least and mean > 3 * error

    def no_worse(other: str, place: int) -> bool:
        means = [metrics.mean(f"test_accuracy_{kind}")[place] for kind in ("shared", other)]
        return bool(means[0] >= means[1] - ROOM)

    fewer = all(
        metrics.mean("parameters_shared") < metrics.mean(f"parameters_{other}")
        for other in JUDGED[:2]
    )
    wholly = all(
        smaller(other, place, SMALLER) and no_worse(other, place)
        for other in JUDGED[:2]
        for place in places
    )
    partly = all(smaller("full", place, 0.0) for place in places)
    counts = " / ".join(f"{metrics.mean(f'parameters_{kind}'):,.0f}" for kind in JUDGED)
    means = " / ".join(f"{metrics.mean(f'test_accuracy_{kind}')[-1]:.1%}" for kind in JUDGED)
    apart = " / ".join(f"{100 * gaps(metrics, kind)[:, -1].mean():.1f}" for kind in JUDGED)
    headline = (
        f"full / local / shared: {counts} parameters; at {metrics['sizes'][0, -1]:,.0f} images test accuracy {means}, "
        f"gap to training accuracy {apart} points"
    )
    if fewer and wholly:
        return Verdict("holds", headline)
    return Verdict("holds partly" if fewer and partly else "does not hold", headline)


EXPERIMENT = Experiment(
    id="C3",
    chapter="convolution/convolution",
    claim="Weight sharing lowers complexity.",
    criterion_text=(
        "gap = training less test accuracy, paired by seed, at both sizes of the training set: holds if the "
        "convolutional network has the fewest parameters, its gap is smaller than that of the fully and that of the "
        "locally connected network by more than 1 percentage point and 3 standard errors, and its mean test accuracy "
        "is at most 0.5 points below theirs; holds partly if it has the fewest parameters and at both sizes a smaller "
        "gap than the fully connected network by more than 3 standard errors; else does not hold"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=150,
)
