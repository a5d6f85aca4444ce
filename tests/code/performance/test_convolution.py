"""Every rung against PyTorch in float64, and against the loops."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning.performance import convolution
from deeplearning.performance.ladder import RUNGS

SHAPES = {
    "3x3 padded": (2, 3, 5, 7, 4, 3, 3, 1),
    "one pixel": (1, 1, 3, 3, 1, 3, 3, 0),
    "2x3": (3, 2, 6, 5, 2, 2, 3, 1),
    "5x5 padded by 2": (1, 2, 8, 9, 3, 5, 5, 2),
    "1x1": (2, 2, 4, 4, 2, 1, 1, 0),
    "padding 2 of 3": (1, 2, 5, 4, 2, 3, 3, 2),
    "kernel of the padded size": (1, 2, 1, 1, 2, 3, 3, 1),
}


def reference(x: np.ndarray, weight: np.ndarray, padding: int) -> np.ndarray:
    double = (torch.from_numpy(array.astype(np.float64)) for array in (x, weight))
    return torch.nn.functional.conv2d(*double, padding=padding).numpy()


def convolve(name: str, x: np.ndarray, weight: np.ndarray, padding: int) -> np.ndarray:
    rung = RUNGS[name]
    if not rung.batch_last:
        return rung.function(x, weight, padding)
    last = np.ascontiguousarray(x.transpose(1, 2, 3, 0))
    return rung.function(last, weight, padding).transpose(3, 0, 1, 2)


def draw(shape: tuple[int, ...], dtype: type, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    n, c, h, w, k, r, s, _ = shape
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((n, c, h, w)).astype(dtype)
    return x, generator.standard_normal((k, c, r, s)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", RUNGS)
def test_rung_equals_pytorch_in_float64(name: str, shape: tuple[int, ...], dtype: type) -> None:
    x, weight = draw(shape, dtype)
    kept = x.copy(), weight.copy()
    y = convolve(name, x, weight, shape[-1])
    assert y.dtype == dtype
    length = weight[0].size
    assert_close(y, reference(x, weight, shape[-1]), length=length, dtype=dtype, name=name)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(weight, kept[1])


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_rungs_agree_on_any_shape(data: st.DataObject) -> None:
    n, c, k, r, s = (data.draw(st.integers(1, 3)) for _ in range(5))
    padding = data.draw(st.integers(0, min(r, s) - 1))
    h, w = (data.draw(st.integers(max(1, side - 2 * padding), 6)) for side in (r, s))
    x, weight = draw((n, c, h, w, k, r, s, padding), np.float64, seed=1)
    expected = convolution.loops(x, weight, padding)
    for name in RUNGS:
        assert_close(convolve(name, x, weight, padding), expected, length=c * r * s, name=name)


@pytest.mark.parametrize("name", RUNGS)
def test_a_second_call_starts_anew(name: str) -> None:
    x, weight = draw(SHAPES["3x3 padded"], np.float64)
    first = convolve(name, x, weight, 1)
    np.testing.assert_array_equal(convolve(name, x, weight, 1), first)


@pytest.mark.parametrize(
    ("x", "weight", "padding", "message"),
    [
        ((2, 3, 4), (1, 3, 3, 3), 0, r"x is \(N, C, H, W\)"),
        ((1, 3, 4, 4), (1, 3, 3), 0, r"weight \(K, C, R, S\)"),
        ((1, 3, 4, 4), (1, 2, 3, 3), 0, "same number of channels"),
        ((1, 1, 4, 4), (1, 1, 3, 3), 3, "padding is from 0"),
        ((1, 1, 4, 4), (1, 1, 3, 3), -1, "padding is from 0"),
        ((1, 1, 2, 4), (1, 1, 3, 3), 0, "larger than the padded input"),
        ((1, 1, 4, 2), (1, 1, 3, 3), 0, "larger than the padded input"),
    ],
)
def test_what_does_not_fit_is_refused(
    x: tuple[int, ...], weight: tuple[int, ...], padding: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        convolution.check(np.ones(x), np.ones(weight), padding)


def test_one_line_shares_the_zeros() -> None:
    x = np.arange(1.0, 7).reshape(1, 1, 2, 3)
    line, pitch = convolution.rows_in_one_line(x, 1, (3, 3))
    convolution.inside(line, x, 1, pitch)[...] = x[0]
    expected = [0, 0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0, 0, 0]
    assert pitch == 4
    assert line.tolist() == [expected]
