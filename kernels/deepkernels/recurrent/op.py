r"""``lstm_cell``, ``gru_cell``, ``lstm``, ``gru``: PyTorch's meaning, our kernels, differentiable.

.. math::
    \text{LSTM:}\quad & i, f, o = \sigma(\cdot),\; g = \tanh(\cdot), \qquad c' = f c + i g, \qquad h' = o \tanh c' \\
    \text{GRU:}\quad & r, z = \sigma(\cdot),\; n = \tanh(W_{in} x + b_{in} + r\,(W_{hn} h + b_{hn})), \qquad
        h' = (1 - z)\, n + z h

where :math:`(\cdot) = W_i x + b_i + W_h h + b_h` with each gate's own rows of the weights, in the order i, f, g, o and
r, z, n. LSTM: Hochreiter and Schmidhuber (1997), Neural Computation 9; GRU: Cho et al. (2014), EMNLP.

A single step keeps c in the dtype of the other tensors, as PyTorch's cell does. Within a sequence c is float32 from
step to step, and only the last one is rounded to that dtype.
"""

from __future__ import annotations

import torch

from deepkernels.recurrent import arguments, operators

Tensor = torch.Tensor
State = tuple[Tensor, Tensor]


def lstm_cell(
    x: Tensor,
    state: State | None,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> State:
    """Return (h′, c′), the state of an LSTM after one step: ``torch.nn.LSTMCell`` with its parameters as arguments.

    Args:
        x: input (N, in), or (in) for one sequence without a batch.
        state: (h, c), each (N, H), or (H); None for zeros.
        w_ih, w_hh: weights (4H, in) and (4H, H), rows in the order i, f, g, o.
        b_ih, b_hh: biases (4H), or None.

    Raises:
        ValueError: for shapes, dtypes or devices that do not fit.

    >>> h, c = lstm_cell(torch.zeros(1, 2), None, torch.zeros(4, 2), torch.zeros(4, 1), torch.tensor([0., 0., 9., 0.]))
    >>> round(c.item(), 3), round(h.item(), 3)  # 1/2 · tanh 9, and 1/2 · tanh of that
    (0.5, 0.231)
    """
    x, (h, c), batched = arguments.of_cell("lstm", x, state, w_ih, w_hh, b_ih, b_hh)
    kept = operators.wanted(x, h, c, w_ih, w_hh, b_ih, b_hh)
    h, c, _ = operators.cell("lstm", x, h, c, w_ih, w_hh, b_ih, b_hh, kept)
    return (h, c) if batched else (h[0], c[0])


def gru_cell(
    x: Tensor,
    h: Tensor | None,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """Return h′, the state of a GRU after one step: ``torch.nn.GRUCell`` with its parameters as arguments.

    Args:
        x: input (N, in), or (in) for one sequence without a batch.
        h: state (N, H), or (H); None for zeros.
        w_ih, w_hh: weights (3H, in) and (3H, H), rows in the order r, z, n.
        b_ih, b_hh: biases (3H), or None.

    Raises:
        ValueError: for shapes, dtypes or devices that do not fit.

    >>> gru_cell(torch.zeros(1, 2), torch.ones(1, 1), torch.zeros(3, 2), torch.zeros(3, 1))  # z = 1/2, n = 0
    tensor([[0.5000]])
    """
    x, (h,), batched = arguments.of_cell("gru", x, h, w_ih, w_hh, b_ih, b_hh)
    kept = operators.wanted(x, h, w_ih, w_hh, b_ih, b_hh)
    h, _, _ = operators.cell("gru", x, h, None, w_ih, w_hh, b_ih, b_hh, kept)
    return h if batched else h[0]


def lstm(
    x: Tensor,
    state: State | None,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, State]:
    """Return (y, (h_n, c_n)): every h of an LSTM, and its last state. One layer of ``torch.nn.LSTM``, in one direction.

    The input's products with W_ih of all steps are one matrix product; the steps follow each other after it. For more
    layers or both directions, see `deepkernels.recurrent.layers.stacked`.

    Args:
        x: input (T, N, in), or (T, in) for one sequence without a batch.
        state: (h_0, c_0), each (1, N, H), or (1, H); None for zeros.
        w_ih, w_hh: weights (4H, in) and (4H, H), rows in the order i, f, g, o.
        b_ih, b_hh: biases (4H), or None.

    Returns:
        y (T, N, H), h_n and c_n (1, N, H); without a batch (T, H) and (1, H).

    Raises:
        ValueError: for shapes, dtypes or devices that do not fit, and for a sequence of no steps.

    >>> x, w_ih, w_hh, b_ih = torch.zeros(3, 1, 2), torch.zeros(4, 2), torch.zeros(4, 1), torch.tensor([0., 0., 9., 0.])
    >>> y, (h, c) = lstm(x, None, w_ih, w_hh, b_ih)
    >>> [round(value, 3) for value in y.flatten().tolist()], round(c.item(), 3)  # c = 1/2, 3/4, 7/8
    ([0.231, 0.318, 0.352], 0.875)
    """
    x, (h, c), batched = arguments.of_sequence("lstm", x, state, w_ih, w_hh, b_ih, b_hh)
    y, h, c = _over_time("lstm", x, h, c, w_ih, w_hh, b_ih, b_hh)
    if not batched:
        return y[:, 0], (h, c)
    return y, (h[None], c[None])


def gru(
    x: Tensor,
    h: Tensor | None,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return (y, h_n): every h of a GRU, and the last one. One layer of ``torch.nn.GRU``, in one direction.

    Args:
        x: input (T, N, in), or (T, in) for one sequence without a batch.
        h: h_0 (1, N, H), or (1, H); None for zeros.
        w_ih, w_hh: weights (3H, in) and (3H, H), rows in the order r, z, n.
        b_ih, b_hh: biases (3H), or None.

    Returns:
        y (T, N, H) and h_n (1, N, H); without a batch (T, H) and (1, H).

    Raises:
        ValueError: for shapes, dtypes or devices that do not fit, and for a sequence of no steps.

    >>> y, h = gru(torch.zeros(3, 1, 2), torch.ones(1, 1, 1), torch.zeros(3, 2), torch.zeros(3, 1))
    >>> y.flatten().tolist()
    [0.5, 0.25, 0.125]
    """
    x, (h,), batched = arguments.of_sequence("gru", x, h, w_ih, w_hh, b_ih, b_hh)
    y, h, _ = _over_time("gru", x, h, None, w_ih, w_hh, b_ih, b_hh)
    return (y, h[None]) if batched else (y[:, 0], h)


def _over_time(
    kind: str, x: Tensor, h: Tensor, c: Tensor | None, w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None, b_hh: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    gx = operators.input_products(x, w_ih, b_ih)
    kept = operators.wanted(gx, h, c, w_hh, b_hh)
    return operators.over_time(kind, gx, h, c, w_hh, b_hh, kept)[:3]
