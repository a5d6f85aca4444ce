"""N5: from how many random starts does a multi-layer perceptron reach XOR?

A network 2-h-1 is started anew many times for each hidden width h and each activation and trained by full-batch
gradient descent on the four rows of the truth table, with binary cross-entropy. All starts of one width are trained at
once, as one stack of small matrices; they do not influence each other. Starts follow `Linear`'s (PyTorch's) law.
A start has *reached* XOR if, after the last step, all four rows lie on the right side.

Width 1 is a control: a neuron with a monotone activation answers by a half-plane, so its share must be 0.
The learning rates were chosen among 0.1, 0.3, 1 and 3 on other starts (seed 1000), for the largest share over widths
2 to 16 after 3,000 steps, each activation its own, the middle one of equals.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from deeplearning import data, optim
from deeplearning.autograd import Tensor, no_grad
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.nn import functional as F

ACTIVATIONS = ("sigmoid", "tanh", "relu")


@dataclass(frozen=True)
class Config:
    widths: tuple[int, ...] = (1, 2, 3, 4, 8, 16)
    starts: int = 100  # for each width and activation, in each seed
    checkpoints: tuple[int, ...] = (300, 1000, 3000, 10_000)  # steps; the last one decides
    rate_sigmoid: float = 3.0
    rate_tanh: float = 1.0
    rate_relu: float = 0.3

    @classmethod
    def smoke(cls) -> "Config":
        return cls(starts=5, checkpoints=(10, 20, 30, 40))


def train_many(
    width: int,
    activation: str,
    rate: float,
    starts: int,
    checkpoints: tuple[int, ...],
    generator: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Train networks 2-width-1 from ``starts`` random points side by side.

    Returns how many of the four rows are right, (checkpoints, starts), and the last mean loss of each, (starts,) nats.
    """
    x, labels = data.gate("XOR")
    inputs = Tensor(x)
    targets = Tensor(np.broadcast_to(labels[:, None].astype(np.float32), (starts, 4, 1)).copy())

    def draw(fan_in: int, *shape: int) -> Tensor:
        bound = fan_in**-0.5
        return Tensor(
            generator.uniform(-bound, bound, (starts, *shape)).astype(np.float32),
            requires_grad=True,
        )

    weight_1, bias_1, weight_2, bias_2 = (
        draw(2, 2, width),
        draw(2, 1, width),
        draw(width, width, 1),
        draw(width, 1, 1),
    )
    optimizer = optim.SGD([weight_1, bias_1, weight_2, bias_2], lr=rate)

    def scores() -> Tensor:
        hidden = getattr(inputs @ weight_1 + bias_1, activation)()  # (starts, 4, width)
        return hidden @ weight_2 + bias_2  # (starts, 4, 1)

    right = []
    for step in range(1, checkpoints[-1] + 1):
        optimizer.zero_grad()
        # The mean over all starts, times their number: each network sees the gradient of its own mean loss.
        (F.binary_cross_entropy_with_logits(scores(), targets) * starts).backward()
        optimizer.step()
        if step in checkpoints:
            with no_grad():
                answers = scores().numpy()[:, :, 0]
            right.append(((answers > 0) == labels).sum(axis=1))
    signed = np.where(labels == 1, answers, -answers)
    return np.array(right), np.logaddexp(0, -signed).mean(axis=1)


def run(config: Config, seed: int) -> dict[str, float | list]:
    result: dict[str, Any] = {}
    for number, activation in enumerate(ACTIVATIONS):
        rate = getattr(config, f"rate_{activation}")
        shares = []
        for width in config.widths:
            generator = np.random.default_rng([seed, number, width])
            right, losses = train_many(
                width, activation, rate, config.starts, config.checkpoints, generator
            )
            shares.append((right == 4).mean(axis=1))
            if width == 2:
                result[f"losses_two_{activation}"] = losses
                result[f"rows_right_two_{activation}"] = (
                    np.bincount(right[-1], minlength=5) / config.starts
                )
        result[f"share_over_steps_{activation}"] = np.array(shares)  # (widths, checkpoints)
        result[f"share_{activation}"] = np.array(shares)[:, -1]  # (widths,)
    return result


def criterion(metrics: Metrics) -> Verdict:
    widths = Config().widths
    lower, mean = {}, {}
    for activation in ACTIVATIONS:
        name = f"share_{activation}"
        spread = 2 * np.asarray(metrics.std(name)) / np.sqrt(len(metrics[name]))
        mean[activation] = np.asarray(metrics.mean(name))
        lower[activation] = mean[activation] - spread
    least = {
        a: next((w for w, share in zip(widths, lower[a], strict=True) if share >= 0.95), None)
        for a in lower
    }
    at_two = ", ".join(f"{a} {mean[a][widths.index(2)]:.0%}" for a in ACTIVATIONS)
    enough = ", ".join(f"{a} {least[a] or 'none'}" for a in ACTIVATIONS)
    headline = f"with two hidden neurons reached from {at_two} of starts; width for 95 %: {enough}"
    if all(width == 2 for width in least.values()):
        return Verdict("holds", headline)
    return Verdict("holds partly" if all(least.values()) else "does not hold", headline)


EXPERIMENT = Experiment(
    id="N5",
    chapter="neurons/multi-layer-perceptron",
    claim="A multi-layer perceptron solves XOR.",
    criterion_text=(
        "share of random starts after which all four rows are right, mean over seeds less 2 standard errors: holds if "
        "it is at least 95 % with two hidden neurons, the fewest that can do it, for sigmoid, tanh and ReLU; holds "
        "partly if it is at least 95 % for each of the three at some width up to 16; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=150,
)
