"""The tensor itself: what it accepts, says of itself, and refuses."""

from typing import Any

import numpy as np
import pytest

from deeplearning import autograd, nn
from deeplearning.autograd import Tensor, from_numpy


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values, np.float64), requires_grad=True)


def test_gradients_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="ndarray; give a Tensor"):
        leaf(1.0).grad = np.ones(1)
    with pytest.raises(ValueError, match=r"float32 for a tensor.*float64"):
        leaf(1.0).grad = Tensor([1.0])


def test_what_is_computed_from_a_parameter_is_no_parameter() -> None:
    p = nn.Parameter([1.0, 2.0])
    for result in (p > 0, p.argmax(), p * 2, p[0], p.detach()):
        assert type(result) is Tensor


def test_walking_over_a_tensor() -> None:
    assert [x.item() for x in leaf(1.0, 2.0)] == [1.0, 2.0]
    with pytest.raises(TypeError, match="no axes"):
        list(Tensor(1.0))
    assert (Tensor(1.0) == 1.0).data.shape == ()


def test_numpys_scalars_do_not_change_the_precision() -> None:
    x = Tensor([1.0, 2.0])
    assert (
        (x * np.float64(2)).dtype
        == (np.float64(2) * x).dtype
        == (x ** np.float64(2)).dtype
        == np.float32
    )


def test_in_place_arithmetic() -> None:
    x = Tensor([2.0, 4.0])
    x += 1
    x -= Tensor([1.0, 2.0])
    x *= 4
    x /= 2
    assert x.tolist() == [4.0, 6.0]


def test_data_is_read_only_and_construction_copies() -> None:
    source = np.ones(3)
    x = Tensor(source)
    source[0] = 9
    assert x.tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        x.data[0] = 5
    shared = from_numpy(source)
    source[1] = 7
    assert shared.tolist() == [9.0, 7.0, 1.0]


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        ([1.0], np.float32),
        ([1], np.int64),
        (np.ones(2), np.float64),
        (np.float64(1), np.float64),
        ([True], np.bool_),
    ],
)
def test_dtypes_as_pytorch(data: Any, dtype: Any) -> None:
    assert Tensor(data).dtype == dtype


def test_refused_data() -> None:
    with pytest.raises(TypeError, match="floats"):
        Tensor(["a"])
    with pytest.raises(ValueError, match="equal length"):
        Tensor([[1.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match="float32 or float64"):
        Tensor([1, 2], requires_grad=True)
    with pytest.raises(TypeError, match="constant"):
        leaf(1.0) ** leaf(2.0)
    with pytest.raises(TypeError, match="NumPy array"):
        from_numpy([1.0])
    with pytest.raises(TypeError, match="from_numpy: data of dtype <U1"):
        from_numpy(np.array(["a"]))
    with pytest.raises(TypeError, match="exponent is a ndarray"):
        leaf(1.0) ** np.array([2.0])
    with pytest.raises(ValueError, match="reduce it"):
        leaf(1.0, 2.0).item()
    with pytest.raises(TypeError, match="no axes"):
        len(Tensor(1.0))
    with pytest.raises(ValueError, match="shape"):
        leaf(1.0).grad = Tensor([1.0, 2.0])


def test_what_a_tensor_says_of_itself() -> None:
    x = Tensor([[1.0, 2.0]], requires_grad=True)
    assert (x.shape, x.ndim, x.size, len(x), x.is_leaf) == ((1, 2), 2, 2, 1, True)
    assert repr(x) == "Tensor([[1., 2.]], requires_grad=True)"
    assert float(x.sum()) == 3.0
    assert bool(Tensor(1.0))
    assert np.asarray(x).tolist() == [[1.0, 2.0]]
    assert np.array(x, copy=True).flags.writeable
    assert not x.sum().is_leaf
    x.grad = Tensor([[5.0, 6.0]])
    assert x.grad.tolist() == [[5.0, 6.0]]
    x.grad = None
    assert x.grad is None
    x.retain_grad()  # a leaf keeps its gradient anyway


def test_comparisons_and_identity() -> None:
    x = Tensor([1.0, 2.0, 3.0])
    assert (x == 2).tolist() == [False, True, False]
    assert (x != 2).tolist() == [True, False, True]
    assert (x < 2).tolist() == [True, False, False]
    assert (x <= Tensor([1.0, 1.0, 5.0])).tolist() == [True, False, True]
    assert (x > 2).tolist() == [False, False, True]
    assert (x >= 2).tolist() == [False, True, True]
    assert x.argmax().item() == 2
    assert x.reshape(1, 3).argmax(1).tolist() == [2]
    assert len({x, x, Tensor([1.0])}) == 2
    assert x[x > 1].tolist() == [2.0, 3.0]


def test_arrays_on_the_left_give_tensors() -> None:
    x = leaf(1.0, 2.0)
    array = np.array([3.0, 4.0])
    for y in (array + x, array - x, array * x, array / x, array @ x):
        assert isinstance(y, Tensor)
        assert y.requires_grad


def test_random_tensors_follow_the_seed() -> None:
    autograd.manual_seed(3)
    first = autograd.randn(4), autograd.rand(4)
    autograd.manual_seed(3)
    second = autograd.randn(4), autograd.rand(4)
    assert [t.tolist() for t in first] == [t.tolist() for t in second]
    generator = np.random.default_rng(0)
    assert (
        autograd.rand(2, generator=generator).tolist()
        != autograd.randn(2, generator=generator).tolist()
    )
    for wrong in (-1, 1.5, True, "0"):
        with pytest.raises(ValueError, match="non-negative integer"):
            autograd.manual_seed(wrong)
