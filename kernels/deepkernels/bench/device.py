"""The machine that a campaign really runs on: the first CUDA device."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from deepkernels.bench import correctness, machine, operations
from deepkernels.bench.session import Problem
from deepkernels.bench.shapes import Case
from deepkernels.bench.timing import Clock, DeviceClock, Plan, measure

#: Sides of the square products that peaks are measured on.
PEAK_SIDES = (4096, 8192, 12288)


class Device:
    """The first CUDA device; float32 products round to TF32, and cuDNN chooses its algorithms by trial."""

    clock: Clock

    def __init__(
        self,
        root: Path,
        with_compile: bool = True,
        clock: Clock | None = None,
        device: str = "cuda",
    ) -> None:
        torch.backends.cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        self.clock, self.root, self.with_compile = clock or DeviceClock(), root, with_compile
        self.device = torch.device(device)

    @functools.cache  # noqa: B019  (one device a process)
    def environment(self) -> Mapping[str, Any]:
        """Return GPU, driver, versions and commit."""
        return machine.environment(self.root)

    def state(self) -> dict[str, Any]:
        """Return the GPU's clocks and power now."""
        return machine.state()

    @functools.cache  # noqa: B019
    def roofs(self) -> Mapping[str, Any]:
        """Measure the roofs: bandwidth by copying and by summing 2 GiB, peaks by the vendor's large products."""
        return measured_roofs(self.clock, self.device)

    def build(self, case: Case) -> Problem:
        """Make a case's data and contenders on the device."""
        return operations.build(case, self.device, machine.cache_bytes(), self.with_compile)

    def healthy(self) -> bool:
        """Whether the device still answers."""
        try:
            torch.cuda.synchronize()
        except RuntimeError:
            return False
        return True

    def tidy(self) -> None:
        """Give cached memory back."""
        torch.cuda.empty_cache()
        # torch.compile keeps what it compiled, and after a few shapes of one function it would quietly stop compiling.
        torch._dynamo.reset()


def measured_roofs(
    clock: Clock, device: torch.device, elements: int = 2**29, sides: Sequence[int] = PEAK_SIDES
) -> dict[str, Any]:
    """Measure what a device does at most, on random data, and return it as a record keeps it.

    Bandwidth is the better of a copy (reads and writes) and a sum (reads only) over tensors far beyond the cache; a
    peak is the best of several large square products by the vendor's library.
    """
    plan = Plan(samples=30, seconds=0.2)
    bandwidths = _bandwidths(clock, plan, device, elements)
    speeds = {
        name: {f"{side}x{side}x{side}": _speed(clock, plan, device, dtype, side) for side in sides}
        for name, dtype in correctness.DTYPES.items()
    }
    return {
        "machine": torch.cuda.get_device_name(),
        "flops": {name: max(found.values()) for name, found in speeds.items()},
        "bandwidth": max(bandwidths.values()),
        "source": "measured in this run on normal data: torch.matmul (fp32 as TF32), copy and sum of large tensors",
        "bandwidths": bandwidths,
        "speeds": speeds,
    }


def _bandwidths(clock: Clock, plan: Plan, device: torch.device, elements: int) -> dict[str, float]:
    source = torch.randn(elements, device=device)
    target = torch.empty_like(source)
    works = {"copy": lambda _: target.copy_(source), "sum": lambda _: source.sum()}
    times = measure(works, clock, plan, seed=0).times
    moved = {"copy": 2, "sum": 1}
    size = source.numel() * source.element_size()
    return {name: moved[name] * size / found.median for name, found in times.items()}


def _speed(clock: Clock, plan: Plan, device: torch.device, dtype: torch.dtype, side: int) -> float:
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    times = measure({"product": lambda _: a @ b}, clock, plan, seed=0).times
    return 2.0 * side**3 / times["product"].median
