"""The graph: order, freeing, modes, and every error of the backward pass."""

import gc
import threading
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import autograd
from deeplearning.autograd import Tensor, gradcheck, is_grad_enabled, no_grad, where
from deeplearning.autograd.operation import Operation, unbroadcast
from deeplearning.nn import functional as F


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values, np.float64), requires_grad=True)


def test_a_graph_of_100000_nodes() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    y.sum().backward()
    assert x.grad.tolist() == [1.0]
    y = x
    for _ in range(100_000):  # never differentiated: taking it apart must not recurse either
        y = y + 1.0
    del y
    gc.collect()


def test_a_value_used_twice_adds_its_gradients() -> None:
    x = leaf(3.0)
    y = x * x
    (y * y + y).sum().backward()
    assert x.grad.tolist() == [4 * 27 + 2 * 3]


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from("+*-")),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_random_graphs_as_pytorch(steps: list[tuple[int, int, str]]) -> None:
    def run(values: list[Any]) -> Any:
        for i, j, sign in steps:
            a, b = values[i % len(values)], values[j % len(values)]
            values.append(
                (a + b) * 0.5 if sign == "+" else (a - b) if sign == "-" else (a * b).tanh()
            )
        return values[-1].sum()

    start = np.random.default_rng(0).standard_normal((2, 3))
    ours = [Tensor(row, requires_grad=True) for row in start]
    theirs = [torch.tensor(row, requires_grad=True) for row in start]
    run(list(ours)).backward()
    run(list(theirs)).backward()
    for p, q in zip(ours, theirs, strict=True):
        assert (p.grad is None) == (q.grad is None)
        if p.grad is not None:
            assert_close(p.grad.data, q.grad.numpy(), length=1000)


def test_gradients_accumulate_until_forgotten() -> None:
    x = leaf(2.0)
    (x * x).sum().backward()
    (x * x).sum().backward()
    assert x.grad.tolist() == [8.0]
    x.zero_grad()
    assert x.grad is None


def test_gradients_do_not_share_memory() -> None:
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (a + b).sum().backward()
    gradient = a.grad
    gradient *= 5
    assert a.grad.tolist() == [5.0, 5.0]
    assert b.grad.tolist() == [1.0, 1.0]


def test_second_backward_needs_retain_graph() -> None:
    x = leaf(2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [8.0]
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_arrays_are_freed_by_backward() -> None:
    x = leaf(*range(10))
    y = x.exp()
    kept = weakref.ref(y._operation.y)
    total = y.sum()
    del y
    assert kept() is not None
    total.backward()
    assert kept() is None


def test_intermediate_gradients_are_kept_only_on_request() -> None:
    x = leaf(2.0)
    y, z = x * 3, x * 4
    y.retain_grad()
    (y * z).sum().backward()
    assert y.grad.tolist() == [8.0]
    assert z.grad is None


def test_backward_of_a_leaf_and_with_a_gradient() -> None:
    x = leaf(1.0)
    x.backward()
    x.backward(Tensor([2.0]))
    assert x.grad.tolist() == [3.0]
    y = leaf(1.0, 2.0)
    (y * 2).backward(np.array([1.0, 10.0]))
    assert y.grad.tolist() == [2.0, 20.0]


def test_no_grad_records_nothing_and_ends_with_its_block() -> None:
    x = leaf(1.0)
    with no_grad():
        assert not is_grad_enabled()
        assert not (x * 2).requires_grad
        with pytest.raises(RuntimeError, match="nothing here requires a gradient"):
            (x * 2).sum().backward()
    assert is_grad_enabled()
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert is_grad_enabled()


def test_no_grad_holds_for_its_own_thread_only() -> None:
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_backward_on_several_numbers_explains_itself() -> None:
    with pytest.raises(RuntimeError, match=r"shape \(2,\).*sum\(\) or \.mean\(\)"):
        (leaf(1.0, 2.0) * 2).backward()


def test_backward_with_a_gradient_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"shape \(3,\) for a tensor of shape \(2,\)"):
        (leaf(1.0, 2.0) * 2).backward(np.ones(3))


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda: Tensor(np.ones((2, 3))) + Tensor(np.ones((4, 3))), ["Add", "(2, 3)", "(4, 3)"]),
        (lambda: Tensor(np.ones((2, 3))) @ Tensor(np.ones((4, 3))), ["MatMul", "(2, 3)", "(4, 3)"]),
        (
            lambda: F.linear(Tensor(np.ones((2, 3))), Tensor(np.ones((5, 4)))),
            ["Linear", "(2, 3)", "(5, 4)"],
        ),
        (lambda: Tensor(np.ones((2, 3))).reshape(7), ["Reshape", "(2, 3)", "(7,)"]),
        (lambda: Tensor(np.ones((2, 3))).permute(0, 0), ["Permute", "(0, 0)", "(2, 3)"]),
        (lambda: Tensor(np.ones((2, 3))).sum(2), ["Sum", "dim=2", "(2, 3)"]),
        (lambda: Tensor(np.ones((2, 3))).sum(1.5), ["Sum", "dim=1.5", "(2, 3)"]),
        (lambda: Tensor(np.ones((2, 3))).mean((0, 0)), ["Mean", "dim=(0, 0)", "different"]),
        (
            lambda: Tensor(np.ones((2, 2, 3))) @ Tensor(np.ones((3, 3, 4))),
            ["MatMul", "(2, 2, 3)", "(3, 3, 4)"],
        ),
        (
            lambda: F.linear(*[Tensor(np.ones(s)) for s in ((2, 3), (5, 3), (2, 5))]),
            ["Linear", "(2, 5)", "(5,)"],
        ),
        (
            lambda: F.linear(Tensor([[1, 2]]), Tensor(np.ones((5, 2)))),
            ["Linear", "int64", "astype"],
        ),
        (lambda: Tensor(np.ones(3)).flatten(1), ["axis 1", "dimension 1"]),
        (lambda: Tensor(np.ones((2, 3))).transpose(0, 2), ["axis 2", "dimension 2"]),
        (
            lambda: autograd.cat([Tensor(np.ones((2, 3))), Tensor(np.ones((2, 4)))]),
            ["Concatenate", "(2, 3)", "(2, 4)"],
        ),
        (
            lambda: autograd.stack([Tensor(np.ones(3)), Tensor(np.ones(4))]),
            ["Stack", "(3,)", "(4,)"],
        ),
        (lambda: where(np.ones(2, bool), Tensor(np.ones(3)), 0.0), ["Where", "(2,)", "(3,)"]),
    ],
)
def test_shape_mismatch_names_both_shapes(f: Any, words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"shape|dim|input") as error:
        f()
    for word in words:
        assert word in str(error.value)


