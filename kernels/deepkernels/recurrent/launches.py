"""From tensors to launches. All tensors lie in memory without gaps; an empty batch needs no launch."""

from __future__ import annotations

import torch

from deepkernels import launch
from deepkernels.check import require
from deepkernels.configs import Config
from deepkernels.recurrent import backward, binding, cell, sequence
from deepkernels.recurrent.binding import OP

Tensor = torch.Tensor
ROWS = 256  # rows of a sum that one program adds up


def chosen(
    part: str, like: Tensor, N: int, H: int, asked: bool = False, features: int = 16
) -> Config:
    """Return the configuration for a problem on the device of a tensor, in its dtype; features are those of x."""
    processors = 1 if launch.interpreted() else launch.processors(like.device)
    aligned = H % 16 == 0 and features % 16 == 0
    return binding.choose(
        part, N, H, like.dtype, launch.target(like.device), processors, asked, aligned
    )


def pointwise(
    kind: str, gx: Tensor, gh: Tensor, before: Tensor, h: Tensor, c: Tensor | None, gates: Tensor | None
) -> None:  # fmt: skip
    """Write the new h and c (N, H) from both products (N, 4H or 3H)."""
    N, H = h.shape
    if N == 0:
        return
    config = chosen("cell:pointwise", h, N, H)
    meta = binding.constants(config, kind, h.dtype, H)
    with launch.on(h):
        cell.pointwise[binding.tiles(config, N, H)](
            gx, gh, before, h, c, gates, N, H, **meta, **_options(config)
        )


def fused(
    kind: str, x: Tensor, h: Tensor, before: Tensor, weights: tuple[Tensor | None, ...],
    h_next: Tensor, c_next: Tensor | None, gates: Tensor | None, config: Config | None = None,
) -> None:  # fmt: skip
    """Write the new h and c (N, H) from x (N, features), h and the weights (W_ih, W_hh, b_ih, b_hh)."""
    N, H = h.shape
    if N == 0:
        return
    config = config or chosen("cell:fused", h, N, H, features=x.shape[1])
    meta = binding.constants(config, kind, h.dtype, H)
    with launch.on(h):
        cell.fused[binding.tiles(config, N, H)](
            x, h, before, *weights, h_next, c_next, gates, N, x.shape[1], H,
            **meta, **_options(config),
        )  # fmt: skip


def over_time(
    kind: str, gx: Tensor, h: Tensor, cells: Tensor | None, w_hh: Tensor, b_hh: Tensor | None,
    y: Tensor, gates: Tensor | None, config: Config | None = None,
) -> None:  # fmt: skip
    """Write h after every step into y (T, N, H), from the input's products (T, N, 4H or 3H) and h before them.

    ``cells`` are c before and after each step, (T + 1, N, H), or (1, N, H) if only the last one is wanted; c before the
    first step lies in it already. The configuration says how: one launch a step, or one for all.
    """
    T, N, H = y.shape
    if N == 0:
        return
    config = config or chosen("sequence", y, N, H)
    meta = binding.constants(config, kind, y.dtype, H)
    kernel = config.kernel.split(":")[1]
    if kernel != "step":
        _cooperative(kernel, kind, gx, h, cells, w_hh, b_hh, y, gates, config, meta)
        return
    grid = binding.tiles(config, N, H)
    with launch.on(y):
        for t in range(T):
            if cells is None:
                before, after = h, None
            else:
                before, after = cells[t % len(cells)], cells[(t + 1) % len(cells)]
            sequence.step[grid](
                gx[t], h, before, w_hh, b_hh, y[t], after, None if gates is None else gates[t],
                N, H, **meta, **_options(config),
            )  # fmt: skip
            h = y[t]


