"""What holds for every optimiser: PyTorch's steps, an exact restart, groups, and what is refused."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import nn, optim
from deeplearning.autograd import Tensor, no_grad
from deeplearning.optim.optimizer import Optimizer

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"lr": 0.02}),
    "SGD momentum": ("SGD", {"lr": 0.02, "momentum": 0.9, "dampening": 0.3}),
    "SGD nesterov decay": (
        "SGD",
        {"lr": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    ),
    "Adagrad": ("Adagrad", {"lr": 0.1}),
    "Adagrad everything": (
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.02, "initial_accumulator_value": 0.3},
    ),
    "RMSprop": ("RMSprop", {"lr": 0.01}),
    # A long memory: with a short one variance is the small difference of large numbers, which float32 cannot hold.
    "RMSprop centered": ("RMSprop", {"lr": 0.01, "centered": True, "eps": 1e-3}),
    "RMSprop everything": (
        "RMSprop",
        {"lr": 0.005, "momentum": 0.8, "centered": True, "weight_decay": 0.02, "eps": 1e-4},
    ),
    "Adam": ("Adam", {"lr": 0.02}),
    "Adam decay": ("Adam", {"lr": 0.02, "weight_decay": 0.1, "betas": (0.8, 0.99)}),
    "Adam amsgrad": ("Adam", {"lr": 0.02, "amsgrad": True, "eps": 1e-6}),
    "AdamW": ("AdamW", {"lr": 0.02}),
    "AdamW everything": (
        "AdamW",
        {"lr": 0.02, "weight_decay": 0.2, "amsgrad": True, "betas": (0.7, 0.9)},
    ),
}
KINDS = ("SGD", "Adagrad", "RMSprop", "Adam", "AdamW")
SHAPES = [(30, 40), (40,), ()]


def starts(dtype: str = "f4") -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [np.asarray(generator.standard_normal(shape)).astype(dtype) for shape in SHAPES]


def gradients(values: list[np.ndarray], step: int) -> list[np.ndarray]:
    """Of a bowl around 1, steeper along some axes, with noise that is the same for both engines."""
    noise = np.random.default_rng([1, step])
    steep = np.random.default_rng(2)
    return [
        np.asarray(
            steep.uniform(0.1, 3, v.shape) * (v - 1) + 0.1 * noise.standard_normal(v.shape)
        ).astype(v.dtype)
        for v in values
    ]


def walk(optimizer: Any, parameters: list[Any], steps: range, tensor: Any) -> None:
    for step in steps:
        values = [np.array(p.detach().numpy()) for p in parameters]
        for p, g in zip(parameters, gradients(values, step), strict=True):
            p.grad = tensor(g)
        optimizer.step()


def ours(name: str, settings: dict[str, Any], dtype: str = "f4") -> tuple[Any, list[Tensor]]:
    parameters = [Tensor(a, requires_grad=True) for a in starts(dtype)]
    return getattr(optim, name)(parameters, **settings), parameters


def theirs(name: str, settings: dict[str, Any], dtype: str = "f4") -> tuple[Any, list[Any]]:
    parameters = [torch.tensor(a, requires_grad=True) for a in starts(dtype)]
    return getattr(torch.optim, name)(parameters, **settings), parameters


@pytest.mark.parametrize(("name", "settings"), CASES.values(), ids=CASES)
@pytest.mark.parametrize(("dtype", "allowed"), [("f4", 1e-6), ("f8", 1e-13)])
def test_100_steps_equal_pytorchs(
    name: str, settings: dict[str, Any], dtype: str, allowed: float
) -> None:
    a, b = ours(name, settings, dtype), theirs(name, settings, dtype)
    walk(*a, range(100), Tensor)
    walk(*b, range(100), torch.tensor)
    for p, q, start in zip(a[1], b[1], starts(dtype), strict=True):
        assert p.dtype == np.dtype(dtype)
        size = np.abs(q.detach().numpy()).max()
        assert np.abs(p.data - q.detach().numpy()).max() <= allowed * size
        assert np.abs(p.data - start).max() > 0.1  # they did move


@given(
    kind=st.sampled_from(KINDS),
    shape=st.lists(st.integers(0, 4), max_size=3).map(tuple),
    lr=st.floats(1e-3, 0.05),
    decay=st.sampled_from([0.0, 0.1]),
    skipped=st.integers(1, 4),
)
@hypothesis_settings(max_examples=25, deadline=None)
def test_any_shape_and_missing_gradients(
    kind: str, shape: tuple[int, ...], lr: float, decay: float, skipped: int
) -> None:
    start = np.random.default_rng(0).standard_normal(shape)
    p, q = Tensor(np.asarray(start), requires_grad=True), torch.tensor(start, requires_grad=True)
    a = getattr(optim, kind)([p], lr=lr, weight_decay=decay)
    b = getattr(torch.optim, kind)([q], lr=lr, weight_decay=decay)
    for step in range(8):
        a.zero_grad()
        b.zero_grad()
        if step % (skipped + 1):  # none at first, and now and then
            (p * p * p).sum().backward()
            (q * q * q).sum().backward()
        a.step()
        b.step()
    assert_close(p.data, q.detach().numpy(), length=100)


@pytest.mark.parametrize(("name", "settings"), CASES.values(), ids=CASES)
def test_a_loaded_state_continues_exactly(name: str, settings: dict[str, Any]) -> None:
    optimizer, parameters = ours(name, settings)
    walk(optimizer, parameters, range(5), Tensor)
    # The saved state is a copy, and the settings come with it.
    state, values = optimizer.state_dict(), [p.data.copy() for p in parameters]
    walk(optimizer, parameters, range(5, 10), Tensor)
    other, copies = ours(name, {})
    for copy, value in zip(copies, values, strict=True):
        copy.data = value
    other.load_state_dict(state)
    walk(other, copies, range(5, 10), Tensor)
    for p, q in zip(parameters, copies, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


@pytest.mark.parametrize(("name", "settings"), CASES.values(), ids=CASES)
def test_a_state_of_pytorchs_is_taken_over(name: str, settings: dict[str, Any]) -> None:
    there, tensors = theirs(name, settings, "f8")
    walk(there, tensors, range(5), torch.tensor)
    here, parameters = ours(name, {}, "f8")
    for p, q in zip(parameters, tensors, strict=True):
        p.data = q.detach().numpy()
    here.load_state_dict(there.state_dict())
    walk(there, tensors, range(5, 30), torch.tensor)
    walk(here, parameters, range(5, 30), Tensor)
    for p, q in zip(parameters, tensors, strict=True):
        assert_close(p.data, q.detach().numpy(), length=30)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_lies_in_the_weights_order(kind: str) -> None:
    """Weights whose memory runs the other way, as nn.Linear keeps them: so must all that goes along with them."""
    p = Tensor(np.asfortranarray(np.ones((3, 4))), requires_grad=True)
    optimizer = getattr(optim, kind)([p])
    p.grad = Tensor(np.asfortranarray(np.ones((3, 4))))
    optimizer.step()
    other = getattr(optim, kind)([p])
    saved = optimizer.state_dict()
    for state in saved["state"].values():  # as an archive of another kind might hold it
        state |= {k: np.ascontiguousarray(v) for k, v in state.items() if np.ndim(v)}
    other.load_state_dict(saved)
    for memory in (optimizer.state[p], other.state[p]):
        assert all(np.ndim(v) == 0 or v.strides == p.data.strides for v in memory.values())


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_left_and_parameters_without_one_stay(kind: str) -> None:
    p, still = Tensor([1.0, 2.0], requires_grad=True), Tensor([1.0], requires_grad=True)
    (p * 3).sum().backward()
    y = (p * p).sum()
    getattr(optim, kind)([p, still], lr=0.1, weight_decay=0.1).step()
    assert p.grad.tolist() == [3.0, 3.0]
    assert still.tolist() == [1.0]
    assert p.tolist() != [1.0, 2.0]
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_a_rate_that_pytorch_keeps_as_a_tensor() -> None:
    there = torch.optim.Adam([torch.tensor([3.0], requires_grad=True)], lr=torch.tensor(0.25))
    w = Tensor([3.0], requires_grad=True)
    here = optim.Adam([w])
    here.load_state_dict(there.state_dict())
    (w * w).sum().backward()
    here.step()
    assert_close(w.numpy(), [2.75])
    assert isinstance(here.lr, float)


def test_groups_have_their_own_settings() -> None:
    layer, twin = nn.Linear(3, 2).double(), torch.nn.Linear(3, 2).double()
    with no_grad():
        twin.load_state_dict({k: torch.tensor(v) for k, v in layer.state_dict().items()})
    x = np.random.default_rng(0).standard_normal((5, 3))
    for model, module, make in ((layer, optim, Tensor), (twin, torch.optim, torch.tensor)):
        groups = [
            {"params": [model.weight], "weight_decay": 0.1},
            {"params": model.bias, "lr": 0.5},
        ]
        optimizer = module.AdamW(groups, lr=0.01)
        for _ in range(10):
            optimizer.zero_grad()
            (model(make(x)) ** 2).sum().backward()
            optimizer.step()
    for key, value in layer.state_dict().items():
        assert_close(value, twin.state_dict()[key].numpy(), length=10)


def test_lr_is_read_and_set() -> None:
    p, q = Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([{"params": [p]}, {"params": [q], "lr": 0.5}], lr=0.1)
    assert optimizer.lr == 0.1
    optimizer.lr = np.float64(0.2)
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, 0.2]
    assert type(optimizer.lr) is float
    assert repr(optimizer) == "SGD(lr=0.2, 1 tensors; lr=0.2, 1 tensors)"
    assert optim.SGD([p], lr=np.float32(0.5)).lr == 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_refused_parameters(kind: str) -> None:
    make, p = getattr(optim, kind), Tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match="no parameters"):
        make([])
    with pytest.raises(TypeError, match=r"one Tensor; give a list"):
        make(p)
    with pytest.raises(TypeError, match="a parameter is a tuple"):
        make([("weight", p)])
    with pytest.raises(ValueError, match="operation's result"):
        make([p * 2])
    with pytest.raises(ValueError, match="given twice"):
        make([p, p])
    with pytest.raises(ValueError, match="given twice"):
        make([{"params": [p]}, {"params": [p]}])
    with pytest.raises(ValueError, match=r"no settings \['rate'\]; there are .*'lr'"):
        make([{"params": [p], "rate": 1}])
    with pytest.raises(TypeError, match="a group of parameters is a Tensor"):
        make([{"params": [p]}, p])
    with pytest.raises(ValueError, match=r"lr=-1\.0; give a finite number >= 0"):
        make([p], lr=-1.0)
    with pytest.raises(ValueError, match="weight_decay=inf"):
        make([p], weight_decay=float("inf"))


def test_refused_states() -> None:
    p = Tensor([1.0], requires_grad=True)
    optimizer = optim.SGD([p], momentum=0.9)
    p.grad = Tensor([1.0])
    optimizer.step()
    good = optimizer.state_dict()
    group = good["param_groups"][0]
    for wrong, words in (
        ({"state": {}}, r"without \['param_groups'\]"),
        (good | {"param_groups": []}, r"groups of \[\] parameters; these are groups of \[1\]"),
        (good | {"param_groups": [group | {"params": [0, 1]}]}, r"groups of \[2\] parameters"),
        (good | {"param_groups": [{"params": [0], "lr": 0.1}]}, "without.*momentum"),
        (good | {"param_groups": [group | {"lr": -0.1}]}, r"lr=-0\.1"),
        (good | {"param_groups": [group | {"maximize": True}]}, "minimises"),
        (good | {"state": {0: {"momentum_buffer": np.ones(3)}}}, r"shape \(3,\) for parameter 0"),
    ):
        with pytest.raises(ValueError, match=words):
            optimizer.load_state_dict(wrong)
        assert optimizer.state_dict()["param_groups"] == good["param_groups"]
        assert optimizer.state[p]["momentum_buffer"].tolist() == [1.0]


def test_the_base_does_not_move() -> None:
    with pytest.raises(NotImplementedError, match="Optimizer does not say how it moves"):
        Optimizer([Tensor([1.0], requires_grad=True)], {"lr": 0.1}).step()
