"""Which backward kernel runs at which tile for which convolution, and what each of them compiles to.

The configurations lie in ``configs/conv2d_backward.json``; the first whose conditions hold is taken.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import torch

from deepkernels import configs
from deepkernels.check import require
from deepkernels.compiled import Request
from deepkernels.conv2d import binding, box, layout
from deepkernels.conv2d.geometry import Geometry
from deepkernels.launch import cdiv

OP = "conv2d_backward"
# What has a tensor memory accelerator, and the shared memory for these tiles.
HOPPER = ("sm_90", "sm_100", "sm_103")


def choose_dgrad(
    geometry: Geometry, dtype: torch.dtype, target: str = "sm_90", aligned: bool = True
) -> configs.Config:
    """Return the configuration with which the gradient of the image is computed.

    ``aligned`` says that tensors begin at multiples of 16 bytes, as tensor descriptors want it.

    >>> choose_dgrad(Geometry.of((8, 64, 56, 56), (64, 64, 3, 3), padding=1), torch.bfloat16).name
    'dgrad-tma-64'
    >>> choose_dgrad(Geometry.of((8, 3, 224, 224), (64, 3, 7, 7), 2, 3), torch.bfloat16).name
    'dgrad-pointer-narrow'
    """
    return _choose("dgrad", geometry, dtype, target, aligned)


def choose_wgrad(
    geometry: Geometry, dtype: torch.dtype, target: str = "sm_90", aligned: bool = True
) -> configs.Config:
    """Return the configuration with which the gradient of the weight is computed.

    >>> choose_wgrad(Geometry.of((8, 64, 56, 56), (64, 64, 3, 3), padding=1), torch.bfloat16).name
    'wgrad-tma-64'
    """
    return _choose("wgrad", geometry, dtype, target, aligned)


def _choose(
    side: str, geometry: Geometry, dtype: torch.dtype, target: str, aligned: bool
) -> configs.Config:
    for config in configs.load(OP):
        fitted = config.on(target)
        if config.when["pass"] == side and _holds(fitted, geometry, dtype, target, aligned):
            return fitted
    raise ValueError(f"{OP}: no configuration for {side} of {geometry} in {dtype}")


def _holds(
    config: configs.Config, geometry: Geometry, dtype: torch.dtype, target: str, aligned: bool
) -> bool:
    """Whether a configuration's conditions hold; one that it does not name always does."""
    g, when = geometry, config.when
    conditions = {
        "pass": lambda _: True,
        # More than a few output channels a channel of x are better computed as a product.
        "depthwise": lambda wanted: wanted == (g.depthwise and g.C > 1 and g.K <= 4 * g.C),
        "descriptors": lambda wanted: (
            wanted == (aligned and target in HOPPER and _describable(config, g, dtype))
        ),
        "unit_stride": lambda wanted: wanted == (g.stride == (1, 1)),
        "dtypes": lambda names: str(dtype).removeprefix("torch.") in names,
        "precision": lambda wanted: layout.precision(dtype) == wanted,
        "min_c": lambda least: g.channels >= least,
        "max_c": lambda most: g.channels <= most,
        "min_k": lambda least: g.features >= least,
        "max_side": lambda most: max(g.R, g.S) <= most,
        "multiple_c": lambda factor: g.channels % factor == 0,
        "min_programs": lambda least: _programs(config, g) >= least,
    }
    unknown = set(when) - set(conditions)
    require(OP, not unknown, f"{config.name} has unknown conditions {sorted(unknown)}")
    return all(conditions[name](wanted) for name, wanted in when.items())


def _programs(config: configs.Config, geometry: Geometry) -> int:
    """About how many programs compute dX: below one for each processor, smaller tiles employ more of them."""
    g, meta = geometry, config.meta
    pixels = cdiv(g.N * g.H * g.W, meta["BLOCK_M"])
    return g.groups * pixels * cdiv(g.channels, meta["BLOCK_N"])


def _describable(config: configs.Config, geometry: Geometry, dtype: torch.dtype) -> bool:
    """Whether descriptors can address the tensors, and boxes of this size stay inside a group."""
    g = geometry
    if any(size * dtype.itemsize % 16 for size in (g.channels, g.features)):
        return False
    # A residue without pixels would make a descriptor of a tensor without elements.
    if g.stride[0] > g.H or g.stride[1] > g.W:
        return False
    if g.groups == 1 or config.when["pass"] == "wgrad":
        return True
    return g.channels % config.meta["BLOCK_N"] == 0 and g.features % config.meta["BLOCK_K"] == 0


