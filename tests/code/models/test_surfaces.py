"""Surfaces: gradients and Hessians against finite differences, and where they are flat."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.autograd import numerical_gradient
from deeplearning.models.surfaces import HILL, SADDLE, Surface, bowl

SURFACES = {"bowl": bowl((1.0, 20.0)), "saddle": SADDLE, "hill": HILL}
coordinate = st.floats(-2, 2, allow_nan=False)


@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)
@given(a=coordinate, b=coordinate)
@settings(max_examples=50, deadline=None)
def test_derivatives_against_finite_differences(surface: Surface, a: float, b: float) -> None:
    p = np.array([a, b])
    np.testing.assert_allclose(
        surface.gradient(p),
        numerical_gradient(lambda: float(surface.value(p)), p),
        rtol=1e-5,
        atol=1e-6,
    )
    for i in range(2):
        column = numerical_gradient(lambda i=i: float(surface.gradient(p)[i]), p)
        np.testing.assert_allclose(surface.hessian(p)[i], column, rtol=1e-5, atol=1e-6)


def test_flat_points_are_what_they_are_called() -> None:
    origin = np.zeros(2)
    for surface in (SADDLE, HILL):
        np.testing.assert_array_equal(surface.gradient(origin), origin)
    low, high = np.linalg.eigvalsh(SADDLE.hessian(origin))
    assert low < 0 < high
    assert (np.linalg.eigvalsh(HILL.hessian(origin)) < 0).all()


def test_values_of_many_points_at_once() -> None:
    grid = np.random.default_rng(0).standard_normal((3, 4, 2))
    for surface in SURFACES.values():
        values = surface.value(grid)
        assert values.shape == (3, 4)
        assert values[1, 2] == pytest.approx(float(surface.value(grid[1, 2])))
