"""What the experiments of the perceptron's chapter compute, and that their criteria can fail."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deeplearning.experiments import n02_perceptron as n2
from deeplearning.experiments import n03_bias as n3
from deeplearning.experiments import n04_xor as n4
from deeplearning.models.perceptron import margin


class Values(dict):
    """A stand-in for Metrics: `values[name]` is an array, seeds first."""

    def changed(self, **values: Any) -> "Values":
        return Values(
            {**self, **{name: np.asarray(value, float)[None] for name, value in values.items()}}
        )


def smoke(module: SimpleNamespace) -> Values:
    result = module.run(module.Config.smoke(), seed=5)
    return Values({name: np.asarray(value, float)[None] for name, value in result.items()})


@pytest.mark.parametrize("dimension", [2, 10])
@pytest.mark.parametrize("gap", [0.5, 0.03])
def test_n2_sets_have_the_gap_they_are_made_with(dimension: int, gap: float) -> None:
    x, y = n2.separable(dimension, gap, 60, np.random.default_rng(1))
    assert y.sum() == 30
    # The unit normal with its offset is longer than 1, and another plane may do a little better.
    gamma, _ = margin(x, y)
    assert gap / np.sqrt(1 + 0.3**2) - 1e-9 <= gamma < 1.3 * gap


def test_n2_verdicts() -> None:
    values = smoke(n2)
    within = values.changed(
        gate_random_mistakes=np.zeros(values["gate_random_mistakes"].shape[1]),
        set_random_mistakes=np.zeros(values["set_random_mistakes"].shape[1]),
    )
    assert n2.criterion(within).outcome == "holds"
    over = within.changed(
        set_random_mistakes=values["set_bound"][0] + 1, set_random_limit=values["set_bound"][0] + 2
    )
    assert n2.criterion(over).outcome == "holds partly"
    impossible = within.changed(set_zero_mistakes=values["set_zero_limit"][0] + 1)
    assert n2.criterion(impossible).outcome == "does not hold"
    unlearned = within.changed(gate_zero_learned=[1, 0])
    assert n2.criterion(unlearned).outcome == "does not hold"


def test_n3_best_line_through_the_origin_by_brute_force() -> None:
    generator = np.random.default_rng(2)
    angles = np.linspace(0, 2 * np.pi, 20_001)
    for _ in range(5):
        x, y = generator.standard_normal((12, 2)), generator.integers(0, 2, 12)
        answers = np.stack([np.cos(angles), np.sin(angles)], 1) @ x.T >= 0
        assert n3.best_through_origin(x, y) == (answers == (y == 1)).mean(axis=1).max()


def test_n3_clouds_move_in_the_direction_asked_for() -> None:
    for direction, middle in (("along", (6, 0)), ("across", (0, 6))):
        x, y = n3.clouds(direction, 6.0, 2000, 0.4, seed=0)
        np.testing.assert_allclose(x.mean(axis=0), middle, atol=0.1)
        np.testing.assert_allclose(
            x[y == 1].mean(axis=0) - x[y == 0].mean(axis=0), [4, 0], atol=0.1
        )


def test_n3_verdicts() -> None:
    values = smoke(n3)
    outcome = {
        "gate_accuracy_with": [1, 1, 1, 1],
        "along_accuracy_with": [1, 1],
        "along_best_through_origin": [1, 0.6],
    }
    assert (
        n3.criterion(values.changed(**outcome, gate_accuracy_without=[0.5] * 4)).outcome == "holds"
    )
    assert (
        n3.criterion(values.changed(**outcome, gate_accuracy_without=[0.5, 0.5, 0.5, 1])).outcome
        == "holds partly"
    )
    assert (
        n3.criterion(values.changed(**outcome, gate_accuracy_without=[1] * 4)).outcome
        == "does not hold"
    )
    learned = values.changed(
        **outcome, gate_accuracy_without=[0.5] * 4, zero_input_change_without=[0, 0.1, 0, 0]
    )
    assert n3.criterion(learned).outcome == "does not hold"
    no_need = values.changed(
        **outcome | {"along_best_through_origin": [1, 1]}, gate_accuracy_without=[0.5] * 4
    )
    assert n3.criterion(no_need).outcome == "does not hold"


def test_n4_symmetry_does_not_change_the_count() -> None:
    labels = n4.labellings(4)
    one_by_one = [n4.separating_weights(n4.corners(2), label) is not None for label in labels]
    assert n4.possible(2).tolist() == one_by_one
    assert n4.possible(3).sum() == 104


def test_n4_labellings_and_corners_are_all_there() -> None:
    assert len({tuple(row) for row in n4.labellings(4)}) == 16
    assert n4.labellings(2).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert n4.corners(2).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_n4_verdicts() -> None:
    values = smoke(n4)
    assert n4.criterion(values).outcome == "holds"
    assert n4.criterion(values.changed(best_accuracy=1.0)).outcome == "does not hold"
    assert n4.criterion(values.changed(best_accuracy=0.5)).outcome == "holds partly"
    assert n4.criterion(values.changed(functions=[4, 13])).outcome == "does not hold"
    assert n4.criterion(values.changed(drawn_share=np.full(16, 1 / 16))).outcome == "does not hold"
