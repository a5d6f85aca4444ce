"""A convolutional network for images of any size: it ends with one number a map, written once for every engine."""

from collections.abc import Sequence
from typing import Any

from deeplearning import nn as own_nn

SUMMARIES = {"avg": "AdaptiveAvgPool2d", "max": "AdaptiveMaxPool2d"}


def any_size_cnn(
    summary: str = "avg",
    channels: Sequence[int] = (16, 32, 64, 64),
    normalise: bool = False,
    classes: int = 10,
    nn: Any = own_nn,
) -> Any:
    r"""Make a classifier without a layer that knows how large the image is.

    For each of ``channels`` a 3 × 3 convolution, batch normalisation if ``normalise``, ReLU and, but for the last,
    maximum pooling by 2; then one number of each map, over all its places: the mean
    :math:`z_c = \frac{1}{HW}\sum_{ij} y_{cij}` (``summary="avg"``, global average pooling :cite:`lin2014`) or the
    maximum (``"max"``); then a linear layer.

    ``nn`` is the namespace of an engine, and the result is its module. Input (N, 1, H, W) with
    :math:`H, W \ge 2^{\text{channels} - 1}`, output scores (N, classes). ``ValueError`` for another summary.

    >>> import torch
    >>> network = any_size_cnn(nn=torch.nn)
    >>> [tuple(network(torch.zeros(2, 1, side, side + 3)).shape) for side in (20, 28, 57)]
    [(2, 10), (2, 10), (2, 10)]
    >>> sum(p.numel() for p in network.parameters())
    60874
    """
    if summary not in SUMMARIES:
        raise ValueError(f"any_size_cnn: summary={summary!r}; give one of {', '.join(SUMMARIES)}")
    layers: list[Any] = []
    before = 1
    for width in channels:
        if layers:
            layers.append(nn.MaxPool2d(2))
        layers.append(nn.Conv2d(before, width, 3, padding=1))
        if normalise:
            layers.append(nn.BatchNorm2d(width))
        layers.append(nn.ReLU())
        before = width
    return nn.Sequential(
        *layers,  # (N, C, H / 8, W / 8) with four convolutions
        getattr(nn, SUMMARIES[summary])(1),  # (N, C, 1, 1)
        nn.Flatten(),
        nn.Linear(before, classes),
    )
