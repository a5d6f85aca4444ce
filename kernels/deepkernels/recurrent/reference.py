"""What recurrent operations should give: PyTorch's own, in float64 on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

Tensor = torch.Tensor


def cell(
    kind: str, x: Tensor, state: Sequence[Tensor], weights: Sequence[Tensor | None]
) -> tuple[Tensor, ...]:
    """Return the state after one step, differentiable: (h, c) of an LSTM, (h,) of a GRU.

    Args:
        kind: "lstm" or "gru".
        x: (N, in).
        state: its tensors (N, H).
        weights: W_ih, W_hh, b_ih, b_hh; both biases may be None.

    >>> cell("gru", torch.zeros(1, 2), [torch.ones(1, 1)], [torch.zeros(3, 2), torch.zeros(3, 1), None, None])
    (tensor([[0.5000]], dtype=torch.float64),)
    """
    given, before, kept = wide(x), [wide(tensor) for tensor in state], [wide(w) for w in weights]
    if kind == "lstm":
        return torch.lstm_cell(given, before, *kept)
    return (torch.gru_cell(given, before[0], *kept),)


def sequence(
    kind: str, x: Tensor, state: Sequence[Tensor], weights: Sequence[Tensor | None]
) -> tuple[Tensor, ...]:
    """Return every h (T, N, H) and the last state's tensors (1, N, H), differentiable; arguments as for `cell`.

    >>> y, h = sequence("gru", torch.zeros(2, 1, 2), [torch.ones(1, 1, 1)], [torch.zeros(3, 2), torch.zeros(3, 1)])
    >>> y.flatten().tolist()
    [0.5, 0.25]
    """
    given, before = wide(x), [wide(tensor) for tensor in state]
    kept = [wide(weight) for weight in weights if weight is not None]
    options = len(kept) == 4, 1, 0.0, False, False, False
    if kind == "lstm":
        return torch.lstm(given, before, kept, *options)
    return torch.gru(given, before[0], kept, *options)


def wide(tensor: Tensor | None) -> Any:
    """Return a tensor in float64 on the CPU, None for None."""
    return None if tensor is None else tensor.cpu().double()
