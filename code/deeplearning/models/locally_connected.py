"""The locally connected layer: windows as in a convolution, and weights of its own for each of them."""

from functools import cache
from numbers import Integral
from typing import Any

import numpy as np

from deeplearning import nn as own_nn


def windows(channels: int, side: int, kernel_size: int, stride: int = 1) -> np.ndarray:
    r"""Return which numbers of a flat image each window holds: :math:`(H'W',\ C R^2)` indices.

    The image has ``channels`` :math:`C` of :math:`H \times H` pixels, ``side`` :math:`H`; a window has
    ``kernel_size`` :math:`R` pixels a side and moves by ``stride`` :math:`s`, so that
    :math:`H' = W' = \lfloor (H - R)/s \rfloor + 1`. Rows are windows in reading order; a row counts channel by channel,
    then in reading order, as the last three axes of a convolution's weight do. ``ValueError`` for sizes below 1 and for
    a window that is larger than the image.

    >>> windows(1, 3, 2)
    array([[0, 1, 3, 4],
           [1, 2, 4, 5],
           [3, 4, 6, 7],
           [4, 5, 7, 8]])
    """
    sizes: tuple[Any, ...] = channels, side, kernel_size, stride
    if not all(isinstance(n, Integral) and int(n) >= 1 for n in sizes):
        raise ValueError(
            f"windows: channels={channels}, side={side}, kernel_size={kernel_size}, stride={stride}; give positive "
            "integers"
        )
    if kernel_size > side:
        raise ValueError(
            f"windows: a window of {kernel_size} × {kernel_size} does not fit into an image of {side} × {side}; give a "
            "smaller kernel_size"
        )
    numbers = np.arange(channels * side * side).reshape(channels, side, side)
    window = numbers[:, :kernel_size, :kernel_size].ravel()
    corners = numbers[0, : side - kernel_size + 1 : stride, : side - kernel_size + 1 : stride]
    return corners.reshape(-1, 1) + window


@cache
def locally_connected(nn: Any = own_nn) -> Any:
    r"""Return the class ``LocallyConnected2d``, a subclass of the engine's ``nn.Module``.

    :math:`z_{kp} = \sum_q w_{kpq}\, x_{pq} + b_{kp}` for map :math:`k` and window :math:`p`, where :math:`x_{pq}` is
    number :math:`q` of the :math:`CR^2` in window :math:`p`. In a convolution neither :math:`w` nor :math:`b` has the
    index :math:`p`; that is the only difference.

    ``LocallyConnected2d(in_channels, out_channels, kernel_size, side, stride=1)`` maps (N, C, H, H) with H = ``side``
    to (N, K, H', H'). Its parameters are those of a ``Linear`` from one window to all units, (H' W' K, C R²): they
    start as those of a convolution do. ``ValueError`` as in :func:`windows`, and for images of another shape. Source:
    :cite:`lecun1989`.

    >>> from deeplearning.autograd import ones
    >>> layer = locally_connected(own_nn)(1, 8, kernel_size=5, side=28, stride=2)
    >>> layer(ones(3, 1, 28, 28)).shape, sum(p.size for p in layer.parameters())
    ((3, 8, 12, 12), 29952)
    """

    class LocallyConnected2d(nn.Module):
        def __init__(
            self, in_channels: int, out_channels: int, kernel_size: int, side: int, stride: int = 1
        ) -> None:
            super().__init__()
            self.indices = windows(in_channels, side, kernel_size, stride)
            self.image = (in_channels, side, side)
            self.maps, self.side = out_channels, (side - kernel_size) // stride + 1
            count, fan_in = self.indices.shape
            self.units = nn.Linear(fan_in, count * out_channels)

        def forward(self, x: Any) -> Any:
            if tuple(x.shape[1:]) != self.image:  # a larger one would be read in the wrong places
                raise ValueError(
                    f"LocallyConnected2d: an input of shape {tuple(x.shape)}; give images (N, C, H, H) of {self.image}"
                )
            count, fan_in = self.indices.shape
            x = x.flatten(1)[:, self.indices].permute(1, 0, 2)  # (H'W', N, CR²)
            weight = self.units.weight.reshape(count, self.maps, fan_in).permute(0, 2, 1)
            z = x @ weight + self.units.bias.reshape(count, 1, self.maps)  # (H'W', N, K)
            return z.permute(1, 2, 0).reshape(-1, self.maps, self.side, self.side)

    return LocallyConnected2d
