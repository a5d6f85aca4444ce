"""The chapter's figures draw what they are given."""

import numpy as np
import pytest

from deeplearning import records
from deeplearning.figures import deep_multi_layer_perceptrons as drawings


def test_shapes_draw_every_matrix_to_one_scale() -> None:
    ax = drawings.shapes(64, [784, 100, 10]).axes[0]
    sides = [(patch.get_width(), patch.get_height()) for patch in ax.patches]
    areas = [(round(wide**2), round(high**2)) for wide, high in sides]
    assert areas == [(784, 64), (100, 784), (100, 64), (100, 64), (10, 100), (10, 64)]
    texts = [text.get_text() for text in ax.texts]
    assert "64×784" in texts
    assert "100×10" in texts


def test_walk_marks_the_crossings_of_each_layer_and_names_two_curves() -> None:
    t = np.linspace(0, 1, 5)
    scores = np.stack([t, 1 - t, 0 * t], axis=1)
    above, below = drawings.walk(t, scores, [[0.25, 0.5], [0.75]], ["boot", "bag", ""]).axes
    assert above.get_legend_handles_labels()[1] == ["boot", "bag"]
    assert [len(lines.get_segments()) for lines in below.collections] == [2, 1]
    assert below.get_ylim()[0] > below.get_ylim()[1]  # the first layer above


def test_slices_count_the_pieces_and_stamp_the_corners() -> None:
    square = np.array([[-0.5, -0.5], [1.5, -0.5], [1.5, 1.5], [-0.5, 1.5]])
    figure = drawings.slices([[square], [square, square]], ["a", "b"], np.zeros((3, 4, 4)))
    assert [ax.get_xlabel().split("\n")[1] for ax in figure.axes] == ["1 piece", "2 pieces"]
    assert [len(ax.images) for ax in figure.axes] == [3, 0]
    assert figure.axes[0].get_xlim() == (-0.5, 1.5)


def test_accuracy_by_depth_has_a_point_for_every_depth() -> None:
    record = records.load("D1")
    for ax, name in zip(drawings.accuracy_by_depth(record).axes, ("fashion", "mnist"), strict=True):
        drawn = ax.lines[0].get_ydata()
        expected = [100 * record.mean(f"test_accuracy_{name}_{depth}") for depth in range(5)]
        assert np.asarray(drawn, float) == pytest.approx(expected)


def test_depth_on_images_shows_pieces_and_errors_of_all_six() -> None:
    figure = drawings.depth_on_images(records.load("D13"))
    labels = [[label.get_text() for label in ax.get_xticklabels()] for ax in figure.axes]
    assert labels[0] == labels[1] == ["20", "10-10", "10"]
    assert labels[2] == labels[3] == ["128", "112×2", "94×4"]
    assert all("error" in ax.get_ylabel() for ax in figure.axes[1::2])


def test_pieces_by_neurons_stands_at_the_number_of_neurons() -> None:
    ax = drawings.pieces_by_neurons(records.load("D13")).axes[0]
    places = {float(container.lines[0].get_xdata()[0]) for container in ax.containers}
    assert places == {10, 20, 128, 224, 376}
