"""Figures of the chapter on what makes vision hard: what they draw."""

import numpy as np
import pytest

from deeplearning.figures import what_makes_vision_hard as drawings
from deeplearning.records import Metrics

CASES = ("dmlp", "cnn", "augmented")


def test_the_gallery_names_its_rows_and_shows_true_greys() -> None:
    rows = {"shift": np.full((3, 4, 4), 0.5), "light": np.zeros((3, 4, 4))}
    axes = drawings.gallery(rows).axes
    assert [ax.get_title(loc="left") for ax in axes] == ["shift", "", "", "light", "", ""]
    assert {ax.images[0].get_clim() for ax in axes} == {(0, 1)}
    assert axes[4].images[0].get_array().tolist() == np.zeros((4, 4)).tolist()


def test_a_gallery_needs_rows_of_one_length() -> None:
    with pytest.raises(ValueError, match=r"rows of one length; got \[2, 3\]"):
        drawings.gallery({"a": np.zeros((2, 4, 4)), "b": np.zeros((3, 4, 4))})


def test_accuracies_have_a_panel_each_and_one_legend() -> None:
    names = ("shift", "occlusion", "variation")
    values = [[0.9, 0.5], [0.9, 0.3]]
    metrics = Metrics({f"{name}_{case}": values for name in names for case in CASES})
    figure = drawings.accuracies(metrics, CASES, dict.fromkeys(names, ((0, 2), "pixels")))
    assert [ax.get_title(loc="left") for ax in figure.axes] == [*names, ""]
    line = figure.axes[1].lines[2]
    np.testing.assert_allclose(line.get_xydata(), [[0, 0.9], [2, 0.4]])
    legends = [ax.get_legend() for ax in figure.axes]
    assert legends[:3] == [None] * 3
    assert [text.get_text() for text in legends[3].get_texts()] == list(drawings.NAMES.values())


def test_points_lost_are_percentage_points_with_their_spread() -> None:
    losses = {name: {case: [0.1, 0.3] for case in CASES} for name in ("shift", "occlusion")}
    ax = drawings.points_lost(losses, 0.05).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["shift", "occlusion"]
    assert ax.lines[-1].get_xdata()[0] == pytest.approx(5)
    bar = ax.containers[0]
    assert bar.lines[0].get_xdata()[0] == pytest.approx(20)
    ends = bar.lines[2][0].get_segments()[0][:, 0]
    np.testing.assert_allclose(ends, [20 - 10 * 2**0.5, 20 + 10 * 2**0.5])
