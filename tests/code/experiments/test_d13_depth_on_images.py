"""D13: what is held equal, what a seed draws, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.d13_depth_on_images import (
    COMPARISONS,
    EXPERIMENT,
    NETWORKS,
    Config,
    clearly,
    pairs_of_images,
    run,
)
from deeplearning.models import mlp


def parameters(name: str) -> int:
    return sum(p.size for p in mlp([784, *NETWORKS[name], 10]).parameters())


@pytest.mark.parametrize(("deep", "wide", "what"), COMPARISONS)
def test_what_the_comparison_calls_equal_is_equal(deep: str, wide: str, what: str) -> None:
    if what == "nodes":
        assert sum(NETWORKS[deep]) == sum(NETWORKS[wide])
    else:
        assert parameters(deep) == pytest.approx(parameters(wide), rel=0.015)
    assert len(NETWORKS[deep]) > len(NETWORKS[wide]) == 1


def test_large_networks_have_equal_parameters_within_the_stated_share() -> None:
    counts = [parameters(name) for name in ("wide_128", "deep_112_2", "deep_94_4")]
    assert max(counts) / min(counts) < 1.003


def test_lines_join_different_images_and_belong_to_the_seed() -> None:
    x = np.arange(40.0).reshape(20, 2)
    lines = pairs_of_images(x, 50, seed=1)
    assert lines.shape == (50, 2, 2)
    assert (lines[:, 0] != lines[:, 1]).any(axis=1).all()
    assert (lines == pairs_of_images(x, 50, seed=1)).all()
    assert (lines != pairs_of_images(x, 50, seed=2)).any()


def test_a_run_counts_before_and_after_training() -> None:
    values = run(Config.smoke(), 0, "deep_10_10")
    assert values["parameters_deep_10_10"] == parameters("deep_10_10") == 8070
    assert values["pieces_before_deep_10_10"] >= 1
    assert values["pieces_deep_10_10"] >= 1
    assert 0 < values["test_error_deep_10_10"] < 1


def made_up(finer: dict[str, float], lower: dict[str, float], spread: float = 0.0) -> Metrics:
    """Wide networks with 10 pieces and error 0.15; deep ones with this many more, this much less."""
    jitter = np.linspace(-1, 1, 5) * spread
    values = {}
    for name in NETWORKS:
        values[f"pieces_{name}"] = 10 * (1 + finer.get(name, 0.0) + jitter)
        values[f"test_error_{name}"] = 0.15 - lower.get(name, 0.0) - jitter * 0.1
    for name in ("wide_20", "wide_10", "wide_128"):
        values[f"pieces_{name}"] = np.full(5, 10.0)
        values[f"test_error_{name}"] = np.full(5, 0.15)
    return Metrics(values)


DEEP = ("deep_10_10", "deep_112_2", "deep_94_4")


def each(value: float) -> dict[str, float]:
    return dict.fromkeys(DEEP, value)


@pytest.mark.parametrize(
    ("finer", "lower", "outcome"),
    [
        (each(0.5), each(0.01), "holds"),
        (each(0.5), each(0.0), "holds partly"),
        (each(0.0), each(0.01), "holds partly"),
        (each(0.5), {**each(0.01), "deep_94_4": 0.0}, "holds partly"),
        ({**each(0.5), "deep_94_4": 0.0}, {**each(0.01), "deep_112_2": 0.0}, "does not hold"),
        (each(0.05), each(0.001), "does not hold"),  # too small to count
        (each(-0.5), each(-0.01), "does not hold"),
    ],
)
def test_criterion(finer: dict[str, float], lower: dict[str, float], outcome: str) -> None:
    assert EXPERIMENT.judge(made_up(finer, lower)).outcome == outcome


def test_what_lies_within_the_noise_does_not_count() -> None:
    assert EXPERIMENT.judge(made_up(each(0.2), each(0.01), spread=0.9)).outcome == "does not hold"
    assert not clearly(np.array([0.1, -0.05, 0.01]), least=0.01)
    assert clearly(np.array([0.05, 0.06, 0.05]), least=0.01)
