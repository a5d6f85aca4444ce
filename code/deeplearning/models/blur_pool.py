"""Weighted average pooling, written once for every engine."""

from typing import Any

from deeplearning import nn as own_nn

BINOMIAL = (1, 2, 1)


def blur_pool(channels: int, nn: Any = own_nn) -> Any:
    r"""Make a layer that halves images by a weighted average of 3 × 3 pixels: (N, C, H, W) to (N, C, ⌈H/2⌉, ⌈W/2⌉).

    .. math::
        y_{ij} = \sum_{u,v=0}^{2} w_u w_v\, x_{2i+u-1,\,2j+v-1}, \qquad w = \tfrac14\,(1, 2, 1)

    The pixels around the image count as 0. It is a convolution with a group for each channel and stride 2, whose
    weights are frozen: no optimiser moves them. ``channels`` is C; ``nn`` is the namespace of an engine, and the result
    is its ``Conv2d``. ``ValueError`` for a namespace without one :cite:`zhang2019`.

    >>> import torch
    >>> layer = blur_pool(6, torch.nn)
    >>> layer(torch.ones(1, 6, 4, 4))[0, 0].tolist()
    [[0.5625, 0.75], [0.75, 1.0]]
    >>> sum(p.numel() for p in layer.parameters() if p.requires_grad)
    0
    """
    if not hasattr(nn, "Conv2d"):
        raise ValueError(
            f"blur_pool: {nn.__name__} has no Conv2d; give the nn of another engine, such as nn=torch.nn"
        )
    layer = nn.Conv2d(channels, channels, 3, stride=2, padding=1, groups=channels, bias=False)
    weight = layer.weight.detach()  # the same memory, and no gradient
    for u, below in enumerate(BINOMIAL):
        for v, beside in enumerate(BINOMIAL):
            weight[:, 0, u, v] = below * beside / 16
    layer.weight.requires_grad_(False)
    return layer
