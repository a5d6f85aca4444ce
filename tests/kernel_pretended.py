"""A clock and contenders that pretend: time passes only when a contender says so."""

from collections.abc import Callable
from typing import Any

import torch

Work = Callable[[int], Any]


class PretendedClock:
    """Time that is spent by calling `spend`; it remembers what was asked of it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[tuple[str, Any]] = []
        self.inside = False

    def spend(self, seconds: float) -> None:
        self.now += seconds

    def sample(self, work: Work, first: int, calls: int = 1) -> float:
        self.asked.append(("sample", getattr(work, "name", None)))
        begin = self.now
        for number in range(first, first + calls):
            work(number)
        return (self.now - begin) / calls

    def launch(self, work: Work, calls: int) -> float:
        self.asked.append(("launch", calls))
        return 5e-6

    def captured(self, work: Work, calls: int) -> Work:
        self.asked.append(("captured", calls))

        def replay(_: int) -> None:
            for number in range(calls):
                work(number)

        replay.name = work.name  # type: ignore[attr-defined]
        return replay


class Contender:
    """Takes the next of its times at each call, and returns its result."""

    def __init__(
        self, clock: PretendedClock, name: str, seconds: Any, result: torch.Tensor | None = None
    ) -> None:
        self.clock, self.name, self.calls = clock, name, []
        self.seconds = seconds if callable(seconds) else lambda number: seconds
        self.result = torch.zeros(1) if result is None else result

    def __call__(self, number: int) -> torch.Tensor:
        self.calls.append(number)
        self.clock.spend(self.seconds(len(self.calls)))
        return self.result
