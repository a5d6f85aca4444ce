"""Convolution, from the defining sum to the tensor memory accelerator.

`conv2d` is the operator; `compute` runs one of the `RUNGS` by name, and `choose` tells which kernel `conv2d` takes.
"""

from deepkernels.conv2d.autograd import bgrad, dgrad, wgrad
from deepkernels.conv2d.choice import RUNGS, choose, compile_requests
from deepkernels.conv2d.geometry import Geometry
from deepkernels.conv2d.op import compute, conv2d

__all__ = [
    "RUNGS",
    "Geometry",
    "bgrad",
    "choose",
    "compile_requests",
    "compute",
    "conv2d",
    "dgrad",
    "wgrad",
]
