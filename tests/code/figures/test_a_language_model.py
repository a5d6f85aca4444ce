"""The chapter's figures draw what they are given."""

from types import SimpleNamespace

import numpy as np
import pytest

from deeplearning.figures import a_language_model as drawings


def record() -> SimpleNamespace:
    metrics = {
        "curve_kneser_ney_ngram": np.array([[4.0, 3.0, 2.5]] * 2),
        "curve_witten_bell_ngram": np.array([[4.0, 3.1, 2.8]] * 2),
        "validation_ngram": np.array([2.5, 2.5]),
        "validation_lstm": np.array([2.2, 2.4]),
        "learning_lstm": np.array([[3.0, 2.0], [3.2, 2.2]]),
        "curve_lstm": np.array([[3.1, 2.2], [3.3, 2.4]]),
        "places_ngram": np.array([[1.0, 4.0, 2.0], [1.0, 4.0, 2.0]]),
        "places_lstm": np.array([[0.9, 3.6, 1.6], [1.1, 3.8, 1.8]]),
        "blocks_ngram": np.array([[2.0, 2.2, 2.4]] * 2),
        "blocks_lstm": np.array([[1.9, 2.3, 2.2], [1.9, 2.3, 2.0]]),
    }
    for unit, level in (("syllable", 3.0), ("jamo", 3.2)):
        metrics[f"test_{unit}"] = np.array([level, level + 0.1])
        metrics[f"ngram_test_{unit}"] = np.array([level - 0.5] * 2)
        metrics[f"curve_{unit}"] = np.array([[4.0, 3.0, 3.5], [4.0, 3.4, 0.0]])
        metrics[f"learning_{unit}"] = np.array([[3.9, 2.8, 2.0], [3.8, 2.9, 0.0]])
    return SimpleNamespace(metrics=metrics)


def test_every_character_has_its_bar_and_spaces_are_seen() -> None:
    first, second = drawings.surprises("a whale", [5, 1, 3, 2, 1, 1, 0.5], row=4).axes
    assert [label.get_text() for label in first.get_xticklabels()] == ["a", "␣", "w", "h"]
    assert [bar.get_height() for bar in second.patches] == [1, 1, 0.5]


def test_the_network_reads_and_says() -> None:
    figure = drawings.network("ab", "bc", [("one", "2"), ("two", "3"), ("three", "4")])
    shown = [text.get_text() for text in figure.axes[0].texts]
    assert {"a", "b", "c", "one", "two", "three", "reads", "should say"} <= set(shown)


def test_temperatures_share_their_axes() -> None:
    laws = {"cold": np.array([0.9, 0.1]), "hot": np.array([0.5, 0.5])}
    cold, hot = drawings.temperatures(laws, ["e", " "]).axes
    assert [bar.get_height() for bar in cold.patches] == [0.9, 0.1]
    assert cold.get_ylim() == hot.get_ylim()
    assert [label.get_text() for label in hot.get_xticklabels()] == ["e", "␣"]


def test_orders_count_from_one() -> None:
    ax = drawings.orders(record()).axes[0]
    assert ax.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert ax.lines[1].get_ydata().tolist() == [4.0, 3.1, 2.8]
    assert ax.lines[2].get_ydata()[0] == pytest.approx(2.3)


def test_learning_is_the_mean_over_seeds() -> None:
    ax = drawings.learning(record()).axes[0]
    assert ax.lines[0].get_ydata().tolist() == pytest.approx([3.1, 2.1])
    assert ax.lines[1].get_ydata().tolist() == pytest.approx([3.2, 2.3])
    assert ax.lines[2].get_ydata()[0] == 2.5


def test_places_end_with_what_is_no_letter() -> None:
    ax = drawings.places(record()).axes[0]
    assert ax.lines[2].get_ydata().tolist() == pytest.approx([3.7, 1.7])
    assert ax.lines[3].get_ydata().tolist() == pytest.approx([1.0])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2+", "no letter"]


def test_the_lead_may_be_negative() -> None:
    ax = drawings.along(record()).axes[0]
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([0.1, -0.1, 0.3])
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()


def test_alphabets_show_every_seed() -> None:
    ax = drawings.alphabets(record()).axes[0]
    shown = [line.get_xdata().tolist() for line in ax.lines[:2]]
    assert shown == [pytest.approx([3.0, 3.1]), pytest.approx([3.2, 3.3])]
    assert "network, by jamo" in [label.get_text() for label in ax.get_yticklabels()]


def test_stopping_ends_where_training_ended() -> None:
    ax = drawings.stopping(record()).axes[0]
    lengths = [len(line.get_xdata()) for line in ax.lines]
    assert lengths == [3, 3, 1, 2, 2, 1]
    assert (ax.lines[2].get_xdata()[0], ax.lines[2].get_ydata()[0]) == (2, 3.0)
