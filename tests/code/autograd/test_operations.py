"""Every operation: values and gradients against PyTorch and against finite differences, over generated shapes."""

import contextlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, broadcastable_shapes, mutually_broadcastable_shapes

from comparison import assert_close
from deeplearning.autograd import Tensor, cat, gradcheck, no_grad, operations, stack, where
from deeplearning.nn import functional as F

DTYPES = [np.float32, np.float64]
few = settings(max_examples=25, deadline=None)


def normal(shape: tuple[int, ...], dtype: Any = np.float64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def compare(
    ours: Callable[..., Any], theirs: Callable[..., Any], arrays: list[np.ndarray], length: int = 1
) -> None:
    """Run one function in both engines, send the same random gradient back, compare results and all gradients."""
    a = [Tensor(x, requires_grad=True) for x in arrays]
    b = [torch.tensor(x, requires_grad=True) for x in arrays]
    y, z = ours(*a), theirs(*b)
    assert_close(y.data, z.detach().numpy(), length=length, name="value")
    assert y.dtype == arrays[0].dtype
    dy = normal(y.shape, arrays[0].dtype, seed=1)
    y.backward(dy)
    z.backward(torch.tensor(dy))
    for i, (p, q) in enumerate(zip(a, b, strict=True)):
        assert_close(p.grad.data, q.grad.numpy(), length=length, name=f"gradient of operand {i}")
        assert p.grad.dtype == p.dtype


BINARY = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (b * b + 1),
}


@pytest.mark.parametrize("f", BINARY.values(), ids=BINARY)
@pytest.mark.parametrize("dtype", DTYPES)
@given(shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4))
@few
def test_arithmetic_broadcasts_as_pytorch(f: Any, dtype: Any, shapes: Any) -> None:
    first, second = shapes.input_shapes
    compare(f, f, [normal(first, dtype), normal(second, dtype, seed=5)], length=64)


UNARY = {
    "exp": (lambda x: x.exp(), None),
    "tanh": (lambda x: x.tanh(), None),
    "sigmoid": (lambda x: x.sigmoid(), None),
    "relu": (lambda x: x.relu(), None),
    "abs": (lambda x: x.abs(), None),
    "log": (lambda x: (x * x + 1).log(), None),
    "sqrt": (lambda x: (x * x + 1).sqrt(), None),
    "negative": (lambda x: -x, None),
    "square": (lambda x: x**2, None),
    "cube": (lambda x: x**3, None),
    "inverse": (lambda x: (x * x + 1) ** -1, None),
    "power 0": (lambda x: x**0, None),
    "number first": (lambda x: (2 - x) * 3 + 1 / (x * x + 1), None),
    "softmax": (lambda x: x.softmax(-1), None),
    "log softmax": (lambda x: x.log_softmax(-1), None),
    "sum": (lambda x: x.sum(), None),
    "mean": (lambda x: x.mean(), None),
    "sum of an axis": (lambda x: x.sum(0), None),
    "mean kept": (lambda x: x.mean(-1, keepdim=True), None),
    "max": (lambda x: x.max(-1), lambda x: x.amax(-1)),
    "min kept": (lambda x: x.min(0, keepdim=True), lambda x: x.amin(0, keepdim=True)),
    "max of all": (lambda x: x.max(), lambda x: x.amax()),
    "reshape": (lambda x: x.reshape(-1) * 2, None),
    "flatten": (lambda x: x.flatten(), None),
    "transpose": (lambda x: x.reshape(1, -1).transpose(0, 1).exp(), None),
    "T": (lambda x: x.reshape(x.shape[0], -1).T, None),
    "first": (lambda x: x[0], None),
    "slice": (lambda x: x[..., ::2], None),
    "reversed order": (lambda x: x[..., np.arange(x.shape[-1])[::-1].copy()], None),
    "chosen twice": (lambda x: x[[0, 0, -1]], None),
    "new axis": (lambda x: x[None, ..., None], None),
}


@pytest.mark.parametrize(("ours", "theirs"), UNARY.values(), ids=UNARY)
@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=array_shapes(min_dims=1, max_dims=4, max_side=5))
@few
def test_function_of_one_tensor(ours: Any, theirs: Any, dtype: Any, shape: tuple[int, ...]) -> None:
    compare(ours, theirs or ours, [normal(shape, dtype)], length=int(np.prod(shape)))


