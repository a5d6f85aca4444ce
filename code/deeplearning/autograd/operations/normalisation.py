"""Normalisation by the mean and variance of the data at hand: batch and layer normalisation, fused.

Composed of single operations, either would take a dozen passes over memory and twice the time.
"""

import math

import numpy as np

from deeplearning.autograd.memory import empty
from deeplearning.autograd.operation import Array, Operation


def _sum(x: Array, axes: tuple[int, ...]) -> Array:
    """Sum over ``axes``, kept with length 1; the sums over rows or columns of a matrix by the BLAS."""
    if x.ndim == 2 and axes == (0,):
        return (np.ones(len(x), x.dtype) @ x)[None, :]
    if x.ndim == 2 and axes == (1,):
        return (x @ np.ones(x.shape[1], x.dtype))[:, None]
    return x.sum(axis=axes, keepdims=True)


def _flat(gradient: Array | None, shape: tuple[int, ...]) -> Array | None:
    """Give the gradient of a weight or bias that parameter's own shape."""
    return None if gradient is None else gradient.reshape(shape)


class _Normalise(Operation):
    """What batch and layer normalisation share; they differ in the axes over which they average."""

    statistics: tuple[int, ...]  # the axes of mean and variance
    parameters: tuple[int, ...]  # the axes that weight and bias do not have

    def __init__(self, eps: float = 1e-5) -> None:
        self.eps = eps

    def _shaped(self, parameter: Array) -> Array:
        """Return a weight or bias so that it broadcasts against the input."""
        return parameter

    def forward(self, x: Array, weight: Array | None, bias: Array | None) -> Array:
        self.count = math.prod(x.shape[axis] for axis in self.statistics)
        self.mean = _sum(x, self.statistics) / self.count
        centred = np.subtract(x, self.mean, out=empty(x.shape, x.dtype))
        y = np.multiply(centred, centred, out=empty(x.shape, x.dtype))
        self.variance = _sum(y, self.statistics) / self.count
        self.inverse = 1 / np.sqrt(self.variance + self.eps)
        centred *= self.inverse
        self.normalised, self.weight = centred, weight
        if weight is None:
            np.copyto(y, centred)
        else:
            np.multiply(centred, self._shaped(weight), out=y)
        if bias is not None:
            y += self._shaped(bias)
        return y

    def backward(self, dy: Array) -> tuple[Array | None, Array | None, Array | None]:
        product = dy * self.normalised
        dweight = _sum(product, self.parameters) if self.needs[1] else None
        dbias = _sum(dy, self.parameters) if self.needs[2] else None
        if not self.needs[0]:
            return None, dweight, dbias
        g = dy
        if self.weight is not None:
            weight = self._shaped(self.weight)
            g = dy * weight
            product *= weight
        mean_g = _sum(g, self.statistics) / self.count
        mean_product = _sum(product, self.statistics) / self.count
        dx = np.multiply(self.normalised, mean_product, out=product)
        np.subtract(g, dx, out=dx)
        dx -= mean_g
        dx *= self.inverse
        return dx, dweight, dbias


class BatchNorm(_Normalise):
    r"""Batch normalisation: :math:`y = \gamma\hat x + \beta`, :math:`\hat x = (x - \mu)/\sqrt{\sigma^2 + \epsilon}`.

    Mean :math:`\mu` and variance :math:`\sigma^2` are those of each channel over the batch. With
    :math:`g = \gamma\,\partial L/\partial y` and :math:`\langle\cdot\rangle` the mean over the batch,

    .. math::
        \frac{\partial L}{\partial x}
        = \frac{g - \langle g\rangle - \hat x\,\langle g\,\hat x\rangle}{\sqrt{\sigma^2 + \epsilon}},

    :math:`\partial L/\partial\gamma = \sum \hat x\,\partial L/\partial y` and
    :math:`\partial L/\partial\beta = \sum \partial L/\partial y`. x (N, C), (N, C, L) or (N, C, H, W); weight
    :math:`\gamma` and bias :math:`\beta` (C,), or None :cite:`ioffe2015`. After ``forward``, ``mean`` and
    ``variance`` hold the batch's.
    """

    def forward(self, x: Array, weight: Array | None, bias: Array | None) -> Array:
        self.statistics = self.parameters = tuple(axis for axis in range(x.ndim) if axis != 1)
        self.channels = (1, x.shape[1], *(1,) * (x.ndim - 2))
        return super().forward(x, weight, bias)

    def _shaped(self, parameter: Array) -> Array:
        return parameter.reshape(self.channels)

    def backward(self, dy: Array) -> tuple[Array | None, Array | None, Array | None]:
        dx, dweight, dbias = super().backward(dy)
        return dx, _flat(dweight, (-1,)), _flat(dbias, (-1,))


class LayerNorm(_Normalise):
    r"""Layer normalisation: as :class:`BatchNorm`, but mean and variance are those of each sample over its features.

    ``dims`` is over how many trailing axes; weight and bias, or None, have the lengths of these axes :cite:`ba2016`.
    """

    def __init__(self, dims: int, eps: float = 1e-5) -> None:
        super().__init__(eps)
        self.dims = dims

    def forward(self, x: Array, weight: Array | None, bias: Array | None) -> Array:
        first = x.ndim - self.dims
        self.statistics, self.parameters = tuple(range(first, x.ndim)), tuple(range(first))
        self.shape = x.shape[first:]
        return super().forward(x, weight, bias)

    def backward(self, dy: Array) -> tuple[Array | None, Array | None, Array | None]:
        dx, dweight, dbias = super().backward(dy)
        return dx, _flat(dweight, self.shape), _flat(dbias, self.shape)
