"""C6: what stride and pooling share, that the check of leaving out can fail, and the criterion."""

import numpy as np
import torch

from deeplearning.experiments import Metrics
from deeplearning.experiments.c06_stride import (
    EXPERIMENT,
    NETWORKS,
    STRIDES,
    Config,
    left_out,
    network,
    run,
)


def test_stride_and_pooling_have_equal_sizes() -> None:
    config = Config.smoke()
    for step in STRIDES[1:]:
        strided, pooled = (run(config, 0, f"{way}{step}") for way in ("stride", "pool"))
        assert strided[f"parameters_stride{step}"] == pooled[f"parameters_pool{step}"]
        ratio = pooled[f"convolution_multiplications_pool{step}"]
        assert ratio == step**2 * strided[f"convolution_multiplications_stride{step}"]
        assert strided[f"side_stride{step}"] * step == pooled[f"side_pool{step}"]


def test_leaving_out_is_measured() -> None:
    images = np.random.default_rng(0).normal(size=(2, 1, 28, 28)).astype(np.float32)
    model = network(Config(), "stride2")
    assert left_out(model, images, 2) < 1e-5
    with torch.no_grad():
        model[0].dilation = (2, 2)  # now something else than leaving out
        model[0].padding = (2, 2)
    assert left_out(model, images, 2) > 1e-2


def judged(cost: float, difference: float = 1e-7, side: int = 12, noise: float = 0.0) -> str:
    raw: dict[str, np.ndarray] = {}
    for case, (step, _) in NETWORKS.items():
        raw[f"test_accuracy_{case}"] = np.full(5, 0.85)
        raw[f"multiplications_{case}"] = np.full(5, 1e5)
        raw[f"side_{case}"] = np.full(5, float(24 // step))
        raw[f"difference_{case}"] = np.full(5, difference)
    raw["side_stride2"][:] = side
    raw["test_accuracy_stride2"] = 0.85 - cost + noise * np.linspace(-1, 1, 5)
    metrics = Metrics({name: values.tolist() for name, values in raw.items()})
    return EXPERIMENT.judge(metrics).outcome


def test_the_criterion_has_three_outcomes_and_heeds_the_spread() -> None:
    assert judged(0.005) == "holds"
    assert judged(-0.005) == "holds"
    assert judged(0.02) == "holds partly"
    assert judged(0.005, noise=0.05) == "holds partly"
    assert judged(0.005, difference=1e-3) == "does not hold"
    assert judged(0.005, side=13) == "does not hold"
