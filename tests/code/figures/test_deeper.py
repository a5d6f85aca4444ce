"""Figures of the chapter on deeper networks: what they draw."""

import numpy as np
import pytest

from deeplearning.figures import deeper
from deeplearning.records import Metrics


def coloured(ax, layer_height: float) -> int:
    return sum(
        patch.get_y() == pytest.approx(layer_height) and patch.get_facecolor()[3] > 0
        for patch in ax.patches
    )


def test_both_stacks_see_five_cells_of_the_image() -> None:
    figure = deeper.seen({"once": (5,), "twice": (3, 3)})
    once, twice = figure.axes
    assert coloured(once, 0.0) == coloured(twice, 0.0) == 5
    assert coloured(twice, 1.5) == 3
    assert len(once.lines) == 5
    assert len(twice.lines) == 3 * 3 + 3  # three units with three taps, then one


def test_tower_draws_maps_in_proportion() -> None:
    maps = [(1, 28, "image"), (8, 14, "block"), (10, 0, "scores")]
    ax = deeper.tower(maps).axes[0]
    boxes = [patch for patch in ax.patches if hasattr(patch, "get_width")]
    assert [(box.get_width(), box.get_height()) for box in boxes] == [(1, 28), (8, 14), (1.6, 10)]
    assert ax.texts[1].get_text() == "block\n8 of\n14 × 14"
    assert ax.texts[2].get_text() == "scores\n10"


def test_blocks_have_a_way_around_only_with_a_plus() -> None:
    plain, around = deeper.blocks({"a": ["conv", "ReLU"], "b": ["conv", "+"]}).axes
    assert [text.get_text() for text in plain.texts] == ["conv", "ReLU"]
    assert len(around.lines) == len(plain.lines) + 2


def test_spent_in_thousands() -> None:
    left, right = deeper.spent({"a": (1000, 2000), "b": (500, 4000)}).axes
    assert [bar.get_width() for bar in left.patches] == [1, 0.5]
    assert [bar.get_width() for bar in right.patches] == [2, 4]


def test_sizes_from_the_first_layer() -> None:
    ax = deeper.sizes({"a": [1.0, 0.1]}).axes[0]
    assert ax.get_yscale() == "log"
    assert ax.lines[0].get_xdata().tolist() == [1, 2]


def test_accuracy_against_work_shows_means_in_millions() -> None:
    metrics = Metrics(
        {
            "test_accuracy_a": [0.8, 0.9], "multiplications_a": [2e6, 2e6],
            "test_accuracy_b": [0.7, 0.7], "multiplications_b": [1e6, 1e6],
        }
    )  # fmt: skip
    ax = deeper.accuracy_against_work(metrics, {"kind": {"b": "small", "a": "large"}}).axes[0]
    x, y = np.array(ax.lines[0].get_data(), float)
    np.testing.assert_allclose(x, [1, 2])
    np.testing.assert_allclose(y, [70, 85])
    assert [text.get_text() for text in ax.texts] == ["small", "large"]


def test_bought_draws_points_from_the_top_and_the_standard_error() -> None:
    ax = deeper.bought({"gain": [0.01, 0.03], "loss": [-0.01]}, bar=0.01).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["gain", "loss"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    (bar,) = ax.containers[0].lines[2][0].get_segments()
    np.testing.assert_allclose(bar[:, 0], [1, 3])  # 2 ± √2 / √2
    assert ax.lines[-1].get_xdata() == [1, 1]


def test_learning_leaves_out_what_is_missing() -> None:
    losses = [[1.0, 0.5], [2.0, np.nan], [3.0, 0.7]]
    ax = deeper.learning({"a": losses}).axes[0]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [2.0, 0.6])
