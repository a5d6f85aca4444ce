"""D6: equal numbers of steps, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.d06_pretraining import EXPERIMENT, NETWORKS, Config, cases, run


@pytest.mark.parametrize(("case", "epochs"), [("plain_3", 5), ("pretrained_3", 2)])
def test_pretraining_counts_as_epochs(case: str, epochs: int) -> None:
    values = run(Config.smoke(), 0, case)
    # One before training, one after each epoch; the plain network trains one epoch longer for each of three layers.
    assert len(np.array(values[f"curve_{case}"])) == 1 + epochs
    assert np.array(values[f"curve_{case}"])[-1] == values[f"test_accuracy_{case}"]
    assert values[f"seconds_{case}"] > 0


def test_the_start_is_the_same_but_for_pretraining() -> None:
    plain, pretrained = (run(Config.smoke(), 3, f"{kind}_3") for kind in ("plain", "pretrained"))
    assert plain["reach_plain_3"] != pretrained["reach_pretrained_3"]
    assert plain["reach_plain_3"] == run(Config.smoke(), 3, "plain_3")["reach_plain_3"]
    assert cases(Config()) == NETWORKS


def judged(plain: float, pretrained: float, reach: float) -> str:
    jitter = np.linspace(-0.01, 0.01, 5)
    metrics = {f"test_accuracy_{name}": 0.8 + jitter for name in NETWORKS}
    metrics["test_accuracy_plain_10"] = plain + jitter
    metrics["test_accuracy_pretrained_10"] = pretrained - jitter
    metrics["reach_plain_10"] = np.full(5, 1e-8)
    metrics["reach_pretrained_10"] = np.full(5, reach)
    return EXPERIMENT.judge(Metrics(metrics)).outcome


def test_criterion() -> None:
    assert judged(0.1, 0.8, 0.1) == "holds"
    assert judged(0.1, 0.8, 1e-7) == "holds partly"
    assert judged(0.7, 0.8, 0.1) == "does not hold"
    assert judged(0.1, 0.41, 0.1) == "does not hold"  # not by 30 points in every seed
