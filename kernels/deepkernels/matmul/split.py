r"""Split-K: several programs share the sum of one tile, for products with fewer tiles than the GPU has processors.

.. math::
    P^{(s)}_{mn} = \sum_{k \in \text{part } s} a_{mk}\, b_{kn},\qquad
    c_{mn} = \varphi\Big(\beta_n + \sum_s P^{(s)}_{mn}\Big)

Each part is written to a workspace, in float32, and a second kernel adds the parts from the first to the last: the same
bits in every run, which atomic additions, in the order in which programs finish, do not give.
"""

import torch
import triton
import triton.language as tl

from deepkernels import launch as machine
from deepkernels.configs import Config
from deepkernels.language import accumulator, dot, grouped
from deepkernels.launch import cdiv
from deepkernels.matmul import descriptors, problem
from deepkernels.matmul.descriptors import describe, tile
from deepkernels.matmul.epilogue import finish
from deepkernels.matmul.ladder import load, store
from deepkernels.matmul.problem import Call, Problem

DIVISIBLE = (
    "a", "b", "bias", "c", "parts", "M", "N", "K",
    "a_z", "a_m", "a_k", "b_z", "b_k", "b_n", "c_z", "c_m", "c_n",
    "a_each", "a_line", "b_each", "b_line",
)  # fmt: skip
LEAST_STEPS = 4  # of a part: fewer do not even fill the pipeline
ROWS, COLUMNS = (
    4,
    256,
)  # the tile of `combine`, small: there are few elements, and every processor should have some


