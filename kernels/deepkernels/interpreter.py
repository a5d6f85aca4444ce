"""Triton's interpreter without what it does again and again: kernels run about twice as fast in it.

While a kernel runs, the interpreter's own functions stand in the place of those of `triton.language`. It searches the
whole module for what to replace, at every call of one `@triton.jit` function by another, though all is in place; a
third of the time goes there. It also checks every sum and product of integers for overflow, which a compiled kernel
does only when asked for by `debug=True`. Results are the same, bit for bit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import triton.language as tl
from triton.runtime import interpreter

PARTS = ("_patch_builtin", "_patch_attr", "interpreter_builder")

original = getattr(interpreter, "_patch_builtin", None)
replaced: dict[Any, list[str]] = {}
"""Module or class → names of what the interpreter replaces in it."""


def _patch_builtin(room: Any, builder: Any, scope: Any) -> None:
    if room not in replaced:
        replaced[room] = [
            name for name in dir(room) if tl.core.is_builtin(getattr(room, name, None))
        ]
    names = replaced[room]
    if names and tl.core.is_builtin(getattr(room, names[0])):
        for name in names:
            interpreter._patch_attr(room, name, getattr(room, name), builder, scope)


def hasten() -> bool:
    """Change the interpreter of this process; return False, and change nothing, if this Triton has another one."""
    if not all(hasattr(interpreter, name) for name in PARTS):
        return False
    builder = interpreter.interpreter_builder
    interpreter._patch_builtin = _patch_builtin
    builder.options = replace(builder.options, sanitize_overflow=False)
    return True
