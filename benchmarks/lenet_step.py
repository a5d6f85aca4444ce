"""A training step of LeNet-5 as it is built today (ReLU, maximum pooling) on a batch of 128 images."""

from collections.abc import Callable
from typing import Any

import numpy as np

from contender import training_step

WHAT = "LeNet-5 with ReLU and maximum pooling, batch 128, float32: forward + backward + SGD step"
TARGET = 1.0  # the engine's time ÷ PyTorch's, stated before measuring
MEMORY = 0.5  # and its peak memory ÷ PyTorch's
WARM_UP, STEPS = 30, 150
BATCH, RATE = 128, 0.1
SHAPES = {  # of the weights, with names as in the network
    "0": (6, 1, 5, 5), "3": (16, 6, 5, 5), "7": (120, 400), "9": (84, 120), "11": (10, 84),
}  # fmt: skip


def start() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return images (128, 1, 28, 28), labels (128,), and the weights and biases to begin with."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((BATCH, 1, 28, 28), np.float32)
    labels = generator.integers(0, 10, BATCH)
    state = {}
    for name, shape in SHAPES.items():
        bound = np.prod(shape[1:]) ** -0.5
        for kind, size in (("weight", shape), ("bias", shape[:1])):
            state[f"{name}.{kind}"] = generator.uniform(-bound, bound, size).astype(np.float32)
    return x, labels, state


def of_engine(name: str) -> Callable[[], float]:
    """Return the training step on an engine."""
    from deeplearning.models.lenet import lenet5

    def make(nn: Any) -> Any:
        return lenet5("relu", "max", nn=nn)

    x, labels, state = start()
    return training_step(name, make, state, x, labels, RATE)


CONTENDERS = {"engine": lambda: of_engine("numpy"), "torch": lambda: of_engine("torch")}
