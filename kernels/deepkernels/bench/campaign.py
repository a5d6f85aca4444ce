"""Measuring many cases: what is still to do, one after the other, saved after each, stopped when time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from deepkernels.bench import roofline, table
from deepkernels.bench.records import Book
from deepkernels.bench.session import Problem, run_case
from deepkernels.bench.shapes import Case
from deepkernels.bench.timing import Clock, Plan


class Machine(Protocol):
    """What a campaign needs of the machine that it runs on; tests pretend one."""

    clock: Clock

    def environment(self) -> Mapping[str, Any]:
        """Return what identifies machine and software."""

    def state(self) -> dict[str, Any]:
        """Return clocks and power now."""

    def roofs(self) -> Mapping[str, Any]:
        """Measure what the machine can do at most."""

    def build(self, case: Case) -> Problem:
        """Make a case's data and contenders."""

    def healthy(self) -> bool:
        """Whether the device still answers; after some errors it never does again in this process."""

    def tidy(self) -> None:
        """Give memory back between cases."""


@dataclass
class Outcome:
    """What a campaign did, by the cases' keys; `stopped` says why it ended early."""

    done: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    stopped: str = ""


def run(
    cases: Sequence[Case],
    books: Mapping[str, Book],
    machine: Machine,
    digests: Mapping[str, str],
    plan: Plan | None = None,
    fresh: bool = False,
    budget: float | None = None,
    began: float | None = None,
    say: Callable[[str], None] = print,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Measure the cases that the books do not hold yet.

    Args:
        cases: what to measure.
        books: operation → record.
        machine: where.
        digests: operation → digest of its sources.
        plan: how much to measure a case.
        fresh: measure again what the books hold.
        budget: seconds since `began` after which no case is started that might end later.
        say: gets a line a case.
        clock: the time, in seconds.
    """
    plan, began = plan or Plan(), clock() if began is None else began
    outcome = Outcome()
    todo = _todo(cases, books, digests, fresh, outcome)
    roofs: dict[str, roofline.Roofs] = {}
    longest = 0.0
    for number, case in enumerate(todo):
        start = clock()
        # A case that has not been seen may take half as long again as the longest before it.
        if budget is not None and start - began + 1.5 * longest > budget:
            return _stop(outcome, todo[number:], f"the budget of {budget:.0f} s is used up")
        if case.op not in roofs:
            found = books[case.op].begin(machine.environment(), machine.roofs)
            roofs[case.op] = roofline.from_json(found)
            start = clock()
        row = _row(case, machine, plan, roofs[case.op], digests[case.op])
        books[case.op].add(row)
        seconds = clock() - start
        longest = max(longest, seconds)
        (outcome.failed if row["failures"] else outcome.done).append(f"{case.op}/{case.key}")
        say(f"[{number + 1}/{len(todo)}, {seconds:.1f} s] {case.op}/{table.line(row)}")
        if not machine.healthy():
            reason = f"the device does not answer any more after {case.op}/{case.key}"
            return _stop(outcome, todo[number + 1 :], reason)
        machine.tidy()
    return outcome


def _todo(
    cases: Sequence[Case],
    books: Mapping[str, Book],
    digests: Mapping[str, str],
    fresh: bool,
    outcome: Outcome,
) -> list[Case]:
    todo, again = [], []
    for case in cases:
        book, digest = books[case.op], digests[case.op]
        if not fresh and book.has(case.key, digest):
            outcome.kept.append(f"{case.op}/{case.key}")
        # What failed before comes last: if it breaks the device, the others have been measured.
        elif book.failed(case.key, digest):
            again.append(case)
        else:
            todo.append(case)
    return [*todo, *again]


def _stop(outcome: Outcome, left: Sequence[Case], reason: str) -> Outcome:
    outcome.left = [f"{case.op}/{case.key}" for case in left]
    outcome.stopped = reason
    return outcome


def _row(
    case: Case, machine: Machine, plan: Plan, roofs: roofline.Roofs, digest: str
) -> dict[str, Any]:
    doing = "set up"
    try:
        problem = machine.build(case)
        doing = "measured"
        return run_case(case, problem, machine.clock, plan, roofs, digest, state=machine.state)
    except Exception as error:  # the row says why there is nothing to measure
        text = f"cannot be {doing}: {type(error).__name__}: {error}".strip()[:500]

    def refuse(_: int) -> None:
        raise ValueError(text)

    problem = Problem({"ours": refuse}, list)
    return run_case(case, problem, machine.clock, plan, roofs, digest, state=machine.state)
