"""From a geometry to the arguments of a kernel: one table of names, of which each kernel takes those it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from deepkernels import launch as machine
from deepkernels.configs import Config
from deepkernels.conv2d.geometry import Geometry
from deepkernels.conv2d.layout import precision
from deepkernels.language import accumulator

POINTERS = ("x", "weight", "bias", "y")
SIZES = ("N", "C", "H", "W", "K", "P", "Q", "channels", "features", "pixels")
#: Arguments that are multiples of 16 on the calls that matter: aligned memory and multiples of 16 channels.
DIVISIBLE = (*POINTERS, "C", "K", "channels", "features")
_TYPES = {
    torch.float16: "*fp16",
    torch.bfloat16: "*bf16",
    torch.float32: "*fp32",
    torch.float64: "*fp64",
}


@dataclass(frozen=True)
class Call:
    """One convolution to compute: tensors in channels-last memory, y to be written, the activation's name or "none"."""

    x: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor | None
    y: torch.Tensor
    geometry: Geometry
    activation: str = "none"


def sizes(geometry: Geometry) -> dict[str, int]:
    """Return what a kernel learns when it is launched.

    >>> sizes(Geometry.of((2, 4, 5, 5), (6, 2, 3, 3), groups=2))["features"]
    3
    """
    return {name: getattr(geometry, name) for name in SIZES}


def constants(geometry: Geometry, dtype: torch.dtype, activation: str = "none") -> dict[str, Any]:
    """Return what a kernel is compiled for, its tile apart.

    >>> constants(Geometry.of((1, 8, 9, 9), (8, 8, 3, 3), stride=2), torch.float16)["STRIDE_W"]
    2
    """
    g = geometry
    pairs = {"STRIDE": g.stride, "PADDING": g.padding, "DILATION": g.dilation}
    return {
        "R": g.R,
        "S": g.S,
        **{
            f"{name}_{axis}": pair[i] for name, pair in pairs.items() for i, axis in enumerate("HW")
        },
        "GROUPS": g.groups,
        "CHANNELS": g.channels,
        "MULTIPLIER": g.features,
        "ACTIVATION": activation,
        "PRECISION": precision(dtype),
        "ACC": accumulator(dtype),
    }


def taken(kernel: Any, offered: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the offered arguments that the kernel has."""
    return {name: value for name, value in offered.items() if name in kernel.arg_names}


def types(kernel: Any, dtype: torch.dtype) -> dict[str, str]:
    """Return the types of the kernel's arguments that are not constants, in their order."""
    known = {**dict.fromkeys(POINTERS, _TYPES[dtype]), **dict.fromkeys(SIZES, "i32")}
    return {name: known[name] for name in kernel.arg_names if name in known}


def launch(kernel: Any, grid: tuple[int, ...], config: Config, call: Call, **fitted: Any) -> None:
    """Launch a kernel with a configuration and what was fitted to the geometry; an empty batch needs no launch."""
    g = call.geometry
    if g.N == 0:
        return
    offered = {**sizes(g), **constants(g, call.x.dtype, call.activation), **config.meta, **fitted}
    with machine.on(call.x):
        kernel[grid](
            call.x,
            call.weight,
            call.bias,
            call.y,
            **taken(kernel, offered),
            num_warps=config.num_warps,
            num_stages=config.num_stages,
        )
