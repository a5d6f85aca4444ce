"""Gradients by finite differences: slow, simple, and independent of everything in this package."""

from collections.abc import Callable, Sequence

import numpy as np

from deeplearning.autograd.operation import Array
from deeplearning.autograd.tensor import Tensor


def numerical_gradient(f: Callable[[], float], array: Array, step: float = 1e-6) -> Array:
    r"""Approximate :math:`\partial f/\partial x_i \approx (f(x + h e_i) - f(x - h e_i))/2h` for every element.

    ``f`` takes nothing and reads ``array``, a writable float64 array, which is changed by ``step`` and changed back.
    Costs two evaluations an element; the error is of order h² plus rounding of order 10⁻¹⁶/h.

    >>> x = np.array([1.0, 2.0])
    >>> numerical_gradient(lambda: float((x**2).sum()), x).round(6).tolist()
    [2.0, 4.0]
    """
    gradient = np.empty_like(array)
    for i in np.ndindex(array.shape):
        value = array[i]
        array[i] = value + step
        above = f()
        array[i] = value - step
        below = f()
        array[i] = value
        gradient[i] = (above - below) / (2 * step)
    return gradient


def gradcheck(
    f: Callable[..., Tensor],
    inputs: Sequence[Array],
    step: float = 1e-6,
    atol: float = 1e-6,
    rtol: float = 1e-4,
) -> bool:
    r"""Compare the engine's gradients of ``f`` with finite differences; ``AssertionError`` names what differs.

    ``inputs`` are float64 arrays. A result with several elements is made one number by fixed random weights, so that
    errors cannot cancel in a plain sum.

    >>> gradcheck(lambda x: (x * x).exp(), [np.array([0.1, 0.2])])
    True
    """
    arrays = [np.array(x) for x in inputs]
    for x in arrays:
        if x.dtype != np.float64:
            raise ValueError(
                f"gradcheck: an input of {x.dtype}; give float64, differences drown in float32's rounding"
            )
    weights = np.random.default_rng(0).standard_normal(f(*[Tensor(x) for x in arrays]).shape)

    def scalar() -> float:
        return float((f(*[Tensor(x) for x in arrays]).data * weights).sum())

    tensors = [Tensor(x, requires_grad=True) for x in arrays]
    f(*tensors).backward(weights)
    for i, (x, tensor) in enumerate(zip(arrays, tensors, strict=True)):
        expected = numerical_gradient(scalar, x, step)
        got = np.zeros_like(x) if tensor.grad is None else tensor.grad.data
        np.testing.assert_allclose(
            got, expected, rtol, atol, err_msg=f"gradient of input {i}, shape {x.shape}"
        )
    return True
