"""AdaGrad's own arithmetic, by hand."""

import numpy as np

from comparison import assert_close
from deeplearning.autograd import Tensor
from deeplearning.optim import Adagrad


def test_equal_gradients_make_harmonic_steps() -> None:
    # Of equal gradients c the sum after t steps is t·c², so that the step is lr/√t whatever c is.
    p = Tensor(np.zeros(3), requires_grad=True)
    optimizer = Adagrad([p], lr=0.5, eps=0.0)
    for _ in range(7):
        p.grad = Tensor(np.array([0.01, 1.0, 300.0]))
        optimizer.step()
    assert_close(p.data, np.full(3, -0.5 * sum(t**-0.5 for t in range(1, 8))))


def test_the_accumulator_begins_where_it_is_told() -> None:
    p = Tensor(np.zeros(1), requires_grad=True)
    optimizer = Adagrad([p], lr=1.0, initial_accumulator_value=9.0, eps=0.0)
    p.grad = Tensor(np.array([4.0]))
    optimizer.step()
    assert p.tolist() == [-0.8]
