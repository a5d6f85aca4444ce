"""What cannot be trained is refused before it starts, in the same words for every engine."""

from typing import Any

import numpy as np
import pytest

from deeplearning import engines
from deeplearning.training import fit
from deeplearning.training.check import check_data

X = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
LABELS = np.arange(20) % 3
TARGETS = X[:, :3].copy()


def attempt(engine_name: str, data: Any, loss: str = "CrossEntropyLoss", **changes: Any) -> None:
    engine = engines.get(engine_name)
    model = engine.nn.Linear(4, 3)
    before = engine.state(model)
    try:
        fit(
            model, data, engine=engine, optimizer=engine.optim.SGD(model.parameters(), lr=0.1),
            loss=getattr(engine.nn, loss)(), **({"epochs": 1, "batch_size": 5, "seed": 0} | changes),
        )  # fmt: skip
    except Exception:
        for name, value in engine.state(model).items():
            np.testing.assert_array_equal(value, before[name])  # refused before the first step
        raise


@pytest.mark.parametrize("engine", ["numpy", "torch"])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        ((X, LABELS + 1), r"targets of data: y\[2\] is 3; with 3 classes.*use y - 1"),
        ((X, LABELS - 1), r"y\[0\] is -1"),
        ((X, LABELS.astype(np.float32)), "y is float32; labels must be int64"),
        ((X, LABELS.astype(np.int32)), "y is int32; labels must be int64"),
        ((X, LABELS[:, None]), r"y has the shape \(20, 1\)"),
        ((X, np.eye(3, dtype=np.float32)[LABELS]), r"use y\.argmax\(axis=1\)"),
        ((X.astype(np.float64), LABELS), r"inputs of data are float64 and the parameters float32"),
        ((X.astype(np.int64), LABELS), r"inputs of data of shape \(20, 4\) and int64"),
        ((X[:, :2], LABELS), r"inputs of data of shape \(20, 2\) and float32"),
        ((X[:, 0], LABELS), r"inputs of data of shape \(20,\)"),
        ((X.astype(str), LABELS), "inputs of data are <U"),
        ((X, np.float32(1) * LABELS[:7]), r"\(20, 4\) and targets of shape \(7,\)"),
    ],
)
def test_wrong_classification_data(engine: str, data: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        attempt(engine, data)


@pytest.mark.parametrize("engine", ["numpy", "torch"])
@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (np.where(TARGETS > 1, np.nan, TARGETS).astype(np.float32), "targets of data hold NaN"),
        (
            np.zeros((20, 2), np.float32),
            r"loss does not take outputs of shape \(N, 3\) with targets.*\(N, 2\)",
        ),
        (TARGETS.astype(np.float64), "targets of data are float64"),
    ],
)
def test_wrong_regression_data(engine: str, targets: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        attempt(engine, (X, targets), "MSELoss")


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_regression_is_trained(engine: str) -> None:
    attempt(engine, (X, TARGETS), "MSELoss")


@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_wrong_validation_data(engine: str) -> None:
    with pytest.raises(ValueError, match=r"targets of validation: y\[0\] is 5"):
        attempt(engine, (X, LABELS), validation=(X, LABELS + 5))
    with pytest.raises(ValueError, match="accuracy on validation needs"):
        attempt(engine, (X, TARGETS), "MSELoss", validation=(X, TARGETS))


@pytest.mark.parametrize("data", [None, (X, LABELS, LABELS), (X.tolist(), LABELS), X])
def test_no_pair_of_arrays(data: Any) -> None:
    with pytest.raises(TypeError, match=r"fit: data is .*; give a pair \(x, y\)"):
        attempt("numpy", data)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": -1}, "seed=-1"), ({"seed": None}, "seed=None"), ({"epochs": True}, "epochs=True"),
        ({"validation": (X, LABELS), "patience": 1.5}, r"patience=1\.5"),
    ],
)  # fmt: skip
def test_wrong_settings(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        attempt("numpy", (X, LABELS), **changes)


def test_cross_entropy_needs_one_row_of_scores_a_sample() -> None:
    engine = engines.get("numpy")
    model = engine.nn.Sequential(engine.nn.Linear(4, 3), engine.nn.Flatten(0))
    with pytest.raises(ValueError, match=r"cross-entropy needs outputs \(N, K\).*\(3,\)"):
        check_data("data", (X, LABELS), model, engine, engine.nn.functional.cross_entropy)
