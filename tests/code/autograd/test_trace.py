"""The list of a recorded graph."""

import numpy as np
import pytest

from deeplearning.autograd import Tensor, no_grad, zeros
from deeplearning.autograd.trace import trace
from deeplearning.nn import functional as F


def test_inputs_stand_before_what_is_made_of_them() -> None:
    w, x = Tensor(2.0, requires_grad=True), Tensor(3.0)
    y = w * x
    nodes = trace(y.tanh() + y * w, {"w": w, "y": y})
    assert [node.label for node in nodes] == ["w", "3", "y", "Tanh", "Multiply", "Add"]
    assert [node.inputs for node in nodes] == [(), (), (0, 1), (2,), (2, 0), (3, 4)]
    assert [node.is_operation for node in nodes] == [False, False, True, True, True, True]
    assert nodes[2].tensor is y


def test_labels_of_constants_are_numbers_or_shapes() -> None:
    w = zeros(4, 3, requires_grad=True)
    loss = (
        F.cross_entropy(F.linear(Tensor(np.ones((2, 3), np.float32)), w), Tensor(np.array([0, 1])))
        * 0.5
    )
    assert [node.label for node in trace(loss)][:3] == ["(2, 3)", "(4, 3)", "Linear"]
    assert "0.5" in [node.label for node in trace(loss)]


def test_gradients_can_be_read_after_backward() -> None:
    x = Tensor(3.0, requires_grad=True)
    nodes = trace(x * x * 2.0)
    for node in nodes:
        if node.is_operation:
            node.tensor.retain_grad()
    nodes[-1].tensor.backward()
    assert [
        float(node.tensor.grad) for node in nodes if getattr(node.tensor, "requires_grad", False)
    ] == [12, 2, 1]


def test_nothing_recorded() -> None:
    x = Tensor(3.0, requires_grad=True)
    with no_grad():
        assert [node.label for node in trace(x * x)] == ["9"]
    assert trace(x, {"x": x})[0].label == "x"


def test_a_freed_graph_is_refused() -> None:
    x = Tensor(3.0, requires_grad=True)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="freed"):
        trace(y)
