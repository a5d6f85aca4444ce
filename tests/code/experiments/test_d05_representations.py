"""D5: what a seed draws, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.d05_representations import (
    ENGINE,
    EXPERIMENT,
    Config,
    draw,
    network,
    order,
)


def test_probes_never_see_what_the_network_learned_from() -> None:
    config = Config(images=300, probe_images=200, test_images=50)
    (learn, _), (probe, labels), (judged, _) = draw(config, 0)
    assert (len(learn), len(probe), len(labels), len(judged)) == (300, 200, 200, 50)
    seen = {row.tobytes() for row in learn}
    assert not seen & {row.tobytes() for row in probe}
    assert not np.array_equal(draw(config, 1)[0][0], learn)


def test_validation_leaves_the_test_images_alone() -> None:
    config = Config(images=100, probe_images=100, validation=True)
    judged = {row.tobytes() for row in draw(config, 100)[2][0]}
    test = {row.tobytes() for row in draw(Config(images=10, test_images=500), 0)[2][0]}
    assert len(judged & test) <= 1


def test_the_start_is_the_same_in_both_cases() -> None:
    config = Config.smoke()
    first, second = (ENGINE.state(network(config, 3)) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not first["0.bias"].any()


def test_order_is_the_rank_correlation_with_depth() -> None:
    assert order(np.array([[1.0, 2.0, 5.0], [3.0, 2.0, 1.0]])) == pytest.approx(0)
    assert order(np.array([[1.0, 2.0, 5.0]])) == pytest.approx(1)
    assert order(np.ones((2, 3))) == 0


def judged(gain: float, loss: float, noise: float = 0.001, more: float = 0.0) -> str:
    """The outcome for a probe that gains and pixels that lose so much over the layers; ``more``: gain untrained."""
    steps = np.linspace(0, 1, 6)
    jitter = np.linspace(-noise, noise, 5)[:, None] * steps
    pixels = 0.8 - loss * steps + jitter
    return EXPERIMENT.judge(
        Metrics(
            {
                "probe_accuracy_trained": 0.8 + gain * steps + jitter,
                "probe_accuracy_untrained": 0.8 + more * steps - jitter,
                "pixels_linear_trained": pixels,
                "pixels_bent_trained": pixels,
            }
        )
    ).outcome


def test_the_criterion_has_three_outcomes() -> None:
    assert judged(0.03, 0.3) == "holds"
    assert judged(0.005, 0.3) == "holds partly"
    assert judged(0.03, 0.05) == "holds partly"
    assert judged(-0.03, -0.3) == "does not hold"


def test_the_criterion_heeds_the_spread_and_the_untrained_network() -> None:
    assert judged(0.03, 0.3, noise=0.4) == "does not hold"
    assert judged(0.03, 0.3, more=0.04) == "holds partly"
