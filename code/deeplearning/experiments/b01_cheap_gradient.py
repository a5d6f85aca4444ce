"""B1: what does a gradient cost, beside the function itself?

Networks d–h–h–10 with d = h, ReLU and cross-entropy, float64, on a batch of 32, with about 10² to 10⁶ parameters P.
Timed, on our engine and on PyTorch, one thread:

- ``forward``: the loss alone, recording nothing (``no_grad``), which is what finite differences need 2P times;
- ``gradient``: the recorded forward pass and the backward pass; ``backward``: the latter alone;
- ``perturbed``: two passes without recording, with one random parameter moved by ±h: one parameter's share of central
  differences. At small P all P parameters are really done once (``full``); at large P the total is this share times P,
  an extrapolation, and is called so.

Other programs may run on the machine. So what is counted is processor time of this process, not time on the wall;
sizes and engines come in random order, every visit repeats short passes for at least a millisecond, a ratio compares
times of one visit, and what counts is the median over the visits.

The limit of 5 was set before the run: Griewank's bound on the gradient's cost, memory traffic included, as a multiple
of the function's. A bound alone would miss slow growth, so the slope of log(ratio) against log P has a limit too.

For "a closed form becomes impossible" nothing is timed. The derivative of a small tanh network (width 3, depth 1 to 8)
by one weight of its first layer is made as a formula, simplified by the obvious rules, and the operations of the
written-out formula are counted, beside those that reverse mode records for all weights.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deeplearning import engines
from deeplearning.autograd.scalar import Value, history, value
from deeplearning.autograd.symbolic import (
    derivative,
    operations_shared,
    operations_written,
    variable,
)
from deeplearning.experiments import Experiment, Metrics, Verdict

BOUND, SLOPE, FLAT = 5.0, 0.2, 0.1
ENGINES = ("numpy", "torch")
STEP = 1e-6


@dataclass(frozen=True)
class Config:
    widths: tuple[int, ...] = (4, 8, 19, 36, 68, 120, 220, 384, 704)
    batch: int = 32
    visits: int = 41
    least_seconds: float = 0.001  # how long a visit repeats what it times
    full_up_to: int = 3100  # parameters; below, all finite differences are computed
    width: int = 3  # of the small network that is differentiated as a formula
    depths: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)

    @classmethod
    def smoke(cls) -> "Config":
        return cls(widths=(4, 19, 68), visits=3, full_up_to=100, depths=(1, 2, 3, 4))


class Contender:
    """One network on one engine, with the passes that are timed."""

    def __init__(self, engine: Any, width: int, batch: int, generator: np.random.Generator) -> None:
        self.engine, self.generator, self.functional = engine, generator, engine.nn.functional
        self.parameters = []
        for outputs in (width, width, 10):
            for array in (
                generator.normal(0, np.sqrt(2 / width), (outputs, width)),
                generator.normal(0, 0.1, outputs),
            ):
                self.parameters.append(engine.tensor(array).requires_grad_())
        self.x = engine.tensor(generator.standard_normal((batch, width)))
        self.y = engine.tensor(generator.integers(0, 10, batch))
        self.sizes = [int(np.prod(parameter.shape)) for parameter in self.parameters]

    @property
    def count(self) -> int:
        """Number of parameters P."""
        return sum(self.sizes)

    def loss(self) -> Any:
        """Compute the loss."""
        w1, b1, w2, b2, w3, b3 = self.parameters
        h = self.functional.linear(self.x, w1, b1).relu()
        h = self.functional.linear(h, w2, b2).relu()
        return self.functional.cross_entropy(self.functional.linear(h, w3, b3), self.y)

    def value(self) -> float:
        """Compute the loss as a number, recording nothing."""
        with self.engine.no_grad():
            return float(self.loss().item())

    def forget(self) -> None:
        """Drop the gradients, so that the next backward pass stores and does not add."""
        for parameter in self.parameters:
            parameter.grad = None

    def gradient(self) -> tuple[float, float]:
        """Run a recorded forward and a backward pass; return their seconds."""
        self.forget()
        start = time.process_time()
        loss = self.loss()
        middle = time.process_time()
        loss.backward()
        return middle - start, time.process_time() - middle

    def place(self, number: int) -> tuple[int, tuple[int, ...]]:
        """Return which array, and where in it, the parameter of that number stands."""
        array = 0
        while number >= self.sizes[array]:
            number -= self.sizes[array]
            array += 1
        return array, tuple(
            int(i) for i in np.unravel_index(number, tuple(self.parameters[array].shape))
        )

    def difference(self, number: int) -> float:
        """Return the central difference of the loss with respect to one parameter: two passes."""
        array, where = self.place(number)
        parameter = self.parameters[array]
        with self.engine.no_grad():
            before = float(parameter[where].item())
            parameter[where] = before + STEP
            above = float(self.loss().item())
            parameter[where] = before - STEP
            below = float(self.loss().item())
            parameter[where] = before
        return (above - below) / (2 * STEP)

    def backward_gradient(self) -> np.ndarray:
        """Return the gradient by a backward pass, shape (P,)."""
        self.gradient()
        return np.concatenate(
            [np.asarray(self.engine.to_numpy(p.grad)).ravel() for p in self.parameters]
        )


def seconds(work: Callable[[], Any], least: float) -> float:
    """Repeat ``work`` for at least ``least`` seconds and return the mean time of one."""
    start, done = time.process_time(), 0
    while True:
        work()
        done += 1
        passed = time.process_time() - start
        if passed >= least:
            return passed / done


def visit(contender: Contender, least: float) -> list[float]:
    """Time a forward pass, a recorded one, a backward pass, and one parameter's finite difference, close together."""
    forward = seconds(contender.value, least)
    pairs: list[tuple[float, float]] = []
    while not pairs or sum(map(sum, pairs)) < least:
        pairs.append(contender.gradient())
    recorded, backward = np.mean(pairs, axis=0)
    number = int(contender.generator.integers(contender.count))
    return [
        forward,
        float(recorded),
        float(backward),
        seconds(lambda: contender.difference(number), least),
    ]


