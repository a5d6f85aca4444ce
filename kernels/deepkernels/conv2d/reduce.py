"""Sums in a fixed order: of partial weight gradients, and over pixels for the bias.

Floating-point addition is not associative, so a sum whose order changes from run to run changes in its last bits.
Atomic additions come in the order in which programs happen to finish. Here every program writes its own partial sum,
and a second kernel adds them up from the first to the last: the same bits in every run.
"""

import torch
import triton
import triton.language as tl

from deepkernels import launch
from deepkernels.conv2d import layout
from deepkernels.language import accumulator

DIVISIBLE = ("parts", "out", "dy", "size", "K")
BLOCK = 1024  # elements a program adds up in `partials`
ROWS, COLUMNS = 64, 64  # the tile of `column_sums`


def types(kernel: str, dtype: str) -> dict[str, str]:
    """Return the type of each argument that is not a constant, in order; ``dtype`` is Triton's name ("bf16")."""
    if kernel == "partials":
        return {"parts": "*fp32", "out": f"*{dtype}", "count": "i32", "size": "i32"}
    assert kernel == "column_sums"
    return {"dy": f"*{dtype}", "parts": "*fp32", "pixels": "i64", "K": "i32"}


@triton.jit
def partials(parts, out, count, size, BLOCK: tl.constexpr):
    """Add ``count`` rows of ``size`` elements, first to last, and round once, to the result's type."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    acc = tl.zeros((BLOCK,), parts.dtype.element_ty)
    for _ in range(count):
        acc += tl.load(parts + at, at < size, other=0.0)
        parts += size
    tl.store(out + at, acc.to(out.dtype.element_ty), at < size)


@triton.jit
def column_sums(dy, parts, pixels, K, ROWS: tl.constexpr, COLUMNS: tl.constexpr, ACC: tl.constexpr):
    """Add the rows of dY (pixels, K) that belong to this program, every ``num_programs``-th tile of them."""
    k = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    acc = tl.zeros((ROWS, COLUMNS), ACC)
    for start in range(tl.program_id(1) * ROWS, pixels, tl.num_programs(1) * ROWS):
        row = start + tl.arange(0, ROWS).to(tl.int64)
        mask = (row < pixels)[:, None] & (k < K)[None, :]
        acc += tl.load(dy + row[:, None] * K + k[None, :], mask, other=0.0).to(ACC)
    tl.store(parts + tl.program_id(1) * K + k, tl.sum(acc, 0), k < K)


def add_partials(parts: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """Write the sum of ``parts`` (count, …) over its first dimension into ``out``, in the order of that dimension.

    ``out`` has as many elements as one part, in the same order in memory.
    """
    size = parts[0].numel()
    with launch.on(out):
        partials[(launch.cdiv(size, BLOCK),)](
            parts, out, parts.shape[0], size, BLOCK=BLOCK, num_warps=4
        )
    return out


def sum_pixels(dy: torch.Tensor) -> torch.Tensor:
    """Return the sum of dY (N, K, P, Q) over images and pixels, (K), in a fixed order.

    >>> sum_pixels(torch.ones(2, 3, 4, 5))
    tensor([40., 40., 40.])
    """
    dy = layout.channels_last(dy)
    N, K, P, Q = dy.shape
    out = torch.empty(K, dtype=dy.dtype, device=dy.device)
    pixels = N * P * Q
    if pixels == 0:
        return out.zero_()
    tiles = launch.cdiv(K, COLUMNS)
    # Two programs a processor hide each other's waiting; more would only make more partial sums.
    count = min(launch.cdiv(2 * launch.processors(dy.device), tiles), launch.cdiv(pixels, ROWS))
    acc = accumulator(dy.dtype)
    wide = torch.float64 if dy.dtype == torch.float64 else torch.float32
    parts = torch.empty((count, K), dtype=wide, device=dy.device)
    with launch.on(dy):
        column_sums[(tiles, count)](
            dy, parts, pixels, K, ROWS=ROWS, COLUMNS=COLUMNS, ACC=acc, num_warps=4
        )
    return add_partials(parts, out)
