"""C1: the unit of error, the laws on operations known to keep or break them, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import c01_multiply_and_add as c1
from deeplearning.records import Metrics


def case(**changes: object) -> c1.Case:
    rng = np.random.default_rng(0)
    values = {
        "x": rng.standard_normal((2, 14, 13)), "weight": rng.standard_normal((4, 1, 3, 2)),
        "stride": 2, "padding": 1, "dilation": 2, "groups": 2,
    }  # fmt: skip
    return c1.Case(**values | changes)


def test_the_library_side_equals_the_definition() -> None:
    c = case()
    y = c1.library(c, c.x, c.weight)
    padded = np.pad(c.x, ((0, 0), (1, 1), (1, 1)))
    for k in range(4):
        window = padded[
            k // 2, 4:9:2, 2:5:2
        ]  # output (2, 1): from row 4 and column 2, every second
        assert y[k, 2, 1] == pytest.approx((window * c.weight[k, 0]).sum())


@pytest.mark.parametrize(
    ("operation", "broken"),
    [
        (c1.ours, []), (c1.turned, ["library", "wave"]), (c1.relu, ["library", "linear", "wave"]),
        (c1.bias, ["library", "linear", "wave"]), (c1.varying, ["library", "shift", "wave"]),
    ],
)  # fmt: skip
def test_which_operation_breaks_which_law(operation: c1.Operation, broken: list[str]) -> None:
    found = c1.laws(operation, case(), np.random.default_rng(1))
    by_law = dict(zip(c1.LAWS, found, strict=True))
    assert [law for law in c1.LAWS if by_law[law] > c1.BROKEN] == broken
    assert all(by_law[law] <= 1 for law in c1.LAWS if law not in broken)


def test_one_unit_is_what_rounding_allows() -> None:
    c, size = case(), np.full((4, 6, 7), 3.0)
    one = (c.terms + 8) * np.finfo(np.float64).eps * size
    assert c1.units(one, c, size, np.float64) == pytest.approx(1)


def metrics(**changes: list[float]) -> Metrics:
    values = {
        f"{name}_{bits}": [0.5] * 4 if name == "ours" else [1e6, 0.1, 0.1, 0.1]
        for name in ("ours", *c1.IMPOSTORS)
        for bits in ("float32", "float64")
    }
    return Metrics.from_seeds([values | changes] * 5)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "holds"),
        ({"ours_float64": [0.5, 1.5, 0.5, 0.5]}, "holds partly"),
        ({"ours_float32": [1.5, 0.5, 0.5, 0.5]}, "does not hold"),
        ({"relu_float32": [500.0, 1.0, 1.0, 1.0]}, "does not hold"),
    ],
)
def test_criterion(changes: dict, outcome: str) -> None:
    assert c1.criterion(metrics(**changes)).outcome == outcome
