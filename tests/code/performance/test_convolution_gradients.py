"""Every form of the two gradients against PyTorch in float64."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning.performance import convolution_gradients as gradients

FORMS = {form.__name__: form for form in (*gradients.FORMS, gradients.rows_first)}
Shape = tuple[int, ...]  # n, c, h, w, k, r, s, padding


def draw(shape: Shape, dtype: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n, c, h, w, k, r, s, p = shape
    generator = np.random.default_rng(shape)
    sizes = (n, c, h, w), (k, c, r, s), (n, k, h + 2 * p - r + 1, w + 2 * p - s + 1)
    x, weight, dy = (generator.standard_normal(size).astype(dtype) for size in sizes)
    return x, weight, dy


def compute(name: str, *arrays: np.ndarray, padding: int) -> tuple[np.ndarray, np.ndarray]:
    if name != "rows_first":
        return FORMS[name](*arrays, padding)
    x, weight, dy = arrays
    dx, dweight = FORMS[name](
        x.transpose(2, 1, 3, 0).copy(), weight, dy.transpose(2, 1, 3, 0).copy(), padding
    )
    return dx.transpose(3, 1, 0, 2), dweight


def compare(name: str, shape: Shape, dtype: Any) -> None:
    x, weight, dy = draw(shape, dtype)
    kept = [array.copy() for array in (x, weight, dy)]
    dx, dweight = compute(name, x, weight, dy, padding=shape[-1])
    a, b = (torch.tensor(array.astype(np.float64), requires_grad=True) for array in (x, weight))
    torch.nn.functional.conv2d(a, b, padding=shape[-1]).backward(torch.tensor(dy).double())
    assert dx.dtype == dweight.dtype == dtype
    length = max(dy[:, 0].size, weight[:, 0].size)
    assert_close(dx, a.grad.numpy(), length=length, dtype=dtype, name=f"{name}: input")
    assert_close(dweight, b.grad.numpy(), length=length, dtype=dtype, name=f"{name}: weight")
    for array, before in zip((x, weight, dy), kept, strict=True):
        np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("shape", [(2, 3, 5, 7, 4, 3, 3, 1), (3, 2, 6, 5, 2, 2, 3, 0)])
def test_form_equals_pytorch_in_float32(name: str, shape: Shape) -> None:
    compare(name, shape, np.float32)


@settings(deadline=None, max_examples=15)
@given(st.data())
def test_forms_on_any_shape(data: st.DataObject) -> None:
    n, c, k, r, s = (data.draw(st.integers(1, 3)) for _ in range(5))
    p = data.draw(st.integers(0, min(r, s) - 1))
    h, w = (data.draw(st.integers(max(1, side - 2 * p), 5)) for side in (r, s))
    for name in FORMS:
        compare(name, (n, c, h, w, k, r, s, p), np.float64)


@pytest.mark.parametrize("form", gradients.FORMS, ids=lambda form: form.__name__)
def test_what_does_not_fit_is_refused(form: Any) -> None:
    with pytest.raises(ValueError, match="same number of channels"):
        form(np.ones((1, 3, 4, 4)), np.ones((1, 2, 3, 3)), np.ones((1, 1, 2, 2)))
