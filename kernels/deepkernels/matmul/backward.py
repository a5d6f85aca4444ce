r"""What the gradient needs besides two products: through the activation, and over the rows for the bias.

.. math::
    y = \varphi(z),\quad z = A B + \beta:\qquad
    \frac{\partial L}{\partial z} = \varphi'(z)\,\frac{\partial L}{\partial y},\qquad
    \frac{\partial L}{\partial \beta_n} = \sum_m \frac{\partial L}{\partial z_{mn}}

with φ' = [y > 0], 1 - y² and y (1 - y) for ReLU, tanh and the logistic function, all told from y, so that z is never
kept. One kernel reads ∂L/∂y and y once for both. Sums are made in a fixed order: the same bits in every run.
"""

import torch
import triton
import triton.language as tl

from deepkernels import launch as machine
from deepkernels.language import accumulator, activation_gradient
from deepkernels.launch import cdiv
from deepkernels.matmul import problem, split
from deepkernels.matmul.ladder import load, store

DIVISIBLE = ("dy", "y", "dz", "parts", "M", "N", "dy_m", "y_m")
ROWS, COLUMNS = 32, 64


@triton.jit
def gradient(
    dy, y, dz, parts, M, N, dy_m, dy_n, y_m, y_n,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, ACTIVATION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Go down COLUMNS columns by every ``num_programs``-th tile: write ∂L/∂z, and the sum of these rows to ``parts``.

    Without an activation ∂L/∂z is ∂L/∂y and not written; without ``parts`` nothing is added up.
    """
    n = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    acc = tl.zeros((ROWS, COLUMNS), ACC)
    for start in range(tl.program_id(1) * ROWS, M, tl.num_programs(1) * ROWS):
        m = start + tl.arange(0, ROWS)
        slope = load(dy, m, n, dy_m, dy_n, M, N).to(ACC)
        if ACTIVATION != "none":
            slope = activation_gradient(slope, load(y, m, n, y_m, y_n, M, N).to(ACC), ACTIVATION)
            store(dz, m, n, N, 1, M, N, slope)
        acc += slope
    if parts is not None:
        tl.store(parts + tl.program_id(1).to(tl.int64) * N + n, tl.sum(acc, 0), mask=n < N)


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    known = {**dict.fromkeys(("dy", "y", "dz"), f"*{problem.NAMES[dtype]}"), "parts": "*fp32"}
    constant = problem.fixed(gradient)
    return {name: known.get(name, "i32") for name in gradient.arg_names if name not in constant}


def through(
    dy: torch.Tensor, y: torch.Tensor, activation: str, bias: bool
) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    """Return ∂L/∂z, None without an activation, and ∂L/∂bias, None unless ``bias``.

    Args:
        dy: ∂L/∂y (…, N).
        y: the result (…, N); read if there is an activation.
        activation: "none", "relu", "tanh" or "sigmoid".
        bias: whether to sum over all dimensions but the last.

    >>> y = torch.tensor([[0.0, 2.0], [3.0, 4.0]])
    >>> [tensor.tolist() for tensor in through(torch.ones(2, 2), y, "relu", bias=True)]
    [[[0.0, 1.0], [1.0, 1.0]], [1.0, 2.0]]
    """
    N = dy.shape[-1]
    # A gradient that is one number, repeated, stays so; other odd layouts are brought into rows first.
    dy2, y2 = dy.reshape(-1, N) if N else dy.new_empty((0, 0)), y.reshape(-1, N) if N else y
    M = dy2.shape[0]
    dz = None if activation == "none" else torch.empty(y.shape, dtype=y.dtype, device=y.device)
    dbias = torch.zeros(N, dtype=dy.dtype, device=dy.device) if bias else None
    if M == 0 or N == 0:
        return dz, dbias
    columns, tiles = cdiv(N, COLUMNS), cdiv(M, ROWS)
    # Two programs a processor hide each other's waiting; more would only make more partial sums.
    programs = min(tiles, cdiv(2 * machine.processors(dy.device), columns)) if bias else tiles
    programs = min(programs, 65_535)
    parts = None
    if bias:
        wide = problem.workspace(dy.dtype)
        parts = torch.empty((programs, 1, 1, N), dtype=wide, device=dy.device)
    with machine.on(dy):
        gradient[(columns, programs)](
            dy2, y2, dz, parts, M, N, *dy2.stride(), *y2.stride(), ROWS=ROWS, COLUMNS=COLUMNS,
            ACTIVATION=activation, ACC=accumulator(dy.dtype), num_warps=4,
        )  # fmt: skip
    if parts is not None and dbias is not None:
        split.add(parts, None, dbias.view(1, 1, N))
    return dz, dbias
