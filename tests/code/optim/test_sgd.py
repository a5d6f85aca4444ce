"""SGD: its settings against PyTorch's, its fast subtraction, and what it refuses."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import nn, optim
from deeplearning.autograd import Tensor

SETTINGS = {
    "plain": {},
    "nesterov": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
}
SHAPES = [(3, 4), (4,), (100, 120)]  # the last one is larger than a block of the update


def steps(
    module: Any, make: Any, settings: dict[str, Any], n: int, transpose: bool = False
) -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    parameters = [make(generator.standard_normal(shape)) for shape in SHAPES]
    if transpose:  # weights whose memory runs the other way, as nn.Linear keeps them
        parameters = [make(np.asfortranarray(p.detach().numpy())) for p in parameters]
    optimizer = module.SGD(parameters, lr=0.01, **settings)
    for _ in range(n):
        optimizer.zero_grad()
        for p in parameters:
            ((p * p - 1) ** 2).sum().backward()
        optimizer.step()
    return [np.array(p.detach().numpy()) for p in parameters]


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("transpose", [False, True])
def test_100_steps_equal_pytorchs(settings: dict[str, Any], transpose: bool) -> None:
    # The loss (p² - 1)² draws every number to 1 or -1, so that rounding differences shrink instead of growing.
    ours = steps(optim, lambda a: Tensor(np.tanh(a), requires_grad=True), settings, 100, transpose)
    theirs = steps(
        torch.optim,
        lambda a: torch.tensor(np.tanh(a), requires_grad=True),
        settings,
        100,
        transpose,
    )
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


def test_parameters_without_gradient_stay() -> None:
    p = Tensor([1.0], requires_grad=True)
    optim.SGD([p], lr=1.0).step()
    assert p.tolist() == [1.0]


def test_step_does_not_change_the_gradient() -> None:
    p = Tensor([1.0], requires_grad=True)
    (p * 3).sum().backward()
    optim.SGD([p], lr=0.1, momentum=0.9, weight_decay=0.1).step()
    assert p.grad.tolist() == [3.0]


def test_a_step_between_forward_and_backward_is_detected() -> None:
    p = Tensor([1.0], requires_grad=True)
    (p * p).sum().backward()
    y = (p * p).sum()
    optim.SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lr": -1.0}, "lr=-1.0"),
        ({"lr": float("nan")}, "lr=nan"),
        ({"momentum": -0.1}, "momentum=-0.1"),
        ({"weight_decay": -1}, "weight_decay=-1"),
        ({"nesterov": True}, "momentum > 0"),
    ],
)
def test_refused_settings(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        optim.SGD([Tensor([1.0], requires_grad=True)], **settings)


@given(
    lr=st.floats(0.001, 0.05), momentum=st.sampled_from([0.0, 0.5, 0.9]), dampening=st.sampled_from([0.0, 0.3, 1.0]),
    weight_decay=st.sampled_from([0.0, 0.01, 0.1]), nesterov=st.booleans(), dtype=st.sampled_from(["f4", "f8"]),
    skipped=st.integers(1, 5),
)  # fmt: skip
@hypothesis_settings(max_examples=15, deadline=None)
def test_any_settings_equal_pytorchs(dtype: str, skipped: int, **chosen: Any) -> None:
    if chosen["nesterov"]:
        chosen |= {"momentum": chosen["momentum"] or 0.9, "dampening": 0.0}
    start = [
        np.random.default_rng(i).standard_normal(shape).astype(dtype)
        for i, shape in enumerate([(3, 2), (2,)])
    ]
    ours = [Tensor(a, requires_grad=True) for a in start]
    theirs = [torch.tensor(a, requires_grad=True) for a in start]
    for module, parameters in ((optim, ours), (torch.optim, theirs)):
        optimizer = module.SGD(parameters, **chosen)
        for step in range(40):
            optimizer.zero_grad()
            ((parameters[0] - 1) ** 2).sum().backward()
            if step % (
                skipped + 1
            ):  # the second parameter has no gradient in some steps, the first among them
                (parameters[1] ** 2).sum().backward()
            optimizer.step()
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == np.dtype(dtype)
        # (θ - c)² draws both sides to the same point, so that rounding shrinks; momentum passes it through zero.
        assert_close(a.data, b.detach().numpy(), length=100)


def test_velocity_lies_in_the_weights_order_of_memory() -> None:
    p = Tensor(np.asfortranarray(np.ones((3, 4))), requires_grad=True)
    p.grad = Tensor(np.asfortranarray(np.ones((3, 4))))
    optimizer = optim.SGD([p], momentum=0.9)
    optimizer.step()
    assert optimizer.state[p]["momentum_buffer"].strides == p.data.strides
    assert optimizer.state_dict()["state"][0]["momentum_buffer"].strides == p.data.strides


def test_the_update_has_the_precision_of_the_weights() -> None:
    layer = nn.Linear(300, 400)
    optimizer = optim.SGD(layer.parameters(), lr=0.1)
    layer.double()  # after the optimiser has seen float32
    before, gradient = (
        layer.weight.data.copy(),
        np.random.default_rng(0).standard_normal((400, 300)),
    )
    layer.weight.grad = Tensor(np.asfortranarray(gradient))
    optimizer.step()
    # Not bit for bit: the BLAS rounds product and difference together, once.
    assert_close(layer.weight.data, before - 0.1 * gradient)
