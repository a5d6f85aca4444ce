"""C4: what the cases hold equal, and the criterion."""

import numpy as np

from deeplearning.experiments import Metrics
from deeplearning.experiments.c04_feature_maps import (
    COUNTS,
    EXPERIMENT,
    NETWORKS,
    Config,
    curve,
    run,
)


def test_three_cases_give_the_classifier_as_many_numbers() -> None:
    config = Config.smoke()
    features = {
        case: run(config, 0, case)[f"features_{case}"] for case in ("equal1", "equal4", "maps16")
    }
    assert set(features.values()) == {576}
    assert NETWORKS["maps2"] == (2, 4)


def judged(one: float, equal: float, noise: float = 0.001) -> str:
    raw = {f"test_accuracy_{case}": np.full(5, 0.85) for case in NETWORKS}
    raw["test_accuracy_maps1"] = one + noise * np.linspace(-1, 1, 5)
    raw["test_accuracy_equal1"] = np.full(5, equal)
    metrics = Metrics({name: values.tolist() for name, values in raw.items()})
    assert curve(metrics).shape == (5, len(COUNTS))
    return EXPERIMENT.judge(metrics).outcome


def test_the_criterion_has_three_outcomes_and_heeds_the_spread() -> None:
    assert judged(0.75, 0.8) == "holds"
    assert judged(0.75, 0.83) == "holds partly"
    assert judged(0.83, 0.8) == "does not hold"
    assert judged(0.75, 0.8, noise=0.3) == "does not hold"
