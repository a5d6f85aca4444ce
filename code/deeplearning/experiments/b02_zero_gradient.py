"""B2: a zero gradient need not be a minimum.

Three places where the gradient vanishes and the loss is not minimal: a saddle, a maximum, and a network
whose weights all start at zero. On the two surfaces gradient descent starts exactly on the ridge (or the
top), where it must end in, or stay at, the point of zero gradient, and then from starts moved off it by a
random ε. The network is 64-32-10 with tanh on scikit-learn's digits, full batch, once from zeros and once
from the usual random start; at the end we look for a direction of negative curvature by power iteration on
Hessian–vector products, taken as differences of gradients in float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deeplearning import data, models
from deeplearning.autograd import Tensor, manual_seed
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.surfaces import HILL, SADDLE, Surface
from deeplearning.nn import Module, init
from deeplearning.nn import functional as F
from deeplearning.optim import SGD
from deeplearning.optim.descent import gradient_descent


@dataclass(frozen=True)
class Config:
    """Rates and numbers of steps; ε are the sizes of the push off the ridge."""

    lr: float = 0.1
    steps: int = 1000
    starts: int = 100
    pushes: tuple[float, ...] = (1e-12, 1e-9, 1e-6, 1e-3)
    hidden: int = 32
    network_lr: float = 0.5
    network_steps: int = 600

    @classmethod
    def smoke(cls) -> Config:
        """Few starts and steps."""
        return cls(starts=3, network_steps=5)


def walk(surface: Surface, start: np.ndarray, config: Config) -> tuple[float, float, int]:
    """Return the last gradient's norm, the smallest curvature there, and the steps to "
    "within 1e-3 of the minimum."""
    path = gradient_descent(surface.gradient, start, config.lr, config.steps)
    last = path[-1]
    near = surface.value(path) < -0.25 + 1e-3  # both surfaces have their minima at −1/4
    steps = int(near.argmax()) if near.any() else config.steps
    return (
        float(np.linalg.norm(surface.gradient(last))),
        float(np.linalg.eigvalsh(surface.hessian(last))[0]),
        steps,
    )


