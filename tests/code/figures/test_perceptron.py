"""The figures of the perceptron's chapter show the numbers that they are given."""

import numpy as np
import pytest

from deeplearning import data, records
from deeplearning.figures import perceptron as drawings
from deeplearning.figures import to_svg


def test_the_neuron_names_its_parts() -> None:
    texts = [text.get_text() for text in drawings.neuron().axes[0].texts]
    assert {"$x_1$", "$w_1$", "$b$", "step"} <= set(texts)


def test_update_states_both_sums() -> None:
    figure = drawings.update([1.0, 0.0], [-1.0, 1.0], rate=1.0)
    titles = [axes.get_title() for axes in figure.axes]
    assert "−1.00" in titles[0]  # (1, 0) · (−1, 1)
    assert "+1.00" in titles[1]  # (0, 1) · (−1, 1)


def test_gate_learning_rings_the_wrong_inputs() -> None:
    x, y = data.gate("AND")
    figure = drawings.gate_learning(x, y, [(0, 0, 1), (1, 1, -1.5)], shown=(0, 1))
    rings = [
        next(line for line in axes.lines if line.get_markersize() == 15) for axes in figure.axes
    ]
    assert [len(line.get_xdata()) for line in rings] == [3, 0]
    assert [axes.get_title() for axes in figure.axes] == ["0 mistakes", "1 mistake"]


def test_dichotomies_mark_those_without_a_line() -> None:
    labels = [[number >> bit & 1 for bit in (3, 2, 1, 0)] for number in range(16)]
    figure = drawings.dichotomies(
        labels, [None if number in (6, 9) else (1, 1, -0.5) for number in range(16)]
    )
    empty = [number for number, axes in enumerate(figure.axes) if axes.texts]
    assert empty == [6, 9]
    assert figure.axes[6].get_title() == "0110"


@pytest.mark.parametrize(
    ("name", "draw"), [("N2", "mistakes_and_bound"), ("N3", "bias"), ("N4", "xor_runs")]
)
def test_figures_of_the_records(name: str, draw: str) -> None:
    figure = getattr(drawings, draw)(records.load(name))
    assert all(
        axes.get_xlabel() and (axes.get_ylabel() or axes.get_shared_y_axes())
        for axes in figure.axes
    )
    assert to_svg(figure).startswith("<?xml")


def test_the_bias_figure_draws_the_means() -> None:
    record = records.load("N3")
    drawn = [
        line.get_ydata()
        for line in drawings.bias(record).axes[0].lines
        if line.get_label() == "with a bias"
    ]
    np.testing.assert_allclose(drawn[0], 100 * record.mean("along_accuracy_with"))
