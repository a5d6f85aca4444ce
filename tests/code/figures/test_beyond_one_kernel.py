"""Figures of the chapter beyond one kernel: what is drawn is what was given, with labels."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from deeplearning.figures import beyond_one_kernel as drawings


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_round_trips_sum_up_and_scale_their_arrows() -> None:
    figure = drawings.round_trips({"apart": [("a", 30, 10), ("b", 10, 0)], "fused": [("c", 30, 0)]})
    first, second = figure.axes
    assert (first.get_title("left"), second.get_title("left")) == ("apart: 50 MB", "fused: 30 MB")
    arrows = [one for one in first.patches if isinstance(one, FancyArrowPatch)]
    np.testing.assert_allclose(
        [arrow.get_linewidth() for arrow in arrows], 0.6 + 5 * np.array([30, 10, 10, 0]) / 30
    )
    assert texts(first)[:3] == ["a", "30", "10"]


def test_gains_are_relative_to_the_last_way() -> None:
    figure = drawings.gains(["x", "y"], {"apart": [4.0, 9.0], "fused": [2.0, 3.0]})
    (ax,) = figure.axes
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], [2, 3, 1, 1])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["x", "y"]
    # The first layer stands at the top, its first way above its second.
    heights = [bar.get_y() for bar in ax.patches]
    assert heights[0] > heights[2] > heights[1] > heights[3]
    assert "least time" in ax.get_xlabel()


def test_recurrence_draws_both_limits() -> None:
    lines = {
        "intensity": {16: np.array([1.0, 2.0]), 64: np.array([1.0, 4.0])},
        "seconds": {"weights": np.array([1e-6, 4e-6]), "arithmetic": np.array([1e-7, 2e-7])},
    }
    left, right = drawings.recurrence([1, 4], [256, 512], 100.0, lines, fits=300).axes
    np.testing.assert_array_equal(left.lines[1].get_ydata(), [1, 4])
    assert left.lines[2].get_ydata()[0] == 100
    np.testing.assert_allclose(right.lines[0].get_ydata(), [1, 4])
    assert right.lines[2].get_xdata()[0] == 300
    assert (left.get_xscale(), right.get_yscale()) == ("log", "log")
    assert left.get_xlabel()
    assert "µs" in right.get_ylabel()


def test_ladder_counts_launches_and_frames_the_captured_one() -> None:
    rungs = {"slow": [("input", "a"), ("hidden", "b"), ("state", "c")], "fast": [("all", "d")]}
    plain, framed = drawings.ladder(rungs).axes[0], drawings.ladder(rungs, captured="slow").axes[0]
    assert len(plain.patches) == 4
    assert len(framed.patches) == 4 + 3 + 1
    frames = [one for one in framed.patches if isinstance(one, Rectangle) and not one.get_fill()]
    assert len(frames) == 1
    assert [text for text in texts(plain) if text.isdigit()] == ["3", "1"]
    assert [text for text in texts(framed) if text.isdigit()] == ["3", "1", "1"]


def test_graphs_draw_every_call_in_order() -> None:
    figure = drawings.graphs({"before": [("a", True), ("b", False)], "after": [("c", True)]})
    before, after = figure.axes
    assert (texts(before), texts(after)) == (["a", "b"], ["c"])
    boxes = [one for one in before.patches if isinstance(one, FancyBboxPatch)]
    assert boxes[0].get_edgecolor() != boxes[1].get_edgecolor()
    assert sum(isinstance(one, FancyArrowPatch) for one in before.patches) == 1


def test_times_stand_beside_what_the_roof_allows() -> None:
    measured = {"ours": [4e-6, 9e-6], "vendor": [3e-6, float("nan")]}
    (ax,) = drawings.least_and_measured(["p", "q"], [2e-6, 6e-6], measured).axes
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [2, 6])
    np.testing.assert_allclose(ax.lines[1].get_xdata(), [4, 9])
    np.testing.assert_allclose(ax.lines[2].get_xdata(), [3, np.nan])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["p", "q"]
    assert ax.lines[0].get_ydata().tolist() == [1, 0]
    assert "µs" in ax.get_xlabel()
    (alone,) = drawings.least_and_measured(["p"], [2e-6], {}).axes
    assert len(alone.lines) == 1
