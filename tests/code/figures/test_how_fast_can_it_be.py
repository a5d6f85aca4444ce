"""The figures show what they were given."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from deeplearning.figures import how_fast_can_it_be as drawings
from deeplearning.figures.how_fast_can_it_be import Point


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize(
    ("number", "expected"),
    [(4.8e12, "4.8 TX"), (143e9, "143 GX"), (0.25, "0.25 X"), (99.6, "100 X")],
)
def test_decimal_prefixes(number: float, expected: str) -> None:
    assert drawings.si(number, "X") == expected


@pytest.mark.parametrize(
    ("number", "expected"), [(2**30, "1 GiB"), (1.5 * 2**20, "1.5 MiB"), (100, "100 B")]
)
def test_binary_prefixes(number: float, expected: str) -> None:
    assert drawings.bytes_in_words(number) == expected


def test_the_idea_has_its_ridge_where_it_belongs() -> None:
    right = drawings.idea(peak=100.0, bandwidth=20.0).axes[1]
    assert 5.0 in right.lines[1].get_xdata()
    assert right.lines[0].get_ydata().max() == 100


def test_roofline_draws_roofs_and_points() -> None:
    points = [
        Point("both", 2.0, 20.0, 5.0),
        Point("predicted", 50.0, 100.0),
        Point("measured", 8.0, rate=60.0),
    ]
    roofs = {"memory": (100.0, 10.0), "cache": (100.0, 40.0)}
    figure = drawings.roofline(roofs, points, promised=["cache"], first=3)
    ax = figure.axes[0]
    solid, dashed = (line for line in ax.lines if len(line.get_xdata()) > 100)
    assert solid.get_linestyle() == "-"
    assert dashed.get_linestyle() == "--"
    np.testing.assert_allclose(solid.get_ydata(), np.minimum(100, 10 * solid.get_xdata()))
    marks = {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in ax.lines
        if len(line.get_xdata()) == 1
    }
    assert {
        (2.0, 20.0),
        (2.0, 5.0),
        (50.0, 100.0),
        (8.0, 60.0),
        (10.0, 100.0),
        (2.5, 100.0),
    } == marks
    shown = texts(figure)
    assert {"both", "predicted", "measured", "3", "4", "5"} <= set(shown)
    assert any("memory" in text and "10 B/s" in text for text in shown)
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_a_single_roof_and_a_point_without_marks() -> None:
    figure = drawings.roofline({"data sheet": (1e12, 1e9)}, [Point("nothing known", 1.0)])
    assert "nothing known" in texts(figure)


def test_lies_join_careless_and_careful() -> None:
    ax = drawings.lies(["one", "two"], [1.0, 2.0], [3.0, 4.0]).axes[0]
    assert list(ax.lines[0].get_xdata()) == [1.0, 3.0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "two"]
    assert ax.get_xscale() == "log"


def test_samples_show_median_and_mean() -> None:
    figure = drawings.samples({"wall": [1e-6, 1e-6, 4e-6], "processor": [2e-6] * 3})
    points, median, mean = figure.axes[0].lines
    np.testing.assert_allclose(points.get_ydata(), [1, 1, 4])
    assert median.get_ydata()[0] == pytest.approx(1)
    assert mean.get_ydata()[0] == pytest.approx(2)


def test_distance_draws_medians_and_caches_inside() -> None:
    sizes = [2**14, 2**20, 2**26]
    rates = np.array([[3e9, 1e9, 2e9], [5e9] * 3, [1e9] * 3])
    ax = drawings.distance(sizes, {"copy": rates}, {"L2": 2**21, "L9": 2**40}).axes[0]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [2, 5, 1])
    assert [text.get_text() for text in ax.texts] == ["L2"]


def test_shares_are_percent() -> None:
    ax = drawings.shares(["a", "b"], [[0.4, 0.5, 0.6], [1.0, 1.0, 1.0]]).axes[0]
    assert [bar.get_width() for bar in ax.patches] == [50, 100]


def test_operations_draw_seeds_and_roofline() -> None:
    each, share = np.array([[10.0, 100.0], [12.0, 80.0]]), np.array([[0.5, 0.1], [0.5, 0.1]])
    ax = drawings.operations(["a", "b"], each, share).axes[0]
    assert ax.lines[0].get_ydata().tolist() == [10, 12]
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), [5.5, 9])
