"""The chapter's figures draw what they are given."""

import numpy as np
import pytest

from deeplearning import records
from deeplearning.figures import multi_layer_perceptron as drawings


def test_both_points_of_class_0_lie_in_the_corner_of_the_hidden_plane() -> None:
    hidden = drawings.xor_by_hand().axes[2]
    corner, others = (collection.get_offsets() for collection in hidden.collections[:2])
    assert np.asarray(corner).tolist() == [[0, 0], [0, 0]]
    assert np.asarray(others).tolist() == [[0, 1], [1, 0]]


def test_a_panel_for_each_sawtooth() -> None:
    x = np.linspace(0, 1, 9)
    figure = drawings.sawtooth(x, [x, 1 - x])
    assert [ax.get_title().split("\n")[1] for ax in figure.axes] == ["2 pieces", "4 pieces"]
    assert figure.axes[1].lines[0].get_ydata().tolist() == (1 - x).tolist()


def test_approximations_are_labelled_with_their_neurons() -> None:
    x = np.linspace(-1, 2, 7)
    labels = drawings.approximations(x, x, {4: x, 8: x}).axes[0].get_legend_handles_labels()[1]
    assert labels == ["target", "4 neurons", "8 neurons"]


def test_surfaces_ask_for_every_point_and_show_the_titles() -> None:
    asked = []

    def probability(grid: np.ndarray) -> np.ndarray:
        asked.append(grid.shape)
        return (grid[:, 0] > 0.5).astype(float)

    figure = drawings.surfaces([probability, probability], ["first", "second"])
    assert asked == [(121 * 121, 2)] * 2
    assert [ax.get_title() for ax in figure.axes[:2]] == ["first", "second"]


def test_boundaries_count_the_regions() -> None:
    halves = [
        np.array([[-1.5, -1.5], [0, -1.5], [0, 1.5], [-1.5, 1.5]]),
        np.array([[0, -1.5], [1.5, -1.5], [0, 1.5]]),
    ]
    figure = drawings.boundaries(
        np.zeros((2, 2)),
        np.array([[0.0], [1.0]]),
        [lambda grid: grid[:, 0]] * 2,
        [halves, halves[:1]],
        ["a", "b"],
    )
    assert figure.axes[2].get_xlabel().endswith("2 regions")
    assert figure.axes[3].get_xlabel().endswith("1 regions")


@pytest.mark.parametrize(
    ("draw", "claim"),
    [("xor_shares", "N5"), ("xor_losses", "N5"), ("depth_errors", "D9"), ("fashion_losses", "F2")],
)
def test_figures_of_records_have_labelled_axes(draw: str, claim: str) -> None:
    figure = getattr(drawings, draw)(records.load(claim))
    assert figure.axes[0].get_ylabel()
    assert all(ax.lines or ax.patches for ax in figure.axes)


def test_contenders_keep_their_names_when_a_label_is_broken() -> None:
    for ax in drawings.depth_errors(records.load("D9")).axes:
        labels = [label.get_text().replace("\n", "") for label in ax.get_xticklabels()]
        assert labels == ["2-20-1", "2-38-1", "2-10-10-1"]


def test_every_histogram_holds_all_starts() -> None:
    for ax in drawings.xor_losses(records.load("N5")).axes:
        assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(100)


def test_confusion_writes_shares_of_a_class() -> None:
    record = records.load("F2")
    figure = drawings.confusion(record, [str(number) for number in range(10)])
    shown = {(text.get_position()): text.get_text() for text in figure.axes[0].texts}
    assert shown[(6, 6)] == f"{100 * record.mean('class_accuracy')[6]:.0f}"
