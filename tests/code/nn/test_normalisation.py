"""Batch and layer normalisation: values, gradients and running statistics against PyTorch, over generated shapes."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from comparison import assert_close
from deeplearning import engines, nn
from deeplearning.autograd import Tensor, gradcheck
from deeplearning.nn import functional as F
from deeplearning.training import fit

few = settings(max_examples=15, deadline=None)
# At least three values a channel: the variance of two nearly equal ones amplifies any rounding.
BATCHES = st.one_of(
    st.tuples(st.integers(3, 9), st.integers(1, 6)),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(3, 5)),
)


def normal(shape: tuple[int, ...], seed: int = 0, dtype: Any = np.float64) -> np.ndarray:
    return (1 + 2 * np.random.default_rng([seed, *shape]).standard_normal(shape)).astype(dtype)


def twins(make: Any, dtype: Any, seed: int = 0) -> tuple[Any, Any]:
    """The same layer on both engines, with weights, biases and buffers that are not the trivial ones."""
    ours, theirs = make(nn), make(torch.nn)
    state = {
        name: np.abs(normal(value.shape, seed)) + 0.1
        for name, value in ours.state_dict().items()
        if value.dtype.kind == "f"
    }
    ours.load_state_dict(ours.state_dict() | state)
    theirs.load_state_dict(
        theirs.state_dict() | {name: torch.tensor(value) for name, value in state.items()}
    )
    return (ours.double(), theirs.double()) if dtype == np.float64 else (ours, theirs)


def compare(ours: Any, theirs: Any, x: np.ndarray, length: int) -> None:
    """Run both on x, send one random gradient back, compare the result, every gradient and every buffer."""
    a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, z = ours(a), theirs(b)
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    assert_close(y.data, z.detach().numpy(), length=length, name="value")
    dy = normal(x.shape, seed=7, dtype=x.dtype)
    ours.zero_grad()
    theirs.zero_grad()
    y.backward(dy)
    z.backward(torch.tensor(dy))
    assert_close(a.grad.data, b.grad.numpy(), length=length, name="gradient of the input")
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert_close(p.grad.data, q.grad.numpy(), length=length, name=f"gradient of {name}")
    compare_buffers(ours, theirs, length)


def compare_buffers(ours: Any, theirs: Any, length: int) -> None:
    for (name, p), (_, q) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
        assert str(p.dtype) == str(q.dtype).removeprefix("torch.")
        dtype = np.float64 if p.dtype.kind == "i" else p.dtype
        assert_close(p.data, q.numpy(), length=length, dtype=dtype, name=name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(shape=BATCHES, affine=st.booleans(), track=st.booleans())
@few
def test_batch_norm_equals_pytorch(dtype: Any, shape: Any, affine: bool, track: bool) -> None:
    ours, theirs = twins(
        lambda n: n.BatchNorm1d(shape[1], affine=affine, track_running_stats=track), dtype
    )
    length = 64 * int(np.prod(shape))
    compare(ours, theirs, normal(shape, dtype=dtype), length)
    compare(ours.eval(), theirs.eval(), normal(shape, seed=1, dtype=dtype), length)


@given(
    shape=st.tuples(*[st.integers(1, 3)] * 2, *[st.integers(2, 4)] * 2),
    affine=st.booleans(),
    last=st.booleans(),
)
@settings(max_examples=8, deadline=None)
def test_batch_norm_of_images_equals_pytorch(shape: Any, affine: bool, last: bool) -> None:
    ours, theirs = twins(lambda n: n.BatchNorm2d(shape[1], affine=affine), np.float32)
    length = 64 * int(np.prod(shape))
    for mode, seed in ((True, 0), (False, 1)):
        x = normal(shape, seed, np.float32)
        if last:  # channels side by side in memory
            x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)
        compare(ours.train(mode), theirs.train(mode), x, length)


def test_batch_norm_of_images_against_finite_differences() -> None:
    x, w, b = normal((2, 2, 3, 2)), normal((2,), 1), normal((2,), 2)
    gradcheck(lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), [x, w, b])


@pytest.mark.parametrize("momentum", [0.1, 0.75, 1.0, None])
@given(shape=BATCHES, steps=st.integers(1, 6))
@settings(max_examples=6, deadline=None)
def test_running_statistics_over_several_steps(momentum: Any, shape: Any, steps: int) -> None:
    ours, theirs = (n.BatchNorm1d(shape[1], momentum=momentum) for n in (nn, torch.nn))
    for step in range(steps):
        x = normal(shape, seed=step, dtype=np.float32)
        ours(Tensor(x))
        theirs(torch.tensor(x))
        if step == 1:  # evaluation in between changes nothing
            ours.eval()(Tensor(x))
            ours.train()
    assert ours.num_batches_tracked.item() == steps
    compare_buffers(ours, theirs, 64 * int(np.prod(shape)))


def test_the_plain_average_of_the_batches() -> None:
    layer = nn.BatchNorm1d(2, momentum=None)
    batches = [normal((5, 2), seed) for seed in range(4)]
    layer.double()
    for x in batches:
        layer(Tensor(x))
    assert_close(layer.running_mean.data, np.mean([x.mean(0) for x in batches], 0), length=20)
    assert_close(layer.running_var.data, np.mean([x.var(0, ddof=1) for x in batches], 0), length=20)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    shape=array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5),
    last=st.integers(3, 6),
    data=st.data(),
)
@few
def test_layer_norm_equals_pytorch(dtype: Any, shape: Any, last: int, data: Any) -> None:
    shape = (*shape[:-1], last)  # the trailing axis long enough, as above
    dims = data.draw(st.integers(1, len(shape)))
    affine, bias = data.draw(st.booleans()), data.draw(st.booleans())
    trailing = shape[-dims:] if data.draw(st.booleans()) or dims > 1 else shape[-1]
    ours, theirs = twins(
        lambda n: n.LayerNorm(trailing, elementwise_affine=affine, bias=bias), dtype
    )
    length = 64 * int(np.prod(shape))
    compare(ours, theirs, normal(shape, dtype=dtype), length)
    compare(ours.eval(), theirs.eval(), normal(shape, seed=1, dtype=dtype), length)


@given(shape=BATCHES)
@settings(max_examples=6, deadline=None)
def test_gradients_against_finite_differences(shape: Any) -> None:
    x, w, b = normal(shape), normal(shape[1:2], 1), normal(shape[1:2], 2)
    gradcheck(lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), [x, w, b])
    gradcheck(lambda x: F.batch_norm(x, None, None, training=True), [x])
    mean, var = Tensor(normal(shape[1:2], 3)), Tensor(np.abs(normal(shape[1:2], 4)) + 0.5)
    gradcheck(lambda x, w, b: F.batch_norm(x, mean, var, w, b), [x, w, b])
    if shape[-1] > 2:
        w, b = normal(shape[-1:], 1), normal(shape[-1:], 2)
        gradcheck(lambda x, w, b: F.layer_norm(x, shape[-1:], w, b), [x, w, b])


def test_what_normalisation_promises() -> None:
    x = Tensor(normal((40, 6)) * 30 + 1000)
    y = F.batch_norm(x, None, None, training=True, eps=0.0).data
    assert_close(y.mean(0), np.zeros(6), length=40 * 1000)
    assert_close(y.std(0), np.ones(6), length=40 * 1000)
    z = F.layer_norm(x, (6,), eps=0.0).data
    assert_close(z.mean(1), np.zeros(40), length=6 * 1000)
    assert_close(z.std(1), np.ones(40), length=6 * 1000)
    # Neither sees whether all inputs were scaled and moved.
    assert_close(
        F.batch_norm(x * 5 + 3, None, None, training=True, eps=0.0).data, y, length=40 * 1000
    )


def test_weights_alone_get_gradients_when_the_input_needs_none() -> None:
    for layer in (nn.BatchNorm1d(3), nn.LayerNorm(3)):
        layer(Tensor(normal((5, 3), dtype=np.float32))).sum().backward()
        assert layer.bias.grad.tolist() == [5, 5, 5]


def test_a_weight_changed_between_forward_and_backward_is_noticed() -> None:
    layer = nn.BatchNorm1d(3)
    y = layer(Tensor(normal((5, 3), dtype=np.float32), requires_grad=True)).sum()
    layer.load_state_dict(layer.state_dict())
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def network(n: Any) -> Any:
    return n.Sequential(
        n.Linear(4, 6), n.BatchNorm1d(6), n.ReLU(), n.Linear(6, 6), n.LayerNorm(6), n.ReLU(), n.Linear(6, 3)
    )  # fmt: skip


X, Y = normal((50, 4), dtype=np.float32), np.random.default_rng(1).integers(0, 3, 50)


def train(engine: Any, start: dict[str, np.ndarray], epochs: int = 3, **settings: Any) -> Any:
    model = network(engine.nn)
    engine.load(model, start)
    optimizer = engine.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    fit(
        model, (X, Y), engine=engine, optimizer=optimizer, loss=engine.nn.CrossEntropyLoss(),
        epochs=epochs, batch_size=10, seed=0, **settings,
    )  # fmt: skip
    return model


def test_states_move_between_engines_with_their_buffers() -> None:
    own, torch_engine = engines.get("numpy"), engines.get("torch")
    assert list(network(nn).state_dict()) == list(network(torch.nn).state_dict())
    start = own.state(network(nn))
    ours, theirs = train(own, start), train(torch_engine, start)
    a, b = own.state(ours), torch_engine.state(theirs)
    for name in a:
        assert a[name].dtype == b[name].dtype
        assert_close(a[name], b[name], length=3 * 5 * 50, dtype=np.float32, name=name)
    assert a["1.num_batches_tracked"] == 15
    for engine, model, state in ((own, ours, b), (torch_engine, theirs, a)):
        engine.load(model, state)
        for name, value in engine.state(model).items():
            np.testing.assert_array_equal(value, state[name])


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_resuming_is_exact_with_buffers(name: str, tmp_path: Path) -> None:
    engine = engines.get(name)
    start = engine.state(network(engine.nn))
    whole = engine.state(train(engine, start, 4))
    train(engine, start, 2, checkpoint=tmp_path / "c.npz")
    resumed = engine.state(train(engine, start, 4, checkpoint=tmp_path / "c.npz", resume=True))
    for key, value in whole.items():
        np.testing.assert_array_equal(resumed[key], value)


def test_buffers_are_saved_loaded_and_not_learned(tmp_path: Path) -> None:
    layer, again = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    layer(Tensor(X[:, :3]))
    layer.save(tmp_path / "layer.npz")
    again.load(tmp_path / "layer.npz")
    assert again.running_mean.tolist() == layer.running_mean.tolist() != [0, 0, 0]
    assert again.num_batches_tracked.item() == 1
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    assert [name for name, _ in nn.Sequential(layer, layer).named_buffers()] == [
        "0.running_mean",
        "0.running_var",
        "0.num_batches_tracked",
    ]
    assert len(list(nn.BatchNorm1d(3, track_running_stats=False).buffers())) == 0
    layer.double()
    assert [b.dtype.name for b in layer.buffers()] == ["float64", "float64", "int64"]


def test_buffers_of_other_kinds_are_refused() -> None:
    module = nn.Module()
    for value in (1.0, nn.Parameter([1.0])):
        with pytest.raises(TypeError, match="register_buffer: 'a' is a"):
            module.register_buffer("a", value)
    module.register_buffer("a", Tensor([1.0]))
    for name in ("a", "forward", "b.c"):
        with pytest.raises(ValueError, match="is taken or has a dot"):
            module.register_buffer(name, Tensor([1.0]))
    with pytest.raises(TypeError, match="a is a buffer"):
        module.a = 1.0
    module.a = Tensor([2.0])
    assert module.state_dict()["a"].tolist() == [2.0]
    module.a = None
    assert module.state_dict() == {}


def test_evaluation_does_not_depend_on_the_rest_of_the_batch() -> None:
    layer = nn.BatchNorm1d(4)
    for start, end in pairwise(range(0, 51, 10)):
        layer(Tensor(X[start:end]))
    layer.eval()
    together = layer(Tensor(X)).data
    assert_close(layer(Tensor(X[:1])).data, together[:1])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.BatchNorm1d(4)(Tensor(X[:1])), r"\(1, 4\) has 1 value a channel.*two samples.*model\.eval"),
        (lambda: nn.BatchNorm1d(4)(Tensor(X[:1, :, None])), r"\(1, 4, 1\) has 1 value"),
        (lambda: nn.BatchNorm1d(3)(Tensor(X)), r"running_mean of shape \(3,\) for an input of shape \(50, 4\)"),
        (lambda: nn.BatchNorm1d(4)(Tensor(X[0])), r"shape \(4,\) and float32; give floats \(N, C\)"),
        (lambda: nn.BatchNorm1d(4)(Tensor(np.ones((3, 4), int))), "int64; give floats"),
        (lambda: F.batch_norm(Tensor(X), None, None), "without running statistics"),
        (lambda: nn.BatchNorm1d(0), "BatchNorm1d: num_features=0; give positive"),
        (lambda: nn.BatchNorm2d(4)(Tensor(X)), r"BatchNorm2d: .* \(50, 4\) and float32; give \(N, C, H, W\)"),
        (lambda: nn.BatchNorm1d(4)(Tensor(np.ones((3, 4, 2, 2)))), r"BatchNorm1d: .*\(N, C\) or \(N, C, L\)"),
        (lambda: F.batch_norm(Tensor(np.ones((3, 4, 2, 2, 2))), None, None), r"or \(N, C, H, W\)"),
        (lambda: nn.BatchNorm2d(0), "BatchNorm2d: num_features=0"),
        (lambda: nn.LayerNorm(3)(Tensor(X)), r"\(50, 4\) and float32 with normalized_shape=\(3,\)"),
        (lambda: nn.LayerNorm((50, 4))(Tensor(X[0])), r"shape \(4,\)"),
        (lambda: F.layer_norm(Tensor(X), (4,), weight=Tensor([1.0])), r"weight of shape \(1,\)"),
        (lambda: F.layer_norm(Tensor(X), ()), r"normalized_shape=\(\)"),
        (lambda: nn.LayerNorm([2, 0]), r"normalized_shape=\(2, 0\); give positive"),
        (lambda: nn.LayerNorm([]), r"normalized_shape=\(\)"),
        (lambda: nn.LayerNorm(3.0), "LayerNorm: normalized_shape=3.0; give positive integers"),
    ],
)  # fmt: skip
def test_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_one_value_a_channel_is_fine_in_evaluation_as_in_pytorch() -> None:
    ours, theirs = twins(lambda n: n.BatchNorm1d(4), np.float32)
    compare(ours.eval(), theirs.eval(), X[:1], 4)
    with pytest.raises(ValueError, match="Expected more than 1 value"):
        theirs.train()(torch.tensor(X[:1]))


def test_repr() -> None:
    assert repr(nn.LayerNorm((2, 3))).rstrip(")") in repr(torch.nn.LayerNorm((2, 3)))
    assert "3, eps=1e-05, momentum=None, affine=True" in repr(nn.BatchNorm1d(3, momentum=None))
