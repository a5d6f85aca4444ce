"""C14: what the controls do to a recording, who is left out, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.c14_sound import (
    CONTENDERS,
    CONTROLS,
    EXPERIMENT,
    Config,
    digits,
    lead,
    moments,
    reorder,
    split,
    standardised,
    train_and_answer,
)

SEQUENCES = [np.random.default_rng(n).normal(size=(n, 3)) for n in (7, 4, 7)]


def times(control: str) -> list[list[int]]:
    """Which frame stands at each place, after a control has reordered them."""
    numbered = [np.column_stack([np.arange(float(n))] * 3) for n in (7, 4, 7)]
    changed = reorder(numbered, control, np.random.default_rng(5))
    return [part[:, 0].astype(int).tolist() for part in changed]


def test_a_fixed_order_is_the_same_for_all() -> None:
    first, short, third = times("fixed")
    assert first == third != list(range(7))
    assert short == [t for t in first if t < 4]


def test_a_fresh_order_is_anothers_for_each() -> None:
    first, short, third = times("fresh")
    assert first != third
    assert sorted(first) == sorted(third) == list(range(7))
    assert sorted(short) == list(range(4))


def test_coefficients_change_places_and_time_does_not() -> None:
    changed = reorder(SEQUENCES, "coefficients", np.random.default_rng(5))
    assert times("coefficients") == times("") == [list(range(7)), list(range(4)), list(range(7))]
    order = [
        int(np.flatnonzero((SEQUENCES[0] == column[:, None]).all(0))[0]) for column in changed[0].T
    ]
    assert sorted(order) == [0, 1, 2] != order
    for before, after in zip(SEQUENCES, changed, strict=True):
        np.testing.assert_array_equal(after, before[:, order])


def test_what_order_cannot_change() -> None:
    for control in ("fixed", "fresh"):
        changed = reorder(SEQUENCES, control, np.random.default_rng(2))
        np.testing.assert_allclose(moments(changed), moments(SEQUENCES), rtol=1e-12)


def test_each_seed_leaves_out_another_speaker() -> None:
    left = [set(digits().speakers[split(Config(), "unknown", seed)[1]]) for seed in range(6)]
    assert left == [{speaker} for speaker in range(6)]
    train, test = split(Config(), "known", 3)
    assert (len(train), len(test)) == (2700, 300)


def test_validation_never_sees_the_published_test() -> None:
    train, test = split(Config(validation=True), "known", 100)
    numbers = digits().numbers
    assert numbers[train].min() == 10
    assert set(numbers[test]) == {5, 6, 7, 8, 9}


def test_the_scale_is_that_of_the_training_frames() -> None:
    train = np.arange(0, 200)
    sequences = standardised(Config(frames=30), train)
    frames = np.concatenate([sequences[index] for index in train])
    assert frames.mean(axis=0) == pytest.approx(np.zeros(13), abs=1e-4)
    assert frames.std(axis=0) == pytest.approx(np.ones(13), abs=1e-4)
    assert max(map(len, sequences)) == 30


def test_a_seed_repeats_exactly() -> None:
    config = Config.smoke()
    train, _ = split(config, "known", 0)
    first, second = (train_and_answer(config, "fresh", train, 1)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_networks_are_about_equally_large() -> None:
    small = (13 + 1) * Config().frames * Config().hidden + 11 * Config().hidden + 10
    assert abs(small / 13_066 - 1) < 0.02


def metrics(known: float, unknown: float, noise: float = 0.001) -> Metrics:
    """Made-up accuracies in which the CNN is so far ahead of everything else."""
    wave = noise * np.array([-1, 1, -1, 1, -1, 1])
    raw = {}
    for question, gain, level in (("known", known, 0.9), ("unknown", unknown, 0.6)):
        for case in CONTENDERS + CONTROLS:
            raw[f"{question}_{case}"] = level + (gain + wave if case == "cnn" else np.zeros(6))
    return Metrics({name: values.tolist() for name, values in raw.items()})


def test_the_criterion_has_three_outcomes_and_heeds_the_spread() -> None:
    assert EXPERIMENT.judge(metrics(0.02, 0.02)).outcome == "holds"
    assert EXPERIMENT.judge(metrics(0.02, 0.005)).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics(0.02, -0.02)).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics(0.005, 0.02)).outcome == "does not hold"
    assert EXPERIMENT.judge(metrics(0.02, 0.02, noise=0.05)).outcome == "does not hold"
    assert lead(metrics(0.02, 0.02), "known", "mlp")[0] == pytest.approx(0.02)


def test_one_rival_is_enough_to_fail() -> None:
    raw = metrics(0.02, 0.02)
    for rival in ("pooled", "mlp", "fresh"):
        changed = {name: raw[name].tolist() for name in raw}
        changed[f"unknown_{rival}"] = [0.7] * 6
        assert EXPERIMENT.judge(Metrics(changed)).outcome == "holds partly"
