"""D3: the two models, the sizes, and the criterion."""

import numpy as np
import pytest

from deeplearning.experiments import Metrics
from deeplearning.experiments.d03_training_set_size import EXPERIMENT, Config, cases, run


def test_every_size_has_its_settings_and_its_cases() -> None:
    config = Config()
    assert len(config.sizes) == len(config.epochs) == len(config.deep) == len(config.logistic)
    assert (config.sizes[0], config.sizes[-1]) == (100, 60_000)
    assert len(cases(config)) == 2 * len(config.sizes)


def test_both_models_learn_and_the_run_repeats() -> None:
    config = Config(sizes=(200,), epochs=(10,), hidden=(16,), test=300)
    for case in ("deep_200", "logistic_200"):
        first = run(config, 0, case)
        assert first == run(config, 0, case)
        assert first[f"test_accuracy_{case}"] > 0.4
        assert first[f"train_accuracy_{case}"] > 0.5


def judged(leads: list[float], spread: float = 0.003) -> tuple[str, str]:
    """The verdict if the deep network leads by this much with 100, 1,000 and 60,000 images."""
    jitter = np.linspace(-spread, spread, 5)
    metrics = {}
    for size, lead in zip((100, 1000, 60_000), leads, strict=True):
        metrics[f"test_accuracy_logistic_{size}"] = np.full(5, 0.8)
        metrics[f"test_accuracy_deep_{size}"] = 0.8 + lead + jitter
        jitter = np.roll(jitter, 1)  # not the same seeds are good at every size
    verdict = EXPERIMENT.judge(Metrics(metrics))
    return verdict.outcome, verdict.headline


@pytest.mark.parametrize(
    ("leads", "outcome"),
    [
        ([0.0, 0.005, 0.05], "holds"),
        ([-0.02, 0.0, 0.05], "holds"),
        ([0.03, 0.03, 0.05], "holds partly"),  # ahead with few images too
        ([0.0, 0.0, 0.02], "holds partly"),  # grows, and is small with many
        ([0.05, 0.05, 0.05], "does not hold"),
        ([0.0, 0.0, 0.001], "does not hold"),  # within the noise
    ],
)
def test_the_criterion_has_three_outcomes(leads: list[float], outcome: str) -> None:
    assert judged(leads)[0] == outcome


def test_the_headline_says_where_the_deep_network_pulls_ahead() -> None:
    assert "above one point from 60,000 images on" in judged([0.0, 0.005, 0.05])[1]
    assert "above one point from 1,000 images on" in judged([0.0, 0.02, 0.05])[1]
    assert "above one point from 100 images on" in judged([0.02, 0.02, 0.05])[1]
    assert "above one point" not in judged([0.02, 0.02, 0.0])[1]
