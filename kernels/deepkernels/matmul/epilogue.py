"""What happens to a finished sum before it is written: bias, activation, rounding, and the store itself."""

import triton
import triton.language as tl

from deepkernels.language import activate
from deepkernels.matmul.ladder import store


@triton.jit
def finish(acc, bias, n, N, ACTIVATION: tl.constexpr):
    """Add the bias of columns n and apply the activation, in the accumulator's type."""
    if bias is not None:
        acc += tl.load(bias + n, mask=n < N, other=0.0).to(acc.dtype)[None, :]
    return activate(acc, ACTIVATION)


@triton.jit
def write(
    acc, c, tiles, bias, z, m0, n0, M, N, c_z, c_m, c_n,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, PARTS: tl.constexpr,
    ACTIVATION: tl.constexpr, C_ORDER: tl.constexpr, BATCHED: tl.constexpr,
):  # fmt: skip
    """Write a tile of C in PARTS parts of BLOCK_N / PARTS columns, one after the other.

    A tile passes through shared memory on its way out. Parts pass through the same memory, and what they do not need is
    left for loads that are under way.
    """
    if PARTS == 1:
        n = n0 + tl.arange(0, BLOCK_N)
        values = finish(acc, bias, n, N, ACTIVATION)
        if C_ORDER == "row":
            values = values.to(c.dtype.element_ty)
            if BATCHED:
                tiles.store([z, m0, n0], values.reshape(1, BLOCK_M, BLOCK_N))
            else:
                tiles.store([m0, n0], values)
        else:
            m = m0 + tl.arange(0, BLOCK_M)
            store(c + z.to(tl.int64) * c_z, m, n, c_m, c_n, M, N, values)
    else:
        HALF: tl.constexpr = BLOCK_N // 2
        left, right = tl.split(acc.reshape(BLOCK_M, 2, HALF).permute(0, 2, 1))
        write(
            left, c, tiles, bias, z, m0, n0, M, N, c_z, c_m, c_n,
            BLOCK_M, HALF, PARTS // 2, ACTIVATION, C_ORDER, BATCHED,
        )  # fmt: skip
        write(
            right, c, tiles, bias, z, m0, n0 + HALF, M, N, c_z, c_m, c_n,
            BLOCK_M, HALF, PARTS // 2, ACTIVATION, C_ORDER, BATCHED,
        )  # fmt: skip
