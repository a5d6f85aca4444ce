"""One convolution and a linear classifier: the smallest convolutional network, written once for every engine."""

from numbers import Integral
from typing import Any

import numpy as np

from deeplearning import nn as own_nn
from deeplearning.engines import Engine

POOLINGS = {"max": "MaxPool2d", "avg": "AvgPool2d"}


def small_cnn(
    kernels: int = 16,
    kernel_size: int = 5,
    stride: int = 1,
    pooling: str | None = "max",
    window: int = 2,
    side: int = 28,
    classes: int = 10,
    nn: Any = own_nn,
) -> Any:
    r"""Make a network of one convolution, ReLU, pooling if wanted, and a linear layer.

    ``kernels`` K of R × R numbers, R = ``kernel_size``, move by ``stride`` s over an image of H × H pixels, H =
    ``side``, and give K maps of :math:`H' = \lfloor (H - R)/s \rfloor + 1` pixels a side. ``pooling`` max or avg makes
    one number of each window of ``window`` × ``window``, which divides H'; with None the maps stay as they are. ``nn``
    is the namespace of an engine, and the result is its module. Input (N, 1, H, H), output scores (N, classes).
    ``ValueError`` for another pooling and for sizes that do not fit.

    >>> import torch
    >>> network = small_cnn(16, 5, nn=torch.nn)
    >>> network(torch.zeros(2, 1, 28, 28)).shape, sum(p.numel() for p in network.parameters())
    (torch.Size([2, 10]), 23466)
    """
    if pooling is not None and pooling not in POOLINGS:
        raise ValueError(
            f"small_cnn: pooling={pooling!r}; give one of {', '.join(POOLINGS)}, or None"
        )
    height = map_side(side, kernel_size, stride)
    pools = []
    if pooling is not None:
        if window < 1 or height % window:
            raise ValueError(
                f"small_cnn: windows of {window} × {window} do not divide maps of {height} × {height}; give a window "
                "that does"
            )
        pools, height = [getattr(nn, POOLINGS[pooling])(window)], height // window
    return nn.Sequential(
        nn.Conv2d(1, kernels, kernel_size, stride=stride),  # (N, K, H', H')
        nn.ReLU(),
        *pools,
        nn.Flatten(),
        nn.Linear(kernels * height**2, classes),
    )


def map_side(side: int, kernel_size: int, stride: int = 1) -> int:
    r"""Return how many positions a kernel takes along a side, without padding: :math:`\lfloor (H - R)/s \rfloor + 1`.

    ``ValueError`` for sizes below 1 and for a kernel that is larger than the image.

    >>> [map_side(28, 5, stride) for stride in (1, 2, 3, 4)]
    [24, 12, 8, 6]
    """
    sizes: tuple[Any, ...] = kernel_size, side, stride
    whole = all(isinstance(n, Integral) for n in sizes)
    if not whole or not 1 <= kernel_size <= side or stride < 1:
        raise ValueError(
            f"a kernel of {kernel_size} × {kernel_size} with stride {stride} on {side} × {side} pixels; give a kernel "
            "from 1 up to the image's side, and a stride from 1"
        )
    return (side - kernel_size) // stride + 1


def multiplications(kernels: int, kernel_size: int, stride: int = 1, side: int = 28) -> int:
    r"""Return how often a convolution of one channel multiplies for one image: :math:`K H'^2 R^2`.

    >>> multiplications(16, 5), multiplications(16, 5, stride=2)
    (230400, 57600)
    """
    return kernels * map_side(side, kernel_size, stride) ** 2 * kernel_size**2


def set_kernels(network: Any, bank: np.ndarray, engine: Engine, frozen: bool = True) -> Any:
    """Put kernels (K, 1, R, R) into the first layer of a network, and with ``frozen`` keep training away from them.

    The biases stay trainable. Returns the network. ``ValueError`` for a bank of another shape.

    >>> from deeplearning import engines
    >>> torch = engines.get("torch")
    >>> network = set_kernels(small_cnn(2, 3, nn=torch.nn), np.ones((2, 1, 3, 3), np.float32), torch)
    >>> network[0].weight.requires_grad, network[0].bias.requires_grad
    (False, True)
    """
    state = engine.state(network)
    if bank.shape != state["0.weight"].shape:
        raise ValueError(
            f"set_kernels: kernels of shape {bank.shape} for a layer of {state['0.weight'].shape}; give that shape"
        )
    engine.load(network, state | {"0.weight": bank.astype(state["0.weight"].dtype)})
    network[0].weight.requires_grad_(not frozen)
    return network
