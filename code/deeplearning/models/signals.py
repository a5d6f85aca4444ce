"""What goes through a deep network: the weighted sums of every layer on the way up, their gradients on the way down."""

from typing import Any, NamedTuple

import numpy as np

from deeplearning.engines import Engine


class Signals(NamedTuple):
    """Of each layer, inputs first: weighted sums Z (N, D_l), and the gradient of the mean loss by them (N, D_l)."""

    z: list[np.ndarray]
    gradients: list[np.ndarray]


def signals(model: Any, x: np.ndarray, labels: np.ndarray, engine: Engine) -> Signals:
    r"""Send a batch up through a ``Sequential`` and the gradient of its cross-entropy down, and keep both.

    :math:`Z^{(l)}` and :math:`\partial L/\partial Z^{(l)}` for every module with a weight matrix, a Linear layer or a
    residual block. x (N, D) and labels (N,) as the model and the cross-entropy take them. The model's own gradients are
    forgotten afterwards, its parameters stay as they are; it runs in the mode that it is in, so that in training the
    running averages of a batch normalisation move.

    >>> from deeplearning import engines, models
    >>> batch = np.zeros((5, 3), np.float32), np.zeros(5, np.int64)
    >>> found = signals(models.mlp([3, 4, 2]), *batch, engines.get("numpy"))
    >>> [gradient.shape for gradient in found.gradients]
    [(5, 4), (5, 2)]
    """
    h, outputs = engine.tensor(x), []
    for module in model:
        h = module(h)
        if any(parameter.ndim == 2 for parameter in module.parameters()):
            h.retain_grad()
            outputs.append(h)
    engine.nn.functional.cross_entropy(h, engine.tensor(labels)).backward()
    model.zero_grad()
    gradients = [z.grad for z in outputs]
    z, dz = ([np.array(engine.to_numpy(a)) for a in each] for each in (outputs, gradients))
    return Signals(z, dz)


def reach(gradients: list[np.ndarray]) -> float:
    r"""Return what of the gradient reaches the first layer: its norm there over its norm in the last hidden layer.

    :math:`\lVert\nabla_{Z^{(1)}} L\rVert / \lVert\nabla_{Z^{(L-1)}} L\rVert`; 1 with one hidden layer.
    """
    first, last = (np.linalg.norm(gradients[place].astype(np.float64)) for place in (0, -2))
    return float(first / last) if last else 0.0
