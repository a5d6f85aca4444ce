"""Up-sampling as a function and as a layer, under PyTorch's names."""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from deeplearning.autograd import Tensor, apply
from deeplearning.autograd.operations import upsampling as _upsampling
from deeplearning.nn.module import Module

MODES = ("nearest", "bilinear")


def interpolate(
    x: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    r"""Return images on another grid: copies of the nearest pixel, or linear interpolation of rows and of columns.

    x (N, C, H, W), floats. Give either ``size``, the new (rows, columns), or ``scale_factor``, by which the lengths are
    multiplied and then rounded down; a single number is for both. ``align_corners`` (only bilinear, False if None) says
    that the corner pixels' centres coincide, instead of the corners of the images. ``ValueError`` for anything else.

    >>> from deeplearning.autograd import tensor
    >>> x = tensor([[[[0.0, 4.0]]]])
    >>> interpolate(x, scale_factor=2).tolist()
    [[[[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 4.0]]]]
    >>> interpolate(x, size=(1, 4), mode="bilinear").tolist()
    [[[[0.0, 1.0, 3.0, 4.0]]]]
    """
    factors = _checked("interpolate", size, scale_factor, mode, align_corners)
    if x.ndim != 4 or x.dtype.kind != "f" or 0 in x.shape[1:]:
        raise ValueError(
            f"interpolate: an input of shape {x.shape} and {x.dtype}; give floats (N, C, H, W), no length 0 but N"
        )
    new, steps = _grid(x.shape[2:], scale_factor is None, factors)
    if mode == "nearest":
        return apply(_upsampling.UpsampleNearest(new, steps), x)
    return apply(_upsampling.UpsampleBilinear(new, steps, bool(align_corners)), x)


def _checked(
    name: str, size: Any, factor: Any, mode: str, align_corners: bool | None
) -> tuple[Any, Any]:
    """Return the new lengths or the factors of rows and columns, after the checks that need no image."""
    if mode not in MODES:
        raise ValueError(f"{name}: mode={mode!r}; give one of {', '.join(MODES)}")
    if mode == "nearest" and align_corners is not None:
        raise ValueError(
            f"{name}: align_corners with mode='nearest'; leave it out, or give mode='bilinear'"
        )
    if (size is None) == (factor is None):
        raise ValueError(f"{name}: size={size} and scale_factor={factor}; give exactly one of them")
    given, argument, kind = (
        (size, "size", Integral) if factor is None else (factor, "scale_factor", Real)
    )
    pair = tuple(given) if isinstance(given, Sequence) else (given, given)
    if len(pair) != 2 or not all(isinstance(n, kind) and 0 < float(n) < math.inf for n in pair):
        raise ValueError(f"{name}: {argument}={given!r}; give a positive number, or two of them")
    return pair[0], pair[1]


def _grid(
    lengths: tuple[int, ...], are_lengths: bool, pair: tuple[Any, Any]
) -> tuple[tuple[int, int], tuple[float, float] | None]:
    """Return the new lengths, and the step of the new grid on the old one, where ``pair`` are factors."""
    if are_lengths:
        return (int(pair[0]), int(pair[1])), None
    new = tuple(math.floor(n * s) for n, s in zip(lengths, pair, strict=True))
    if 0 in new:
        raise ValueError(
            f"interpolate: scale_factor={pair} leaves nothing of an image of {lengths}; give a larger one"
        )
    return (new[0], new[1]), (1 / pair[0], 1 / pair[1])


class Upsample(Module):
    """Images on a finer grid, (N, C, H, W) to (N, C, H', W'): :func:`interpolate`.

    >>> from deeplearning.autograd import ones
    >>> Upsample(scale_factor=2, mode="bilinear")(ones(5, 3, 14, 14)).shape
    (5, 3, 28, 28)
    """

    def __init__(
        self,
        size: int | Sequence[int] | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        _checked("Upsample", size, scale_factor, mode, align_corners)
        self.size, self.scale_factor = size, scale_factor
        self.mode, self.align_corners = mode, align_corners

    def forward(self, x: Tensor) -> Tensor:
        return interpolate(x, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        given = "size" if self.scale_factor is None else "scale_factor"
        return f"{given}={getattr(self, given)}, mode={self.mode!r}"
