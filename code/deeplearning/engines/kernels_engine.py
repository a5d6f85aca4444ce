"""PyTorch on this book's own Triton kernels as an engine, on a GPU or in Triton's interpreter."""

import dataclasses
import importlib.util

from deeplearning.engines.engine import Engine
from deeplearning.engines.torch_engine import torch_engine


def kernels_engine(device: str | None = None) -> Engine:
    """Make the engine whose layers run the kernels of ``deepkernels``; tensors and optimisers are PyTorch's.

    ``device`` is a GPU ("cuda", "cuda:1"), or "cpu" in Triton's interpreter, which a process must have chosen by
    ``TRITON_INTERPRET=1`` before it starts. ``None`` is "cpu" in the interpreter and "cuda" otherwise.
    ``ModuleNotFoundError`` where Triton is not installed, ``ValueError`` for a device on which no kernel can run.
    """
    for package, remedy in (
        ("triton", "it comes with PyTorch for Linux (pip install triton)"),
        ("deepkernels", "install this book's package (pip install -e .)"),
    ):
        if importlib.util.find_spec(package) is None:
            raise ModuleNotFoundError(
                f"engines.get: the engine 'kernels' needs {package}: {remedy}", name=package
            )
    from deepkernels import launch, nn

    interpreted = launch.interpreted()
    device = device or ("cpu" if interpreted else "cuda")
    kind = device.partition(":")[0]
    if interpreted and kind != "cpu":
        raise ValueError(
            f"engines.get: 'kernels:{device}' in Triton's interpreter, which runs on the CPU; "
            "give 'kernels', or unset TRITON_INTERPRET before Python starts"
        )
    if not interpreted and kind != "cuda":
        raise ValueError(
            f"engines.get: no kernel runs on {device!r}; give 'kernels:cuda' on a machine with a GPU, "
            "or set TRITON_INTERPRET=1 before Python starts"
        )
    base = torch_engine(device)
    return dataclasses.replace(base, name="kernels" if interpreted else f"kernels:{device}", nn=nn)