@triton.jit
def split_k(
    a, b, parts, M, N, K, batch, share, a_z, a_m, a_k, b_z, b_k, b_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Add ``share`` steps of BLOCK_K products to one tile of one part; the parts are (splits, batch, M, N)."""
    tiles_m, tiles_n = tl.cdiv(M, BLOCK_M), tl.cdiv(N, BLOCK_N)
    z = (tl.program_id(0) // (tiles_m * tiles_n)).to(tl.int64)
    tile_m, tile_n = grouped(tl.program_id(0) % (tiles_m * tiles_n), tiles_m, tiles_n, GROUP)
    m = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    n = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
    k = tl.arange(0, BLOCK_K)
    first = tl.program_id(1) * share * BLOCK_K
    last = min(first + share * BLOCK_K, K)
    step = tl.full((), BLOCK_K, tl.int64)  # times a stride, it may exceed 32 bits
    a += z * a_z + first.to(tl.int64) * a_k
    b += z * b_z + first.to(tl.int64) * b_k
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for start in range(first, last, BLOCK_K):
        a_tile = load(a, m, k, a_m, a_k, M, last - start)
        b_tile = load(b, k, n, b_k, b_n, last - start, N)
        acc = dot(a_tile, b_tile, acc, PRECISION)
        a += step * a_k
        b += step * b_k
    part = tl.program_id(1).to(tl.int64) * batch + z
    store(parts + part * M * N, m, n, N, 1, M, N, acc)


@triton.jit
def split_k_tma(
    a, b, parts, M, N, K, batch, share, a_batch, a_each, a_line, b_batch, b_each, b_line,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    A_ORDER: tl.constexpr, B_ORDER: tl.constexpr, BATCHED: tl.constexpr,
    PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Do the same with factors that arrive by TMA."""
    a_tiles = describe(a, a_batch, M, K, a_each, a_line, BLOCK_M, BLOCK_K, A_ORDER, BATCHED)
    b_tiles = describe(b, b_batch, K, N, b_each, b_line, BLOCK_K, BLOCK_N, B_ORDER, BATCHED)
    tiles_m, tiles_n = tl.cdiv(M, BLOCK_M), tl.cdiv(N, BLOCK_N)
    z = tl.program_id(0) // (tiles_m * tiles_n)
    tile_m, tile_n = grouped(tl.program_id(0) % (tiles_m * tiles_n), tiles_m, tiles_n, GROUP)
    m0, n0 = tile_m * BLOCK_M, tile_n * BLOCK_N
    first = tl.program_id(1) * share * BLOCK_K
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for k0 in range(first, min(first + share * BLOCK_K, K), BLOCK_K):
        a_tile = tile(a_tiles, min(z, a_batch - 1), m0, k0, A_ORDER, BATCHED)
        b_tile = tile(b_tiles, min(z, b_batch - 1), k0, n0, B_ORDER, BATCHED)
        acc = dot(a_tile, b_tile, acc, PRECISION)
    m, n = m0 + tl.arange(0, BLOCK_M), n0 + tl.arange(0, BLOCK_N)
    part = tl.program_id(1).to(tl.int64) * batch + z
    store(parts + part * M * N, m, n, N, 1, M, N, acc)


@triton.jit
def combine(
    parts, bias, c, M, N, batch, splits, c_z, c_m, c_n,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, ACTIVATION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Add the parts of one tile, first to last, then bias and activation, and write it to C."""
    tiles_n = tl.cdiv(N, COLUMNS)
    tiles = tl.cdiv(M, ROWS) * tiles_n
    z = (tl.program_id(0) // tiles).to(tl.int64)
    m = tl.program_id(0) % tiles // tiles_n * ROWS + tl.arange(0, ROWS)
    n = tl.program_id(0) % tiles_n * COLUMNS + tl.arange(0, COLUMNS)
    acc = tl.zeros((ROWS, COLUMNS), ACC)
    parts += z * M * N
    step = (
        tl.full((), batch, tl.int64) * M * N
    )  # an argument that is 1 is a constant and has no `.to`
    for _ in range(splits):
        acc += load(parts, m, n, N, 1, M, N)
        parts += step
    store(c + z * c_z, m, n, c_m, c_n, M, N, finish(acc, bias, n, N, ACTIVATION))


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    return problem.types(globals()[kernel], dtype)


def refusal(config: Config, posed: Problem) -> str | None:
    """Return why a kernel of this file cannot compute a product, None if it can."""
    if posed.K == 0:
        return "there is nothing to split"
    return descriptors.refusal(config, posed) if config.kernel.endswith("_tma") else None


def shares(config: Config, posed: Problem, processors: int) -> tuple[int, int]:
    """Return how many steps a part has, and how many parts: enough to give every processor ``PER_PROCESSOR`` programs.

    >>> config = Config("", "", {"BLOCK_M": 64, "BLOCK_N": 128, "BLOCK_K": 64, "PER_PROCESSOR": 1}, 4, 4)
    >>> shares(config, Problem(64, 4096, 4096), 132)
    (16, 4)
    """
    steps = cdiv(posed.K, problem.fitted(config, posed)["BLOCK_K"])
    programs = config.meta["PER_PROCESSOR"] * processors
    parts = max(programs // problem.tiles(config, posed), 1)
    share = max(cdiv(steps, parts), min(LEAST_STEPS, steps))
    return share, cdiv(steps, share)


def run(config: Config, call: Call) -> None:
    """Write the products to ``call.c``: one launch for the parts, one for their sum."""
    posed = call.problem
    share, splits = shares(config, posed, machine.processors(call.a.device))
    parts = torch.empty(
        (splits, *call.c.shape), dtype=problem.workspace(posed.dtype), device=call.c.device
    )
    kernel = globals()[config.kernel.split(":")[1]]
    if kernel is split_k_tma:
        machine.prepare()
    problem.launch(
        kernel, (problem.tiles(config, posed), splits), config, call, parts=parts, share=share
    )
    add(parts, call.bias, call.c, call.activation)


def add(
    parts: torch.Tensor, bias: torch.Tensor | None, c: torch.Tensor, activation: str = "none"
) -> None:
    """Write φ(bias + the sum of ``parts``, (splits, batch, M, N), over their first dimension) to c (batch, M, N)."""
    (splits, batch, M, N), strides = parts.shape, c.stride()
    with machine.on(c):
        combine[(batch * cdiv(M, ROWS) * cdiv(N, COLUMNS),)](
            parts, bias, c, M, N, batch, splits, *strides, ROWS=ROWS, COLUMNS=COLUMNS,
            ACTIVATION=activation, ACC=accumulator(parts.dtype), num_warps=4,
        )  # fmt: skip
