"""Softmax, the cross-entropies, and dropout: operations whose fused form is safer or cheaper than their parts."""

from typing import Any

import numpy as np

from deeplearning.autograd.operation import Array, Operation
from deeplearning.autograd.operations.elementwise import stable_sigmoid


def stable_softmax(x: Array, dim: int) -> Array:
    """Softmax of an array; the largest score is subtracted first, so that no exponential overflows."""
    e = np.exp(x - x.max(axis=dim, keepdims=True))
    e /= e.sum(axis=dim, keepdims=True)
    return e


def _reduced(losses: Array, reduction: str) -> Array:
    """Return the losses' mean or sum, or the losses themselves."""
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction={reduction!r}; give 'mean', 'sum' or 'none'")
    total = np.add.reduce(losses, axis=None)
    return np.asarray(total / losses.size if reduction == "mean" else total)


class Softmax(Operation):
    r""":math:`y_k = e^{x_k} / \sum_j e^{x_j}` along ``dim``, so
    :math:`\partial L/\partial x_k = y_k (\Delta_k - \sum_j \Delta_j y_j)`.
    """

    keeps_result = True

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Array) -> Array:
        self.y = stable_softmax(x, self.dim)
        return self.y

    def backward(self, dy: Array) -> Array:
        return self.y * (dy - (dy * self.y).sum(axis=self.dim, keepdims=True))


class LogSoftmax(Operation):
    r""":math:`y_k = x_k - \ln \sum_j e^{x_j}` along ``dim``, so
    :math:`\partial L/\partial x_k = \Delta_k - e^{y_k} \sum_j \Delta_j`.
    """

    keeps_result = True

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: Array) -> Array:
        shifted = x - x.max(axis=self.dim, keepdims=True)
        self.y = shifted - np.log(np.exp(shifted).sum(axis=self.dim, keepdims=True))
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy - np.exp(self.y) * dy.sum(axis=self.dim, keepdims=True)


class CrossEntropy(Operation):
    r"""Softmax cross-entropy :math:`\ell_n = -\ln \operatorname{softmax}(x_n)_{y_n}`, averaged or summed over a batch.

    :math:`\partial \ell_n/\partial x_{nk} = \operatorname{softmax}(x_n)_k - [k = y_n]`: the prediction minus the truth.
    Scores x (N, K), labels y (N,) integers in 0 … K−1, which have no gradient.
    """

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, x: Array, labels: Any) -> Array:
        self.labels = np.asarray(labels)
        check_labels(x, self.labels)
        # A class a row: maxima and sums then run along whole rows of memory.
        z = np.array(x.T, order="C")
        z -= z.max(axis=0)
        chosen = z[self.labels, np.arange(len(x))]
        np.exp(z, out=z)
        total = z.sum(axis=0)
        z /= total
        self.probability = z
        return _reduced(np.log(total) - chosen, self.reduction)

    def backward(self, dy: Array) -> Array:
        gradient = self.probability.copy()
        gradient[self.labels, np.arange(len(self.labels))] -= 1
        gradient *= dy / len(self.labels) if self.reduction == "mean" else dy
        return gradient.T


def check_labels(x: Array, labels: Array) -> None:
    """Refuse scores and labels that do not belong together, with what was given and what is accepted."""
    if x.ndim != 2 or labels.shape != x.shape[:1]:
        raise ValueError(
            f"CrossEntropy: scores {x.shape} and labels {labels.shape}; give scores (N, K) and labels (N,)"
        )
    if labels.dtype.kind not in "iu":
        raise ValueError(
            f"CrossEntropy: labels of dtype {labels.dtype}; give integers, for example labels.astype(np.int64)"
        )
    if len(x) == 0:
        raise ValueError("CrossEntropy: the batch is empty; give at least one sample")
    if labels.min() < 0 or labels.max() >= x.shape[1]:
        raise ValueError(
            f"CrossEntropy: labels from {labels.min()} to {labels.max()} with {x.shape[1]} classes; "
            f"give labels from 0 to {x.shape[1] - 1}, or scores for more classes"
        )


class BinaryCrossEntropy(Operation):
    r"""Sigmoid cross-entropy :math:`\ell = \ln(1 + e^{x}) - t\,x`, averaged or summed over all elements.

    :math:`\partial \ell/\partial x = \sigma(x) - t` and :math:`\partial \ell/\partial t = -x`.
    Scores x and targets t in [0, 1] have one shape.
    """

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, x: Array, targets: Any) -> Array:
        self.targets = np.asarray(targets, x.dtype)
        if x.shape != self.targets.shape:
            raise ValueError(
                f"BinaryCrossEntropy: scores {x.shape} and targets {self.targets.shape} differ; give equal shapes"
            )
        self.x = x
        # ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|) overflows for no x.
        losses = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))) - self.targets * x
        return _reduced(losses, self.reduction)

    def backward(self, dy: Array) -> tuple[Array, Array | None]:
        if self.reduction == "mean":
            dy = dy / self.x.size
        dx = dy * (stable_sigmoid(self.x) - self.targets)
        return dx, -dy * self.x if self.needs[1] else None


class Dropout(Operation):
    r""":math:`y = m\,x/(1-p)` with :math:`m` 0 or 1, drawn anew each time, 0 with probability p :cite:`srivastava2014`.

    Dividing by :math:`1-p` keeps the expected value, so that nothing changes at evaluation.
    """

    def __init__(self, p: float, generator: np.random.Generator) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p={p}; give a probability with 0 <= p < 1")
        self.p, self.generator = p, generator

    def forward(self, x: Array) -> Array:
        keep = self.generator.random(x.shape, dtype=np.float32) >= self.p
        self.mask = keep * x.dtype.type(1 / (1 - self.p))
        return x * self.mask

    def backward(self, dy: Array) -> Array:
        return dy * self.mask
