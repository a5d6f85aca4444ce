"""The operators that PyTorch knows: a cell, its elementwise half, a sequence, and the ways back.

Each has a shape function, so that `torch.compile` can trace it, and a derivative made of our own operators.
"""

from __future__ import annotations

from typing import Any

import torch

from deepkernels.matmul import matmul
from deepkernels.recurrent import launches
from deepkernels.recurrent.binding import GATES

Tensor = torch.Tensor


def input_products(x: Tensor, w_ih: Tensor, b_ih: Tensor | None) -> Tensor:
    """Return x W_ihᵀ + b_ih of all steps at once, (T, N, 4H or 3H); differentiable.

    >>> input_products(torch.ones(2, 1, 3), torch.ones(4, 3), torch.ones(4)).shape
    torch.Size([2, 1, 4])
    """
    T, N, features = x.shape
    return matmul(x.reshape(T * N, features), w_ih.t(), bias=b_ih).view(T, N, w_ih.shape[0])


def wanted(*tensors: Tensor | None) -> bool:
    """Return whether a backward pass may come, for which gates have to be kept."""
    return torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype == torch.float64 else torch.float32


def _gates(like: Tensor, wanted: bool) -> Tensor:
    """Memory for the gates of states (…, H): (…, 4H), or nothing."""
    return like.new_empty((*like.shape[:-1], 4 * like.shape[-1]) if wanted else (0,))


