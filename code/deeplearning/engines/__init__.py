"""Engines: one definition of a network, several ways to compute it.

PyTorch is imported when it is asked for, not before: a chapter that needs only NumPy starts at once.
"""

import importlib.util

from deeplearning.engines.engine import Engine


def names() -> tuple[str, ...]:
    """Return the engines that can be had here.

    >>> "numpy" in names()
    True
    """
    return ("numpy", "torch") if importlib.util.find_spec("torch") else ("numpy",)


def get(name: str) -> Engine:
    """Return the engine called ``name``: ``"numpy"``, ``"torch"``, or ``"torch:cuda"`` for PyTorch on a device.

    ``ValueError`` for any other name, ``ModuleNotFoundError`` where PyTorch is not installed.

    >>> get("numpy").name
    'numpy'
    """
    if name == "numpy":
        from deeplearning.engines.numpy_engine import ENGINE

        return ENGINE
    if name == "torch" or name.startswith("torch:"):
        from deeplearning.engines.torch_engine import torch_engine

        return torch_engine(name.partition(":")[2] or "cpu")
    raise ValueError(f"engines.get: {name!r}; give one of {', '.join(names())}, or torch:<device>")


__all__ = ["Engine", "get", "names"]
