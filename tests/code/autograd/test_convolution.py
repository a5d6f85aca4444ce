"""Convolution and its transpose: values and all gradients against PyTorch and finite differences, on any shape."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning.autograd import Tensor, gradcheck, no_grad, threads
from deeplearning.autograd.operations import convolution, convolution_forms, elementwise, pooling
from deeplearning.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore:Using padding:UserWarning")
few = settings(max_examples=20, deadline=None)


def normal(shape: tuple[int, ...], dtype: Any = np.float64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


@st.composite
def configurations(draw: Any, dims: int, transposed: bool = False) -> tuple[Any, ...]:
    """Draw the shapes of x, weight and bias, and the numbers of a convolution that they fit."""

    def numbers(least: int, most: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(least, most)) for _ in range(dims))

    groups, a, b = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    kernel, stride, dilation, padding = numbers(1, 3), numbers(1, 3), numbers(1, 2), numbers(0, 2)
    options: dict[str, Any] = {
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
    }
    if transposed:
        extra = tuple(
            draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)
        )
        options["output_padding"] = extra
        least = [  # the smallest input whose result has a pixel
            max(1, -(-(2 * p - d * (r - 1) - e) // s) + 1)
            for r, s, d, p, e in zip(kernel, stride, dilation, padding, extra, strict=True)
        ]
    else:
        same = draw(st.booleans()) and max(stride) == 1
        if same:
            options["padding"] = "same"
        least = [
            1 if same else max(1, d * (r - 1) + 1 - 2 * p)
            for r, d, p in zip(kernel, dilation, padding, strict=True)
        ]
    size = tuple(draw(st.integers(n, n + 4)) for n in least)
    batch = draw(st.integers(0, 3))
    weight = (groups * a, b, *kernel)
    channels, outputs = (groups * a, groups * b) if transposed else (groups * b, groups * a)
    return (batch, channels, *size), weight, (outputs,), options


def compare(name: str, arrays: list[np.ndarray], length: int, **options: Any) -> None:
    """Run one function in both engines, send the same gradient back, compare the result and all gradients."""
    a = [Tensor(x, requires_grad=True) for x in arrays]
    b = [torch.tensor(x, requires_grad=True) for x in arrays]
    y, z = getattr(F, name)(*a, **options), getattr(torch.nn.functional, name)(*b, **options)
    assert y.dtype == arrays[0].dtype
    assert_close(y.data, z.detach().numpy(), length=length, name="value")
    dy = normal(y.shape, arrays[0].dtype, seed=1)
    y.backward(dy)
    z.backward(torch.tensor(dy))
    for i, (p, q) in enumerate(zip(a, b, strict=True)):
        assert p.grad.dtype == p.dtype
        assert_close(p.grad.data, q.grad.numpy(), length=length, name=f"gradient of operand {i}")


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill memory that was asked for uninitialised with NaN, so that whatever is not written shows."""

    def empty(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        return np.full(shape, np.nan, dtype)

    monkeypatch.setattr(convolution_forms, "empty", empty)


NAMES = ["conv1d", "conv2d", "conv3d", "conv_transpose2d"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_equals_pytorch(name: str, dtype: Any, poisoned: None) -> None:
    dims, transposed = int(name[-2]), "transpose" in name

    @few
    @given(case=configurations(dims, transposed))
    def any_configuration(case: Any) -> None:
        x, weight, bias, options = case
        arrays = [normal(x, dtype), normal(weight, dtype, 2), normal(bias, dtype, 3)]
        length = max(math.prod(weight), math.prod(x))
        compare(name, arrays if sum(x) % 3 else arrays[:2], length, **options)

    any_configuration()


@pytest.mark.parametrize("name", NAMES)
def test_gradients_against_finite_differences(name: str) -> None:
    dims, transposed = int(name[-2]), "transpose" in name
    x = normal((2, 4, 4, 3, 3)[: dims + 2])
    weight, bias = normal((4, 2, 2, 3, 2)[: dims + 2], seed=2), normal((4,), seed=3)
    options: dict[str, Any] = {"stride": 2, "padding": 1, "groups": 2}
    if transposed:
        options["output_padding"] = 1
    gradcheck(lambda *operands: getattr(F, name)(*operands, **options), [x, weight, bias])


SHAPES: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "one pixel": ((1, 1, 1, 1), (1, 1, 1, 1), {}),
    "no image": ((0, 2, 5, 5), (3, 2, 3, 3), {"padding": 1}),
    "a kernel as large as the image": ((2, 3, 4, 5), (2, 3, 4, 5), {}),
    "padding wider than the kernel": ((2, 1, 3, 3), (2, 1, 2, 2), {"padding": 3}),
    "a stride over everything": ((2, 2, 5, 6), (2, 2, 1, 1), {"stride": 9}),
    "depthwise": ((2, 5, 6, 6), (5, 1, 3, 3), {"groups": 5, "stride": 2, "padding": 1}),
    "an even kernel, same size": ((1, 2, 5, 4), (3, 2, 4, 2), {"padding": "same"}),
    "valid": ((1, 2, 5, 4), (3, 2, 4, 2), {"padding": "valid", "stride": 2}),
    "one number for all axes": ((1, 2, 9, 9), (3, 2, 3, 3), {"stride": [2], "dilation": (2,)}),
    "the first layer of LeNet-5": ((3, 1, 28, 28), (6, 1, 5, 5), {"padding": 2}),
}


@pytest.mark.parametrize(("x", "weight", "options"), SHAPES.values(), ids=SHAPES)
def test_shapes_at_the_edge(x: Any, weight: Any, options: dict[str, Any], poisoned: None) -> None:
    arrays = [
        normal(x, np.float32),
        normal(weight, np.float32, 2),
        normal(weight[:1], np.float32, 3),
    ]
    compare("conv2d", arrays, max(math.prod(x), math.prod(weight)), **options)


def test_several_blocks_of_rows(monkeypatch: pytest.MonkeyPatch, poisoned: None) -> None:
    monkeypatch.setattr(convolution_forms, "CACHE", 1)  # every row a block of its own
    arrays = [normal((2, 4, 9, 6)), normal((6, 2, 3, 3), seed=2), normal((6,), seed=3)]
    compare("conv2d", arrays, 500, padding=1, groups=2, dilation=(2, 1))
    compare("conv2d", arrays, 500, padding=(2, 0), groups=2, stride=(3, 2))
    arrays = [normal((2, 6, 5, 4)), normal((6, 2, 3, 3), seed=2), normal((4,), seed=3)]
    compare("conv_transpose2d", arrays, 500, padding=1, groups=2, stride=2, output_padding=1)


@pytest.mark.parametrize("name", ["conv1d", "conv2d", "conv3d"])
def test_the_form_for_many_channels(
    name: str, monkeypatch: pytest.MonkeyPatch, poisoned: None
) -> None:
    monkeypatch.setattr(convolution_forms, "DEEP", 1)  # one channel is many
    monkeypatch.setattr(convolution_forms, "DEEP_WEIGHT", 1)
    dims = int(name[-2])

    @few
    @given(case=configurations(dims))
    def any_configuration(case: Any) -> None:
        x, weight, bias, options = case
        options |= {"stride": 1, "groups": 1}
        weight = (weight[0], x[1], *weight[2:])
        arrays = [normal(x), normal(weight, seed=2), normal(bias, seed=3)]
        compare(name, arrays, max(math.prod(weight), math.prod(x)), **options)

    any_configuration()


def test_threads_share_the_rows(monkeypatch: pytest.MonkeyPatch, poisoned: None) -> None:
    monkeypatch.setattr(threads, "ENOUGH", 0)
    blas = SimpleNamespace(get_num_threads=lambda: 3, set_num_threads=lambda count: None)
    monkeypatch.setattr(threads, "_blas", lambda: [blas])
    arrays = [normal((2, 4, 9, 6)), normal((6, 2, 3, 3), seed=2), normal((6,), seed=3)]
    compare("conv2d", arrays, 500, padding=(2, 0), groups=2, stride=(2, 1))
    arrays = [normal((2, 40, 8, 6)), normal((6, 40, 3, 3), seed=2), normal((6,), seed=3)]
    compare("conv2d", arrays, 2000, padding=1)
    arrays = [normal((2, 6, 5, 4)), normal((6, 2, 3, 3), seed=2), normal((4,), seed=3)]
    compare("conv_transpose2d", arrays, 500, padding=1, groups=2, stride=2, output_padding=1)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 1, 3, 0), (3, 2, 1, 0), (1, 2, 3, 0)])
