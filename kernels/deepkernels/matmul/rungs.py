"""The ladder by name: every rung is a configuration of its own, and `run` climbs to it."""

import torch

from deepkernels import check
from deepkernels.matmul.op import compute
from deepkernels.matmul.problem import OP

#: From the definition to the shapes that tiles do not divide; each is one change away from an earlier one.
RUNGS = (
    "element",
    "tiled",
    "grouped",
    "pipelined",
    "descriptors",
    "persistent",
    "halves",
    "split-k",
    "stream-k",
)


def run(rung: str, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the product (M, N) of a (M, K) and b (K, N) as one rung computes it.

    Args:
        rung: one of `RUNGS`.
        a, b: float16, bfloat16 or float32, of any strides; float32 is rounded to TF32 on a GPU.

    Raises:
        ValueError: for another name, or operands that do not fit.

    >>> run("tiled", torch.eye(2), torch.tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    check.require(OP, rung in RUNGS, f"there is no rung {rung!r}; give one of {', '.join(RUNGS)}")
    check.tensors(OP, a=a, b=b)
    check.require(
        OP,
        a.dim() == b.dim() == 2 and a.shape[1] == b.shape[0],
        f"a has shape {tuple(a.shape)}, b {tuple(b.shape)}; give (M, K) and (K, N)",
    )
    return compute(a, b, config=rung)
