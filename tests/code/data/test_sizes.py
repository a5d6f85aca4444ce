"""Pictures at other sizes: PyTorch's interpolation, and nothing lost or moved on a canvas."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning.data.sizes import interpolation_matrix, on_canvas, resized


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 30))
def test_resizing_is_pytorchs_bilinear_interpolation_with_anti_aliasing(
    height: int, width: int, side: int
) -> None:
    images = np.random.default_rng(height).random((2, height, width), np.float32)
    expected = torch.nn.functional.interpolate(
        torch.tensor(images)[:, None], (side, side), mode="bilinear", antialias=True
    )
    result = resized(images, side)
    assert result.dtype == np.float32
    assert_close(result, expected[:, 0].numpy(), length=height * width)


def test_every_row_of_the_matrix_sums_to_one_and_the_same_size_changes_nothing() -> None:
    assert_close(interpolation_matrix(28, 11).sum(axis=1), np.ones(11, np.float32), length=28)
    assert (interpolation_matrix(5, 5) == np.eye(5)).all()
    assert not interpolation_matrix(5, 5).flags.writeable


def test_a_canvas_holds_each_image_whole_at_a_place_of_its_own() -> None:
    rng = np.random.default_rng(0)
    images = rng.random((40, 3, 2), np.float32) + 1
    laid = on_canvas(images, 6, rng)
    corners = set()
    for canvas, image in zip(laid, images, strict=True):
        rows, columns = np.nonzero(canvas)
        top, left = rows.min(), columns.min()
        np.testing.assert_array_equal(canvas[top : top + 3, left : left + 2], image)
        assert np.count_nonzero(canvas) == 6
        corners.add((int(top), int(left)))
    assert {top for top, _ in corners} == set(range(4))
    assert {left for _, left in corners} == set(range(5))


def test_a_small_canvas_is_a_window() -> None:
    images = np.arange(25, dtype=np.float64).reshape(1, 5, 5)
    np.testing.assert_array_equal(on_canvas(images, 3)[0], images[0, 1:4, 1:4])
    seen = {on_canvas(images, 3, np.random.default_rng(s))[0, 0, 0] for s in range(60)}
    assert seen == {0, 1, 2, 5, 6, 7, 10, 11, 12}
    np.testing.assert_array_equal(on_canvas(images, 5), images)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="from 28 to 0 pixels; give whole numbers >= 1"):
        resized(np.zeros((1, 28, 28)), 0)
    with pytest.raises(ValueError, match=r"int64; give floats \(…, H, W\)"):
        resized(np.zeros((1, 2, 2), np.int64), 4)
    with pytest.raises(ValueError, match=r"side=4; give \(N, H, W\)"):
        on_canvas(np.zeros((1, 1, 2, 2)), 4)
    resized(np.zeros((1, 3, 3)), 2)
    with pytest.raises(ValueError, match=r"from 3 to 2.0 pixels"):  # whatever came before
        resized(np.zeros((1, 3, 3)), 2.0)  # type: ignore[arg-type]
