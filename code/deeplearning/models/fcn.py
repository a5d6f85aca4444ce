"""A fully convolutional network that gives every pixel a class, written once for every engine."""

from itertools import pairwise
from typing import Any

import numpy as np

from deeplearning import nn as own_nn

WIDTHS = (16, 32, 64, 96)  # feature maps of the four levels


def conv_block(inputs: int, outputs: int, nn: Any = own_nn) -> list[Any]:
    """Return a 3 × 3 convolution that keeps the size, batch normalisation and ReLU.

    >>> [type(module).__name__ for module in conv_block(3, 8)]
    ['Conv2d', 'BatchNorm2d', 'ReLU']
    """
    # The normalisation's shift takes the place of a bias.
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


def encoder(widths: tuple[int, ...] = WIDTHS, channels: int = 1, nn: Any = own_nn) -> Any:
    r"""Make the trunk: levels of convolutions with a max pooling between them, and the maps of every level as result.

    The first level has one 3 × 3 convolution, the others two, each with batch normalisation and ReLU. Level l halves
    the sides l times, rounded down. Input (N, channels, H, W) of any size from :math:`2^{L-1}` pixels; result a list
    of L = len(widths) arrays (N, widths[l], :math:`\lfloor H/2^l \rfloor`, :math:`\lfloor W/2^l \rfloor`), the finest
    first. ``ValueError`` for fewer than two levels.

    >>> from deeplearning.autograd import zeros
    >>> [maps.shape for maps in encoder((4, 8, 8))(zeros(2, 1, 30, 16))]
    [(2, 4, 30, 16), (2, 8, 15, 8), (2, 8, 7, 4)]
    """
    if len(widths) < 2:
        raise ValueError(f"encoder: widths={widths!r}; give the feature maps of two levels or more")

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            levels = [nn.Sequential(*conv_block(channels, widths[0], nn))]
            for before, width in pairwise(widths):
                blocks = conv_block(before, width, nn) + conv_block(width, width, nn)
                levels.append(nn.Sequential(nn.MaxPool2d(2), *blocks))
            self.levels = nn.Sequential(*levels)

        def forward(self, x: Any) -> list[Any]:
            maps = []
            for level in self.levels:
                x = level(x)
                maps.append(x)
            return maps

    return Encoder()


def segmentation_head(
    classes: int, widths: tuple[int, ...] = WIDTHS, skips: int = 2, nn: Any = own_nn
) -> Any:
    """Make the head that turns the maps of an :func:`encoder` into scores for every pixel.

    A 1 × 1 convolution scores the coarsest level; its scores are enlarged to the next finer level (bilinear) and added
    to that level's own scores, ``skips`` times, and at last enlarged to the size of the image. Called with the list of
    maps and the image's size (H, W); result (N, classes, H, W). ``ValueError`` unless skips are fewer than levels.
    """
    if not 0 <= skips < len(widths):
        raise ValueError(
            f"segmentation_head: skips={skips!r} with {len(widths)} levels; give 0 to {len(widths) - 1}"
        )

    class SegmentationHead(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            used = widths[len(widths) - 1 - skips :]
            self.scores = nn.Sequential(*(nn.Conv2d(width, classes, 1) for width in used))

        def forward(self, maps: list[Any], size: tuple[int, int]) -> Any:
            total = None
            for score, level in zip(reversed(list(self.scores)), reversed(maps), strict=False):
                here = score(level)
                if total is not None:
                    here = here + enlarged(total, here.shape[2:], nn)
                total = here
            return enlarged(total, size, nn)

    return SegmentationHead()


def enlarged(maps: Any, size: Any, nn: Any = own_nn) -> Any:
    """Return maps (N, C, h, w) on a grid of ``size`` (H, W), interpolated linearly.

    >>> from deeplearning.autograd import zeros
    >>> enlarged(zeros(1, 3, 4, 4), (9, 8)).shape
    (1, 3, 9, 8)
    """
    return nn.functional.interpolate(maps, size=tuple(size), mode="bilinear")


def fcn(classes: int, widths: tuple[int, ...] = WIDTHS, skips: int = 2, nn: Any = own_nn) -> Any:
    """Make a fully convolutional network for grey images (N, 1, H, W) of any size: scores (N, classes, H, W).

    An :func:`encoder` and a :func:`segmentation_head`: nothing in it depends on the size of the image. Class 0 is the
    background. Source: :cite:`long2015`, whose net enlarges by learned kernels that start as bilinear ones; here they
    stay bilinear.

    >>> import torch
    >>> network = fcn(11, nn=torch.nn)
    >>> network(torch.zeros(2, 1, 50, 64)).shape, sum(p.numel() for p in network.parameters())
    (torch.Size([2, 11, 50, 64]), 210449)
    """

    class FCN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder(widths, nn=nn)
            self.head = segmentation_head(classes, widths, skips, nn)

        def forward(self, x: Any) -> Any:
            return self.head(self.encoder(x), x.shape[2:])

    return FCN()


def pixel_targets(masks: np.ndarray, classes: int) -> np.ndarray:
    """Return masks (N, H, W) of integers as (N, classes, H, W) float32: 1 in the map of a pixel's class, 0 elsewhere.

    ``ValueError`` for a class that is not from 0 to classes − 1.

    >>> pixel_targets(np.array([[[0, 1]]]), 2).tolist()
    [[[[1.0, 0.0]], [[0.0, 1.0]]]]
    """
    if masks.ndim != 3 or masks.dtype.kind not in "iu":
        raise ValueError(
            f"pixel_targets: masks {masks.shape} of {masks.dtype}; give integers (N, H, W)"
        )
    if masks.size and not 0 <= int(masks.min()) <= int(masks.max()) < classes:
        raise ValueError(
            f"pixel_targets: classes from {masks.min()} to {masks.max()}; give 0 to {classes - 1}"
        )
    return (masks[:, None] == np.arange(classes)[:, None, None]).astype(np.float32)


def pixel_loss(scores: Any, targets: Any, nn: Any = own_nn) -> Any:
    r"""Return the cross-entropy of pixels, their mean: scores and :func:`pixel_targets`, (N, C, H, W), one number.

    .. math:: L = -\frac{1}{NHW} \sum_{n,y,x} \sum_c t_{ncyx} \ln \operatorname{softmax}_c(s_{n \cdot yx})_c

    Every pixel is classified by itself, as a whole image is elsewhere.

    >>> from deeplearning.autograd import tensor, zeros
    >>> targets = tensor(pixel_targets(np.array([[[0, 1], [2, 3]]]), 4))
    >>> round(pixel_loss(zeros(1, 4, 2, 2), targets).item(), 4)  # ln 4
    1.3863
    """
    count, _, height, width = scores.shape
    logarithms = nn.functional.log_softmax(scores, 1)
    return -(logarithms * targets).sum() / (count * height * width)
