"""What an experiment is: a claim, a frozen configuration, a run for one seed, and a criterion."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deeplearning.experiments.errors import ExperimentError
from deeplearning.records import Metrics, Verdict

ID_PATTERN = r"[A-Z][1-9][0-9]*"
CASE_PATTERN = r"[A-Za-z0-9._-]{1,80}"


@dataclass(frozen=True)
class Experiment:
    """A claim of the notes and how it is measured; each experiment file ends with one, named `EXPERIMENT`.

    Args:
        id: a capital letter and a number, as the file's name: `N3` in `n03_bias.py`.
        chapter: the page that quotes it, below `book/`, e.g. `neurons/perceptron`.
        claim: what the notes assert, one sentence.
        criterion_text: when the claim holds, holds partly, does not hold; written before the first run.
        config: a frozen dataclass whose defaults are the published run; its classmethod `smoke()` gives the same
            run in under two seconds.
        run: `run(config, seed)` returns the values of one seed: metric name to number or (nested) list. With
            `cases` it is `run(config, seed, case)` and returns the values of one case.
        criterion: `criterion(metrics)` returns a `Verdict`.
        seeds: how many seeds; at least 5, else see `few_seeds` and `deterministic`.
        cost_seconds: rough wall time of all seeds on one core, in seconds (`--all` runs the cheapest first).
        exclusive: True for timings: runs alone, one seed after the other.
        missing: names of metrics that a seed may leave empty (None).
        few_seeds: why 3 or 4 seeds are enough, one sentence (e.g. "each run trains on all of Fashion-MNIST").
        deterministic: True if nothing is random; then one seed is enough.
        threads: threads that BLAS and PyTorch may use in a seed.
        cases: `cases(config)` names the configurations that every seed compares, e.g. `("sgd", "adam")`; each runs
            by itself and is kept by itself when it is finished. A seed's values are those of all its cases, so each
            case puts its name into the names of its metrics: `test_accuracy_adam`.
        waits_for: `waits_for()` returns what must come first, as the page says it ("not yet measured on a GPU"), or
            None once it is there; until then `--all` passes over the experiment. For what not every machine can do.

    Raises:
        ExperimentError: any of the above is not as described; the message names the field.
    """

    id: str
    chapter: str
    claim: str
    criterion_text: str
    config: type
    run: Callable[..., dict[str, Any]]
    criterion: Callable[[Metrics], Verdict]
    seeds: int = 5
    cost_seconds: float = 10.0
    exclusive: bool = False
    missing: tuple[str, ...] = ()
    few_seeds: str = ""
    deterministic: bool = False
    threads: int = 1
    cases: Callable[[Any], Sequence[str]] | None = None
    waits_for: Callable[[], str | None] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not re.fullmatch(ID_PATTERN, self.id):
            raise ExperimentError(
                f"id is a capital letter and a number such as 'N3'; got {self.id!r}"
            )
        for name in ("chapter", "claim", "criterion_text"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ExperimentError(f"{self.id}: {name} is a non-empty text; got {value!r}")
        for outcome in ("holds", "does not hold"):
            if outcome not in self.criterion_text:
                raise ExperimentError(
                    f"{self.id}: criterion_text does not say when the claim {outcome!r}"
                )
        self._check_config()
        for name in ("run", "criterion"):
            if not callable(getattr(self, name)):
                raise ExperimentError(
                    f"{self.id}: {name} is a function; got {getattr(self, name)!r}"
                )
        if self.cases is not None and not callable(self.cases):
            raise ExperimentError(
                f"{self.id}: cases is a function of the configuration, or None; got {self.cases!r}"
            )
        for name in ("seeds", "threads"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ExperimentError(f"{self.id}: {name} is a whole number from 1; got {value!r}")
        if isinstance(self.missing, str):
            raise ExperimentError(
                f"{self.id}: missing is a tuple of metric names: ({self.missing!r},)"
            )
        self._check_seeds()

    def _check_config(self) -> None:
        config = self.config
        if not (isinstance(config, type) and dataclasses.is_dataclass(config)):
            raise ExperimentError(f"{self.id}: config is a dataclass (the class, not an instance)")
        if not config.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            raise ExperimentError(
                f"{self.id}: {config.__name__} must be frozen: @dataclass(frozen=True)"
            )
        for field in dataclasses.fields(config):
            if (
                field.default is dataclasses.MISSING
                and field.default_factory is dataclasses.MISSING
            ):
                raise ExperimentError(
                    f"{self.id}: setting {field.name!r} needs a default (the published value)"
                )
        if not callable(getattr(config, "smoke", None)):
            raise ExperimentError(
                f"{self.id}: {config.__name__} needs a classmethod smoke() for the tests"
            )

    def _check_seeds(self) -> None:
        if self.seeds >= 5 or self.deterministic:
            return
        if self.seeds < 3 or not self.few_seeds.strip():
            raise ExperimentError(
                f"{self.id}: {self.seeds} seeds are too few; use 5 or more, or 3 with few_seeds='why so few', or "
                "1 with deterministic=True if nothing is random"
            )

    def cases_of(self, config: Any) -> tuple[str, ...]:
        """The cases of every seed, in order; one without a name, `("",)`, if the experiment has none.

        Raises:
            ExperimentError: `cases` fails or returns no sequence of distinct names that can be part of a file's name.
        """
        if self.cases is None:
            return ("",)
        try:
            names = self.cases(config)
        except Exception as error:
            raise ExperimentError(
                f"{self.id}: cases(config) failed with {type(error).__name__}: {error}"
            ) from error
        if isinstance(names, str) or not isinstance(names, Sequence) or not names:
            raise ExperimentError(
                f"{self.id}: cases(config) returns a tuple or list of one name or more; got {names!r}"
            )
        seen: dict[str, str] = {}
        for name in names:
            if not isinstance(name, str) or not re.fullmatch(CASE_PATTERN, name):
                raise ExperimentError(
                    f"{self.id}: a case's name is 1 to 80 letters (a to z), digits, '.', '_' or '-'; got {name!r}"
                )
            # Each case has a file of its own, and some file systems take a for A.
            if name.lower() in seen:
                raise ExperimentError(
                    f"{self.id}: cases {seen[name.lower()]!r} and {name!r} are the same but for capitals; "
                    "give every case a name of its own"
                )
            seen[name.lower()] = name
        return tuple(names)

    def waiting(self) -> str | None:
        """Why it cannot be measured yet; None if it can."""
        return self.waits_for() if self.waits_for is not None else None

    def judge(self, metrics: Metrics) -> Verdict:
        """Apply the criterion and check that it returned a `Verdict`.

        Raises:
            ExperimentError: it returned something else.
        """
        verdict = self.criterion(metrics)
        if not isinstance(verdict, Verdict):
            raise ExperimentError(
                f"{self.id}: criterion must return a Verdict; got {type(verdict).__name__}"
            )
        return verdict
