"""The outcome of a claim, as computed by its criterion."""

from __future__ import annotations

from dataclasses import dataclass

from deeplearning.records.errors import RecordError

OUTCOMES = ("holds", "holds partly", "does not hold")


@dataclass(frozen=True)
class Verdict:
    """What a criterion concludes from the metrics.

    Args:
        outcome: one of `"holds"`, `"holds partly"`, `"does not hold"`.
        headline: one short sentence with the numbers, computed from the metrics.

    Raises:
        RecordError: another outcome, or a headline that is empty or longer than one line.

    >>> Verdict("holds", "with a bias 100.0 %, without 75.0 %")
    Verdict(outcome='holds', headline='with a bias 100.0 %, without 75.0 %')
    """

    outcome: str
    headline: str

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            accepted = ", ".join(repr(name) for name in OUTCOMES)
            raise RecordError(f"a verdict's outcome is one of {accepted}; got {self.outcome!r}")
        if not isinstance(self.headline, str) or not self.headline.strip() or "\n" in self.headline:
            raise RecordError(
                f"a verdict's headline is one non-empty line of text; got {self.headline!r}"
            )
