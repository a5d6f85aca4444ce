"""N2: the perceptron learns from random weights, and its mistakes stay below (R/γ)².

Gates are a sample of two, so the protocol adds random separable sets whose margin is set on purpose, in 2 and in 10
dimensions. Every set is learned twice: from zero weights, for which the theorem is stated, and from weights drawn from
a standard normal, with which the claim starts. The bound uses the exact largest margin of each set (bias counted as a
weight), not the margin of the line that made the data. Sets of orthogonal inputs, for which the bound is known to be
reached, check that mistakes are counted right. The number of passes is limited only by the theorem itself.
"""

from dataclasses import dataclass

import numpy as np

from deeplearning.data import gate
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.perceptron import Perceptron, margin, mistake_bound, radius

GATES = ("AND", "OR")


@dataclass(frozen=True)
class Config:
    """What is learned, and how often."""

    rate: float = 0.1
    gate_starts: int = 50
    samples: int = 100
    dimensions: tuple[int, ...] = (2, 10)
    gaps: tuple[float, ...] = (0.5, 0.25, 0.12, 0.06, 0.03, 0.015, 0.008)
    orthogonal: tuple[int, ...] = (3, 10, 30, 100, 300)

    @classmethod
    def smoke(cls) -> "Config":
        """Few and easy sets."""
        return cls(gate_starts=3, samples=20, gaps=(0.5, 0.25), orthogonal=(3,))


def separable(
    dimension: int, gap: float, samples: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Make points of the cube −1 … 1 on both sides of a random hyperplane, none nearer to it than ``gap``."""
    normal = generator.standard_normal(dimension)
    normal /= np.linalg.norm(normal)
    offset = generator.uniform(-0.3, 0.3)
    y = generator.permutation(np.arange(samples) % 2)
    x = generator.uniform(-1, 1, (samples, dimension))
    distance = np.abs(x @ normal - offset) + gap
    # Some points of each class at the gap itself: without them the margin would be left to chance.
    for label in (0, 1):
        distance[np.flatnonzero(y == label)[: dimension + 1]] = gap
    x += np.outer(np.where(y == 1, 1, -1) * distance - (x @ normal - offset), normal)
    return x, y


def learn(
    x: np.ndarray, y: np.ndarray, rate: float, start: np.ndarray, bias: bool = True
) -> tuple[float, float, bool]:
    """Train until the theorem's limit; return the mistakes, the limit for this start, and whether it was learned."""
    limit = mistake_bound(x, y, bias, start=float(np.linalg.norm(start)), rate=rate)
    neuron = Perceptron(x.shape[1], rate=rate, bias=bias, weights=start).fit(
        x, y, epochs=int(limit) + 2
    )
    return float(sum(neuron.mistakes)), limit, neuron.learned


def run(config: Config, seed: int) -> dict[str, float | list]:
    """Learn gates, random sets and orthogonal sets; mistakes, bounds, and whether each was learned."""
    generator = np.random.default_rng(seed)
    result: dict[str, list] = {}

    def note(kind: str, mistakes: float, limit: float, learned: bool) -> None:
        for name, value in (("mistakes", mistakes), ("limit", limit), ("learned", learned)):
            result.setdefault(f"{kind}_{name}", []).append(value)

    for name in GATES:
        x, y = gate(name)
        result.setdefault("gate_bound", []).append(mistake_bound(x, y))
        note("gate_zero", *learn(x, y, config.rate, np.zeros(3)))
        for _ in range(config.gate_starts):
            note("gate_random", *learn(x, y, config.rate, generator.standard_normal(3)))
    for dimension in config.dimensions:
        for gap in config.gaps:
            x, y = separable(dimension, gap, config.samples, generator)
            gamma, _ = margin(x, y)
            result.setdefault("set_margin", []).append(gamma)
            result.setdefault("set_bound", []).append((radius(x) / gamma) ** 2)
            note("set_zero", *learn(x, y, config.rate, np.zeros(dimension + 1)))
            note("set_random", *learn(x, y, config.rate, generator.standard_normal(dimension + 1)))
    for dimension in config.orthogonal:
        # A score of 0 counts as 1, so that every unit vector of class 0 is a mistake once, and then never again.
        note(
            "orthogonal",
            *learn(
                np.eye(dimension), np.zeros(dimension, int), config.rate, np.zeros(dimension), False
            ),
        )
    return dict(result)


def criterion(metrics: Metrics) -> Verdict:
    """Every run learns; from zero none passes (R/γ)²; the verdict depends on the random starts."""
    kinds = ("gate_zero", "gate_random", "set_zero", "set_random")
    learned = all(metrics[f"{kind}_learned"].all() for kind in kinds)
    lawful = all(
        (metrics[f"{kind}_mistakes"] <= metrics[f"{kind}_limit"] + 1e-6).all() for kind in kinds
    )
    gates = metrics["gate_random_mistakes"]
    bound = np.repeat(metrics["gate_bound"], gates.shape[1] // len(GATES), axis=1)
    over_gates = (gates > bound + 1e-6).mean()
    over_sets = (metrics["set_random_mistakes"] > metrics["set_bound"] + 1e-6).mean()
    share = np.median(metrics["set_zero_mistakes"] / metrics["set_bound"])
    headline = (
        f"every run learned; from zero weights always within $(R/\\gamma)^2$ (median use of it {share:.1%}); from "
        f"random weights {over_gates:.1%} of the runs on gates and {over_sets:.1%} on random sets pass it"
    )
    if not (learned and lawful):
        return Verdict(
            "does not hold", "some run did not learn, or made more mistakes than is possible"
        )
    return Verdict("holds" if over_gates == 0 and over_sets == 0 else "holds partly", headline)


EXPERIMENT = Experiment(
    id="N2",
    chapter="neurons/perceptron",
    claim=(
        "The perceptron, weighted sum plus bias plus step, starts from random weights and learns AND and OR by "
        "$w \\leftarrow w + \\eta \\cdot \\text{error} \\cdot x$ with η = 0.1; mistakes are at most $(R/\\gamma)^2$."
    ),
    criterion_text=(
        "holds if every run on AND, OR and all random separable sets ends in a pass without a mistake and no run, from "
        "zero or from random weights, makes more than $(R/\\gamma)^2$ mistakes; holds partly if every run learns but "
        "some that start from random weights pass $(R/\\gamma)^2$, though not the bound extended by "
        "$2\\|w_0\\|/(\\eta\\gamma)$; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=20,
    cost_seconds=60,
)
