"""A copy of a matrix that tensor descriptors can address, for large products of odd sizes.

Rows of 4099 numbers of 16 bits do not begin at multiples of 16 bytes, so that they can be loaded two bytes at a time
only. A product uses each element of A once for every tile across N: moving it once, in the shape in which the tensor
memory accelerator wants it, is soon cheaper. The sizes stay as they are; only rows begin farther apart.
"""

import torch
import triton
import triton.language as tl

from deepkernels import launch as machine
from deepkernels.launch import cdiv
from deepkernels.matmul import problem
from deepkernels.matmul.ladder import load, store

DIVISIBLE = ("source", "target", "target_z", "target_line")
ROWS, COLUMNS = 8, 256


@triton.jit
def copy(
    source, target, rows, columns, source_z, source_line, source_column, target_z, target_line,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Copy one tile of matrices whose rows begin ``target_line`` elements apart."""
    tiles_n = tl.cdiv(columns, COLUMNS)
    tiles = tl.cdiv(rows, ROWS) * tiles_n
    z = (tl.program_id(0) // tiles).to(tl.int64)
    row = tl.program_id(0) % tiles // tiles_n * ROWS + tl.arange(0, ROWS)
    column = tl.program_id(0) % tiles_n * COLUMNS + tl.arange(0, COLUMNS)
    values = load(source + z * source_z, row, column, source_line, source_column, rows, columns)
    store(target + z * target_z, row, column, target_line, 1, rows, columns, values)


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    known = dict.fromkeys(("source", "target"), f"*{problem.NAMES[dtype]}")
    constant = problem.fixed(copy)
    return {name: known.get(name, "i32") for name in copy.arg_names if name not in constant}


def realigned(matrices: torch.Tensor) -> torch.Tensor:
    """Return matrices (batch, rows, columns) as descriptors can address them: themselves, or a copy.

    A copy keeps the order in memory: columns of neighbours stay columns of neighbours.

    >>> realigned(torch.ones(1, 3, 5, dtype=torch.float16)).stride()
    (24, 8, 1)
    """
    if problem.order(matrices) != "strided":
        return matrices
    if matrices.stride(1) == 1 and matrices.stride(2) != 1:
        return realigned(matrices.mT).mT
    # A matrix that is repeated over the batch is copied once.
    batch, rows, columns = matrices.shape
    count = 1 if matrices.stride(0) == 0 else batch
    unit = 16 // matrices.element_size()
    line = cdiv(columns, unit) * unit
    target = matrices.new_empty((count, rows, line))[:, :, :columns]
    grid = (count * cdiv(rows, ROWS) * cdiv(columns, COLUMNS),)
    with machine.on(matrices):
        copy[grid](
            matrices, target, rows, columns, *matrices.stride(), *target.stride()[:2],
            ROWS=ROWS, COLUMNS=COLUMNS, num_warps=4,
        )  # fmt: skip
    return target.expand(batch, rows, columns)
