"""The comparison helper must find planted errors."""

import numpy as np
import pytest

from comparison import assert_close, tolerance

GOOD = np.random.default_rng(0).standard_normal((5, 7)).astype(np.float32)


def test_equal_arrays_pass() -> None:
    assert_close(GOOD.copy(), GOOD)


def test_rounding_passes() -> None:
    assert_close((GOOD.astype(np.float64) * (1 + 1e-7)).astype(np.float32), GOOD)


@pytest.mark.parametrize(
    "plant",
    [
        lambda a: -a,
        lambda a: a.T,
        lambda a: a[:, :-1],
        lambda a: a * np.float32(1.001),
        lambda a: a + np.float32(1e-3),
        lambda a: np.where(np.arange(a.size).reshape(a.shape) == 17, np.nan, a),
        lambda a: np.where(np.arange(a.size).reshape(a.shape) == 17, np.inf, a),
        lambda a: np.where(np.arange(a.size).reshape(a.shape) == 17, a + 0.01, a),
        np.zeros_like,
        lambda a: a[::-1],
    ],
    ids=[
        "sign",
        "transposed",
        "shape",
        "scale",
        "offset",
        "nan",
        "inf",
        "one-element",
        "zeros",
        "reversed",
    ],
)
def test_planted_error_is_found(plant) -> None:
    with pytest.raises(AssertionError):
        assert_close(plant(GOOD), GOOD)


def test_expected_nan_must_be_there() -> None:
    with pytest.raises(AssertionError, match="NaN"):
        assert_close(np.zeros(2), np.array([0.0, np.nan]))


def test_tolerance_is_far_below_float16() -> None:
    assert tolerance(np.dtype(np.float32), 1000) < 2e-4
