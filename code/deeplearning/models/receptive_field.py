"""The receptive field of a unit: computed from the layers below it, and measured by its gradient.

Everything here is along one axis; in an image with square windows both axes are alike.
"""

from collections.abc import Iterable, Iterator, Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from deeplearning.engines import Engine

# Layers behind which every unit sees everything.
WHOLE = ("Flatten", "Linear", "AdaptiveAvgPool2d", "AdaptiveMaxPool2d")
LARGER = ("ConvTranspose", "Upsampl")  # how the names of layers begin that make images larger


class Window(NamedTuple):
    """What a convolution or a pooling does along an axis: its kernel's taps, and how they are laid."""

    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


class Field(NamedTuple):
    """What the units of a layer see: unit i sees the pixels from ``start + i * jump``, ``size`` of them.

    A negative ``start`` lies in the padding.
    """

    size: int = 1
    jump: int = 1
    start: int = 0

    def of(self, unit: int) -> tuple[int, int]:
        """Return the first and the last pixel that a unit sees.

        >>> Field(size=5, jump=2, start=-1).of(unit=3)
        (5, 9)
        """
        first = self.start + unit * self.jump
        return first, first + self.size - 1


def receptive_fields(windows: Iterable[Window]) -> list[Field]:
    r"""Follow the field through layers, from the input upwards; the first of the result is a pixel's own.

    .. math:: r_l = r_{l-1} + d_l\,(k_l - 1)\,j_{l-1}, \quad
              a_l = a_{l-1} - p_l\,j_{l-1}, \quad j_l = j_{l-1}\,s_l

    with kernel k, stride s, padding p and dilation d of layer l, and size r, jump j and start a of its units' fields,
    all in pixels of the input. L layers give L + 1 fields.
    ``ValueError`` for a window with a kernel, stride or dilation below 1, or a negative padding.
    Source: :cite:`araujo2019`.

    >>> receptive_fields([Window(3), Window(2, stride=2), Window(3)])[-1]
    Field(size=8, jump=2, start=0)
    """
    fields = [Field()]
    for window in windows:
        kernel, stride, padding, dilation = window
        if min(kernel, stride, dilation) < 1 or padding < 0:
            raise ValueError(
                f"receptive_fields: {window}; kernel, stride and dilation are at least 1, padding at least 0"
            )
        size, jump, start = fields[-1]
        fields.append(
            Field(size + dilation * (kernel - 1) * jump, jump * stride, start - padding * jump)
        )
    return fields


def windows_of(layers: Iterable[Any], axis: int = 0) -> list[Window]:
    """Read the windows of a network's convolutions and poolings off its modules, of any engine.

    Modules without a kernel, such as activations, are passed over; the first of ``WHOLE``, such as ``Flatten``, ends
    the list, because behind it every unit sees everything. ``axis`` says which axis of the kernel. A ``Sequential``
    stands for what is in it. ``ValueError`` for a padding that is given as a word, an axis that a kernel does not have,
    a layer that makes images larger, and any other module with modules inside, whose way through them is not known.

    >>> from deeplearning.models.lenet import lenet5
    >>> import torch
    >>> receptive_fields(windows_of(lenet5(nn=torch.nn)))[-1]
    Field(size=16, jump=4, start=-2)
    """
    windows = []
    for layer in _one_by_one(layers):
        if type(layer).__name__ in WHOLE:
            break
        if type(layer).__name__.startswith(LARGER):
            raise ValueError(
                f"windows_of: {layer} makes images larger, and the fields behind it are of several sizes; measure "
                "them, by gradient_map"
            )
        if not hasattr(layer, "kernel_size"):
            continue
        values: list[Any] = [
            getattr(layer, name, usual)
            for name, usual in (("kernel_size", 1), ("stride", 1), ("padding", 0), ("dilation", 1))
        ]
        if any(isinstance(value, str) for value in values):
            raise ValueError(f"windows_of: {layer} has a padding in words; give it as a number")
        several = [len(value) for value in values if not isinstance(value, Integral)]
        if not all(-n <= axis < n for n in several):
            raise ValueError(f"windows_of: axis={axis} of {layer}; give one that its kernel has")
        windows.append(Window(*(int(v if isinstance(v, Integral) else v[axis]) for v in values)))
    return windows


def _one_by_one(layers: Iterable[Any]) -> Iterator[Any]:
    """Yield layers, and of each ``Sequential`` what is in it."""
    for layer in layers:
        if type(layer).__name__ == "Sequential":
            yield from _one_by_one(layer)
        elif any(True for _ in getattr(layer, "children", tuple)()):
            raise ValueError(
                f"windows_of: {type(layer).__name__} has modules inside; give its layers in their order"
            )
        else:
            yield layer


def gradient_map(model: Any, x: np.ndarray, place: Sequence[int], engine: Engine) -> np.ndarray:
    r"""Return how strongly the units at one place of a network's result depend on each pixel, (H, W).

    :math:`\sum_{n,c}\lvert\partial(\sum_k y_{nkpq})/\partial x_{nchw}\rvert` for the place (p, q). The pixels that
    are not zero are those that the units see. x (N, C, H, W); the model's own gradients are forgotten afterwards.
    ``ValueError`` if the result is no image or has no such place.

    >>> import torch
    >>> from deeplearning import engines
    >>> one = torch.nn.Conv2d(1, 1, 3)
    >>> seen = gradient_map(one, np.ones((1, 1, 5, 5), np.float32), (1, 0), engines.get("torch"))
    >>> (seen > 0).astype(int).tolist()
    [[0, 0, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
    """
    inputs = engine.tensor(x)
    inputs.requires_grad_()
    y = model(inputs)
    if len(y.shape) != 4 or not all(
        -n <= i < n for i, n in zip(place, tuple(y.shape)[2:], strict=True)
    ):
        raise ValueError(
            f"gradient_map: place={tuple(place)} in a result of shape {tuple(y.shape)}; give a row and a column of a "
            "network whose result is (N, K, P, Q)"
        )
    choice = np.zeros(tuple(y.shape), x.dtype)
    choice[:, :, place[0], place[1]] = 1
    y.backward(engine.tensor(choice))
    model.zero_grad()
    return np.abs(engine.to_numpy(inputs.grad)).sum(axis=(0, 1))


def extent(seen: np.ndarray) -> tuple[int, int, int, int]:
    """Return the first and last row and the first and last column of a map (H, W) that are not all zero.

    ``ValueError`` for a map of zeros.

    >>> extent(np.eye(4)[:, 1:])
    (1, 3, 0, 2)
    """
    if not seen.any():
        raise ValueError("extent: nothing is seen, the map is all zeros")
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])


def effective_pixels(seen: np.ndarray, share: float = 0.9545) -> int:
    """Count the pixels of the effective field: those above ``1 - share`` of the map's largest value.

    Source: :cite:`luo2016`.

    >>> effective_pixels(np.array([[0.01, 0.5], [1.0, 0.04]]))
    2
    """
    return int((seen > (1 - share) * seen.max()).sum())
