"""LeNet-5 as it was published in 1998, part by part, written once for every engine."""

from functools import cache
from typing import Any

import numpy as np

from deeplearning import nn as own_nn
from deeplearning.autograd import Tensor

# Which of the six maps of S2 each of the sixteen maps of C3 reads; Table I of the paper.
CONNECTIONS = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip
OUTPUTS = ("rbf", "linear")
PAPER, INK = -0.1, 1.175  # the two ends of the grey scale: mean about 0, variance about 1
SIDE = 32


def as_published(images: np.ndarray) -> np.ndarray:
    """Prepare images in [0, 1] as the paper does: a margin of two pixels, paper at −0.1 and ink at 1.175.

    Images (N, 28, 28) or (N, 1, 28, 28), result (N, 1, 32, 32) of the same dtype. ``ValueError`` for other arrays.

    >>> as_published(np.ones((2, 28, 28), np.float32))[0, 0, 0, :].min()
    np.float32(-0.1)
    """
    side = SIDE - 4
    if images.shape[1:] not in ((side, side), (1, side, side)) or images.dtype.kind != "f":
        raise ValueError(
            f"as_published: images of shape {images.shape} and {images.dtype}; give (N, 28, 28) floats in [0, 1]"
        )
    padded = np.pad(images.reshape(-1, 1, side, side), ((0, 0), (0, 0), (2, 2), (2, 2)))
    return (padded * (INK - PAPER) + PAPER).astype(images.dtype)


def codes(classes: int = 10) -> np.ndarray:
    """Make ±1 codes of 84 numbers for the output units, (classes, 84): any two differ in exactly 42 places.

    Rows of the Hadamard matrix of order 84 that the squares modulo the prime 83 give (Paley's construction). The paper
    took small pictures of printed characters, 7 × 12 pixels, so that similar characters get similar codes; for ten
    digits alone that plays no part. ``ValueError`` for more than 84 classes.

    >>> matrix = codes()
    >>> matrix.shape, int((matrix[3] != matrix[8]).sum())
    ((10, 84), 42)
    """
    prime = 83
    if not 1 <= classes <= prime + 1:
        raise ValueError(f"codes: {classes} classes; give 1 to {prime + 1}")
    squares = {number * number % prime for number in range(1, prime)}
    character = np.array([0] + [1 if number in squares else -1 for number in range(1, prime)])
    matrix = np.ones((prime + 1, prime + 1))
    matrix[1:, 0] = -1
    rows = np.arange(prime)
    matrix[1:, 1:] = character[(rows - rows[:, None]) % prime] + np.eye(prime)
    return matrix[:classes].astype(np.float32)


@cache
def scaled_tanh(nn: Any = own_nn) -> Any:
    r"""Return the class ``ScaledTanh``: :math:`f(a) = 1.7159 \tanh(\tfrac23 a)`, with f(1) = 1 and f(−1) = −1.

    Targets of ±1 so lie where the curve bends most, and not at its ends, where nothing can be learned
    :cite:`lecun1998`. Input and output have one shape.

    >>> from deeplearning.autograd import ones
    >>> round(scaled_tanh()()(ones(1)).item(), 3)
    1.0
    """

    class ScaledTanh(nn.Module):
        def forward(self, a: Any) -> Any:
            return 1.7159 * (a * (2 / 3)).tanh()

    return ScaledTanh


@cache
def subsampling(nn: Any = own_nn) -> Any:
    r"""Return the class ``Subsampling``: pooling with two trainable numbers a map.

    :math:`y = f(w\,(x_{11} + x_{12} + x_{21} + x_{22}) + b)` over squares of 2 × 2 that do not overlap, f the scaled
    tanh: with a small w the unit averages, with a large one it says whether anything was there :cite:`lecun1998`.
    ``Subsampling(maps)`` takes (N, maps, H, W) to (N, maps, H/2, W/2); w starts at ¼, the average, and b at 0.

    >>> from deeplearning.autograd import ones
    >>> layer = subsampling()(6)
    >>> layer(ones(2, 6, 28, 28)).shape, sum(p.size for p in layer.parameters())
    ((2, 6, 14, 14), 12)
    """

    class Subsampling(nn.Module):
        def __init__(self, maps: int) -> None:
            super().__init__()
            self.average = nn.AvgPool2d(2)
            self.weight = nn.Parameter(_tensor(np.full((maps, 1, 1), 0.25, np.float32), nn))
            self.bias = nn.Parameter(_tensor(np.zeros((maps, 1, 1), np.float32), nn))
            self.squash = scaled_tanh(nn)()

        def forward(self, x: Any) -> Any:
            return self.squash(self.weight * (self.average(x) * 4.0) + self.bias)

    return Subsampling


