r"""The first rungs of the ladder: four kernels that compute C = A B, each one change away from the one before it.

.. math::
    c_{mn} = \sum_k a_{mk}\, b_{kn}

They take any strides, and have neither bias nor activation: `pointers` and `descriptors` add those.
"""

import torch
import triton
import triton.language as tl

from deepkernels import language
from deepkernels.configs import Config
from deepkernels.language import dot
from deepkernels.matmul import problem
from deepkernels.matmul.problem import Call, Problem

DIVISIBLE = ("a", "b", "c", "M", "N", "K", "a_m", "a_k", "b_k", "b_n", "c_m", "c_n")


@triton.jit
def element(
    a, b, c, M, N, K, a_m, a_k, b_k, b_n, c_m, c_n, BLOCK_K: tl.constexpr, ACC: tl.constexpr
):
    """Compute one element: a row of A times a column of B, BLOCK_K products at a time."""
    program = tl.program_id(0)
    m, n = (program // N).to(tl.int64), (program % N).to(tl.int64)
    acc = tl.zeros((BLOCK_K,), ACC)
    for start in range(0, K, BLOCK_K):
        k = start + tl.arange(0, BLOCK_K).to(tl.int64)
        row = tl.load(a + m * a_m + k * a_k, mask=k < K, other=0.0)
        column = tl.load(b + k * b_k + n * b_n, mask=k < K, other=0.0)
        acc += row.to(ACC) * column.to(ACC)
    tl.store(c + m * c_m + n * c_n, tl.sum(acc).to(c.dtype.element_ty))


@triton.jit
def load(matrix, row, column, row_stride, column_stride, rows, columns):
    """Return the elements of a matrix at these rows and columns, 0 outside it."""
    inside = (row < rows)[:, None] & (column < columns)[None, :]
    # Offsets may exceed 32 bits though rows and columns do not.
    offset = row.to(tl.int64)[:, None] * row_stride + column.to(tl.int64)[None, :] * column_stride
    return tl.load(matrix + offset, mask=inside, other=0.0)


@triton.jit
def store(matrix, row, column, row_stride, column_stride, rows, columns, values):
    """Write a tile of values, rounded to the matrix's type, and nothing outside the matrix."""
    inside = (row < rows)[:, None] & (column < columns)[None, :]
    offset = row.to(tl.int64)[:, None] * row_stride + column.to(tl.int64)[None, :] * column_stride
    tl.store(matrix + offset, values.to(matrix.dtype.element_ty), mask=inside)


@triton.jit
def tiled(
    a, b, c, M, N, K, a_m, a_k, b_k, b_n, c_m, c_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute one tile of C: each tile of A serves BLOCK_N columns, each tile of B BLOCK_M rows."""
    tiles_n = tl.cdiv(N, BLOCK_N)
    tile_m, tile_n = tl.program_id(0) // tiles_n, tl.program_id(0) % tiles_n
    m = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    n = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for start in range(0, K, BLOCK_K):
        k = start + tl.arange(0, BLOCK_K)
        a_tile = load(a, m, k, a_m, a_k, M, K)
        b_tile = load(b, k, n, b_k, b_n, K, N)
        acc = dot(a_tile, b_tile, acc, PRECISION)
    store(c, m, n, c_m, c_n, M, N, acc)


@triton.jit
def grouped(
    a, b, c, M, N, K, a_m, a_k, b_k, b_n, c_m, c_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute one tile of C; programs that run together take tiles that lie together."""
    tiles_m, tiles_n = tl.cdiv(M, BLOCK_M), tl.cdiv(N, BLOCK_N)
    tile_m, tile_n = language.grouped(tl.program_id(0), tiles_m, tiles_n, GROUP)
    m = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    n = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for start in range(0, K, BLOCK_K):
        k = start + tl.arange(0, BLOCK_K)
        a_tile = load(a, m, k, a_m, a_k, M, K)
        b_tile = load(b, k, n, b_k, b_n, K, N)
        acc = dot(a_tile, b_tile, acc, PRECISION)
    store(c, m, n, c_m, c_n, M, N, acc)


@triton.jit
def pipelined(
    a, b, c, M, N, K, a_m, a_k, b_k, b_n, c_m, c_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    STAGES: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute one tile of C; while one step is multiplied, the tiles of the next STAGES - 1 are on their way."""
    tiles_m, tiles_n = tl.cdiv(M, BLOCK_M), tl.cdiv(N, BLOCK_N)
    tile_m, tile_n = language.grouped(tl.program_id(0), tiles_m, tiles_n, GROUP)
    m = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    n = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for start in tl.range(0, K, BLOCK_K, num_stages=STAGES):
        k = start + tl.arange(0, BLOCK_K)
        a_tile = load(a, m, k, a_m, a_k, M, K)
        b_tile = load(b, k, n, b_k, b_n, K, N)
        acc = dot(a_tile, b_tile, acc, PRECISION)
    store(c, m, n, c_m, c_n, M, N, acc)


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    return problem.types(globals()[kernel], dtype)


def refusal(config: Config, posed: Problem) -> str | None:
    """Return why a kernel of this file cannot compute a product, None if it can."""
    return "this rung computes one product, no batch" if posed.batch > 1 else None


def run(config: Config, call: Call) -> None:
    """Write the product to ``call.c``; there must be no bias and no activation."""
    kernel = globals()[config.kernel.split(":")[1]]
    problem.launch(kernel, (problem.tiles(config, call.problem),), config, call)
