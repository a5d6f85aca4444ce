r"""What every recurrent kernel does with a tile: the products of all gates at once, and the update of the state.

A program owns BLOCK_H hidden units of BLOCK_M sequences, and all gates of these units, because the new state of a unit
needs its own gates only. The accumulator has four columns, *slots*, for each unit:

====  =====  =============================================
slot  LSTM   GRU
====  =====  =============================================
0     i      r
1     f      z
2     g      n, the part from x
3     o      n, the part from h (the reset gate scales it)
====  =====  =============================================

Weights are PyTorch's, (4H, K) or (3H, K): the rows of unit j lie H apart, so they are a view [gate, unit, K].
"""

import triton
import triton.language as tl

from deepkernels.language import dot, sigmoid, tanh


@triton.jit
def weight_rows(first, H, CELL: tl.constexpr, PRODUCT: tl.constexpr, BLOCK_H: tl.constexpr):
    """Return the weights' row for each of the accumulator's 4 · BLOCK_H columns, and which columns have one.

    Columns are slot 0 of all units, then slot 1 of all units, and so on. ``PRODUCT`` says whose weights they are,
    "input" or "hidden": a GRU's n has one slot for each, and the other is left alone.
    """
    column = tl.arange(0, 4 * BLOCK_H)
    slot, unit = column // BLOCK_H, first + column % BLOCK_H
    if CELL == "gru":
        other = 2 if PRODUCT == "hidden" else 3
        return tl.minimum(slot, 2) * H + unit, (unit < H) & (slot != other)
    else:
        return slot * H + unit, unit < H


@triton.jit
def split(acc, BLOCK_M: tl.constexpr, BLOCK_H: tl.constexpr):
    """Return the four slots of an accumulator, each (BLOCK_M, BLOCK_H).

    In the result of wgmma a thread holds columns 2t, 2t + 1 of every eight. The slot is in a column's highest bits, so
    each thread has all four slots of its units already, and nothing travels between threads.
    """
    slots = tl.permute(tl.reshape(acc, (BLOCK_M, 2, 2, BLOCK_H)), (0, 3, 1, 2))
    even, odd = tl.split(slots)
    first, third = tl.split(even)
    second, fourth = tl.split(odd)
    return first, second, third, fourth


@triton.jit
def products(
    acc, x, weight, rows, first_unit, N, K, H,
    CELL: tl.constexpr, PRODUCT: tl.constexpr,
    BLOCK_H: tl.constexpr, BLOCK_K: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Return acc + x Wᵀ, for rows of x (N, K) and the gates of BLOCK_H units in W (gates · H, K)."""
    row, used = weight_rows(first_unit, H, CELL, PRODUCT, BLOCK_H)
    k = tl.arange(0, BLOCK_K)
    x_tile = x + rows.to(tl.int64)[:, None] * K + k[None, :]
    w_tile = weight + row.to(tl.int64)[None, :] * K + k[:, None]
    for start in tl.range(0, K, BLOCK_K):
        left = K - start
        a = tl.load(x_tile, (rows < N)[:, None] & (k < left)[None, :], 0.0)
        b = tl.load(w_tile, (k < left)[:, None] & used[None, :], 0.0)
        acc = dot(a, b, acc, PRECISION)
        x_tile += BLOCK_K
        w_tile += BLOCK_K
    return acc


@triton.jit
def add(a0, a1, a2, a3, source, at, mask, H, CELL: tl.constexpr, PRODUCT: tl.constexpr):
    """Return the slots plus what lies in memory gate by gate, H apart: a bias, or products made elsewhere."""
    a0 += tl.load(source + at, mask, 0.0).to(a0.dtype)
    a1 += tl.load(source + H + at, mask, 0.0).to(a0.dtype)
    third = tl.load(source + 2 * H + at, mask, 0.0).to(a0.dtype)
    if CELL == "gru":
        if PRODUCT == "hidden":
            a3 += third
        else:
            a2 += third
    else:
        a2 += third
        a3 += tl.load(source + 3 * H + at, mask, 0.0).to(a0.dtype)
    return a0, a1, a2, a3


@triton.jit
def advance(a0, a1, a2, a3, state, CELL: tl.constexpr):
    r"""Return the activated gates, the new state and the new h, from pre-activations and the state before.

    LSTM, whose state is c:  :math:`c' = f c + i g,\; h' = o \tanh c'`; the gates are i, f, g, o.
    GRU, whose state is h:  :math:`n = \tanh(n_x + r n_h),\; h' = n + z (h - n)`; the gates are r, z, n, and n_h.
    """
    a0, a1 = sigmoid(a0), sigmoid(a1)
    if CELL == "lstm":
        a2, a3 = tanh(a2), sigmoid(a3)
        state = a1 * state + a0 * a2
        h = a3 * tanh(state)
    else:
        a2 = tanh(a2 + a0 * a3)
        state = a2 + a1 * (state - a2)
        h = state
    return a0, a1, a2, a3, state, h


@triton.jit
def keep(gates, a0, a1, a2, a3, rows, units, inside, H):
    """Write a tile of the gates into (N, 4H), for the backward pass."""
    to = gates + rows.to(tl.int64)[:, None] * (4 * H) + units[None, :]
    tl.store(to, a0.to(gates.dtype.element_ty), inside)
    tl.store(to + H, a1.to(gates.dtype.element_ty), inside)
    tl.store(to + 2 * H, a2.to(gates.dtype.element_ty), inside)
    tl.store(to + 3 * H, a3.to(gates.dtype.element_ty), inside)


@triton.jit
def update(
    a0, a1, a2, a3, before, h_next, c_next, gates, rows, units, N, H, CELL: tl.constexpr
):  # fmt: skip
    """Read a tile of the state before the step (c of an LSTM, h of a GRU), write the one after it, keep the gates."""
    inside = (rows < N)[:, None] & (units < H)[None, :]
    at = rows.to(tl.int64)[:, None] * H + units[None, :]
    state = tl.load(before + at, inside, 0.0).to(a0.dtype)
    a0, a1, a2, a3, state, h = advance(a0, a1, a2, a3, state, CELL)
    if CELL == "lstm":
        tl.store(c_next + at, state.to(c_next.dtype.element_ty), inside)
    tl.store(h_next + at, h.to(h_next.dtype.element_ty), inside)
    if gates is not None:
        keep(gates, a0, a1, a2, a3, rows, units, inside, H)
