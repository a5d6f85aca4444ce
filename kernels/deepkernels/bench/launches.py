"""Which kernels an operation really launches, with which constants: the tile configuration of a record's row."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from typing import Any

from deepkernels.launch import interpreted

OPTIONS = ("num_warps", "num_stages")


@contextlib.contextmanager
def recorded() -> Iterator[list[dict[str, Any]]]:
    """Record every launch of a Triton kernel in the block, in order.

    Each is {"kernel": "module:function", "grid": …, "meta": its `tl.constexpr` arguments, "num_warps": …,
    "num_stages": …}. Kernels inside a captured graph are launched by the graph and not seen.
    """
    found: list[dict[str, Any]] = []
    kind = _kind()
    original = kind.run

    def run(self: Any, *args: Any, grid: Any, warmup: bool, **keywords: Any) -> Any:
        if not warmup:
            found.append(_described(self, args, grid, keywords))
        return original(self, *args, grid=grid, warmup=warmup, **keywords)

    kind.run = run
    try:
        yield found
    finally:
        kind.run = original


def _kind() -> Any:
    if interpreted():
        from triton.runtime.interpreter import InterpretedFunction

        return InterpretedFunction
    from triton.runtime.jit import JITFunction

    return JITFunction


def _described(
    kernel: Any, args: tuple[Any, ...], grid: Any, keywords: dict[str, Any]
) -> dict[str, Any]:
    parameters = inspect.signature(kernel.fn).parameters
    values = dict(zip(parameters, args, strict=False)) | keywords
    constants = [name for name, one in parameters.items() if "constexpr" in str(one.annotation)]
    return {
        "kernel": f"{kernel.fn.__module__}:{kernel.fn.__name__}",
        "grid": list(grid) if isinstance(grid, (tuple, list)) else None,
        "meta": {name: _plain(values[name]) for name in constants if name in values},
        **{name: values[name] for name in OPTIONS if name in values},
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