def test_any_order_of_the_axes_in_memory(order: tuple[int, ...]) -> None:
    """Neither values nor gradients depend on how the input and the result's gradient lie in memory."""

    def laid(array: np.ndarray) -> np.ndarray:
        back = np.argsort(order)
        return np.ascontiguousarray(array.transpose(order)).transpose(back)

    x, weight = normal((3, 2, 6, 5)), Tensor(normal((4, 2, 3, 3)), requires_grad=True)
    operand = Tensor(laid(x), requires_grad=True)
    y = F.conv2d(operand, weight, padding=1)
    dy = normal(y.shape, seed=1)
    y.backward(laid(dy))
    a, b = torch.tensor(x, requires_grad=True), torch.tensor(weight.numpy(), requires_grad=True)
    z = torch.nn.functional.conv2d(a, b, padding=1)
    z.backward(torch.tensor(dy))
    assert_close(y.data, z.detach().numpy(), length=18)
    assert_close(operand.grad.data, a.grad.numpy(), length=36)
    assert_close(weight.grad.data, b.grad.numpy(), length=90)


def test_what_follows_keeps_the_order_in_memory() -> None:
    y = F.conv2d(Tensor(normal((4, 2, 6, 6), np.float32)), Tensor(normal((3, 2, 3, 3), np.float32)))
    assert np.argsort([-step for step in y.data.strides]).tolist() == [2, 1, 3, 0]
    assert y.relu().data.strides == y.data.strides
    operation = elementwise.ReLU()
    operation.forward(y.data)
    assert operation.backward(np.ones_like(y.data)).strides == y.data.strides


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
@pytest.mark.parametrize("stride", [1, 2])
def test_pooling_after_it_keeps_the_order_and_writes_everything(
    name: str, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def empty(shape: tuple[int, ...], dtype: Any, order: Any) -> np.ndarray:
        whole = np.full([shape[axis] for axis in order], np.nan, np.float32)
        return whole.astype(dtype).transpose(np.argsort(order))

    monkeypatch.setattr(pooling, "empty", empty)
    weight = Tensor(normal((3, 2, 3, 3), np.float32), requires_grad=True)
    y = F.conv2d(Tensor(normal((4, 2, 6, 6), np.float32)), weight)
    y.retain_grad()
    z = getattr(F, name)(y, 2, stride)
    assert np.argsort([-step for step in z.data.strides]).tolist() == [2, 1, 3, 0]
    z.sum().backward()
    assert y.grad.data.strides == y.data.strides
    np.testing.assert_array_equal(y.grad.data.sum(), z.size)


def test_the_transpose_is_the_adjoint() -> None:
    """⟨conv(x), y⟩ = ⟨x, conv_transpose(y)⟩, for one weight and any x and y."""
    x, weight = normal((2, 3, 7, 8)), normal((4, 3, 3, 2), seed=2)
    options: dict[str, Any] = {"stride": (2, 3), "padding": 1}
    forth = F.conv2d(Tensor(x), Tensor(weight), **options).data
    y = normal(forth.shape, seed=5)
    back = F.conv_transpose2d(Tensor(y), Tensor(weight), output_padding=(0, 2), **options).data
    assert back.shape == x.shape
    assert_close((forth * y).sum(), (x * back).sum(), length=forth.size)


def test_unrolling_and_folding_are_adjoint() -> None:
    geometry = convolution_forms.Geometry((1, 2), ((0, 0), (1, 1)), (1, 2), groups=2)
    kernel, outputs = (1, 3), geometry.output((5, 6), (1, 3))
    x, z = normal((5, 4, 6, 3)), normal((5, 2, 3, 2, outputs[1] * 3), seed=1)
    whole = convolution_forms.pad(x, geometry.padding, (0, 2))
    unrolled = convolution_forms.unroll(whole, kernel, outputs, geometry)
    back = np.zeros_like(x)
    convolution_forms.fold(z, back, kernel, outputs, geometry)
    assert_close((unrolled.swapaxes(0, 1) * z).sum(), (x * back).sum(), length=z.size)


def test_only_what_is_needed_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("nobody asked for the gradient of the input")

    monkeypatch.setattr(convolution, "input_gradient", refuse)
    x, weight = Tensor(normal((2, 1, 5, 5))), Tensor(normal((2, 1, 3, 3)), requires_grad=True)
    F.conv2d(x, weight).sum().backward()
    assert weight.grad.shape == weight.shape
    with no_grad():
        assert not F.conv2d(x, weight).requires_grad


def test_a_weight_changed_before_backward_is_noticed() -> None:
    x, weight = Tensor(normal((2, 1, 5, 5)), requires_grad=True), Tensor(normal((2, 1, 3, 3)))
    y = F.conv2d(x, weight).sum()
    weight *= 2
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_operands_stay_as_they_are() -> None:
    arrays = [normal((2, 2, 5, 5)), normal((3, 2, 3, 3), seed=1)]
    tensors = [Tensor(array, requires_grad=True) for array in arrays]
    for padding in (0, 1):
        F.conv2d(*tensors, padding=padding).sum().backward()
    for array, tensor in zip(arrays, tensors, strict=True):
        np.testing.assert_array_equal(array, tensor.data)
