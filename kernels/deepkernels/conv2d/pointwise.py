"""A 1 × 1 convolution is a matrix product of pixels by channels, as it lies in memory."""

import torch

from deepkernels.configs import Config
from deepkernels.conv2d import binding, layout
from deepkernels.conv2d.geometry import Geometry
from deepkernels.matmul import compute as matmul


def accepts(
    config: Config, geometry: Geometry, dtype: torch.dtype, target: str, aligned: bool = True
) -> str | None:
    """Return why a matrix product is not enough, None if it is."""
    return (
        None
        if geometry.pointwise
        else "a matrix product needs a 1 x 1 window, stride 1 and no padding"
    )


def tiles(config: Config, geometry: Geometry) -> int:
    """Return 1: the matrix product chooses its own tiles."""
    return 1


def run(config: Config, call: binding.Call) -> None:
    """Write the convolution to ``call.y``."""
    x, filters, y = (layout.matrix(tensor) for tensor in (call.x, call.weight, call.y))
    precision = layout.precision(x.dtype)
    matmul(x, filters.t(), call.bias, call.activation, precision, out=y)
