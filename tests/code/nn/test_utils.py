"""Gradient clipping against PyTorch's."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import nn
from deeplearning.autograd import Tensor


def pairs(shapes: list[tuple[int, ...]], dtype: str = "f4") -> tuple[list[Any], list[Any]]:
    """Of each shape a tensor of either engine with the same gradient; the last has none."""
    generator = np.random.default_rng(0)
    ours, theirs = [], []
    for i, shape in enumerate(shapes):
        gradient = np.asarray(3 * generator.standard_normal(shape)).astype(dtype)
        ours.append(Tensor(np.zeros(shape, dtype), requires_grad=True))
        theirs.append(torch.zeros(shape, dtype=torch.tensor(gradient).dtype, requires_grad=True))
        if i < len(shapes) - 1:
            ours[i].grad = Tensor(np.asfortranarray(gradient).reshape(shape))
            theirs[i].grad = torch.tensor(gradient)
    return ours, theirs


@given(
    shapes=st.lists(
        st.lists(st.integers(0, 5), max_size=3).map(tuple), min_size=1, max_size=4
    ),
    limit=st.sampled_from([0.0, 0.5, 5.0, 1e4]),
    order=st.sampled_from([1.0, 2.0, 3.5, float("inf")]),
    dtype=st.sampled_from(["f4", "f8"]),
)  # fmt: skip
@hypothesis_settings(max_examples=60, deadline=None)
def test_norm_equals_pytorchs(
    shapes: list[tuple[int, ...]], limit: float, order: float, dtype: str
) -> None:
    if order == float("inf"):  # PyTorch has no largest of nothing
        shapes = [tuple(max(1, n) for n in shape) for shape in shapes]
    ours, theirs = pairs(shapes, dtype)
    norm = nn.utils.clip_grad_norm_(ours, limit, order)
    expected = torch.nn.utils.clip_grad_norm_(theirs, limit, order)
    assert norm.shape == ()
    assert_close(norm.data, expected.numpy(), length=100, dtype=dtype)
    for p, q in zip(ours, theirs, strict=True):
        if q.grad is None:
            assert p.grad is None
        else:
            assert_close(p.grad.data, q.grad.numpy(), length=100)


def test_a_short_gradient_stays_as_it_is() -> None:
    p = Tensor([0.0, 0.0], requires_grad=True)
    p.grad = Tensor([0.3, 0.4])
    assert nn.utils.clip_grad_norm_(p, 1.0).item() == pytest.approx(0.5)
    assert p.grad.data.tolist() == np.float32([0.3, 0.4]).tolist()


def test_no_gradient_has_norm_zero() -> None:
    assert nn.utils.clip_grad_norm_([Tensor([1.0], requires_grad=True)], 1.0).item() == 0
    assert nn.utils.clip_grad_norm_([], 1.0).item() == 0


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_norm_that_is_no_number_shows(bad: float) -> None:
    p, q = Tensor([0.0, 0.0], requires_grad=True), torch.zeros(2, requires_grad=True)
    p.grad, q.grad = Tensor([bad, 1.0]), torch.tensor([bad, 1.0])
    with np.errstate(invalid="ignore"):
        norm = nn.utils.clip_grad_norm_([p], 1.0)
    expected = torch.nn.utils.clip_grad_norm_([q], 1.0)
    np.testing.assert_array_equal(norm.data, expected.numpy())
    np.testing.assert_array_equal(p.grad.data, q.grad.numpy())


@pytest.mark.parametrize("limit", [0.5, 2.0, 100.0])
def test_value_equals_pytorchs(limit: float) -> None:
    ours, theirs = pairs([(3, 4), (5,), (), (2,)])
    nn.utils.clip_grad_value_(ours, limit)
    torch.nn.utils.clip_grad_value_(theirs, limit)
    for p, q in zip(ours[:-1], theirs, strict=False):
        np.testing.assert_array_equal(p.grad.data, q.grad.numpy())


def test_refused() -> None:
    p = Tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match="max_norm=-1"):
        nn.utils.clip_grad_norm_([p], -1)
    with pytest.raises(ValueError, match="norm_type=0"):
        nn.utils.clip_grad_norm_([p], 1.0, 0)
    with pytest.raises(ValueError, match="clip_value=0"):
        nn.utils.clip_grad_value_([p], 0)
