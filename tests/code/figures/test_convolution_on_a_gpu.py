"""Figures of the chapter on convolution on a GPU: what is drawn is what was given, with labels."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from deeplearning.figures import convolution_on_a_gpu as drawings
from deeplearning.figures.style import COLORS


def texts(ax):
    return [text.get_text() for text in ax.texts]


def covered(ax, shape):
    """The cells that a panel's rectangles cover; a row counts from the top."""
    mask = np.zeros(shape, bool)
    for patch in ax.patches:
        column, row = patch.get_xy()
        mask[int(row), int(column) : int(column + patch.get_width())] = True
    return mask


def test_as_product_has_a_cell_for_each_element() -> None:
    (ax,) = drawings.as_product(size=5, window=3, channels=2, features=4, shown=8).axes
    cells = [patch for patch in ax.patches if patch.get_width() == patch.get_height() == 1]
    image, patches, weights, result = 2 * 25, 9 * 18, 18 * 4, 9 * 4
    assert len(cells) == image + patches + weights + result + 1  # the last is the outlined result
    assert sum("RSC" in text for text in texts(ax)) == 2


def test_boxes_show_zeros_where_a_tap_leaves_the_image() -> None:
    figure = drawings.boxes(8, (4, 4), (0, 0), [(0, 0), (1, 1), (0, 2)])
    assert [texts(ax).count("0") for ax in figure.axes] == [7, 0, 4]
    assert [ax.get_title() for ax in figure.axes] == ["tap (0, 0)", "tap (1, 1)", "tap (0, 2)"]
    far = drawings.boxes(8, (4, 4), (4, 4), [(2, 2)])
    assert texts(far.axes[0]).count("0") == 7


def test_parities_share_out_every_tap() -> None:
    image, parts = drawings.parities(8, window=3, stride=2, padding=1, pixel=(1, 1)).axes
    taps = sorted(f"{r},{s}" for r in range(3) for s in range(3))
    assert sorted(text for text in texts(image) if text[1:2] == ",") == taps
    assert sorted(text for text in texts(parts) if text[1:2] == ",") == taps
    assert [text for text in texts(parts) if "tap" in text] == [
        "1 tap",
        "2 taps",
        "2 taps",
        "4 taps",
    ]
    assert len(parts.patches) == 64


@pytest.mark.parametrize("shape", [(5, 5), (8, 40)], ids=["image", "wide"])
def test_programs_fill_exactly_the_mask(shape) -> None:
    mask = np.random.default_rng(0).random(shape) < 0.5
    figure = drawings.programs(["one", "two"], {"reads x": [mask, ~mask]})
    first, second = figure.axes
    np.testing.assert_array_equal(covered(first, shape), mask)
    np.testing.assert_array_equal(covered(second, shape), ~mask)
    assert (first.get_title(), second.get_title(), first.get_ylabel()) == ("one", "two", "reads\nx")


def test_programs_refuse_a_missing_mask() -> None:
    with pytest.raises(ValueError, match="reads x has 1 masks for 2 programs"):
        drawings.programs(["one", "two"], {"reads x": [np.ones((2, 2))]})


class Seen:
    """A trace in which program i read channel 1 of pixel (i, i), and wrote column i."""

    def read(self, name, *program):
        if "weight" in name:
            mask = np.zeros((2, 3, 1, 2), bool)
            mask[1, 2, 0, program[0]] = True
            return mask
        mask = np.zeros((1, 2, 4, 4), bool)
        mask[0, 1, program[0], program[0]] = True
        return mask

    def written(self, name, *program):
        mask = np.zeros((1, 6, 4), bool)
        mask[..., program[0]] = True
        return mask


def test_touched_lays_tensors_out_as_memory_has_them() -> None:
    figure = drawings.touched(Seen(), [0, (1, 0)], ["x", "weight"], ["matrix"])
    x0, x1, w0, w1, _, y1 = figure.axes
    assert [ax.get_title() for ax in (x0, x1)] == ["program 0", "program 1, 0"]
    assert [ax.get_ylabel() for ax in (x0, w0)] == ["reads\nx", "reads\nweight"]
    assert np.argwhere(covered(x1, (4, 4))).tolist() == [[1, 1]]
    # Row k, column (r·S + s)·C + c.
    assert np.argwhere(covered(w0, (2, 6))).tolist() == [[1, 2]]
    assert np.argwhere(covered(w1, (2, 6))).tolist() == [[1, 5]]
    assert covered(y1, (6, 4))[:, 1].all()


def test_fit_and_traffic_draw_their_numbers() -> None:
    (ax,) = drawings.fit([56, 7], {"a": [1.0, 0.5], "b": [0.875, 0.25]}).axes
    bars = [patch.get_height() for patch in ax.patches if isinstance(patch, Rectangle)]
    np.testing.assert_allclose(bars, [100, 50, 87.5, 25])
    assert "%" in ax.get_ylabel()
    (ax,) = drawings.traffic(["one", "two"], {"x": [1e6, 2e6], "y": [3e6, 0]}).axes
    np.testing.assert_allclose([patch.get_x() for patch in ax.patches], [0, 0, 1, 2])
    assert texts(ax) == ["4", "2"]
    assert "MB" in ax.get_xlabel()


def test_against_shows_losses_means_and_targets() -> None:
    figure = drawings.against({"a": [2.0, 0.5, 1.0], "b": [0.8]}, {"a": 1.0, "b": 0.95})
    (ax,) = figure.axes
    target, mean, wins, losses = ax.lines[:4]
    np.testing.assert_allclose(mean.get_xdata(), [1.0, 1.0])
    np.testing.assert_allclose(target.get_xdata(), [1.0, 1.0])
    np.testing.assert_allclose(sorted(wins.get_xdata()), [1.0, 2.0])
    np.testing.assert_allclose(losses.get_xdata(), [0.5])
    assert (to_rgb(wins.get_color()), to_rgb(losses.get_color())) == (
        to_rgb(COLORS[2]),
        to_rgb(COLORS[1]),
    )
    target, mean, wins, losses = ax.lines[4:8]
    np.testing.assert_allclose(target.get_xdata(), [0.95, 0.95])
    assert (len(wins.get_xdata()), losses.get_xdata().tolist()) == (0, [0.8])
    assert texts(ax) == ["1.00", "0.80"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_without_a_record_the_figures_say_so() -> None:
    (ax,) = drawings.against({"a": [], "b": []}, {"a": 1.0, "b": 2.0}).axes
    assert texts(ax) == [drawings.NOT_YET]
    assert [line.get_xdata()[0] for line in ax.lines] == [1.0, 2.0, 1]
    (ax,) = drawings.rungs({"direct": None, "im2col": 0.5, "tiled": 1.0}, {}).axes
    assert texts(ax) == [drawings.NOT_YET]
    np.testing.assert_allclose([line.get_xdata()[0] for line in ax.lines], [50, 100])
    assert not ax.patches


def test_rungs_draw_what_was_reached_beside_its_bound() -> None:
    (ax,) = drawings.rungs({"direct": None, "tiled": 1.0}, {"tiled": 0.8, "vendor": 0.9}).axes
    np.testing.assert_allclose([patch.get_width() for patch in ax.patches], [80, 90])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["direct", "tiled", "cuDNN"]
    assert texts(ax) == ["80", "90"]
    assert "%" in ax.get_xlabel()
