"""S4: how pictures are packed and judged, the integral over a plane of codes, and the criterion's outcomes."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from deeplearning import data
from deeplearning.experiments import Metrics
from deeplearning.experiments.s04_generate import (
    PIXELS,
    TORCH,
    Config,
    ahead,
    black_and_white,
    by_grid,
    criterion,
    for_seed,
    lead,
    material,
    packed,
    undecided,
)
from deeplearning.figures.networks_that_generate import unpacked
from deeplearning.models.vae import vae

RNG = np.random.default_rng(0)


def test_packed_pictures_come_back() -> None:
    ink = (RNG.random((3, 28, 28)) < 0.3).astype(np.float32)
    np.testing.assert_array_equal(unpacked(packed(ink)), ink)
    grey = RNG.random((2, PIXELS))
    assert np.abs(unpacked(packed(grey, 3), 3).reshape(2, -1) - grey).max() <= 1 / 14 + 1e-9
    # A record holds float64.
    assert max(max(row) for row in packed(np.ones((1, PIXELS)), 3)) < 2**53
    assert unpacked(np.array(packed(ink), float)).tolist() == ink.tolist()


def test_pictures_are_kept_of_one_seed() -> None:
    assert for_seed(0, [[5, 6]]) == [[5, 6]]
    assert for_seed(2, [[5, 6]]) == [[0, 0]]


def test_the_same_digits_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    grey, labels = RNG.random((60, PIXELS), np.float32), np.zeros(60, np.int64)
    split = data.Split(grey, labels, grey, labels, ("0",))
    monkeypatch.setattr(data, "mnist", lambda flat: split)
    black_and_white.cache_clear()
    few = black_and_white("digits", 30, 20)
    more = black_and_white("digits", 40, 25)
    np.testing.assert_array_equal(few.train_x, more.train_x[:30])
    np.testing.assert_array_equal(few.test_x, more.test_x[:20])
    train, test = material(Config(images=30, test_images=20))
    assert (train.shape, test.shape) == ((30, PIXELS), (20, PIXELS))
    black_and_white.cache_clear()


def test_shares() -> None:
    assert ahead(np.array([3.0, 1.0]), np.array([0.0, 2.0])) == 0.75
    assert undecided(np.array([[0.5, 0.05, 0.95, 0.2], [0.0, 1.0, 0.0, 0.5]])) == 1.5


def test_the_grid_is_the_integral() -> None:
    """A decoder that ignores its code gives each pixel one probability, and the grid must give back their product."""
    TORCH.manual_seed(0)
    model = vae(6, 4, 2, nn=TORCH.nn)
    with torch.no_grad():
        model.decoder[2].weight.zero_()
    p = torch.sigmoid(model.decoder[2].bias).detach().numpy().astype(np.float64)
    x = (RNG.random((4, 6)) < 0.5).astype(np.float32)
    expected = stats.bernoulli.logpmf(x, p).sum(axis=1)
    np.testing.assert_allclose(by_grid(model, x, 0.2), expected, atol=1e-4)


def made(**changes: Any) -> Metrics:
    values: dict[str, list] = {
        "nats_independent": [205.0, 205.0, 205.0],
        "nats_mixture": [131.0, 132.0, 133.0],
        "nats_memory": [185.0, 185.0, 185.0],
        "nats_vae": [101.0, 102.0, 103.0],
        "nats_pixelcnn": [89.0, 90.0, 91.0],
        "sure_independent": [0.6, 0.6, 0.6],
        "classes_independent": [[1.0, *[0.0] * 9]] * 3,
        "told_apart_mixture": [0.97, 0.96, 0.98],
    }
    for name in ("vae", "pixelcnn"):
        values |= {f"sure_{name}": [0.7, 0.8, 0.7], f"classes_{name}": [[0.1] * 10] * 3}
        values[f"told_apart_{name}"] = [0.87, 0.86, 0.88]
    return Metrics(values | changes)


UNEVEN = [[0.01, 0.19, *[0.1] * 8]] * 3


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "holds"),
        ({"nats_vae": [122.0, 123.0, 124.0]}, "holds partly"),  # ahead by 9 nats
        ({"nats_vae": [120.0, 60.0, 130.0]}, "holds partly"),  # ahead by 28, within the noise
        ({"sure_vae": [0.4, 0.4, 0.4]}, "holds partly"),
        ({"classes_pixelcnn": UNEVEN}, "holds partly"),
        ({"told_apart_vae": [0.97, 0.96, 0.98]}, "holds partly"),
        ({"told_apart_vae": [1.0] * 3, "told_apart_pixelcnn": [1.0] * 3}, "holds partly"),
        ({"sure_vae": [0.4] * 3, "sure_pixelcnn": [0.4] * 3}, "does not hold"),
        ({"sure_vae": [0.4] * 3, "told_apart_pixelcnn": [1.0] * 3}, "does not hold"),
        ({"nats_memory": [80.0] * 3}, "does not hold"),
        ({"classes_independent": [[0.1] * 10] * 3}, "does not hold"),  # the test lets noise pass
    ],
)
def test_criterion(changes: dict[str, list], outcome: str) -> None:
    verdict = criterion(made(**changes))
    assert verdict.outcome == outcome
    assert "132.0 mixture" in verdict.headline


def test_the_lead_is_over_the_best_simple_model() -> None:
    assert lead(made(), "vae") == pytest.approx((30.0, 0.0))
    assert lead(made(nats_memory=[110.0] * 3), "vae")[0] == pytest.approx(8.0)
