"""Which kernel runs at which tile for which product, and what each of them is compiled for.

The configurations lie in ``configs/matmul.json``; the first whose kernel accepts the product and whose conditions hold
is taken. Conditions speak of sizes and of waves: the number of tiles divided by the number of processors. In the last
wave some processors have nothing to do, and ``min_fill`` asks for a share of processors that are busy over all waves.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any

import torch

from deepkernels import configs
from deepkernels.check import require
from deepkernels.compiled import Request
from deepkernels.launch import cdiv
from deepkernels.matmul import backward, problem, realign, split
from deepkernels.matmul.problem import OP, Call, Problem

HOPPER = ("sm_90", "sm_100", "sm_103", "sm_120")  # what has a tensor memory accelerator
#: From this size on, in all three directions, operands that descriptors cannot address are copied for them: a copy
#: moves M K + K N elements once, and without it each is loaded by small pieces for every tile that needs it.
REALIGN_FROM = 1024


@functools.lru_cache(maxsize=4096)
def choose(posed: Problem, target: str = "sm_90", processors: int = 132) -> configs.Config:
    """Return the configuration with which a product is computed: its kernel, tile, warps and stages.

    Args:
        posed: sizes, dtype, and how operands lie in memory.
        target: the GPU's instruction set, "sm_90", "sm_80", "gfx942".
        processors: how many streaming multiprocessors it has.

    >>> choose(Problem(8192, 8192, 8192)).name, choose(Problem(5120, 5120, 5120)).name
    ('persistent-256', 'stream-256')
    >>> choose(Problem(16, 4096, 4096)).name
    'split-16'
    """
    worth = min(posed.M, posed.N, posed.K) >= REALIGN_FROM
    seen = posed.realigned() if worth else posed
    for config in configs.load(OP):
        here = config.on(target)
        if refusal(here, seen, target) is None and _fits(here, seen, processors):
            return here
    raise ValueError(f"{OP}: no configuration for {posed} on {target}")


def named(name: str, target: str = "sm_90") -> configs.Config:
    """Return a configuration by its name, for measurements and tests that compare kernels.

    >>> named("tiled").kernel
    'deepkernels.matmul.ladder:tiled'
    """
    known = {config.name: config for config in configs.load(OP)}
    require(
        OP, name in known, f"there is no configuration {name!r}; give one of {', '.join(known)}"
    )
    return known[name].on(target)


def module_of(config: configs.Config) -> ModuleType:
    """Return the module of a configuration's kernel."""
    return import_module(config.kernel.split(":")[0])


def described(config: configs.Config) -> bool:
    """Return whether a configuration's kernel reads its operands through descriptors."""
    module, name = config.kernel.split(":")
    return module.endswith((".descriptors", ".stream")) or name.endswith("_tma")


def refusal(config: configs.Config, posed: Problem, target: str = "sm_90") -> str | None:
    """Return why a configuration's kernel cannot compute a product, None if it can.

    >>> refusal(named("persistent-256"), Problem(128, 128, 65, a="strided"))
    'a descriptor needs rows or columns of neighbours that begin at multiples of 16 bytes'
    """
    if described(config) and target not in HOPPER:
        return f"tensor descriptors are for NVIDIA GPUs from sm_90 on, not for {target}"
    return module_of(config).refusal(config, posed)


def run(config: configs.Config, call: Call) -> None:
    """Compute with a configuration, whose kernel must accept the product; operands are realigned if it wants that."""
    if described(config):
        call = replace(call, a=realign.realigned(call.a), b=realign.realigned(call.b))
    module_of(config).run(config, call)


