"""D10: what the contenders read, where lines cross, and the criterion."""

import math

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.d10_end_to_end import (
    EXPERIMENT,
    KINDS,
    SIZES,
    Config,
    crossing,
    end_to_end,
    hog_features,
    lead,
    material,
    run,
    subset,
)


def test_hog_has_the_size_of_its_recipe_and_forgets_brightness() -> None:
    images = np.random.default_rng(0).uniform(size=(3, 28, 28)).astype(np.float32)
    features = hog_features(images)
    assert features.shape == (3, 6 * 6 * 2 * 2 * 9)
    assert np.allclose(hog_features(0.25 * images + 0.5), features, atol=1e-3)


def test_hog_sees_the_direction_of_an_edge() -> None:
    """A vertical edge has a horizontal gradient: all of it in the first direction of scikit-image."""
    upright = np.zeros((28, 28))
    upright[:, 14:] = 1
    cells = hog_features(np.stack([upright, upright.T]), block=1).reshape(2, 49, 9).sum(axis=1)
    assert cells[0].argmax() == 0
    assert cells[1].argmax() == 4
    assert cells[0, 1:].sum() == pytest.approx(0)


def test_subsets_are_balanced_and_nested() -> None:
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(10), 50))
    small, large = (set(subset(labels, size, 3).tolist()) for size in (100, 300))
    assert small < large
    assert np.bincount(labels[list(large)]).tolist() == [30] * 10
    assert set(subset(labels, 100, 4).tolist()) != small
    assert len(set(subset(labels, 500, 5).tolist())) == 500


def test_hog_and_pixels_are_of_the_same_images() -> None:
    config = Config.smoke()
    (pixels, labels), _ = material(config, "pixels", 20, 1)
    (hog, same), _ = material(config, "hog", 20, 1)
    assert np.array_equal(labels, same)
    assert np.allclose(hog_features(pixels), hog)


def test_networks_skip_the_full_size_after_the_first_seeds() -> None:
    config = Config(sizes=(SIZES[-1],), full_seeds=2)
    assert run(config, 2, "cnn") == {"test_accuracy_cnn": [None]}
    assert run(config, 4, "mlp") == {"test_accuracy_mlp": [None]}


def test_a_seed_repeats_exactly() -> None:
    config = Config.smoke()
    assert end_to_end(config, "cnn", 20, 0) == end_to_end(config, "cnn", 20, 0)


@pytest.mark.parametrize(
    ("leads", "expected"),
    [
        ([-0.1, 0.1, 0.2], math.sqrt(1000)),
        ([-0.1, 0.2, -0.1], None),
        ([0.1, 0.1, 0.1], 10.0),
        ([0.1, -0.3, 0.1], 100 * 100**0.75),
    ],
)
def test_crossing(leads: list[float], expected: float | None) -> None:
    found = crossing([10, 100, 10_000], leads)
    assert found == (None if expected is None else pytest.approx(expected))


def metrics(gain: float, noise: float) -> Metrics:
    spread = noise * np.linspace(-1, 1, 5)
    hog = np.column_stack([np.full(5, 0.8), np.full(5, 0.9)])
    cnn = np.column_stack([np.full(5, 0.7), 0.9 + gain + spread])
    cnn[3:, 1] = np.nan
    raw = {f"test_accuracy_{kind}": hog for kind in KINDS} | {"test_accuracy_cnn": cnn}
    return Metrics(
        {name: values.tolist() for name, values in raw.items()} | {"sizes": [[100, 60_000]] * 5}
    )


def test_a_lead_leaves_out_the_seeds_without_a_network() -> None:
    mean, error = lead(metrics(0.02, 0.004), "cnn", 1)
    values = np.array([0.016, 0.018, 0.02])
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(values.std(ddof=1) / math.sqrt(3))


def test_the_criterion_has_three_outcomes_and_heeds_the_spread() -> None:
    assert EXPERIMENT.judge(metrics(0.02, 0.001)).outcome == "holds"
    assert EXPERIMENT.judge(metrics(0.008, 0.0005)).outcome == "holds partly"
    assert EXPERIMENT.judge(metrics(0.02, 0.05)).outcome == "does not hold"
    verdict = EXPERIMENT.judge(metrics(-0.02, 0.001))
    assert verdict.outcome == "does not hold"
    assert "never passes" in verdict.headline
