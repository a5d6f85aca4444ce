"""S7: the cost of one text in two alphabets, early stopping, and the criterion."""

import dataclasses

import numpy as np
import pytest

from deeplearning import data
from deeplearning.experiments import Metrics, s07_alphabets
from deeplearning.experiments.s07_alphabets import (
    CHARGE,
    EXPERIMENT,
    UNKNOWN,
    Config,
    cost,
    judge_network,
    lead,
    parts,
)


@pytest.mark.parametrize("unit", ["syllable", "jamo"])
def test_a_coin_for_every_unit_costs_what_it_should(unit: str) -> None:
    text = "한 국민은"  # 3 + 1 + 2 + 3 + 3 letters
    alphabet = data.Alphabet.of("한 국민은", by=unit, unknown=UNKNOWN)  # type: ignore[arg-type]
    codes = alphabet.encode(text)
    units = {"syllable": 4, "jamo": 3 * 3 + 1}[unit]  # after the first syllable
    assert cost(alphabet, text, codes, np.ones(len(codes) - 1)) == pytest.approx(units / 4)


def test_the_unknown_are_charged_and_the_first_character_is_not() -> None:
    alphabet = data.Alphabet.of("가나", by="syllable", unknown=UNKNOWN)
    codes = alphabet.encode("다가다나")
    assert cost(alphabet, "다가다나", codes, np.zeros(3)) == pytest.approx(CHARGE / 3)


def test_alphabets_leave_out_what_is_seen_once() -> None:
    sizes = {}
    for unit in ("syllable", "jamo"):
        alphabet, texts, codes = parts(Config(), unit)
        counts = np.bincount(codes[0], minlength=len(alphabet))
        assert (counts[1:] >= 2).all()
        sizes[unit] = len(alphabet)
        assert [len(alphabet.split(text)) for text in texts] == [len(part) for part in codes]
    assert sizes["jamo"] < 80 < 300 < sizes["syllable"]


def test_stops_when_nothing_gets_better_and_keeps_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    costs = iter([5.0, 4.0, 4.5, 4.5, 4.5, 3.0])
    monkeypatch.setattr(s07_alphabets, "cost", lambda *_: next(costs))
    config = dataclasses.replace(Config.smoke(), passes=9, patience=2)
    values = judge_network(config, "syllable", 0)
    assert values["curve"] == [5, 4, 4.5, 4.5, 0, 0, 0, 0, 0]
    assert (values["best_pass"], values["validation"], values["test"]) == (2, 4, 4.5)


def metrics(gain: float, spread: float = 0.01) -> Metrics:
    jamo = 3.0 - gain + spread * np.array([-1, 1, 0, 1, -1])
    return Metrics({"test_syllable": [3.0] * 5, "test_jamo": jamo.tolist()})


def test_the_criterion_has_three_outcomes() -> None:
    assert EXPERIMENT.judge(metrics(0.1)).outcome == "holds"
    assert EXPERIMENT.judge(metrics(0.04)).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics(0.1, 0.1)).outcome == "does not hold"
    assert EXPERIMENT.judge(metrics(-0.1)).outcome == "does not hold"
    assert lead(metrics(0.1))[1] == pytest.approx(np.std([-1, 1, 0, 1, -1], ddof=1) * 0.01 / 5**0.5)
