"""LeNet-5 with a choice of how its maps become smaller, written once for every engine."""

from typing import Any

from deeplearning import nn as own_nn
from deeplearning.models.blur_pool import blur_pool

POOLINGS = ("none", "max", "average", "binomial", "max_binomial", "strided")
SIDE = 28  # pixels of the images that it takes


def pooling_layers(pooling: str, channels: int, nn: Any = own_nn) -> list[Any]:
    """Return the layers that halve maps of ``channels`` channels; none for ``"none"`` and ``"strided"``.

    ``"max"`` and ``"average"`` tile the map with windows of 2 × 2, ``"binomial"`` is
    :func:`~deeplearning.models.blur_pool.blur_pool`, and ``"max_binomial"`` takes the maximum of all windows of
    2 × 2, overlapping, before it :cite:`zhang2019`. ``ValueError`` for another name.

    >>> [type(layer).__name__ for layer in pooling_layers("max_binomial", 6)]
    ['MaxPool2d', 'Conv2d']
    """
    if pooling not in POOLINGS:
        raise ValueError(f"pooling={pooling!r}; give one of {', '.join(POOLINGS)}")
    if pooling == "max":
        return [nn.MaxPool2d(2)]
    if pooling == "average":
        return [nn.AvgPool2d(2)]
    if pooling == "binomial":
        return [blur_pool(channels, nn)]
    if pooling == "max_binomial":
        return [nn.MaxPool2d(2, stride=1), blur_pool(channels, nn)]
    return []


def pooled_lenet(pooling: str = "max", classes: int = 10, nn: Any = own_nn) -> Any:
    """Make LeNet-5 with ReLU whose maps are halved by ``pooling``, or not at all.

    Convolution 1 → 6, 5 × 5, margin 2; pooling; convolution 6 → 16, 5 × 5; pooling; layers → 120 → 84 → classes.
    With ``"strided"`` the two convolutions take steps of 2 instead :cite:`springenberg2015`; with ``"none"`` maps keep
    their size, and the first fully connected layer sees 16 · 24 · 24 numbers in place of 16 · 5 · 5. ``nn`` is the
    namespace of an engine, and the result is its module. Input (N, 1, 28, 28), output scores (N, classes).
    ``ValueError`` for another pooling.

    >>> import torch
    >>> network = pooled_lenet("binomial", nn=torch.nn)
    >>> network(torch.zeros(2, 1, SIDE, SIDE)).shape
    torch.Size([2, 10])
    """
    stride, side = 2 if pooling == "strided" else 1, 24 if pooling == "none" else 5
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, stride=stride, padding=2),
        nn.ReLU(),
        *pooling_layers(pooling, 6, nn),
        nn.Conv2d(6, 16, 5, stride=stride),
        nn.ReLU(),
        *pooling_layers(pooling, 16, nn),
        nn.Flatten(),
        nn.Linear(16 * side * side, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, classes),
    )