def _cooperative(
    kernel: str, kind: str, gx: Tensor, h: Tensor, cells: Tensor | None, w_hh: Tensor,
    b_hh: Tensor | None, y: Tensor, gates: Tensor | None, config: Config, meta: dict[str, object],
) -> None:  # fmt: skip
    """Launch one of the kernels whose programs wait for each other: all of them must fit onto the GPU at once."""
    T, N, H = y.shape
    across, down = binding.tiles(config, N, H)
    # The interpreter runs one program after the other, so there a second one would be waited for in vain.
    most = 1 if launch.interpreted() else launch.processors(y.device)
    if kernel == "resident":
        require(
            OP,
            across * down <= most,
            f"{across * down} tiles of {config.meta['BLOCK_M']} × {config.meta['BLOCK_H']} for N={N}, H={H}, but "
            f"{most} programs run at once; give a larger tile, or use ladder.persistent",
        )
    step = 0 if cells is None or len(cells) == 1 else N * H
    arrived = torch.zeros(1, dtype=torch.int32, device=y.device)
    with launch.on(y):
        getattr(sequence, kernel)[(min(across * down, most),)](
            gx, h, cells, w_hh, b_hh, y, gates, arrived, T, N, H, step,
            **meta, **_options(config), launch_cooperative_grid=True,
        )  # fmt: skip


def back_over_time(
    kind: str, dy: Tensor | None, dh: Tensor | None, w_hh: Tensor | None, gates: Tensor,
    before: Tensor, after: Tensor | None, carry: Tensor, dgx: Tensor, dgh: Tensor | None,
    dh0: Tensor | None, config: Config | None = None,
) -> None:  # fmt: skip
    """Write Δ of every step, (T, N, 4H or 3H), and the gradient of h before the first.

    Args:
        kind: "lstm" or "gru".
        dy: gradient of every h (T, N, H), or None.
        dh: gradient of the last h besides, (N, H), or None.
        w_hh: (4H or 3H, H); may be None for one step without ``dh0``.
        gates: (T, N, 4H).
        before, after: c before and after every step (T, N, H); of a GRU h before it, and None.
        carry: (N, H) in the accumulator's type: an LSTM's gradient of the last c, replaced by that of the first one. A
            GRU's is filled with the part of the gradient of h before that does not go through W_hh.
        dgx, dgh: where Δ are written; an LSTM has one, and dgh is None.
        dh0: where the gradient of h before the first step is written, or None.
    """
    T, N, H = before.shape
    if N == 0:
        return
    config = config or chosen("backward:step_backward", gates, N, H)
    meta = binding.constants(config, kind, gates.dtype, H)
    grid = binding.tiles(config, N, H)
    through = dgx if dgh is None else dgh
    with launch.on(gates):
        for t in reversed(range(T)):
            last = t == T - 1
            backward.step_backward[grid](
                None if last else through[t + 1], w_hh, None if dy is None else dy[t],
                dh if last else None, carry, gates[t], before[t],
                None if after is None else after[t], dgx[t], None if dgh is None else dgh[t], N, H,
                TIME="last" if last else "inner", **meta, **_options(config),
            )  # fmt: skip
        if dh0 is not None:
            backward.step_backward[grid](
                through[0], w_hh, None, dh0, carry, None, None, None, None, None, N, H,
                TIME="before", **meta, **_options(config),
            )  # fmt: skip


def sum_rows(x: Tensor, out: Tensor) -> None:
    """Write the sum over the rows of x (R, C) into out (C), in a fixed order: chunks first, then their sums."""
    R, C = x.shape
    if R == 0 or C == 0:
        out.zero_()
        return
    config = chosen("backward:sum_rows", x, R, C)
    meta = binding.constants(config, "", x.dtype, 0)
    columns = launch.cdiv(C, config.meta["BLOCK_C"])
    with launch.on(x):
        if R > 2 * ROWS:
            wide = torch.float64 if x.dtype == torch.float64 else torch.float32
            parts = torch.empty((launch.cdiv(R, ROWS), C), dtype=wide, device=x.device)
            backward.sum_rows[(columns, len(parts))](
                x, parts, R, C, ROWS, **meta, **_options(config)
            )
            x, R = parts, len(parts)
        backward.sum_rows[(columns, 1)](x, out, R, C, R, **meta, **_options(config))


def _options(config: Config) -> dict[str, int]:
    return {"num_warps": config.num_warps, "num_stages": config.num_stages}
