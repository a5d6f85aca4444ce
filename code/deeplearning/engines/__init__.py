"""Engines: one definition of a network, several ways to compute it.

PyTorch is imported when it is asked for, not before: a chapter that needs only NumPy starts at once.
"""

import importlib.util

from deeplearning.engines.engine import Engine


def names() -> tuple[str, ...]:
    """Return the engines that can be had here; ``"kernels"`` is not listed, because it needs a GPU or the interpreter.

    >>> "numpy" in names()
    True
    """
    return ("numpy", "torch") if importlib.util.find_spec("torch") else ("numpy",)


def get(name: str) -> Engine:
    """Return the engine called ``name``: ``"numpy"``, ``"torch"``, or ``"torch:cuda"`` for PyTorch on a device.

    ``"kernels"``, or ``"kernels:cuda"``, is PyTorch on this book's Triton kernels. ``ValueError`` for any other name,
    ``ModuleNotFoundError`` where PyTorch or Triton is not installed.

    >>> get("numpy").name
    'numpy'
    """
    if name == "numpy":
        from deeplearning.engines.numpy_engine import ENGINE

        return ENGINE
    if name == "torch" or name.startswith("torch:"):
        from deeplearning.engines.torch_engine import torch_engine

        return torch_engine(name.partition(":")[2] or "cpu")
    if name == "kernels" or name.startswith("kernels:"):
        from deeplearning.engines.kernels_engine import kernels_engine

        return kernels_engine(name.partition(":")[2] or None)
    raise ValueError(
        f"engines.get: {name!r}; give one of {', '.join(names())}, torch:<device>, kernels or kernels:<device>"
    )


__all__ = ["Engine", "get", "names"]
