"""The path of gradient descent against the closed form on a bowl."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.models.surfaces import bowl
from deeplearning.optim.descent import gradient_descent


@given(lr=st.floats(0.001, 0.5), steps=st.integers(1, 50), a=st.floats(0.1, 4), b=st.floats(0.1, 4))
@settings(max_examples=60, deadline=None)
def test_a_bowl_shrinks_by_its_factor(lr: float, steps: int, a: float, b: float) -> None:
    start = np.array([1.0, -2.0])
    path = gradient_descent(bowl((a, b)).gradient, start, lr, steps)
    assert path.shape == (steps + 1, 2)
    t = np.arange(steps + 1)[:, None]
    np.testing.assert_allclose(
        path, start * (1 - lr * np.array([a, b])) ** t, rtol=1e-9, atol=1e-12
    )


def test_momentum_follows_its_recurrence() -> None:
    path = gradient_descent(lambda x: x, np.array([1.0]), 0.1, 5, momentum=0.9)
    x, v = 1.0, 0.0
    for t in range(5):
        v = 0.9 * v + x
        x -= 0.1 * v
        assert path[t + 1, 0] == pytest.approx(x)


def test_a_path_that_leaves_all_bounds_is_returned() -> None:
    path = gradient_descent(lambda x: x**3, np.array([10.0]), 1.0, 50)
    assert not np.isfinite(path[-1, 0])


@pytest.mark.parametrize(("lr", "steps"), [(0.0, 5), (-1.0, 5), (float("nan"), 5), (0.1, 0)])
def test_refused(lr: float, steps: int) -> None:
    with pytest.raises(ValueError, match="positive rate"):
        gradient_descent(lambda x: x, np.ones(1), lr, steps)
