import dataclasses

import numpy as np
import pytest

from deeplearning.experiments import b03_balance as b03
from deeplearning.models.backprop import initialise
from deeplearning.records import Metrics


def test_ratio_of_known_arrows() -> None:
    assert b03.balance(np.array([[1.0, 0.0], [3.0, 0.0]])) == 1
    assert b03.balance(np.array([[1.0, 0.0], [-1.0, 0.0]])) == 0
    assert b03.balance(np.array([[3.0, 0.0], [0.0, 4.0]])) == pytest.approx(5 / 7)


def test_images_are_standardised_rows() -> None:
    for pooled, width in ((True, 4), (False, 64)):
        x, y = b03.images(0, pooled)
        assert x.shape == (b03.SAMPLES, width)
        assert len(y) == b03.SAMPLES
        np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-12)
        spread = x.std(axis=0) * np.sqrt(width)
        assert (np.isclose(spread, 1) | (spread == 0)).all()


def test_decay_adds_the_same_share_to_every_sample() -> None:
    parameters = initialise([2, 3], np.random.default_rng(0))
    x, y = np.random.default_rng(1).standard_normal((5, 2)), np.array([0, 1, 2, 0, 1])
    share = b03.sample_gradients(parameters, x, y, 0.1) - b03.sample_gradients(
        parameters, x, y, 0.0
    )
    weight, bias = parameters[1]
    np.testing.assert_allclose(share, np.tile(0.1 * np.concatenate([weight.ravel(), bias]), (5, 1)))


def test_separation_is_zero_only_where_classes_overlap() -> None:
    apart = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    assert b03.separation(apart, np.array([0, 0, 1, 1])) > 1
    assert b03.separation(apart, np.array([0, 1, 0, 1])) == pytest.approx(0, abs=1e-9)
    # One class of three stands alone, the two others overlap: still a direction without a minimum.
    x = np.array([[-1.0], [0.0], [1.0], [-0.5], [0.5], [9.0]])
    assert b03.separation(x, np.array([0, 0, 0, 1, 1, 2])) > 1


def test_the_bound_holds_for_any_weights() -> None:
    generator = np.random.default_rng(0)
    corners = np.array([[-2.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    y = np.repeat([0, 1, 2], 20)
    x = corners[y] + generator.normal(0, 0.3, (60, 2))
    bound = b03.margin_bound(x, y)
    assert bound > 0.05
    for seed in range(20):
        weight, bias = initialise([2, 3], np.random.default_rng(seed))[1]
        for scale in (0.1, 1.0, 10.0):
            gradients = b03.sample_gradients({1: (scale * weight, scale * bias)}, x, y, 0.0)
            assert b03.balance(gradients) >= bound


def test_the_bound_is_not_positive_where_nothing_separates() -> None:
    x = np.array([[0.0], [1.0], [2.0], [3.0], [0.5], [2.5]])
    assert b03.margin_bound(x, np.array([0, 1, 0, 1, 2, 2])) <= 0


def verdict(**ratios: float) -> str:
    values = {"overlap": 1e-9, "decay": 1e-9, "mlp": 1e-9, "separable": 0.02, **ratios}
    metrics = {f"ratio_end_{name}": np.full(5, value) for name, value in values.items()}
    return b03.criterion(Metrics(metrics)).outcome


def test_criterion() -> None:
    assert verdict() == "holds"
    assert verdict(mlp=0.01) == "holds partly"
    assert verdict(overlap=0.01) == "does not hold"
    assert verdict(decay=0.01) == "does not hold"


def test_run_moves_towards_balance() -> None:
    config = dataclasses.replace(b03.Config.smoke(), steps=(300, 300, 5, 5))
    result = b03.run(config, 7)
    assert result["ratio_end_overlap"] < 0.1 * result["ratio_overlap"][0]
    assert result["ratio_end_decay"] < 0.1 * result["ratio_decay"][0]
    assert result["separation_overlap"] == pytest.approx(0, abs=1e-6)
    assert result["margin_bound"] > 0
