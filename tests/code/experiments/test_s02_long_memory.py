"""S2: what the record keeps of a network, when training stops, and the criterion."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from deeplearning import engines
from deeplearning.experiments import Metrics
from deeplearning.experiments.s02_long_memory import (
    EXPERIMENT,
    KINDS,
    Config,
    cases,
    error,
    lead,
    material,
    network,
    packed,
    solved,
    unpack,
)

LEVELS = {"rnn": 0.16, "lstm": 0.002, "gru": 0.003}
WRONG = {"rnn": 0.7, "lstm": 0.01, "gru": 0.02}


def metrics(levels: dict | None = None, wrong: dict | None = None, noise: float = 0.0) -> Metrics:
    """Made-up errors: of adding over 50 and 200 steps, and of copying after 10 and 40."""
    wave = noise * np.array([-1, 1, 0, -1, 1])
    raw: dict[str, list[float]] = {}
    for kind in KINDS:
        high = np.broadcast_to((LEVELS | (levels or {}))[kind], 5)
        share = (WRONG | (wrong or {}))[kind] + (wave if kind == "lstm" else 0 * wave)
        raw |= {f"error_adding_50_{kind}": [0.001] * 5, f"error_copying_10_{kind}": [0.0] * 5}
        raw |= {
            f"error_adding_200_{kind}": high.tolist(),
            f"error_copying_40_{kind}": share.tolist(),
        }
    return Metrics(raw)


def test_the_criterion_reads_the_longest_problems() -> None:
    verdict = EXPERIMENT.judge(metrics())
    assert verdict.outcome == "holds"
    assert "200 steps solved in 0 / 5 / 5 of 5 seeds" in verdict.headline
    assert "after a delay of 40: 70% / 1% / 2%" in verdict.headline


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"levels": {"lstm": [0.2, 0.002, 0.002, 0.002, 0.002]}}, "holds"),
        ({"levels": {"lstm": [0.2, 0.2, 0.002, 0.002, 0.002]}}, "does not hold"),
        ({"levels": {"rnn": [0.001, 0.1, 0.1, 0.1, 0.1]}}, "holds"),
        ({"levels": {"rnn": [0.001, 0.001, 0.1, 0.1, 0.1]}}, "does not hold"),
        ({"levels": {"gru": 0.1}}, "holds partly"),
        ({"wrong": {"rnn": 0.1}}, "holds partly"),
        ({"wrong": {"lstm": 0.75}}, "holds partly"),
        ({"wrong": {"lstm": 0.4}, "noise": 0.4}, "holds partly"),
    ],
)
def test_every_outcome(changes: dict, outcome: str) -> None:
    assert EXPERIMENT.judge(metrics(**changes)).outcome == outcome


def test_counts_and_leads() -> None:
    made = metrics({"lstm": [0.2, 0.009, 0.01, 0.011, 0.0]})
    assert solved(made, 200, "lstm") == 2
    assert lead(made, 40, "gru") == (pytest.approx(0.68), pytest.approx(0.0, abs=1e-12))


def test_the_networks_are_about_equally_large() -> None:
    counts = [
        sum(p.numel() for p in network(Config(), "adding", kind).parameters()) for kind in KINDS
    ]
    assert max(counts) / min(counts) < 1.06


def test_no_sequence_serves_twice() -> None:
    config = Config()
    seeds = range(EXPERIMENT.seeds)
    assert config.steps_adding * (seeds[-1] + 1) < 10**6
    drawn = [material(config, "adding", 9, 1, seed)[0] for seed in (0, 10**6, 2 * 10**6)]
    assert not any(torch.equal(a, b) for a, b in itertools.combinations(drawn, 2))


def test_training_ends_when_the_problem_is_solved() -> None:
    config = dataclasses.replace(Config.smoke(), steps_adding=4, enough_adding=1e9)
    values = EXPERIMENT.run(config, 0, "adding_4_gru")
    assert values["steps_adding_4_gru"] == 1
    assert values["curve_adding_4_gru"] == [values["curve_adding_4_gru"][0]] * 4
    assert "weights" not in values
    assert "weights" in EXPERIMENT.run(config, 0, "adding_6_lstm")
    assert len(cases(Config())) == 3 * (len(Config().lengths) + len(Config().delays))


def test_the_record_holds_the_network() -> None:
    config = Config()
    model = network(config, "adding", "lstm")
    twin = network(config, "adding", "lstm")
    engines.get("torch").load(twin, unpack(np.array(packed(model), float), twin))
    for (name, a), b in zip(model.named_parameters(), twin.parameters(), strict=True):
        assert float((a - b).detach().abs().max()) <= 0.00051, name


def test_errors_are_those_of_their_problems() -> None:
    y = torch.tensor([[0.5], [1.5]])
    assert error("adding", torch.ones_like, y, y) == 0.25
    scores = torch.tensor([[[2.0, 1.0], [0.0, 1.0]]])
    assert error("copying", lambda x: x, scores, torch.tensor([[0, 0]])) == 0.5
