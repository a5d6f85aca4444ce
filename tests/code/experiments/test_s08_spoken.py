"""S8: who is judged by whom, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.s08_spoken import (
    CLAIMED,
    EXPERIMENT,
    LINEAR,
    NETWORKS,
    RIVALS,
    Config,
    centred,
    contender,
    digits,
    split,
    stranger_lead,
)


def test_the_splits() -> None:
    config = Config()
    train, test = split(config, "known", 3)
    assert (len(train), len(test)) == (2700, 300)
    assert set(digits().numbers[test]) == {0, 1, 2, 3, 4}
    left = [set(digits().speakers[split(config, "unknown", seed)[1]]) for seed in range(6)]
    assert left == [{speaker} for speaker in range(6)]
    train, test = split(config, "random", 1)
    assert np.bincount(digits().labels[test]).tolist() == [30] * 10
    assert not set(train) & set(test)


def test_validation_never_sees_the_published_test() -> None:
    train, test = split(Config(validation=True), "known", 100)
    assert digits().numbers[train].min() == 10
    assert set(digits().numbers[test]) == {5, 6, 7, 8, 9}


def test_centred_means_are_zero() -> None:
    for part in centred(digits().sequences[:3]):
        np.testing.assert_allclose(part.mean(0), 0, atol=1e-3)


def test_every_contender_is_what_its_name_says() -> None:
    config = Config(epochs=7)
    assert [contender(config, case).kind for case in LINEAR] == list(LINEAR.values())
    recipes = {case: contender(config, case).recipe for case in NETWORKS}
    assert [case for case, recipe in recipes.items() if recipe.bidirectional] == ["gru_both"]
    assert {recipe.epochs for recipe in recipes.values()} == {7}
    assert recipes["rnn"].rate == config.rate_rnn != config.rate == recipes["lstm"].rate
    assert recipes["cnn"].batch_size == config.batch_size_cnn


def metrics(wrong: int = 2, gain: float = 0.1, noise: float = 0.01) -> Metrics:
    """Made-up results: so many of 300 errors of the networks against 12 of their rivals, and a lead with strangers."""
    raw: dict[str, list] = {}
    wave = noise * np.array([-1, 1, -1, 1, -1, 1])
    for case in (*CLAIMED, "cnn", *RIVALS):
        errors = 12 if case in RIVALS else wrong
        right = np.ones((6, 300), dtype=int)
        right[:, :errors] = 0
        raw[f"right_known_{case}"] = right.tolist()
        raw[f"accuracy_known_{case}"] = right.mean(axis=1).tolist()
        level = 0.5 + (np.zeros(6) if case in RIVALS else gain + wave)
        raw[f"accuracy_unknown_{case}"] = level.tolist()
    return Metrics(raw)


def test_the_criterion_has_three_outcomes() -> None:
    assert EXPERIMENT.judge(metrics()).outcome == "holds"
    assert EXPERIMENT.judge(metrics(gain=0.005, noise=0)).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics(noise=0.2)).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics(wrong=9)).outcome == "does not hold"
    assert stranger_lead(metrics(), "gru", "pooled")[0] == pytest.approx(0.1)


def test_one_network_or_one_rival_is_enough_to_fail() -> None:
    good, poor = metrics(), metrics(wrong=11)
    for name in ("known_gru", "known_lstm"):
        raw = {key: good[key].tolist() for key in good}
        raw[f"right_{name}"] = poor[f"right_{name}"].tolist()
        assert EXPERIMENT.judge(Metrics(raw)).outcome == "does not hold"
    for rival in RIVALS:
        raw = {key: good[key].tolist() for key in good}
        raw[f"accuracy_unknown_{rival}"] = [0.6] * 6
        assert EXPERIMENT.judge(Metrics(raw)).outcome == "holds partly"
