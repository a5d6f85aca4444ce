"""S6: what is judged, the details that the chapter draws, and the criterion."""

from typing import Any

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.s06_letters import (
    BEGINNING,
    EXPERIMENT,
    Config,
    count_ngrams,
    details,
    judged,
    lead,
    parts,
    places,
)

SMALL = Config.smoke()


def test_both_judge_the_same_characters() -> None:
    alphabet, (train, _, test) = parts(SMALL)
    assert len(alphabet) == 83
    assert len(train) == len(test) == 600
    some = np.arange(len(test))[judged(SMALL, test)]
    assert (some[0], len(some)) == (1, 596)  # 599 after the first, in 4 streams


def test_places_in_words() -> None:
    assert places("I'd go.").tolist() == [1, 0, 1, 0, 1, 2, 0]


def test_details_are_means() -> None:
    alphabet, (_, _, test) = parts(SMALL)
    bits = np.random.default_rng(0).random(596)
    found = details(SMALL, alphabet, test, bits)
    assert found["blocks"] == pytest.approx(bits[:550].reshape(11, 50).mean(1), abs=1e-4)
    place = places(alphabet.decode(test))[1:597]
    expected = [bits[place == k].mean() for k in (0, 1, 2)] + [bits[place >= 3].mean()]
    assert found["places"] == pytest.approx(expected, abs=1e-4)


def test_the_ngram_is_chosen_on_validation() -> None:
    values = count_ngrams(SMALL, 0)
    curves = [values["curve_kneser_ney_ngram"], values["curve_witten_bell_ngram"]]
    assert values["validation_ngram"] == min(map(min, curves))
    assert (
        curves[values["smoothing_ngram"]][values["order_ngram"] - 1] == values["validation_ngram"]
    )
    assert len(values["written_ngram"]) == SMALL.written
    assert not "".join(map(chr, values["written_ngram"])).startswith(BEGINNING * 2)


def metrics(gain: float, spread: float = 0.001, between: float = 0.05) -> Metrics:
    """Made-up bits in which the LSTM is so far ahead, with so much spread over seeds and over blocks."""
    wave = spread * np.array([-1, 0, 1])
    blocks = np.tile(between * np.resize([-1, 1], 100), (3, 1))
    raw = {
        "order_ngram": np.full(3, 6),
        "test_ngram": np.full(3, 2.2),
        "test_lstm": 2.2 - gain + wave,
        "blocks_ngram": np.full((3, 100), 2.2),
        "blocks_lstm": 2.2 - gain + blocks + wave[:, None],
    }
    return Metrics({name: values.tolist() for name, values in raw.items()})


def test_the_criterion_has_three_outcomes_and_heeds_both_spreads() -> None:
    def outcome(*arguments: Any) -> str:
        return EXPERIMENT.judge(metrics(*arguments)).outcome

    assert outcome(0.08) == "holds"  # 2^-0.08 is 0.946
    assert outcome(0.07) == "holds partly"
    assert outcome(0.08, 0.06) == "does not hold"
    assert outcome(0.08, 0.001, 0.3) == "does not hold"
    assert outcome(-0.1) == outcome(0.0) == "does not hold"


def test_the_standard_error_joins_seeds_and_blocks() -> None:
    gain, error = lead(metrics(0.1, 0.02, 0.05))
    assert gain == pytest.approx(0.1)
    blocks = np.resize([-1, 1], 100).std(ddof=1) * 0.05 / 10
    assert error == pytest.approx(np.hypot(0.02 / np.sqrt(3), blocks))
