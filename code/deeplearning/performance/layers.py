"""Operations and bytes of the book's layers, and the layers themselves, ready to be timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from deeplearning import nn
from deeplearning.autograd import from_numpy, no_grad
from deeplearning.nn import functional as F
from deeplearning.performance.roofline import Work

FLOAT = 4
"""Bytes of a float32."""


def linear(batch: int, inputs: int, outputs: int, size: int = FLOAT) -> Work:
    r"""Work of Y = XWᵀ: one multiplication and one addition for each weight and sample.

    .. math:: F = 2BDm, \qquad Q = s(BD + Dm + Bm)

    Args:
        batch, inputs, outputs: B, D, m.
        size: bytes of a number, s.

    >>> round(linear(1, 4096, 4096).intensity, 3), round(linear(256, 4096, 4096).intensity)
    (0.5, 114)
    """
    numbers = batch * inputs + inputs * outputs + batch * outputs
    return Work(2.0 * batch * inputs * outputs, float(size * numbers))


def elementwise(
    numbers: int, operations: int = 1, reads: int = 1, writes: int = 1, size: int = FLOAT
) -> Work:
    """Work of a function of single elements, such as ReLU: whole arrays come in and go out.

    >>> elementwise(1000).intensity
    0.125
    """
    return Work(float(operations * numbers), float(size * (reads + writes) * numbers))


def softmax(rows: int, columns: int, size: int = FLOAT) -> Work:
    """Work of a softmax along rows: maximum, subtraction, exponential, sum, division; read once, written once.

    >>> softmax(10, 100).intensity
    0.625
    """
    return elementwise(rows * columns, operations=5, size=size)


def convolution(
    batch: int,
    channels: int,
    height: int,
    width: int,
    outputs: int,
    kernel: int,
    padding: int = 0,
    size: int = FLOAT,
) -> Work:
    r"""Work of a convolution with square kernels and stride 1.

    .. math:: F = 2NKP\,CR^2, \qquad Q = s(NCHW + KCR^2 + NKP)

    Args:
        batch, channels, height, width: N, C, H, W of the input.
        outputs, kernel: K output channels, kernels of R × R; each output channel has P pixels.
        padding: zeros on every side; they need not be read.
        size: bytes of a number, s.

    >>> work = convolution(8, 64, 28, 28, 64, 3, padding=1)
    >>> work.operations == 2 * 8 * 64 * 28 * 28 * 64 * 9
    True
    """
    pixels = (height + 2 * padding - kernel + 1) * (width + 2 * padding - kernel + 1)
    taps = channels * kernel * kernel
    numbers = batch * channels * height * width + outputs * taps + batch * outputs * pixels
    return Work(2.0 * batch * outputs * pixels * taps, float(size * numbers))


def products_of_step(batch: int, sizes: Sequence[int]) -> float:
    r"""Operations of all matrix products in one training step of a multi-layer perceptron.

    Each layer needs its output, the gradient of its weights and, but for the first, the gradient of its input, each
    as dear as the other: :math:`F = 2B(3\sum_l D_{l-1}D_l - D_0D_1)`.

    >>> products_of_step(1, [3, 2])
    24.0
    """
    weights = [inputs * outputs for inputs, outputs in pairwise(sizes)]
    return 2.0 * batch * (3 * sum(weights) - weights[0])


@dataclass(frozen=True)
class Layer:
    """A layer on data: its name, its least work, and what runs it once."""

    name: str
    work: Work
    run: Callable[[], Any]


def suite(
    width: int = 4096, batches: Sequence[int] = (1, 4, 16, 64, 256), rows: int = 2048, seed: int = 0
) -> list[Layer]:
    """Return the book's own layers on random data: Linear at several batch sizes, ReLU and softmax of one matrix.

    Args:
        width: inputs and outputs of Linear, columns of the matrix.
        batches: batch sizes.
        rows: rows of the matrix.
        seed: of the data.

    >>> [layer.name for layer in suite(8, (1, 2), 4)]
    ['Linear, B = 1', 'Linear, B = 2', 'ReLU', 'softmax']
    """
    draw = np.random.default_rng(seed)
    module = nn.Linear(width, width)
    matrix = from_numpy(draw.standard_normal((rows, width), np.float32))

    def forward(function: Callable[[Any], Any], x: Any) -> Callable[[], Any]:
        def run() -> Any:
            with no_grad():
                return function(x).data

        return run

    found = []
    for batch in batches:
        x = from_numpy(draw.standard_normal((batch, width), np.float32))
        found.append(Layer(f"Linear, B = {batch}", linear(batch, width, width), forward(module, x)))
    found.append(Layer("ReLU", elementwise(rows * width), forward(F.relu, matrix)))
    found.append(Layer("softmax", softmax(rows, width), forward(lambda x: F.softmax(x, 1), matrix)))
    return found
