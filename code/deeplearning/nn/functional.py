"""Layers and losses as functions, under PyTorch's names."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from deeplearning.autograd import Tensor, apply, no_grad
from deeplearning.autograd import random as package_random
from deeplearning.autograd.operations import elementwise as _elementwise
from deeplearning.autograd.operations import linear as _linear
from deeplearning.autograd.operations import loss as _loss
from deeplearning.autograd.operations import normalisation as _normalisation
from deeplearning.nn.attention import (
    scaled_dot_product_attention as scaled_dot_product_attention,
)
from deeplearning.nn.embedding import embedding as embedding
from deeplearning.nn.pooling import adaptive_avg_pool2d as adaptive_avg_pool2d
from deeplearning.nn.pooling import adaptive_max_pool2d as adaptive_max_pool2d
from deeplearning.nn.pooling import avg_pool1d as avg_pool1d
from deeplearning.nn.pooling import avg_pool2d as avg_pool2d
from deeplearning.nn.pooling import max_pool1d as max_pool1d
from deeplearning.nn.pooling import max_pool2d as max_pool2d
from deeplearning.nn.spatial import conv1d as conv1d
from deeplearning.nn.spatial import conv2d as conv2d
from deeplearning.nn.spatial import conv3d as conv3d
from deeplearning.nn.spatial import conv_transpose2d as conv_transpose2d
from deeplearning.nn.upsampling import interpolate as interpolate


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


def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Return ``x`` where it is positive and ``negative_slope`` times ``x`` elsewhere.

    >>> from deeplearning.autograd import tensor
    >>> leaky_relu(tensor([-1.0, 2.0]), 0.25).tolist()
    [-0.25, 2.0]
    """
    slope = np.where(x.data > 0, 1.0, negative_slope)  # at 0 the lower one, as in PyTorch
    return x * slope.astype(x.dtype)


def gelu(x: Tensor) -> Tensor:
    r"""Return :math:`x\,\Phi(x)`, with the distribution function of the standard normal law.

    >>> from deeplearning.autograd import tensor
    >>> [round(value, 3) for value in gelu(tensor([-3.0, 0.0, 3.0])).tolist()]
    [-0.004, 0.0, 2.996]
    """
    return apply(_elementwise.GELU(), x)


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


def batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalise every channel over the batch: :math:`y = \gamma(x-\mu)/\sqrt{\sigma^2+\epsilon} + \beta`.

    While training, :math:`\mu` and :math:`\sigma^2` are those of the batch, and the running statistics r move towards
    them in place, :math:`r \leftarrow (1 - m)\,r + m\,s` with ``momentum`` m and the batch's mean or *unbiased*
    variance s. Otherwise the running statistics are used.

    x (N, C), or (N, C, L) or (N, C, H, W) with positions that count as further samples; all else (C,) or None.
    ``ValueError`` for other shapes, for one value a channel in training, and for no running statistics in evaluation
    :cite:`ioffe2015`.

    >>> from deeplearning.autograd import tensor
    >>> batch_norm(tensor([[0.0], [2.0]]), None, None, training=True, eps=0.0).tolist()
    [[-1.0], [1.0]]
    """
    _check_channels(x, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError(
                "batch_norm: evaluation without running statistics; give both, or training=True to use the batch's own"
            )
        shape = (1, -1, *(1,) * (x.ndim - 2))
        scale = (running_var + eps).sqrt() ** -1
        scale = scale if weight is None else scale * weight
        shift = -running_mean * scale if bias is None else bias - running_mean * scale
        return x * scale.reshape(shape) + shift.reshape(shape)
    count = x.size // x.shape[1]
    if count < 2:
        raise ValueError(
            f"batch_norm: an input of shape {x.shape} has {count} value a channel, whose variance is 0, so that "
            "nothing would be left of it; give at least two samples in training (leave out a last batch of one), or "
            "switch to evaluation with model.eval()"
        )
    operation = _normalisation.BatchNorm(eps)
    y = apply(operation, x, weight, bias)
    with no_grad():
        for running, now in (
            (running_mean, operation.mean),
            (running_var, operation.variance * (count / (count - 1))),
        ):
            if running is not None:
                running *= 1 - momentum
                running += momentum * now.ravel()
    return y


def _check_channels(x: Tensor, **parameters: Tensor | None) -> None:
    if x.ndim not in (2, 3, 4) or x.dtype.kind != "f":
        raise ValueError(
            f"batch_norm: an input of shape {x.shape} and {x.dtype}; give floats (N, C), (N, C, L) or (N, C, H, W)"
        )
    for name, parameter in parameters.items():
        if parameter is not None and parameter.shape != x.shape[1:2]:
            raise ValueError(
                f"batch_norm: {name} of shape {parameter.shape} for an input of shape {x.shape}; give ({x.shape[1]},)"
            )


def layer_norm(
    x: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalise every sample over its last axes: :math:`y = \gamma(x-\mu)/\sqrt{\sigma^2+\epsilon} + \beta`.

    x (…, \*normalized_shape); weight :math:`\gamma` and bias :math:`\beta` of ``normalized_shape``, or None.
    ``ValueError`` where they do not fit :cite:`ba2016`.

    >>> from deeplearning.autograd import tensor
    >>> layer_norm(tensor([[0.0, 2.0], [5.0, 7.0]]), (2,), eps=0.0).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]
    """
    shape = tuple(normalized_shape)
    if not shape or x.shape[x.ndim - len(shape) :] != shape or x.dtype.kind != "f":
        raise ValueError(
            f"layer_norm: an input of shape {x.shape} and {x.dtype} with normalized_shape={shape}; give floats whose "
            "last axes have these lengths"
        )
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter.shape != shape:
            raise ValueError(
                f"layer_norm: {name} of shape {parameter.shape} with normalized_shape={shape}; give the same shape"
            )
    return apply(_normalisation.LayerNorm(len(shape), eps), x, weight, bias)


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
