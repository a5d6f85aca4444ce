"""Any product at all, by pointers: every stride, batch, bias and activation. It copies nothing and runs everywhere."""

import torch
import triton
import triton.language as tl

from deepkernels.configs import Config
from deepkernels.language import dot, grouped
from deepkernels.matmul import problem
from deepkernels.matmul.epilogue import finish
from deepkernels.matmul.ladder import load, store
from deepkernels.matmul.problem import Call, Problem

DIVISIBLE = (
    "a", "b", "bias", "c", "M", "N", "K",
    "a_z", "a_m", "a_k", "b_z", "b_k", "b_n", "c_z", "c_m", "c_n",
)  # fmt: skip


@triton.jit
def strided(
    a, b, bias, c, M, N, K, a_z, a_m, a_k, b_z, b_k, b_n, c_z, c_m, c_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP: tl.constexpr,
    ACTIVATION: tl.constexpr, PRECISION: tl.constexpr, ACC: tl.constexpr,
):  # fmt: skip
    """Compute one tile of φ(A B + bias)."""
    tiles_m, tiles_n = tl.cdiv(M, BLOCK_M), tl.cdiv(N, BLOCK_N)
    z = (tl.program_id(0) // (tiles_m * tiles_n)).to(tl.int64)
    tile_m, tile_n = grouped(tl.program_id(0) % (tiles_m * tiles_n), tiles_m, tiles_n, GROUP)
    m = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    n = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
    k = tl.arange(0, BLOCK_K)
    step = tl.full((), BLOCK_K, tl.int64)  # times a stride, it may exceed 32 bits
    a += z * a_z
    b += z * b_z
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for start in range(0, K, BLOCK_K):
        a_tile = load(a, m, k, a_m, a_k, M, K - start)
        b_tile = load(b, k, n, b_k, b_n, K - start, N)
        acc = dot(a_tile, b_tile, acc, PRECISION)
        a += step * a_k
        b += step * b_k
    store(c + z * c_z, m, n, c_m, c_n, M, N, finish(acc, bias, n, N, ACTIVATION))


def types(kernel: str, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants."""
    return problem.types(globals()[kernel], dtype)


def refusal(config: Config, posed: Problem) -> str | None:
    """Return why the kernel cannot compute a product: it computes every one, so None."""
    return None


def run(config: Config, call: Call) -> None:
    """Write the products to ``call.c``."""
    problem.launch(strided, (problem.tiles(config, call.problem),), config, call)
