"""Attention against PyTorch and against its definition in loops, with every gradient."""

from typing import Any

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning.autograd import Tensor, gradcheck
from deeplearning.nn import attention, functional


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("shapes", [
    ((3, 4), (5, 4), (5, 2)), ((2, 3, 4), (2, 5, 4), (2, 5, 6)), ((2, 3, 1, 4), (2, 3, 5, 4), (2, 3, 5, 4)),
])  # fmt: skip
@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("scale", [None, 0.3, 0.0])
def test_scaled_dot_product_is_pytorchs(shapes: Any, mask: bool, scale: float | None) -> None:
    arrays = [normal(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    bias = normal(shapes[0][-2], 5, seed=9) if mask else None
    if bias is not None:
        bias[:, 1] = -np.inf
    ours = [Tensor(array, requires_grad=True) for array in arrays]
    theirs = [torch.tensor(array, requires_grad=True) for array in arrays]
    y = functional.scaled_dot_product_attention(*ours, attn_mask=bias, scale=scale)
    z = torch.nn.functional.scaled_dot_product_attention(
        *theirs, attn_mask=None if bias is None else torch.tensor(bias), scale=scale
    )
    assert_close(y.data, z.detach().numpy(), length=20)
    dy = normal(*z.shape, seed=7)
    y.backward(dy)
    z.backward(torch.tensor(dy))
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a.grad.data, b.grad.numpy(), length=60)


def test_additive_attention_by_its_definition() -> None:
    query, keys, values, weight = (
        normal(2, 3),
        normal(2, 4, 3, seed=1),
        normal(2, 4, 5, seed=2),
        normal(3),
    )
    seen, alpha = attention.additive_attention(*map(Tensor, (query, keys, values, weight)))
    for n in range(2):
        scores = np.array([sum(weight * np.tanh(query[n] + keys[n, p])) for p in range(4)])
        expected = np.exp(scores) / np.exp(scores).sum()
        assert_close(alpha.data[n], expected, length=12)
        assert_close(seen.data[n], sum(expected[p] * values[n, p] for p in range(4)), length=12)


def test_additive_attention_has_right_gradients() -> None:
    arrays = [normal(2, 3), normal(2, 4, 3, seed=1), normal(2, 4, 2, seed=2), normal(3, seed=3)]
    tensors = [Tensor(array, requires_grad=True) for array in arrays]
    gradcheck(lambda *inputs: attention.additive_attention(*inputs)[0], tensors)
    theirs = [torch.tensor(array, requires_grad=True) for array in arrays]
    (attention.additive_attention(*tensors)[0] ** 2).sum().backward()
    (attention.additive_attention(*theirs)[0] ** 2).sum().backward()
    for a, b in zip(tensors, theirs, strict=True):
        assert_close(a.grad.data, b.grad.numpy(), length=60)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: attention.additive_attention(t(2, 3), t(2, 4, 2), t(2, 4, 5), t(3)), r"keys \(2, 4, 2\)"),
        (lambda t: attention.additive_attention(t(2, 3), t(2, 3), t(2, 4, 5), t(3)), r"give \(N, H\), \(N, P, H\)"),
        (lambda t: attention.scaled_dot_product_attention(t(2, 3), t(4, 2), t(4, 3)), r"key \(4, 2\)"),
        (lambda t: attention.scaled_dot_product_attention(t(2, 3), t(4, 3), t(5, 3)), r"value \(5, 3\)"),
        (lambda t: attention.additive_attention(t(2, 1, 3), t(2, 4, 3), t(2, 4, 5), t(3)), r"query \(2, 1, 3\)"),
        (
            lambda t: attention.scaled_dot_product_attention(t(2, 3), t(4, 3), t(4, 3), np.ones((2, 4), bool)),
            r"attn_mask of bool; give floats",
        ),
    ],
)  # fmt: skip
def test_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(lambda *shape: Tensor(normal(*shape)))
