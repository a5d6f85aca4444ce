"""C10: the parts of the run on small data, and the criterion's three outcomes."""

import dataclasses

import numpy as np
import torch

from deeplearning import engines
from deeplearning.data.digit_rows import DigitRows
from deeplearning.experiments import Metrics
from deeplearning.experiments import c10_lenet5 as c10
from deeplearning.experiments.c10_lenet5 import CASES, EXPERIMENT, Config
from deeplearning.models.lenet import lenet5

TINY = dataclasses.replace(Config.smoke(), images=128, test_images=32, gaps=(0,), lengths=(5,))


def test_pooling_first_is_the_same_network() -> None:
    torch.manual_seed(0)
    model = lenet5("relu", "max", nn=torch.nn)
    x = torch.rand(4, 1, 28, 28)
    other = c10.pooled_first(model, torch.nn)
    assert torch.equal(model(x), other(x))
    assert {id(p) for p in model.parameters()} == {id(p) for p in other.parameters()}


def test_the_reader_starts_as_the_trained_network() -> None:
    """With a rate of (nearly) nothing the ten digits' scores of a window are those of the single image."""
    model = lenet5("relu", "max", nn=torch.nn)
    config = dataclasses.replace(TINY, row_rate=1e-12, weight_decay=0.0)
    reader = c10.learn_rows(config, 0, model)
    x = np.random.default_rng(0).random((3, 28, 28)).astype(np.float32)
    scores = c10.predict(reader, c10.with_margin(x), engines.get("torch"))[:, :10, 0, 0]
    expected = c10.predict(model, x[:, None], engines.get("torch"))
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_rows_are_judged_whole_and_by_digit() -> None:
    rows = DigitRows(np.zeros((3, 28, 60)), np.array([[1, 2], [3, 4], [5, 6]]), np.zeros((3, 2)))
    assert c10.judged([[1, 2], [3], [5, 6, 6]], rows) == (1 / 3, 2 / 6)


def test_validation_holds_the_last_images_out() -> None:
    (x, y), (test_x, test_y) = c10.material(Config(validation=True))
    split = c10.digits()
    assert (len(x), len(y), len(test_x)) == (50_000, 50_000, 10_000)
    np.testing.assert_array_equal(test_y, split.train_y[50_000:])


def test_a_run_repeats() -> None:
    first, again = (c10.run(TINY, 3, "distorted") for _ in range(2))
    assert first == again
    assert len(first["row_accuracy"]) == len(TINY.lengths)
    assert first != c10.run(TINY, 4, "distorted")


def outcome(modern: float, distorted: float, rows: float) -> str:
    errors = {"published": 0.012, "modern": modern, "distorted": distorted}
    metrics = {f"test_error_{case}": np.full(3, errors[case]) for case in CASES}
    metrics["lengths"] = np.tile([1, 5, 10], (3, 1))
    metrics["row_accuracy"] = np.tile([1.0, rows, 0.0], (3, 1))
    verdict = EXPERIMENT.judge(Metrics(metrics))
    assert "1.20% as published" in verdict.headline
    return verdict.outcome


def test_the_criterion_has_three_outcomes() -> None:
    assert outcome(0.0095, 0.0080, 0.9) == "holds"  # "at most" and "at least" include the bars
    assert outcome(0.0096, 0.0080, 0.95) == "holds partly"
    assert outcome(0.0090, 0.0090, 0.95) == "holds partly"
    assert outcome(0.0090, 0.0070, 0.89) == "does not hold"
    assert outcome(0.0100, 0.0090, 0.95) == "does not hold"
