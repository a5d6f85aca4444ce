"""No change in place before backward gives a silently wrong gradient."""

from typing import Any

import numpy as np
import pytest

from deeplearning import nn
from deeplearning.autograd import Tensor, no_grad, where
from deeplearning.nn import functional as F


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values, np.float64), requires_grad=True)


def test_change_of_a_kept_array_is_detected_through_a_view() -> None:
    x = leaf(1.0, 2.0, 3.0, 4.0)
    view = x.detach().reshape(2, 2)
    y = (x * x).sum()
    view *= 2
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def shared_operand() -> tuple[Tensor, Tensor, Any]:
    w = leaf(1.0, 2.0)
    constant = w.detach()[:]  # one memory, two operands, of which backward needs the second
    return (w * constant).sum(), w, lambda: constant.__imul__(2)


def condition() -> tuple[Tensor, Tensor, Any]:
    w = leaf(1.0, 2.0)
    chosen = w > 1.5
    return where(chosen, w * 3, w).sum(), w, lambda: chosen.__setitem__(0, True)


def labels() -> tuple[Tensor, Tensor, Any]:
    w, y = leaf(1.0, 2.0, 3.0), Tensor([0])
    return F.cross_entropy(w.reshape(1, 3), y), w, lambda: y.__setitem__(0, 2)


def binary_targets() -> tuple[Tensor, Tensor, Any]:
    w, t = leaf(1.0, 2.0), Tensor(np.array([0.1, 0.2]))
    return F.binary_cross_entropy_with_logits(w, t), w, lambda: t.__imul__(2)


def index_array() -> tuple[Tensor, Tensor, Any]:
    w, key = leaf(1.0, 2.0, 3.0), np.array([0, 1])
    return w[key, ...].sum(), w, lambda: key.fill(2)


def index_list() -> tuple[Tensor, Tensor, Any]:
    w, key = leaf(1.0, 2.0, 3.0), [0, 1]
    return w[key].sum(), w, lambda: key.__setitem__(0, 2)


def index_tensor() -> tuple[Tensor, Tensor, Any]:
    w, key = leaf(1.0, 2.0, 3.0), Tensor([0, 1])
    return w[key].sum(), w, lambda: key.__setitem__(0, 2)


def gradient() -> tuple[Tensor, Tensor, Any]:
    w, other = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (other * other).sum().backward()
    return (w * other.grad).sum(), w, lambda: other.grad.__imul__(2)


def sibling_view() -> tuple[Tensor, Tensor, Any]:
    w = leaf(1.0, 2.0, 3.0, 4.0)
    y = w.exp()
    view = y.reshape(2, 2)[0]
    return (y * y).sum(), w, lambda: view.__imul__(2)


def loaded_state() -> tuple[Tensor, Tensor, Any]:
    layer, w = nn.Linear(2, 1), Tensor([[1.0, 2.0]], requires_grad=True)
    layer.load_state_dict({"weight": np.ones((1, 2)), "bias": np.ones(1)})
    return (
        layer(w).sum(),
        w,
        lambda: layer.load_state_dict({"weight": np.zeros((1, 2)), "bias": np.ones(1)}),
    )


@pytest.mark.parametrize(
    "make",
    [shared_operand, condition, labels, binary_targets, index_array, index_list, index_tensor, gradient, sibling_view,
     loaded_state],
)  # fmt: skip
def test_a_change_before_backward_is_detected_or_harmless(make: Any) -> None:
    total, w, _ = make()
    total.backward()
    expected = w.grad.tolist()
    total, w, change = make()
    with no_grad():
        change()
    try:
        total.backward()
    except RuntimeError as error:
        assert "changed in place" in str(error)  # noqa: PT017
    else:
        assert w.grad.tolist() == expected


def test_writing_elements_is_detected() -> None:
    x, w = Tensor(np.ones(3)), leaf(1.0, 2.0, 3.0)
    y = (x * w).sum()
    x[1] = 5.0
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_a_change_after_backward_is_fine() -> None:
    w = leaf(1.0)
    (w * w).sum().backward()
    with no_grad():
        w -= 0.5 * w.grad
    assert w.tolist() == [0.0]


def test_replacing_data_leaves_a_recorded_graph_right() -> None:
    w = leaf(3.0)
    y = (w * w).sum()
    w.data = [100.0]
    y.backward()
    assert w.grad.tolist() == [6.0]
    with pytest.raises(ValueError, match="shape"):
        w.data = [1.0, 2.0]


def test_change_in_place_inside_a_graph_is_refused() -> None:
    w = leaf(1.0)
    with pytest.raises(RuntimeError, match="no_grad"):
        w += 1
    with pytest.raises(RuntimeError, match="no_grad"):
        w[0] = 1.0
    constant = Tensor([1.0])
    with pytest.raises(RuntimeError, match="no_grad"):
        constant *= w
