"""What the helpers draw: the data, the spread, the labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection, PolyCollection

from deeplearning.figures import COLORS, SIZES, compare, image_grid, mean_and_spread, new


@given(st.integers(2, 5), st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_line_is_the_mean_and_band_one_standard_deviation(seeds: int, n: int) -> None:
    values = np.random.default_rng(seeds * 10 + n).random((seeds, n))
    _, axes = new()
    line, band = mean_and_spread(axes, np.arange(n), values, "loss")
    mean, std = values.mean(axis=0), values.std(axis=0, ddof=1)
    np.testing.assert_allclose(line.get_xdata(), np.arange(n))
    np.testing.assert_allclose(line.get_ydata(), mean)
    corners = band.get_paths()[0].vertices
    for x in range(n):
        ys = corners[np.isclose(corners[:, 0], x), 1]
        np.testing.assert_allclose([ys.min(), ys.max()], [mean[x] - std[x], mean[x] + std[x]])


def test_label_options_and_colour_of_the_band() -> None:
    _, axes = new()
    line, band = mean_and_spread(
        axes, [0, 1], [[1, 2], [3, 4]], "with", color=COLORS[3], marker="s"
    )
    assert (line.get_label(), line.get_color(), line.get_marker()) == ("with", COLORS[3], "s")
    assert np.allclose(band.get_facecolor()[0, :3], np.array(plain(COLORS[3])))
    assert [text.get_text() for text in axes.legend().get_texts()] == ["with"]
    assert len(axes.lines) == 1
    assert sum(isinstance(artist, PolyCollection) for artist in axes.collections) == 1


def plain(color: str) -> list[float]:
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def test_one_seed_has_no_band() -> None:
    _, axes = new()
    line, band = mean_and_spread(axes, [0, 1], [[1, 2]])
    assert band is None
    assert line.get_ydata().tolist() == [1, 2]
    assert not axes.collections


def test_missing_values_are_left_out() -> None:
    _, axes = new()
    line, band = mean_and_spread(axes, [0, 1, 2], [[1, 2, np.nan], [3, np.nan, np.nan]])
    assert line.get_ydata().tolist()[:2] == [2, 2]
    assert np.isnan(line.get_ydata()[2])
    corners = band.get_paths()[0].vertices
    assert set(corners[np.isclose(corners[:, 0], 1), 1]) == {2.0}  # one value has no spread


@pytest.mark.parametrize(
    ("x", "values"), [([0, 1], [1, 2]), ([0, 1], [[1, 2, 3]]), ([[0]], [[1]]), (3, [[1]])]
)
def test_shapes_that_do_not_fit_are_named(x: object, values: object) -> None:
    _, axes = new()
    with pytest.raises(
        ValueError, match=r"expected x \(n,\) and values_by_seed \(S, n\); got"
    ) as caught:
        mean_and_spread(axes, x, values)
    assert str(np.shape(values)) in str(caught.value)


def test_compare_draws_every_seed_the_mean_and_the_spread() -> None:
    _, axes = new()
    groups = [np.array([0.2, 0.4, 0.9]), np.array([1.0])]
    means = compare(axes, ["with", "without"], groups)
    np.testing.assert_allclose(means, [0.5, 1.0])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["with", "without"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [dot.get_ydata().tolist() for dot in dots] == [[0.2, 0.4, 0.9], [1.0]]
    assert [dot.get_color() for dot in dots] == list(COLORS[:2])
    assert np.abs(dots[0].get_xdata() - 0).max() < 0.26 > np.abs(dots[1].get_xdata() - 1).max()
    segments = [c.get_segments()[0] for c in axes.collections if isinstance(c, LineCollection)]
    levels = [s[0, 1] for s in segments if s[0, 1] == s[1, 1] and s[0, 0] != s[1, 0]]
    np.testing.assert_allclose(levels, [0.5, 1.0])
    std = np.std(groups[0], ddof=1)
    bars = [s for s in segments if s[0, 0] == s[1, 0] == 0]
    np.testing.assert_allclose(bars[0][:, 1], [0.5 - std, 0.5 + std])


@pytest.mark.parametrize("groups", [[[1.0]], [[1.0], []], [[1.0], [[1.0]]]])
def test_compare_needs_one_array_a_name(groups: list) -> None:
    _, axes = new()
    with pytest.raises(ValueError, match="one non-empty"):
        compare(axes, ["a", "b"], groups)


def test_grid_shows_every_image_on_one_scale() -> None:
    images = np.arange(5 * 4 * 3, dtype=float).reshape(5, 4, 3)
    figure = image_grid(images, [f"image {i}" for i in range(5)], columns=2)
    assert len(figure.axes) == 5
    for index, axes in enumerate(figure.axes):
        (shown,) = axes.images
        np.testing.assert_array_equal(shown.get_array(), images[index])
        assert shown.get_clim() == (0, 59)
        assert shown.get_cmap().name == "gray"
        assert axes.get_title() == f"image {index}"
        assert not axes.axison
        spec = axes.get_subplotspec()
        assert (spec.rowspan.start, spec.colspan.start) == divmod(index, 2)
    assert figure.get_size_inches()[0] == SIZES["wide"][0]


def test_grid_limits_colour_and_height() -> None:
    figure = image_grid(np.zeros((2, 4, 4)), limits=(-1, 1))
    assert figure.axes[0].images[0].get_clim() == (-1, 1)
    assert figure.axes[0].get_title() == ""
    assert image_grid(np.zeros((1, 4, 4, 3))).axes[0].images[0].get_array().shape == (4, 4, 3)
    one, two = (image_grid(np.zeros((n, 4, 4)), columns=4).get_size_inches()[1] for n in (4, 5))
    assert two == pytest.approx(2 * one)


@pytest.mark.parametrize("shape", [(4, 4), (0, 4, 4), (2, 4, 4, 2), (1, 1, 1, 1, 1)])
def test_grid_refuses_other_shapes(shape: tuple) -> None:
    with pytest.raises(ValueError, match=r"expected images \(n, H, W\)"):
        image_grid(np.zeros(shape))


def test_grid_refuses_other_counts() -> None:
    with pytest.raises(ValueError, match="1 titles for 2 images"):
        image_grid(np.zeros((2, 4, 4)), ["one"])
    with pytest.raises(ValueError, match="columns is a whole number from 1; got 0"):
        image_grid(np.zeros((2, 4, 4)), columns=0)
