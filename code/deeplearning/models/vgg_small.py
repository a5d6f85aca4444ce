"""A small network after VGG, written once for every engine."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from deeplearning import nn as own_nn

LAYERS = ("Conv2d", "ReLU", "MaxPool2d", "AdaptiveAvgPool2d", "Flatten", "Linear")


def per_block(
    network: str, channels: Sequence[int], name: str, numbers: int | Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the channels and the numbers called ``name`` of every block, where one number stands for all blocks.

    ``ValueError``, in the words of ``network``, for no blocks, another count, and what is no positive integer.

    >>> per_block("a network", (16, 32), "convolutions", 2)
    ((16, 32), (2, 2))
    """
    widths: Any = tuple(channels)
    depths: Any = tuple(numbers) if isinstance(numbers, Sequence) else (numbers,) * len(widths)
    if not widths or len(depths) != len(widths):
        raise ValueError(
            f"{network}: channels={widths} and {name}={numbers}; give one number of channels or more, and as many "
            f"numbers of {name}, or one for all"
        )
    if not all(isinstance(n, Integral) and int(n) >= 1 for n in (*widths, *depths)):
        raise ValueError(
            f"{network}: channels={widths} and {name}={numbers}; give positive integers"
        )
    return widths, depths


def vgg_block(
    inputs: int, outputs: int, convolutions: int = 2, batch_norm: bool = True, nn: Any = own_nn
) -> list[Any]:
    r"""Return the layers of a block: convolutions of 3 × 3 with a margin of 1, then the maximum of 2 × 2.

    Each convolution is followed by batch normalisation, if wanted, and by ReLU:
    :math:`Z \leftarrow \max(0, \mathrm{BN}(K * Z))`. The first reads ``inputs`` channels and makes ``outputs``, the
    others keep that number. With normalisation a convolution has no bias, because the subtraction of the mean would
    take it away again. Maps (N, inputs, H, W) become (N, outputs, ⌊H/2⌋, ⌊W/2⌋). Source: :cite:`simonyan2015`.

    >>> [type(layer).__name__ for layer in vgg_block(1, 8, 1)]
    ['Conv2d', 'BatchNorm2d', 'ReLU', 'MaxPool2d']
    """
    layers = []
    for place in range(convolutions):
        channels = inputs if place == 0 else outputs
        layers.append(nn.Conv2d(channels, outputs, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(outputs))
        layers.append(nn.ReLU())
    return [*layers, nn.MaxPool2d(2)]


def vgg_small(
    channels: Sequence[int] = (16, 32, 64),
    convolutions: int | Sequence[int] = 2,
    batch_norm: bool = True,
    classes: int = 10,
    in_channels: int = 1,
    nn: Any = own_nn,
) -> Any:
    """Make a small VGG network: blocks of convolutions, each with pooling at its end, and one linear layer.

    Block b has ``convolutions`` convolutions of 3 × 3 (a number for all blocks, or one for each) with ``channels[b]``
    kernels, see :func:`vgg_block`. Where the published networks end in three large fully connected layers
    :cite:`simonyan2015`, the mean of every map goes to one, so that images of several sizes fit :cite:`lin2014`.

    ``classes`` and ``in_channels`` are positive integers; ``nn`` is the namespace of an engine, and the result is its
    module. Input (N, in_channels, H, W) with at least 2^B pixels a side for B blocks, output scores (N, classes).
    ``ValueError`` for no blocks, other sizes, and a namespace that lacks a layer.

    >>> import torch
    >>> network = vgg_small(nn=torch.nn)
    >>> network(torch.zeros(2, 1, 28, 28)).shape, sum(p.numel() for p in network.parameters())
    (torch.Size([2, 10]), 72666)
    """
    widths, depths = per_block("vgg_small", channels, "convolutions", convolutions)
    needed = (*LAYERS, "BatchNorm2d") if batch_norm else LAYERS
    if missing := [layer for layer in needed if not hasattr(nn, layer)]:
        raise ValueError(
            f"vgg_small: {nn.__name__} has no {' and no '.join(missing)}; give the nn of another engine"
        )
    layers: list[Any] = []
    for inputs, outputs, depth in zip((in_channels, *widths), widths, depths, strict=False):
        layers += vgg_block(inputs, outputs, depth, batch_norm, nn)
    return nn.Sequential(
        *layers,
        nn.AdaptiveAvgPool2d(1),  # (N, C, 1, 1)
        nn.Flatten(),
        nn.Linear(widths[-1], classes),
    )
