"""Which kernel runs at which tile for which convolution, and what each of them is compiled for.

The configurations lie in ``configs/conv2d.json``; the first whose kernel accepts the convolution and whose conditions
hold is taken.
"""

import itertools
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import torch

from deepkernels import configs
from deepkernels.check import require
from deepkernels.compiled import Request
from deepkernels.conv2d import binding, layout
from deepkernels.conv2d.geometry import OP, Geometry

#: The ladder by the names of configurations; each rung is one change away from the one before it.
RUNGS = ("direct", "im2col", "implicit-128", "tiled-256x128", "persistent-256x128")


def choose(
    geometry: Geometry, dtype: torch.dtype, target: str = "sm_90", aligned: bool = True
) -> configs.Config:
    """Return the configuration with which a convolution is computed: its kernel, tile, warps and stages.

    Args:
        geometry: of the convolution.
        dtype: of x, weight and result.
        target: the GPU's instruction set, "sm_90", "sm_80", "gfx942".
        aligned: whether tensors begin at multiples of 16 bytes, as tensor descriptors want it.

    >>> choose(Geometry.of((32, 256, 28, 28), (256, 256, 3, 3), padding=1), torch.bfloat16).kernel
    'deepkernels.conv2d.tma:persistent'
    >>> choose(Geometry.of((32, 3, 224, 224), (64, 3, 7, 7), 2, 3), torch.bfloat16).kernel
    'deepkernels.conv2d.stem:stem'
    """
    for config in configs.load(OP):
        here = config.on(target)
        if refusal(here, geometry, dtype, target, aligned) is None and _fits(here, geometry, dtype):
            return here
    raise ValueError(f"{OP}: no configuration for {geometry} in {dtype} on {target}")


def named(name: str, target: str = "sm_90") -> configs.Config:
    """Return a configuration by its name, for measurements and tests that compare kernels.

    >>> named("direct").kernel
    'deepkernels.conv2d.direct:direct'
    """
    known = {config.name: config for config in configs.load(OP)}
    require(
        OP, name in known, f"there is no configuration {name!r}; give one of {', '.join(known)}"
    )
    return known[name].on(target)


def refusal(
    config: configs.Config,
    geometry: Geometry,
    dtype: torch.dtype,
    target: str = "sm_90",
    aligned: bool = True,
) -> str | None:
    """Return why a configuration's kernel cannot compute a convolution, None if it can.

    >>> refusal(named("persistent-128x128"), Geometry.of((1, 9, 4, 4), (8, 9, 3, 3)), torch.float16)
    'tensor descriptors need memory and rows of channels that begin at multiples of 16 bytes'
    """
    return module_of(config).accepts(config, geometry, dtype, target, aligned)


def module_of(config: configs.Config) -> ModuleType:
    """Return the module of a configuration's kernel."""
    return import_module(config.kernel.split(":")[0])


def run(config: configs.Config, call: binding.Call) -> None:
    """Compute with a configuration, whose kernel must accept the convolution."""
    module_of(config).run(config, call)


def _fits(config: configs.Config, geometry: Geometry, dtype: torch.dtype) -> bool:
    """Whether a configuration's conditions hold; one that it does not name always does."""
    g = geometry
    conditions = {
        "asked": lambda _: False,  # only when it is asked for by name
        "dtypes": lambda names: str(dtype).removeprefix("torch.") in names,
        "precision": lambda wanted: layout.precision(dtype) == wanted,
        "min_features": lambda least: g.features >= least,
        "max_features": lambda most: g.features <= most,
        "max_window": lambda most: most >= g.R * g.S,
        "min_tiles": lambda least: module_of(config).tiles(config, g) >= least,
    }
    unknown = set(config.when) - set(conditions)
    require(OP, not unknown, f"{config.name} has unknown conditions {sorted(unknown)}")
    return all(conditions[name](wanted) for name, wanted in config.when.items())


# A convolution for each condition under which a configuration is shipped; most are layers of ResNet and MobileNet.
_TYPICAL = (
    Geometry.of((64, 256, 28, 28), (256, 256, 3, 3), padding=1),
    Geometry.of((64, 256, 14, 14), (256, 256, 3, 3), padding=1),
    Geometry.of((64, 64, 56, 56), (64, 64, 3, 3), padding=1),
    Geometry.of((4, 512, 7, 7), (512, 512, 3, 3), padding=1),
    Geometry.of((64, 256, 57, 57), (256, 256, 3, 3), stride=2, padding=1),
    Geometry.of((64, 256, 29, 29), (256, 256, 3, 3), stride=2, padding=1),
    Geometry.of((64, 64, 57, 57), (64, 64, 3, 3), stride=2, padding=1),
    Geometry.of((64, 96, 56, 56), (96, 1, 3, 3), padding=1, groups=96),
    Geometry.of((64, 96, 56, 56), (96, 1, 7, 7), padding=3, groups=96),
    Geometry.of((64, 3, 224, 224), (64, 3, 7, 7), stride=2, padding=3),
    Geometry.of((64, 1, 28, 28), (32, 1, 5, 5), padding=2),
    Geometry.of((64, 128, 56, 56), (128, 4, 3, 3), padding=1, groups=32),
    Geometry.of((64, 100, 28, 28), (100, 100, 3, 3), padding=1),
    Geometry.of((64, 50, 28, 28), (50, 50, 3, 3), padding=1),
    Geometry.of((64, 20, 28, 28), (20, 20, 3, 3), padding=1),
)
_DTYPES = (torch.bfloat16, torch.float32)


def compile_requests(target: str) -> Iterator[tuple[str, Request]]:
    """Yield (name, request) for every shipped configuration that a target uses, each on a layer that chooses it."""
    left = {config.name: config for config in configs.load(OP)}
    for geometry, dtype, aligned in itertools.product(_TYPICAL, _DTYPES, (True, False)):
        config = choose(geometry, dtype, target, aligned)
        if left.pop(config.name, None):
            yield config.name, request(config, geometry, dtype, target)
    for name, config in left.items():
        # Nothing chooses these here: they are asked for by name, or PyTorch's switch for TF32 is off.
        if "asked" in config.when or "precision" in config.when:
            dtype = torch.float32 if "precision" in config.when else torch.bfloat16
            yield name, request(config.on(target), _TYPICAL[0], dtype, target)


def request(
    config: configs.Config,
    geometry: Geometry,
    dtype: torch.dtype,
    target: str = "sm_90",
    activation: str = "relu",
    bias: bool = True,
) -> Request:
    """Return what to compile for one configuration and one convolution."""
    module, name = module_of(config), config.kernel.split(":")[1]
    kernel = getattr(module, name)
    fitted = module.fitted(config, geometry, dtype) if hasattr(module, "fitted") else {}
    offered: dict[str, Any] = {
        **binding.constants(geometry, dtype, activation),
        **config.meta,
        **fitted,
    }
    if "PRECISION" in offered and dtype == torch.float32:
        offered["PRECISION"] = config.when.get("precision", "tf32")
    types, meta = module.types(name, dtype), binding.taken(kernel, offered)
    if not bias:
        types, meta = {n: t for n, t in types.items() if n != "bias"}, meta | {"bias": None}
    sizes = binding.sizes(geometry)
    divisible = [n for n in module.DIVISIBLE if n in types and sizes.get(n, 16) % 16 == 0]
    return Request(
        config.kernel, types, meta, config.num_warps, config.num_stages, target, tuple(divisible)
    )