@pytest.mark.parametrize("name", UNARY)
def test_function_against_finite_differences(name: str) -> None:
    assert gradcheck(UNARY[name][0], [normal((3, 4)) + 0.05])


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    batch=mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3),
    n=st.integers(1, 5), k=st.integers(1, 5), m=st.integers(1, 5),
    vector=st.sampled_from(["neither", "left", "right", "both"]),
)  # fmt: skip
@few
def test_matmul(dtype: Any, batch: Any, n: int, k: int, m: int, vector: str) -> None:
    left = (k,) if vector in ("left", "both") else (*batch.input_shapes[0], n, k)
    right = (k,) if vector in ("right", "both") else (*batch.input_shapes[1], k, m)
    compare(
        lambda a, b: a @ b,
        lambda a, b: a @ b,
        [normal(left, dtype), normal(right, dtype, 2)],
        length=k * 9,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [True, False])
@given(
    lead=array_shapes(min_dims=0, max_dims=3, max_side=4), k=st.integers(1, 9), m=st.integers(1, 9)
)
@few
def test_linear(dtype: Any, bias: bool, lead: tuple[int, ...], k: int, m: int) -> None:
    arrays = [normal((*lead, k), dtype), normal((m, k), dtype, 2)] + (
        [normal((m,), dtype, 3)] if bias else []
    )
    compare(F.linear, torch.nn.functional.linear, arrays, length=k * 64)


@given(shape=array_shapes(min_dims=1, max_dims=3, max_side=4), n=st.integers(1, 3), data=st.data())
@few
def test_cat_and_stack(shape: tuple[int, ...], n: int, data: Any) -> None:
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    arrays = [normal(shape, seed=i) for i in range(n)]
    compare(lambda *x: cat(x, dim), lambda *x: torch.cat(x, dim), arrays)
    compare(lambda *x: stack(x, dim), lambda *x: torch.stack(x, dim), arrays)


@given(shapes=mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=4))
@few
def test_where(shapes: Any) -> None:
    condition = normal(shapes.input_shapes[0], seed=9) > 0
    arrays = [normal(s, seed=i) for i, s in enumerate(shapes.input_shapes[1:])]
    compare(
        lambda a, b: where(condition, a, b),
        lambda a, b: torch.where(torch.tensor(condition), a, b),
        arrays,
        64,
    )


@given(shape=array_shapes(min_dims=2, max_dims=4, max_side=4), data=st.data())
@few
def test_permute_and_transpose(shape: tuple[int, ...], data: Any) -> None:
    dims = data.draw(st.permutations(range(len(shape))))
    compare(lambda x: x.permute(*dims), lambda x: x.permute(*dims), [normal(shape)])
    compare(lambda x: x.transpose(0, -1), lambda x: x.transpose(0, -1), [normal(shape)])


@given(shape=array_shapes(min_dims=1, max_dims=3, max_side=3), data=st.data())
@few
def test_reduction_over_several_axes(shape: tuple[int, ...], data: Any) -> None:
    dims = tuple(data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True)))
    compare(lambda x: x.sum(dims), lambda x: x.sum(dims), [normal(shape)], 27)
    compare(
        lambda x: x.max(dims, keepdim=True),
        lambda x: x.amax(dims, keepdim=True),
        [normal(shape)],
        27,
    )


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("dtype", DTYPES)
@given(n=st.integers(1, 8), k=st.integers(1, 6))
@few
def test_cross_entropy(reduction: str, dtype: Any, n: int, k: int) -> None:
    labels = np.random.default_rng(n).integers(0, k, n)
    compare(
        lambda x: F.cross_entropy(x, labels, reduction),
        lambda x: torch.nn.functional.cross_entropy(x, torch.tensor(labels), reduction=reduction),
        [normal((n, k), dtype) * 3], length=n * k,
    )  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@given(shape=array_shapes(max_dims=2, max_side=5))
@few
def test_binary_cross_entropy_and_mse(reduction: str, shape: tuple[int, ...]) -> None:
    targets = np.random.default_rng(1).random(shape)
    reference = torch.tensor(targets)
    compare(
        lambda x: F.binary_cross_entropy_with_logits(x, targets, reduction),
        lambda x: torch.nn.functional.binary_cross_entropy_with_logits(x, reference, reduction=reduction),
        [normal(shape) * 4], length=25,
    )  # fmt: skip
    compare(
        lambda x: F.mse_loss(x, targets, reduction),
        lambda x: torch.nn.functional.mse_loss(x, reference, reduction=reduction),
        [normal(shape)], length=25,
    )  # fmt: skip


