"""Stochastic gradient descent, with momentum."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.linalg.blas import daxpy, saxpy

from deeplearning.autograd import Tensor

SETTINGS = ("lr", "momentum", "dampening", "weight_decay", "nesterov")
AXPY = {"f": saxpy, "d": daxpy}
# Numbers a call. From 10,000 on, SciPy's BLAS starts threads of its own, and they fight with those of NumPy's BLAS.
BLOCK = 8_192


class SGD:
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
        params: Iterable[Tensor],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        if isinstance(params, Tensor):
            raise TypeError("SGD: the parameters are one Tensor; give a list: SGD([w], ...)")
        self.params = list(params)
        for parameter in self.params:
            if not isinstance(parameter, Tensor):
                raise TypeError(
                    f"SGD: a parameter is a {type(parameter).__name__}; give Tensors: model.parameters()"
                )
            if not parameter.is_leaf:
                raise ValueError(
                    "SGD: a parameter is an operation's result; give the tensors that it was made of"
                )
        if len(set(self.params)) < len(self.params):
            raise ValueError(
                "SGD: a parameter is given twice and would move two steps at once; give each once"
            )
        if not self.params:
            raise ValueError("SGD: no parameters; give model.parameters() of a model that has some")
        for name, value in (("lr", lr), ("momentum", momentum), ("weight_decay", weight_decay)):
            if not (value >= 0 and np.isfinite(value)):
                raise ValueError(f"SGD: {name}={value!r}; give a finite number >= 0")
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError(
                f"SGD: nesterov with momentum={momentum}, dampening={dampening}; it needs momentum > 0 and no dampening"
            )
        self.lr, self.momentum, self.dampening = float(lr), momentum, dampening
        self.weight_decay, self.nesterov = weight_decay, nesterov
        self.velocity: list[np.ndarray | None] = [None] * len(self.params)

    def zero_grad(self) -> None:
        """Forget all gradients, before the next backward pass."""
        for parameter in self.params:
            parameter.zero_grad()

    def step(self) -> None:
        """Move every parameter that has a gradient one step against it."""
        for i, parameter in enumerate(self.params):
            if parameter._gradient is None:
                continue
            weights, gradient = parameter._array, parameter._gradient._array
            if self.weight_decay:
                gradient = gradient + self.weight_decay * weights
            if self.momentum:
                velocity = self.velocity[i]
                if velocity is None:
                    velocity = gradient.copy("K")  # in the weights' order of memory
                else:
                    velocity *= self.momentum
                    velocity += (1 - self.dampening) * gradient if self.dampening else gradient
                self.velocity[i] = velocity
                gradient = gradient + self.momentum * velocity if self.nesterov else velocity
            self._descend(weights, gradient)
            parameter._changes[0] += 1

    def _descend(self, weights: np.ndarray, direction: np.ndarray) -> None:
        """Subtract η times ``direction`` from ``weights`` in place, in one pass over memory.

        That is the BLAS's "axpy", y ← αx + y; NumPy alone would write the product to memory first.
        """
        axpy = AXPY.get(weights.dtype.char)
        if axpy is None or direction.strides != weights.strides or not weights.flags.forc:
            weights -= self.lr * direction
            return
        # Views, in the order of memory.
        flat_weights, flat_direction = weights.ravel("K"), direction.ravel("K")
        for start in range(0, weights.size, BLOCK):
            count = min(BLOCK, weights.size - start)
            axpy(flat_direction, flat_weights, count, -self.lr, start, 1, start, 1)

    def state_dict(self) -> dict[str, Any]:
        """Return settings and velocities: all that is needed to go on later exactly as if nothing had happened."""
        settings = {name: getattr(self, name) for name in SETTINGS}
        return settings | {"velocity": [None if v is None else v.copy("K") for v in self.velocity]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned; ``ValueError`` if it belongs to other parameters."""
        missing = sorted({*SETTINGS, "velocity"} - state.keys())
        if missing:
            raise ValueError(
                f"SGD: a state without {missing}; give what state_dict() of an SGD returned"
            )
        velocity = state["velocity"]
        shapes = [None if v is None else np.shape(v) for v in velocity]
        if len(shapes) != len(self.params) or any(
            s is not None and s != p.shape for s, p in zip(shapes, self.params, strict=True)
        ):
            raise ValueError(
                f"SGD: a state for parameters of shapes {shapes}; these have {[p.shape for p in self.params]}"
            )
        for name in SETTINGS:
            setattr(self, name, state[name])
        self.velocity = [
            None if v is None else np.array(v, dtype=p.dtype)
            for v, p in zip(velocity, self.params, strict=True)
        ]
