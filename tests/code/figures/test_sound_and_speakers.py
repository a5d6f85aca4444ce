"""The chapter's figures draw what they are given."""

from types import SimpleNamespace

import numpy as np
import pytest

from deeplearning.figures import sound_and_speakers as drawings


def test_lengths_are_counted() -> None:
    figure = drawings.lengths({"a": np.array([2, 2, 4]), "b": np.array([7])})
    assert [bar.get_height() for bar in figure.axes[0].patches] == [2, 0, 1]
    assert [ax.get_title() for ax in figure.axes] == ["a", "b"]


def test_padding_is_drawn_above_and_gone_below() -> None:
    above, below = drawings.padded_and_packed([2, 4, 1]).axes
    assert len(above.patches) == 3 * 4
    assert len(below.patches) == 2 + 4 + 1
    assert [text.get_text() for text in above.texts].count("0") == 12 - 7
    assert [label.get_text() for label in below.get_xticklabels()] == ["3", "2", "1", "1"]
    assert [label.get_text() for label in below.get_yticklabels()] == [
        *("sequence 2", "sequence 1", "sequence 3")
    ]


def test_both_directions_skip_the_padding() -> None:
    ax = drawings.both_directions(4, 2).axes[0]
    circles = [patch.center for patch in ax.patches if hasattr(patch, "center")]
    assert sorted({step for step, _ in circles}) == [0, 1, 2, 3]
    assert len(circles) == 8
    assert [text.get_text() for text in ax.texts].count("0") == 2


def test_a_line_for_each_way_of_reading() -> None:
    ax = drawings.through_the_padding([0, 5], {"packed": [0.9, 0.9], "naive": [0.9, 0.4]}).axes[0]
    assert [line.get_ydata().tolist() for line in ax.lines] == [[90, 90], [90, 40]]


def test_answers_are_named_where_they_are_likely() -> None:
    shares = np.array([[0.5, 0.4, 0.1], [0.1, 0.8, 0.1]])
    figure = drawings.answers([np.zeros((2, 3))], [shares], ["seven"], ["six", "seven", "one"])
    below = figure.axes[1]
    assert [line.get_ydata().tolist() for line in below.lines] == [[0.5, 0.1], [0.4, 0.8]]
    assert [text.get_text() for text in below.texts] == ["six", "seven"]


def test_accuracies_show_every_seed_and_the_mean() -> None:
    record = SimpleNamespace(metrics={"x_a": np.array([0.8, 0.9]), "x_b": np.array([0.7, 0.7])})
    ax = drawings.accuracies(record, {"x_": "X"}, {"a": "A", "b": "B"}, ["a"]).axes[0]
    assert ax.lines[0].get_xdata().tolist() == pytest.approx([80, 90])
    assert [bar.get_segments()[0][0][0] for bar in ax.collections] == pytest.approx([85, 70])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A", "B"]


def test_heard_draws_the_means() -> None:
    values = np.array([[0.2, 0.8], [0.4, 1.0]])
    figure = drawings.heard({"digits": ([0.5, 1.0], {"GRU": values})})
    assert figure.axes[0].lines[0].get_ydata().tolist() == pytest.approx([30, 90])
    assert figure.axes[0].lines[0].get_xdata().tolist() == [50, 100]


def test_confusions_write_shares_of_a_class() -> None:
    figure = drawings.confusions({"a": np.array([[398, 2], [0, 8]])}, ["1", "2"], "speaker")
    shown = {text.get_position(): text.get_text() for text in figure.axes[0].texts}
    assert shown == {(0, 0): "100", (1, 0): "0.5", (1, 1): "100"}


def test_speakers_stand_in_the_order_of_the_seeds() -> None:
    record = SimpleNamespace(metrics={"accuracy_unknown_gru": np.array([0.5, 0.6])})
    ax = drawings.by_speaker(record, {"gru": "GRU"}, ["anna", "ben"]).axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["anna", "ben"]
    assert ax.lines[0].get_ydata().tolist() == pytest.approx([50, 60])
