"""C5: the kernels of each kind, that frozen ones stay, and the criterion."""

import numpy as np
import pytest

from deeplearning import engines
from deeplearning.experiments import Metrics
from deeplearning.experiments.c05_learned_kernels import (
    EXPERIMENT,
    KINDS,
    LENGTH,
    Config,
    bank,
    network,
    run,
)


@pytest.mark.parametrize("kind", ["designed", "random"])
def test_frozen_banks_have_one_shape_and_length(kind: str) -> None:
    kernels = bank(Config(), kind, 0)
    assert kernels.shape == (16, 1, 7, 7)
    assert np.allclose(np.sqrt((kernels**2).sum(axis=(1, 2, 3))), LENGTH)
    assert np.array_equal(kernels, bank(Config(), kind, 1)) == (kind == "designed")


def test_the_length_is_that_of_a_learned_kernel_at_its_start() -> None:
    model = network(Config(kernels=2000), "learned", 0)
    weight = engines.get("torch").state(model)["0.weight"]
    assert (weight**2).sum(axis=(1, 2, 3)).mean() == pytest.approx(LENGTH**2, rel=0.01)


def test_networks_of_a_seed_start_from_the_same_classifier() -> None:
    states = [engines.get("torch").state(network(Config(), kind, 3)) for kind in KINDS]
    for state in states[1:]:
        assert np.array_equal(state["4.weight"], states[0]["4.weight"])
        assert not np.array_equal(state["0.weight"], states[0]["0.weight"])


def test_only_the_learned_kernels_are_kept() -> None:
    config = Config.smoke()
    assert np.shape(run(config, 0, "learned")["kernels"]) == (16, 7, 7)
    assert set(run(config, 0, "random")) == {"train_accuracy_random", "test_accuracy_random"}


def judged(designed: float, random: float, noise: float = 0.001) -> str:
    levels = {"learned": 0.88, "designed": designed, "random": random}
    raw = {
        f"test_accuracy_{kind}": np.column_stack([np.full(5, 0.8), np.full(5, value)])
        for kind, value in levels.items()
    }
    raw["test_accuracy_learned"][:, 1] += noise * np.linspace(-1, 1, 5)
    raw["sizes"] = np.full((5, 2), 1000.0)
    metrics = Metrics({name: values.tolist() for name, values in raw.items()})
    return EXPERIMENT.judge(metrics).outcome


def test_the_criterion_has_three_outcomes_and_heeds_the_spread() -> None:
    assert judged(0.86, 0.85) == "holds"
    assert judged(0.86, 0.875) == "holds partly"
    assert judged(0.89, 0.85) == "does not hold"
    assert judged(0.86, 0.85, noise=0.1) == "does not hold"
