"""B5: is the delta recurrence the same as automatic differentiation, to rounding?

Networks of random shape (2 to 8 layers, 1 to 64 units each, four activations, batches of 1 to 64, weights scaled by a
random gain) get their gradients three times: by the recurrence of `models/backprop.py`, by this book's engine and by
PyTorch, each with a forward pass of its own, in float64 and in float32, on the same numbers.

The difference of two gradients of one weight or bias array is the largest absolute difference of their elements over
the largest absolute element, in machine epsilons of the dtype. A network's number is the largest over its arrays.

The limit of 1,000 epsilons was set before the run, as the size of the worst case to first order: a sum of n terms can
lose n epsilons, and up to 8 layers of sums of up to 64 terms, forward and backward, make 8 · 64 · 2 ≈ 1,000. Two more
conditions make sure that "small" means "rounding". A formula that is wrong by little would be wrong by the same amount
in both precisions, so the differences must shrink with the epsilon (by 5.4 · 10⁸ from float32 to float64). And the
measure must see errors: a recurrence that forgets φ' in one layer must exceed the limit (not with the identity, whose
φ' is 1).

At ReLU's kink the derivative jumps, and rounding can put a unit on different sides in two engines. Such networks
are counted apart.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from deeplearning.autograd import Tensor
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models.backprop import (
    ACTIVATIONS,
    Parameters,
    backward,
    forward,
    initialise,
    output_delta,
)
from deeplearning.nn import functional as F

LIMIT = 1000.0
DTYPES = {"float64": np.float64, "float32": np.float32}
REFERENCES = ("engine", "torch")


@dataclass(frozen=True)
class Config:
    networks: int = 200
    most_layers: int = 8
    most_units: int = 64
    most_samples: int = 64
    gains: tuple[float, ...] = (
        1.0,
        1.7,
        3.0,
    )  # on U(−1/√n, 1/√n): PyTorch's default, constant variance, larger

    @classmethod
    def smoke(cls) -> "Config":
        return cls(networks=8, most_layers=3, most_units=8, most_samples=8)


def epsilons(gradients: Parameters, reference: Parameters) -> float:
    """Return the largest difference over the arrays, each relative to its largest element, in machine epsilons."""
    worst = 0.0
    for layer, pair in gradients.items():
        for array, other in zip(pair, reference[layer], strict=True):
            gap = float(np.abs(array - other).max())
            if gap:
                scale = max(float(np.abs(other).max()), float(np.finfo(array.dtype).tiny))
                worst = max(worst, gap / scale / float(np.finfo(array.dtype).eps))
    return worst


def automatic(
    parameters: Parameters, x: np.ndarray, y: np.ndarray, activation: str, engine: str
) -> tuple[Parameters, list[np.ndarray]]:
    """Return the gradient of the mean cross-entropy that an engine finds by itself, and the hidden Z it computed."""

    def tensor(array: np.ndarray) -> Any:
        return torch.tensor(array) if engine == "torch" else Tensor(array)

    functional: Any = torch.nn.functional if engine == "torch" else F
    leaves = {
        layer: tuple(tensor(array).requires_grad_() for array in pair)
        for layer, pair in parameters.items()
    }
    h, hidden = tensor(x), []
    for layer, (weight, bias) in leaves.items():
        h = functional.linear(h, weight, bias)
        if layer < len(leaves):
            hidden.append(np.array(h.detach().numpy()))
            h = h if activation == "identity" else getattr(h, activation)()
    functional.cross_entropy(h, torch.tensor(y) if engine == "torch" else y).backward()
    return {layer: (w.grad.numpy(), b.grad.numpy()) for layer, (w, b) in leaves.items()}, hidden


def forgetful(
    parameters: Parameters, x: np.ndarray, y: np.ndarray, activation: str, forgets: int
) -> Parameters:
    """Return the gradient by a recurrence that forgets φ' at layer ``forgets``: the planted error."""
    _, phi_prime = ACTIVATIONS[activation]
    z, h, _ = forward(parameters, x, activation)
    delta = output_delta(h[len(parameters)], y)
    gradients = {}
    for layer in range(len(parameters), 0, -1):
        gradients[layer] = delta.T @ h[layer - 1] / len(y), delta.sum(axis=0) / len(y)
        if layer > 1:
            delta = delta @ parameters[layer][0]
            if layer - 1 != forgets:
                delta = delta * phi_prime(z[layer - 1])
    return gradients


