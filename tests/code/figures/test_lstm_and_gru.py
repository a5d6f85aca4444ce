"""The chapter's figures draw what they are given."""

from types import SimpleNamespace

import numpy as np
import pytest

from deeplearning.figures import lstm_and_gru as drawings

SEEDS = 3


def record() -> SimpleNamespace:
    metrics: dict[str, np.ndarray] = {}
    for number, kind in enumerate(drawings.KINDS):
        for problem, sizes in (("adding", (10, 200)), ("copying", (5, 30))):
            for size in sizes:
                case = f"{problem}_{size}_{kind}"
                metrics[f"error_{case}"] = 0.01 * (number + 1) + np.arange(SEEDS) / 1000
                metrics[f"steps_{case}"] = np.array([100, 200, 300])
                metrics[f"curve_{case}"] = np.outer(np.arange(1, 4), [0.1, 0.05, 0.02])
    for problem in drawings.PROBLEMS:
        metrics[f"error_{problem}_nothing"] = np.array([0.01, 0.02, 0.04])
        for number, part in enumerate(drawings.PARTS):
            metrics[f"error_{problem}_{part}"] = (number + 1) * np.array([0.01, 0.02, 0.04])
    return SimpleNamespace(metrics=metrics)


def test_the_cell_has_three_gates_and_two_lines() -> None:
    texts = [text.get_text() for text in drawings.cell().axes[0].texts]
    assert sum(text.startswith(r"$\sigma") for text in texts) == 3
    assert texts.count("⊙") == 3
    assert {r"$c_{t-1}$", r"$c_t$", r"$h_{t-1}$", r"$h_t$", r"$x_t$"} <= set(texts)


def test_reach_counts_from_the_last_step() -> None:
    ax = drawings.reach({"a": np.array([0.0, 1.0, 4.0]), "b": np.array([2.0, 2.0, 2.0])}).axes[0]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1, 0.25, np.nan])
    assert ax.lines[1].get_ydata().tolist() == [1, 1, 1]
    assert ax.get_yscale() == "log"


def test_a_sequence_shows_what_is_marked() -> None:
    x = np.array([[0.2, 0], [0.5, 1], [0.1, 0], [0.7, 1]])
    ax = drawings.sequence(x, 1.2).axes[0]
    assert ax.lines[0].get_xdata().tolist() == [1, 3]
    assert ax.lines[1].get_xdata().tolist() == [2, 4]
    assert ax.lines[1].get_ydata().tolist() == [0.5, 0.7]
    assert ax.get_title() == "answer: 1.20"


def test_courses_have_lines_at_the_marks() -> None:
    marks = np.array([0, 1, 0, 1])
    one, two = ("cell", {"1": np.arange(4.0), "2": np.ones(4)}), ("gate", {"f": np.zeros(4)})
    figure = drawings.remembered(marks, [one, two])
    above, below = figure.axes
    assert above.lines[0].get_xdata().tolist() == [1, 2, 3, 4]
    assert [line.get_xdata()[0] for line in above.lines[2:]] == [2, 4]
    assert below.get_ylabel() == "gate"
    assert len(drawings.remembered(marks, [two]).axes) == 1


def test_errors_by_length_show_every_seed_and_the_median() -> None:
    above, below = drawings.by_length(record(), (10, 200), (5, 30)).axes
    marks = [line for line in above.lines if line.get_marker() == "o"]
    assert [line.get_ydata().tolist() for line in marks] == [
        pytest.approx([0.01, 0.011, 0.012]),
        pytest.approx([0.01, 0.011, 0.012]),
    ]
    labelled = {line.get_label(): line for line in below.lines}
    assert labelled["GRU"].get_ydata().tolist() == pytest.approx([0.031, 0.031])
    assert [tick.get_text() for tick in below.get_xticklabels()] == ["5", "30"]


def test_a_curve_ends_where_training_did() -> None:
    ax = drawings.plateaus(record(), 200, 100).axes[1]
    lengths = [len(line.get_xdata()) for line in ax.lines if line.get_marker() == "None"][:SEEDS]
    assert lengths == [1, 2, 3]
    assert ax.lines[2].get_xdata().tolist() == [100, 200]
    assert ax.lines[3].get_xdata().tolist() == [200]


def test_parts_are_drawn_as_ratios() -> None:
    for ax in drawings.parts(record()).axes:
        assert ax.lines[1].get_xdata().tolist() == pytest.approx([2, 2, 2])
        means = [bars.get_segments()[0][0][0] for bars in ax.collections]
        assert means == pytest.approx([1, 2, 3, 4, 5])
        assert [tick.get_text() for tick in ax.get_yticklabels()] == list(drawings.PARTS.values())
