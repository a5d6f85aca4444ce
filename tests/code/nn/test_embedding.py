"""The embedding layer and its operation against PyTorch, one-hot products and finite differences."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from comparison import assert_close
from deeplearning import nn
from deeplearning.autograd import Tensor, gradcheck, manual_seed, tensor
from deeplearning.nn import functional as F

ROWS = 7


def table(dtype: Any = np.float64, rows: int = ROWS) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((rows, 3)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    codes=array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5).flatmap(
        lambda shape: arrays(st.sampled_from(["i8", "i4", "u1"]), shape, elements=st.integers(0, ROWS - 1))
    ),
    padding=st.sampled_from([None, 0, 3, -1]),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_value_and_gradient_as_pytorch(dtype: Any, codes: np.ndarray, padding: int | None) -> None:
    ours = Tensor(table(dtype), requires_grad=True)
    theirs = torch.tensor(table(dtype), requires_grad=True)
    y = F.embedding(codes, ours, padding)
    z = torch.nn.functional.embedding(torch.tensor(codes.astype(np.int64)), theirs, padding)
    np.testing.assert_array_equal(y.data, z.detach().numpy())
    dy = np.random.default_rng(1).standard_normal(y.shape).astype(dtype)
    y.backward(dy)
    z.backward(torch.tensor(dy))
    assert ours.grad.dtype == dtype
    assert_close(ours.grad.data, theirs.grad.numpy(), length=codes.size)


def test_is_the_product_with_a_one_hot_matrix() -> None:
    codes = np.array([[3, 3, 0], [6, 3, 1]])
    one_hot = np.eye(ROWS)[codes]
    looked_up, multiplied = (Tensor(table(), requires_grad=True) for _ in range(2))
    y, z = F.embedding(codes, looked_up), Tensor(one_hot) @ multiplied
    assert_close(y.data, z.data)
    dy = np.random.default_rng(1).standard_normal(y.shape)
    y.backward(dy)
    z.backward(dy)
    assert_close(looked_up.grad.data, multiplied.grad.data)
    assert gradcheck(lambda w: F.embedding(codes, w), [table()])


def test_keeps_the_codes_it_looked_up() -> None:
    weight, codes = Tensor(table(), requires_grad=True), np.array([1, 1])
    y = F.embedding(codes, weight)
    codes[:] = 5
    y.sum().backward()
    assert weight.grad.data[:, 0].tolist() == [0, 2, 0, 0, 0, 0, 0]


def test_layer_starts_and_learns_as_pytorchs() -> None:
    manual_seed(0)
    layer = nn.Embedding(2000, 30, padding_idx=-2)
    weight = layer.weight.data
    assert layer.padding_idx == torch.nn.Embedding(2000, 30, padding_idx=-2).padding_idx == 1998
    assert not weight[1998].any()
    assert np.delete(weight, 1998, axis=0).all()
    assert abs(weight.mean()) < 0.02
    assert abs(weight.std() - 1) < 0.02
    theirs = torch.nn.Embedding(2000, 30, padding_idx=-2)
    layer.load_state_dict(theirs.state_dict())
    codes = np.array([[5, 1998, 5], [1, 2, 1998]])
    expected = theirs(torch.tensor(codes))
    assert_close(layer(tensor(codes)).data, expected.detach().numpy())
    (layer(codes) ** 2).sum().backward()
    (expected**2).sum().backward()
    assert_close(layer.weight.grad.data, theirs.weight.grad.numpy())
    assert "2000, 30, padding_idx=1998" in repr(layer)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: F.embedding([1.0], Tensor(table())), "dtype float64.*give integers"),
        (lambda: F.embedding([True], Tensor(table())), "dtype bool.*give integers"),
        (lambda: F.embedding([-1, 2], Tensor(table())), "from -1 to 2 with 7 rows.*from 0 to 6"),
        (lambda: F.embedding([7], Tensor(table())), "from 7 to 7 with 7 rows"),
        (lambda: F.embedding([0], Tensor(table()[0])), r"weight of shape \(3,\)"),
        (lambda: F.embedding([0], Tensor(table()), 7), "padding_idx=7 with 7 rows.*-7 to 6"),
        (lambda: nn.Embedding(0, 3), "num_embeddings=0"),
        (lambda: nn.Embedding(3, 1.5), "embedding_dim=1.5"),
        (lambda: nn.Embedding(3, 2, padding_idx=True), "padding_idx=True"),
    ],
)
def test_errors(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
