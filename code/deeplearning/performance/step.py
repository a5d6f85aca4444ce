"""A training step of a multi-layer perceptron taken apart: products, element-wise work, the update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from deeplearning.autograd.memory import empty
from deeplearning.performance.layers import FLOAT, products_of_step
from deeplearning.performance.roofline import Work


@dataclass(frozen=True)
class Part:
    """One kind of work in the step.

    Args:
        work: its operations, and the bytes that its array operations read and write.
        run: does it once.
    """

    work: Work
    run: Callable[[], Any]


class Step:
    """Forward, backward and plain gradient descent of D₀-D₁-…-K with ReLU and cross-entropy, float32.

    The parts work on the same arrays, which keep their places. A part alone computes nothing sensible, but takes the
    time that it takes in the step; a rate near 0 keeps the numbers where they are, however often a part is repeated.

    Args:
        sizes: D₀, …, K.
        batch: B.
        seed: of weights and data.
        rate: the learning rate.
    """

    def __init__(
        self, sizes: Sequence[int] = (784, 256, 128, 10), batch: int = 128, seed: int = 0,
        rate: float = 0.1,
    ) -> None:  # fmt: skip
        draw = np.random.default_rng(seed)
        self.sizes, self.batch, self.rate = tuple(sizes), batch, np.float32(rate)
        self.labels, self.samples = draw.integers(0, sizes[-1], batch), np.arange(batch)
        self.weights, self.biases, self.steps, self.bias_steps = [], [], [], []
        self.z, self.delta, self.positive = [empty((batch, sizes[0]), np.float32)], [], []
        self.z[0][...] = draw.standard_normal((batch, sizes[0]), np.float32)
        for inputs, outputs in pairwise(sizes):
            weight, step = (empty((inputs, outputs), np.float32) for _ in range(2))
            weight[...] = draw.uniform(-1, 1, weight.shape) * inputs**-0.5
            self.weights.append(weight)
            self.steps.append(step)
            self.biases.append(np.zeros(outputs, np.float32))
            self.bias_steps.append(np.zeros(outputs, np.float32))
            self.z.append(empty((batch, outputs), np.float32))
            self.delta.append(np.zeros((batch, outputs), np.float32))
            self.positive.append(np.empty((batch, outputs), bool))
        self.last = len(self.weights) - 1
        self.loss = 0.0
        self.run()  # so that every array holds sensible numbers before a part is timed

    def forward_product(self, layer: int) -> None:
        """Z = H W."""
        np.matmul(self.z[layer], self.weights[layer], out=self.z[layer + 1])

    def activate(self, layer: int) -> None:
        """H = relu(Z + b), in place; the last layer has no activation."""
        z = self.z[layer + 1]
        np.add(z, self.biases[layer], out=z)
        if layer < self.last:
            np.maximum(z, 0, out=z)

    def differentiate_loss(self) -> None:
        """The softmax's cross-entropy, and its gradient times the learning rate."""
        z, delta = self.z[-1], self.delta[-1]
        np.subtract(z, z.max(axis=1, keepdims=True), out=z)
        chosen = z[self.samples, self.labels]
        np.exp(z, out=delta)
        total = delta.sum(axis=1)
        self.loss = float((np.log(total) - chosen).mean())
        np.divide(delta, total[:, None], out=delta)
        delta[self.samples, self.labels] -= 1
        np.multiply(delta, self.rate / self.batch, out=delta)

    def weight_product(self, layer: int) -> None:
        """Hᵀ Δ, the weights' step."""
        np.matmul(self.z[layer].T, self.delta[layer], out=self.steps[layer])

    def input_product(self, layer: int) -> None:
        """Δ Wᵀ, the gradient of the layer's input."""
        np.matmul(self.delta[layer], self.weights[layer].T, out=self.delta[layer - 1])

    def pass_activation(self, layer: int) -> None:
        """The gradient through the ReLU below the layer."""
        mask, delta = self.positive[layer - 1], self.delta[layer - 1]
        np.greater(self.z[layer], 0, out=mask)
        np.multiply(delta, mask, out=delta)

    def bias_sum(self, layer: int) -> None:
        """The biases' step."""
        np.sum(self.delta[layer], axis=0, out=self.bias_steps[layer])

    def descend(self, layer: int) -> None:
        """Subtract the steps."""
        np.subtract(self.weights[layer], self.steps[layer], out=self.weights[layer])
        np.subtract(self.biases[layer], self.bias_steps[layer], out=self.biases[layer])

    def run(self) -> float:
        """Take one step, and return the loss before it."""
        layers = range(self.last + 1)
        for layer in layers:
            self.forward_product(layer)
            self.activate(layer)
        self.differentiate_loss()
        for layer in reversed(layers):
            self.weight_product(layer)
            self.bias_sum(layer)
            if layer:
                self.input_product(layer)
                self.pass_activation(layer)
            self.descend(layer)
        return self.loss

    def products(self) -> None:
        """All matrix products of the step."""
        for layer in range(self.last + 1):
            self.forward_product(layer)
        for layer in reversed(range(self.last + 1)):
            self.weight_product(layer)
            if layer:
                self.input_product(layer)

    def element_wise(self) -> None:
        """All work on single elements: biases, ReLU and back through it, the loss, the biases' sums."""
        for layer in range(self.last + 1):
            self.activate(layer)
        self.differentiate_loss()
        for layer in reversed(range(self.last + 1)):
            self.bias_sum(layer)
            if layer:
                self.pass_activation(layer)

    def update(self) -> None:
        """The step along the gradient."""
        for layer in range(self.last + 1):
            self.descend(layer)

    def parts(self) -> dict[str, Part]:
        """Return the step's three kinds of work."""
        pairs = list(pairwise(self.sizes))
        hidden = self.batch * sum(self.sizes[1:-1])
        scores = self.batch * self.sizes[-1]
        parameters = sum((inputs + 1) * outputs for inputs, outputs in pairs)
        read = sum(
            3 * (self.batch * (inputs + outputs) + inputs * outputs) for inputs, outputs in pairs
        )
        first = self.batch * sum(pairs[0]) + pairs[0][0] * pairs[0][1]
        # Floats of a hidden unit: the bias 2, ReLU 2, comparing 1, masking 2, the bias's sum 1. The mask is of bytes.
        moved = FLOAT * (8 * hidden + 13 * scores) + 2 * hidden
        arithmetic = products_of_step(self.batch, self.sizes)
        return {
            "matrix products": Part(Work(arithmetic, float(FLOAT * (read - first))), self.products),
            "element-wise": Part(
                Work(float(5 * hidden + 8 * scores), float(moved)), self.element_wise
            ),
            "update": Part(Work(float(parameters), float(3 * FLOAT * parameters)), self.update),
        }
