"""Figures of the first chapter show what they are given, and history in order."""

import numpy as np
import pytest

from deeplearning.figures import what_is_deep_learning as drawings


def test_events_are_in_order_and_all_drawn() -> None:
    years = [year for year, _, _ in drawings.EVENTS]
    assert years == sorted(years)
    words = " ".join(text.get_text() for text in drawings.timeline().axes[0].texts)
    assert all(f"{year}" in words and text in words for year, text, _ in drawings.EVENTS)


def test_timeline_texts_do_not_overlap() -> None:
    figure = drawings.timeline()
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_rule_marks_the_threshold() -> None:
    ax = drawings.rule(np.array([0.1, 0.2, 0.9]), np.array([0, 0, 1]), 0.46, ("a", "b")).axes[0]
    assert list(ax.lines[0].get_xdata()) == [0.46, 0.46]
    assert "threshold 0.46" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_shifted_is_in_percent() -> None:
    ax = drawings.shifted([0, 1], {"rule": [0.9, 0.5]}).axes[0]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [90, 50])


def test_layers_have_a_panel_each() -> None:
    points = {"pixels": np.zeros((4, 2)), "hidden": np.ones((4, 2))}
    axes = drawings.layers(points, [0, 0, 1, 1], ("a", "b")).axes
    assert [ax.get_title() for ax in axes] == ["pixels", "hidden"]
    assert [len(line.get_xdata()) for line in axes[0].lines] == [2, 2]


def test_seeds_show_every_run_mean_and_spread() -> None:
    values = np.array([0.70, 0.72, 0.74])
    ax = drawings.seeds({"seed only": values}).axes[0]
    np.testing.assert_allclose(ax.lines[0].get_xdata(), 100 * values)
    np.testing.assert_allclose(ax.containers[0].lines[0].get_xdata(orig=False), [72])
    np.testing.assert_allclose(ax.containers[0].lines[2][0].get_segments()[0][:, 0], [70, 74])


def test_false_wins_is_in_percent() -> None:
    ax = drawings.false_wins([1, 2], {"a point": [0.7, 0.5]}).axes[0]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [70, 50])


def test_templates_show_the_difference() -> None:
    weights = np.zeros((2, 784))
    weights[0, 0], weights[1, 783] = 2.0, 1.0
    ax = drawings.templates(weights, ("a", "b")).axes[0]
    image = ax.images[0]
    assert image.get_array()[0, 0] == -2
    assert image.get_array()[27, 27] == 1
    assert image.get_clim() == (-2, 2)


@pytest.mark.parametrize("years", [[1943], [2012, 2016, 2017, 2020, 2021]])
def test_spread_keeps_order_and_gap(years: list[int]) -> None:
    places = drawings._spread(years, gap=4.0)
    assert (np.diff(places) > 3.99).all()
    assert abs(places.mean() - np.mean(years)) < 1e-9
