"""S5: which gate counts as needed, and what runs of different parts share."""

import dataclasses

import numpy as np
import pytest
import torch

from deeplearning.experiments import Metrics
from deeplearning.experiments.s05_gates import (
    EXPERIMENT,
    PARTS,
    PROBLEMS,
    Config,
    answer,
    cases,
    material,
    needed,
    train,
    worse,
)
from deeplearning.models.gated import gated


def metrics(spread: float = 0.0, **factors: float) -> Metrics:
    """Made-up errors: the whole LSTM's of 0.01, times a factor where a case is named."""
    wave = 2.0 ** (spread * np.array([-1, 1, 0, -1, 1]))
    return Metrics(
        {
            f"error_{case}": (0.01 * factors[case] * wave).tolist()
            if case in factors
            else [0.01] * 5
            for case in cases(Config())
        }
    )


ALL = {"adding_input": 3.0, "restarts_forget": 30.0, "adding_output": 2.5}


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (metrics(**ALL), "holds"),
        (metrics(**(ALL | {"adding_output": 1.9})), "holds partly"),
        (metrics(restarts_forget=3.0), "holds partly"),
        (metrics(adding_candidate=9.0, restarts_both=9.0), "does not hold"),
        (metrics(adding_input=0.2), "does not hold"),
        (metrics(spread=3.0, **ALL), "holds partly"),
        (metrics(spread=9.0, **ALL), "does not hold"),
    ],
)
def test_every_outcome(made: Metrics, outcome: str) -> None:
    assert EXPERIMENT.judge(made).outcome == outcome


def test_factors_are_paired_by_seed() -> None:
    raw = {f"error_{case}": [0.01, 0.02, 0.04, 0.01, 0.02] for case in cases(Config())}
    raw["error_adding_input"] = [0.04, 0.08, 0.16, 0.04, 0.08]
    assert worse(Metrics(raw), "adding", "input") == (pytest.approx(2), pytest.approx(0))
    assert needed(Metrics(raw), "adding", "input")
    assert "adding 4.0 / 1.0 / 1.0; restarts 1.0" in EXPERIMENT.judge(Metrics(raw)).headline


def test_all_parts_start_alike_and_see_the_same() -> None:
    config = dataclasses.replace(Config.smoke(), steps_adding=0, steps_restarts=0)
    starts = [train(config, "adding", part, seed=3).state_dict() for part in PARTS]
    for start in starts[1:]:
        for name, value in starts[0].items():
            assert torch.equal(value, start[name]), name
    assert starts[0]["input.bias"][3:6].tolist() == [config.forget_bias] * 3


@pytest.mark.parametrize("problem", PROBLEMS)
def test_answers_fit_their_questions(problem: str) -> None:
    config = Config.smoke()
    x, y = material(config, problem, 5, seed=1)
    model = gated(x.shape[2], 3, nn=torch.nn)
    found = answer(problem, model, x)
    assert found.shape == y.shape
    torch.testing.assert_close(found[:, -1:], model(x))


def test_the_constant_is_the_best_answer_without_memory() -> None:
    config = dataclasses.replace(Config.smoke(), test=20_000)
    found = EXPERIMENT.run(config, 0, "adding_nothing")["constant_adding"]
    assert found == pytest.approx(1 / 6, abs=5 * np.sqrt(7 / 180 / 20_000))
