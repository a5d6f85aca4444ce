"""C6: a convolution with a larger stride, against stride 1 and pooling to maps of the same size.

A network of one convolution with 16 kernels of 5 × 5, ReLU and a linear layer. The kernels move by 1, 2, 3 or 4 pixels
(``stride1`` to ``stride4``) and give maps of 24, 12, 8 or 6 pixels a side. The three others move by 1 and take the
maximum of windows of 2 × 2, 3 × 3 or 4 × 4 (``pool2`` to ``pool4``): maps of the same size, as many parameters. What is
counted are the multiplications of both layers for one image; seconds are not measured.

A stride is said to be nothing but leaving out: with the same kernels the maps of stride s must equal every s-th number
of the maps of stride 1. The largest difference is measured too, on images of the test set.

The rate of Adam was chosen for stride 1 and 4 and for pooling by 2 and 4 among 0.001, 0.003 and 0.01, with seed 100, on
the last 10,000 training images; stride 2 takes that of stride 1, and the two by 3 those of their neighbours by 4.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deeplearning import engines
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.experiments.fashion_subsets import accuracy, draw, learn
from deeplearning.models.small_cnn import multiplications, small_cnn

STRIDES = (1, 2, 3, 4)
WINDOWS = (2, 3, 4)
# Case: stride, side of the pooling windows.
NETWORKS = {f"stride{s}": (s, 1) for s in STRIDES} | {f"pool{w}": (1, w) for w in WINDOWS}
LOSS = 0.01  # the most that stride 2 may cost
ROUNDING = 1e-5


@dataclass(frozen=True)
class Config:
    cases: tuple[str, ...] = tuple(NETWORKS)
    images: int = 5000
    kernels: int = 16
    kernel_size: int = 5
    # In the order of the cases.
    rates: tuple[float, ...] = (0.003, 0.003, 0.01, 0.01, 0.003, 0.01, 0.01)
    epochs: int = 5
    batch_size: int = 50
    test_images: int = 10_000
    validation: bool = False

    @classmethod
    def smoke(cls) -> "Config":
        return cls(images=20, epochs=1, test_images=20)


def cases(config: Config) -> Sequence[str]:
    return config.cases


def network(config: Config, case: str) -> Any:
    stride, window = NETWORKS[case]
    return small_cnn(
        config.kernels, config.kernel_size, stride, "max" if window > 1 else None, window, nn=engines.get("torch").nn
    )  # fmt: skip


def left_out(model: Any, images: Any, stride: int) -> float:
    """Return the largest difference between the maps of a trained convolution and every s-th number at stride 1."""
    engine = engines.get("torch")
    dense = engine.nn.Conv2d(1, model[0].out_channels, model[0].kernel_size)
    engine.load(dense, engine.state(model[0]))
    with engine.no_grad():
        x = engine.tensor(images)
        difference = model[0](x) - dense(x)[:, :, ::stride, ::stride]
    return float(abs(engine.to_numpy(difference)).max())


def run(config: Config, seed: int, case: str) -> dict[str, float]:
    training, judged = draw(config.images, seed, config.validation, config.test_images)
    engines.get("torch").manual_seed(seed)
    model = network(config, case)
    rate = config.rates[config.cases.index(case)]
    learn(model, training, rate, config.epochs, config.batch_size, seed)
    stride = NETWORKS[case][0]
    maps = model[0](engines.get("torch").tensor(judged[0][:1]))
    convolution = multiplications(config.kernels, config.kernel_size, stride)
    return {
        f"test_accuracy_{case}": accuracy(model, judged),
        f"train_accuracy_{case}": accuracy(model, training),
        f"side_{case}": int(maps.shape[-1]),
        f"convolution_multiplications_{case}": convolution,
        f"multiplications_{case}": convolution + model[-1].weight.numel(),
        f"parameters_{case}": sum(parameter.numel() for parameter in model.parameters()),
        f"difference_{case}": left_out(model, judged[0][:100], stride),
    }


def lead(metrics: Metrics, first: str, second: str) -> tuple[float, float]:
    """Return by how much one case is ahead of another in test accuracy, and the standard error, paired by seed."""
    gains = metrics[f"test_accuracy_{first}"] - metrics[f"test_accuracy_{second}"]
    return float(gains.mean()), float(gains.std(ddof=1)) / math.sqrt(len(gains))


def down_samples(metrics: Metrics) -> bool:
    """Whether every stride gives the maps of stride 1 with all but every s-th number left out, and no others."""
    full = metrics["side_stride1"]
    return all(
        bool((metrics[f"side_stride{s}"] == (full - 1) // s + 1).all())
        and bool((metrics[f"difference_stride{s}"] < ROUNDING).all())
        for s in STRIDES
    )


def criterion(metrics: Metrics) -> Verdict:
    ahead, error = lead(metrics, "stride2", "stride1")
    strides = " / ".join(f"{metrics.mean(f'test_accuracy_stride{s}'):.1%}" for s in STRIDES)
    pools = " / ".join(f"{metrics.mean(f'test_accuracy_pool{w}'):.1%}" for w in WINDOWS)
    counts = " / ".join(f"{metrics.mean(f'multiplications_stride{s}'):,.0f}" for s in STRIDES)
    headline = (
        f"stride {' / '.join(map(str, STRIDES))}: {counts} multiplications, test accuracy {strides}; "
        f"stride 1 and pooling by {' / '.join(map(str, WINDOWS))}: {pools}"
    )
    if not down_samples(metrics):
        return Verdict("does not hold", headline)
    cheap = ahead - 2 * error >= -LOSS
    return Verdict("holds" if cheap else "holds partly", headline)


EXPERIMENT = Experiment(
    id="C6",
    chapter="convolution/convolution",
    claim="A larger stride down-samples.",
    criterion_text=(
        "holds if with every stride s the maps equal every s-th number of the maps of stride 1 with the same kernels, "
        "to 1e-5, and stride 2 costs at most 1 percentage point of test accuracy against stride 1 (mean loss plus 2 "
        "standard errors, paired by seed); holds partly if only the first; else does not hold. Reported beside it: "
        "multiplications, and stride 1 with maximum pooling to the same size"
    ),
    config=Config,
    cases=cases,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=90,
)
