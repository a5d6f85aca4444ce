"""D14: each remedy changes what it says and nothing else, and the criterion."""

import dataclasses

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments import d14_four_remedies as d14
from deeplearning.experiments.d14_four_remedies import EXPERIMENT, NETWORKS, REMEDIES, Config, run


@pytest.mark.parametrize("case", NETWORKS)
def test_curves_hang_together(case: str) -> None:
    values = run(Config.smoke(), 0, case)
    curve = np.array(values[f"curve_{case}"])
    assert curve.shape == (3,)  # before training, after each of two epochs
    assert curve[-1] == values[f"test_accuracy_{case}"]
    assert len(np.array(values[f"train_loss_{case}"])) == 2


def test_residual_and_pretrained_networks_start_from_the_numbers_of_the_baseline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = {}

    def caught(model: object, *_: object, **__: object) -> None:
        made[case] = [p.numpy().copy() for p in model.parameters()]  # type: ignore[attr-defined]
        raise d14.Diverged

    monkeypatch.setattr(d14, "fit", caught)
    monkeypatch.setattr(d14, "pretrain", lambda *_, **__: [])
    for case in ("baseline", "residual", "pretraining", "initialisation"):
        run(Config.smoke(), 0, case)
    for case in ("residual", "pretraining"):
        for ours, base in zip(made[case], made["baseline"], strict=True):
            np.testing.assert_array_equal(ours, base)
    shapes = [[p.shape for p in made[case]] for case in ("initialisation", "baseline")]
    assert shapes[0] == shapes[1]


def test_a_network_that_overflows_answers_at_random() -> None:
    config = dataclasses.replace(Config.smoke(), rates=(1e30,) * 5)
    values = run(config, 0, "relu")
    assert values["test_accuracy_relu"] == 0.1
    assert np.array(values["curve_relu"]).shape == (3,)


def judged(baseline: list[float], **changed: list[float]) -> str:
    metrics = {f"test_accuracy_{case}": np.full(5, 0.85) for case in REMEDIES}
    metrics["test_accuracy_baseline"] = np.array(baseline)
    metrics |= {f"test_accuracy_{case}": np.array(values) for case, values in changed.items()}
    return EXPERIMENT.judge(Metrics(metrics)).outcome


def test_criterion() -> None:
    chance = [0.1] * 5
    assert judged(chance) == "holds"
    assert judged(chance, residual=[0.85, 0.85, 0.85, 0.85, 0.5]) == "holds"
    assert judged(chance, residual=[0.85, 0.85, 0.85, 0.5, 0.5]) == "holds partly"
    assert judged([0.1, 0.1, 0.1, 0.1, 0.3]) == "does not hold"
    assert judged(chance, **dict.fromkeys(REMEDIES, [0.5] * 5)) == "does not hold"
