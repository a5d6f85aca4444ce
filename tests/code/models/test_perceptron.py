"""The perceptron against the theorem, scikit-learn, PyTorch and both of its dual problems."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from sklearn.linear_model import Perceptron as SklearnPerceptron

from deeplearning import data, engines
from deeplearning.models.perceptron import (
    Perceptron,
    margin,
    mistake_bound,
    perceptron_loss,
    radius,
    separating_weights,
    signed,
    with_constant,
)

SEPARABLE = ["AND", "OR", "NAND", "NOR"]


def clouds(
    seed: int, samples: int = 40, distance: float = 4.0, dimension: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    x = generator.standard_normal((samples, dimension)).clip(-1.5, 1.5)
    x[:, 0] += distance * (y - 0.5)
    return x, y


@pytest.mark.parametrize("name", SEPARABLE)
@pytest.mark.parametrize("seed", range(5))
def test_learns_the_gates_from_random_weights(name: str, seed: int) -> None:
    x, y = data.gate(name)
    neuron = Perceptron(2, seed=seed)
    start = np.linalg.norm([*neuron.weights, neuron.bias])
    neuron.fit(x, y)
    assert neuron.learned
    assert neuron.predict(x).tolist() == y.tolist()
    assert sum(neuron.mistakes) <= mistake_bound(x, y, start=float(start))


def test_one_update_is_the_rule() -> None:
    neuron = Perceptron(2, rate=0.5, weights=[1.0, -1.0, 0.25])
    x = np.array([0.0, 2.0])  # the sum is −1.75
    assert neuron.learn(x, 0) == 0
    assert (neuron.weights.tolist(), neuron.bias) == ([1.0, -1.0], 0.25)
    assert neuron.learn(x, 1) == 1
    assert (neuron.weights.tolist(), neuron.bias) == ([1.0, 0.0], 0.75)
    assert neuron.learn(x, 0) == -1
    assert (neuron.weights.tolist(), neuron.bias) == ([1.0, -1.0], 0.25)


def test_a_sum_of_zero_counts_as_one() -> None:
    assert Perceptron(2, weights=np.zeros(3)).predict([[0, 0], [5, -5]]).tolist() == [1, 1]


def test_weights_are_drawn_from_the_seed_and_not_shared_with_the_caller() -> None:
    assert np.array_equal(Perceptron(3, seed=4).weights, Perceptron(3, seed=4).weights)
    assert not np.array_equal(Perceptron(3, seed=4).weights, Perceptron(3, seed=5).weights)
    start = np.zeros(3)
    Perceptron(2, weights=start).fit(*data.gate("OR"))
    assert start.tolist() == [0, 0, 0]


def test_fit_stops_at_the_limit_and_says_that_it_has_not_learned() -> None:
    neuron = Perceptron(2).fit(*data.gate("XOR"), epochs=30)
    assert len(neuron.mistakes) == 30
    assert not neuron.learned
    assert not Perceptron(2).learned


def test_without_a_bias_zero_input_teaches_nothing() -> None:
    neuron = Perceptron(2, bias=False, seed=0)
    before = neuron.weights.copy()
    assert neuron.learn(np.zeros(2), 0) == -1
    assert np.array_equal(neuron.weights, before)
    assert neuron.bias == 0


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000), dimension=st.integers(1, 6), bias=st.booleans(), zero=st.booleans()
)
def test_mistakes_stay_within_the_theorem(
    seed: int, dimension: int, bias: bool, zero: bool
) -> None:
    x, y = clouds(seed, dimension=dimension)
    start = (
        np.zeros(dimension + bias)
        if zero
        else np.random.default_rng(seed).standard_normal(dimension + bias)
    )
    limit = mistake_bound(x, y, bias, start=float(np.linalg.norm(start)))
    neuron = Perceptron(dimension, bias=bias, weights=start).fit(x, y, epochs=int(limit) + 2)
    assert neuron.learned
    assert sum(neuron.mistakes) <= limit + 1e-6


@pytest.mark.parametrize("dimension", [1, 7, 40])
def test_orthogonal_inputs_reach_the_bound(dimension: int) -> None:
    x, y = np.eye(dimension), np.zeros(dimension, int)
    neuron = Perceptron(dimension, bias=False, weights=np.zeros(dimension)).fit(x, y)
    assert sum(neuron.mistakes) == dimension == pytest.approx(mistake_bound(x, y, bias=False))


def test_from_zero_the_rate_only_scales_the_weights() -> None:
    x, y = clouds(3)
    small, large = (
        Perceptron(2, rate=rate, weights=np.zeros(3)).fit(x, y) for rate in (0.125, 8.0)
    )
    assert small.mistakes == large.mistakes
    assert np.allclose(small.weights * 64, large.weights)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), overlapping=st.booleans(), passes=st.integers(1, 5))
def test_same_weights_as_scikit_learn(seed: int, overlapping: bool, passes: int) -> None:
    x, y = clouds(seed, distance=0.5 if overlapping else 4.0)
    start = np.random.default_rng(seed).standard_normal(3)
    ours = Perceptron(2, rate=0.1, weights=start).fit(x, y, epochs=passes)
    theirs = SklearnPerceptron(eta0=0.1, max_iter=len(ours.mistakes), tol=None, shuffle=False)
    theirs.fit(x, y, coef_init=start[None, :2], intercept_init=start[2:])
    np.testing.assert_allclose(ours.weights, theirs.coef_[0], atol=1e-9)
    np.testing.assert_allclose(ours.bias, theirs.intercept_[0], atol=1e-9)


@pytest.mark.parametrize("name", engines.names())
def test_a_gradient_step_of_the_loss_is_the_rule(name: str) -> None:
    engine = engines.get(name)
    x, y = clouds(1, distance=1.0)
    neuron = Perceptron(2, rate=0.1, seed=2)
    model = engine.nn.Linear(2, 1)
    engine.load(
        model, {"weight": np.float32(neuron.weights)[None], "bias": np.float32([neuron.bias])}
    )
    optimizer = engine.optim.SGD(model.parameters(), lr=0.1)
    corrections = 0
    for example, label in zip(x, y.tolist(), strict=True):
        corrections += neuron.learn(example, label) != 0
        score = model(engine.tensor(np.float32(example)[None]))
        loss = perceptron_loss(score, engine.tensor(np.full((1, 1), label, np.float32))).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        state = engine.state(model)
        np.testing.assert_allclose(state["weight"][0], neuron.weights, atol=1e-5)
        np.testing.assert_allclose(state["bias"], neuron.bias, atol=1e-5)
    assert corrections > 5


@pytest.mark.parametrize(
    ("name", "gamma"), [("AND", 17**-0.5), ("OR", 1 / 3), ("NAND", 17**-0.5), ("NOR", 1 / 3)]
)
def test_margins_of_the_gates_by_hand(name: str, gamma: float) -> None:
    x, y = data.gate(name)
    measured, direction = margin(x, y)
    assert measured == pytest.approx(gamma)
    assert np.linalg.norm(direction) == pytest.approx(1)
    assert (signed(x, y) @ direction).min() == pytest.approx(measured)
    assert radius(x) == pytest.approx(3**0.5)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), dimension=st.integers(2, 5), shift=st.floats(-20, 20))
def test_no_direction_has_a_larger_margin(seed: int, dimension: int, shift: float) -> None:
    x, y = clouds(seed, dimension=dimension)
    x[:, 0] += shift
    u = signed(x, y)
    gamma, direction = margin(x, y)
    assert (u @ direction).min() == pytest.approx(gamma, rel=1e-12)
    # Every convex combination of the examples is at least as long as every margin, so one of that length is a proof.
    # Linear programming looks for it: shares α and the largest deviation t of a coordinate of Σ α u from γ w*.
    count, size = u.shape
    rows = np.block([[u.T, -np.ones((size, 1))], [-u.T, -np.ones((size, 1))]])
    goal = np.concatenate([gamma * direction, -gamma * direction])
    sum_to_one = np.append(np.ones(count), 0)[None]
    answer = linprog(np.eye(count + 1)[-1], A_ub=rows, b_ub=goal, A_eq=sum_to_one, b_eq=[1])
    assert answer.status == 0
    combination = answer.x[:-1] @ u
    assert np.linalg.norm(combination) == pytest.approx(gamma, rel=1e-6)


def test_the_margin_of_inseparable_data_is_refused() -> None:
    with pytest.raises(ValueError, match="no line separates"):
        margin(*data.gate("XOR"))
    with pytest.raises(ValueError, match="no line separates"):
        margin([[1.0], [1.0]], [0, 1])
    with pytest.raises(ValueError, match="no line separates"):
        margin([[0.0], [0.0]], [0, 1], bias=False)


def test_exactly_fourteen_labellings_have_a_line() -> None:
    x, _ = data.gate("XOR")
    impossible = [
        label for label in product((0, 1), repeat=4) if separating_weights(x, label) is None
    ]
    assert impossible == [(0, 1, 1, 0), (1, 0, 0, 1)]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), bias=st.booleans())
def test_linear_programming_and_margin_agree(seed: int, bias: bool) -> None:
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal((6, 2)), generator.integers(0, 2, 6)
    weights = separating_weights(x, y, bias)
    if weights is None:
        with pytest.raises(ValueError, match="no line"):
            margin(x, y, bias)
    else:
        assert (signed(x, y, bias) @ weights).min() > 1 - 1e-6
        assert margin(x, y, bias)[0] > 0


def test_the_solver_giving_up_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Answer:
        status, message = 1, "iteration limit"

    monkeypatch.setattr("scipy.optimize.linprog", lambda *args, **kwargs: Answer())
    with pytest.raises(RuntimeError, match="iteration limit"):
        separating_weights([[0.0], [1.0]], [0, 1])


def test_constant_and_signs() -> None:
    assert with_constant([[2, 3]]).tolist() == [[2, 3, 1]]
    assert signed([[2.0], [3.0]], [1, 0], bias=False).tolist() == [[2], [-3]]
    assert radius([[3.0, 4.0], [0.0, 1.0]], bias=False) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": 0}, "at least one feature"),
        ({"features": 2, "rate": 0.0}, "a rate above 0"),
        ({"features": 2, "rate": float("nan")}, "a rate above 0"),
        ({"features": 2, "weights": [1.0, 2.0]}, r"shape \(2,\); expected \(3,\)"),
        (
            {"features": 2, "bias": False, "weights": [1.0, 2.0, 3.0]},
            r"shape \(3,\); expected \(2,\)",
        ),
    ],
)
def test_a_perceptron_that_cannot_be(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Perceptron(**options)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[0, 1]], [0, 1], r"x \(N, D\) and labels y \(N,\).*\(1, 2\) and \(2,\)"),
        ([0, 1], [0, 1], r"\(2,\) and \(2,\)"),
        (np.zeros((0, 2)), np.zeros(0, int), "N and D from 1"),
        ([[0, np.nan]], [0], "NaN"),
        ([[0, 1], [1, 1]], [-1, 1], r"labels are 0 or 1; got \[-1, 1\]"),
        ([[0, 1, 2]], [0], "x has 3 features and the perceptron 2"),
    ],
)
def test_examples_that_do_not_fit(x: list, y: list, message: str) -> None:
    neuron = Perceptron(2)
    before = neuron.weights.copy()
    with pytest.raises(ValueError, match=message):
        neuron.fit(x, y)
    assert np.array_equal(neuron.weights, before)
