"""Recurrent cells against PyTorch: two steps, every gradient."""

from typing import Any

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning.autograd import Tensor, ones
from deeplearning.nn import recurrent_cells as cells


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(2, 3), (3,)])
@pytest.mark.parametrize(("kind", "settings"), [
    ("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu"}), ("LSTMCell", {}), ("GRUCell", {}),
])  # fmt: skip
def test_two_steps_equal_pytorchs(kind: str, settings: Any, shape: Any, bias: bool) -> None:
    ours = getattr(cells, kind)(3, 4, bias=bias, **settings).double()
    theirs = getattr(torch.nn, kind)(3, 4, bias=bias, **settings).double()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(0).standard_normal(shape)
    a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, z = ours(a, ours(a)), theirs(b, theirs(b))
    y, z = (y, z) if kind == "LSTMCell" else ((y,), (z,))
    for p, q in zip(y, z, strict=True):
        assert_close(p.data, q.detach().numpy(), length=64)
    sum((p * p).sum() for p in y).backward()
    sum((q * q).sum() for q in z).backward()
    assert_close(a.grad.data, b.grad.numpy(), length=256)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p.grad.data, q.grad.numpy(), length=256)


def test_repr_is_pytorchs() -> None:
    assert repr(cells.GRUCell(2, 3, bias=False)) == repr(torch.nn.GRUCell(2, 3, bias=False))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: cells.GRUCell(0, 3), "GRUCell: input_size=0"),
        (lambda: cells.RNNCell(3, 3, nonlinearity="selu"), "RNNCell: nonlinearity='selu'"),
        (lambda: cells.GRUCell(2, 3)(ones(1, 3)), r"GRUCell: an input of shape \(1, 3\).*give \(N, 2\) or \(2,\) of"),
        (lambda: cells.GRUCell(2, 3)(ones(1, 2), ones(3)), r"a state of shape \(3,\) .*give \(1, 3\)"),
        (lambda: cells.LSTMCell(2, 3)(ones(1, 2), ones(1, 3)), r"the states are a Tensor; give \(h, c\)"),
    ],
)  # fmt: skip
def test_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
