"""Which fused kernel runs at which tile for which convolution, and what each of them is compiled for.

The configurations lie in ``configs/fused.json``; the first one that can compute the convolution and whose conditions
hold is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import torch

from deepkernels import configs, launch
from deepkernels.check import require
from deepkernels.compiled import Request
from deepkernels.conv2d import binding, box
from deepkernels.conv2d.geometry import Geometry

OP = "conv2d_relu_pool"
#: Arguments that are multiples of 16 on the calls that matter: aligned memory and multiples of 16 channels.
DIVISIBLE = (*binding.POINTERS, "code", "C", "K", "channels", "features")


def choose(
    geometry: Geometry, dtype: torch.dtype, target: str = "sm_90", aligned: bool = True
) -> configs.Config:
    """Return the configuration with which a convolution and its pooling are computed.

    ``aligned`` says that tensors begin at multiples of 16 bytes, as tensor descriptors want it.

    >>> choose(Geometry.of((64, 64, 112, 112), (128, 64, 3, 3), padding=1), torch.bfloat16).name
    'boxes-128'
    >>> choose(Geometry.of((64, 1, 28, 28), (6, 1, 5, 5), padding=2), torch.bfloat16).name
    'columns-16'
    """
    for config in configs.load("fused"):
        here = config.on(target)
        if refusal(here, geometry, target, aligned) is None and _holds(here, geometry, dtype):
            return here
    raise ValueError(f"{OP}: no configuration for {geometry} in {dtype} on {target}")


def named(name: str, target: str = "sm_90") -> configs.Config:
    """Return a configuration by its name, for measurements and tests that compare kernels.

    >>> named("rows").kernel
    'deepkernels.fused.pointer:rows'
    """
    known = {config.name: config for config in configs.load("fused")}
    require(
        OP, name in known, f"there is no configuration {name!r}; give one of {', '.join(known)}"
    )
    return known[name].on(target)


def refusal(
    config: configs.Config, geometry: Geometry, target: str = "sm_90", aligned: bool = True
) -> str | None:
    """Return why a configuration's kernel cannot compute a convolution, None if it can.

    >>> refusal(named("boxes-64"), Geometry.of((1, 8, 4, 4), (8, 8, 3, 3)))
    'channels must be a multiple of 64'
    """
    if not config.kernel.endswith(":boxes"):
        return None
    if not target.startswith("sm_") or int(target[3:]) < 90:
        return f"tensor descriptors are for NVIDIA GPUs from sm_90 on, not for {target}"
    if not aligned:
        return "tensor descriptors need memory that begins at multiples of 16 bytes"
    if geometry.stride != (1, 1) or geometry.groups != 1:
        return "boxes are for stride 1 and one group"
    if geometry.C % config.meta["BLOCK_K"]:
        return f"channels must be a multiple of {config.meta['BLOCK_K']}"
    return None


def run(
    config: configs.Config,
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    y: torch.Tensor,
    code: torch.Tensor | None,
    geometry: Geometry,
) -> None:
    """Write the pooled result y (N, K, P // 2, Q // 2) and, unless None, the place of each maximum; channels last."""
    if y.numel() == 0:
        return
    meta, extra = config.meta, constants(config, geometry, x.dtype)
    if config.kernel.endswith(":boxes"):
        launch.prepare()
        rows, columns = _pooled(geometry)
        tiles = launch.cdiv(geometry.N, extra["BLOCK_B"])
        tiles *= launch.cdiv(rows, extra["BLOCK_H"]) * launch.cdiv(columns, extra["BLOCK_W"])
    else:
        tiles = launch.cdiv(sizes(geometry)["pixels"], meta["BLOCK_M"])
    grid = tiles * launch.cdiv(geometry.features, meta["BLOCK_N"]), geometry.groups
    kernel = _kernel(config)
    with launch.on(x):
        kernel[grid](
            x, weight, bias, y, code, **binding.taken(kernel, {**sizes(geometry), **extra}),
            num_warps=config.num_warps, num_stages=config.num_stages,
        )  # fmt: skip


def sizes(geometry: Geometry) -> dict[str, int]:
    """Return what a kernel learns when it is launched: P, Q and pixels are those of the pooled image.

    >>> sizes(Geometry.of((2, 1, 28, 28), (6, 1, 5, 5)))["pixels"]
    288
    """
    P, Q = _pooled(geometry)
    return binding.sizes(geometry) | {"P": P, "Q": Q, "pixels": geometry.N * P * Q}


def constants(config: configs.Config, geometry: Geometry, dtype: torch.dtype) -> dict[str, Any]:
    """Return what a configuration's kernel is compiled for."""
    offered = {**binding.constants(geometry, dtype), **config.meta}
    if config.kernel.endswith(":boxes"):
        sides = box.sides(config.meta["BLOCK_M"], geometry.N, *_pooled(geometry))
        offered |= zip(("BLOCK_B", "BLOCK_H", "BLOCK_W"), sides, strict=True)
    return binding.taken(_kernel(config), offered)


def request(
    config: configs.Config,
    geometry: Geometry,
    dtype: torch.dtype,
    target: str = "sm_90",
    coded: bool = True,
) -> Request:
    """Return what to compile for one configuration and one convolution; ``coded`` if a gradient will be needed."""
    types = binding.types(_kernel(config), dtype)
    meta = constants(config, geometry, dtype)
    # Without a GPU `layout.precision` says "ieee"; PyTorch's default on one is "tf32".
    meta |= {"PRECISION": "tf32"} | ({} if coded else {"code": None})
    if coded:
        types["code"] = "*i8"
    known = sizes(geometry)
    divisible = [n for n in DIVISIBLE if n in types and known.get(n, 16) % 16 == 0]
    return Request(
        config.kernel, types, meta, config.num_warps, config.num_stages, target, tuple(divisible)
    )


# A convolution for each condition under which a configuration is shipped.
_TYPICAL = (
    Geometry.of((64, 64, 112, 112), (128, 64, 3, 3), padding=1),
    Geometry.of((64, 64, 112, 112), (64, 64, 3, 3), padding=1),
    Geometry.of((64, 32, 32, 32), (64, 32, 3, 3), padding=1),
    Geometry.of((64, 50, 28, 28), (50, 50, 3, 3), padding=1),
    Geometry.of((64, 6, 14, 14), (16, 6, 5, 5)),
)


def compile_requests(target: str) -> Iterator[tuple[str, Request]]:
    """Yield (name, request) for every shipped configuration that a target uses, each on a layer that chooses it."""
    left = {config.name: config for config in configs.load("fused")}
    for geometry in _TYPICAL:
        for dtype in (torch.bfloat16, torch.float32):
            config = choose(geometry, dtype, target)
            if left.pop(config.name, None):
                yield config.name, request(config, geometry, dtype, target)
    for name, config in left.items():
        if "asked" in config.when:
            yield name, request(config.on(target), _TYPICAL[1], torch.bfloat16, target)


def _pooled(geometry: Geometry) -> tuple[int, int]:
    return geometry.P // 2, geometry.Q // 2


def _kernel(config: configs.Config) -> Any:
    module, name = config.kernel.split(":")
    return getattr(import_module(module), name)


def _holds(config: configs.Config, geometry: Geometry, dtype: torch.dtype) -> bool:
    """Whether a configuration's conditions hold; one that it does not name always does."""
    conditions = {
        "asked": lambda _: False,  # only when it is asked for by name
        "dtypes": lambda names: str(dtype).removeprefix("torch.") in names,
        "min_features": lambda least: geometry.features >= least,
        "max_features": lambda most: geometry.features <= most,
    }
    unknown = set(config.when) - set(conditions)
    require(OP, not unknown, f"{config.name} has unknown conditions {sorted(unknown)}")
    return all(conditions[name](wanted) for name, wanted in config.when.items())