def full_gradient(model: Module, x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the loss and the gradient with respect to all parameters as one vector."""
    model.zero_grad()
    loss = F.cross_entropy(model(Tensor(x)), y)
    loss.backward()
    parts = [
        np.zeros(p.size) if p.grad is None else np.asarray(p.grad.data).ravel()
        for p in model.parameters()
    ]
    return float(loss.item()), np.concatenate(parts)


def smallest_curvature(
    model: Module, x: np.ndarray, y: np.ndarray, generator: np.random.Generator
) -> float:
    r"""Estimate the Hessian's smallest eigenvalue by power iteration on :math:`H - cI`, c above the largest in size."""
    parameters = list(model.parameters())
    start = [np.array(p.data) for p in parameters]

    def gradient_at(offset: np.ndarray) -> np.ndarray:
        position = 0
        for p, values in zip(parameters, start, strict=True):
            p.data = values + offset[position : position + p.size].reshape(p.shape)
            position += p.size
        return full_gradient(model, x, y)[1]

    def times_hessian(v: np.ndarray, step: float = 1e-4) -> np.ndarray:
        return (gradient_at(step * v) - gradient_at(-step * v)) / (2 * step)

    def iterate(shift: float) -> tuple[float, float]:
        """Return the Rayleigh quotient and the length of (H − shift·I)v after power iteration "
        "from a random v."""
        v = generator.standard_normal(sum(p.size for p in parameters))
        quotient = length = 0.0
        for _ in range(60):
            v /= np.linalg.norm(v)
            image = times_hessian(v) - shift * v
            quotient, length, v = float(v @ image), float(np.linalg.norm(image)), image
        return quotient + shift, length

    # Eigenvalues may come in pairs ±λ, between which the quotient would waver: the length is right all the same.
    largest_size = iterate(0.0)[1]
    smallest = iterate(1.1 * largest_size)[0]
    gradient_at(np.zeros(sum(p.size for p in parameters)))
    return smallest


def network(config: Config, seed: int, zero: bool) -> tuple[float, float, float]:
    """Train from zeros or the usual start; return loss, gradient norm at the start, "
    "smallest curvature at the end."""
    manual_seed(seed)
    generator = np.random.default_rng(seed)
    split = data.digits(flat=True)
    chosen = generator.permutation(len(split.train_x))[:1000]
    x, y = split.train_x[chosen].astype(np.float64), split.train_y[chosen]
    model = models.mlp([64, config.hidden, 10], "tanh").double()
    if zero:
        for p in model.parameters():
            init.zeros_(p)
    optimizer = SGD(model.parameters(), lr=config.network_lr)
    weights = np.concatenate(
        [np.full(p.size, name.endswith("weight")) for name, p in model.named_parameters()]
    )
    first = float(np.linalg.norm(full_gradient(model, x, y)[1][weights]))
    for _ in range(config.network_steps):
        full_gradient(model, x, y)
        optimizer.step()
    loss, _ = full_gradient(model, x, y)
    return loss, first, smallest_curvature(model, x, y, generator)


def run(config: Config, seed: int) -> dict[str, Any]:
    """Walk on both surfaces, on and off the ridge, and train the network from zeros and "
    "from a random start."""
    generator = np.random.default_rng(seed)
    ridge = np.array([generator.uniform(-2, 2), 0.0])
    saddle_gradient, saddle_curvature, _ = walk(SADDLE, ridge, config)
    top_gradient, top_curvature, _ = walk(HILL, np.zeros(2), config)
    escaped, steps = [], []
    for push in config.pushes:
        angles = generator.uniform(0, 2 * np.pi, config.starts)
        walks = [walk(SADDLE, push * np.array([np.cos(a), np.sin(a)]), config) for a in angles]
        escaped.append(float(np.mean([curvature > 0 for _, curvature, _ in walks])))
        steps.append(float(np.median([n for _, _, n in walks])))
    zero_loss, zero_gradient, zero_curvature = network(config, seed, zero=True)
    random_loss, random_gradient, random_curvature = network(config, seed, zero=False)
    return {
        "saddle_gradient": saddle_gradient,
        "saddle_curvature": saddle_curvature,
        "top_gradient": top_gradient,
        "top_curvature": top_curvature,
        "escaped": escaped,
        "steps_to_escape": steps,
        "zero_start_loss": zero_loss,
        "zero_start_gradient": zero_gradient,
        "zero_start_curvature": zero_curvature,
        "random_start_loss": random_loss,
        "random_start_gradient": random_gradient,
        "random_start_curvature": random_curvature,
    }


def criterion(metrics: Metrics) -> Verdict:
    """Judge that the gradient vanishes where the curvature is negative, and that a push "
    "suffices to leave."""
    stuck = all(
        bool(
            (metrics[f"{place}_gradient"] < 1e-8).all()
            and (metrics[f"{place}_curvature"] < -0.5).all()
        )
        for place in ("saddle", "top")
    )
    escaped = float(metrics["escaped"].min())
    zero = bool(
        (metrics["zero_start_gradient"] < 1e-12).all()
        and (metrics["zero_start_curvature"] < -1e-3).all()
        and (metrics["zero_start_loss"] > 10 * metrics["random_start_loss"]).all()
    )
    headline = (
        f"zero gradient with curvature {metrics.mean('saddle_curvature'):.1f} at the saddle; "
        f"{escaped:.0%} of pushed starts "
        f"escape; a network started at zero stays at {metrics.mean('zero_start_loss'):.2f} nats, "
        "one started at random "
        f"reaches {metrics.mean('random_start_loss'):.3f}"
    )
    if stuck and escaped >= 0.99 and zero:
        return Verdict("holds", headline)
    return Verdict("holds partly" if stuck else "does not hold", headline)


EXPERIMENT = Experiment(
    id="B2",
    chapter="learning/gradient-descent",
    claim="A zero gradient need not be a minimum.",
    criterion_text=(
        "holds if started on the ridge or on the top, gradient descent ends with a gradient "
        "below 1e-8 where the smallest "
        "curvature is below −0.5, if at least 99 % of starts pushed off the ridge end in a "
        "valley, for every size of push, "
        "and if the network started at zero has a weight gradient below 1e-12, negative "
        "curvature, and ends with more than "
        "10 times the loss of the one started at random, in every seed; holds partly if only the "
        "first is so; else does "
        "not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=30,
)
