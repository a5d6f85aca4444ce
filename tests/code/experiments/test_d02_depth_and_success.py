"""D2: what a run returns, and the criterion."""

import numpy as np

from deeplearning.experiments import Metrics
from deeplearning.experiments.d02_depth_and_success import (
    EXPERIMENT,
    KINDS,
    SUCCESS,
    Config,
    cases,
    run,
    train,
)


def test_the_best_rate_is_taken_and_success_is_its_accuracy() -> None:
    config = Config(
        depths=(1, 2), width=20, images=1000, validation=200, test=200, rates=(1e-6, 0.1), epochs=2
    )
    values = run(config, 100, "relu_modern")
    assert values["rate_relu_modern"] == [0.1, 0.1]
    accuracies = values["test_accuracy_relu_modern"]
    assert values["success_relu_modern"] == [a >= SUCCESS for a in accuracies]
    assert accuracies[0] > 0.3
    assert values["reach_relu_modern"][0] == 1
    assert set(cases(config)) == set(KINDS)


def test_overflow_is_no_crash() -> None:
    config = Config(depths=(2,), width=5, images=100, validation=20, test=20, rates=(1e30,))
    assert train("relu_modern", 2, 1e30, config, 0) is None
    values = run(config, 0, "relu_modern")
    assert (values["test_accuracy_relu_modern"], values["rate_relu_modern"]) == ([0.1], [0.0])


def judged(deep: dict[str, list[float]]) -> str:
    metrics = {
        f"success_{kind}": np.column_stack([np.ones(5), deep.get(kind, np.ones(5))])
        for kind in KINDS
    }
    return EXPERIMENT.judge(Metrics(metrics)).outcome


def test_criterion() -> None:
    none = [0.0] * 5
    everywhere = dict.fromkeys(KINDS, none)
    old = {kind: none for kind in KINDS if kind.endswith("old")}
    assert judged(everywhere) == "holds"
    assert judged(old) == "holds partly"
    assert judged(everywhere | {"tanh_modern": [1.0] * 5}) == "holds partly"
    assert judged(everywhere | {"tanh_old": [1.0] * 5}) == "does not hold"
    assert judged(everywhere | {"tanh_old": [1, 1, 1, 0, 0]}) == "does not hold"
    assert judged(everywhere | {"tanh_old": [1, 0, 0, 0, 1]}) == "holds"
    assert judged({}) == "does not hold"
