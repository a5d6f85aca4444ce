"""The figures of the chapter show the numbers that they are given."""

import dataclasses
from typing import Any

import numpy as np

from deeplearning.figures import machine_learning_or_deep_learning as drawings
from deeplearning.records import Metrics, Record


def record(values: dict[str, list], **config: Any) -> Record:
    return dataclasses.replace(Record.example(), metrics=Metrics(values), config=config)


def d11() -> Record:
    """Two seeds; accuracy and seconds say whose they are: contender i at place j."""
    values: dict[str, list] = {}
    for i, name in enumerate(drawings.NAMES):
        for j, place in enumerate(("60000", "100", *drawings.TABLES)):
            values[f"test_accuracy_{name}_{place}"] = [0.5 + 0.05 * i + 0.01 * j] * 2
            values[f"seconds_{name}_{place}"] = [1.0 + i, None if i == 3 and j == 0 else 1.0 + i]
            values[f"predict_seconds_{name}_{place}"] = [0.1, 0.3]
    return record(values)


def test_sizes_are_numbers_in_their_order() -> None:
    assert drawings.sizes(d11()) == [100, 60000]


def test_contest_draws_every_contender_twice_below_and_once_above() -> None:
    above, below = drawings.contest(d11()).axes
    assert len(above.lines) == 5
    assert np.allclose(above.lines[4].get_ydata(), [0.71, 0.70])
    assert above.lines[4].get_xdata().tolist() == [100, 60000]
    assert len(below.lines) == 5 * 2 + 2
    assert below.lines[6].get_ydata().tolist() == [4.0, 4.0]  # one seed alone at the largest size
    assert np.allclose(below.lines[7].get_ydata(), 0.2)
    names = [text.get_text() for text in above.get_legend().get_texts()]
    assert names == list(drawings.NAMES.values())
    assert len({drawings.COLOR[name] for name in drawings.NAMES}) == 5


def test_on_tables_has_a_panel_a_table_with_every_contender() -> None:
    axes = drawings.on_tables(d11()).axes
    assert [ax.get_title() for ax in axes] == list(drawings.TABLES.values())
    drawn = [container.lines[0].get_xdata()[0] for container in axes[0].containers]
    assert np.allclose(drawn, [0.72, 0.67, 0.62, 0.57, 0.52])  # from below: the network first
    assert axes[0].get_yticklabels()[0].get_text() == "MLP"


def test_boundaries_have_the_points_and_a_panel_a_method() -> None:
    x, y = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([0, 1])
    answers = {name: np.eye(4) for name in drawings.NAMES}
    axes = drawings.boundaries(x, y, answers, (0, 2, 1, 3)).axes
    assert [ax.get_title() for ax in axes] == ["the points", *drawings.NAMES.values()]
    assert axes[0].lines[1].get_xydata().tolist() == [[2.0, 3.0]]
    assert not axes[0].collections
    assert all(ax.collections for ax in axes[1:])


def test_rounds_have_a_panel_each() -> None:
    t = np.linspace(0, 1, 5)
    axes = drawings.rounds(t, t, (t[:2], t[:2]), {1: t, 9: 2 * t}).axes
    assert [ax.get_title() for ax in axes] == ["1 round", "9 rounds"]
    assert axes[1].lines[2].get_ydata().tolist() == (2 * t).tolist()


def test_step_speeds_are_in_thousand_millions() -> None:
    ax = drawings.step_speeds([1, 8], {"small": [1e9, 5e9], "large": [2e9, 9e9]}).axes[0]
    assert np.allclose(ax.lines[1].get_ydata(), [2.0, 9.0])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "8"]


def test_gpu_ratios_are_means_over_seeds_with_a_line_at_one() -> None:
    values = {f"ratio_{network}_cpu": [[1.0, 4.0], [3.0, 8.0]] for network in drawings.NETWORKS}
    ax = drawings.gpu_ratios(record(values, batch_sizes=[1, 1024])).axes[0]
    assert [line.get_ydata().tolist() for line in ax.lines[:3]] == [[2.0, 6.0]] * 3
    assert ax.lines[3].get_ydata() == [1.0, 1.0]
    assert ax.get_yscale() == "log"
