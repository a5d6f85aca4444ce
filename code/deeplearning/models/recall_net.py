"""A recurrent network that names a symbol which it saw some steps before, written once for every engine."""

from typing import Any

import numpy as np

from deeplearning import nn as own_nn


def recall_net(symbols: int = 4, hidden: int = 64, nn: Any = own_nn) -> Any:
    r"""Make a recurrent layer with a linear layer that reads its state after every step.

    .. math::

        h_t = \tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh}), \qquad z_t = W h_t + b

    ``symbols`` K in the alphabet, ``hidden`` H units, ``nn`` the namespace of an engine; the
    result is its module. Called as ``model(x)`` or ``model(x, h)``: x (T, N, K), symbols as
    one-hot rows, time first; h (1, N, H), the state before the first step, zeros if not given.
    Returns scores (T, N, K) and the last state, from which reading can go on.
    Such networks are Elman's :cite:`elman1990`.

    >>> import torch
    >>> scores, h = recall_net(nn=torch.nn)(torch.ones(7, 2, 4))
    >>> scores.shape, h.shape
    (torch.Size([7, 2, 4]), torch.Size([1, 2, 64]))
    """

    class RecallNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.RNN(symbols, hidden)
            self.score = nn.Linear(hidden, symbols)

        def forward(self, x: Any, h: Any = None) -> Any:
            states, h = self.rnn(x, h)  # (T, N, H), (1, N, H)
            return self.score(states), h

    return RecallNet()


def shift_register(bits: int = 2, distance: int = 31, gain: float = 4.0) -> dict[str, np.ndarray]:
    r"""Write by hand the weights of a `recall_net` that recalls exactly, at one distance.

    Unit :math:`iB + b` holds bit b of the symbol shown i steps ago as a sign, for
    :math:`K = 2^B` symbols and :math:`H = B(d + 1)` units. In every step each sign moves
    on to the next B units, times ``gain`` and through tanh, which pulls it back to ±1; the
    last B units are read. ``ValueError`` unless gain > 1: with less, all signs fade
    to 0. The larger it is, the nearer they stay to ±1.

    >>> {name: value.shape for name, value in shift_register(bits=1, distance=3).items()}["rnn.weight_hh_l0"]
    (4, 4)
    """
    if bits < 1 or distance < 0 or not gain > 1:
        raise ValueError(
            f"shift_register: bits={bits}, distance={distance}, gain={gain}; give at least 1 bit, "
            "a distance from 0 and a gain above 1"
        )
    hidden = bits * (distance + 1)
    signs = 2.0 * (np.arange(2**bits)[:, None] >> np.arange(bits) & 1) - 1  # (K, B)
    weight_ih = np.zeros((hidden, 2**bits))
    weight_ih[:bits] = gain * signs.T
    score = np.zeros((2**bits, hidden))
    score[:, hidden - bits :] = signs
    state = {
        "rnn.weight_ih_l0": weight_ih,
        "rnn.weight_hh_l0": gain * np.eye(hidden, k=-bits),
        "rnn.bias_ih_l0": np.zeros(hidden),
        "rnn.bias_hh_l0": np.zeros(hidden),
        "score.weight": score,
        "score.bias": np.zeros(2**bits),
    }
    return {name: value.astype(np.float32) for name, value in state.items()}
