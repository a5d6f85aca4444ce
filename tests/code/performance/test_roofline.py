"""The roofline's arithmetic."""

import numpy as np
import pytest

from deeplearning.performance.roofline import H200, Roofs, Work, attained

ROOFS = Roofs(peak=120.0, bandwidth=10.0)


def test_the_bound_is_the_lower_of_two() -> None:
    assert ROOFS.ridge == 12
    np.testing.assert_array_equal(ROOFS.attainable([1.0, 12.0, 100.0]), [10, 120, 120])
    assert isinstance(ROOFS.attainable(3), float)


@pytest.mark.parametrize(
    ("work", "seconds", "bound"),
    [
        (Work(10, 10), 1.0, "memory"),
        (Work(1200, 10), 10.0, "arithmetic"),
        (Work(120, 10), 1.0, "memory"),
    ],
)
def test_least_time(work: Work, seconds: float, bound: str) -> None:
    assert ROOFS.seconds(work) == seconds
    assert ROOFS.bound(work) == bound
    # The two forms of the bound are one.
    assert work.operations / ROOFS.seconds(work) == pytest.approx(ROOFS.attainable(work.intensity))


def test_fusion_adds_operations_and_saves_bytes() -> None:
    passes = Work(10, 80) + Work(10, 80)
    assert (passes.operations, passes.bytes, passes.intensity) == (20, 160, 0.125)


def test_attained_compares_within_rounds() -> None:
    share = attained(Work(100, 1), np.array([2.0, 4.0]), np.array([100.0, 50.0]), 1e9)
    assert share.tolist() == [0.5, 0.5]
    assert attained(Work(1, 100), [4.0], 1e9, [50.0]).tolist() == [0.5]


def test_the_data_sheet_is_for_dense_matrices() -> None:
    assert H200.peak * 2 == 1979e12
    assert H200.bandwidth == 4.8e12
