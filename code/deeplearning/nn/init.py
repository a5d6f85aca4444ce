r"""Initialisers: fill a parameter with random or constant numbers, in place.

Each takes ``generator``, a NumPy generator; without it the package's own is used (:func:`manual_seed`).
``fan_in`` and ``fan_out`` are the numbers of inputs and outputs that a unit of the layer is connected to.
"""

import math

import numpy as np

from deeplearning.autograd import Tensor, no_grad
from deeplearning.autograd import random as package_random

Generator = np.random.Generator | None

GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2.0)}


def calculate_gain(nonlinearity: str, param: float = 0.01) -> float:
    r"""Return the factor by which weights before ``nonlinearity`` are scaled to keep the variance of activations.

    For ``"leaky_relu"`` with slope a (``param``) it is :math:`\sqrt{2/(1 + a^2)}`.

    >>> round(calculate_gain("relu") ** 2, 6)
    2.0
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + param * param))
    if nonlinearity not in GAINS:
        raise ValueError(
            f"calculate_gain: {nonlinearity!r}; give one of {', '.join((*GAINS, 'leaky_relu'))}"
        )
    return GAINS[nonlinearity]


def fans(tensor: Tensor) -> tuple[int, int]:
    """Return (fan_in, fan_out) of a weight (out, in, …): trailing axes are the receptive field of a kernel.

    >>> from deeplearning.autograd import zeros
    >>> fans(zeros(10, 784))
    (784, 10)
    """
    if tensor.ndim < 2:
        raise ValueError(
            f"a weight of shape {tensor.shape} has no fans; give at least two axes (out, in, …)"
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _fill(tensor: Tensor, values: np.ndarray | float) -> Tensor:
    with no_grad():
        tensor[...] = values
    return tensor


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator = None) -> Tensor:
    """Draw evenly from [a, b)."""
    return _fill(tensor, (generator or package_random.generator()).uniform(a, b, tensor.shape))


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator = None
) -> Tensor:
    """Draw from the normal distribution."""
    return _fill(tensor, (generator or package_random.generator()).normal(mean, std, tensor.shape))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Set every element to ``val``."""
    return _fill(tensor, val)


def zeros_(tensor: Tensor) -> Tensor:
    """Set every element to 0."""
    return _fill(tensor, 0.0)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator = None) -> Tensor:
    r"""Draw from :math:`U(-a, a)` with :math:`a = g\sqrt{6/(n_{in} + n_{out})}` (Glorot and Bengio, 2010)."""
    bound = gain * math.sqrt(6 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator = None) -> Tensor:
    r"""Draw from :math:`N(0, g^2 \cdot 2/(n_{in} + n_{out}))` (Glorot and Bengio, 2010)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(fans(tensor))), generator)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0.0, nonlinearity: str = "leaky_relu", generator: Generator = None
) -> Tensor:
    r"""Draw from :math:`U(-b, b)` with :math:`b = g\sqrt{3/n_{in}}` (He et al., 2015).

    ``nonlinearity="leaky_relu"`` has the gain :math:`\sqrt{2/(1 + a^2)}`, which is ReLU's for a = 0.
    """
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3 / fans(tensor)[0])
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0.0, nonlinearity: str = "leaky_relu", generator: Generator = None
) -> Tensor:
    r"""Draw from :math:`N(0, g^2/n_{in})` (He et al., 2015); the gain as in :func:`kaiming_uniform_`."""
    return normal_(
        tensor, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(fans(tensor)[0]), generator
    )


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator = None) -> Tensor:
    r"""Draw a matrix with orthogonal rows or columns of length :math:`g`, whichever are fewer (Saxe et al., 2014).

    A weight (out, in, …) is read as the matrix (out, in · …). A square one keeps the length of every vector; all are
    equally likely, because the signs that the QR decomposition is free to choose are made those of R's diagonal
    (Mezzadri, 2007).

    >>> from deeplearning.autograd import zeros
    >>> w = orthogonal_(zeros(2, 3)).data
    >>> np.allclose(w @ w.T, np.eye(2), atol=1e-6)
    True
    """
    fans(tensor)  # refuses what has fewer than two axes
    rows, columns = tensor.shape[0], tensor.size // tensor.shape[0]
    drawn = (generator or package_random.generator()).standard_normal(
        (max(rows, columns), min(rows, columns))
    )
    q, r = np.linalg.qr(drawn)
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)
    return _fill(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))
