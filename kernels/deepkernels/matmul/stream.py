"""Stream-K: the steps of all tiles in one row, cut into as many equal pieces as there are processors.

Whole tiles rarely divide evenly among processors; in the last wave many have nothing to do. Here every program gets the
same number of steps, and a tile that is cut between two programs is put together by whichever of them finishes second.
After Osama, Merrill, Cecka, Garland and Owens, "Stream-K: Work-centric Parallel Decomposition for Dense Matrix-Matrix
Multiplication on the GPU" (PPoPP 2023).
"""

import torch
import triton
import triton.language as tl

from deepkernels import launch as machine
from deepkernels.configs import Config
from deepkernels.language import dot, grouped
from deepkernels.matmul import descriptors, problem
from deepkernels.matmul.descriptors import describe, tile
from deepkernels.matmul.epilogue import write
from deepkernels.matmul.problem import Call, Problem

DIVISIBLE = (
    "a", "b", "bias", "c", "parts", "counts", "M", "N", "K",
    "a_each", "a_line", "b_each", "b_line", "c_each", "c_line", "c_z", "c_m",
)  # fmt: skip


@triton.jit
def stream_k(
    a, b, bias, c, parts, counts, M, N, K, batch, streamed,
    a_batch, a_each, a_line, b_batch, b_each, b_line, c_batch, c_each, c_line, c_z, c_m, c_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    PARTS: tl.constexpr, A_ORDER: tl.constexpr, B_ORDER: tl.constexpr, C_ORDER: tl.constexpr,
    BATCHED: tl.constexpr, ACTIVATION: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute one program's piece of the first ``streamed`` tiles, then every ``num_programs``-th of the others.

    There are at least as many streamed tiles as programs. A piece is then no shorter than a tile, and a tile is cut
    once at most: at ``border`` p, between the programs p - 1 and p.
    """
    a_tiles = describe(a, a_batch, M, K, a_each, a_line, BLOCK_M, BLOCK_K, A_ORDER, BATCHED)
    b_tiles = describe(b, b_batch, K, N, b_each, b_line, BLOCK_K, BLOCK_N, B_ORDER, BATCHED)
    c_tiles = c
    if C_ORDER == "row":
        c_tiles = describe(
            c, c_batch, M, N, c_each, c_line, BLOCK_M, BLOCK_N // PARTS, "row", BATCHED
        )
    tiles_m, tiles_n = tl.cdiv(M, BLOCK_M), tl.cdiv(N, BLOCK_N)
    program, programs, steps = tl.program_id(0), tl.num_programs(0), tl.cdiv(K, BLOCK_K)
    begin = (program.to(tl.int64) * streamed * steps // programs).to(tl.int32)
    end = ((program + 1).to(tl.int64) * streamed * steps // programs).to(tl.int32)
    touched = (end - 1) // steps - begin // steps + 1
    whole = (tiles_m * tiles_n * batch - streamed) // programs
    for item in range(touched + whole):
        number = begin // steps + item
        first, last = max(begin - number * steps, 0), min(end - number * steps, steps)
        if item >= touched:
            number, first, last = streamed + program + (item - touched) * programs, 0, steps
        z = number // (tiles_m * tiles_n)
        tile_m, tile_n = grouped(number % (tiles_m * tiles_n), tiles_m, tiles_n, GROUP)
        m0, n0 = tile_m * BLOCK_M, tile_n * BLOCK_N
        acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
        for step in range(first, last):
            k0 = step * BLOCK_K
            a_tile = tile(a_tiles, min(z, a_batch - 1), m0, k0, A_ORDER, BATCHED)
            b_tile = tile(b_tiles, min(z, b_batch - 1), k0, n0, B_ORDER, BATCHED)
            acc = dot(a_tile, b_tile, acc, PRECISION)
        complete = True
        if last - first < steps:
            # The border before this program's piece, or the one behind it.
            border = program if first > 0 else program + 1
            place = parts + border.to(tl.int64) * (BLOCK_M * BLOCK_N)
            acc, complete = meet(acc, place, counts + 2 * border, BLOCK_M, BLOCK_N)
        if complete:
            write(
                acc, c, c_tiles, bias, z, m0, n0, M, N, c_z, c_m, c_n,
                BLOCK_M, BLOCK_N, PARTS, ACTIVATION, C_ORDER, BATCHED,
            )  # fmt: skip


@triton.jit
def meet(acc, place, counts, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr):
    """Return the sum of both programs' parts of a tile, True; or, to the one that comes first, False.

    The first leaves its part at ``place`` and goes on. The second waits until the part is there: it waits for a program
    that is running and waits for nobody. Two numbers give the same sum in either order, to the last bit.
    """
    offset = tl.arange(0, BLOCK_M)[:, None] * BLOCK_N + tl.arange(0, BLOCK_N)[None, :]
    arrived = tl.atomic_add(counts, 1, sem="acq_rel")
    if arrived == 0:
        tl.store(place + offset, acc)
        tl.debug_barrier()  # all threads have written before one of them says so
        tl.atomic_xchg(counts + 1, 1, sem="release")
    else:
        while tl.atomic_add(counts + 1, 0, sem="acquire") == 0:
            pass
        acc += tl.load(place + offset, cache_modifier=".cg")
    return acc, arrived != 0


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    return problem.types(globals()[kernel], dtype)


def refusal(config: Config, posed: Problem) -> str | None:
    """Return why the kernel cannot compute a product, None if it can."""
    return descriptors.refusal(config, posed)


def pieces(tiles: int, processors: int) -> tuple[int, int]:
    """Return how many programs there are, and how many tiles are streamed: what is over, and one wave more.

    With one wave more, a piece is a tile or longer, so that no tile has more than two programs.

    >>> pieces(800, 132), pieces(792, 132), pieces(100, 132)
    ((132, 140), (132, 0), (100, 0))
    """
    programs = min(tiles, processors)
    over = tiles % programs
    return programs, over + programs if over else 0


def run(config: Config, call: Call) -> None:
    """Write the products to ``call.c``."""
    posed, device = call.problem, call.c.device
    programs, streamed = pieces(problem.tiles(config, posed), machine.processors(call.a.device))
    size = config.meta["BLOCK_M"] * config.meta["BLOCK_N"]
    parts = torch.empty((programs + 1, size), dtype=problem.workspace(posed.dtype), device=device)
    counts = torch.zeros((programs + 1, 2), dtype=torch.int32, device=device)
    machine.prepare()
    problem.launch(
        stream_k, (programs,), config, call, parts=parts, counts=counts, streamed=streamed
    )
