"""Many launches as one: a CUDA graph of a function, captured once and replayed.

Each step of a sequence is a launch that the CPU prepares; short steps are over before the next is ready. A captured
graph has all launches prepared, on the GPU's side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from deepkernels import check, launch

Tensor = torch.Tensor
WARM_UP = 3  # calls that compile kernels and fill the allocator's pool before anything is captured


class Captured:
    """A function of tensors, captured as a CUDA graph; call it with tensors of the same shapes.

    Args:
        function: takes tensors, returns a tensor or a tuple of tensors (or of tuples); no derivatives.
        example: the arguments for which it is captured.

    Raises:
        ValueError: without a GPU, or for arguments that differ from the example in number, shape or dtype.

    The results lie in memory that the next call writes to again; clone what has to last.
    """

    def __init__(self, function: Callable[..., Any], *example: Tensor) -> None:
        check.require(
            "Captured",
            not launch.interpreted(),
            "a CUDA graph needs a GPU, and kernels run in the interpreter; call the function itself",
        )
        for number, tensor in enumerate(example):
            check.device("Captured", f"argument {number}", tensor)
        self.inputs = tuple(tensor.detach().clone() for tensor in example)
        self.graph = torch.cuda.CUDAGraph()
        with torch.no_grad(), launch.on(example[0]):
            aside = torch.cuda.Stream()
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(WARM_UP):
                    function(*self.inputs)
            torch.cuda.current_stream().wait_stream(aside)
            with torch.cuda.graph(self.graph):
                self.outputs = function(*self.inputs)

    def __call__(self, *tensors: Tensor) -> Any:
        """Copy the arguments to where the graph reads them, replay it, and return where it writes."""
        shapes = [(tuple(tensor.shape), tensor.dtype) for tensor in tensors]
        wanted = [(tuple(tensor.shape), tensor.dtype) for tensor in self.inputs]
        check.require(
            "Captured",
            shapes == wanted,
            f"the arguments are {shapes}, but {wanted} were captured; capture again for other shapes",
        )
        with torch.no_grad():
            for into, tensor in zip(self.inputs, tensors, strict=True):
                into.copy_(tensor)
        self.graph.replay()
        return self.outputs
