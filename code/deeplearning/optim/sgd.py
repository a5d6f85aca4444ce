"""Stochastic gradient descent, with momentum."""

from collections.abc import Iterable

import numpy as np
from scipy.linalg.blas import daxpy, saxpy

from deeplearning.autograd import Tensor
from deeplearning.optim.optimizer import Group, Optimizer

AXPY = {"f": saxpy, "d": daxpy}
# Numbers a call. From 10,000 on, SciPy's BLAS starts threads of its own, and they fight with those of NumPy's BLAS.
BLOCK = 8_192


class SGD(Optimizer):
    r"""Stochastic gradient descent.

    .. math::
        g \leftarrow \nabla_\theta L + \lambda\theta, \qquad
        v \leftarrow \mu v + (1 - \tau) g, \qquad
        \theta \leftarrow \theta - \eta v

    with learning rate :math:`\eta` (``lr``), momentum :math:`\mu`, dampening :math:`\tau` and weight decay
    :math:`\lambda`; with ``nesterov`` the step is :math:`\eta(g + \mu v)`. The first :math:`v` is :math:`g` itself.
    Equal to ``torch.optim.SGD`` step for step. ``ValueError`` for settings out of range or without parameters.

    >>> w = Tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> SGD([w], lr=0.25).step()
    >>> w.tolist()
    [0.5]
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
            },
        )

    def _check(self, group: Group) -> None:
        super()._check(group)
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise ValueError(
                f"SGD: nesterov with momentum={group['momentum']}, dampening={group['dampening']}; "
                "it needs momentum > 0 and no dampening"
            )

    def step(self) -> None:
        """Move every parameter that has a gradient one step against it."""
        for weights, gradient, state, group in self._moving():
            momentum, dampening = group["momentum"], group["dampening"]
            if group["weight_decay"]:
                gradient = gradient + group["weight_decay"] * weights
            if momentum:
                velocity = state.get("momentum_buffer")
                if velocity is None:
                    velocity = gradient.copy("K")  # in the weights' order of memory
                else:
                    velocity *= momentum
                    velocity += (1 - dampening) * gradient if dampening else gradient
                state["momentum_buffer"] = velocity
                gradient = gradient + momentum * velocity if group["nesterov"] else velocity
            descend(weights, gradient, group["lr"])


def descend(weights: np.ndarray, direction: np.ndarray, lr: float) -> None:
    """Subtract ``lr`` times ``direction`` from ``weights`` in place, in one pass over memory.

    That is the BLAS's "axpy", y ← αx + y; NumPy alone would write the product to memory first.

    >>> weights = np.array([1.0, 2.0])
    >>> descend(weights, np.array([1.0, 1.0]), lr=0.5)
    >>> weights.tolist()
    [0.5, 1.5]
    """
    axpy = AXPY.get(weights.dtype.char)
    if axpy is None or direction.strides != weights.strides or not weights.flags.forc:
        weights -= lr * direction
        return
    # Views, in the order of memory.
    flat_weights, flat_direction = weights.ravel("K"), direction.ravel("K")
    for start in range(0, weights.size, BLOCK):
        count = min(BLOCK, weights.size - start)
        axpy(flat_direction, flat_weights, count, -lr, start, 1, start, 1)
