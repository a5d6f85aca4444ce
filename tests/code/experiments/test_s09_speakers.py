"""S9: the contenders and the criterion."""

import numpy as np

from deeplearning.experiments import Metrics
from deeplearning.experiments.s09_speakers import (
    CLAIMED,
    EXPERIMENT,
    LINEAR,
    NETWORKS,
    RIVALS,
    Config,
    contender,
    vowels,
)


def test_every_contender_is_what_its_name_says() -> None:
    config = Config()
    assert [contender(config, case).inverse_penalty for case in LINEAR] == [1.0, 0.1, 0.1]
    recipes = {case: contender(config, case).recipe for case in NETWORKS}
    both = [case for case, recipe in recipes.items() if recipe.bidirectional]
    assert both == ["rnn", "gru", "lstm"]
    assert recipes["rnn"].rate == config.rate_rnn
    assert recipes["lstm_forward"].cell == "lstm"


def test_the_split_is_the_published_one() -> None:
    assert np.bincount(vowels().train_y).tolist() == [30] * 9
    assert len(vowels().test_y) == 370


def metrics(wrong: dict[str, int]) -> Metrics:
    """Made-up results: so many errors of 370 in each of ten seeds, 14 where none are given."""
    raw: dict[str, list] = {}
    for case in (*CLAIMED, "cnn", *RIVALS):
        right = np.ones((10, 370), dtype=int)
        right[:, : wrong.get(case, 14)] = 0
        raw[f"right_{case}"] = right.tolist()
        raw[f"accuracy_{case}"] = right.mean(axis=1).tolist()
    return Metrics(raw)


def test_the_criterion_has_three_outcomes() -> None:
    assert EXPERIMENT.judge(metrics({"lstm": 4, "gru": 6})).outcome == "holds"
    assert EXPERIMENT.judge(metrics({"lstm": 4, "gru": 10})).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics({"lstm": 10, "gru": 6})).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics({"lstm": 12, "gru": 10})).outcome == "does not hold"
    assert EXPERIMENT.judge(metrics({"lstm": 4, "gru": 6, "pooled": 6})).outcome == "does not hold"