@pytest.mark.parametrize("scale", [1e2, 1e4, 1e30])
def test_large_scores_neither_overflow_nor_lose_the_gradient(scale: float) -> None:
    scores = np.array([[0.0, 1.0, -1.0]], np.float32) * np.float32(scale)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for f in (
            lambda x: x.softmax(1),
            lambda x: x.sigmoid(),
            lambda x: x.tanh(),
            lambda x: x.log_softmax(1),
        ):
            assert np.isfinite(f(Tensor(scores)).data).all()
        x = Tensor(scores, requires_grad=True)
        F.cross_entropy(x, np.array([0])).backward()
    assert_close(x.grad.data, [[-1.0, 1.0, 0.0]])


def test_a_small_divisor_loses_no_gradient() -> None:
    a, b = (
        Tensor(np.float32(1e-20), requires_grad=True),
        Tensor(np.float32(1e-23), requires_grad=True),
    )
    (a / b).backward()  # b² is 0 in float32, a/b² is not infinite
    np.testing.assert_allclose(b.grad.item(), -1e26, rtol=1e-5)


def test_the_targets_of_the_binary_cross_entropy_have_a_gradient() -> None:
    compare(
        F.binary_cross_entropy_with_logits, torch.nn.functional.binary_cross_entropy_with_logits,
        [normal((3, 2)), np.random.default_rng(1).random((3, 2))],
    )  # fmt: skip


def test_lists_multiply_as_matrices() -> None:
    x, m = Tensor(np.array([1.0, 2.0]), requires_grad=True), [[1.0, 2.0], [3.0, 4.0]]
    ((x @ m) + (m @ x)).sum().backward()
    assert x.grad.tolist() == [3 + 4, 7 + 6]


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (3, 0), (1,)])
@pytest.mark.parametrize(
    "name", ["exp", "relu", "negative", "inverse", "sum", "flatten", "reshape", "number first"]
)
def test_tensors_without_axes_or_elements(name: str, shape: tuple[int, ...]) -> None:
    f = UNARY[name][0]
    compare(lambda x: f(x) * 2.0, lambda x: f(x) * 2.0, [normal(shape, np.float32)])


def test_an_empty_batch_is_flattened() -> None:
    assert Tensor(np.zeros((0, 28, 28))).flatten(1).shape == (0, 784)


def test_equal_maxima_share_the_gradient() -> None:
    x = Tensor([1.0, 3.0, 3.0], requires_grad=True)
    x.max().backward()
    assert x.grad.tolist() == [0.0, 0.5, 0.5]


def test_dropout_keeps_the_mean_and_its_mask() -> None:
    x = Tensor(np.ones((200, 500), np.float32), requires_grad=True)
    y = F.dropout(x, 0.3, generator=np.random.default_rng(0))
    kept = y.data != 0
    # Binomial: 100,000 elements kept with probability 0.7 have a standard deviation of 0.0014.
    assert abs(kept.mean() - 0.7) < 6 * 0.00145
    assert_close(y.data[kept], np.full(kept.sum(), 1 / 0.7))
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data)


@pytest.mark.parametrize("name", [n for n in UNARY if n not in ("chosen twice", "reversed order")])
def test_a_change_in_place_gives_an_error_or_the_right_gradient(name: str) -> None:
    """Whatever an operation keeps, changing its operand or result must never give a silently wrong gradient."""
    f, array = UNARY[name][0], normal((3, 4)) + 0.05
    reference = Tensor(array, requires_grad=True)
    f(reference).sum().backward()
    for changed in ("operand", "result"):
        x = Tensor(array, requires_grad=True)
        y = f(x)
        total = y.sum()
        with no_grad():
            if changed == "operand":
                x *= 1.5
            else:
                y *= 1.5
        with contextlib.suppress(
            RuntimeError
        ):  # an error is right; without one the gradient must be
            total.backward()
            assert_close(x.grad.data, reference.grad.data)


def test_every_operation_is_exported_and_has_both_directions() -> None:
    for name in operations.__all__:
        operation = getattr(operations, name)
        assert "forward" in vars(operation), name
        assert "backward" in vars(operation), name
        assert operation.__doc__, name


@given(shapes=broadcastable_shapes((3, 4), min_dims=0, max_dims=2))
@few
def test_constant_arrays_take_part_without_gradient(shapes: tuple[int, ...]) -> None:
    constant = normal(shapes)
    x = Tensor(normal((3, 4)), requires_grad=True)
    ((constant * x) + (x - constant) / 2).sum().backward()
    assert_close(x.grad.data, np.broadcast_to(constant, (3, 4)) + 0.5)
