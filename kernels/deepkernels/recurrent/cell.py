"""One step of a recurrent cell: the elementwise half alone, and everything in one launch."""

import triton
import triton.language as tl

from deepkernels.recurrent.gates import add, products, split, update


@triton.jit
def pointwise(
    gx, gh, before, h_next, c_next, gates, N, H,
    CELL: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_H: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Write the new state from products that were made elsewhere: gx = x W_ihᵀ + b_ih and gh = h W_hhᵀ + b_hh.

    Both are (N, 4H), a GRU's (N, 3H). ``before`` is c of an LSTM, h of a GRU.
    """
    rows = tl.program_id(1) * BLOCK_M + tl.arange(0, BLOCK_M)
    units = tl.program_id(0) * BLOCK_H + tl.arange(0, BLOCK_H)
    GATES: tl.constexpr = 4 if CELL == "lstm" else 3
    at = rows.to(tl.int64)[:, None] * (GATES * H) + units[None, :]
    inside = (rows < N)[:, None] & (units < H)[None, :]
    zero = tl.zeros((BLOCK_M, BLOCK_H), ACC)
    a0, a1, a2, a3 = add(zero, zero, zero, zero, gx, at, inside, H, CELL, "input")
    a0, a1, a2, a3 = add(a0, a1, a2, a3, gh, at, inside, H, CELL, "hidden")
    update(a0, a1, a2, a3, before, h_next, c_next, gates, rows, units, N, H, CELL)


@triton.jit
def fused(
    x, h, before, w_ih, w_hh, b_ih, b_hh, h_next, c_next, gates, N, features, H,
    CELL: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_K: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Write the new state from x (N, features), h (N, H) and the weights: both products, the gates, the update.

    Pre-activations stay in registers. Biases may be None; ``before`` is c of an LSTM, h of a GRU.
    """
    rows = tl.program_id(1) * BLOCK_M + tl.arange(0, BLOCK_M)
    first = tl.program_id(0) * BLOCK_H
    units = first + tl.arange(0, BLOCK_H)
    acc = tl.zeros((BLOCK_M, 4 * BLOCK_H), ACC)
    acc = products(
        acc, x, w_ih, rows, first, N, features, H, CELL, "input", BLOCK_H, BLOCK_K, PRECISION
    )  # fmt: skip
    acc = products(
        acc, h, w_hh, rows, first, N, H, H, CELL, "hidden", BLOCK_H, BLOCK_K, PRECISION
    )  # fmt: skip
    a0, a1, a2, a3 = split(acc, BLOCK_M, BLOCK_H)
    unit, known = units[None, :], (units < H)[None, :]
    if b_ih is not None:
        a0, a1, a2, a3 = add(a0, a1, a2, a3, b_ih, unit, known, H, CELL, "input")
    if b_hh is not None:
        a0, a1, a2, a3 = add(a0, a1, a2, a3, b_hh, unit, known, H, CELL, "hidden")
    update(a0, a1, a2, a3, before, h_next, c_next, gates, rows, units, N, H, CELL)
