"""Adam, which joins momentum to RMSProp, and AdamW, which takes weight decay out of it again."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from deeplearning.autograd import Tensor
from deeplearning.optim.optimizer import Group, Optimizer


class Adam(Optimizer):
    r"""Adam :cite:`kingma2015`: the running mean of the gradient over the root of that of its square.

    .. math::
        g &\leftarrow \nabla_\theta L + \lambda\theta, \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \qquad
        s \leftarrow \beta_2 s + (1 - \beta_2) g^2, \\
        \theta &\leftarrow \theta - \eta\, \frac{m/(1 - \beta_1^t)}{\sqrt{s/(1 - \beta_2^t)} + \varepsilon}

    element by element at the t-th step, with rate :math:`\eta` (``lr``), memories :math:`\beta_1, \beta_2` (``betas``)
    and weight decay :math:`\lambda`. With ``amsgrad`` the largest :math:`s` so far takes its place
    :cite:`reddi2018`. Equal to ``torch.optim.Adam`` step for step. ``ValueError`` for settings out of range or
    without parameters.

    >>> w = Tensor([3.0, 0.1], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> Adam([w], lr=0.05).step()
    >>> [round(value, 4) for value in w.tolist()]
    [2.95, 0.05]
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
            },
        )

    def step(self) -> None:
        """Move every parameter that has a gradient one step against it."""
        for weights, gradient, state, group in self._moving():
            if group["weight_decay"]:
                gradient = gradient + group["weight_decay"] * weights
            move(weights, gradient, state, group)


class AdamW(Adam):
    r"""AdamW :cite:`loshchilov2019`: Adam, whose weight decay shrinks the weights themselves.

    .. math::
        \theta \leftarrow (1 - \eta\lambda)\,\theta

    and then Adam's step with the plain gradient. In :class:`Adam` the decay :math:`\lambda\theta` is divided by
    :math:`\sqrt{s}` with the rest of the gradient, so that weights with large gradients hardly decay. Equal to
    ``torch.optim.AdamW`` step for step; settings and errors as :class:`Adam`.

    >>> w = Tensor([3.0, 0.1], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> AdamW([w], lr=0.05, weight_decay=0.2).step()
    >>> [round(value, 4) for value in w.tolist()]
    [2.92, 0.049]
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    def step(self) -> None:
        """Shrink every parameter that has a gradient, then move it one step against the gradient."""
        for weights, gradient, state, group in self._moving():
            weights *= 1 - group["lr"] * group["weight_decay"]
            move(weights, gradient, state, group)


def move(weights: np.ndarray, gradient: np.ndarray, state: dict[str, Any], group: Group) -> None:
    """Take Adam's step in place: update both running means, correct them for their start at zero, divide.

    >>> weights, state = np.array([1.0]), {}
    >>> group = {"betas": (0.9, 0.999), "eps": 0.0, "lr": 0.25, "amsgrad": False}
    >>> move(weights, np.array([-8.0]), state, group)
    >>> weights.tolist()  # the first step is lr long, whatever the gradient
    [1.25]
    """
    if not state:
        state["step"] = 0
        state["exp_avg"], state["exp_avg_sq"] = np.zeros_like(weights), np.zeros_like(weights)
    state["step"] += 1
    (beta1, beta2), mean, squares = group["betas"], state["exp_avg"], state["exp_avg_sq"]
    mean += (1 - beta1) * (gradient - mean)
    squares *= beta2
    squares += (1 - beta2) * gradient * gradient
    if group["amsgrad"]:
        largest = state.setdefault("max_exp_avg_sq", np.zeros_like(weights))
        squares = np.maximum(largest, squares, out=largest)
    root = np.sqrt(squares)
    root /= (1 - beta2 ** state["step"]) ** 0.5
    root += group["eps"]
    weights -= group["lr"] / (1 - beta1 ** state["step"]) * mean / root
