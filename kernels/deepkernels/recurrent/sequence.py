"""A whole sequence: one launch a step, one launch for all steps, and one that keeps the weights on the chip."""

import triton
import triton.language as tl

from deepkernels.language import dot
from deepkernels.recurrent.gates import add, advance, keep, products, split, update, weight_rows


@triton.jit
def _recur(
    gx, h, before, w_hh, b_hh, h_next, c_next, gates, row, first, N, H,
    CELL: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_K: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Write one tile of the new state: h W_hhᵀ, to which the input's products ``gx`` are added."""
    GATES: tl.constexpr = 4 if CELL == "lstm" else 3
    rows, units = row + tl.arange(0, BLOCK_M), first + tl.arange(0, BLOCK_H)
    acc = tl.zeros((BLOCK_M, 4 * BLOCK_H), ACC)
    acc = products(
        acc, h, w_hh, rows, first, N, H, H, CELL, "hidden", BLOCK_H, BLOCK_K, PRECISION
    )  # fmt: skip
    a0, a1, a2, a3 = split(acc, BLOCK_M, BLOCK_H)
    known = (units < H)[None, :]
    at = rows.to(tl.int64)[:, None] * (GATES * H) + units[None, :]
    a0, a1, a2, a3 = add(a0, a1, a2, a3, gx, at, (rows < N)[:, None] & known, H, CELL, "input")
    if b_hh is not None:
        a0, a1, a2, a3 = add(a0, a1, a2, a3, b_hh, units[None, :], known, H, CELL, "hidden")
    update(a0, a1, a2, a3, before, h_next, c_next, gates, rows, units, N, H, CELL)


@triton.jit
def step(
    gx, h, before, w_hh, b_hh, h_next, c_next, gates, N, H,
    CELL: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_K: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Write the state after one step from that before it and gx = x W_ihᵀ + b_ih, (N, 4H) or (N, 3H).

    ``before`` is c of an LSTM, h of a GRU; ``b_hh`` and ``gates`` may be None.
    """
    _recur(
        gx, h, before, w_hh, b_hh, h_next, c_next, gates,
        tl.program_id(1) * BLOCK_M, tl.program_id(0) * BLOCK_H, N, H,
        CELL, BLOCK_M, BLOCK_H, BLOCK_K, PRECISION, ACC,
    )  # fmt: skip


@triton.jit
def barrier(arrived, count):
    """Wait until ``count`` programs have arrived, this one among them; what they wrote before is then visible here.

    One thread speaks for its program, so all threads meet before it announces what they wrote (release), and again
    after it saw that the others had arrived (acquire; the last to arrive sees it at once, hence both in one). All
    programs must be on the GPU at the same time: one that waits for another that cannot start waits for ever, which a
    cooperative launch rules out.
    """
    tl.debug_barrier()
    seen = tl.atomic_add(arrived, 1, sem="acq_rel", scope="gpu") + 1
    while seen < count:
        seen = tl.atomic_add(arrived, 0, sem="acquire", scope="gpu")
    tl.debug_barrier()


@triton.jit
def persistent(
    gx, h, cells, w_hh, b_hh, y, gates, arrived, T, N, H, cell_step,
    CELL: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_K: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Write h after each of T steps into y (T, N, H); programs wait for each other between steps.

    Args:
        gx: (T, N, 4H) or (T, N, 3H), the input's products of all steps.
        h: (N, H) before the first step.
        cells: c before the first step (N, H), followed every ``cell_step`` elements by that after each step; with
            ``cell_step`` 0 the new c replaces the old. None for a GRU.
        gates: (T, N, 4H) for the backward pass, or None.
        arrived: one int32, 0 at the launch.
    """
    GATES: tl.constexpr = 4 if CELL == "lstm" else 3
    tiles_h = tl.cdiv(H, BLOCK_H)
    tiles = tiles_h * tl.cdiv(N, BLOCK_M)
    programs = tl.num_programs(0)
    for t in range(T):
        for tile in range(tl.program_id(0), tiles, programs):
            row, first = tile // tiles_h * BLOCK_M, tile % tiles_h * BLOCK_H
            if CELL == "lstm":
                before, after = cells, cells + cell_step
            else:
                before, after = h, h
            _recur(
                gx, h, before, w_hh, b_hh, y, after, gates, row, first, N, H,
                CELL, BLOCK_M, BLOCK_H, BLOCK_K, PRECISION, ACC,
            )  # fmt: skip
        if t + 1 < T:
            barrier(arrived, (t + 1) * programs)
        h = y
        y += N * H
        gx += N * H * GATES
        if CELL == "lstm":
            cells += cell_step
        if gates is not None:
            gates += 4 * N * H


@triton.jit
def resident(
    gx, h, cells, w_hh, b_hh, y, gates, arrived, T, N, H, cell_step,
    CELL: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_K: tl.constexpr,
    CHUNKS: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Do what `persistent` does, reading W_hh and the state once: a program owns one tile for all steps.

    Its gates' weights, 4 · BLOCK_H rows of W_hh in ``CHUNKS`` = ⌈H / BLOCK_K⌉ pieces, stay in shared memory, and c (of
    a GRU, h) stays in registers; only h travels between programs. Persistent recurrence: Diamos et al. (2016), ICML.
    """
    GATES: tl.constexpr = 4 if CELL == "lstm" else 3
    tiles_h = tl.cdiv(H, BLOCK_H)
    first = tl.program_id(0) % tiles_h * BLOCK_H
    rows = tl.program_id(0) // tiles_h * BLOCK_M + tl.arange(0, BLOCK_M)
    units = first + tl.arange(0, BLOCK_H)
    row, used = weight_rows(first, H, CELL, "hidden", BLOCK_H)
    k = tl.arange(0, BLOCK_K)
    w_tile = w_hh + row.to(tl.int64)[None, :] * H + k[:, None]
    weights = ()
    for chunk in tl.static_range(CHUNKS):
        left = H - chunk * BLOCK_K
        tile = tl.load(w_tile + chunk * BLOCK_K, (k < left)[:, None] & used[None, :], 0.0)
        weights = weights + (tile,)  # type: ignore[assignment]  # noqa: RUF005 (Triton has no stars)
    known = (units < H)[None, :]
    inside = (rows < N)[:, None] & known
    at = rows.to(tl.int64)[:, None] * H + units[None, :]
    at_gates = rows.to(tl.int64)[:, None] * (GATES * H) + units[None, :]
    at_h = rows.to(tl.int64)[:, None] * H + k[None, :]
    state = tl.load((cells if CELL == "lstm" else h) + at, inside, 0.0).to(ACC)
    for t in range(T):
        acc = tl.zeros((BLOCK_M, 4 * BLOCK_H), ACC)
        for chunk in tl.static_range(CHUNKS):
            left = H - chunk * BLOCK_K
            a = tl.load(h + at_h + chunk * BLOCK_K, (rows < N)[:, None] & (k < left)[None, :], 0.0)
            acc = dot(a, weights[chunk], acc, PRECISION)
        a0, a1, a2, a3 = split(acc, BLOCK_M, BLOCK_H)
        a0, a1, a2, a3 = add(a0, a1, a2, a3, gx, at_gates, inside, H, CELL, "input")
        if b_hh is not None:
            a0, a1, a2, a3 = add(a0, a1, a2, a3, b_hh, units[None, :], known, H, CELL, "hidden")
        a0, a1, a2, a3, state, new = advance(a0, a1, a2, a3, state, CELL)
        tl.store(y + at, new.to(y.dtype.element_ty), inside)
        if CELL == "lstm":
            cells += cell_step
            tl.store(cells + at, state.to(cells.dtype.element_ty), inside)
        if gates is not None:
            keep(gates, a0, a1, a2, a3, rows, units, inside, H)
            gates += 4 * N * H
        if t + 1 < T:
            barrier(arrived, (t + 1) * tl.num_programs(0))
        h = y
        y += N * H
        gx += N * H * GATES