def test_every_gradient_can_be_written() -> None:
    for shape in [(), (0, 2), (2, 3)]:
        for f in (
            lambda x: x.sum() * 2.0,
            lambda x: x.mean(-1) if x.ndim else x.mean(),
            lambda x: x * 1.0,
            lambda x: x + 1.0,
            lambda x: -x,
        ):
            x = Tensor(np.ones(shape), requires_grad=True)
            y = f(x)
            y.backward(np.ones(y.shape))
            before, kept = x.grad.data.copy(), x.grad
            kept *= 2
            np.testing.assert_array_equal(x.grad.data, before * 2)
            x.backward(np.ones(shape))  # a leaf's own gradient is added
            np.testing.assert_array_equal(x.grad.data, before * 2 + 1)
            assert x.grad is x.grad


def test_a_result_cannot_decline_its_gradient() -> None:
    with pytest.raises(RuntimeError, match=r"use detach\(\)"):
        (leaf(1.0) * 2).requires_grad_(False)
    assert not leaf(1.0).requires_grad_(False).requires_grad


def test_a_condition_has_no_gradient() -> None:
    w, x = leaf(1.0, -1.0), leaf(2.0, 3.0)
    where(
        w.relu(), x, x * 5
    ).sum().backward()  # the condition is a result that requires a gradient, and gets none
    assert w.grad is None
    assert x.grad.tolist() == [1.0, 5.0]


def test_a_frozen_weight_gets_no_gradient() -> None:
    x, weight, bias = leaf(1.0, 2.0), Tensor(np.ones((3, 2))), leaf(0.0, 0.0, 0.0)
    F.linear(x, weight, bias).sum().backward()
    assert (x.grad.tolist(), weight.grad, bias.grad.tolist()) == ([3.0, 3.0], None, [1.0, 1.0, 1.0])


def test_an_operation_that_returns_a_wrong_shape_is_found() -> None:
    class Wrong(Operation):
        def forward(self, x: np.ndarray) -> np.ndarray:
            return x * 1

        def backward(self, dy: np.ndarray) -> np.ndarray:
            return dy[:1]

    with pytest.raises(AssertionError, match="Wrong"):
        autograd.apply(Wrong(), leaf(1.0, 2.0)).sum().backward()


def test_gradcheck_finds_a_planted_error() -> None:
    class WrongSign(Operation):
        def forward(self, x: np.ndarray) -> np.ndarray:
            return x * x

        def backward(self, dy: np.ndarray) -> np.ndarray:
            return -dy

    with pytest.raises(AssertionError, match="gradient of input 0"):
        gradcheck(lambda x: autograd.apply(WrongSign(), x), [np.array([1.0, 2.0])])
    with pytest.raises(ValueError, match="float64"):
        gradcheck(lambda x: x, [np.ones(2, np.float32)])


def test_mixed_precision_returns_each_operand_its_own() -> None:
    a = Tensor(np.ones(2, np.float32), requires_grad=True)
    b = Tensor(np.ones(2, np.float64), requires_grad=True)
    (a * b).sum().backward()
    assert a.grad.dtype == np.float32
    assert b.grad.dtype == np.float64


def test_unbroadcast_inverts_broadcasting() -> None:
    assert unbroadcast(np.ones((2, 3, 4)), (3, 1)).tolist() == [[8.0], [8.0], [8.0]]


def test_base_operation_is_abstract() -> None:
    with pytest.raises(NotImplementedError):
        Operation().forward(np.ones(1))
    with pytest.raises(NotImplementedError):
        Operation().backward(np.ones(1))
