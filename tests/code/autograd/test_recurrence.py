"""Recurrent operations over a sequence against the same cells composed of elementary operations, step by step."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from comparison import assert_close
from deeplearning.autograd import Tensor, apply, cat, gradcheck, no_grad, stack, threads, zeros
from deeplearning.autograd.operations import recurrence
from deeplearning.autograd.operations.packing import Pick, Place

few = settings(max_examples=6, deadline=None)
BATCH_SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(
    lambda sizes: sorted(sizes, reverse=True)
)
KINDS = ["tanh", "relu", "LSTM", "GRU"]
GATES = {"tanh": 1, "relu": 1, "LSTM": 4, "GRU": 3}


def operation(kind: str, batch_sizes: list[int], reverse: bool) -> Any:
    if kind in ("LSTM", "GRU"):
        return getattr(recurrence, kind)(batch_sizes, reverse)
    return recurrence.RNN(batch_sizes, reverse, kind)


def operands(kind: str, batch_sizes: list[int], width: int, hidden: int, dtype: Any) -> list[Any]:
    """Rows, first state(s), weights, biases."""
    generator = np.random.default_rng([sum(batch_sizes), width, hidden])
    rows, batch = GATES[kind] * hidden, batch_sizes[0]
    shapes = [(sum(batch_sizes), width), *[(batch, hidden)] * (1 + (kind == "LSTM"))]
    shapes += [(rows, width), (rows, hidden), (rows,), (rows,)]
    return [0.7 * generator.standard_normal(shape).astype(dtype) for shape in shapes]


def step(kind: str, x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
    """One step of the cell, in single operations, as its definition reads."""
    size = h.shape[1]
    a, b = x @ w_ih.T + b_ih, h @ w_hh.T + b_hh
    if kind in ("tanh", "relu"):
        return getattr(a + b, kind)(), None
    part = [slice(k * size, (k + 1) * size) for k in range(4)]
    if kind == "LSTM":
        i, f, g, o = ((a + b)[:, p] for p in part)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c
    r, z = ((a[:, p] + b[:, p]).sigmoid() for p in part[:2])
    n = (a[:, part[2]] + r * b[:, part[2]]).tanh()
    return (1.0 - z) * n + z * h, None


def composed(kind: str, batch_sizes: list[int], reverse: bool, tensors: list[Any]) -> Any:
    """The whole sequence by single steps; every sequence has a list of states of its own."""
    x, *rest = tensors
    h = [rest[0][k : k + 1] for k in range(batch_sizes[0])]
    c = [rest[1][k : k + 1] if kind == "LSTM" else None for k in range(batch_sizes[0])]
    parameters = rest[2:] if kind == "LSTM" else rest[1:]
    starts = np.cumsum([0, *batch_sizes])
    outputs: dict[int, Any] = {}
    times = range(len(batch_sizes))
    for t in reversed(times) if reverse else times:
        for k in range(batch_sizes[t]):
            row = int(starts[t]) + k
            h[k], c[k] = step(kind, x[row : row + 1], h[k], c[k], *parameters)
            outputs[row] = h[k]
    return cat([*(outputs[row] for row in sorted(outputs)), *h, *(c if kind == "LSTM" else [])])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(batch_sizes=BATCH_SIZES, width=st.integers(1, 3), hidden=st.integers(1, 3), reverse=st.booleans())  # fmt: skip
@few
def test_equals_the_composition(
    kind: str, dtype: Any, batch_sizes: list[int], width: int, hidden: int, reverse: bool
) -> None:
    arrays = operands(kind, batch_sizes, width, hidden, dtype)
    ours, theirs = ([Tensor(a, requires_grad=True) for a in arrays] for _ in range(2))
    y = apply(operation(kind, batch_sizes, reverse), *ours)
    z = composed(kind, batch_sizes, reverse, theirs)
    length = 64 * len(batch_sizes) * (width + hidden)
    assert y.dtype == dtype
    assert_close(y.data, z.data, length=length, name="value")
    dy = np.random.default_rng(1).standard_normal(y.shape).astype(dtype)
    y.backward(dy)
    z.backward(dy)
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert_close(a.grad.data, b.grad.data, length=length * 4, name=f"operand {number}")


@pytest.mark.parametrize("kind", ["tanh", "LSTM", "GRU"])
def test_gradients_against_finite_differences(kind: str) -> None:
    arrays = operands(kind, [2, 1], 2, 2, np.float64)
    gradcheck(lambda *tensors: apply(operation(kind, [2, 1], False), *tensors), arrays)


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_wanted_is_computed_and_none_is_zero(kind: str) -> None:
    x, *states, w_ih, w_hh, _, _ = operands(kind, [3, 2], 2, 2, np.float64)
    weight = Tensor(w_hh, requires_grad=True)
    none = [None] * len(states)
    y = apply(operation(kind, [3, 2], False), x, *none, w_ih, weight, None, None)
    zero = [np.zeros_like(state) for state in states]
    bias = np.zeros(len(w_ih))
    z = apply(operation(kind, [3, 2], False), x, *zero, w_ih, w_hh, bias, bias)
    np.testing.assert_array_equal(y.data, z.data)
    y.sum().backward()
    assert weight.grad.shape == w_hh.shape


@pytest.mark.parametrize("kind", KINDS)
def test_backward_twice_adds_up_the_same(kind: str) -> None:
    tensors = [Tensor(a, requires_grad=True) for a in operands(kind, [2, 2, 1], 2, 3, np.float64)]
    y = apply(operation(kind, [2, 2, 1], False), *tensors)
    dy = np.random.default_rng(2).standard_normal(y.shape)
    y.backward(dy, retain_graph=True)
    once = [tensor.grad.data.copy() for tensor in tensors]
    y.backward(dy)
    for tensor, gradient in zip(tensors, once, strict=True):
        assert_close(tensor.grad.data, 2 * gradient)
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward(dy)


@pytest.mark.parametrize("kind", KINDS)
def test_one_weight_for_two_sequences(kind: str) -> None:
    """Gradients of two uses add up to those of both sequences in one batch."""
    x, *states, w_ih, w_hh, b_ih, b_hh = operands(kind, [2, 2], 2, 2, np.float64)
    apart, together = (
        [Tensor(a, requires_grad=True) for a in (w_ih, w_hh, b_ih, b_hh)] for _ in range(2)
    )
    first = [state[:1] for state in states], [state[1:] for state in states]
    parts = [apply(operation(kind, [1, 1], False), x[k::2], *first[k], *apart) for k in range(2)]
    (parts[0].sum() + parts[1].sum()).backward()
    apply(operation(kind, [2, 2], False), x, *states, *together).sum().backward()
    for a, b in zip(apart, together, strict=True):
        assert_close(a.grad.data, b.grad.data, length=64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threads_used", [1, 2])
def test_pieces_of_weights_and_threads_change_nothing(
    kind: str, threads_used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, results = [5, 3, 1], []
    arrays = operands(kind, sizes, 3, 8, np.float64)
    dy = np.random.default_rng(3).standard_normal((9 + 5 * (2 if kind == "LSTM" else 1), 8))
    for width in (4, 8 * GATES[kind], 1000):  # several pieces, one, and a width that does not fit
        monkeypatch.setattr(recurrence, "WIDTH", width)
        if width < 1000:
            monkeypatch.setattr(threads, "ENOUGH", 0)
        with threadpool_limits(threads_used if width < 1000 else 1):
            tensors = [Tensor(a, requires_grad=True) for a in arrays]
            y = apply(operation(kind, sizes, True), *tensors)
            y.backward(dy)
        results.append([y.data, *(tensor.grad.data for tensor in tensors)])
    for several in results[:-1]:
        for a, b in zip(several, results[-1], strict=True):
            assert_close(a, b, length=256)


def test_no_grad_records_nothing() -> None:
    tensors = [Tensor(a, requires_grad=True) for a in operands("LSTM", [2, 1], 2, 2, np.float32)]
    with no_grad():
        y = apply(recurrence.LSTM([2, 1]), *tensors)
    assert y.is_leaf
    assert not y.requires_grad


@pytest.mark.parametrize("place", [0, 4, "result"])
def test_changes_in_place_are_noticed(place: Any) -> None:
    arrays = operands("tanh", [2, 1], 2, 2, np.float32)
    leaves = [Tensor(a, requires_grad=True) for a in arrays]
    tensors = [leaf * 1.0 for leaf in leaves]
    y = apply(recurrence.RNN([2, 1]), *tensors)
    part = apply(Pick(slice(0, 3)), y)
    changed = {0: tensors[0], 4: tensors[4], "result": part}[place]
    with no_grad():
        changed += 1.0
    if place == 4:  # a bias, whose values backward does not need
        part.sum().backward()
        assert leaves[4].grad is not None
    else:
        with pytest.raises(
            RuntimeError, match=r"RNN: (an operand|its result).* was changed in place"
        ):
            part.sum().backward()


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        (((4, 2), None, (3, 2), (3, 3)), r"RNN: rows of shape \(4, 2\) .* add up to 3.*give rows \(3, I\)"),
        (((3, 2), None, (3, 4), (3, 3)), r"'weight_ih': \(3, 4\)"),
        (((3, 2), None, (3, 2), (6, 3)), r"'weight_hh': \(6, 3\).* weight_hh \(1 H, H\)"),
        (((3, 2), (1, 3), (3, 2), (3, 3)), r"initial state of shape \(1, 3\); give \(2, 3\)"),
    ],
)  # fmt: skip
def test_refused(shapes: Any, words: str) -> None:
    given = [None if shape is None else zeros(*shape) for shape in shapes]
    with pytest.raises(ValueError, match=words):
        apply(recurrence.RNN([2, 1]), *given, None, None)


def test_pick_and_place_are_each_others_backward() -> None:
    x = np.random.default_rng(0).standard_normal((3, 2, 2))
    key = (np.array([0, 2, 1]), np.array([1, 0, 0]))
    gradcheck(lambda x: apply(Pick(key), x), [x])
    gradcheck(lambda x: apply(Place(key, (3, 2, 2), 7.0), x), [x[:, 0]])
    placed = apply(Place(key, (3, 2, 2), 7.0), Tensor(x[:, 0]))
    np.testing.assert_array_equal(apply(Pick(key), placed).data, x[:, 0])
    assert (placed.data == 7).sum() == 6
    tensor = Tensor(x, requires_grad=True)
    assert stack([apply(Pick(0), tensor)]).shape == (1, 2, 2)
