"""Products whose tiles the tensor memory accelerator (TMA) copies: rung five, six and seven of the ladder.

A tensor descriptor holds a matrix's address, sizes, strides and the size of a tile. One instruction of one thread then
copies a tile between memory and shared memory; what lies outside the matrix arrives as zeros and is not written. A
transposed matrix is described as it lies in memory, and its tiles are transposed when they are multiplied.
"""

import torch
import triton
import triton.language as tl

from deepkernels import launch as machine
from deepkernels.configs import Config
from deepkernels.language import dot, grouped
from deepkernels.matmul import problem
from deepkernels.matmul.epilogue import write
from deepkernels.matmul.problem import Call, Problem

DIVISIBLE = (
    "a", "b", "bias", "c", "M", "N", "K",
    "a_each", "a_line", "b_each", "b_line", "c_each", "c_line", "c_z", "c_m",
)  # fmt: skip


@triton.jit
def describe(
    matrix, batch, rows, columns, each, line,
    BLOCK_ROWS: tl.constexpr, BLOCK_COLUMNS: tl.constexpr,
    ORDER: tl.constexpr, BATCHED: tl.constexpr,
):  # fmt: skip
    """Return a descriptor of a matrix (rows, columns) in its order of memory."""
    if ORDER == "column":
        rows, columns = columns, rows
    HEIGHT: tl.constexpr = BLOCK_COLUMNS if ORDER == "column" else BLOCK_ROWS
    WIDTH: tl.constexpr = BLOCK_ROWS if ORDER == "column" else BLOCK_COLUMNS
    if BATCHED:
        return tl.make_tensor_descriptor(
            matrix, [batch, rows, columns], [each, line, 1], [1, HEIGHT, WIDTH]
        )
    else:
        return tl.make_tensor_descriptor(matrix, [rows, columns], [line, 1], [HEIGHT, WIDTH])


@triton.jit
def tile(tiles, z, row, column, ORDER: tl.constexpr, BATCHED: tl.constexpr):
    """Return the tile at a row and a column; ``z`` is the matrix of the batch."""
    if ORDER == "column":
        row, column = column, row
    if BATCHED:
        values = tiles.load([z, row, column])
        values = values.reshape(values.shape[1], values.shape[2])
    else:
        values = tiles.load([row, column])
    if ORDER == "column":
        values = values.T
    return values


@triton.jit
def tma(
    a, b, bias, c, M, N, K, batch, a_batch, a_each, a_line, b_batch, b_each, b_line,
    c_batch, c_each, c_line, c_z, c_m, c_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    PARTS: tl.constexpr, A_ORDER: tl.constexpr, B_ORDER: tl.constexpr, C_ORDER: tl.constexpr,
    BATCHED: tl.constexpr, ACTIVATION: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute one tile of C, whose factors arrive by TMA."""
    a_tiles = describe(a, a_batch, M, K, a_each, a_line, BLOCK_M, BLOCK_K, A_ORDER, BATCHED)
    b_tiles = describe(b, b_batch, K, N, b_each, b_line, BLOCK_K, BLOCK_N, B_ORDER, BATCHED)
    c_tiles = c
    if C_ORDER == "row":
        c_tiles = describe(
            c, c_batch, M, N, c_each, c_line, BLOCK_M, BLOCK_N // PARTS, "row", BATCHED
        )
    tiles_m, tiles_n = tl.cdiv(M, BLOCK_M), tl.cdiv(N, BLOCK_N)
    z = tl.program_id(0) // (tiles_m * tiles_n)
    tile_m, tile_n = grouped(tl.program_id(0) % (tiles_m * tiles_n), tiles_m, tiles_n, GROUP)
    m0, n0 = tile_m * BLOCK_M, tile_n * BLOCK_N
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for k0 in range(0, K, BLOCK_K):
        a_tile = tile(a_tiles, min(z, a_batch - 1), m0, k0, A_ORDER, BATCHED)
        b_tile = tile(b_tiles, min(z, b_batch - 1), k0, n0, B_ORDER, BATCHED)
        acc = dot(a_tile, b_tile, acc, PRECISION)
    write(
        acc, c, c_tiles, bias, z, m0, n0, M, N, c_z, c_m, c_n,
        BLOCK_M, BLOCK_N, PARTS, ACTIVATION, C_ORDER, BATCHED,
    )  # fmt: skip


@triton.jit
def persistent(
    a, b, bias, c, M, N, K, batch, a_batch, a_each, a_line, b_batch, b_each, b_line,
    c_batch, c_each, c_line, c_z, c_m, c_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    PARTS: tl.constexpr, FLATTEN: tl.constexpr,
    A_ORDER: tl.constexpr, B_ORDER: tl.constexpr, C_ORDER: tl.constexpr, BATCHED: tl.constexpr,
    ACTIVATION: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute every ``num_programs``-th tile of C; there are as many programs as processors.

    Descriptors are made once a program. With FLATTEN the loop over tiles and the loop over k are one, and the first
    factors of the next tile are on their way while this one is written.
    """
    a_tiles = describe(a, a_batch, M, K, a_each, a_line, BLOCK_M, BLOCK_K, A_ORDER, BATCHED)
    b_tiles = describe(b, b_batch, K, N, b_each, b_line, BLOCK_K, BLOCK_N, B_ORDER, BATCHED)
    c_tiles = c
    if C_ORDER == "row":
        c_tiles = describe(
            c, c_batch, M, N, c_each, c_line, BLOCK_M, BLOCK_N // PARTS, "row", BATCHED
        )
    tiles_m, tiles_n = tl.cdiv(M, BLOCK_M), tl.cdiv(N, BLOCK_N)
    tiles = tiles_m * tiles_n * batch
    tl.assume(K > 0)  # else every tile would need a way past its loop
    for number in tl.range(tl.program_id(0), tiles, tl.num_programs(0), flatten=FLATTEN):
        z = number // (tiles_m * tiles_n)
        tile_m, tile_n = grouped(number % (tiles_m * tiles_n), tiles_m, tiles_n, GROUP)
        m0, n0 = tile_m * BLOCK_M, tile_n * BLOCK_N
        acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
        for step in range(tl.cdiv(K, BLOCK_K)):
            k0 = step * BLOCK_K
            a_tile = tile(a_tiles, min(z, a_batch - 1), m0, k0, A_ORDER, BATCHED)
            b_tile = tile(b_tiles, min(z, b_batch - 1), k0, n0, B_ORDER, BATCHED)
            acc = dot(a_tile, b_tile, acc, PRECISION)
        write(
            acc, c, c_tiles, bias, z, m0, n0, M, N, c_z, c_m, c_n,
            BLOCK_M, BLOCK_N, PARTS, ACTIVATION, C_ORDER, BATCHED,
        )  # fmt: skip


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    return problem.types(globals()[kernel], dtype)


def refusal(config: Config, posed: Problem) -> str | None:
    """Return why no kernel with descriptors can compute a product, None if one can."""
    if posed.K == 0:
        return "a descriptor needs a matrix with elements"
    if "strided" in (posed.a, posed.b):
        return (
            "a descriptor needs rows or columns of neighbours that begin at multiples of 16 bytes"
        )
    return None


def run(config: Config, call: Call) -> None:
    """Write the products to ``call.c``."""
    tiles = problem.tiles(config, call.problem)
    machine.prepare()
    if config.kernel.endswith(":persistent"):
        programs = min(tiles, machine.processors(call.a.device))
        problem.launch(persistent, (programs,), config, call)
    else:
        problem.launch(tma, (tiles,), config, call)
