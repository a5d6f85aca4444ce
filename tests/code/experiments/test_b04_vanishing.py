"""B4: what is measured, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.b04_vanishing import (
    EXPERIMENT,
    Config,
    cases,
    run,
    softmax_gradients,
)


def test_the_gradient_of_softmax_against_its_closed_form() -> None:
    config = Config(scores=40, spreads=(3.0,))
    found = softmax_gradients(config, seed=5)
    generator = np.random.default_rng(5)
    scores = 3 * generator.standard_normal((40, 10))
    labels = generator.integers(0, 10, 40)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    error = p - np.eye(10)[labels]
    wrong = scores.argmax(axis=1) != labels
    squared = np.array([(np.diag(q) - np.outer(q, q)) @ e for q, e in zip(p, error, strict=True)])
    for name, gradient in (("cross_entropy", error), ("squared_error", squared)):
        expected = np.linalg.norm(gradient[wrong], axis=1).mean()
        assert found[f"softmax_{name}"] == pytest.approx([expected])


def test_profiles_end_in_one() -> None:
    config = Config.smoke()
    values = run(config, 0, "sigmoid_old")
    profile = np.array(values["profile_sigmoid_old"])
    assert profile.shape == (10,)
    assert profile[-1] == 1
    assert profile[0] == pytest.approx(np.array(values["reach_sigmoid_old"])[-1], rel=1e-5)
    assert len(np.array(values["reach_training_sigmoid_old"])) == config.epochs + 1
    assert len(cases(config)) == 7


def judged(sigmoid: float, after: float, relu: float, squared: float, cross: float) -> str:
    start, ones = np.ones((5, 2)), np.ones((5, 6))
    metrics = {
        "reach_training_sigmoid_old": start * [sigmoid, after],
        "reach_training_relu_old": start * [relu, 1.0],
        "softmax_squared_error": ones * [1, 1, 1, 1, 1, squared],
        "softmax_cross_entropy": ones * [1, 1, 1, 1, 1, cross],
    }
    return EXPERIMENT.judge(Metrics(metrics)).outcome


def test_criterion() -> None:
    assert judged(1e-8, 1e-8, 1e-4, 0.01, 0.01) == "holds"
    assert judged(1e-8, 1e-8, 1e-4, 0.01, 1.5) == "holds partly"
    assert judged(1e-8, 1e-8, 1e-4, 1.5, 1.5) == "holds partly"
    assert judged(1e-8, 1e-8, 1e-7, 0.01, 1.5) == "holds partly"
    assert judged(1e-8, 1e-8, 1e-7, 1.5, 1.5) == "does not hold"
    assert judged(1e-8, 1e-2, 1e-4, 0.01, 0.01) == "does not hold"  # training brought it back
    assert judged(1e-2, 1e-8, 1e-4, 0.01, 0.01) == "does not hold"
