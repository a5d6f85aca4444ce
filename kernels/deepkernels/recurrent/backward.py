r"""Backwards over time: one launch a step for the gates' gradients, and the sum that a bias' gradient is.

The gradient of h after step t comes from its own output and, through W_hh, from the gates of step t + 1:

.. math::
    \frac{\partial L}{\partial h_t} = \frac{\partial L}{\partial y_t} + \Delta_{t+1} W_{hh},

where Δ (N, 4H) are the gradients before the activations. A program that owns a block of hidden units multiplies its
columns of that product and goes straight on to its units' own Δ: product and derivatives are one launch, mirroring
the forward pass. Gradients of the weights wait until the loop is over and are one product each.
"""

import triton
import triton.language as tl

from deepkernels.language import dot, tanh


@triton.jit
def _through_weights(
    dgates, w_hh, rows, units, N, K, H,
    BLOCK_M: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_K: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Return a tile of Δ W_hh, for Δ (N, K) and W_hh (K, H), where K = gates · H."""
    k = tl.arange(0, BLOCK_K)
    d_tile = dgates + rows.to(tl.int64)[:, None] * K + k[None, :]
    w_tile = w_hh + k.to(tl.int64)[:, None] * H + units[None, :]
    acc = tl.zeros((BLOCK_M, BLOCK_H), ACC)
    for start in tl.range(0, K, BLOCK_K):
        left = K - start
        d = tl.load(d_tile, (rows < N)[:, None] & (k < left)[None, :], 0.0)
        w = tl.load(w_tile, (k < left)[:, None] & (units < H)[None, :], 0.0)
        acc = dot(d, w, acc, PRECISION)
        d_tile += BLOCK_K
        w_tile += BLOCK_K * H
    return acc


@triton.jit
def _lstm(dh, carry, before, after, gates, dgx, at, slot, inside, H, ACC: tl.constexpr):
    """Write Δ of an LSTM's four gates, and the gradient of c before the step into ``carry``."""
    i = tl.load(gates + slot, inside, 0.0).to(ACC)
    f = tl.load(gates + slot + H, inside, 0.0).to(ACC)
    g = tl.load(gates + slot + 2 * H, inside, 0.0).to(ACC)
    o = tl.load(gates + slot + 3 * H, inside, 0.0).to(ACC)
    squashed = tanh(tl.load(after + at, inside, 0.0).to(ACC))
    dc = tl.load(carry + at, inside, 0.0) + dh * o * (1.0 - squashed * squashed)
    di, df = dc * g, dc * tl.load(before + at, inside, 0.0).to(ACC)
    dg, do = dc * i, dh * squashed
    to = dgx.dtype.element_ty
    tl.store(dgx + slot, (di * i * (1.0 - i)).to(to), inside)
    tl.store(dgx + slot + H, (df * f * (1.0 - f)).to(to), inside)
    tl.store(dgx + slot + 2 * H, (dg * (1.0 - g * g)).to(to), inside)
    tl.store(dgx + slot + 3 * H, (do * o * (1.0 - o)).to(to), inside)
    tl.store(carry + at, dc * f, inside)


@triton.jit
def _gru(dh, carry, before, gates, dgx, dgh, at, slot, row, inside, H, ACC: tl.constexpr):
    """Write Δ of a GRU's gates, twice, because n's part from h has its own, and what goes past them into ``carry``."""
    r = tl.load(gates + slot, inside, 0.0).to(ACC)
    z = tl.load(gates + slot + H, inside, 0.0).to(ACC)
    n = tl.load(gates + slot + 2 * H, inside, 0.0).to(ACC)
    hidden = tl.load(gates + slot + 3 * H, inside, 0.0).to(ACC)
    dz = dh * (tl.load(before + at, inside, 0.0).to(ACC) - n)
    dn = dh * (1.0 - z) * (1.0 - n * n)
    to = dgx.dtype.element_ty
    dr, dz = (dn * hidden * r * (1.0 - r)).to(to), (dz * z * (1.0 - z)).to(to)
    tl.store(dgx + row, dr, inside)
    tl.store(dgx + row + H, dz, inside)
    tl.store(dgx + row + 2 * H, dn.to(to), inside)
    tl.store(dgh + row, dr, inside)
    tl.store(dgh + row + H, dz, inside)
    tl.store(dgh + row + 2 * H, (dn * r).to(to), inside)
    tl.store(carry + at, dh * z, inside)


@triton.jit
def step_backward(
    later, w_hh, dy, dh, carry, gates, before, after, dgx, dgh, N, H,
    CELL: tl.constexpr, TIME: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_H: tl.constexpr, BLOCK_K: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Take one step back in time.

    Args:
        later: Δ of the next step that go through W_hh, (N, 4H) or (N, 3H); not read at the last step.
        dy: gradient of this step's output (N, H), or None.
        dh: at the last step the gradient of the final h, or None; before the first, where that of h0 is written.
        carry: (N, H) in the accumulator's type, gradient on its way past the gates: of c in an LSTM, h's share dh z in
            a GRU. Read and replaced; before the first step of an LSTM it is already the result.
        gates: (N, 4H) as kept by the forward pass.
        before, after: c before and after the step, of a GRU h before it, and None.
        dgx, dgh: Δ of this step for x and for h; an LSTM's are the same, and dgh is None.
        TIME: "last", "inner", or "before" the first step, where there are no gates and only dh is wanted.
    """
    rows = tl.program_id(1) * BLOCK_M + tl.arange(0, BLOCK_M)
    units = tl.program_id(0) * BLOCK_H + tl.arange(0, BLOCK_H)
    GATES: tl.constexpr = 4 if CELL == "lstm" else 3
    inside = (rows < N)[:, None] & (units < H)[None, :]
    at = rows.to(tl.int64)[:, None] * H + units[None, :]
    if TIME == "last":
        total = tl.zeros((BLOCK_M, BLOCK_H), ACC)
        if dh is not None:
            total += tl.load(dh + at, inside, 0.0).to(ACC)
    else:
        total = _through_weights(
            later, w_hh, rows, units, N, GATES * H, H, BLOCK_M, BLOCK_H, BLOCK_K, PRECISION, ACC
        )  # fmt: skip
        if CELL == "gru":
            total += tl.load(carry + at, inside, 0.0)
    if TIME == "before":
        tl.store(dh + at, total.to(dh.dtype.element_ty), inside)
    else:
        if dy is not None:
            total += tl.load(dy + at, inside, 0.0).to(ACC)
        row = rows.to(tl.int64)[:, None]
        slot = row * (4 * H) + units[None, :]
        if CELL == "lstm":
            _lstm(total, carry, before, after, gates, dgx, at, slot, inside, H, ACC)
        else:
            _gru(
                total, carry, before, gates, dgx, dgh, at, slot, row * (3 * H) + units[None, :],
                inside, H, ACC,
            )  # fmt: skip


@triton.jit
def sum_rows(
    x, out, R, C, chunk,
    BLOCK_R: tl.constexpr, BLOCK_C: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Write the sums over ``chunk`` rows of x (R, C) each into the rows of out (⌈R / chunk⌉, C), in a fixed order."""
    columns = tl.program_id(0) * BLOCK_C + tl.arange(0, BLOCK_C)
    begin = tl.program_id(1) * chunk
    end = tl.minimum(begin + chunk, R)
    acc = tl.zeros((BLOCK_R, BLOCK_C), ACC)
    for first in tl.range(begin, end, BLOCK_R):
        rows = first + tl.arange(0, BLOCK_R)
        at = rows.to(tl.int64)[:, None] * C + columns[None, :]
        acc += tl.load(x + at, (rows < end)[:, None] & (columns < C)[None, :], 0.0).to(ACC)
    to = out + tl.program_id(1).to(tl.int64) * C + columns
    tl.store(to, tl.sum(acc, 0).to(out.dtype.element_ty), columns < C)
