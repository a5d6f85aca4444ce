"""Figures of the McCulloch–Pitts chapter show the numbers that they are given."""

from types import SimpleNamespace

import numpy as np

from deeplearning.figures import mcculloch_pitts as drawings
from deeplearning.figures import to_svg

NEURONS = {"AND": ((1, 1), 2), "OR": ((1, 1), 1), "NAND": ((-1, -1), -1), "NOT": ((-1,), 0)}


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_gates_write_weights_and_thresholds() -> None:
    axes = drawings.gates(NEURONS).axes
    assert [ax.get_title() for ax in axes] == list(NEURONS)
    assert texts(axes[0]).count("+1") == 2
    assert "≥ −1" in texts(axes[2])
    assert texts(axes[3]).count("−1") == 1


def test_lines_separate_gates_and_cross_xor() -> None:
    tables = {"AND": [0, 0, 0, 1], "XOR": [0, 1, 1, 0]}
    gate, xor = drawings.lines(NEURONS, tables).axes
    assert len(gate.collections) == 2  # shading and border
    assert len(xor.collections) == 0
    diagonals = [line.get_xydata() for line in xor.lines[:2]]
    assert all(line.mean(axis=0).tolist() == [0.5, 0.5] for line in diagonals)


def test_xor_network_names_its_gates() -> None:
    assert {"OR", "NAND", "AND", "≥ 1", "≥ −1", "≥ 2"} <= set(
        texts(drawings.xor_network(NEURONS).axes[0])
    )


def test_timeline_has_a_row_a_signal() -> None:
    ax = drawings.timeline({"set": [0, 1, 0], "kept": [0, 1, 1]}).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["kept", "set"]
    assert ax.get_xlim() == (0, 3)


def test_counts_label_the_bars() -> None:
    record = SimpleNamespace(
        metrics={"tables": np.array([[4.0, 16.0]]), "tables_one_neuron": np.array([[4.0, 14.0]])}
    )
    figure = drawings.counts(record)
    assert texts(figure.axes[0]) == ["4", "16", "4", "14"]
    assert figure.axes[0].get_yscale() == "log"
    assert to_svg(figure).startswith("<?xml")
