"""N1: the smoke run, and a criterion that can say no."""

import numpy as np
import pytest

from deeplearning.experiments.n01_logic_gates import EXPERIMENT, Config, run
from deeplearning.records import Metrics


def judged(**changes) -> str:
    values = run(Config.smoke(), 0) | changes
    return EXPERIMENT.judge(Metrics({name: [value] for name, value in values.items()})).outcome


def test_smoke_run_holds() -> None:
    assert judged() == "holds"


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"wrong_rows_one_neuron": [0, 1, 0, 0, 0]}, "does not hold"),
        ({"xor_wrong_rows_composed": 1}, "does not hold"),
        ({"tables_wrong_two_layers": [0, 3]}, "does not hold"),
        ({"xor_by_one_neuron": 1.0}, "holds partly"),
        ({"xor_refuted": 0.0}, "holds partly"),
        ({"tables_one_neuron": [4, 13]}, "holds partly"),
        ({"tables_both": [0, 1]}, "holds partly"),
    ],
)
def test_criterion_can_fail(changes: dict, outcome: str) -> None:
    assert judged(**changes) == outcome


def test_most_neurons_of_the_recipe() -> None:
    most = np.array(run(Config(most_inputs=3), 0)["most_neurons_two_layers"])
    np.testing.assert_array_equal(most, [2, 3, 5])
