"""D8: the families, the noise in the labels, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.d08_too_deep import (
    EXPERIMENT,
    FAMILIES,
    Config,
    cases,
    draw,
    equal_width,
    images,
    parameters,
    run,
)
from deeplearning.models import mlp


@pytest.mark.parametrize("depth", Config().depths)
def test_equal_parameters_are_nearly_equal(depth: int) -> None:
    width = equal_width(64, depth)
    size = sum(p.size for p in mlp([784] + [width] * depth + [10]).parameters())
    assert size == parameters(width, depth)
    assert abs(size - parameters(64, 1)) <= abs(parameters(width + 1, depth) - parameters(64, 1))
    assert abs(size - parameters(64, 1)) <= abs(parameters(width - 1, depth) - parameters(64, 1))
    assert size == pytest.approx(50_890, rel=0.02)


def test_a_fifth_of_the_labels_is_wrong_and_no_label_stays_by_chance() -> None:
    x, noisy = draw(500, 0.2, 3)
    clean_x, clean = draw(500, 0.0, 3)
    np.testing.assert_array_equal(x, clean_x)
    assert (noisy != clean).sum() == 100
    assert set(noisy) == set(range(10))
    # Each of the nine other classes is about as likely.
    other = np.bincount((noisy - clean)[noisy != clean] % 10, minlength=10)
    assert other[0] == 0
    assert other[1:].max() < 11 + 5 * np.sqrt(11)
    assert (images().train_y < 10).all()  # the data themselves are as they were


def test_a_network_of_each_family_learns() -> None:
    config = Config(depths=(2,), width=16, images=200, epochs=10, test=300)
    for case in cases(config)[:-1]:
        values = run(config, 0, case)
        assert values[f"test_accuracy_{case}"] > 0.4
        gap = values[f"train_accuracy_{case}"] - values[f"test_accuracy_{case}"]
        assert values[f"gap_{case}"] == pytest.approx(gap)


def judged(gaps: dict[str, float], falls: dict[str, float]) -> str:
    """The outcome if from 1 to 12 layers the gap grows and the test accuracy falls by this much."""
    jitter = np.array([-0.004, -0.002, 0.0, 0.002, 0.004])
    metrics = {}
    for family in FAMILIES:
        for depth, share in ((1, 0.0), (3, 0.0), (12, 1.0)):
            metrics[f"gap_{family}_{depth}"] = 0.15 + share * (gaps[family] + jitter)
            metrics[f"test_accuracy_{family}_{depth}"] = np.full(5, 0.82) - share * (
                falls[family] + jitter
            )
    values = {name: np.broadcast_to(value, 5) for name, value in metrics.items()}
    return EXPERIMENT.judge(Metrics(values)).outcome


def test_the_criterion_has_three_outcomes() -> None:
    def both(value: float) -> dict[str, float]:
        return dict.fromkeys(FAMILIES, value)

    assert judged(both(0.03), both(0.03)) == "holds"
    assert judged(both(0.03), {"width": 0.03, "parameters": 0.0}) == "holds partly"
    assert judged(both(0.03), both(0.0)) == "does not hold"
    assert judged(both(0.0), both(0.03)) == "does not hold"
    assert judged(both(0.03), both(0.008)) == "does not hold"  # less than a percentage point
    assert judged(both(-0.03), both(-0.03)) == "does not hold"
