"""How close is close enough: one table for all tests, and the one helper that uses it."""

import numpy as np

# Allowed error in units of machine epsilon, relative to the size of what was added up. Rounding in a sum of n terms
# grows like √n when the errors are random; the constant leaves room for a different order of summation.
UNITS = 32


def tolerance(dtype: np.dtype, length: int) -> float:
    """Return the allowed error, relative to the largest number, of results that add up ``length`` terms."""
    return UNITS * float(np.finfo(dtype).eps) * max(1.0, length) ** 0.5


def assert_close(
    actual: object, expected: object, *, length: int = 1, dtype: object = None, name: str = ""
) -> None:
    """Fail unless shapes are equal, everything is finite where expected, and no element is off by more than allowed.

    The error of every element is measured against the largest expected magnitude (at least 1), because a sum that
    cancels to nearly nothing still carries the rounding of its terms. ``dtype`` is the precision of the less precise
    side, by default that of ``actual``.
    """
    a, e = np.asarray(actual), np.asarray(expected)
    assert a.shape == e.shape, f"{name}: shape {a.shape}, expected {e.shape}"
    assert (np.isfinite(a) == np.isfinite(e)).all(), f"{name}: NaN or infinity in the wrong places"
    if not a.size:
        return
    allowed = tolerance(np.dtype(dtype or a.dtype), length) * max(
        1.0, float(np.abs(e[np.isfinite(e)]).max(initial=0))
    )
    error = np.abs(a.astype(np.float64) - e.astype(np.float64))
    worst = np.unravel_index(int(np.nanargmax(error)), error.shape)
    assert error[worst] <= allowed, (
        f"{name}: element {worst} is {a[worst]}, expected {e[worst]}, allowed ±{allowed:.2e}"
    )
