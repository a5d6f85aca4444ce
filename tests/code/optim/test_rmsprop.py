"""RMSProp's own arithmetic, by hand."""

import numpy as np
import pytest

from comparison import assert_close
from deeplearning.autograd import Tensor
from deeplearning.optim import RMSprop


def test_the_mean_forgets() -> None:
    # After a long time with gradient c the mean of squares is c², and a step is lr long.
    p = Tensor(np.zeros(2), requires_grad=True)
    optimizer = RMSprop([p], lr=0.5, alpha=0.5, eps=0.0)
    for _ in range(80):
        before = p.data.copy()
        p.grad = Tensor(np.array([0.02, 50.0]))
        optimizer.step()
    assert_close(before - p.data, [0.5, 0.5])


def test_centered_divides_by_the_standard_deviation() -> None:
    p = Tensor(np.zeros(1), requires_grad=True)
    optimizer = RMSprop([p], lr=1.0, alpha=0.5, centered=True, eps=0.0)
    seen = [2.0, 6.0]
    for gradient in seen:
        before = p.item()
        p.grad = Tensor(np.array([gradient]))
        optimizer.step()
    # Weights 1/4 and 1/2 of the two, and 1/4 of the zero before them.
    mean, square = 0.25 * 2 + 0.5 * 6, 0.25 * 4 + 0.5 * 36
    assert_close(before - p.data, [6 / (square - mean**2) ** 0.5])


def test_alpha_is_a_share() -> None:
    with pytest.raises(ValueError, match=r"RMSprop: alpha=1\.0; give 0 <= number < 1"):
        RMSprop([Tensor([1.0], requires_grad=True)], alpha=1.0)
