"""Figures of the chapter on gradient descent: what is drawn is what was given, with labels."""

import numpy as np

from deeplearning.figures import gradient_descent as drawings
from deeplearning.models.surfaces import HILL, SADDLE, bowl

PATH = np.array([[1.0, 0.4], [0.5, -0.2], [0.1, 0.1]])


def test_one_dimension_shows_every_point_in_range() -> None:
    figure = drawings.one_dimension(
        {"a": np.array([1.0, 0.5, 9.0]), "b": np.array([0.2])}, curvature=2.0
    )
    first, second = figure.axes
    np.testing.assert_array_equal(
        first.lines[1].get_xdata(), [1.0, 0.5]
    )  # 9 lies outside the panel
    np.testing.assert_allclose(first.lines[1].get_ydata(), [1.0, 0.25])
    assert [ax.get_title() for ax in (first, second)] == ["a", "b"]
    assert first.get_ylabel()
    assert first.get_xlabel()


def test_paths_lie_on_the_surface() -> None:
    figure = drawings.paths_on(bowl((1.0, 20.0)), {"slow": PATH, "fast": PATH * 0.5}, (2.0, 0.6))
    for ax, factor in zip(figure.axes, (1.0, 0.5), strict=True):
        np.testing.assert_allclose(np.column_stack(ax.lines[0].get_data()), PATH * factor)
        assert ax.get_xlim() == (-2.0, 2.0)
        assert len(ax.collections) >= 1


def test_rate_sweep_draws_means_on_logarithmic_axes() -> None:
    losses = np.array([[[2.0, 1.0], [4.0, 3.0]], [[1.0, 0.5], [3.0, 1.5]]])
    figure = drawings.rate_sweep([0.1, 1.0], losses, guessing=2.3)
    (ax,) = figure.axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [3.0, 2.0])
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [2.0, 1.0])
    assert "nats" in ax.get_ylabel()
    assert [line.get_ydata()[0] for line in ax.lines[2:]] == [2.3]
    (ax,) = drawings.rate_sweep([0.1, 1.0], losses, guessing=2.3, cap=23.0).axes
    assert [line.get_ydata()[0] for line in ax.lines[2:]] == [2.3, 23.0]


def test_batches_share_their_losses() -> None:
    losses = np.random.default_rng(0).random((3, 2, 4)) + 0.5
    seconds = np.cumsum(np.ones((3, 2, 4)), axis=2)
    figure = drawings.batches([1, 10_000], losses, seconds, samples=4000)
    upper, lower = figure.axes[:2]
    for a, b, i in zip(upper.lines, lower.lines, range(2), strict=True):
        np.testing.assert_allclose(a.get_ydata(), losses[:, i].mean(axis=0))
        np.testing.assert_allclose(b.get_ydata(), a.get_ydata())
        np.testing.assert_allclose(b.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_allclose(upper.lines[0].get_xdata(), [1, 2, 3, 4])
    assert "samples" in upper.get_xlabel()
    assert "seconds" in lower.get_xlabel()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["1", "10,000"]


def test_gradient_noise_draws_the_expected_slope() -> None:
    figure = drawings.gradient_noise([1, 4, 16], np.array([3.0, 1.4, 0.8]))
    measured, expected = figure.axes[0].lines
    np.testing.assert_array_equal(measured.get_ydata(), [3.0, 1.4, 0.8])
    np.testing.assert_allclose(expected.get_ydata(), [3.0, 1.5, 0.75])


def test_flat_places_and_escape() -> None:
    figure = drawings.flat_places(
        [SADDLE, HILL], [{"stays": PATH}, {"stays": PATH, "leaves": PATH}]
    )
    for ax, walks in zip(figure.axes, (1, 2), strict=True):
        assert len(ax.lines) == 3 * walks  # the path, its start, its end
        for path, start, end in zip(ax.lines[::3], ax.lines[1::3], ax.lines[2::3], strict=True):
            np.testing.assert_array_equal(np.column_stack(path.get_data()), PATH)
            np.testing.assert_array_equal(np.column_stack(start.get_data()), PATH[:1])
            np.testing.assert_array_equal(np.column_stack(end.get_data()), PATH[-1:])
    assert [ax.get_title() for ax in figure.axes] == [SADDLE.name, HILL.name]
    (ax,) = drawings.escape(
        [np.exp(-3), np.exp(-2)], np.array([[20.0, 10.0], [22.0, 12.0]]), lr=np.e - 1
    ).axes
    measured, expected = ax.lines
    np.testing.assert_allclose(measured.get_ydata(), [21.0, 11.0])
    np.testing.assert_allclose(
        expected.get_ydata(), [12.0, 11.0]
    )  # one step a factor e, by 1 / ln(1 + η) = 1
    assert ax.get_xscale() == "log"
