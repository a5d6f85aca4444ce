"""C3: the three networks have one shape, and the criterion."""

import numpy as np
import torch

from deeplearning.experiments import Metrics
from deeplearning.experiments.c03_weight_sharing import (
    EXPERIMENT,
    JUDGED,
    Config,
    gaps,
    network,
)


def test_the_networks_differ_in_the_hidden_layer_alone() -> None:
    counts = {}
    for kind in JUDGED:
        model = network(Config(), kind)
        hidden = [parameter for layer in list(model)[:-1] for parameter in layer.parameters()]
        counts[kind] = sum(parameter.numel() for parameter in hidden)
        assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
        assert model[-1].weight.shape == (10, 8 * 12 * 12)
    units = 8 * 12 * 12
    assert counts == {"full": units * (784 + 1), "local": units * (25 + 1), "shared": 8 * (25 + 1)}


def test_the_wide_convolution_has_as_many_parameters_as_the_locally_connected_network() -> None:
    wide, local = (
        sum(parameter.numel() for parameter in network(Config(), kind).parameters())
        for kind in ("wide", "local")
    )
    assert 0.97 * local < wide <= local


def metrics(gap: dict[str, float], test: dict[str, float], noise: float = 0.001) -> Metrics:
    spread = noise * np.linspace(-1, 1, 5)[:, None]
    raw: dict[str, np.ndarray] = {"sizes": np.full((5, 2), 1000.0)}
    for count, kind in zip((900, 40, 10), JUDGED, strict=True):
        tested = np.full((5, 2), test[kind])
        raw[f"test_accuracy_{kind}"] = tested
        raw[f"train_accuracy_{kind}"] = tested + gap[kind] + (spread if kind == "shared" else 0)
        raw[f"parameters_{kind}"] = np.full(5, float(count))
    return Metrics({name: values.tolist() for name, values in raw.items()})


def judged(gap: tuple[float, ...], test: tuple[float, ...], noise: float = 0.001) -> str:
    given = metrics(
        dict(zip(JUDGED, gap, strict=True)), dict(zip(JUDGED, test, strict=True)), noise
    )
    assert np.allclose(gaps(given, "full"), gap[0])
    return EXPERIMENT.judge(given).outcome


def test_the_criterion_has_three_outcomes_and_heeds_the_spread() -> None:
    equal = (0.85, 0.85, 0.85)
    assert judged((0.1, 0.08, 0.03), equal) == "holds"
    assert judged((0.1, 0.08, 0.03), (0.85, 0.86, 0.85)) == "holds partly"
    assert judged((0.1, 0.035, 0.03), equal) == "holds partly"
    assert judged((0.03, 0.08, 0.03), equal) == "does not hold"
    assert judged((0.1, 0.08, 0.03), equal, noise=0.2) == "does not hold"