def _fits(config: configs.Config, posed: Problem, processors: int) -> bool:
    """Whether a configuration's conditions hold; one that it does not name always does."""
    count = problem.tiles(config, posed)
    waves = count / processors
    conditions = {
        "asked": lambda _: False,  # only when it is asked for by name
        "tensor_cores": lambda wanted: posed.tensor_cores == wanted,
        "max_itemsize": lambda most: most >= posed.dtype.itemsize,
        "max_m": lambda most: most >= posed.M,
        "min_m": lambda least: least <= posed.M,
        "min_n": lambda least: least <= posed.N,
        "min_k": lambda least: least <= posed.K,
        "min_waves": lambda least: waves >= least,
        "max_waves": lambda most: waves <= most,
        "min_fill": lambda least: waves / cdiv(count, processors) >= least,
    }
    unknown = set(config.when) - set(conditions)
    require(OP, not unknown, f"{config.name} has unknown conditions {sorted(unknown)}")
    return all(conditions[name](wanted) for name, wanted in config.when.items())


#: Configurations that are compiled for transposed operands, batches and results without a descriptor as well.
_ALL_LAYOUTS = ("persistent-256", "stream-256")


def compile_requests(target: str) -> Iterator[tuple[str, Request]]:
    """Yield (name, request) for every configuration that a target can use: on operands of 16 bits, and some of 32.

    Where there are no descriptors, only the largest tile comes with 32 bits. The small kernels around the products
    follow: the sum of parts, the copy, the gradient of the epilogue.
    """
    typical = Problem(4096, 4096, 4096)
    for config in configs.load(OP):
        here = config.on(target)
        if described(here) and target not in HOPPER:
            continue
        dense = here.when.get("tensor_cores", True)
        variants = {"": typical} if dense else {}
        wide = here.when.get("max_itemsize", 4) == 4 and "asked" not in here.when
        if wide and (target in HOPPER or not dense or here.name == "strided-128"):
            precision = "tf32" if dense else "ieee"
            variants["float32"] = replace(typical, dtype=torch.float32, precision=precision)
        if here.name in _ALL_LAYOUTS:
            variants["nt"] = replace(typical, b="column")
            variants["tn"] = replace(typical, a="column")
            variants["batch"] = replace(typical, batch=2)
            variants["odd"] = replace(typical, c="strided")
        for suffix, posed in variants.items():
            name = f"{here.name}-{suffix}" if suffix else here.name
            yield name, request(here, posed, target)
    yield from _helpers(target)


def request(
    config: configs.Config, posed: Problem, target: str = "sm_90", activation: str = "relu"
) -> Request:
    """Return what to compile for a configuration and a product with bias and activation, if the kernel has them.

    Sizes and strides are taken for multiples of 16; strides of neighbours are 1, as a launch would fold them.
    """
    module, name = module_of(config), config.kernel.split(":")[1]
    offered = {**problem.constants(posed, activation), **problem.fitted(config, posed)}
    lines = {"a": ("m", "k"), "b": ("k", "n"), "c": ("m", "n")}
    for matrix, (row, column) in lines.items():
        order = getattr(posed, matrix)
        # A result that descriptors cannot address still has neighbours in its rows, mostly.
        near = row if order == "column" else column
        offered[f"{matrix}_{near}"] = 1
    return _request(module, name, posed, offered, config.num_warps, config.num_stages, target)


def _request(
    module: ModuleType, name: str, posed: Problem, offered: dict[str, Any], warps: int, stages: int,
    target: str,
) -> Request:  # fmt: skip
    meta = problem.taken(getattr(module, name), offered)
    types = {n: t for n, t in module.types(name, posed.dtype).items() if n not in meta}
    divisible = [n for n in module.DIVISIBLE if n in types]
    if posed.c == "strided":
        divisible = [n for n in divisible if n not in ("N", "c_z", "c_m")]
    kernel = f"{module.__name__}:{name}"
    return Request(kernel, types, meta, warps, stages, target, tuple(divisible))


def _helpers(target: str) -> Iterator[tuple[str, Request]]:
    posed = Problem(4096, 4096, 4096)
    constants = problem.constants(posed, "relu")
    for module, name, unit in (
        (split, "combine", "c_n"),
        (realign, "copy", "source_column"),
        (backward, "gradient", "dy_n"),
    ):
        tile = {"ROWS": module.ROWS, "COLUMNS": module.COLUMNS, unit: 1, "y_n": 1}
        yield name, _request(module, name, posed, {**constants, **tile}, 4, 1, target)
