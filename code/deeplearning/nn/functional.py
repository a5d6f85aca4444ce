"""Layers and losses as functions, under PyTorch's names."""

from typing import Any

import numpy as np

from deeplearning.autograd import Tensor, apply
from deeplearning.autograd import random as package_random
from deeplearning.autograd.operations import linear as _linear
from deeplearning.autograd.operations import loss as _loss


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    r"""Map every row of ``x`` affinely: :math:`Y = X W^\top + b`.

    x (…, in), weight (out, in), bias (out,), result (…, out); ``ValueError`` where they do not fit.

    >>> from deeplearning.autograd import ones
    >>> linear(ones(4, 3), ones(2, 3)).shape
    (4, 2)
    """
    return (
        apply(_linear.Linear(), x, weight)
        if bias is None
        else apply(_linear.Linear(), x, weight, bias)
    )


def relu(x: Tensor) -> Tensor:
    """Return ``x`` where it is positive and 0 elsewhere."""
    return x.relu()


def sigmoid(x: Tensor) -> Tensor:
    """Return the logistic function 1 / (1 + e⁻ˣ)."""
    return x.sigmoid()


def tanh(x: Tensor) -> Tensor:
    """Return the hyperbolic tangent."""
    return x.tanh()


def softmax(x: Tensor, dim: int) -> Tensor:
    """Return the softmax along ``dim``."""
    return x.softmax(dim)


def log_softmax(x: Tensor, dim: int) -> Tensor:
    """Return the logarithm of the softmax along ``dim``."""
    return x.log_softmax(dim)


def dropout(
    x: Tensor, p: float = 0.5, training: bool = True, generator: np.random.Generator | None = None
) -> Tensor:
    """Set each element to 0 with probability ``p`` and scale the rest by 1/(1 − p), while training.

    >>> from deeplearning.autograd import ones
    >>> dropout(ones(3), training=False).tolist()
    [1.0, 1.0, 1.0]
    """
    operation = _loss.Dropout(p, generator or package_random.generator())
    return apply(operation, x) if training and p > 0 else x


def cross_entropy(scores: Tensor, labels: Any, reduction: str = "mean") -> Tensor:
    r"""Return the softmax cross-entropy, in nats: :math:`\ell_n = -\ln \operatorname{softmax}(x_n)_{y_n}`.

    scores (N, K) floats, labels (N,) integers from 0 to K − 1, reduction ``"mean"``, ``"sum"`` or ``"none"``.
    ``ValueError`` for other shapes, dtypes or labels.

    >>> from deeplearning.autograd import tensor, zeros
    >>> round(cross_entropy(zeros(1, 10), tensor([3])).item(), 4)  # ln 10
    2.3026
    """
    return apply(_loss.CrossEntropy(reduction), scores, labels)


def binary_cross_entropy_with_logits(
    scores: Tensor, targets: Any, reduction: str = "mean"
) -> Tensor:
    r"""Return the sigmoid cross-entropy, in nats: :math:`\ell = \ln(1 + e^x) - t x`.

    scores and targets (in [0, 1]) of one shape; ``ValueError`` otherwise.

    >>> from deeplearning.autograd import zeros
    >>> round(binary_cross_entropy_with_logits(zeros(4), zeros(4)).item(), 4)  # ln 2
    0.6931
    """
    return apply(_loss.BinaryCrossEntropy(reduction), scores, targets)


def mse_loss(predictions: Tensor, targets: Any, reduction: str = "mean") -> Tensor:
    r"""Return the squared error :math:`(\hat y - y)^2`, averaged or summed over all elements.

    Shapes must be equal (``ValueError``): broadcasting (N, 1) against (N,) would compare everything with everything.

    >>> from deeplearning.autograd import tensor
    >>> mse_loss(tensor([1.0, 2.0]), tensor([0.0, 0.0])).item()
    2.5
    """
    if predictions.shape != np.shape(targets):
        raise ValueError(
            f"mse_loss: predictions {predictions.shape} and targets {np.shape(targets)} differ; reshape one of them"
        )
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"mse_loss: reduction={reduction!r}; give 'mean', 'sum' or 'none'")
    squared = (predictions - targets) ** 2
    return squared if reduction == "none" else getattr(squared, reduction)()
