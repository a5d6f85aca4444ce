"""Figures of the chapter on recurrence: what is drawn is what was given, with labels."""

from types import SimpleNamespace

import numpy as np
import pytest

from deeplearning.figures import recurrence as drawings
from deeplearning.records import Metrics

GENERATOR = np.random.default_rng(0)
CONFIG = {"distances": [0, 4, 8], "symbols": 4, "steps": 100, "curve": 5}


def record() -> SimpleNamespace:
    raw = {f"accuracy_{net}": GENERATOR.uniform(size=(3, 3)) for net in drawings.NETS}
    raw |= {f"curve_{net}": GENERATOR.uniform(size=(3, 3, 5)) for net in ("rnn", "orthogonal")}
    return SimpleNamespace(config=CONFIG, metrics=Metrics({k: v.tolist() for k, v in raw.items()}))


def test_unrolled_names_every_state_input_and_output() -> None:
    texts = [text.get_text() for text in drawings.unrolled(3).axes[0].texts]
    for letter in "hxz":
        found = [f"${letter}_{{{step}}}$" in texts for step in ("t", 1, 2, 3, 4)]
        assert found == [True, True, True, True, False]
    assert "$h_0$" in texts
    assert sum("W_{hh}" in text for text in texts) == 4


def test_the_strip_marks_wrong_answers_only() -> None:
    shown = np.array([0, 1, 2, 3, 0])
    ax = drawings.strip(shown, np.array([3, 3, 0, 2, 2]), 2).axes[0]
    texts = [(text.get_position(), text.get_text()) for text in ax.texts]
    assert [word for (_, y), word in texts if y == 1] == list("ABCDA")
    assert [(x, word) for (x, y), word in texts if y == 0] == [(2, "A"), (3, "C"), (4, "C")]
    assert [text.get_position()[0] for text in ax.texts if text.get_bbox_patch()] == [3]
    assert [list(line.get_xdata()) for line in ax.lines] == [[0, 2], [1, 3], [2, 4]]


def test_gradients_through_time_are_drawn_as_they_are() -> None:
    figure = drawings.through_time({"a": {"x": [1, 0.1, 0.01]}, "b": {"x": [1, 2], "y": [1, 3]}})
    above, below = figure.axes
    assert [line.get_ydata().tolist() for line in below.lines] == [[1, 2], [1, 3]]
    assert (above.get_yscale(), above.get_title(), below.get_title()) == ("log", "a", "b")
    assert below.get_xlabel()
    assert above.get_ylabel() == below.get_ylabel() != ""


def test_a_floor_cuts_off_what_lies_far_below() -> None:
    norms = np.array([1, 1e-4, 1e-30])
    ax = drawings.through_time({"a": {"x": norms}}, floor=1e-6).axes[0]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1, 1e-4, np.nan])
    assert ax.get_ylim() == (1e-6, 2)


def test_the_cliff_shows_landscape_paths_and_threshold() -> None:
    losses = GENERATOR.uniform(size=(4, 3))
    paths = {name: (GENERATOR.uniform(size=(6, 2)), GENERATOR.uniform(size=5)) for name in "ab"}
    figure = drawings.cliff(np.array([0, 1, 2]), np.array([3, 4, 5, 6]), losses, paths, 0.5)
    above, below = figure.axes[:2]
    np.testing.assert_array_equal(above.images[0].get_array(), losses)
    assert above.images[0].get_extent() == [0, 2, 3, 6]
    for line, (places, _) in zip(above.lines, paths.values(), strict=False):
        np.testing.assert_array_equal(line.get_xydata(), places)
    assert above.lines[2].get_xydata().tolist() == [paths["a"][0][0].tolist()]
    for line, (_, norms) in zip(below.lines, paths.values(), strict=False):
        np.testing.assert_array_equal(line.get_ydata(), norms)
    assert list(below.lines[2].get_ydata()) == [0.5, 0.5]


def test_recall_draws_means_in_per_cent_and_chance() -> None:
    made = record()
    ax = drawings.recall(made).axes[0]
    for line, net in zip(ax.lines, drawings.NETS, strict=False):
        expected = 100 * made.metrics.mean(f"accuracy_{net}")
        np.testing.assert_allclose(line.get_ydata(), expected)
        assert line.get_xdata().tolist() == CONFIG["distances"]
    assert list(ax.lines[-1].get_ydata()) == [25, 25]
    assert ax.get_xlabel()
    assert ax.get_ylabel()


@pytest.mark.parametrize("panel", [0, 1])
def test_learning_draws_a_line_a_seed_at_the_distances_asked_for(panel: int) -> None:
    made = record()
    ax = drawings.learning(made, (8, 0)).axes[panel]
    curves = 100 * made.metrics[f"curve_{('rnn', 'orthogonal')[panel]}"]
    assert len(ax.lines) == 6
    np.testing.assert_allclose([line.get_ydata() for line in ax.lines[:3]], curves[:, 2])
    np.testing.assert_allclose([line.get_ydata() for line in ax.lines[3:]], curves[:, 0])
    assert ax.lines[0].get_xdata().tolist() == [10, 30, 50, 70, 90]
