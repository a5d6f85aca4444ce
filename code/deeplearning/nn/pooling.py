"""Pooling as functions and as layers, under PyTorch's names."""

from collections.abc import Sequence
from typing import Any

from deeplearning.autograd import Tensor, apply
from deeplearning.autograd.operations import pooling as _pooling
from deeplearning.nn.module import Module
from deeplearning.nn.spatial import Size, per_axis


def max_pool1d(
    x: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> Tensor:
    """Return the largest number of every window of (N, C, L); see :func:`max_pool2d`.

    >>> from deeplearning.autograd import tensor
    >>> max_pool1d(tensor([[[1.0, 3.0, 2.0, 0.0]]]), 2).tolist()
    [[[3.0, 2.0]]]
    """
    windows = _windows("max_pool1d", x, 1, kernel_size, stride, padding)
    return apply(_pooling.MaxPool(*windows), x)


def max_pool2d(
    x: Tensor, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> Tensor:
    r"""Return the largest number of every window of every channel: :math:`y_{ij} = \max_{u,v} x_{is+u,\,js+v}`.

    x (N, C, H, W) or (C, H, W), floats; the result has
    :math:`\lfloor (H + 2\,\text{padding} - \text{kernel\_size})/\text{stride} \rfloor + 1` rows, columns likewise.
    Sizes are numbers, or pairs for rows and columns; ``stride`` is ``kernel_size`` if None; the margin is -∞ and at
    most half a window. ``ValueError`` for other shapes and sizes :cite:`ranzato2007`.

    >>> from deeplearning.autograd import tensor
    >>> max_pool2d(tensor([[[1.0, 2.0, 0.0, 1.0], [3.0, 4.0, 1.0, 0.0]]]), 2).tolist()
    [[[4.0, 1.0]]]
    """
    windows = _windows("max_pool2d", x, 2, kernel_size, stride, padding)
    return apply(_pooling.MaxPool(*windows), x)


def avg_pool1d(
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    *,
    count_include_pad: bool = True,
) -> Tensor:
    """Return the mean of every window of (N, C, L); see :func:`avg_pool2d`.

    >>> from deeplearning.autograd import tensor
    >>> avg_pool1d(tensor([[[1.0, 3.0, 2.0, 0.0]]]), 2).tolist()
    [[[2.0, 1.0]]]
    """
    windows = _windows("avg_pool1d", x, 1, kernel_size, stride, padding)
    return apply(_pooling.AvgPool(*windows, count_include_pad), x)


def avg_pool2d(
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    *,
    count_include_pad: bool = True,
) -> Tensor:
    r"""Return the mean of every window of every channel: :math:`y_{ij} = \frac1n \sum_{u,v} x_{is+u,\,js+v}`.

    Shapes and sizes as in :func:`max_pool2d`; the margin is 0, and ``count_include_pad`` says whether its places are
    among the n that are counted :cite:`lecun1998`.

    >>> from deeplearning.autograd import tensor
    >>> avg_pool2d(tensor([[[1.0, 2.0, 0.0, 1.0], [3.0, 4.0, 1.0, 0.0]]]), 2).tolist()
    [[[2.5, 0.5]]]
    """
    windows = _windows("avg_pool2d", x, 2, kernel_size, stride, padding)
    return apply(_pooling.AvgPool(*windows, count_include_pad), x)


def adaptive_avg_pool2d(x: Tensor, output_size: int | Sequence[int | None] | None) -> Tensor:
    """Return the means of ``output_size`` parts of every channel, whatever the size of the image.

    x (N, C, H, W) or (C, H, W), floats; ``output_size`` (rows, columns) or a number for both; None keeps the image's.
    ``ValueError`` for other shapes and sizes. ``output_size=1`` is global average pooling :cite:`lin2014`.

    >>> from deeplearning.autograd import tensor
    >>> adaptive_avg_pool2d(tensor([[[1.0, 2.0, 6.0]]]), 1).tolist()
    [[[3.0]]]
    """
    _check_images("adaptive_avg_pool2d", x, 2)
    parts = _parts("adaptive_avg_pool2d", x.shape[-2:], output_size)
    return apply(_pooling.AdaptiveAvgPool(parts), x)


def adaptive_max_pool2d(x: Tensor, output_size: int | Sequence[int | None] | None) -> Tensor:
    """Return the largest numbers of ``output_size`` parts of every channel; see :func:`adaptive_avg_pool2d`.

    >>> from deeplearning.autograd import tensor
    >>> adaptive_max_pool2d(tensor([[[1.0, 2.0, 6.0]]]), (1, 2)).tolist()
    [[[2.0, 6.0]]]
    """
    _check_images("adaptive_max_pool2d", x, 2)
    parts = _parts("adaptive_max_pool2d", x.shape[-2:], output_size)
    return apply(_pooling.AdaptiveMaxPool(parts), x)


def _check_images(name: str, x: Tensor, dims: int) -> None:
    if x.ndim not in (dims + 1, dims + 2) or x.dtype.kind != "f" or 0 in x.shape[-dims - 1 :]:
        wanted = "(N, C, H, W) or (C, H, W)" if dims == 2 else "(N, C, L) or (C, L)"
        raise ValueError(
            f"{name}: an input of shape {x.shape} and {x.dtype}; give floats {wanted}, no length 0 but N"
        )


def _windows(
    name: str, x: Tensor, dims: int, kernel_size: Size, stride: Size | None, padding: Size
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return the sizes of windows, steps and margin for each axis, checked against the input."""
    _check_images(name, x, dims)
    kernel, steps, margin = _sizes(name, dims, kernel_size, stride, padding)
    lengths = x.shape[-dims:]
    if any(n + 2 * p < k for n, p, k in zip(lengths, margin, kernel, strict=True)):
        raise ValueError(
            f"{name}: windows of {kernel} do not fit into an input of {lengths} with padding={padding}; "
            "give smaller windows or larger images"
        )
    return kernel, steps, margin


def _sizes(
    name: str, dims: int, kernel_size: Size, stride: Size | None, padding: Size
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Return the sizes of windows, steps and margin for each axis, as far as they can be checked without an input."""
    kernel = per_axis(name, "kernel_size", kernel_size, dims, 1)
    steps = kernel if stride is None else per_axis(name, "stride", stride, dims, 1)
    margin = per_axis(name, "padding", padding, dims)
    if any(2 * p > k for p, k in zip(margin, kernel, strict=True)):
        raise ValueError(
            f"{name}: padding={padding} with kernel_size={kernel_size}; give at most half a window, else some windows "
            "would see nothing but margin"
        )
    return kernel, steps, margin


def _parts(name: str, lengths: tuple[int, ...], output_size: Any) -> tuple[int, ...]:
    """Return the number of parts along rows and columns of images of these lengths."""
    single = isinstance(output_size, str) or not isinstance(output_size, Sequence)
    given = (output_size,) * 2 if single else tuple(output_size)
    if len(given) == 2:
        given = tuple(n if m is None else m for n, m in zip(lengths, given, strict=True))
    return per_axis(name, "output_size", given, 2, 1)


class _Pool(Module):
    """What layers of pooling share: the sizes, and a refusal of what is not there."""

    dims: int

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        *,
        ceil_mode: bool = False,
    ) -> None:
        name = type(self).__name__
        if ceil_mode:
            raise ValueError(
                f"{name}: ceil_mode=True; only windows that lie inside the input are taken, give padding for others"
            )
        _sizes(name, self.dims, kernel_size, stride, padding)
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool1d(_Pool):
    """The largest number of every window of a row: (N, C, L) to (N, C, L'); see :class:`MaxPool2d`."""

    dims = 1

    def forward(self, x: Tensor) -> Tensor:
        return max_pool1d(x, self.kernel_size, self.stride, self.padding)


class MaxPool2d(_Pool):
    """The largest number of every window of every channel, (N, C, H, W) to (N, C, H', W'): :func:`max_pool2d`.

    There is nothing to learn, and channels stay apart. ``stride`` is ``kernel_size`` if None, so that windows tile the
    image; ``ceil_mode`` is False. Of equal numbers the first gets the gradient.

    >>> from deeplearning.autograd import ones
    >>> MaxPool2d(2)(ones(5, 3, 28, 28)).shape
    (5, 3, 14, 14)
    """

    dims = 2

    def forward(self, x: Tensor) -> Tensor:
        return max_pool2d(x, self.kernel_size, self.stride, self.padding)


class _AvgPool(_Pool):
    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        *,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode=ceil_mode)
        self.count_include_pad = count_include_pad


class AvgPool1d(_AvgPool):
    """The mean of every window of a row: (N, C, L) to (N, C, L'); see :class:`AvgPool2d`."""

    dims = 1

    def forward(self, x: Tensor) -> Tensor:
        return avg_pool1d(
            x, self.kernel_size, self.stride, self.padding, count_include_pad=self.count_include_pad
        )


class AvgPool2d(_AvgPool):
    """The mean of every window of every channel, (N, C, H, W) to (N, C, H', W'): :func:`avg_pool2d`.

    >>> from deeplearning.autograd import ones
    >>> AvgPool2d(3, stride=2, padding=1)(ones(5, 3, 28, 28)).shape
    (5, 3, 14, 14)
    """

    dims = 2

    def forward(self, x: Tensor) -> Tensor:
        return avg_pool2d(
            x, self.kernel_size, self.stride, self.padding, count_include_pad=self.count_include_pad
        )


class AdaptiveAvgPool2d(Module):
    """The means of ``output_size`` parts of every channel, for images of any size: :func:`adaptive_avg_pool2d`.

    >>> from deeplearning.autograd import ones
    >>> [AdaptiveAvgPool2d(1)(ones(1, 3, side, side)).shape for side in (28, 97)]
    [(1, 3, 1, 1), (1, 3, 1, 1)]
    """

    def __init__(self, output_size: int | Sequence[int | None] | None) -> None:
        _parts(type(self).__name__, (1, 1), output_size)
        self.output_size = output_size

    def forward(self, x: Tensor) -> Tensor:
        return adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool2d(AdaptiveAvgPool2d):
    """The largest numbers of ``output_size`` parts of every channel: :func:`adaptive_max_pool2d`."""

    def forward(self, x: Tensor) -> Tensor:
        return adaptive_max_pool2d(x, self.output_size)
