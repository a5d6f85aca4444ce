"""Functions applied to every element by itself."""

import math

import numpy as np
from scipy.special import ndtr

from deeplearning.autograd.memory import empty_like
from deeplearning.autograd.operation import Array, Operation
from deeplearning.autograd.threads import Part, in_parts


class Exp(Operation):
    r""":math:`y = e^x`, its own derivative."""

    keeps_result = True

    def forward(self, x: Array) -> Array:
        self.y = np.exp(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * self.y


class Log(Operation):
    r""":math:`y = \ln x`, so :math:`\partial y/\partial x = 1/x`."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.log(x)

    def backward(self, dy: Array) -> Array:
        return dy / self.x


class Sqrt(Operation):
    r""":math:`y = \sqrt{x}`, so :math:`\partial y/\partial x = 1/(2y)`."""

    keeps_result = True

    def forward(self, x: Array) -> Array:
        self.y = np.sqrt(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy / (2 * self.y)


class Absolute(Operation):
    r""":math:`y = |x|`, so :math:`\partial y/\partial x = \operatorname{sign} x` (0 at 0)."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.abs(x)

    def backward(self, dy: Array) -> Array:
        return dy * np.sign(self.x)


class Tanh(Operation):
    r""":math:`y = \tanh x`, so :math:`\partial y/\partial x = 1 - y^2`."""

    keeps_result = True

    def forward(self, x: Array) -> Array:
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * (1 - self.y * self.y)


def stable_sigmoid(x: Array) -> Array:
    """Sigmoid of an array, written as a hyperbolic tangent, which overflows nowhere."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


class Sigmoid(Operation):
    r""":math:`y = 1/(1+e^{-x})`, so :math:`\partial y/\partial x = y(1-y)`.

    Computed as :math:`\tfrac12 + \tfrac12\tanh\tfrac x2`, which overflows nowhere.
    """

    keeps_result = True

    def forward(self, x: Array) -> Array:
        self.y = stable_sigmoid(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * (self.y * (1 - self.y))


class ReLU(Operation):
    r""":math:`y = \max(x, 0)`, so :math:`\partial y/\partial x = 1` where :math:`x > 0` and 0 elsewhere.

    It follows nearly every layer, on large arrays, so these are cut into parts that threads share.
    """

    keeps_result = True

    def forward(self, x: Array) -> Array:
        self.y = y = empty_like(x)

        def some(part: Part) -> None:
            np.maximum(x[part], 0, out=y[part])

        in_parts(some, y)
        return y

    def backward(self, dy: Array) -> Array:
        dx = empty_like(self.y)

        def some(part: Part) -> None:
            np.multiply(dy[part], self.y[part] > 0, out=dx[part])

        in_parts(some, dx)
        return dx


class GELU(Operation):
    r"""The Gaussian error linear unit :math:`y = x\,\Phi(x)` with the normal distribution function :math:`\Phi`.

    :math:`\partial y/\partial x = \Phi(x) + x\,\phi(x)` with the density
    :math:`\phi(x) = e^{-x^2/2}/\sqrt{2\pi}` :cite:`hendrycks2016`.
    """

    def forward(self, x: Array) -> Array:
        self.x, self.probability = x, ndtr(x)
        return x * self.probability

    def backward(self, dy: Array) -> Array:
        density = np.exp(-0.5 * self.x * self.x) * self.x.dtype.type(1 / math.sqrt(2 * math.pi))
        return dy * (self.probability + self.x * density)