def _sides(config: configs.Config, geometry: Geometry) -> tuple[int, int, int]:
    """Return the sides of a box of pixels: of dX (of one residue) or, for the weight's gradient, of dY."""
    g = geometry
    if config.when["pass"] == "dgrad":
        rows, columns = cdiv(g.H, g.stride[0]), cdiv(g.W, g.stride[1])
        return box.sides(config.meta["BLOCK_M"], g.N, rows, columns)
    pixels = config.meta["BLOCK_K"]
    best, run = box.sides(pixels, g.N, g.P, g.Q), (1, 1, pixels)
    # A run of one row is a matrix as it is loaded, which Triton multiplies from shared memory as either factor.
    boxes = [cdiv(g.N, b) * cdiv(g.P, h) * cdiv(g.Q, w) for b, h, w in (best, run)]
    return run if boxes[1] <= boxes[0] else best


def seen(config: configs.Config, geometry: Geometry) -> Geometry:
    """Return the geometry as a configuration's kernel is to see it.

    A 1 × 1 window with stride 1 has no neighbours: it is a matrix product, and all pixels of the batch may as well lie
    in one row. Boxes then become runs of pixels, of which none is wasted at an edge. Kernels that read by pointers take
    runs of pixels in any case.

    >>> g = Geometry.of((8, 64, 7, 7), (128, 64, 1, 1))
    >>> seen(choose_dgrad(g, torch.float16), g).x_shape
    (1, 64, 1, 392)
    """
    if not geometry.pointwise or "tma" not in config.kernel:
        return geometry
    pixels = geometry.pixels
    return Geometry(1, geometry.C, 1, pixels, geometry.K, 1, 1, 1, pixels)


def kernel_of(config: configs.Config) -> Any:
    """Return the kernel that a configuration names."""
    module, name = config.kernel.split(":")
    return getattr(import_module(module), name)


def constants(config: configs.Config, geometry: Geometry, dtype: torch.dtype) -> dict[str, Any]:
    """Return the compile-time arguments of a configuration's kernel for a convolution, ATOMIC apart."""
    g = geometry
    values = {**binding.constants(g, dtype), **config.meta, "TAPS": 1 << (g.S - 1).bit_length()}
    for axis, stride, dilation in zip("HW", g.stride, g.dilation, strict=True):
        values[f"STEP_{axis}"] = stride // math.gcd(stride, dilation)
    if "tma" in config.kernel:
        values |= zip(("BLOCK_B", "BLOCK_H", "BLOCK_W"), _sides(config, g), strict=True)
    return binding.taken(kernel_of(config), values)


# One convolution for each condition under which a configuration is shipped; ResNet's and MobileNet's layers.
_TYPICAL = (
    Geometry.of((64, 256, 28, 28), (256, 256, 3, 3), padding=1),
    Geometry.of((64, 128, 28, 28), (128, 128, 3, 3), padding=1),
    Geometry.of((64, 64, 56, 56), (64, 64, 3, 3), padding=1),
    Geometry.of((64, 256, 28, 28), (512, 256, 3, 3), stride=2, padding=1),
    Geometry.of((64, 128, 56, 56), (128, 128, 3, 3), stride=2, padding=1),
    Geometry.of((64, 64, 56, 56), (128, 64, 3, 3), stride=2, padding=1),
    Geometry.of((64, 96, 56, 56), (96, 1, 3, 3), padding=1, groups=96),
    Geometry.of((64, 3, 224, 224), (64, 3, 7, 7), stride=2, padding=3),
    Geometry.of((64, 100, 28, 28), (100, 100, 3, 3), padding=1),
)
_SHORT = {torch.float16: "fp16", torch.bfloat16: "bf16", torch.float32: "fp32"}


def backward_compile_requests(target: str) -> Iterator[tuple[str, Request]]:
    """Yield (name, request) for every shipped configuration that a target can use, each on a layer that chooses it."""
    missing = {config.name for config in configs.load(OP)}
    for geometry, dtype, side in itertools.product(
        _TYPICAL, (torch.bfloat16, torch.float32), ("dgrad", "wgrad")
    ):
        for aligned in (True, False):
            config = _choose(side, geometry, dtype, target, aligned)
            if config.name not in missing:
                continue
            missing.remove(config.name)
            yield config.name, request(config, geometry, dtype, target)


def request(
    config: configs.Config,
    geometry: Geometry,
    dtype: torch.dtype,
    target: str,
    atomic: bool = False,
) -> Request:
    """Return what to compile for one configuration and one convolution, as a launch would."""
    module, name = config.kernel.split(":")
    source = import_module(module)
    sizes = binding.sizes(geometry)
    # Launches make a constant of a size that is 1.
    types = {n: t for n, t in source.types(name, _SHORT[dtype]).items() if sizes.get(n) != 1}
    ones = {n: 1 for n in source.types(name, _SHORT[dtype]) if sizes.get(n) == 1}
    meta = ones | constants(config, geometry, dtype)
    if config.when["pass"] == "wgrad":
        meta["ATOMIC"] = atomic
    divisible = [n for n in source.DIVISIBLE if n in types and sizes.get(n, 16) % 16 == 0]
    return Request(
        config.kernel, types, meta, config.num_warps, config.num_stages, target, tuple(divisible)
    )
