"""What S8 and S9 share: the descriptions of sequences, their beginnings, and when a lead is clear."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.sequence_contenders import (
    FRACTIONS,
    Lead,
    Linear,
    Network,
    Recipe,
    described,
    heard,
    lead,
    measured,
    prepared,
    standardised,
)

GENERATOR = np.random.default_rng(0)
SEQUENCES = [GENERATOR.normal(size=(n, 2)).astype(np.float32) for n in (1, 2, 5, 9)]


def test_order_is_lost_to_moments_and_extremes_and_not_to_thirds() -> None:
    backwards = [sequence[::-1].copy() for sequence in SEQUENCES[1:]]
    for kind, width in (("moments", 4), ("pooled", 8)):
        features = described(SEQUENCES[1:], kind)
        assert features.shape == (3, width)
        np.testing.assert_allclose(described(backwards, kind), features, atol=1e-6)
    features, turned = described(SEQUENCES[1:], "thirds"), described(backwards, "thirds")
    np.testing.assert_allclose(turned[:, [4, 5, 8, 9]], features[:, [8, 9, 4, 5]], atol=1e-6)
    assert np.abs(turned - features).max() > 0.1


def test_thirds_of_nine_are_three_each_and_of_one_the_same() -> None:
    nine, one = SEQUENCES[3], SEQUENCES[0]
    expected = np.concatenate([nine[a : a + 3].mean(0) for a in (0, 3, 6)])
    np.testing.assert_allclose(described([nine], "thirds")[0, 4:], expected, rtol=1e-6)
    np.testing.assert_allclose(described([one], "thirds")[0, 4:], np.tile(one[0], 3), rtol=1e-6)


def test_the_beginning_is_rounded_up_and_never_empty() -> None:
    assert [len(part) for part in heard(SEQUENCES, 0.1)] == [1, 1, 1, 1]
    assert [len(part) for part in heard(SEQUENCES, 0.6)] == [1, 2, 3, 6]
    for part, whole in zip(heard(SEQUENCES, 1.0), SEQUENCES, strict=True):
        np.testing.assert_array_equal(part, whole)


def test_the_scale_is_that_of_the_training_frames() -> None:
    train, test = standardised(SEQUENCES[2:], SEQUENCES[:2])
    frames = np.concatenate(train)
    np.testing.assert_allclose(frames.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(frames.std(0), 1, atol=1e-6)
    raw = np.concatenate(SEQUENCES[2:])
    np.testing.assert_allclose(
        test[1], (SEQUENCES[1] - raw.mean(0)) / raw.std(0), rtol=1e-4, atol=1e-6
    )


def test_the_array_is_of_even_length() -> None:
    assert prepared(SEQUENCES).shape == (4, 3, 10)


def test_a_mean_that_was_subtracted_is_no_feature() -> None:
    """Rounding errors around zero must not be blown up into a feature of spread 1."""
    labels = np.array([0, 1, 0, 1])
    sequences = [np.float32([[1, -1], [-1, 1]]) * (1 + n % 2) for n in range(4)]
    sequences = [part + np.float32(1e-8 * n) for n, part in enumerate(sequences)]
    model = Linear("moments", 1.0).fit(sequences, labels, 0)
    assert np.abs(model.scale(described(sequences, "moments"))[:, :2]).max() < 0.01
    assert model.answer(sequences).tolist() == labels.tolist()


def test_a_seed_repeats_exactly_and_another_differs() -> None:
    generator = np.random.default_rng(3)
    parts = [generator.normal(size=(n, 2)).astype(np.float32) for n in (4, 6, 5, 3)]
    labels = np.array([0, 1, 1, 0])
    recipe = Recipe("gru", hidden=3, epochs=1, batch_size=2, noise=0.5)
    states = []
    for seed in (1, 1, 2):
        network = Network(recipe, 2).fit(parts, labels, seed)
        states.append(network.engine.state(network.model))
    for name, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][name])
        assert not np.array_equal(value, states[2][name])
    assert network.parameters == sum(value.size for value in states[2].values())


class Longer:
    """Answers 1 for what has more than two frames."""

    def answer(self, sequences: list[np.ndarray]) -> np.ndarray:
        return np.array([int(len(sequence) > 2) for sequence in sequences])


def test_what_is_measured() -> None:
    values = measured(Longer(), SEQUENCES, np.array([1, 0, 1, 1]), 2, "it")
    assert values["right_it"] == [0, 1, 1, 1]
    assert values["accuracy_it"] == 0.75
    assert values["confusion_it"] == [[1, 0], [1, 2]]
    assert values["heard_it"][0] == 0.25
    assert values["heard_it"][FRACTIONS.index(0.5)] == 0.75
    assert values["heard_it"][-1] == 0.75


def test_a_lead_and_its_two_uncertainties() -> None:
    right = {"right_a": [[1, 1, 1, 1], [1, 1, 1, 0]], "right_b": [[1, 0, 0, 1], [1, 0, 0, 1]]}
    found = lead(Metrics(right), "a", "b")
    assert found.mean == pytest.approx((0.5 + 0.25) / 2)
    assert found.over_seeds == pytest.approx(np.std([0.5, 0.25], ddof=1) / np.sqrt(2))
    assert found.over_samples == pytest.approx(np.std([0, 1, 1, -0.5], ddof=1) / 2)
    assert found.fewer == pytest.approx(0.375 / 0.5)


def test_when_a_lead_is_clear() -> None:
    assert Lead(0.03, 0.009, 0.014, 0.34).clear
    assert not Lead(0.03, 0.011, 0.014, 0.34).clear
    assert not Lead(0.03, 0.009, 0.016, 0.34).clear
    assert not Lead(0.03, 0.009, 0.014, 0.33).clear
    assert not Lead(-0.03, 0.0, 0.0, -1.0).clear
