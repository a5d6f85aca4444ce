r"""A multi-layer perceptron and its gradient, written out by hand on NumPy arrays.

Layers are numbered as in the equations, 1 … L, and everything that belongs to layer l is found under the key l:

.. math::

    Z^{(l)} = H^{(l-1)} W^{(l)\top} + b^{(l)}, \qquad H^{(l)} = \varphi(Z^{(l)}), \qquad H^{(0)} = X

The last layer has no φ: it gives scores. What the targets are decides the loss. Labels (N,), integers, mean softmax
cross-entropy; targets (N, K), floats, mean half squared error.

Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 323 (1986).
"""

# ruff: noqa: E741 - the layer is called l, as in the equations

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from deeplearning.autograd import numerical_gradient

Array = np.ndarray
Parameters = dict[int, tuple[Array, Array]]  # layer → weight (D_l, D_{l-1}), bias (D_l,)


class Activations(NamedTuple):
    """What a forward pass leaves behind for the backward pass: ``z[l]`` and ``h[l]``, both (N, D_l)."""

    z: dict[int, Array]
    h: dict[int, Array]
    activation: str


def sigmoid(z: Array) -> Array:
    """Return the logistic function 1 / (1 + e⁻ᶻ), written so that no exponential overflows.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)


# Each activation φ(z) with its derivative φ'(z). ReLU has none at 0; like PyTorch, we take 0 there.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "identity": (lambda z: z, np.ones_like),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(z.dtype)),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
}


def initialise(
    sizes: Sequence[int], generator: np.random.Generator, dtype: Any = np.float64
) -> Parameters:
    r"""Draw parameters for layers of the given sizes, inputs first: :math:`U(-1/\sqrt{n}, 1/\sqrt{n})`, n inputs.

    >>> {l: (W.shape, b.shape) for l, (W, b) in initialise([4, 3, 2], np.random.default_rng(0)).items()}
    {1: ((3, 4), (3,)), 2: ((2, 3), (2,))}
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(
            f"initialise: sizes={list(sizes)}; give at least two positive integers, inputs first"
        )
    parameters = {}
    for l in range(1, len(sizes)):
        bound = sizes[l - 1] ** -0.5
        W = generator.uniform(-bound, bound, (sizes[l], sizes[l - 1])).astype(dtype)
        parameters[l] = W, generator.uniform(-bound, bound, sizes[l]).astype(dtype)
    return parameters


def forward(parameters: Parameters, x: Array, activation: str = "tanh") -> Activations:
    r"""Compute every layer, and keep everything for the backward pass.

    :math:`Z^{(l)} = H^{(l-1)} W^{(l)\top} + b^{(l)}`; x (N, D_0), ``activation`` a name
    in ``ACTIVATIONS``; ``h[L]`` are the scores (N, D_L). ``ValueError`` for an x that
    does not fit the first layer or an unknown activation.

    >>> one = {1: (np.array([[2.0, 0.0]]), np.array([1.0]))}
    >>> forward(one, np.array([[3.0, 5.0]])).h[1].tolist()
    [[7.0]]
    """
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"forward: activation={activation!r}; give one of {', '.join(ACTIVATIONS)}"
        )
    inputs = parameters[1][0].shape[1]
    if x.ndim != 2 or x.shape[1] != inputs:
        raise ValueError(f"forward: x has shape {x.shape}; the first layer takes (N, {inputs})")
    phi, _ = ACTIVATIONS[activation]
    last = len(parameters)
    z, h = {}, {0: x}
    for l, (W, b) in parameters.items():
        z[l] = h[l - 1] @ W.T + b  # (N, D_l)
        h[l] = phi(z[l]) if l < last else z[l]
    return Activations(z, h, activation)


def softmax(scores: Array) -> Array:
    """Return probabilities (N, K) for scores (N, K); the largest score is subtracted so that nothing overflows.

    >>> softmax(np.array([[1000.0, 1000.0]])).tolist()
    [[0.5, 0.5]]
    """
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def losses(scores: Array, y: Array) -> Array:
    r"""Return the loss of every sample, (N,): :math:`-\ln \hat p_{y}` for labels, :math:`\frac12\|\hat y - y\|^2` else.

    >>> losses(np.zeros((1, 2)), np.array([1])).round(4).tolist()  # ln 2
    [0.6931]
    """
    _check(scores, y)
    if y.ndim == 2:
        return 0.5 * ((scores - y) ** 2).sum(axis=1)
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y]


def output_delta(scores: Array, y: Array) -> Array:
    r"""Return :math:`\partial\ell_n/\partial z_{nk}`, (N, K): prediction minus target.

    >>> output_delta(np.zeros((1, 2)), np.array([1])).tolist()
    [[0.5, -0.5]]
    """
    _check(scores, y)
    if y.ndim == 2:
        return scores - y
    delta = softmax(scores)
    delta[np.arange(len(y)), y] -= 1
    return delta


def deltas(parameters: Parameters, activations: Activations, y: Array) -> dict[int, Array]:
    r"""Carry the blame back, from layer L to layer 1.

    :math:`\Delta^{(l-1)} = (\Delta^{(l)} W^{(l)}) \circ \varphi'(Z^{(l-1)})`. Row n of
    ``delta[l]`` (N, D_l) is :math:`\partial\ell_n/\partial \mathbf{z}^{(l)}_n`, of that
    sample's own loss.
    """
    _, phi_prime = ACTIVATIONS[activations.activation]
    last = len(parameters)
    delta = {last: output_delta(activations.h[last], y)}
    for l in range(last, 1, -1):
        W, _ = parameters[l]
        delta[l - 1] = (delta[l] @ W) * phi_prime(activations.z[l - 1])
    return delta


