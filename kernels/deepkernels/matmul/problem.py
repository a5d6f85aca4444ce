"""The shape of a product and how its operands lie in memory: what a kernel is chosen by, and what it is given."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from deepkernels import launch as machine
from deepkernels.configs import Config
from deepkernels.language import accumulator
from deepkernels.launch import cdiv

OP = "matmul"
LIMIT = 2**31 - 2**10  # 32 bits, less a tile that may reach beyond the end
POINTERS = ("a", "b", "bias", "c")
NAMES = {
    torch.float16: "fp16",
    torch.bfloat16: "bf16",
    torch.float32: "fp32",
    torch.float64: "fp64",
}


@dataclass(frozen=True)
class Problem:
    """Products C (M, N) = A (M, K) B (K, N), ``batch`` of them.

    ``a``, ``b`` and ``c`` tell how a matrix lies in memory: "row" (the elements of a row are neighbours), "column"
    (those of a column are; a transposed matrix), or "strided", which tensor descriptors cannot address: neither are
    neighbours, or rows do not begin at multiples of 16 bytes. ``precision`` is "tf32" or "ieee".
    """

    M: int
    N: int
    K: int
    batch: int = 1
    dtype: torch.dtype = torch.bfloat16
    precision: str = "tf32"
    a: str = "row"
    b: str = "row"
    c: str = "row"

    @classmethod
    def of(
        cls, a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, precision: str = "tf32"
    ) -> Problem:
        """Return the problem of tensors (batch, M, K), (batch, K, N) and (batch, M, N).

        >>> Problem.of(torch.zeros(1, 2, 8), torch.zeros(1, 4, 8).mT, torch.zeros(1, 2, 4)).b
        'column'
        """
        batch, M, K = a.shape
        orders = order(a), order(b), order(c)
        return cls(M, b.shape[2], K, batch, a.dtype, precision, *orders)

    def realigned(self) -> Problem:
        """Return the problem with both operands as descriptors can address them, which a copy achieves."""
        a, b = ("row" if order == "strided" else order for order in (self.a, self.b))
        return replace(self, a=a, b=b)

    @property
    def tensor_cores(self) -> bool:
        """Whether tensor cores multiply: float32 has to be rounded to TF32 for them."""
        return self.dtype.itemsize == 2 or (self.dtype, self.precision) == (torch.float32, "tf32")


@dataclass(frozen=True)
class Call:
    """Products to compute: a (batch, M, K), b (batch, K, N), bias (N,) or None, c (batch, M, N) to be written."""

    a: torch.Tensor
    b: torch.Tensor
    bias: torch.Tensor | None
    c: torch.Tensor
    activation: str = "none"
    precision: str = "tf32"

    @property
    def problem(self) -> Problem:
        """The problem that the tensors pose."""
        return Problem.of(self.a, self.b, self.c, self.precision)


def order(matrix: torch.Tensor) -> str:
    """Return "row", "column" or "strided" for matrices (batch, rows, columns); see `Problem`.

    >>> order(torch.zeros(1, 3, 8)), order(torch.zeros(1, 8, 4).mT), order(torch.zeros(1, 3, 7))
    ('row', 'column', 'strided')
    """
    if matrix.numel() == 0 or matrix.data_ptr() % 16:
        return "strided"
    for name, (z, rows, columns) in (
        ("row", matrix.stride()),
        ("column", matrix.mT.stride()),
    ):
        batch, height, width = (matrix if name == "row" else matrix.mT).shape
        strides = [
            stride * matrix.element_size()
            for stride, size in ((z, batch), (rows, height))
            if size > 1
        ]
        # Rows that share their memory (a stride of 0, from `expand`) are none of which a descriptor speaks.
        repeated = height > 1 and rows == 0
        if (
            (columns == 1 or width == 1)
            and not repeated
            and not any(stride % 16 for stride in strides)
        ):
            return name
    return "strided"


def _described(matrix: torch.Tensor) -> tuple[int, int, int]:
    """Return how many matrices a descriptor holds, their stride, and that of rows: in the order of memory.

    One matrix that serves a whole batch (a stride of 0) is one matrix. Where there is one row or one matrix, its stride
    in torch means nothing, and a descriptor still wants a multiple of 16 bytes.
    """
    lines = matrix if order(matrix) == "row" else matrix.mT
    batch, rows, columns = lines.shape
    z, line, _ = lines.stride()
    line = line if rows > 1 else cdiv(columns, 16) * 16
    count = 1 if z == 0 else batch
    return count, (z if count > 1 else line * rows), line


def sizes(call: Call) -> dict[str, int]:
    """Return what a kernel learns when it is launched: sizes, and strides in elements."""
    (batch, M, K), N = call.a.shape, call.b.shape[2]
    found = {"M": M, "N": N, "K": K, "batch": batch}
    for name, matrix in (("a", call.a), ("b", call.b), ("c", call.c)):
        rows, columns = {"a": ("m", "k"), "b": ("k", "n"), "c": ("m", "n")}[name]
        strides = matrix.stride()
        found |= zip((f"{name}_z", f"{name}_{rows}", f"{name}_{columns}"), strides, strict=True)
        found |= zip(
            (f"{name}_batch", f"{name}_each", f"{name}_line"), _described(matrix), strict=True
        )
    return found


def constants(problem: Problem, activation: str = "none") -> dict[str, Any]:
    """Return what a kernel is compiled for, its tile apart.

    >>> constants(Problem(8, 8, 8, b="column"))["B_ORDER"]
    'column'
    """
    return {
        "A_ORDER": problem.a,
        "B_ORDER": problem.b,
        "C_ORDER": problem.c,
        "BATCHED": problem.batch > 1,
        "ACTIVATION": activation,
        "PRECISION": problem.precision,
        "ACC": accumulator(problem.dtype),
    }


def tiles(config: Config, problem: Problem) -> int:
    """Return how many tiles the products have; an element is a tile of 1 × 1.

    >>> tiles(Config("", "", {"BLOCK_M": 128, "BLOCK_N": 256}, 8, 4), Problem(5120, 5120, 5120))
    800
    """
    block_m, block_n = config.meta.get("BLOCK_M", 1), config.meta.get("BLOCK_N", 1)
    return problem.batch * cdiv(problem.M, block_m) * cdiv(problem.N, block_n)


def fitted(config: Config, problem: Problem) -> dict[str, Any]:
    """Return the constants that follow from a configuration, the operands' size and the result's place.

    Configurations are written for operands of 16 bits. Wider ones get tiles of as many bytes: a smaller BLOCK_K, and a
    result that is written in more parts. Addresses of a result without a descriptor take registers, which more and
    smaller parts need fewer of at a time.
    """
    wider = problem.dtype.itemsize // 2
    meta = dict(config.meta)
    if "BLOCK_K" in meta and "BLOCK_M" in meta:
        meta["BLOCK_K"] //= wider
    if "PARTS" in meta:
        meta["PARTS"] *= wider * (1 if problem.c == "row" else 4)
    return meta


def workspace(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype of tensors that hold sums which are not complete."""
    return torch.float64 if dtype == torch.float64 else torch.float32


def taken(kernel: Any, offered: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the offered arguments that the kernel has."""
    return {name: offered[name] for name in kernel.arg_names if name in offered}


def types(kernel: Any, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of the kernel's arguments that are not constants, in their order."""
    known = {**dict.fromkeys(POINTERS, f"*{NAMES[dtype]}"), "parts": "*fp32", "counts": "*i32"}
    return {name: known.get(name, "i32") for name in kernel.arg_names if name not in fixed(kernel)}


def fixed(kernel: Any) -> list[str]:
    """Return the names of the arguments that a kernel is compiled for."""
    parameters = inspect.signature(kernel.fn).parameters.items()
    return [name for name, one in parameters if "constexpr" in str(one.annotation)]


def launch(kernel: Any, grid: tuple[int, ...], config: Config, call: Call, **more: Any) -> None:
    """Launch a kernel with a configuration; ``more`` are arguments that it alone has."""
    problem = call.problem
    offered = {
        **sizes(call),
        **constants(problem, call.activation),
        **fitted(config, problem),
        **{name: getattr(call, name) for name in POINTERS},
        **more,
    }
    with machine.on(call.a):
        kernel[grid](
            **taken(kernel, offered), num_warps=config.num_warps, num_stages=config.num_stages
        )
