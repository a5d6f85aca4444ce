"""Matrix products, from one element a program to persistent kernels and stream-K.

`matmul` is the operator; `run` climbs one rung of the ladder by name, `compute` takes any configuration, and `choose`
tells which one `matmul` takes.
"""

from deepkernels.matmul.choice import choose, compile_requests
from deepkernels.matmul.op import compute, matmul
from deepkernels.matmul.problem import Problem
from deepkernels.matmul.rungs import RUNGS, run

__all__ = [
    "RUNGS",
    "Problem",
    "choose",
    "compile_requests",
    "compute",
    "matmul",
    "run",
]
