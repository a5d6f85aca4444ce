r"""The roofline: no kernel is quicker than its arithmetic at peak speed, nor than its bytes at full bandwidth.

.. math:: t \ge \max\left(\frac{\text{operations}}{\text{peak}}, \frac{\text{bytes}}{\text{bandwidth}}\right)

Source: S. Williams, A. Waterman, D. Patterson: Roofline, Communications of the ACM 52 (4), 2009.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: How far a time may lie below the roof before it counts as an error of the measurement: roofs are measured too.
SLACK = 0.05


@dataclass(frozen=True)
class Work:
    """What a problem asks of any machine: operations, and the least bytes that must pass (each tensor once)."""

    flops: float
    bytes: float

    @property
    def intensity(self) -> float:
        """Operations a byte."""
        return self.flops / self.bytes


@dataclass(frozen=True)
class Roofs:
    """What a machine can do at most.

    `flops` holds operations a second by dtype ("bf16", "fp16", "fp32"), `bandwidth` is in bytes a second, `source` says
    where the numbers come from.
    """

    machine: str
    flops: Mapping[str, float]
    bandwidth: float
    source: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def ridge(self, dtype: str) -> float:
        """Operations a byte at which arithmetic and memory take equally long.

        >>> round(DATASHEET["NVIDIA H200"].ridge("bf16"))
        206
        """
        return self.flops[dtype] / self.bandwidth

    def seconds(self, work: Work, dtype: str) -> float:
        """Least time for the work."""
        return max(work.flops / self.flops[dtype], work.bytes / self.bandwidth)

    def bound(self, work: Work, dtype: str) -> str:
        """What limits the work: "compute" or "memory"."""
        return "compute" if work.intensity > self.ridge(dtype) else "memory"

    def attained(self, seconds: float, work: Work, dtype: str) -> float:
        """Share of the attainable speed, 1.0 on the roof."""
        return self.seconds(work, dtype) / seconds

    def above(self, seconds: float, work: Work, dtype: str) -> bool:
        """Whether a time is too good to be true: below the least time by more than `SLACK`."""
        return seconds < self.seconds(work, dtype) * (1 - SLACK)


NAMED = ("machine", "flops", "bandwidth", "source")

#: What NVIDIA promises: dense tensor-core peaks (half of those with structured sparsity) and memory bandwidth.
DATASHEET = {
    "NVIDIA H200": Roofs(
        "NVIDIA H200",
        {"bf16": 989.5e12, "fp16": 989.5e12, "fp32": 494.7e12},
        4.8e12,
        "data sheet of the NVIDIA H200 SXM, dense; fp32 on tensor cores as TF32",
    ),
}

#: What a copy and cuBLAS reach on an H200 under its real clocks; nominal, until a record holds measured roofs.
NOMINAL = {
    "NVIDIA H200": Roofs(
        "NVIDIA H200",
        {"bf16": 788e12, "fp16": 788e12},
        4.3e12,
        "nominal: what a copy and a large bfloat16 product reach on an H200, not measured by this benchmark",
    ),
}


def predict(work: Work, dtype: str, roofs: Roofs) -> dict[str, Any]:
    """Return what a roofline says about a problem before anything is measured.

    >>> from deepkernels.bench.roofline import DATASHEET, Work
    >>> found = predict(Work(2 * 4096**3, 3 * 2 * 4096**2), "bf16", DATASHEET["NVIDIA H200"])
    >>> found["bound"], round(found["intensity"]), round(1e6 * found["seconds"])
    ('compute', 1365, 139)
    """
    seconds = roofs.seconds(work, dtype)
    return {
        "bound": roofs.bound(work, dtype),
        "intensity": work.intensity,
        "seconds": seconds,
        "flops_per_second": work.flops / seconds,
        "source": roofs.source,
    }


def from_json(content: Mapping[str, Any]) -> Roofs:
    """Return the measured roofs of a record."""
    return Roofs(
        content["machine"],
        dict(content["flops"]),
        content["bandwidth"],
        content["source"],
        {key: value for key, value in content.items() if key not in NAMED},
    )


def as_json(roofs: Roofs) -> dict[str, Any]:
    """Return roofs as a record keeps them."""
    return {
        "machine": roofs.machine,
        "flops": dict(roofs.flops),
        "bandwidth": roofs.bandwidth,
        "source": roofs.source,
        **roofs.extra,
    }
