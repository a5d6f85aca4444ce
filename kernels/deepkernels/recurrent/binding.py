"""Which kernel runs at which tile for which problem, and what each configuration is compiled for.

The configurations lie in ``configs/recurrent.json``; the first of a kernel whose conditions hold is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from deepkernels import configs
from deepkernels.check import require
from deepkernels.compiled import Request
from deepkernels.language import accumulator
from deepkernels.launch import cdiv, interpreted

OP = "recurrent"
#: Rows of PyTorch's weights for each hidden unit.
GATES = {"lstm": 4, "gru": 3}
#: Arguments that are multiples of 16 on the calls that matter: aligned memory, sizes in multiples of 16.
DIVISIBLE = (
    "x", "h", "gx", "gh", "w_ih", "w_hh", "b_ih", "b_hh", "before", "after", "cells", "y", "h_next", "c_next", "gates",
    "later", "dy", "dh", "carry", "dgx", "dgh", "out", "features", "H", "C", "cell_step",
)  # fmt: skip

_ARGUMENTS = {
    "pointwise": ("gx", "gh", "before", "h_next", "c_next", "gates"),
    "fused": ("x", "h", "before", "w_ih", "w_hh", "b_ih", "b_hh", "h_next", "c_next", "gates"),
    "step": ("gx", "h", "before", "w_hh", "b_hh", "h_next", "c_next", "gates"),
    "persistent": ("gx", "h", "cells", "w_hh", "b_hh", "y", "gates", "arrived"),
    "resident": ("gx", "h", "cells", "w_hh", "b_hh", "y", "gates", "arrived"),
    "step_backward": (
        "later", "w_hh", "dy", "dh", "carry", "gates", "before", "after", "dgx", "dgh",
    ),
    "sum_rows": ("x", "out"),
}  # fmt: skip
_SIZES = {
    "pointwise": ("N", "H"),
    "fused": ("N", "features", "H"),
    "step": ("N", "H"),
    "persistent": ("T", "N", "H", "cell_step"),
    "resident": ("T", "N", "H", "cell_step"),
    "step_backward": ("N", "H"),
    "sum_rows": ("R", "C", "chunk"),
}
#: Pointers that are None in a GRU, and numbers that mean nothing there.
_OF_LSTM = {"c_next": None, "cells": None, "after": None, "cell_step": 0}


def types(kernel: str, dtype: str, kind: str = "lstm") -> dict[str, str]:
    """Return the types of a kernel's arguments that are not constants, in order; ``dtype`` is Triton's name ("bf16").

    Within a sequence an LSTM's c is float32, whatever the others are; a single step takes it in their type.

    >>> types("pointwise", "bf16", "gru")
    {'gx': '*bf16', 'gh': '*bf16', 'before': '*bf16', 'h_next': '*bf16', 'gates': '*bf16', 'N': 'i32', 'H': 'i32'}
    """
    found = dict.fromkeys(_ARGUMENTS[kernel], f"*{dtype}")
    wide = {"cells", "carry"}
    if kernel in ("step", "step_backward") and kind == "lstm":
        wide |= {"before", "after", "c_next"}
    for name in found:
        if name in wide:
            found[name] = "*fp32"
    if "arrived" in found:
        found["arrived"] = "*i32"
    found |= dict.fromkeys(_SIZES[kernel], "i32")
    return {name: of for name, of in found.items() if kind == "lstm" or name not in _OF_LSTM}


def choose(
    part: str,
    N: int,
    H: int,
    dtype: torch.dtype,
    target: str = "sm_90",
    processors: int = 132,
    asked: bool = False,
    aligned: bool = True,
) -> configs.Config:
    """Return the configuration for N sequences of H hidden units.

    Args:
        part: a kernel ("cell:fused") or all of a file ("sequence").
        N, H: batch and hidden units, or rows and columns of a sum.
        dtype: of the operands.
        target: the GPU's instruction set.
        processors: how many processors it has.
        asked: whether configurations that wait to be asked for take part.
        aligned: whether rows of all operands are multiples of 16 elements; others are loaded element by element, which
            takes so many registers that only small tiles have enough.

    >>> choose("cell:fused", 64, 1024, torch.bfloat16).name, choose("cell:fused", 64, 256, torch.bfloat16).name
    ('fused-64x8', 'fused-16x8')
    """
    for config in configs.load(OP):
        here = config.on(target)
        if f".{part}" in here.kernel and _fits(here, N, H, dtype, processors, asked, aligned):
            return here
    raise ValueError(
        f"{OP}: no configuration of {part} takes N={N}, H={H} in {dtype} on {processors} processors of {target}; "
        "give another rung of the ladder"
    )


def named(name: str, target: str = "sm_90") -> configs.Config:
    """Return a configuration by its name.

    >>> named("step-64x8").kernel
    'deepkernels.recurrent.sequence:step'
    """
    known = {config.name: config for config in configs.load(OP)}
    require(
        OP, name in known, f"there is no configuration {name!r}; give one of {', '.join(known)}"
    )
    return known[name].on(target)


def tiles(config: configs.Config, N: int, H: int) -> tuple[int, int]:
    """Return how many tiles cover the hidden units and the batch.

    >>> tiles(named("step-64x8"), 65, 1024)
    (128, 2)
    """
    return cdiv(H, config.meta["BLOCK_H"]), cdiv(N, config.meta["BLOCK_M"])


def _fits(
    config: configs.Config,
    N: int,
    H: int,
    dtype: torch.dtype,
    processors: int,
    asked: bool,
    aligned: bool,
) -> bool:
    """Whether a configuration's conditions hold; one that it does not name always does."""

    def programs() -> int:
        across, down = tiles(config, N, H)
        return across * down

    conditions = {
        "asked": lambda _: asked,
        "aligned": lambda _: aligned,
        "dtypes": lambda names: str(dtype).removeprefix("torch.") in names,
        "min_n": lambda least: least <= N,
        "max_h": lambda most: most >= H,
        "min_programs": lambda least: programs() >= least,
        "one_wave": lambda _: programs() <= processors,
    }
    unknown = set(config.when) - set(conditions)
    require(OP, not unknown, f"{config.name} has unknown conditions {sorted(unknown)}")
    return all(conditions[name](wanted) for name, wanted in config.when.items())


