"""Loss surfaces over two parameters, with their gradients and second derivatives: landscapes to walk in."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Surface:
    r"""A function :math:`f(\theta_1, \theta_2)` with gradient :math:`\nabla f` and Hessian :math:`\nabla^2 f`.

    ``value`` takes (…, 2) and returns (…); ``gradient`` (2,) → (2,); ``hessian`` (2,) → (2, 2).

    >>> float(SADDLE.value(np.array([0.0, 1.0])))
    -0.25
    """

    name: str
    formula: str
    value: Callable[[Array], Array]
    gradient: Callable[[Array], Array]
    hessian: Callable[[Array], Array]


def bowl(curvatures: tuple[float, float] = (1.0, 10.0)) -> Surface:
    r"""Make the quadratic bowl :math:`\frac12(\lambda_1\theta_1^2 + \lambda_2\theta_2^2)`; ``curvatures`` are the λ.

    >>> bowl((1.0, 4.0)).gradient(np.array([1.0, 1.0])).tolist()
    [1.0, 4.0]
    """
    scale = np.array(curvatures)
    return Surface(
        "bowl",
        rf"\frac12({curvatures[0]:g}\,\theta_1^2 + {curvatures[1]:g}\,\theta_2^2)",
        lambda p: 0.5 * (scale * p**2).sum(axis=-1),
        lambda p: scale * p,
        lambda p: np.diag(scale),
    )


SADDLE = Surface(
    "saddle between two valleys",
    r"\frac12\theta_1^2 - \frac12\theta_2^2 + \frac14\theta_2^4",
    lambda p: 0.5 * p[..., 0] ** 2 - 0.5 * p[..., 1] ** 2 + 0.25 * p[..., 1] ** 4,
    lambda p: np.array([p[0], -p[1] + p[1] ** 3]),
    lambda p: np.diag([1.0, -1.0 + 3 * p[1] ** 2]),
)

HILL = Surface(
    "hill with a ring-shaped valley",
    r"-\frac12 r^2 + \frac14 r^4,\quad r^2 = \theta_1^2 + \theta_2^2",
    lambda p: -0.5 * (p**2).sum(axis=-1) + 0.25 * (p**2).sum(axis=-1) ** 2,
    lambda p: ((p**2).sum() - 1) * p,
    lambda p: ((p**2).sum() - 1) * np.eye(2) + 2 * np.outer(p, p),
)
