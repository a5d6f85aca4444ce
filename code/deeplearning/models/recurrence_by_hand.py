r"""A simple recurrent network and its gradient through time, written out by hand on NumPy arrays.

Step t = 1 … T reads :math:`X_t`, one row a sequence, and makes a new state of the old one:

.. math::

    Z_t = X_t W_{ih}^\top + b_{ih} + H_{t-1} W_{hh}^\top + b_{hh}, \qquad H_t = \tanh Z_t

Parameters are a dictionary under the names of ``nn.RNN``: ``weight_ih_l0`` (H, I), ``weight_hh_l0`` (H, H),
``bias_ih_l0`` and ``bias_hh_l0`` (H,).

Source: Werbos, "Backpropagation through time: what it does and how to do it", Proceedings of the IEEE 78 (1990).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Array = np.ndarray
NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def initialise(inputs: int, hidden: int, generator: np.random.Generator) -> dict[str, Array]:
    r"""Draw parameters as ``nn.RNN`` does, :math:`U(-1/\sqrt H, 1/\sqrt H)`, in float64.

    >>> {name: p.shape for name, p in initialise(2, 3, np.random.default_rng(0)).items()}
    {'weight_ih_l0': (3, 2), 'weight_hh_l0': (3, 3), 'bias_ih_l0': (3,), 'bias_hh_l0': (3,)}
    """
    shapes = ((hidden, inputs), (hidden, hidden), (hidden,), (hidden,))
    bound = hidden**-0.5
    return {
        name: generator.uniform(-bound, bound, shape)
        for name, shape in zip(NAMES, shapes, strict=True)
    }


def forward(parameters: Mapping[str, Array], x: Array, first: Array) -> Array:
    """Return the first state and that after every step, (T + 1, N, H), for x (T, N, I) and ``first`` (N, H).

    >>> one = {"weight_ih_l0": np.eye(1), "weight_hh_l0": np.eye(1), "bias_ih_l0": 0.0, "bias_hh_l0": 0.0}
    >>> forward(one, np.zeros((2, 1, 1)), np.zeros((1, 1))).shape
    (3, 1, 1)
    """
    w_ih, w_hh, b_ih, b_hh = (parameters[name] for name in NAMES)
    if x.ndim != 3 or first.shape != (x.shape[1], len(w_hh)) or x.shape[2] != w_ih.shape[1]:
        raise ValueError(
            f"forward: x {x.shape} and a first state {first.shape}; give (T, N, {w_ih.shape[1]}) "
            f"and (N, {len(w_hh)})"
        )
    h = [first]
    for x_t in x:
        h.append(np.tanh(x_t @ w_ih.T + b_ih + h[-1] @ w_hh.T + b_hh))
    return np.stack(h)


def backward(
    parameters: Mapping[str, Array], x: Array, h: Array, dh: Array, window: int | None = None
) -> tuple[dict[str, Array], Array]:
    r"""Return the gradient of every parameter, and :math:`\bar H_t` of every state.

    .. math::

        \Delta_t = \bar H_t \odot (1 - H_t^2), \qquad \bar H_{t-1} \mathrel{+}= \Delta_t W_{hh}

    ``h`` (T + 1, N, H) is what `forward` returned and ``dh`` (T, N, H) the gradient that
    arrives at each state from that step's own output. The second result, (T + 1, N, H),
    adds what comes from all later steps. With a ``window`` of τ steps nothing flows back
    from step τ + 1 to step τ, from 2τ + 1 to 2τ and so on, nor from step 1 to the first
    state: truncated.
    """
    w_ih, w_hh = parameters["weight_ih_l0"], parameters["weight_hh_l0"]
    dw_ih, dw_hh, db = np.zeros_like(w_ih), np.zeros_like(w_hh), np.zeros(len(w_hh))
    arrived = np.zeros_like(h)  # H̄, of the states 0 … T
    arrived[1:] = dh
    for t in range(len(x), 0, -1):
        delta = arrived[t] * (1 - h[t] ** 2)  # (N, H)
        dw_ih += delta.T @ x[t - 1]
        dw_hh += delta.T @ h[t - 1]
        db += delta.sum(axis=0)
        if window is None or (t - 1) % window:
            arrived[t - 1] += delta @ w_hh
    return dict(zip(NAMES, (dw_ih, dw_hh, db, db.copy()), strict=True)), arrived
