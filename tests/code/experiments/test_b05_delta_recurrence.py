import numpy as np
import pytest

from deeplearning.experiments import b05_delta_recurrence as b05
from deeplearning.models.backprop import backward, forward, initialise, numerical_gradients
from deeplearning.records import Metrics


def problem() -> tuple:
    generator = np.random.default_rng(0)
    return (
        initialise([3, 4, 4, 2], generator),
        generator.standard_normal((6, 3)),
        np.array([0, 1, 0, 1, 1, 0]),
    )


def test_epsilons_counts_relative_to_the_largest_element() -> None:
    eps = np.finfo(np.float64).eps
    reference = {1: (np.array([[4.0, 1.0]]), np.array([1.0]))}
    off = {1: (np.array([[4.0, 1.0 + 8 * eps]]), np.array([1.0]))}
    assert b05.epsilons(reference, reference) == 0
    assert b05.epsilons(off, reference) == pytest.approx(2)
    single = {1: (np.array([[1.0]], np.float32), np.array([1.5], np.float32))}
    assert b05.epsilons(
        single, {1: (np.array([[1.0]], np.float32), np.array([1.0], np.float32))}
    ) == pytest.approx(0.5 / np.finfo(np.float32).eps)


@pytest.mark.parametrize("engine", b05.REFERENCES)
@pytest.mark.parametrize("activation", ["identity", "relu", "sigmoid", "tanh"])
def test_automatic_gradients_agree_with_finite_differences(engine: str, activation: str) -> None:
    parameters, x, y = problem()
    gradients, hidden = b05.automatic(parameters, x, y, activation, engine)
    measured = numerical_gradients(parameters, x, y, activation)
    for layer, pair in gradients.items():
        for got, wanted in zip(pair, measured[layer], strict=True):
            assert got.dtype == np.float64
            np.testing.assert_allclose(got, wanted, atol=1e-8)
    assert [z.shape for z in hidden] == [(6, 4), (6, 4)]
    np.testing.assert_allclose(
        hidden[1], forward(parameters, x, activation).z[2], rtol=1e-12, atol=1e-14
    )


def test_the_planted_error_is_one_and_only_below_its_layer() -> None:
    parameters, x, y = problem()
    right = backward(parameters, forward(parameters, x, "tanh"), y)
    wrong = b05.forgetful(parameters, x, y, "tanh", forgets=1)
    assert b05.epsilons({1: wrong[1]}, right) > b05.LIMIT
    assert b05.epsilons({2: wrong[2], 3: wrong[3]}, right) == 0
    assert b05.epsilons(b05.forgetful(parameters, x, y, "tanh", forgets=0), right) == 0


def verdict(
    worst: float = 100.0,
    share: float = 1.0,
    ratio: float = 1.0,
    planted: float = 1e9,
    kinks: int = 0,
) -> str:
    """Judge 5 × 200 invented networks; ``share`` of them lie within the limit."""
    values = np.full(1000, 10.0)
    values[: round(1000 * (1 - share))] = worst
    kinked = np.arange(1000) < kinks
    metrics = {
        f"{reference}_{dtype}": values.reshape(5, 200)
        for reference in b05.REFERENCES
        for dtype in b05.DTYPES
    }
    metrics |= {f"kink_{dtype}": kinked.astype(float).reshape(5, 200) for dtype in b05.DTYPES}
    metrics |= {
        "activation": np.tile(np.arange(200) % 4, (5, 1)),
        "planted_float64": np.full((5, 200), planted),
        "ratio_of_medians": np.full(5, ratio),
    }
    return b05.criterion(Metrics(metrics)).outcome


def test_criterion() -> None:
    assert verdict() == "holds"
    assert verdict(worst=5000, share=0.995) == "holds partly"
    assert verdict(worst=5000, share=0.9) == "does not hold"
    assert verdict(worst=5000, share=0.995, kinks=5) == "holds"  # exactly those at a kink
    assert verdict(kinks=50) == "does not hold"
    assert verdict(ratio=1e-6) == "does not hold"
    assert verdict(planted=10) == "does not hold"