@cache
def connected_convolution(nn: Any = own_nn) -> Any:
    r"""Return the class ``ConnectedConv2d``: a convolution whose maps read some of the input maps, by a table.

    One kernel :math:`K_j` for each cross of the table: a product with a constant matrix of 0 and 1 puts them where they
    belong in a kernel (maps, inputs, k, k) that is 0 elsewhere, and the rest is an ordinary convolution.
    ``ConnectedConv2d(inputs, table, kernel_size)`` takes (N, inputs, H, W) to (N, len(table), H − k + 1, W − k + 1).

    >>> layer = connected_convolution()(6, CONNECTIONS, 5)
    >>> sum(p.size for p in layer.parameters())  # 60 kernels of 25, and 16 biases
    1516
    """

    class ConnectedConv2d(nn.Module):
        def __init__(
            self, inputs: int, table: tuple[tuple[int, ...], ...], kernel_size: int
        ) -> None:
            super().__init__()
            crosses = [(out, read) for out, reads in enumerate(table) for read in reads]
            place = np.zeros((len(table) * inputs, len(crosses)), np.float32)
            for number, (out, read) in enumerate(crosses):
                place[out * inputs + read, number] = 1
            self.shape = (len(table), inputs, kernel_size, kernel_size)
            self.register_buffer("place", _tensor(place, nn))
            kernels = np.zeros((len(crosses), kernel_size**2), np.float32)
            self.weight = nn.Parameter(_tensor(kernels, nn))
            self.bias = nn.Parameter(_tensor(np.zeros(len(table), np.float32), nn))

        def forward(self, x: Any) -> Any:
            kernel = (self.place @ self.weight).reshape(*self.shape)
            return nn.functional.conv2d(x, kernel, self.bias)

    return ConnectedConv2d


@cache
def euclidean_rbf(nn: Any = own_nn) -> Any:
    r"""Return the class ``EuclideanRBF``: output units that measure the distance to a fixed code.

    :math:`y_i = \sum_j (x_j - w_{ij})^2` with :math:`w_{ij} = \pm1`; what is returned is :math:`-y_i`, so that the
    largest score wins as everywhere else. ``EuclideanRBF(codes)`` takes (N, features) to (N, classes), and learns
    nothing itself: what comes before it learns to produce the code :cite:`lecun1998`.

    >>> from deeplearning.autograd import tensor
    >>> layer = euclidean_rbf()(np.float32([[1, 1], [-1, 1]]))
    >>> layer(tensor([[1.0, 1.0]])).tolist()
    [[0.0, -4.0]]
    """

    class EuclideanRBF(nn.Module):
        def __init__(self, codes: np.ndarray) -> None:
            super().__init__()
            self.register_buffer("codes", _tensor(codes, nn))

        def forward(self, x: Any) -> Any:
            squares = (x * x).sum(1, True) + (self.codes * self.codes).sum(1)
            return 2.0 * (x @ self.codes.T) - squares

    return EuclideanRBF