def precision(dtype: torch.dtype) -> str:
    """Return how float32 operands are multiplied: "tf32" (on tensor cores) or "ieee".

    It is PyTorch's switch for recurrent layers, ``torch.backends.cudnn.allow_tf32``, on by default. Products of whole
    sequences with W_ih are `deepkernels.matmul`'s and follow its switch.
    """
    if dtype != torch.float32 or interpreted():
        return "ieee"
    return "tf32" if torch.backends.cudnn.allow_tf32 else "ieee"


def constants(config: configs.Config, kind: str, dtype: torch.dtype, H: int) -> dict[str, Any]:
    """Return a kernel's constants: its tile, and what follows from the problem."""
    kernel = config.kernel.split(":")[1]
    found = {**config.meta, "ACC": accumulator(dtype)}
    if kernel != "sum_rows":
        found["CELL"] = kind
    if kernel not in ("sum_rows", "pointwise"):
        found["PRECISION"] = precision(dtype)
    if kernel == "resident":
        found["CHUNKS"] = cdiv(H, config.meta["BLOCK_K"])
    return found


def compile_requests(
    target: str, kinds: tuple[str, ...] = ("lstm", "gru")
) -> Iterator[tuple[str, Request]]:
    """Yield (name, request) for every shipped configuration, in the first dtype that it is for, bfloat16 mostly."""
    short = {torch.bfloat16: "bf16", torch.float32: "fp32"}
    for config in configs.load(OP):
        here = config.on(target)
        dtype = (
            torch.bfloat16
            if "bfloat16" in here.when.get("dtypes", ("bfloat16",))
            else torch.float32
        )
        kernel = here.kernel.split(":")[1]
        for kind in kinds if kernel != "sum_rows" else ("lstm",):
            found = types(kernel, short[dtype], kind)
            meta = constants(here, kind, dtype, here.when.get("max_h", 1024))
            meta |= {
                name: value for name, value in _OF_LSTM.items() if name in _missing(kernel, found)
            }
            if kernel == "step_backward":
                meta |= {"TIME": "inner", "dh": None} | ({"dgh": None} if kind == "lstm" else {})
            if dtype == torch.float32 and "PRECISION" in meta:
                meta["PRECISION"] = "tf32"
            found = {name: of for name, of in found.items() if name not in meta}
            divisible = tuple(name for name in DIVISIBLE if name in found)
            yield (
                f"{here.name}-{kind}",
                Request(
                    here.kernel, found, meta, here.num_warps, here.num_stages, target, divisible
                ),
            )  # fmt: skip


def _missing(kernel: str, found: dict[str, str]) -> set[str]:
    return {*_ARGUMENTS[kernel], *_SIZES[kernel]} - set(found)
