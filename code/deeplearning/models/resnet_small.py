"""A small residual network for images, written once for every engine."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from deeplearning import nn as own_nn
from deeplearning.models.vgg_small import per_block

LAYERS = ("Conv2d", "BatchNorm2d", "ReLU", "Identity", "AdaptiveAvgPool2d", "Flatten", "Linear")


@cache
def conv_block(nn: Any = own_nn) -> Any:
    r"""Return the class ``ConvBlock``, a subclass of the engine's ``nn.Module``: a residual block for images.

    :math:`Z' = \max(0,\ S(Z) + F(Z))` with
    :math:`F(Z) = \mathrm{BN}(K_2 * \max(0, \mathrm{BN}(K_1 * Z)))`, both kernels 3 × 3 with a margin of 1. :math:`S` is
    the identity, or where the shape changes a projection: a convolution of 1 × 1 with batch normalisation. The first
    convolution and the projection take steps of ``stride``.

    ``ConvBlock(inputs, outputs, stride=1, skip=True)`` maps (N, inputs, H, W) to (N, outputs, ⌈H/stride⌉, ⌈W/stride⌉);
    with ``skip=False`` there is no :math:`S`, and the block is two plain convolutions. Source: :cite:`he2016`.

    >>> from deeplearning.autograd import ones
    >>> conv_block(own_nn)(3, 5, stride=2)(ones(2, 3, 8, 8)).shape
    (2, 5, 4, 4)
    """

    class ConvBlock(nn.Module):
        def __init__(self, inputs: int, outputs: int, stride: int = 1, skip: bool = True) -> None:
            super().__init__()
            # No biases: batch normalisation would take them away again.
            self.branch = nn.Sequential(
                nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
                nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
            )
            self.skip: Any = None
            if skip and inputs == outputs and stride == 1:
                self.skip = nn.Identity()
            elif skip:
                self.skip = nn.Sequential(
                    nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False),
                    nn.BatchNorm2d(outputs),
                )
            self.relu = nn.ReLU()

        def forward(self, z: Any) -> Any:
            branch = self.branch(z)
            return self.relu(branch if self.skip is None else self.skip(z) + branch)

    return ConvBlock


def resnet_small(
    channels: Sequence[int] = (16, 32, 64),
    blocks: int | Sequence[int] = 1,
    skip: bool = True,
    classes: int = 10,
    in_channels: int = 1,
    nn: Any = own_nn,
) -> Any:
    """Make a small residual network: a convolution, stages of residual blocks, and one linear layer.

    The first convolution, 3 × 3 with batch normalisation and ReLU, makes ``channels[0]`` maps. Stage s has ``blocks``
    blocks (a number for all stages, or one for each) with ``channels[s]`` kernels, see :func:`conv_block`; the first
    block of every stage but the first takes steps of 2. The mean of every map goes to a linear layer, so that images
    of several sizes fit. ``skip=False`` leaves out every connection past a block, projections included, and nothing
    else. With n blocks in each of three stages it is the network of 6n + 2 layers of :cite:`he2016`, with projections.

    ``classes`` and ``in_channels`` are positive integers; ``nn`` is the namespace of an engine, and the result is its
    module. Input (N, in_channels, H, W), output scores (N, classes). ``ValueError`` for no stages, other sizes, and a
    namespace that lacks a layer.

    >>> import torch
    >>> network = resnet_small(nn=torch.nn)
    >>> network(torch.zeros(2, 1, 28, 28)).shape, sum(p.numel() for p in network.parameters())
    (torch.Size([2, 10]), 77754)
    """
    widths, depths = per_block("resnet_small", channels, "blocks", blocks)
    if missing := [layer for layer in LAYERS if not hasattr(nn, layer)]:
        raise ValueError(
            f"resnet_small: {nn.__name__} has no {' and no '.join(missing)}; give the nn of another engine"
        )
    block = conv_block(nn)
    layers: list[Any] = []
    before = widths[0]
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        for place in range(depth):
            stride = 2 if stage and not place else 1
            layers.append(block(before, width, stride, skip))
            before = width
    return nn.Sequential(
        nn.Conv2d(in_channels, widths[0], 3, padding=1, bias=False),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(),
        *layers,
        nn.AdaptiveAvgPool2d(1),  # (N, C, 1, 1)
        nn.Flatten(),
        nn.Linear(widths[-1], classes),
    )
