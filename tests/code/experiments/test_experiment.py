"""What an experiment must state, and how it is told what is wrong."""

from dataclasses import dataclass
from typing import Any

import pytest

from deeplearning.experiments import Experiment, ExperimentError, Metrics, Verdict


@dataclass(frozen=True)
class Config:
    epochs: int = 2

    @classmethod
    def smoke(cls) -> "Config":
        return cls(1)


@dataclass
class Thawed:
    epochs: int = 2


@dataclass(frozen=True)
class NoSmoke:
    epochs: int = 2


@dataclass(frozen=True)
class NoDefault:
    epochs: int


def make(**changes: Any) -> Experiment:
    fields: dict[str, Any] = {
        "id": "N3",
        "chapter": "neurons/perceptron",
        "claim": "A claim.",
        "criterion_text": "holds if it does; else does not hold",
        "config": Config,
        "run": lambda config, seed: {"accuracy": 1.0},
        "criterion": lambda metrics: Verdict("holds", "1 of 1"),
    }
    return Experiment(**(fields | changes))


def test_defaults() -> None:
    experiment = make()
    assert (experiment.seeds, experiment.exclusive, experiment.threads) == (5, False, 1)
    assert experiment.judge(Metrics({"accuracy": [1.0]})) == Verdict("holds", "1 of 1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "n3"}, "id is a capital letter and a number"),
        ({"id": "N03"}, "id is a capital"),
        ({"id": 3}, "id is a capital"),
        ({"claim": " "}, "N3: claim is a non-empty text"),
        ({"chapter": None}, "N3: chapter is a non-empty text"),
        ({"criterion_text": "holds if it does"}, "does not say when the claim 'does not hold'"),
        ({"criterion_text": "does not hold"}, "does not say when the claim 'holds'"),
        ({"config": Config()}, "config is a dataclass"),
        ({"config": int}, "config is a dataclass"),
        ({"config": Thawed}, "Thawed must be frozen"),
        ({"config": NoSmoke}, "NoSmoke needs a classmethod smoke"),
        ({"config": NoDefault}, "setting 'epochs' needs a default"),
        ({"run": None}, "run is a function"),
        ({"criterion": "holds"}, "criterion is a function"),
        ({"seeds": 0}, "seeds is a whole number from 1"),
        ({"seeds": True}, "seeds is a whole number"),
        ({"cases": ("a", "b")}, "cases is a function of the configuration"),
        ({"threads": 0}, "threads is a whole number"),
        ({"missing": "steps"}, r"missing is a tuple of metric names: \('steps',\)"),
        ({"seeds": 4}, "4 seeds are too few"),
        ({"seeds": 1}, "1 seeds are too few"),
        ({"seeds": 2, "few_seeds": "long"}, "2 seeds are too few"),
        ({"seeds": 3, "few_seeds": " "}, "3 seeds are too few"),
    ],
    ids=str,
)
def test_a_wrong_field_is_named(changes: dict, message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        make(**changes)


def test_few_seeds_need_a_reason() -> None:
    assert make(seeds=3, few_seeds="each run trains on all of Fashion-MNIST").seeds == 3
    assert make(seeds=1, deterministic=True).seeds == 1


def test_cases_are_names_in_an_order() -> None:
    assert make().cases_of(Config()) == ("",)
    named = make(cases=lambda config: [f"epochs_{config.epochs}", "b-1", "a.2"])
    assert named.cases_of(Config(7)) == ("epochs_7", "b-1", "a.2")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), r"one name or more; got \(\)"),
        ("adam", "one name or more; got 'adam'"),
        ({"adam": 1}, "one name or more; got {'adam': 1}"),
        (("a", ""), "'_' or '-'; got ''"),
        (("a b",), "got 'a b'"),
        (("../a",), "got '../a'"),
        (("é",), "got 'é'"),
        (("a\n",), "got 'a\\\\n'"),
        (("a" * 81,), "1 to 80 letters"),
        ((0.1,), "got 0.1"),
        (("b", "a", "b"), "cases 'b' and 'b' are the same"),
        (("relu", "ReLU"), "cases 'relu' and 'ReLU' are the same but for capitals"),
    ],
    ids=str,
)
def test_a_wrong_name_of_a_case_is_named(names: Any, message: str) -> None:
    with pytest.raises(ExperimentError, match=f"^N3: .*{message}"):
        make(cases=lambda config: names).cases_of(Config())


def test_failing_cases_are_named() -> None:
    with pytest.raises(
        ExperimentError, match=r"N3: cases\(config\) failed with AttributeError: .*rates"
    ):
        make(cases=lambda config: config.rates).cases_of(Config())


def test_a_criterion_returns_a_verdict() -> None:
    with pytest.raises(ExperimentError, match="must return a Verdict; got bool"):
        make(criterion=lambda metrics: True).judge(Metrics({"accuracy": [1.0]}))
