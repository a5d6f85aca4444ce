"""The figures of the chapter on LeNet-5 show the numbers that they are given."""

import numpy as np
import pytest

from deeplearning.figures import lenet_5 as drawings


def test_network_names_every_stage_with_its_shape() -> None:
    figure = drawings.network([("input", 1, 28), ("C1", 6, 28), ("F6", 84, 1)], ["conv", "dense"])
    texts = {text.get_text() for text in figure.axes[0].texts}
    assert {"input\n1×28×28", "C1\n6×28×28", "F6\n84", "conv", "dense"} <= texts
    assert len(figure.axes[0].patches) == 1 + 6 + 1
    with pytest.raises(ValueError, match="expected 1 texts between 2 stages; got 0"):
        drawings.network([("a", 1, 28), ("b", 1, 28)], [])


def test_connections_mark_what_is_read() -> None:
    table = [(0, 1, 2), (1, 2, 3, 5), (0, 1, 2, 3, 4, 5)]
    axes = drawings.connections(table).axes[0]
    marks = [(x, y) for line in axes.lines for x, y in zip(*line.get_data(), strict=True)]
    assert sorted(marks) == [(column, y) for column, reads in enumerate(table) for y in reads]
    assert axes.yaxis_inverted()


def test_squashing_marks_plus_and_minus_one() -> None:
    a = np.linspace(-3, 3, 7)
    lines = drawings.squashing(a, 2 * a, a).axes[0].lines
    assert lines[0].get_ydata().tolist() == (2 * a).tolist()
    assert list(lines[2].get_xdata()) == [-1, 1]


def test_errors_are_percentages_beside_published_ones() -> None:
    axes = drawings.errors(["a", "b"], [[0.01, 0.02], [0.03, 0.03]], {"of 1998": 0.0095}).axes[0]
    assert np.allclose(axes.lines[0].get_ydata(), [1, 2])
    assert any(np.allclose(line.get_ydata(), 0.95) for line in axes.lines)
    assert axes.get_ylim()[1] > 3


def test_a_row_and_what_is_read_in_it() -> None:
    probabilities = np.full((4, 11), 1 / 11)
    figure = drawings.row_reading(np.zeros((28, 40)), probabilities, [0, 3], [7, 1])
    top, bottom = figure.axes
    assert [text.get_text() for text in top.texts] == ["7", "1"]
    assert [line.get_xdata()[0] for line in top.lines] == [13.5, 25.5]
    assert [label.get_text() for label in bottom.get_yticklabels()][-1] == "none"
    assert bottom.collections[0].get_array().size == 44


def test_reading_by_length_and_by_gap() -> None:
    figure = drawings.reading(
        [1, 2], [[1.0, 0.5], [1.0, 0.7]], [0, 1, 2], np.ones((2, 3)), np.zeros((2, 3)), 0.1
    )
    left, right = figure.axes
    assert np.allclose(left.lines[0].get_ydata(), [100, 60])
    assert np.allclose(left.lines[1].get_ydata(), [90, 81])
    assert [line.get_ydata()[0] for line in right.lines] == [100, 0]


def test_race_is_over_shares_of_the_budget() -> None:
    figure = drawings.race({"CNN": np.full((2, 4), 0.9)}, {"CNN": [0.01, 0.03]})
    left, right = figure.axes
    assert left.lines[0].get_xdata().tolist() == [25, 50, 75, 100]
    assert np.allclose(right.lines[0].get_ydata(), [1, 3])


def test_photograph_has_a_bar_a_class() -> None:
    figure = drawings.photograph(np.zeros((9, 9)), np.zeros((28, 28)), np.eye(11)[4])
    bars = [bar.get_width() for bar in figure.axes[2].patches]
    assert bars == [100.0 if k == 4 else 0.0 for k in range(11)]
