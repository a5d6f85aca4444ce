"""Gradient descent on a function of a few numbers: the whole path, to be looked at."""

from collections.abc import Callable

import numpy as np


def gradient_descent(
    gradient: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    lr: float,
    steps: int,
    momentum: float = 0.0,
) -> np.ndarray:
    r"""Walk against the gradient from ``start`` and return every point on the way.

    :math:`v_t = \mu v_{t-1} + \nabla f(\theta_t)`,
    :math:`\theta_{t+1} = \theta_t - \eta v_t`,
    with learning rate :math:`\eta` (``lr``) and momentum :math:`\mu` (Polyak, 1964).

    ``start`` (D,), result (steps + 1, D). A path that leaves the range of float64
    ends in infinities or NaN, not in an error. ``ValueError`` for a rate or a
    number of steps that is not positive.

    >>> gradient_descent(lambda x: 2 * x, np.array([1.0]), lr=0.25, steps=2).ravel().tolist()
    [1.0, 0.5, 0.25]
    """
    if not lr > 0 or steps < 1:
        raise ValueError(f"lr={lr!r}, steps={steps!r}; give a positive rate and at least one step")
    path = np.empty((steps + 1, len(start)))
    path[0] = start
    velocity = np.zeros(len(start))
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(steps):
            velocity = momentum * velocity + gradient(path[t])
            path[t + 1] = path[t] - lr * velocity
    return path
