"""The gradient through time by hand: against PyTorch, finite differences, and PyTorch with the state detached."""

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning.autograd import numerical_gradient
from deeplearning.models import recurrence_by_hand as by_hand

STEPS, BATCH, INPUTS, HIDDEN = 7, 3, 2, 4


def drawn(seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, np.ndarray]:
    """Parameters, inputs, a first state, and the gradient that arrives at every state."""
    generator = np.random.default_rng(seed)
    parameters = by_hand.initialise(INPUTS, HIDDEN, generator)
    return (
        parameters,
        generator.normal(size=(STEPS, BATCH, INPUTS)),
        generator.normal(size=(BATCH, HIDDEN)),
        generator.normal(size=(STEPS, BATCH, HIDDEN)),
    )


def theirs(parameters: dict[str, np.ndarray]) -> torch.nn.RNN:
    layer = torch.nn.RNN(INPUTS, HIDDEN).double()
    layer.load_state_dict({name: torch.tensor(p) for name, p in parameters.items()})
    return layer


def test_states_are_pytorchs() -> None:
    parameters, x, first, _ = drawn()
    states = by_hand.forward(parameters, x, first)
    output, last = theirs(parameters)(torch.tensor(x), torch.tensor(first[None]))
    np.testing.assert_array_equal(states[0], first)
    assert_close(states[1:], output.detach(), length=STEPS * HIDDEN)
    assert_close(states[-1], last[0].detach(), length=STEPS * HIDDEN)


@pytest.mark.parametrize("window", [None, 1, 3, 7, 20])
def test_every_gradient_is_pytorchs_also_truncated(window: int | None) -> None:
    parameters, x, first, dh = drawn(1)
    found, arrived = by_hand.backward(
        parameters, x, by_hand.forward(parameters, x, first), dh, window
    )
    layer = theirs(parameters)
    h0 = torch.tensor(first[None], requires_grad=True)
    h, loss = h0, torch.zeros(())
    for start in range(0, STEPS, window or STEPS):
        part = slice(start, start + (window or STEPS))
        output, h = layer(torch.tensor(x[part]), h if start == 0 and window is None else h.detach())
        loss = loss + (output * torch.tensor(dh[part])).sum()
    loss.backward()
    for name, p in layer.named_parameters():
        assert_close(found[name], p.grad, length=STEPS * BATCH * HIDDEN, name=name)
    if window is None:
        assert_close(arrived[0], h0.grad[0], length=STEPS * HIDDEN)
    else:
        np.testing.assert_array_equal(arrived[0], 0)


def test_finite_differences() -> None:
    parameters, x, first, dh = drawn(2)

    def loss() -> float:
        return float((by_hand.forward(parameters, x, first)[1:] * dh).sum())

    found, arrived = by_hand.backward(parameters, x, by_hand.forward(parameters, x, first), dh)
    for name, p in parameters.items():
        np.testing.assert_allclose(found[name], numerical_gradient(loss, p), atol=1e-7)
    np.testing.assert_allclose(arrived[0], numerical_gradient(loss, first), atol=1e-7)


def test_what_arrives_is_the_product_of_the_jacobians() -> None:
    parameters, x, first, dh = drawn(3)
    dh[:-1] = 0
    states = by_hand.forward(parameters, x, first)
    arrived = by_hand.backward(parameters, x, states, dh)[1]
    for n in range(BATCH):
        product = np.eye(HIDDEN)
        for h in states[:0:-1, n]:
            product = product @ np.diag(1 - h**2) @ parameters["weight_hh_l0"]
        assert_close(arrived[0, n], product.T @ dh[-1, n], length=STEPS * HIDDEN)


def test_shapes_that_do_not_fit_are_named() -> None:
    parameters, x, first, _ = drawn()
    with pytest.raises(ValueError, match=r"x \(7, 3, 2\).*\(2, 4\).*give \(T, N, 2\) and \(N, 4\)"):
        by_hand.forward(parameters, x, first[:2])
    with pytest.raises(ValueError, match=r"x \(3, 2\)"):
        by_hand.forward(parameters, x[0], first)
