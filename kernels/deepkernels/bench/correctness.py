"""Whether a contender computes what it should: against a reference in float64, before and after it is timed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}

#: Largest problem (operations) whose reference is in float64; beyond it, float32 without TF32 is exact enough by far.
FLOAT64_FLOPS = 4e11

#: Largest relative error of one rounding to the dtype. float32 operands go to tensor cores as TF32, which cuts each of
#: them off after 10 bits.
PRECISION = {"bf16": 2.0**-8, "fp16": 2.0**-11, "fp32": 2.0**-9}


def reference_dtype(flops: float) -> torch.dtype:
    """Return the dtype of a reference: float64 where that is quick.

    >>> reference_dtype(1e9), reference_dtype(1e13)
    (torch.float64, torch.float32)
    """
    return torch.float64 if flops <= FLOAT64_FLOPS else torch.float32


def tolerance(dtype: str, terms: int, roundings: int = 1) -> float:
    r"""Return the largest relative error that is accepted: n roundings to the dtype, and sums in float32.

    .. math:: \tau = n\,\varepsilon_\text{dtype} + \sqrt{K}\,\varepsilon_\text{float32}

    >>> round(tolerance("bf16", 4096), 5)
    0.00391
    """
    return roundings * PRECISION[dtype] + math.sqrt(terms) * 2.0**-23


def as_list(result: Any) -> list[torch.Tensor]:
    """Return a contender's result, a tensor or several, as a list."""
    return [result] if isinstance(result, torch.Tensor) else list(result)


def poison(results: Sequence[torch.Tensor]) -> None:
    """Fill the memory that the next results of these sizes will most likely get with NaN.

    An allocator hands out a freed block of the right size first; an element that a kernel forgets then shows as NaN,
    and not as the right value of the call before.
    """
    blocks = [torch.full_like(result, math.nan) for result in results if result.is_floating_point()]
    del blocks


def errors(results: Sequence[torch.Tensor], expected: Sequence[torch.Tensor]) -> dict[str, float]:
    r"""Return the relative Frobenius error and the largest error of an element, over the largest element.

    .. math:: \frac{\lVert y - r\rVert}{\lVert r\rVert}, \qquad \frac{\max|y - r|}{\max|r|}

    Both are the worst over all results; NaN and infinity count as infinite error, a wrong shape too.

    >>> exact = [torch.tensor([1.0, 2.0])]
    >>> errors(exact, exact), errors([torch.tensor([1.0, math.nan])], exact)["frobenius"]
    ({'frobenius': 0.0, 'largest': 0.0}, inf)
    """
    worst = {"frobenius": 0.0, "largest": 0.0}
    if len(results) != len(expected):
        return dict.fromkeys(worst, math.inf)
    for result, wanted in zip(results, expected, strict=True):
        if result.shape != wanted.shape or not bool(torch.isfinite(result).all()):
            return dict.fromkeys(worst, math.inf)
        wanted = wanted if wanted.is_floating_point() else wanted.double()
        difference = result.to(wanted.dtype) - wanted
        norm, most = float(wanted.norm()), float(wanted.abs().max())
        found = {
            "frobenius": float(difference.norm()) / (norm or 1.0),
            "largest": float(difference.abs().max()) / (most or 1.0),
        }
        worst = {name: max(worst[name], found[name]) for name in worst}
    return worst


def check(
    work: Callable[[int], Any],
    expected: Sequence[torch.Tensor],
    dtype: str,
    terms: int,
    roundings: int = 1,
) -> dict[str, Any]:
    """Run a contender on poisoned memory and compare: its errors, what is accepted, and whether it is `right`."""
    poison(as_list(work(0)))
    found = errors(as_list(work(0)), expected)
    accepted = tolerance(dtype, terms, roundings)
    # The largest error gets twice as much: the last rounding may be half a unit more than the typical one.
    right = found["frobenius"] <= accepted and found["largest"] <= 2 * accepted
    shown = {name: value if math.isfinite(value) else None for name, value in found.items()}
    return {**shown, "accepted": accepted, "right": right}
