"""What is to be reached, stated before anything was measured, and whether a record reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepkernels.bench.timing import geometric_mean


@dataclass(frozen=True)
class Target:
    """A number that a group of cases is to reach.

    Args:
        op, group: whose cases.
        measure: "ratio", the geometric mean of the peer's time ÷ ours; "attained", the geometric mean of the share of
            the attainable speed; "tflops", the speed of the one case `case`.
        peer: the contender whose time is divided by ours.
        least: the number.
    """

    op: str
    group: str
    measure: str
    least: float
    peer: str = "vendor"
    case: str = ""

    @property
    def what(self) -> str:
        """The target in words.

        >>> Target("matmul", "large", "ratio", 1.0).what
        'large: vendor ÷ ours ≥ 1.00'
        """
        if self.measure == "ratio":
            return f"{self.group}: {self.peer} ÷ ours ≥ {self.least:.2f}"
        if self.measure == "attained":
            return f"{self.group}: ≥ {self.least:.0%} of attainable"
        return f"{self.case.rpartition('/')[0]}: ≥ {self.least:.0f} TFLOP/s"


TARGETS = (
    Target("matmul", "large", "ratio", 1.00),
    Target("matmul", "large", "tflops", 740, case="large/8192x8192x8192/bf16"),
    Target("matmul", "awkward", "ratio", 0.95),
    Target("matmul", "skinny", "ratio", 1.00),
    Target("matmul", "bias-activation", "ratio", 1.10, peer="eager"),
    Target("conv2d", "3x3-s1", "ratio", 1.00),
    Target("conv2d", "3x3-s2", "ratio", 0.95),
    Target("conv2d", "1x1", "ratio", 0.95),
    Target("conv2d", "stem", "ratio", 1.00),
    Target("conv2d", "dgrad", "ratio", 0.95),
    Target("conv2d", "wgrad", "ratio", 0.90),
    Target("conv2d", "depthwise", "ratio", 2.00),
    Target("pool2d", "pooling", "ratio", 1.00),
    Target("pool2d", "pooling", "attained", 0.85),
    Target("recurrent", "lstm-cell", "ratio", 1.00),
    Target("fused", "conv-relu-pool", "ratio", 1.10, peer="eager"),
)


@dataclass(frozen=True)
class Reached:
    """What a record says about a target: the value over `n` cases, None if it holds none of them."""

    target: Target
    value: float | None
    n: int

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None if nothing was measured."""
        return None if self.value is None else self.value >= self.target.least


def seconds(case: Mapping[str, Any], contender: str) -> float | None:
    """Return a contender's median time in a case, None if it has none."""
    times = case["contenders"].get(contender, {})
    return times.get("median")


def ratio(case: Mapping[str, Any], peer: str = "vendor") -> float | None:
    """Return the peer's time ÷ ours: above 1, ours is quicker."""
    ours, theirs = seconds(case, "ours"), seconds(case, peer)
    return None if ours is None or theirs is None else theirs / ours


def valid(record: Mapping[str, Any], group: str) -> list[Mapping[str, Any]]:
    """Return a group's cases that were measured without failure."""
    return [case for case in record["cases"] if case["group"] == group and not case["failures"]]


def reached(target: Target, record: Mapping[str, Any]) -> Reached:
    """Return what a record of the target's operation says about it."""
    cases = valid(record, target.group)
    if target.measure == "ratio":
        values = [ratio(case, target.peer) for case in cases]
    elif target.measure == "attained":
        values = [case["attained"] for case in cases]
    else:
        times = [seconds(case, "ours") for case in cases if case["key"] == target.case]
        flops = [case["flops"] for case in cases if case["key"] == target.case]
        values = [f / t / 1e12 for f, t in zip(flops, times, strict=True) if t is not None]
    known = [value for value in values if value is not None]
    return Reached(target, geometric_mean(known) if known else None, len(known))


def judged(record: Mapping[str, Any]) -> list[Reached]:
    """Return what a record says about every target of its operation."""
    return [reached(target, record) for target in TARGETS if target.op == record["op"]]
