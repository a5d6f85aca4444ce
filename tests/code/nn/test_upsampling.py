"""Up-sampling: values and gradients against PyTorch and finite differences, over generated sizes and factors."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import nn
from deeplearning.autograd import Tensor, gradcheck
from deeplearning.nn import functional as F

few = settings(max_examples=30, deadline=None)
LENGTHS = st.tuples(st.integers(1, 7), st.integers(1, 7))
TARGETS = st.one_of(
    st.fixed_dictionaries({"size": st.tuples(st.integers(1, 15), st.integers(1, 15))}),
    st.fixed_dictionaries({"size": st.integers(1, 15)}),
    st.fixed_dictionaries({"scale_factor": st.sampled_from([1, 2, 3, 1.5, 2.7, (2, 3), (1.3, 2)])}),
)


def normal(shape: tuple[int, ...], dtype: Any = np.float64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    batch=st.integers(0, 2),
    lengths=LENGTHS,
    target=TARGETS,
    mode=st.sampled_from([("nearest", None), ("bilinear", None), ("bilinear", True)]),
)
@example(1, (3, 3), {"scale_factor": (2.3, 1.3)}, ("nearest", None))  # to 6 × 3: doubled and kept
@example(1, (3, 3), {"scale_factor": (2.3, 1.3)}, ("bilinear", None))
@example(1, (2, 3), {"scale_factor": (1.4, 2.7)}, ("bilinear", True))
@few
def test_equals_pytorch(dtype: Any, batch: int, lengths: Any, target: Any, mode: Any) -> None:
    x = normal((batch, 2, *lengths), dtype)
    settings = {**target, "mode": mode[0], "align_corners": mode[1]}
    a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, z = (n.Upsample(**settings)(t) for n, t in ((nn, a), (torch.nn, b)))
    assert y.dtype == dtype
    assert_close(y.data, z.detach().numpy(), length=49, name="value")
    dy = normal(y.shape, dtype, seed=7)
    y.backward(dy)
    z.backward(torch.tensor(dy))
    assert_close(a.grad.data, b.grad.numpy(), length=15 * 15, name="gradient")


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_gradients_against_finite_differences(mode: str) -> None:
    x = normal((2, 2, 3, 4))
    gradcheck(lambda t: F.interpolate(t, size=(5, 7), mode=mode), [x])
    gradcheck(lambda t: F.interpolate(t, scale_factor=0.6, mode=mode), [x])


def test_nearest_spreads_no_nan_but_to_its_copies() -> None:
    x = np.array([[[[1.0, np.nan]]]])
    assert np.isnan(F.interpolate(Tensor(x), scale_factor=2).data[0, 0, 0]).tolist() == [
        False, False, True, True,
    ]  # fmt: skip


def test_a_plane_stays_a_plane() -> None:
    """Linear interpolation is exact for a plane, where no pixel lies outside the old centres."""
    rows, columns = np.mgrid[0:5, 0:4]
    plane = (2.0 * rows - 3.0 * columns)[None, None]
    y = F.interpolate(Tensor(plane), size=(9, 7), mode="bilinear", align_corners=True).data[0, 0]
    rows, columns = np.mgrid[0:9, 0:7] / 2
    assert_close(y, 2 * rows - 3 * columns)


X = np.ones((2, 3, 6, 4), np.float32)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: F.interpolate(Tensor(X)), "size=None and scale_factor=None; give exactly one"),
        (lambda: F.interpolate(Tensor(X), 2, 2), "size=2 and scale_factor=2"),
        (lambda: F.interpolate(Tensor(X), 2, mode="cubic"), "mode='cubic'; give one of nearest, bilinear"),
        (lambda: F.interpolate(Tensor(X), 2, align_corners=False), "align_corners with mode='nearest'"),
        (lambda: F.interpolate(Tensor(X[0]), 2), r"shape \(3, 6, 4\) and float32; give floats \(N, C, H, W\)"),
        (lambda: F.interpolate(Tensor(X.astype(int)), 2), "int64; give floats"),
        (lambda: F.interpolate(Tensor(X), 2.5), "size=2.5; give a positive"),
        (lambda: F.interpolate(Tensor(X), (1, 2, 3)), r"size=\(1, 2, 3\); give"),
        (lambda: F.interpolate(Tensor(X), scale_factor=-1), "scale_factor=-1; give"),
        (lambda: F.interpolate(Tensor(X), scale_factor=0.1), "leaves nothing of an image"),
        (lambda: nn.Upsample(), "Upsample: size=None and scale_factor=None; give exactly one"),
        (lambda: nn.Upsample(2, mode="cubic"), "Upsample: mode='cubic'; give one of"),
        (lambda: nn.Upsample(scale_factor=(2, 0)), r"Upsample: scale_factor=\(2, 0\); give a positive"),
    ],
)  # fmt: skip
def test_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_repr() -> None:
    assert repr(nn.Upsample(size=3)) == "Upsample(size=3, mode='nearest')"
    assert "scale_factor=2" in repr(nn.Upsample(scale_factor=2))
