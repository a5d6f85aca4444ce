"""AdaGrad: a rate for every weight, which shrinks with the gradients that the weight has seen."""

from collections.abc import Iterable

import numpy as np

from deeplearning.autograd import Tensor
from deeplearning.optim.optimizer import Group, Optimizer


class Adagrad(Optimizer):
    r"""AdaGrad :cite:`duchi2011`: divide by the root of the sum of all squared gradients so far.

    .. math::
        g \leftarrow \nabla_\theta L + \lambda\theta, \qquad
        s \leftarrow s + g^2, \qquad
        \theta \leftarrow \theta - \frac{\eta_t\, g}{\sqrt{s} + \varepsilon}

    element by element, with :math:`\eta_t = \eta/(1 + (t - 1)d)` at the t-th step (``lr``, ``lr_decay`` d) and weight
    decay :math:`\lambda`; :math:`s` starts at ``initial_accumulator_value``. Equal to ``torch.optim.Adagrad`` step for
    step. ``ValueError`` for settings out of range or without parameters.

    >>> w = Tensor([3.0, 0.1], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> Adagrad([w], lr=0.05).step()
    >>> [round(value, 4) for value in w.tolist()]
    [2.95, 0.05]
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "eps": eps,
            },
        )

    def step(self) -> None:
        """Move every parameter that has a gradient one step against it."""
        for weights, gradient, state, group in self._moving():
            if not state:
                state["step"] = 0
                state["sum"] = np.full_like(weights, group["initial_accumulator_value"])
            state["step"] += 1
            if group["weight_decay"]:
                gradient = gradient + group["weight_decay"] * weights
            squares = state["sum"]
            squares += gradient * gradient
            rate = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
            weights -= rate * gradient / (np.sqrt(squares) + group["eps"])
