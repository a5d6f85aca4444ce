"""One wide convolution, forward and backward: 64 channels to 64, 3 × 3, on 32 images of 28 × 28."""

from collections.abc import Callable

import numpy as np

WHAT = "convolution 64 → 64, 3 × 3, padding 1, on 32 images of 28 × 28, float32: forward + backward"
TARGET = 1.6  # the engine's time ÷ PyTorch's, stated before measuring
MEMORY = 0.5  # and its peak memory ÷ PyTorch's
WARM_UP, STEPS = 10, 40
SHAPE, CHANNELS = (32, 64, 28, 28), 64


def of_engine(name: str) -> Callable[[], float]:
    """Return a step on an engine: the result, and the gradients of input, weight and bias for a given dy."""
    from deeplearning import engines

    generator = np.random.default_rng(0)
    x, dy = (generator.standard_normal(SHAPE, np.float32) for _ in range(2))
    bound = (9 * CHANNELS) ** -0.5
    weight = generator.uniform(-bound, bound, (CHANNELS, CHANNELS, 3, 3)).astype(np.float32)
    engine = engines.get(name)
    layer = engine.nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
    engine.load(layer, {"weight": weight, "bias": weight[:, 0, 0, 0]})
    inputs, gradient = engine.tensor(x).requires_grad_(), engine.tensor(dy)

    def step() -> float:
        layer.weight.grad = layer.bias.grad = inputs.grad = None
        y = layer(inputs)
        y.backward(gradient)
        few = (
            y[1, 2, 3, 4],
            inputs.grad[31, 2, 27, 4],
            layer.weight.grad[1, 2, 1, 0],
            layer.bias.grad[3],
        )
        return sum(value.item() for value in few)  # depends on everything that was computed

    return step


CONTENDERS = {"engine": lambda: of_engine("numpy"), "torch": lambda: of_engine("torch")}
