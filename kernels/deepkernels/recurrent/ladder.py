"""The ladder: the same cell in three launches and in one, the same sequence step by step and in one launch.

Every rung takes ``kind`` ("lstm" or "gru"), the input, the state's tensors (h, c) or (h,), and the weights W_ih, W_hh,
b_ih, b_hh of PyTorch, biases None if there are none. All are differentiable. What is public chooses among them:
`fused` for a cell, `sequence` for a sequence unless the configurations say otherwise.
"""

from __future__ import annotations

import torch

from deepkernels.matmul import matmul
from deepkernels.recurrent import operators

Tensor = torch.Tensor
State = tuple[Tensor, ...]


def unfused(
    kind: str, x: Tensor, state: State, w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None = None, b_hh: Tensor | None = None,
) -> State:  # fmt: skip
    """Return the state after one step, in three launches: x W_ihᵀ, h W_hhᵀ, and all that is elementwise.

    Both products, (N, 4H) or (N, 3H), go through memory. x (N, in), state (N, H).

    >>> zeros = torch.zeros
    >>> unfused("gru", zeros(1, 2), (torch.ones(1, 1),), zeros(3, 2), zeros(3, 1))
    (tensor([[0.5000]]),)
    """
    gx, gh = matmul(x, w_ih.t(), bias=b_ih), matmul(state[0], w_hh.t(), bias=b_hh)
    before = state[-1]  # c of an LSTM, h of a GRU
    kept = operators.wanted(gx, gh, before)
    return operators.pointwise(kind, gx, gh, before, kept)[: len(state)]


def fused(
    kind: str, x: Tensor, state: State, w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None = None, b_hh: Tensor | None = None,
) -> State:  # fmt: skip
    """Return the state after one step, in one launch: pre-activations stay in registers. x (N, in), state (N, H).

    >>> zeros = torch.zeros
    >>> fused("gru", zeros(1, 2), (torch.ones(1, 1),), zeros(3, 2), zeros(3, 1))
    (tensor([[0.5000]]),)
    """
    h, *c = state
    kept = operators.wanted(x, *state, w_ih, w_hh, b_ih, b_hh)
    results = operators.cell(kind, x, h, c[0] if c else None, w_ih, w_hh, b_ih, b_hh, kept)
    return results[: len(state)]


def repeated(
    kind: str, x: Tensor, state: State, w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None = None, b_hh: Tensor | None = None,
) -> tuple[Tensor, State]:  # fmt: skip
    """Return every h (T, N, H) and the last state, by T fused cells, one after the other. x (T, N, in), state (N, H).

    >>> zeros = torch.zeros
    >>> repeated("gru", zeros(2, 1, 2), (torch.ones(1, 1),), zeros(3, 2), zeros(3, 1))[0].flatten().tolist()
    [0.5, 0.25]
    """
    outputs = []
    for now in x:
        state = fused(kind, now, state, w_ih, w_hh, b_ih, b_hh)
        outputs.append(state[0])
    return torch.stack(outputs), state


def sequence(
    kind: str, x: Tensor, state: State, w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None = None, b_hh: Tensor | None = None,
) -> tuple[Tensor, State]:  # fmt: skip
    """Return the same, in 1 + T launches: the input's products of all steps at once, then h W_hhᵀ step by step.

    >>> zeros = torch.zeros
    >>> sequence("gru", zeros(2, 1, 2), (torch.ones(1, 1),), zeros(3, 2), zeros(3, 1))[0].flatten().tolist()
    [0.5, 0.25]
    """
    return _over_time("step", kind, x, state, w_ih, w_hh, b_ih, b_hh)


def persistent(
    kind: str, x: Tensor, state: State, w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None = None, b_hh: Tensor | None = None,
) -> tuple[Tensor, State]:  # fmt: skip
    """Return the same, in two launches: one for the input's products, one for all steps.

    Programs stay on the GPU and wait for each other between steps. In the interpreter there is one program, because one
    that waits for the next would wait for ever.

    >>> zeros = torch.zeros
    >>> persistent("gru", zeros(2, 1, 2), (torch.ones(1, 1),), zeros(3, 2), zeros(3, 1))[0].flatten().tolist()
    [0.5, 0.25]
    """
    return _over_time("persistent", kind, x, state, w_ih, w_hh, b_ih, b_hh)


def resident(
    kind: str, x: Tensor, state: State, w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None = None, b_hh: Tensor | None = None,
) -> tuple[Tensor, State]:  # fmt: skip
    """Return the same, in two launches, with W_hh read once: each program keeps its part on the chip for all steps.

    Raises:
        ValueError: if the tiles do not fit onto the GPU at once, H is above 1024, or the dtype has 4 bytes.
    """
    return _over_time("resident", kind, x, state, w_ih, w_hh, b_ih, b_hh)


#: Name → rung, in order, for measurements.
CELLS = {"unfused": unfused, "fused": fused}
SEQUENCES = {
    "repeated": repeated,
    "sequence": sequence,
    "persistent": persistent,
    "resident": resident,
}


def _over_time(
    rung: str, kind: str, x: Tensor, state: State, w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None, b_hh: Tensor | None,
) -> tuple[Tensor, State]:  # fmt: skip
    gx = operators.input_products(x, w_ih, b_ih)
    h, *c = state
    kept = operators.wanted(gx, *state, w_hh, b_hh)
    results = operators.over_time(kind, gx, h, c[0] if c else None, w_hh, b_hh, kept, rung)
    return results[0], results[1 : 1 + len(state)]
