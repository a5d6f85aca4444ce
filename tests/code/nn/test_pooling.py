"""Pooling: values and gradients against PyTorch and finite differences, over generated shapes, windows and margins."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import nn
from deeplearning.autograd import Tensor, gradcheck, no_grad, threads
from deeplearning.nn import functional as F

few = settings(max_examples=15, deadline=None)
DTYPES = [np.float32, np.float64]


def normal(shape: tuple[int, ...], dtype: Any = np.float64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


@contextmanager
def poisoned() -> Iterator[None]:
    """Fresh memory is full of NaN: what an operation forgets to write is seen."""

    def filled(make: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        def replaced(*args: Any, **kwargs: Any) -> np.ndarray:
            array = make(*args, **kwargs)
            if array.dtype.kind == "f":
                array[...] = np.nan
            elif array.dtype == np.uint8:  # raw memory: as floats, these bytes are NaN
                array[...] = 255
            return array

        return replaced

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "empty", filled(np.empty))
        patch.setattr(np, "empty_like", filled(np.empty_like))
        yield


def compare(ours: Any, theirs: Any, x: np.ndarray, length: int) -> None:
    """Run both on x, send one random gradient back, compare the result and the gradient."""
    a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    z = theirs(b)
    dy = normal(tuple(z.shape), x.dtype, seed=7)
    with poisoned():
        y = ours(a)
        y.backward(dy)
    z.backward(torch.tensor(dy))
    assert y.dtype == a.grad.dtype == x.dtype
    assert_close(y.data, z.detach().numpy(), length=length, name="value")
    assert_close(a.grad.data, b.grad.numpy(), length=length, name="gradient")


@st.composite
def windows(draw: Any) -> tuple[int, tuple[int, ...], dict[str, Any]]:
    """Number of pooled axes, a shape with or without samples, and sizes that fit it."""
    dims = draw(st.integers(1, 2))
    kernel = [draw(st.integers(1, 4)) for _ in range(dims)]
    padding = [draw(st.integers(0, k // 2)) for k in kernel]
    lengths = [
        draw(st.integers(max(1, k - 2 * p), 9)) for k, p in zip(kernel, padding, strict=True)
    ]
    sizes = {"kernel_size": kernel, "padding": padding}
    if draw(st.booleans()):
        sizes["stride"] = [draw(st.integers(1, 4)) for _ in range(dims)]
    lead = draw(st.sampled_from([(2, 3), (0, 2), (2,)]))
    # A single number where all axes agree.
    plain = {name: size[0] if len(set(size)) == 1 else tuple(size) for name, size in sizes.items()}
    return dims, (*lead, *lengths), plain


@pytest.mark.parametrize("dtype", DTYPES)
@given(case=windows(), ties=st.booleans())
@few
def test_maximum_equals_pytorch(dtype: Any, case: Any, ties: bool) -> None:
    dims, shape, sizes = case
    x = normal(shape, dtype)
    x = np.round(x) if ties else x  # many equal numbers: the first must win
    ours, theirs = (getattr(n, f"MaxPool{dims}d")(**sizes) for n in (nn, torch.nn))
    compare(ours, theirs, x, 16)


@pytest.mark.parametrize("dtype", DTYPES)
@given(case=windows(), counted=st.booleans())
@few
def test_average_equals_pytorch(dtype: Any, case: Any, counted: bool) -> None:
    dims, shape, sizes = case
    ours, theirs = (
        getattr(n, f"AvgPool{dims}d")(**sizes, count_include_pad=counted) for n in (nn, torch.nn)
    )
    compare(ours, theirs, normal(shape, dtype), 64)


@pytest.mark.parametrize("kind", ["Avg", "Max"])
@given(
    lead=st.sampled_from([(2, 3), (0, 3), (3,)]),
    lengths=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    parts=st.tuples(*[st.one_of(st.none(), st.integers(1, 10))] * 2),
)
@few
def test_adaptive_pooling_equals_pytorch(kind: str, lead: Any, lengths: Any, parts: Any) -> None:
    ours, theirs = (getattr(n, f"Adaptive{kind}Pool2d") for n in (nn, torch.nn))
    x = np.round(normal((*lead, *lengths), np.float32), 1)
    compare(ours(parts), theirs(parts), x, 100)
    number = max(n or 1 for n in parts)
    compare(ours(number), theirs(number), x, 100)


@given(case=windows())
@settings(max_examples=6, deadline=None)
def test_gradients_against_finite_differences(case: Any) -> None:
    dims, shape, sizes = case
    # Numbers further apart than the step, so that no winner changes within it.
    x = np.random.default_rng(3).permutation(int(np.prod(shape))).reshape(shape) / 10.0
    for kind in ("max", "avg"):
        gradcheck(lambda t, k=kind: getattr(F, f"{k}_pool{dims}d")(t, **sizes), [x])


def test_gradients_of_adaptive_pooling_against_finite_differences() -> None:
    x = np.random.default_rng(3).permutation(140).reshape(2, 2, 7, 5) / 10.0
    gradcheck(lambda t: F.adaptive_avg_pool2d(t, (3, 2)), [x])
    gradcheck(lambda t: F.adaptive_max_pool2d(t, (3, 2)), [x])


@pytest.mark.parametrize("pool", [nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(3)])
def test_the_order_of_memory_stays(pool: Any) -> None:
    """An image whose channels lie side by side gives one of the same kind, and so does its gradient."""
    last = Tensor(normal((2, 8, 8, 3))).permute(0, 3, 1, 2).detach()
    x = last.requires_grad_()
    y = pool(x)
    assert y._array.transpose(0, 2, 3, 1).flags.c_contiguous
    dx = y._operation.backward(np.ones_like(y._array))
    assert np.argsort(dx.strides).tolist() == np.argsort(x._array.strides).tolist()


@pytest.mark.parametrize("lead", [(2, 5), (5,)])
def test_threads_share_the_channels(lead: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "ENOUGH", 0)
    blas = SimpleNamespace(get_num_threads=lambda: 3, set_num_threads=lambda count: None)
    monkeypatch.setattr(threads, "_blas", lambda: [blas])
    for sizes in ({"kernel_size": 2}, {"kernel_size": 3, "stride": 2, "padding": 1}):
        ours, theirs = (n.MaxPool2d(**sizes) for n in (nn, torch.nn))
        compare(ours, theirs, normal((*lead, 8, 6)), 16)


def test_a_sequence_of_one_number_is_for_both_axes_as_in_pytorch() -> None:
    x = normal((1, 2, 6, 7))
    compare(nn.MaxPool2d([3], (2,), (1,)), torch.nn.MaxPool2d([3], (2,), (1,)), x, 1)


def test_a_window_that_never_wins_back_and_one_that_wins_twice() -> None:
    x = Tensor([[1.0, 5.0, 2.0, 3.0]], requires_grad=True)
    F.max_pool1d(x, 2, stride=1).sum().backward()
    assert x.grad.tolist() == [[0.0, 2.0, 0.0, 1.0]]


def test_nan_is_not_hidden() -> None:
    x = np.array([[1.0, np.nan, 2.0, 3.0, np.nan, 0.0]])
    for pool in (nn.MaxPool1d(2), nn.AvgPool1d(2)):
        assert np.isnan(pool(Tensor(x)).data).tolist() == [[True, False, True]]
    assert np.isnan(nn.AdaptiveMaxPool2d((1, 3))(Tensor(x[None])).data).tolist() == [
        [[True, False, True]]
    ]


def test_without_a_gradient_nothing_is_remembered() -> None:
    x = Tensor(normal((1, 1, 4, 4)), requires_grad=True)
    with no_grad():
        y = nn.MaxPool2d(2)(x)
    assert not y.requires_grad
    assert_close(y.data, nn.MaxPool2d(2)(x).data)


X = np.ones((2, 3, 6, 4), np.float32)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: F.max_pool2d(Tensor(X[0, 0]), 2), r"max_pool2d: .* \(6, 4\) and float32; give floats \(N, C"),
        (lambda: F.max_pool1d(Tensor(X), 2), r"max_pool1d: an input of shape .*give floats \(N, C, L\)"),
        (lambda: F.avg_pool2d(Tensor(X.astype(int)), 2), "avg_pool2d: .*int64; give floats"),
        (lambda: F.max_pool2d(Tensor(X[:, :0]), 2), "no length 0 but N"),
        (lambda: F.max_pool2d(Tensor(X), 0), "kernel_size=0; give one integer or 2, each at least 1"),
        (lambda: F.avg_pool1d(Tensor(X[0]), (2, 2)), r"kernel_size=\(2, 2\); give one integer, each at least 1"),
        (lambda: F.max_pool2d(Tensor(X), 2, 0), "stride=0; give"),
        (lambda: F.max_pool2d(Tensor(X), 2, 2, -1), "padding=-1; give .* at least 0"),
        (lambda: F.max_pool2d(Tensor(X), 3, padding=2), "padding=2 with kernel_size=3; give at most half"),
        (lambda: F.max_pool2d(Tensor(X), 5), r"windows of \(5, 5\) do not fit into an input of \(6, 4\)"),
        (lambda: nn.MaxPool2d(2, ceil_mode=True), "MaxPool2d: ceil_mode=True; only windows"),
        (lambda: nn.AvgPool1d(2.5), r"AvgPool1d: kernel_size=2.5; give"),
        (lambda: nn.MaxPool2d(2, stride=0), "MaxPool2d: stride=0; give"),
        (lambda: nn.AvgPool2d(3, padding=2), "AvgPool2d: padding=2 with kernel_size=3; give at most half"),
        (lambda: nn.AdaptiveMaxPool2d(0), r"AdaptiveMaxPool2d: output_size=\(0, 0\); give"),
        (lambda: nn.AdaptiveAvgPool2d("7"), r"output_size=\('7', '7'\); give"),
        (lambda: F.adaptive_avg_pool2d(Tensor(X), 0), r"output_size=\(0, 0\); give"),
        (lambda: F.adaptive_max_pool2d(Tensor(X), (1, 2, 3)), r"output_size=\(1, 2, 3\); give"),
    ],
)  # fmt: skip
def test_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_repr_is_that_of_pytorch_at_its_beginning() -> None:
    for make in (
        lambda n: n.MaxPool2d(3, 2),
        lambda n: n.AdaptiveAvgPool2d(1),
    ):
        assert repr(make(nn)).rstrip(")")[:24] == repr(make(torch.nn))[:24]
