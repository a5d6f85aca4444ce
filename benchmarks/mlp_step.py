"""Training steps of an MLP 784-256-128-10 on batches of 128: forward, backward, one step of plain SGD."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from contender import training_step

WHAT = "MLP 784-256-128-10, batch 128, float32: forward + backward + SGD step"
TARGET = 1.0  # the engine's time ÷ PyTorch's, stated before measuring
MEMORY = 1.0  # and its peak memory ÷ PyTorch's
WARM_UP, STEPS = 50, 300
SIZES = (784, 256, 128, 10)
BATCH, RATE = 128, 0.1


def start() -> tuple[np.ndarray, np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Return inputs (128, 784), labels (128,), and each layer's weight (out, in) and bias (out,)."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((BATCH, SIZES[0]), np.float32)
    labels = generator.integers(0, SIZES[-1], BATCH)
    layers = []
    for inputs, outputs in pairwise(SIZES):
        bound = inputs**-0.5
        weight = generator.uniform(-bound, bound, (outputs, inputs)).astype(np.float32)
        layers.append((weight, generator.uniform(-bound, bound, outputs).astype(np.float32)))
    return x, labels, layers


def of_engine(name: str) -> Callable[[], float]:
    """Return the training step of the book's one definition of the network, on an engine."""
    from deeplearning import models

    def make(nn: Any) -> Any:
        return models.mlp(SIZES, nn=nn)

    x, labels, layers = start()
    state = {}
    for i, (weight, bias) in enumerate(layers):  # activations take every second place
        state |= {f"{2 * i}.weight": weight, f"{2 * i}.bias": bias}
    return training_step(name, make, state, x, labels, RATE)


def bare() -> Callable[[], float]:
    """Return the same step written out by hand in NumPy, with no engine: what an engine's generality is measured by."""
    x, labels, layers = start()
    weights = [np.ascontiguousarray(weight.T) for weight, _ in layers]  # (in, out)
    biases = [bias for _, bias in layers]
    samples = np.arange(BATCH)

    def step() -> float:
        outputs = [x]
        for weight, bias in zip(weights, biases, strict=True):
            z = outputs[-1] @ weight
            z += bias
            outputs.append(np.maximum(z, 0, out=z) if weight is not weights[-1] else z)
        z = outputs.pop()
        z -= z.max(axis=1, keepdims=True)
        chosen = z[samples, labels]
        np.exp(z, out=z)
        total = z.sum(axis=1)
        loss = float((np.log(total) - chosen).mean())
        z /= total[:, None]
        z[samples, labels] -= 1
        z *= RATE / BATCH  # the learning rate folded in: gradients arrive as steps
        for i in reversed(range(len(weights))):
            step_weight, step_bias = outputs[i].T @ z, z.sum(axis=0)
            if i:
                z = z @ weights[i].T
                z *= outputs[i] > 0
            weights[i] -= step_weight
            biases[i] -= step_bias
        return loss

    return step


CONTENDERS = {
    "engine": lambda: of_engine("numpy"),
    "torch": lambda: of_engine("torch"),
    "bare": bare,
}
