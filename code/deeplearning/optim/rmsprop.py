"""RMSProp: a rate for every weight, from the gradients of the recent past."""

from collections.abc import Iterable

import numpy as np

from deeplearning.autograd import Tensor
from deeplearning.optim.optimizer import Group, Optimizer


class RMSprop(Optimizer):
    r"""RMSProp :cite:`tieleman2012`: divide by the root of a running mean of squared gradients.

    .. math::
        g \leftarrow \nabla_\theta L + \lambda\theta, \qquad
        s \leftarrow \alpha s + (1 - \alpha) g^2, \qquad
        \theta \leftarrow \theta - \frac{\eta\, g}{\sqrt{s} + \varepsilon}

    element by element, with rate :math:`\eta` (``lr``), memory :math:`\alpha` and weight decay :math:`\lambda`. With
    ``centered`` the running mean of :math:`g`, squared, is subtracted from :math:`s` under the root: the variance.
    With ``momentum`` :math:`\mu` the quotient enters a velocity, :math:`v \leftarrow \mu v + g/(\sqrt{s} +
    \varepsilon)`, and :math:`\theta` moves by :math:`\eta v`. Equal to ``torch.optim.RMSprop`` step for step.
    ``ValueError`` for settings out of range or without parameters.

    >>> w = Tensor([3.0, 0.1], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> RMSprop([w], lr=0.005, alpha=0.99).step()
    >>> [round(value, 4) for value in w.tolist()]
    [2.95, 0.05]
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "alpha": alpha,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "centered": centered,
            },
        )

    def step(self) -> None:
        """Move every parameter that has a gradient one step against it."""
        for weights, gradient, state, group in self._moving():
            if not state:
                state["step"] = 0
                for name in ("square_avg", "momentum_buffer", "grad_avg"):
                    state[name] = np.zeros_like(weights)
            state["step"] += 1
            if group["weight_decay"]:
                gradient = gradient + group["weight_decay"] * weights
            squares, alpha = state["square_avg"], group["alpha"]
            squares *= alpha
            squares += (1 - alpha) * gradient * gradient
            if group["centered"]:
                mean = state["grad_avg"]
                mean += (1 - alpha) * (gradient - mean)
                squares = squares - mean * mean
            direction = gradient / (np.sqrt(squares) + group["eps"])
            if group["momentum"]:
                velocity = state["momentum_buffer"]
                velocity *= group["momentum"]
                velocity += direction
                direction = velocity
            weights -= group["lr"] * direction
