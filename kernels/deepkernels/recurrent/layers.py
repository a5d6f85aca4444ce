"""Several layers and both directions, put together from one layer in one direction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from deepkernels import check
from deepkernels.recurrent.op import gru, lstm

Tensor = torch.Tensor
ONE: dict[str, Any] = {"lstm": lstm, "gru": gru}


def stacked(
    kind: str,
    x: Tensor,
    state: tuple[Tensor, Tensor] | Tensor | None,
    parameters: Sequence[Sequence[Tensor | None]],
    bidirectional: bool = False,
) -> tuple[Tensor, Any]:
    """Return y and the last state of ``torch.nn.LSTM`` or ``torch.nn.GRU`` with these parameters.

    Args:
        kind: "lstm" or "gru".
        x: (T, N, in).
        state: (h_0, c_0), of a GRU h_0; each (D · layers, N, H) with D = 2 if ``bidirectional``, else 1; or None for
            zeros.
        parameters: W_ih, W_hh and, if there are any, b_ih, b_hh of each layer and direction, in the order in which
            PyTorch has them: layer 0 forward, layer 0 backward, layer 1 forward, …
        bidirectional: whether each layer also reads the sequence from its end.

    Returns:
        y (T, N, D · H) of the last layer, and the last state in the shape of ``state``.

    Raises:
        ValueError: for another kind, parameters or states of another number, and what one layer refuses.

    >>> weights = [(torch.zeros(3, 2), torch.zeros(3, 1)), (torch.zeros(3, 1), torch.zeros(3, 1))]
    >>> y, h = stacked("gru", torch.zeros(2, 1, 2), torch.ones(2, 1, 1), weights)
    >>> h.shape, y.flatten().tolist()
    (torch.Size([2, 1, 1]), [0.5, 0.25])
    """
    check.require("stacked", kind in ONE, f"kind={kind!r}; give 'lstm' or 'gru'")
    directions = 2 if bidirectional else 1
    check.require(
        "stacked",
        len(parameters) > 0 and len(parameters) % directions == 0,
        f"{len(parameters)} sets of parameters for {directions} directions; give one for each layer and direction",
    )
    given = () if state is None else state if isinstance(state, (tuple, list)) else (state,)
    for tensor in given:
        check.require(
            "stacked",
            tensor.shape[0] == len(parameters),
            f"a state has shape {tuple(tensor.shape)} for {len(parameters)} sets of parameters; give one for each",
        )
    last = []
    for layer in range(0, len(parameters), directions):
        outputs = []
        for index in range(layer, layer + directions):
            backwards = index > layer
            before = tuple(tensor[index : index + 1] for tensor in given)
            first = None if not before else before if kind == "lstm" else before[0]
            y, after = ONE[kind](x.flip(0) if backwards else x, first, *parameters[index])
            outputs.append(y.flip(0) if backwards else y)
            last.append(after if kind == "lstm" else (after,))
        x = outputs[0] if directions == 1 else torch.cat(outputs, -1)
    states = tuple(torch.cat(tensors) for tensors in zip(*last, strict=True))
    return x, states if kind == "lstm" else states[0]
