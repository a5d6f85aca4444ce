"""C12: a wrong recursion is caught, trained networks are looked at in the right place, and the criterion."""

import numpy as np
import pytest

from deeplearning import engines
from deeplearning.experiments import c12_receptive_field as c12
from deeplearning.models.receptive_field import Field
from deeplearning.records import Metrics

NN = engines.get("torch").nn


def test_a_field_that_is_computed_wrongly_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [NN.Conv2d(1, 4, 3, 2, 1), NN.Tanh(), NN.Conv2d(4, 4, 3)]
    rng = np.random.default_rng(0)
    assert c12.measured(layers, 4, rng) == (7, 7)
    monkeypatch.setattr(c12, "receptive_fields", lambda windows: [Field(6, 2, -1)])
    assert c12.measured(layers, 4, rng) == (6, -1)


def test_the_middle_unit_of_lenet() -> None:
    model = c12.network("lenet")
    x = np.random.default_rng(0).random((4, 1, 28, 28)).astype(np.float32)
    field, seen, unit = c12.seen_by(model, c12.windows_of(model), x)
    assert (field.size, unit, field.of(unit)) == (16, 2, (6, 21))
    assert seen.shape == (28, 28)


def metrics(**changes: object) -> Metrics:
    values: dict = {
        "computed_stacks": [5] * 40, "measured_stacks": [5] * 40, "computed_depth": [5, 9],
        "measured_depth": [5, 9], "effective_depth": [5.0, 7.0],
    }  # fmt: skip
    for kind in c12.TRAINED:
        values |= {f"computed_{kind}": 13, f"share_{kind}_after": 0.5}
        values |= {f"measured_{kind}_{moment}": 13 for moment in ("before", "after")}
    return Metrics.from_seeds([values | changes] * 5)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "holds"),
        ({"measured_lenet_after": -1}, "holds partly"),
        ({"measured_stacks": [5] * 39 + [-1]}, "holds partly"),
        ({"measured_stacks": [5] * 20 + [-1] * 20}, "does not hold"),
    ],
)
def test_criterion(changes: dict, outcome: str) -> None:
    assert c12.criterion(metrics(**changes)).outcome == outcome
