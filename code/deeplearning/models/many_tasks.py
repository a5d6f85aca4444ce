"""One trunk and a head for each task: what is it, where is it, which pixels; written once for every engine."""

from typing import Any

from deeplearning import nn as own_nn
from deeplearning.models.detector import detection_head
from deeplearning.models.fcn import WIDTHS, encoder, segmentation_head


def many_tasks(classes: int, widths: tuple[int, ...] = WIDTHS, nn: Any = own_nn) -> Any:
    """Make one network for grey images (N, 1, H, W) of any size with three heads on one :func:`encoder`.

    Its result is a tuple: scores of the classes for the whole image, (N, classes); scores of every pixel, with class 0
    for the background, (N, classes + 1, H, W); the answers of a detector, (N, classes + 4, ⌊H/4⌋, ⌊W/4⌋). ``describe``
    gives the features of an image, (N, widths[-1]): the largest number of each map of the coarsest level. The scores of
    the classes are a linear function of them, and images are found again by them.

    >>> import torch
    >>> network = many_tasks(10, nn=torch.nn)
    >>> [tuple(result.shape) for result in network(torch.zeros(2, 1, 64, 64))]
    [(2, 10), (2, 11, 64, 64), (2, 14, 16, 16)]
    """

    class ManyTasks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder(widths, nn=nn)
            self.pool = nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten())
            self.classify = nn.Linear(widths[-1], classes)
            self.segment = segmentation_head(classes + 1, widths, nn=nn)
            self.detect = detection_head(classes, widths, nn=nn)

        def describe(self, x: Any) -> Any:
            return self.pool(self.encoder(x)[-1])

        def forward(self, x: Any) -> tuple[Any, Any, Any]:
            maps = self.encoder(x)
            whole = self.classify(self.pool(maps[-1]))
            return whole, self.segment(maps, x.shape[2:]), self.detect(maps)

    return ManyTasks()
