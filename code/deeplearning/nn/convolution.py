"""Convolutions as layers."""

import math
from numbers import Integral
from typing import Any, ClassVar

from deeplearning.autograd import Tensor, zeros
from deeplearning.nn import init, spatial
from deeplearning.nn.module import Module, Parameter
from deeplearning.nn.spatial import Size


class _Convolution(Module):
    """What all convolutions share: their numbers, and a weight and bias with PyTorch's default initial values.

    Both are drawn from :math:`U(-b, b)` with :math:`b = 1/\\sqrt{f}`, where the fan f is how many numbers one output
    adds up, C / groups · (size of the kernel).
    """

    dims: ClassVar[int]
    transposed: ClassVar[bool] = False
    padding: Any  # a number for each axis, or "same" or "valid"
    output_padding: tuple[int, ...] = ()

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1,
        padding: Size | str = 0, dilation: Size = 1, groups: int = 1, bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:  # fmt: skip
        name, dims = type(self).__name__, self.dims
        for argument, n in (
            ("in_channels", in_channels), ("out_channels", out_channels), ("groups", groups),
        ):  # fmt: skip
            if not isinstance(n, Integral) or n < 1:
                raise ValueError(f"{name}: {argument}={n!r}; give a positive integer")
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{name}: in_channels={in_channels}, out_channels={out_channels} and groups={groups}; groups must "
                "divide both numbers of channels"
            )
        if padding_mode != "zeros":
            raise ValueError(
                f"{name}: padding_mode={padding_mode!r}; only 'zeros' is here; pad the input yourself before the layer"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = spatial.per_axis(name, "kernel_size", kernel_size, dims, 1)
        self.stride = spatial.per_axis(name, "stride", stride, dims, 1)
        self.dilation = spatial.per_axis(name, "dilation", dilation, dims, 1)
        spatial.zeros_around(name, padding, self.kernel_size, self.stride, self.dilation)
        self.padding = (
            padding
            if isinstance(padding, str)
            else spatial.per_axis(name, "padding", padding, dims)
        )
        first, second = (
            (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        )
        self.weight = Parameter(zeros(first, second // groups, *self.kernel_size))
        bound = 1 / math.sqrt(init.fans(self.weight)[0])
        init.uniform_(self.weight, -bound, bound)
        self.bias = init.uniform_(Parameter(zeros(out_channels)), -bound, bound) if bias else None

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * self.dims:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.dims:
            text += f", dilation={self.dilation}"
        if any(self.output_padding):
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        return text + (", bias=False" if self.bias is None else "")


class Conv1d(_Convolution):
    """A convolution along sequences; input (N, C, L), output (N, K, P).

    ``weight`` (out_channels, in_channels / groups, kernel) and ``bias`` (out_channels,); arguments, initial values and
    results as PyTorch's, with zeros as the only padding. See :func:`deeplearning.nn.functional.conv1d`.

    >>> from deeplearning.autograd import ones
    >>> Conv1d(2, 4, 3, padding="same")(ones(1, 2, 50)).shape
    (1, 4, 50)
    """

    dims = 1

    def forward(self, x: Tensor) -> Tensor:
        return spatial.conv1d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )


class Conv2d(_Convolution):
    """A convolution over images; input (N, C, H, W), output (N, K, P, Q) :cite:`lecun1998`.

    ``weight`` (out_channels, in_channels / groups, R, S) and ``bias`` (out_channels,); arguments, initial values and
    results as PyTorch's, with zeros as the only padding. See :func:`deeplearning.nn.functional.conv2d`.

    >>> from deeplearning.autograd import ones
    >>> layer = Conv2d(3, 8, kernel_size=3, stride=2, padding=1)
    >>> layer(ones(1, 3, 32, 32)).shape
    (1, 8, 16, 16)
    >>> layer
    Conv2d(3, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))
    """

    dims = 2

    def forward(self, x: Tensor) -> Tensor:
        return spatial.conv2d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )


class Conv3d(_Convolution):
    """A convolution through volumes or films; input (N, C, D, H, W), output (N, K, O, P, Q).

    ``weight`` (out_channels, in_channels / groups, T, R, S) and ``bias`` (out_channels,); arguments, initial values and
    results as PyTorch's, with zeros as the only padding. See :func:`deeplearning.nn.functional.conv3d`.

    >>> from deeplearning.autograd import ones
    >>> Conv3d(1, 2, 3)(ones(1, 1, 8, 9, 10)).shape
    (1, 2, 6, 7, 8)
    """

    dims = 3

    def forward(self, x: Tensor) -> Tensor:
        return spatial.conv3d(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )


class ConvTranspose2d(_Convolution):
    """The adjoint of a convolution over images, which makes them larger; input (N, K, P, Q), output (N, C, H, W).

    ``weight`` (in_channels, out_channels / groups, R, S) and ``bias`` (out_channels,); arguments, initial values and
    results as PyTorch's. See :func:`deeplearning.nn.functional.conv_transpose2d`.

    >>> from deeplearning.autograd import ones
    >>> ConvTranspose2d(8, 3, kernel_size=2, stride=2)(ones(1, 8, 16, 16)).shape
    (1, 3, 32, 32)
    """

    dims, transposed = 2, True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1,
        padding: Size = 0, output_padding: Size = 0, groups: int = 1, bias: bool = True,
        dilation: Size = 1, padding_mode: str = "zeros",
    ) -> None:  # fmt: skip
        if isinstance(padding, str):
            raise ValueError(f"ConvTranspose2d: padding={padding!r}; give integers")
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode
        )  # fmt: skip
        self.output_padding = spatial.per_axis(
            "ConvTranspose2d", "output_padding", output_padding, 2
        )

    def forward(self, x: Tensor) -> Tensor:
        return spatial.conv_transpose2d(
            x, self.weight, self.bias, self.stride, self.padding, self.output_padding, self.groups,
            self.dilation,
        )  # fmt: skip
