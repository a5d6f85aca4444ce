"""Triton's interpreter without what it does again and again: kernels run about three times as fast in it.

While a kernel runs, the interpreter's own functions stand in the place of those of `triton.language`. It searches
modules for what to replace at every call of one `@triton.jit` function by another, though all is in place. Every result
of an operation gets a type, a shape and a number of elements, made and checked anew, though a kernel has a dozen of
them. And every sum and product of integers is checked for overflow, which a compiled kernel does only when asked for by
`debug=True`. Results are the same, bit for bit.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import triton.language as tl
from triton.runtime import interpreter

PARTS = (
    "_patch_builtin", "_patch_attr", "_patch_lang", "_LangPatchScope", "_get_np_dtype",
    "interpreter_builder",
)  # fmt: skip

TENSOR, BLOCK = (
    {"handle", "type", "dtype", "shape", "numel"},
    {"element_ty", "shape", "numel", "name"},
)

original: dict[str, Any] = {name: getattr(interpreter, name, None) for name in PARTS[:-1]}
original_init = {room: room.__init__ for room in (tl.core.tensor, tl.core.block_type)}

replaced: dict[Any, list[str]] = {}
"""Module or class → names of what the interpreter replaces in it."""

np_dtypes: dict[str, Any] = {}
"""Name of a scalar type → NumPy's type for it."""

in_place: set[Any] = set()
"""The language modules that are replaced now."""


def _patch_builtin(room: Any, builder: Any, scope: Any) -> None:
    if room not in replaced:
        replaced[room] = [
            name for name in dir(room) if tl.core.is_builtin(getattr(room, name, None))
        ]
    names = replaced[room]
    if names and tl.core.is_builtin(getattr(room, names[0])):
        for name in names:
            interpreter._patch_attr(room, name, getattr(room, name), builder, scope)


class _Outermost(original["_LangPatchScope"] or object):  # type: ignore[misc]
    """What the launch of a kernel replaced; when it is put back, nothing is in place any more."""

    def restore(self) -> None:
        in_place.clear()
        super().restore()


def _patch_lang(fn: Any) -> Any:
    seen = _languages(fn)
    if seen and seen <= in_place:
        return interpreter._LangPatchScope()  # nothing to do, nothing to put back
    scope = original["_patch_lang"](fn)
    if not in_place:
        scope.__class__ = _Outermost
    in_place.update(seen)
    return scope


@cache
def _languages(fn: Any) -> frozenset[Any]:
    values = fn.__globals__.values()
    return frozenset(room for room in (tl, tl.core) if any(value is room for value in values))


def _tensor_init(self: Any, handle: Any, type: Any) -> None:
    self.handle = handle
    self.type = type
    self.dtype = type.scalar
    self.shape, self.numel = _shape(tuple(type.shape) if type.is_block() else ())


@cache
def _shape(sizes: tuple[int, ...]) -> tuple[Any, Any]:
    """A block's shape and number of elements, as constants of the language."""
    like = tl.core.tensor.__new__(tl.core.tensor)
    original_init[tl.core.tensor](
        like, None, tl.block_type(tl.int32, list(sizes)) if sizes else tl.int32
    )
    return like.shape, like.numel


def _block_type_init(self: Any, element_ty: Any, shape: Any) -> None:
    sizes = tuple(size.value if isinstance(size, tl.constexpr) else size for size in shape)
    self.element_ty = element_ty
    self.shape, self.numel, text = _block(sizes)
    self.name = f"<{text}, {element_ty}>"


@cache
def _block(sizes: tuple[Any, ...]) -> tuple[Any, int, str]:
    """What a block's type says of its sizes, checked."""
    like = tl.block_type.__new__(tl.block_type)
    original_init[tl.block_type](like, tl.int32, list(sizes))
    return like.shape, like.numel, str(like.shape)


def _get_np_dtype(type: Any) -> Any:
    name = type.scalar.name  # types themselves cannot be looked up: they have no hash
    if name not in np_dtypes:
        np_dtypes[name] = original["_get_np_dtype"](type)
    return np_dtypes[name]


def hasten() -> bool:
    """Change the interpreter of this process; return False, and change nothing, if this Triton has another one."""
    if not all(hasattr(interpreter, name) for name in PARTS) or not _same_parts():
        return False
    builder = interpreter.interpreter_builder
    interpreter._patch_builtin = _patch_builtin
    interpreter._patch_lang = _patch_lang
    interpreter._get_np_dtype = _get_np_dtype
    tl.core.tensor.__init__ = _tensor_init
    tl.core.block_type.__init__ = _block_type_init
    builder.options = replace(builder.options, sanitize_overflow=False)
    return True


def _same_parts() -> bool:
    """Whether a tensor and its type have the parts that are given to them here, and no others."""
    block = tl.block_type(tl.int32, [2])
    return set(vars(tl.core.tensor(None, block))) == TENSOR and set(vars(block)) == BLOCK
