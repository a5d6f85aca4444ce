"""Convolution and its transpose, over one to three spatial axes."""

from deeplearning.autograd.operation import Array, Operation
from deeplearning.autograd.operations.convolution_forms import (
    Geometry,
    convolve,
    input_gradient,
    weight_gradient,
)


def _sum_of_channels(dy: Array) -> Array:
    """Return what reaches a bias (C,): the sum over images and positions."""
    return dy.sum(axis=(0, *range(2, dy.ndim)))


class Convolution(Operation):
    r"""Multiply and add under a sliding kernel: :math:`y_{nki} = b_k + \sum_{c,r} w_{kcr}\, x_{n,c,\,si+dr-p}`.

    With :math:`\Delta = \partial L/\partial y`, the rule "what was multiplied by w comes back multiplied by w" gives

    .. math::
        \frac{\partial L}{\partial w_{kcr}} = \sum_{n,i} \Delta_{nki}\, x_{n,c,\,si+dr-p}, \qquad
        \frac{\partial L}{\partial x_{ncj}} = \sum_{k} \sum_{i,r:\; si+dr-p=j} w_{kcr}\, \Delta_{nki}, \qquad
        \frac{\partial L}{\partial b_k} = \sum_{n,i} \Delta_{nki}.

    Positions i and taps r have one, two or three axes; stride s, dilation d and padding p have an entry for each, and
    x is 0 outside the image. In ``groups``, an output reads only the channels of its own group. Shapes: x (N, C, …),
    w (K, C / groups, …), b (K,) or None, y (N, K, …). The three sums themselves are in ``convolution_forms``.
    """

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry

    def forward(self, x: Array, weight: Array, bias: Array | None = None) -> Array:
        self.x, self.weight = x, weight
        return convolve(x, weight, bias, self.geometry)

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        x, weight, needs = self.x, self.weight, (*self.needs, False)
        dx = input_gradient(dy, weight, None, x.shape[2:], self.geometry) if needs[0] else None
        dweight = weight_gradient(x, dy, weight.shape[2:], self.geometry) if needs[1] else None
        dbias = _sum_of_channels(dy) if needs[2] else None
        return dx, dweight, dbias


class ConvolutionTranspose(Operation):
    r"""What convolution does to gradients, as a layer: :math:`y_{ncj} = b_c + \sum_k\sum_{si+dr-p=j} w_{kcr} x_{nki}`.

    Every input number lays the whole kernel, scaled by itself, onto the output; where kernels overlap, they add up.
    Forward and backward have changed places with :class:`Convolution`: there this sum is :math:`\partial L/\partial x`.

    .. math::
        \frac{\partial L}{\partial x_{nki}} = \sum_{c,r} w_{kcr}\,\Delta_{n,c,\,si+dr-p}, \qquad
        \frac{\partial L}{\partial w_{kcr}} = \sum_{n,i} x_{nki}\,\Delta_{n,c,\,si+dr-p}.

    Shapes: x (N, K, …), w (K, C / groups, …), b (C,) or None, y (N, C, \*size) :cite:`dumoulin2016`.
    """

    def __init__(self, geometry: Geometry, size: tuple[int, ...]) -> None:
        self.geometry, self.size = geometry, size

    def forward(self, x: Array, weight: Array, bias: Array | None = None) -> Array:
        self.x, self.weight = x, weight
        return input_gradient(x, weight, bias, self.size, self.geometry)

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        x, weight, needs = self.x, self.weight, (*self.needs, False)
        dx = convolve(dy, weight, None, self.geometry, x.shape[2:]) if needs[0] else None
        dweight = weight_gradient(dy, x, weight.shape[2:], self.geometry) if needs[1] else None
        dbias = _sum_of_channels(dy) if needs[2] else None
        return dx, dweight, dbias