def backward(parameters: Parameters, activations: Activations, y: Array) -> Parameters:
    r"""Return the gradient of the mean loss, in the form and shapes of the parameters.

    .. math::

        \partial L/\partial W^{(l)} &= \tfrac1N \Delta^{(l)\top} H^{(l-1)} \\
        \partial L/\partial b^{(l)} &= \tfrac1N \sum_n \boldsymbol\delta^{(l)}_n

    y (N,) labels or (N, D_L) targets; ``ValueError`` for others.

    >>> one = {1: (np.array([[2.0]]), np.array([0.0]))}
    >>> x, y = np.array([[3.0]]), np.array([[5.0]])
    >>> backward(one, forward(one, x), y)  # (ŷ − y) x = (6 − 5) · 3, and ŷ − y
    {1: (array([[3.]]), array([1.]))}
    """
    delta = deltas(parameters, activations, y)
    gradients = {}
    for l in parameters:
        d, h = delta[l], activations.h[l - 1]
        gradients[l] = d.T @ h / len(y), d.sum(axis=0) / len(y)  # (D_l, D_{l-1}), (D_l,)
    return gradients


def per_sample_gradients(parameters: Parameters, activations: Activations, y: Array) -> Array:
    r"""Return every sample's own gradient as a row, (N, P) for P parameters.

    Row n is :math:`\nabla_\theta \ell_n`, ordered as in `flatten`; for a weight it is the
    outer product :math:`\boldsymbol\delta_n \mathbf{h}_n^\top`. The mean of the rows is
    `backward`. Needs N·P numbers of memory.
    """
    delta = deltas(parameters, activations, y)
    parts = []
    for l in parameters:
        d, h = delta[l], activations.h[l - 1]
        outer = d[:, :, None] * h[:, None, :]  # (N, D_l, D_{l-1})
        parts += [outer.reshape(len(y), -1), d]
    return np.concatenate(parts, axis=1)


def numerical_gradients(
    parameters: Parameters, x: Array, y: Array, activation: str = "tanh", step: float = 1e-6
) -> Parameters:
    """Return the gradient of the mean loss by finite differences: two forward passes for every single parameter.

    Parameters must be float64 (``ValueError`` otherwise): in float32 the differences drown in rounding.
    """
    copies = {l: (W.copy(), b.copy()) for l, (W, b) in parameters.items()}
    if any(array.dtype != np.float64 for pair in copies.values() for array in pair):
        raise ValueError(
            "numerical_gradients: give float64 parameters; in float32 differences drown in rounding"
        )

    def loss() -> float:
        return float(losses(forward(copies, x, activation).h[len(copies)], y).mean())

    return {
        l: (numerical_gradient(loss, W, step), numerical_gradient(loss, b, step))
        for l, (W, b) in copies.items()
    }


def flatten(parameters: Parameters) -> Array:
    """Return all parameters, or gradients, as one vector (P,): layer by layer, the weight row by row, then the bias.

    >>> flatten({1: (np.array([[1.0, 2.0]]), np.array([3.0]))}).tolist()
    [1.0, 2.0, 3.0]
    """
    return np.concatenate([array.ravel() for pair in parameters.values() for array in pair])


def descend(parameters: Parameters, gradients: Parameters, rate: float) -> Parameters:
    r"""Return the parameters after one step of gradient descent: :math:`\theta - \eta \nabla L`.

    >>> descend({1: (np.array([[1.0]]), np.array([0.0]))}, {1: (np.array([[2.0]]), np.array([4.0]))}, 0.5)
    {1: (array([[0.]]), array([-2.]))}
    """
    return {
        l: (W - rate * gradients[l][0], b - rate * gradients[l][1])
        for l, (W, b) in parameters.items()
    }


def to_state(parameters: Parameters) -> dict[str, Array]:
    """Return the parameters under the names that `deeplearning.models.mlp` gives them on every engine.

    >>> list(to_state(initialise([2, 2, 1], np.random.default_rng(0))))
    ['0.weight', '0.bias', '2.weight', '2.bias']
    """
    # Layer l is module 2(l − 1) of the Sequential: an activation stands between two layers.
    return {
        f"{2 * (l - 1)}.{name}": array
        for l, pair in parameters.items()
        for name, array in zip(("weight", "bias"), pair, strict=True)
    }


def from_state(state: Mapping[str, Array]) -> Parameters:
    """Undo `to_state`.

    >>> list(from_state(to_state(initialise([2, 2, 1], np.random.default_rng(0)))))
    [1, 2]
    """
    numbers = sorted({int(name.split(".")[0]) for name in state})
    return {
        n // 2 + 1: (np.asarray(state[f"{n}.weight"]), np.asarray(state[f"{n}.bias"]))
        for n in numbers
    }


def _check(scores: Array, y: Array) -> None:
    if y.ndim == 2 and y.dtype.kind == "f" and y.shape == scores.shape:
        return
    if y.ndim == 1 and y.dtype.kind in "iu" and len(y) == len(scores):
        if y.size and not (y.min() >= 0 and y.max() < scores.shape[1]):
            raise ValueError(
                f"labels {y.min()} … {y.max()} for scores of {scores.shape[1]} classes; give 0 … K − 1"
            )
        return
    raise ValueError(
        f"targets of shape {y.shape} and dtype {y.dtype} for scores {scores.shape}; "
        f"give integer labels ({len(scores)},) or float targets {scores.shape}"
    )
