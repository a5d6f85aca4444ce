"""Networks of one layer: linear, logistic and softmax regression, and the closed form that checks the first."""

from typing import Any

import numpy as np

from deeplearning import nn as own_nn


def linear_regression(features: int, outputs: int = 1, nn: Any = own_nn) -> Any:
    r"""Make the network that predicts numbers: one layer without a step.

    :math:`\hat{\mathbf{Y}} = \mathbf{X}\mathbf{W}^\top + \mathbf{b}`

    ``features`` D and ``outputs`` K are positive integers; ``nn`` is the
    namespace of an engine, and the result is its module with ``weight`` (K, D)
    and ``bias`` (K,). Input (N, D), output (N, K), in the units of the targets.
    Its loss is ``nn.MSELoss()``. ``ValueError`` for other sizes.
    Source: Legendre (1805).

    >>> from deeplearning.autograd import ones
    >>> linear_regression(3)(ones(5, 3)).shape
    (5, 1)
    """
    _check_sizes("linear_regression", features=features, outputs=outputs)
    return nn.Linear(features, outputs)


def logistic_regression(features: int, nn: Any = own_nn) -> Any:
    r"""Make the network that tells two classes apart by one score a sample.

    :math:`\mathbf{z} = \mathbf{X}\mathbf{w} + b`,
    :math:`P(y = 1 \mid \mathbf{x}) = \sigma(z)`

    ``features`` D is a positive integer; ``nn`` is the namespace of an engine,
    and the result is its module with ``weight`` (1, D) and ``bias`` (1,). Input
    (N, D), output (N, 1): z, the log-odds, in nats; class 1 where z > 0. Its
    loss is ``nn.BCEWithLogitsLoss()``, which contains the sigmoid.
    ``ValueError`` for other sizes. Source: Cox (1958).

    >>> from deeplearning.autograd import ones
    >>> logistic_regression(30)(ones(5, 30)).shape
    (5, 1)
    """
    _check_sizes("logistic_regression", features=features)
    return nn.Linear(features, 1)


def softmax_regression(features: int, classes: int, nn: Any = own_nn) -> Any:
    r"""Make the network that tells K classes apart by one score a class.

    :math:`\mathbf{Z} = \mathbf{X}\mathbf{W}^\top + \mathbf{b}`,
    :math:`P(y = k \mid \mathbf{x}) = e^{z_k} / \sum_j e^{z_j}`

    ``features`` D and ``classes`` K ≥ 2 are integers; ``nn`` is the namespace
    of an engine, and the result is its module with ``weight`` (K, D), a row a
    class, and ``bias`` (K,). Input (N, D), output (N, K): scores in nats. Its
    loss is ``nn.CrossEntropyLoss()``, which contains the softmax.
    ``ValueError`` for other sizes. Source: Bridle (1990).

    >>> from deeplearning.autograd import ones
    >>> softmax_regression(784, 10)(ones(2, 784)).shape
    (2, 10)
    """
    _check_sizes("softmax_regression", features=features, classes=classes)
    if classes < 2:
        raise ValueError(f"softmax_regression: classes={classes}; give 2 or more")
    return nn.Linear(features, classes)


def least_squares(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the weight and bias of least squared error, without training.

    With a column of ones beside :math:`\mathbf{X}` they solve
    :math:`\mathbf{X}^\top\mathbf{X}\boldsymbol\theta = \mathbf{X}^\top\mathbf{Y}`.

    x (N, D) and y (N,) or (N, K) are finite numbers. The result fits
    ``linear_regression(D, K)``: weight (K, D), in units of y per unit of x, and
    bias (K,), in units of y; both float64. ``ValueError`` if shapes differ,
    values are not finite, or the columns of x and the ones are linearly
    dependent: then many weights are equally good. Source: Legendre (1805).

    >>> x, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    >>> weight, bias = least_squares(x, y)
    >>> weight.round(6).tolist(), bias.round(6).tolist()
    ([[2.0]], [1.0])
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 2 or y.ndim not in (1, 2) or len(y) != len(x):
        shapes = f"x {x.shape} and y {y.shape}"
        raise ValueError(f"least_squares: {shapes}; give (N, D) and (N,) or (N, K)")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("least_squares: NaN or infinity; remove those samples")
    columns = np.hstack([x, np.ones((len(x), 1))])
    # lstsq works on X itself: forming X'X would square the condition number.
    y = y.reshape(len(y), -1)
    solution, _, rank, _ = np.linalg.lstsq(columns, y, rcond=None)
    if rank < columns.shape[1]:
        raise ValueError(
            f"least_squares: {x.shape[1]} features and a bias, but only {rank} "
            f"independent columns in {len(x)} samples; drop features that others "
            "determine, or add samples"
        )
    return solution[:-1].T, solution[-1]


def _check_sizes(function: str, **sizes: int) -> None:
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{function}: {name}={size!r}; give a positive integer")