def run(config: Config, seed: int) -> dict[str, float | list]:
    generator = np.random.default_rng(seed)
    result: dict[str, list] = {
        "layers": [],
        "parameters": [],
        "activation": [],
        "planted_float64": [],
    }
    for dtype in DTYPES:
        result |= {f"{reference}_{dtype}": [] for reference in REFERENCES} | {f"kink_{dtype}": []}
    for _ in range(config.networks):
        layers = int(generator.integers(2, config.most_layers + 1))
        sizes = [*generator.integers(1, config.most_units + 1, layers).tolist()]
        sizes.append(int(generator.integers(2, config.most_units + 1)))  # at least two classes
        number = int(generator.integers(len(ACTIVATIONS)))
        activation = tuple(ACTIVATIONS)[number]
        gain = float(generator.choice(config.gains))
        samples = int(generator.integers(1, config.most_samples + 1))
        x32 = generator.standard_normal((samples, sizes[0])).astype(np.float32)
        y = generator.integers(0, sizes[-1], samples)
        drawn = initialise(sizes, generator, np.float32)
        forgets = int(generator.integers(1, layers))
        for dtype, kind in DTYPES.items():
            parameters = {
                layer: ((gain * w).astype(kind), b.astype(kind)) for layer, (w, b) in drawn.items()
            }
            x = x32.astype(kind)
            activations = forward(parameters, x, activation)
            by_hand = backward(parameters, activations, y)
            kink = False
            for reference in REFERENCES:
                gradients, hidden = automatic(parameters, x, y, activation, reference)
                result[f"{reference}_{dtype}"].append(epsilons(by_hand, gradients))
                if activation == "relu":
                    kink |= any(
                        ((activations.z[i + 1] > 0) != (z > 0)).any() for i, z in enumerate(hidden)
                    )
            result[f"kink_{dtype}"].append(float(kink))
            if dtype == "float64":
                wrong = forgetful(parameters, x, y, activation, forgets)
                result["planted_float64"].append(epsilons(wrong, by_hand))
        result["layers"].append(layers)
        result["parameters"].append(sum(w.size + b.size for w, b in drawn.values()))
        result["activation"].append(number)
    ratio = np.median(np.array(result["torch_float32"])) / np.median(
        np.array(result["torch_float64"])
    )
    return {**result, "ratio_of_medians": float(ratio)}


def worst_by_network(metrics: Metrics) -> np.ndarray:
    """Return each network's largest difference, both references and dtypes; kinked ones are left out: (M,)."""
    values = []
    for dtype in DTYPES:
        clean = np.asarray(metrics[f"kink_{dtype}"]) == 0
        values += [
            np.where(clean, np.asarray(metrics[f"{reference}_{dtype}"]), 0.0)
            for reference in REFERENCES
        ]
    return np.max(values, axis=0).ravel()


def criterion(metrics: Metrics) -> Verdict:
    worst = worst_by_network(metrics)
    kinked = np.maximum(metrics["kink_float64"], metrics["kink_float32"]).mean()
    bent = np.asarray(metrics["activation"]) != tuple(ACTIVATIONS).index("identity")
    seen = float((np.asarray(metrics["planted_float64"])[bent] > LIMIT).mean())
    ratio = float(metrics.mean("ratio_of_medians"))
    within = float((worst <= LIMIT).mean())
    headline = (
        f"largest difference over {worst.size:,} networks {worst.max():.0f} epsilons, median {np.median(worst):.1f}; "
        f"float32 and float64 differ by the same number of epsilons to a factor of {ratio:.2f}; the planted error "
        f"exceeds the limit in {seen:.1%} of networks; {kinked:.1%} of networks at a kink"
    )
    rounding = 0.25 <= ratio <= 4 and seen >= 0.95 and kinked <= 0.01
    if rounding and within == 1:
        return Verdict("holds", headline)
    return Verdict("holds partly" if rounding and within >= 0.99 else "does not hold", headline)


EXPERIMENT = Experiment(
    id="B5",
    chapter="learning/backpropagation-by-hand",
    claim="Error spreads like a recurrence from the output layer to the input layer: the delta recurrence equals "
    "automatic differentiation to rounding.",
    criterion_text=(
        "over 5 times 200 random networks, against our engine and PyTorch, in float64 and float32: holds if every "
        "difference of a gradient array, relative to its largest element, is at most 1,000 machine epsilons of the "
        "dtype, the median difference in epsilons is the same in both dtypes to a factor of 4, a planted error (φ' "
        "forgotten in one layer) exceeds 1,000 epsilons in at least 95 % of the networks with a φ' other than 1, and "
        "at most 1 % of networks are left out because rounding put a ReLU unit on different sides of its kink; holds "
        "partly if only the first fails, in at most 1 % of networks; else does not hold"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=15,
)
