"""Measuring one case: check, time in turn, check again, and judge what came out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from deepkernels.bench import correctness
from deepkernels.bench.roofline import Roofs
from deepkernels.bench.shapes import Case
from deepkernels.bench.timing import Clock, Plan, Work, measure


@dataclass
class Problem:
    """A case with its data: who computes it, and what should come out.

    Args:
        contenders: name → work; "ours" is ours. Rungs of a ladder come in their order.
        expected: returns the reference's results for buffer set 0; it is called twice and not kept meanwhile.
        sets: number of buffer sets that the contenders go round.
        configuration: the tile configuration that ours runs with, for the record.
        roundings: how often a result is rounded on its way, for layers that follow each other.
        training: what to train besides, once; its result becomes the row's `training`.
        other_numbers: contenders whose result may differ more than ours may (the vendor's sums in bfloat16, say):
            their errors are recorded, and judge nothing.
    """

    contenders: dict[str, Work]
    expected: Callable[[], Sequence[torch.Tensor]]
    sets: int = 1
    configuration: Any = None
    reference: str = "float64"
    roundings: int = 1
    training: Callable[[], dict[str, Any]] | None = None
    other_numbers: frozenset[str] = field(
        default_factory=lambda: frozenset({"vendor", "layer", "compile", "eager"})
    )


def run_case(
    case: Case,
    problem: Problem,
    clock: Clock,
    plan: Plan,
    roofs: Roofs,
    digest: str,
    seed: int = 0,
    state: Callable[[], dict[str, Any]] = dict,
) -> dict[str, Any]:
    """Measure a case and return its row of the record.

    `failures` names everything that makes the row invalid: ours does not run or is wrong, before timing or after it,
    or any contender is above the roof, which means that the measurement is wrong.
    """
    before, wrong = _check_all(case, problem, list(problem.contenders))
    state_before = state()
    works = {name: problem.contenders[name] for name in before}
    measured = measure(works, clock, plan, seed, problem.sets)
    state_after = state()
    after, wrong_after = _check_all(case, problem, list(measured.times))
    wrong = measured.errors | wrong_after | wrong
    row: dict[str, Any] = {}
    failures = []
    for name in problem.contenders:
        if name in measured.times:
            checks = {"error_before": before[name], "error_after": after.get(name)}
            row[name] = {**measured.times[name].as_json(), **checks}
        else:
            row[name] = {"failure": wrong[name]}
        if name in wrong and name not in problem.other_numbers:
            failures.append(f"{name}: {wrong[name]}")
    for name, times in measured.times.items():
        if roofs.above(times.median, case.work, case.dtype):
            share = roofs.attained(times.median, case.work, case.dtype)
            failures.append(
                f"{name}: above the roof ({share:.0%} of attainable), so the measurement is wrong"
            )
    ours = measured.times.get("ours")
    beside: dict[str, Any] = {}
    if problem.training is not None:
        try:
            beside["training"] = problem.training()
        except Exception as error:  # the row says why there is no curve
            failures.append(f"training: {type(error).__name__}: {error}"[:500])
    return {
        "key": case.key,
        "op": case.op,
        "group": case.group,
        "name": case.name,
        "shape": dict(case.shape),
        "dtype": case.dtype,
        "flops": case.work.flops,
        "bytes": case.work.bytes,
        "bytes_are": "minimal: every tensor once",
        "bound": roofs.bound(case.work, case.dtype),
        "attained": roofs.attained(ours.median, case.work, case.dtype) if ours else None,
        "contenders": row,
        "order": list(problem.contenders),
        "configuration": problem.configuration,
        "reference": problem.reference,
        "replayed": measured.replayed,
        "calls_a_sample": measured.calls,
        "buffer_sets": problem.sets,
        "seed": seed,
        "digest": digest,
        "state_before": state_before,
        "state_after": state_after,
        "failures": failures,
        **beside,
    }


def _check_all(
    case: Case, problem: Problem, names: Sequence[str]
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Check contenders; returns their errors by name, and what is wrong with those that fail or do not run."""
    expected = problem.expected()
    found: dict[str, dict[str, Any]] = {}
    wrong: dict[str, str] = {}
    for name in names:
        try:
            check = correctness.check(
                problem.contenders[name], expected, case.dtype, case.terms, problem.roundings
            )
        except Exception as error:  # what cannot run is a finding about the contender
            wrong[name] = f"{type(error).__name__}: {error}".strip()[:500]
            continue
        found[name] = check
        if not check["right"]:
            worst = {key: check[key] for key in ("frobenius", "largest")}
            shown = ", ".join(
                f"{k} {'not finite' if v is None else f'{v:.2g}'}" for k, v in worst.items()
            )
            wrong[name] = f"the result is wrong: error {shown}; accepted {check['accepted']:.2g}"
    return found, wrong
