r"""The roofline: a computation is no quicker than its arithmetic at full speed, nor than its bytes at full bandwidth.

.. math:: t \ge \max\left(\frac{F}{\pi}, \frac{Q}{\beta}\right)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Work:
    """What a computation asks of any machine.

    Args:
        operations: F, additions, multiplications, comparisons and functions of one number, each counted as 1.
        bytes: Q, what has to pass between memory and processor.

    >>> (Work(8, 4) + Work(0, 4)).intensity
    1.0
    """

    operations: float
    bytes: float

    @property
    def intensity(self) -> float:
        """Operations a byte, I = F/Q."""
        return self.operations / self.bytes

    def __add__(self, other: Work) -> Work:
        """One after the other, with nothing kept in between."""
        return Work(self.operations + other.operations, self.bytes + other.bytes)


@dataclass(frozen=True)
class Roofs:
    r"""What a machine can do at most.

    .. math:: P(I) = \min(\pi, \beta I)

    Args:
        peak: π, operations a second.
        bandwidth: β, bytes a second.

    Source: S. Williams, A. Waterman, D. Patterson, Communications of the ACM 52 (4), 2009.

    >>> roofs = Roofs(peak=100e9, bandwidth=10e9)
    >>> roofs.ridge, roofs.attainable(2.0), roofs.attainable(50.0)
    (10.0, 20000000000.0, 100000000000.0)
    """

    peak: float
    bandwidth: float

    @property
    def ridge(self) -> float:
        """The intensity at which arithmetic and memory take equally long, π/β."""
        return self.peak / self.bandwidth

    def attainable(self, intensity: Any) -> Any:
        """Operations a second that a computation of this intensity can reach; a number, or an array of any shape."""
        rate = np.minimum(self.peak, self.bandwidth * np.asarray(intensity, dtype=float))
        return rate if rate.ndim else float(rate)

    def seconds(self, work: Work) -> float:
        """The least time for the work."""
        return max(work.operations / self.peak, work.bytes / self.bandwidth)

    def bound(self, work: Work) -> str:
        """What limits the work: `"memory"` left of the ridge, `"arithmetic"` right of it."""
        return "arithmetic" if work.intensity > self.ridge else "memory"


def attained(work: Work, seconds: Any, peak: Any, bandwidth: Any) -> np.ndarray:
    """Return the share of the attainable speed, round by round.

    Args:
        work: what was done.
        seconds: (n,) how long it took.
        peak, bandwidth: (n,) or numbers: the roofs, measured in the same rounds.

    >>> attained(Work(10, 40), np.array([8.0, 4.0]), peak=10.0, bandwidth=10.0)
    array([0.5, 1. ])
    """
    least = np.maximum(
        work.operations / np.asarray(peak, float), work.bytes / np.asarray(bandwidth, float)
    )
    return least / np.asarray(seconds, float)


H200 = Roofs(peak=1979e12 / 2, bandwidth=4.8e12)
"""NVIDIA's data sheet of the H200 SXM: bfloat16 on tensor cores, half of the number with sparsity, and memory."""