def lenet5_1998(output: str = "rbf", classes: int = 10, nn: Any = own_nn) -> Any:
    r"""Make LeNet-5 as published :cite:`lecun1998`: 60,000 trainable parameters before the output.

    ===== ============================================= =============== ==========
    layer what                                          result          parameters
    ===== ============================================= =============== ==========
    c1    convolution 5 × 5                             (6, 28, 28)     156
    s2    sub-sampling with two numbers a map           (6, 14, 14)     12
    c3    convolution 5 × 5, connected by the table     (16, 10, 10)    1,516
    s4    sub-sampling                                  (16, 5, 5)      32
    c5    convolution 5 × 5                             (120, 1, 1)     48,120
    f6    fully connected, scaled tanh                  (84,)           10,164
    ===== ============================================= =============== ==========

    ``output`` is ``"rbf"``, distances to fixed codes, or ``"linear"``, a layer of weights with 85 more parameters a
    class; ``nn`` is the namespace of an engine, and the result is its module. Weights start evenly in
    :math:`\pm 2.4/n_{in}` (for C3, whose maps have 75, 100 or 150 inputs, :math:`n_{in} = 100`), biases at 0; the
    poolings' weights are not drawn. Input (N, 1, 32, 32), see :func:`as_published`; output scores (N, classes).
    ``ValueError`` for another output, and for a namespace that lacks a layer.

    >>> network = lenet5_1998()
    >>> sum(p.size for p in network.parameters())
    60000
    """
    if output not in OUTPUTS:
        raise ValueError(f"lenet5_1998: output={output!r}; give one of {', '.join(OUTPUTS)}")
    missing = [name for name in ("Conv2d", "AvgPool2d", "Linear") if not hasattr(nn, name)]
    if missing:
        raise ValueError(
            f"lenet5_1998: {nn.__name__} has no {' and no '.join(missing)}; "
            "give the nn of another engine, such as nn=torch.nn"
        )
    Squash, Subsampling = scaled_tanh(nn), subsampling(nn)

    class LeNet1998(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.squash = Squash()
            self.c1 = nn.Conv2d(1, 6, 5)
            self.s2 = Subsampling(6)
            self.c3 = connected_convolution(nn)(6, CONNECTIONS, 5)
            self.s4 = Subsampling(16)
            self.c5 = nn.Conv2d(16, 120, 5)
            self.f6 = nn.Linear(120, 84)
            if output == "rbf":
                self.output = euclidean_rbf(nn)(codes(classes))
            else:
                self.output = nn.Linear(84, classes)

        def forward(self, x: Any) -> Any:
            x = self.s2(self.squash(self.c1(x)))
            x = self.s4(self.squash(self.c3(x)))
            x = self.squash(self.c5(x))
            return self.output(self.squash(self.f6(x.flatten(1))))

    network = LeNet1998()
    for layer, fan_in in (
        (network.c1, 25), (network.c3, 100), (network.c5, 400), (network.f6, 120),
        *(((network.output, 84),) if output == "linear" else ()),
    ):  # fmt: skip
        nn.init.uniform_(layer.weight, -2.4 / fan_in, 2.4 / fan_in)
        nn.init.zeros_(layer.bias)
    return network


def map_criterion(rubbish: float = 10.0, nn: Any = own_nn) -> Any:
    r"""Return the paper's loss: the distance to the right code, and a competition among the wrong ones.

    :math:`E = y_D + \ln\bigl(e^{-j} + \sum_i e^{-y_i}\bigr)`, the mean over a batch, with y the distances (minus the
    scores) and D the label. It is the cross-entropy with one more class, rubbish, whose distance j is fixed: what is
    farther than j from every code costs something even if its code is the nearest :cite:`lecun1998`.

    ``rubbish`` is j, positive; the result takes scores (N, K) and labels (N,). ``ValueError`` for a j <= 0.

    >>> from deeplearning.autograd import tensor
    >>> far = tensor([[-30.0, -60.0]])  # the right code is nearest, but 30 away
    >>> round(map_criterion(10.0)(far, tensor([0])).item(), 3)
    20.0
    """
    if not rubbish > 0:
        raise ValueError(f"map_criterion: rubbish={rubbish!r}; give a positive distance")
    functional = nn.functional

    def loss(scores: Any, labels: Any) -> Any:
        # ln(e^-j + Σ e^s) = ln Σ e^s + ln(1 + e^(-j - ln Σ e^s)), and the last term is a sigmoid's cross-entropy.
        total = scores[:, 0] - functional.log_softmax(scores, 1)[:, 0]
        short = -total - rubbish
        penalty = functional.binary_cross_entropy_with_logits(short, short.detach() * 0.0)
        return functional.cross_entropy(scores, labels) + penalty

    return loss


def _tensor(array: np.ndarray, nn: Any) -> Any:
    """Return an array as a tensor of the engine to which the namespace belongs."""
    if nn is own_nn:
        return Tensor(array)
    import torch

    return torch.tensor(array)
