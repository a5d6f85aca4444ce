"""P4 and P5: what is timed is what is named, and both criteria can go either way."""

import numpy as np
import pytest

from deeplearning.experiments import p04_operations as p4
from deeplearning.experiments import p05_unrolling as p5
from deeplearning.performance.ladder import RUNGS
from deeplearning.performance.layers import suite
from deeplearning.records import Metrics


def test_p4_times_the_suite() -> None:
    config = p4.Config()
    assert len(config.batches) == p4.LINEAR
    values = p4.run(p4.Config.smoke(), seed=1)
    layers = suite(64, config.batches, 16)
    assert [layer.name for layer in layers[: p4.LINEAR]] == [
        f"Linear, B = {b}" for b in config.batches
    ]
    np.testing.assert_allclose(values["intensity"], [layer.work.intensity for layer in layers])
    assert len(values["picoseconds_an_operation"]) == len(values["share_of_roof"]) == len(layers)


@pytest.mark.parametrize(
    ("each", "outcome"),
    [
        ([10, 12, 11, 10, 10, 19, 20], "holds"),
        ([10, 12, 11, 10, 10, 900, 20], "holds partly"),
        ([10, 12, 11, 10, 10, 20, 21], "holds partly"),
        ([90, 12, 11, 10, 10, 900, 20], "does not hold"),
    ],
)
def test_p4_criterion(each: list[float], outcome: str) -> None:
    values = {"picoseconds_an_operation": each, "share_of_roof": [0.5] * 7}
    assert p4.criterion(Metrics.from_seeds([values] * 5)).outcome == outcome


def test_p4_one_bad_seed_counts() -> None:
    fine = {"picoseconds_an_operation": [10.0] * 7, "share_of_roof": [0.5] * 7}
    bad = fine | {"picoseconds_an_operation": [10.0] * 6 + [30.0]}
    assert p4.criterion(Metrics.from_seeds([fine] * 4 + [bad])).outcome == "holds partly"


def test_p5_rivals_are_rungs() -> None:
    rungs = p5.Config().rungs
    assert set(rungs) <= set(RUNGS)
    assert rungs[:2] == ("taps", "im2col")
    values = p5.run(p5.Config.smoke(), seed=0)
    assert len(values["im2col_over_rival"]) == len(values["picoseconds_a_multiply_add"]) - 2 == 1


@pytest.mark.parametrize(
    ("gain", "rivals", "outcome"),
    [
        ([2.4] * 5, [1.0, 1.25], "holds"),
        ([20.0] * 5, [1.0, 1.26], "holds partly"),
        ([20.0] * 4 + [2.3], [1.0, 1.0], "does not hold"),
    ],
)
def test_p5_criterion(gain: list[float], rivals: list[float], outcome: str) -> None:
    values = [{"taps_over_im2col": one, "im2col_over_rival": rivals} for one in gain]
    assert p5.criterion(Metrics.from_seeds(values)).outcome == outcome