def network(make: Callable[[str], Any], width: int, depth: int) -> tuple[Any, Any]:
    """Return a tanh network's output, from whatever kind of number ``make`` gives, and its very first weight."""
    layer, first = [make(f"x{i}") for i in range(width)], None
    for number in range(depth):
        weights = [[make(f"w{number}_{i}_{j}") for j in range(width)] for i in range(width)]
        first = weights[0][0] if first is None else first
        layer = [sum((w * h for w, h in zip(row, layer, strict=True)), 0).tanh() for row in weights]  # type: ignore[union-attr]
    return sum(layer), first


def swell(width: int, depth: int) -> list[int]:
    """Count operations: the network, its derivative's formula written out and with parts shared, reverse mode's."""
    formula, weight = network(variable, width, depth)
    closed = derivative(formula, weight)
    recorded, _ = network(lambda name: Value(0.1), width, depth)
    steps = sum(len(v.parents) for v in history(value(recorded)))
    return [
        operations_shared(formula),
        operations_written(closed),
        operations_shared(closed),
        steps,
    ]


def slope(x: np.ndarray, y: np.ndarray) -> float:
    """Return the least-squares slope of log y against log x."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def run(config: Config, seed: int) -> dict[str, float | list]:
    generator = np.random.default_rng(seed)
    contenders = {
        (name, i): Contender(engines.get(name), width, config.batch, generator)
        for name in ENGINES
        for i, width in enumerate(config.widths)
    }
    counts = np.array([contenders["numpy", i].count for i in range(len(config.widths))])
    for contender in contenders.values():  # warm up
        visit(contender, 0.0)
    keys = list(contenders)
    times = np.zeros((len(ENGINES), len(counts), config.visits, 4))
    for number in range(config.visits):
        for index in generator.permutation(len(contenders)):
            name, i = keys[index]
            times[ENGINES.index(name), i, number] = visit(contenders[name, i], config.least_seconds)

    forward, recorded, backward, perturbed = np.moveaxis(times, -1, 0)
    result: dict[str, float | list] = {"parameters": counts.tolist()}
    for engine, name in enumerate(ENGINES):
        gradient = np.median((recorded + backward)[engine] / forward[engine], axis=1)
        share = np.median(perturbed[engine] / forward[engine], axis=1)
        result |= {
            f"{name}_forward_seconds": np.median(forward[engine], axis=1).tolist(),
            f"{name}_gradient_ratio": gradient.tolist(),
            f"{name}_backward_ratio": np.median(
                backward[engine] / forward[engine], axis=1
            ).tolist(),
            f"{name}_share_ratio": share.tolist(),  # one parameter's two passes ÷ one forward pass
            f"{name}_gradient_slope": slope(counts, gradient),
            f"{name}_differences_slope": slope(counts, share * counts),
        }
    small = [contenders["numpy", i] for i, count in enumerate(counts) if count <= config.full_up_to]
    full, errors = [], []
    for contender in small:
        start = time.process_time()
        differences = np.array([contender.difference(number) for number in range(contender.count)])
        took = time.process_time() - start
        full.append(took / seconds(contender.value, 10 * config.least_seconds))
        exact = contender.backward_gradient()
        errors.append(float(np.linalg.norm(differences - exact) / np.linalg.norm(exact)))
    result |= {"full_ratio": full, "full_error": errors}
    counted = np.array([swell(config.width, depth) for depth in config.depths])
    for column, what in enumerate(("network", "written", "shared", "reverse")):
        result[f"operations_{what}"] = counted[:, column].tolist()
    return result


def criterion(metrics: Metrics) -> Verdict:
    ratios = {name: np.median(metrics[f"{name}_gradient_ratio"], axis=0) for name in ENGINES}
    flat = {name: float(np.median(metrics[f"{name}_gradient_slope"])) for name in ENGINES}
    steep = {name: float(np.median(metrics[f"{name}_differences_slope"])) for name in ENGINES}
    worst = {name: float(values.max()) for name, values in ratios.items()}
    written, reverse = metrics["operations_written"][0], metrics["operations_reverse"][0]
    factors = written[1:] / written[:-1]
    swells = bool((factors >= 2).all()) and bool((np.diff(reverse, 2) == 0).all())
    counts = metrics["parameters"][0]
    headline = (
        f"from {counts[0]:,.0f} to {counts[-1]:,.0f} parameters loss and gradient cost at most {worst['numpy']:.1f} "
        f"forward passes (PyTorch {worst['torch']:.1f}); finite differences cost grows as "
        f"P^{steep['numpy']:.2f}; a layer more multiplies the written-out derivative by {factors[-1]:.1f}"
    )
    differ = all(abs(value - 1) <= SLOPE for value in steep.values())
    ours = worst["numpy"] <= BOUND and flat["numpy"] <= FLAT
    theirs = worst["torch"] <= BOUND and flat["torch"] <= FLAT
    if ours and theirs and differ and swells:
        return Verdict("holds", headline)
    return Verdict(
        "holds partly" if differ and swells and (ours or theirs) else "does not hold", headline
    )


EXPERIMENT = Experiment(
    id="B1",
    chapter="learning/automatic-differentiation",
    claim="Back-propagation applies the chain rule from the output to the input; a derivative in closed form becomes "
    "impossible as the network grows.",
    criterion_text=(
        "medians over 5 seeds, networks with 10² to 10⁶ parameters P: holds if, on our engine and on PyTorch, loss and "
        "gradient together take at most 5 times as long as the loss alone at every size, this ratio does not grow "
        "(slope of its logarithm against log P at most 0.1), the cost of central differences grows in proportion to P "
        "(slope 1 ± 0.2), and the written-out derivative of a small network by one weight at least doubles with "
        "each layer while the steps of reverse mode grow by the same number; holds partly if the first two fail for "
        "one of the engines; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=60,
    exclusive=True,
)