@torch.library.custom_op("deepkernels::recurrent_cell", mutates_args=())
def cell(
    kind: str, x: Tensor, h: Tensor, c: Tensor | None, w_ih: Tensor, w_hh: Tensor,
    b_ih: Tensor | None, b_hh: Tensor | None, wanted: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Return h′ and c′ (N, H), and the gates (N, 4H) if they are wanted; a GRU's c′ is empty."""
    x, h, w_ih, w_hh = x.contiguous(), h.contiguous(), w_ih.contiguous(), w_hh.contiguous()
    biases = tuple(None if bias is None else bias.contiguous() for bias in (b_ih, b_hh))
    before = h if c is None else c.contiguous()
    h_next, c_next, gates = _cell_results(h, c, wanted)
    launches.fused(
        kind, x, h, before, (w_ih, w_hh, *biases), h_next,
        None if c is None else c_next, gates if wanted else None,
    )  # fmt: skip
    return h_next, c_next, gates


def _cell_results(h: Tensor, c: Tensor | None, wanted: bool) -> tuple[Tensor, Tensor, Tensor]:
    c_next = h.new_empty((0,) if c is None else h.shape)
    return h.new_empty(h.shape), c_next, _gates(h, wanted)


@cell.register_fake
def _(kind, x, h, c, w_ih, w_hh, b_ih, b_hh, wanted):  # type: ignore[no-untyped-def]
    return _cell_results(h, c, wanted)


def _keep_cell(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.kind, x, h, c, w_ih, w_hh, _, _, ctx.wanted = inputs
    _, c_next, gates = output
    ctx.save_for_backward(x, h, c, w_ih, w_hh, c_next, gates)
    ctx.mark_non_differentiable(*([gates] if c is not None else [c_next, gates]))
    ctx.set_materialize_grads(False)


def _back_through_cell(ctx: Any, dh: Tensor | None, dc: Tensor | None, _: Any) -> tuple[Any, ...]:
    x, h, c, w_ih, w_hh, c_next, gates = ctx.saved_tensors
    _require_gates(ctx.wanted)
    before, after = (h[None], None) if c is None else (c[None], c_next[None])
    dgx, dgh, dh, dc = back_over_time(
        ctx.kind, None, dh, dc if c is not None else None, w_hh, gates[None], before, after
    )
    for_x, for_h = dgx[0], (dgh if c is None else dgx)[0]
    _, needs_x, _, _, needs_w_ih, needs_w_hh, needs_b_ih, needs_b_hh, _ = ctx.needs_input_grad
    return (
        None,
        matmul(for_x, w_ih) if needs_x else None,
        dh,
        dc if c is not None else None,
        matmul(for_x.t(), x) if needs_w_ih else None,
        matmul(for_h.t(), h) if needs_w_hh else None,
        sum_rows(for_x) if needs_b_ih else None,
        sum_rows(for_h) if needs_b_hh else None,
        None,
    )


cell.register_autograd(_back_through_cell, setup_context=_keep_cell)


@torch.library.custom_op("deepkernels::recurrent_pointwise", mutates_args=())
def pointwise(
    kind: str, gx: Tensor, gh: Tensor, before: Tensor, wanted: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Return h′, c′ and gates as `cell` does, from both products (N, 4H or 3H) and c, of a GRU h, before the step."""
    gx, gh, before = gx.contiguous(), gh.contiguous(), before.contiguous()
    c = before if kind == "lstm" else None
    h_next, c_next, gates = _cell_results(before, c, wanted)
    launches.pointwise(
        kind, gx, gh, before, h_next, None if c is None else c_next, gates if wanted else None
    )
    return h_next, c_next, gates


@pointwise.register_fake
def _(kind, gx, gh, before, wanted):  # type: ignore[no-untyped-def]
    return _cell_results(before, before if kind == "lstm" else None, wanted)


def _keep_pointwise(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.kind, _, _, before, ctx.wanted = inputs
    _, c_next, gates = output
    ctx.save_for_backward(before, c_next, gates)
    ctx.mark_non_differentiable(*([gates] if ctx.kind == "lstm" else [c_next, gates]))
    ctx.set_materialize_grads(False)


def _back_through_pointwise(
    ctx: Any, dh: Tensor | None, dc: Tensor | None, _: Any
) -> tuple[Any, ...]:
    before, c_next, gates = ctx.saved_tensors
    _require_gates(ctx.wanted)
    is_lstm = ctx.kind == "lstm"
    dgx, dgh, past, dc = back_over_time(
        ctx.kind, None, dh, dc if is_lstm else None, None, gates[None], before[None],
        c_next[None] if is_lstm else None,
    )  # fmt: skip
    return None, dgx[0], (dgx if is_lstm else dgh)[0], dc if is_lstm else past, None


pointwise.register_autograd(_back_through_pointwise, setup_context=_keep_pointwise)


@torch.library.custom_op("deepkernels::recurrent_over_time", mutates_args=())
def over_time(
    kind: str, gx: Tensor, h: Tensor, c: Tensor | None, w_hh: Tensor, b_hh: Tensor | None, wanted: bool,
    rung: str = "",
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """Return every h (T, N, H), the last h and c (N, H), and if they are wanted c before and after each step
    (T + 1, N, H) and the gates (T, N, 4H); of a GRU both c are empty. ``rung`` is the kernel of
    `deepkernels.recurrent.sequence` that does it; by default the configurations choose."""
    gx, h, w_hh = gx.contiguous(), h.contiguous(), w_hh.contiguous()
    y, _, _, cells, gates = _sequence_results(gx, h, c, wanted)
    if c is not None:
        if not wanted:
            cells = h.new_empty((1, *h.shape), dtype=_wide(h.dtype))
        cells[0] = c
    rows, units = h.shape
    config = launches.chosen(f"sequence:{rung}", y, rows, units, asked=True) if rung else None
    launches.over_time(
        kind, gx, h, None if c is None else cells, w_hh,
        None if b_hh is None else b_hh.contiguous(), y, gates if wanted else None, config,
    )  # fmt: skip
    h_last = y[-1].clone()
    c_last = h.new_empty((0,)) if c is None else cells[-1].to(h.dtype, copy=True)
    return y, h_last, c_last, cells if wanted else cells.new_empty((0,)), gates


def _sequence_results(
    gx: Tensor, h: Tensor, c: Tensor | None, wanted: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    T, (N, H) = gx.shape[0], h.shape
    y = h.new_empty((T, N, H))
    c_last = h.new_empty((0,) if c is None else (N, H))
    cells = h.new_empty((T + 1, N, H) if wanted and c is not None else (0,), dtype=_wide(h.dtype))
    return y, h.new_empty((N, H)), c_last, cells, _gates(y, wanted)


@over_time.register_fake
def _(kind, gx, h, c, w_hh, b_hh, wanted, rung=""):  # type: ignore[no-untyped-def]
    return _sequence_results(gx, h, c, wanted)


def _keep_sequence(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.kind, _, h, c, w_hh, _, ctx.wanted, _ = inputs
    y, _, c_last, cells, gates = output
    ctx.save_for_backward(h, w_hh, y, cells, gates)
    kept = [cells, gates] if c is not None else [c_last, cells, gates]
    ctx.mark_non_differentiable(*kept)
    ctx.set_materialize_grads(False)


def _back_through_sequence(
    ctx: Any, dy: Tensor | None, dh: Tensor | None, dc: Tensor | None, *_: Any
) -> tuple[Any, ...]:
    h, w_hh, y, cells, gates = ctx.saved_tensors
    _require_gates(ctx.wanted)
    states = torch.cat((h[None], y[:-1]))
    is_lstm = ctx.kind == "lstm"
    before, after = (cells[:-1], cells[1:]) if is_lstm else (states, None)
    dgx, dgh, dh, dc = back_over_time(
        ctx.kind, dy, dh, dc if is_lstm else None, w_hh, gates, before, after
    )
    for_h = (dgx if is_lstm else dgh).flatten(0, 1)
    needs_w_hh, needs_b_hh = ctx.needs_input_grad[4:6]
    return (
        None,
        dgx,
        dh,
        dc if is_lstm else None,
        matmul(for_h.t(), states.flatten(0, 1)) if needs_w_hh else None,
        sum_rows(for_h) if needs_b_hh else None,
        None,
        None,
    )


over_time.register_autograd(_back_through_sequence, setup_context=_keep_sequence)


def _require_gates(wanted: bool) -> None:
    if not wanted:
        raise ValueError(
            "recurrent: the gradient needs the gates; call the operator with wanted=True"
        )


@torch.library.custom_op("deepkernels::recurrent_backward", mutates_args=())
def back_over_time(
    kind: str, dy: Tensor | None, dh: Tensor | None, dc: Tensor | None, w_hh: Tensor | None,
    gates: Tensor, before: Tensor, after: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """Return Δ of every step for x (T, N, 4H or 3H), those for h if they differ (GRU), and the gradients of h and c
    before the first step; see `deepkernels.recurrent.backward` for what Δ is. Without ``w_hh`` the gradient of h is the
    part that does not go through it."""
    dgx, dgh, dh0, dc0 = _backward_results(kind, w_hh, gates, before)
    wide = _wide(gates.dtype)
    carry = torch.zeros(before.shape[1:], dtype=wide, device=gates.device) if dc is None else dc
    carry = carry.to(wide, copy=True, memory_format=torch.contiguous_format)
    launches.back_over_time(
        kind, None if dy is None else dy.contiguous(), None if dh is None else dh.contiguous(),
        None if w_hh is None else w_hh.contiguous(), gates.contiguous(), before.contiguous(),
        None if after is None else after.contiguous(), carry, dgx, dgh if kind == "gru" else None,
        None if w_hh is None else dh0,
    )  # fmt: skip
    if kind == "lstm":
        dc0.copy_(carry)
    elif w_hh is None:
        dh0.copy_(carry)
    return dgx, dgh, dh0, dc0


def _backward_results(
    kind: str, w_hh: Tensor | None, gates: Tensor, before: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    T, N, H = before.shape
    is_lstm = kind == "lstm"
    dgx = gates.new_empty((T, N, GATES[kind] * H))
    dgh = gates.new_empty((0,) if is_lstm else (T, N, GATES[kind] * H))
    dh0 = gates.new_empty((0,) if is_lstm and w_hh is None else (N, H))
    return dgx, dgh, dh0, gates.new_empty((N, H) if is_lstm else (0,))


@back_over_time.register_fake
def _(kind, dy, dh, dc, w_hh, gates, before, after):  # type: ignore[no-untyped-def]
    return _backward_results(kind, w_hh, gates, before)


@torch.library.custom_op("deepkernels::recurrent_sum_rows", mutates_args=())
def sum_rows(x: Tensor) -> Tensor:
    """Return the sum over the rows of x (R, C), in a fixed order.

    >>> sum_rows(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([4., 6.])
    """
    out = x.new_empty(x.shape[1])
    launches.sum_rows(x.contiguous(), out)
    return out


@sum_rows.register_fake
def _(x):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape[1])
