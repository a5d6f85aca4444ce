"""Regressions as one-layer networks: the formula by hand, both engines, scikit-learn, and what is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from deeplearning import engines, nn
from deeplearning.models import (
    least_squares,
    linear_regression,
    logistic_regression,
    softmax_regression,
)

SIZES = st.integers(1, 6)


def make(name: str, features: int, outputs: int, namespace: Any) -> Any:
    if name == "linear":
        return linear_regression(features, outputs, nn=namespace)
    if name == "logistic":
        return logistic_regression(features, nn=namespace)
    return softmax_regression(features, outputs + 1, nn=namespace)


def targets(name: str, samples: int, outputs: int, generator: np.random.Generator) -> np.ndarray:
    if name == "linear":
        return generator.normal(size=(samples, outputs)).astype(np.float32)
    if name == "logistic":
        return generator.integers(0, 2, (samples, 1)).astype(np.float32)
    return generator.integers(0, outputs + 1, samples)


def predictions(name: str, z: np.ndarray) -> np.ndarray:
    """The layer's end, written out in float64."""
    if name == "linear":
        return z
    if name == "logistic":
        return 1 / (1 + np.exp(-z))
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


LOSSES = {"linear": "MSELoss", "logistic": "BCEWithLogitsLoss", "softmax": "CrossEntropyLoss"}


@pytest.mark.parametrize("name", LOSSES)
@given(samples=SIZES, features=SIZES, outputs=SIZES, seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_gradient_is_prediction_minus_target_times_input(
    name: str, samples: int, features: int, outputs: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(samples, features)).astype(np.float32)
    y = targets(name, samples, outputs, generator)
    model = make(name, features, outputs, nn)
    getattr(nn, LOSSES[name])()(
        model(engines.get("numpy").tensor(x)), engines.get("numpy").tensor(y)
    ).backward()

    weight, bias = (
        parameter.numpy().astype(np.float64) for parameter in (model.weight, model.bias)
    )
    rows = np.eye(outputs + 1)[y] if name == "softmax" else y
    error = predictions(name, x @ weight.T + bias) - rows
    # MSELoss averages over all elements, and the square brings a factor of 2.
    factor = 2 / rows.shape[1] if name == "linear" else 1
    np.testing.assert_allclose(
        model.weight.grad.numpy(), factor * error.T @ x / samples, rtol=2e-5, atol=2e-6
    )
    np.testing.assert_allclose(
        model.bias.grad.numpy(), factor * error.mean(axis=0), rtol=2e-5, atol=2e-6
    )


@pytest.mark.parametrize("name", LOSSES)
def test_both_engines_take_the_same_steps(name: str) -> None:
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=(40, 5)).astype(np.float32), targets(name, 40, 3, generator)
    start = engines.get("numpy").state(make(name, 5, 3, nn))
    curves = []
    for engine in (engines.get("numpy"), engines.get("torch")):
        model, loss = make(name, 5, 3, engine.nn), getattr(engine.nn, LOSSES[name])()
        engine.load(model, start)
        optimizer = engine.optim.SGD(model.parameters(), lr=0.1)
        curves.append([])
        for _ in range(50):
            optimizer.zero_grad()
            value = loss(model(engine.tensor(x)), engine.tensor(y))
            value.backward()
            optimizer.step()
            curves[-1].append(value.item())
    assert curves[0][-1] < curves[0][0]
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-5)


def test_they_are_one_layer_of_the_engine() -> None:
    assert (
        type(linear_regression(3))
        is type(logistic_regression(3))
        is type(softmax_regression(3, 2))
        is nn.Linear
    )
    assert isinstance(softmax_regression(3, 2, nn=torch.nn), torch.nn.Linear)
    assert softmax_regression(784, 10).weight.shape == (10, 784)
    assert logistic_regression(30).weight.shape == (1, 30)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: linear_regression(0), "linear_regression: features=0"),
        (lambda: linear_regression(3, outputs=True), "outputs=True; give a positive integer"),
        (lambda: logistic_regression(2.0), "logistic_regression: features=2.0"),  # type: ignore[arg-type]
        (lambda: softmax_regression(3, -1), "classes=-1; give a positive integer"),
        (lambda: softmax_regression(3, 1), "classes=1; give 2 or more"),
    ],
)
def test_sizes_refused(build: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build()


@given(
    features=st.integers(1, 5),
    outputs=st.integers(1, 3),
    extra=st.integers(2, 20),
    seed=st.integers(0, 1000),
)
@settings(max_examples=30, deadline=None)
def test_least_squares_is_scikit_learns(features: int, outputs: int, extra: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(features + extra, features))
    y = generator.normal(size=(len(x), outputs))
    weight, bias = least_squares(x, y)
    other = LinearRegression().fit(x, y)
    assert weight.shape == (outputs, features)
    assert bias.shape == (outputs,)
    np.testing.assert_allclose(weight, other.coef_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(bias, other.intercept_, rtol=1e-6, atol=1e-8)


def test_least_squares_fits_the_network() -> None:
    x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    y = (x @ np.array([1.0, -2.0, 0.5]) + 4).astype(np.float32)
    weight, bias = least_squares(x, y)
    model = linear_regression(3)
    model.load_state_dict({"weight": weight, "bias": bias})
    np.testing.assert_allclose(
        model(engines.get("numpy").tensor(x)).numpy()[:, 0], y, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.ones(3), np.ones(3), r"x \(3,\) and y \(3,\); give \(N, D\)"),
        (np.ones((3, 1)), np.ones(4), r"x \(3, 1\) and y \(4,\)"),
        (np.ones((3, 1)), np.ones((3, 1, 1)), r"y \(3, 1, 1\)"),
        (np.array([[1.0], [np.nan]]), np.ones(2), "NaN or infinity"),
        (np.array([[1.0], [2.0]]), np.array([1.0, np.inf]), "NaN or infinity"),
        (
            np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]),
            np.ones(3),
            "only 2 independent columns in 3 samples",
        ),
        (np.ones((5, 1)), np.ones(5), "1 features and a bias, but only 1 independent"),
    ],
)
def test_least_squares_refuses(x: np.ndarray, y: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        least_squares(x, y)
