"""From a window and an image to the launch of a kernel: configuration, grid, constants."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import torch

from deepkernels import configs, launch
from deepkernels.compiled import Request
from deepkernels.language import accumulator
from deepkernels.pool2d.window import Window

UNROLLED = 25  # loads that are started together at most: windows up to 5 × 5 have no loop left


def choose(kernel: str, channels: int, target: str = "sm_90") -> configs.Config:
    """Return the configuration of a kernel ("maximum", "average", "…_backward") for an image of so many channels.

    >>> choose("maximum", 6).name, choose("maximum", 64).name
    ('maximum-8', 'maximum-64')
    """
    for config in configs.load("pool2d"):
        if config.kernel.endswith(f":{kernel}") and channels <= config.when.get("max_c", channels):
            return config.on(target)
    raise ValueError(f"pool2d: no configuration for {kernel} of {channels} channels")


def constants(kernel: str, window: Window, dtype: torch.dtype, **extra: Any) -> dict[str, Any]:
    """Return what a kernel is compiled for, its configuration apart."""
    pairs = {
        "STRIDE": window.stride,
        "PADDING": window.padding,
        "DILATION": window.dilation,
        "COVERING": window.covering,
    }
    steps = window.covering if kernel.endswith("_backward") else window.kernel
    offered = {
        "R": window.kernel[0],
        "S": window.kernel[1],
        **{
            f"{name}_{axis}": pair[i] for name, pair in pairs.items() for i, axis in enumerate("HW")
        },
        "UNROLL": min(steps[0] * steps[1], UNROLLED),
        "ACC": accumulator(dtype),
        **extra,
    }
    return {name: value for name, value in offered.items() if name in _found(kernel).arg_names}


def run(
    kernel: str,
    tensors: tuple[torch.Tensor | None, ...],
    image: torch.Tensor,
    pooled: torch.Tensor,
    window: Window,
    **extra: Any,
) -> None:
    """Launch a kernel on channels-last tensors, one program for each tile of what it writes.

    ``tensors`` are its pointers in order; ``image`` (N, C, H, W) and ``pooled`` (N, C, P, Q) give the sizes.
    """
    N, C, H, W = image.shape
    P, Q = pooled.shape[2:]
    pixels = N * H * W if kernel.endswith("_backward") else N * P * Q
    if pixels * C == 0:
        return
    config = choose(kernel, C, launch.target(image.device))
    grid = (
        launch.cdiv(pixels, config.meta["BLOCK_M"]),
        launch.cdiv(C, config.meta["BLOCK_C"]),
    )
    meta = constants(kernel, window, image.dtype, **extra)
    with launch.on(image):
        _found(kernel)[grid](*tensors, H, W, C, P, Q, pixels, **meta, **config.launch_arguments())


def compile_requests(target: str) -> Iterator[tuple[str, Request]]:
    """Yield (name, request) for every shipped configuration, with ResNet's window (3 × 3, stride 2) and bfloat16."""
    window = Window.of("pool2d", 3, 2, 1)
    for config in configs.load("pool2d"):
        config = config.on(target)
        module, kernel = config.kernel.split(":")
        source = import_module(module)
        types = source.types(kernel, "bf16")
        extra = {} if "maximum" in kernel else {"COUNT_PADDING": True, "DIVISOR": 0}
        meta = {**constants(kernel, window, torch.bfloat16, **extra), **config.meta}
        whole = config.when.get("max_c", 64) % 16 == 0  # whether the channels are a multiple of 16
        divisible = tuple(
            name for name in source.DIVISIBLE if name in types and (name != "C" or whole)
        )
        yield (
            config.name,
            Request(
                config.kernel, types, meta, config.num_warps, config.num_stages, target, divisible
            ),
        )


def _found(kernel: str) -> Any:
    module = import_module(f"deepkernels.pool2d.{kernel.removesuffix('_backward')}")
    return getattr(module, kernel)
