import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.models import backprop
from deeplearning.models.backprop import (
    ACTIVATIONS,
    Parameters,
    backward,
    deltas,
    descend,
    flatten,
    forward,
    from_state,
    initialise,
    losses,
    numerical_gradients,
    output_delta,
    per_sample_gradients,
    sigmoid,
    softmax,
    to_state,
)

SIZES = st.lists(st.integers(1, 6), min_size=2, max_size=5)


def problem(
    sizes: list[int], samples: int, seed: int, regression: bool
) -> tuple[Parameters, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    parameters = initialise(sizes, generator)
    x = generator.standard_normal((samples, sizes[0]))
    if regression:
        return parameters, x, generator.standard_normal((samples, sizes[-1]))
    return parameters, x, generator.integers(0, sizes[-1], samples)


def torch_gradients(
    parameters: Parameters, x: np.ndarray, y: np.ndarray, activation: str
) -> tuple[Parameters, float]:
    leaves = {
        layer: [torch.tensor(a, requires_grad=True) for a in pair]
        for layer, pair in parameters.items()
    }
    h = torch.tensor(x)
    for layer, (weight, bias) in leaves.items():
        h = h @ weight.T + bias
        if layer < len(leaves) and activation != "identity":
            h = getattr(torch, activation)(h)
    if y.ndim == 1:
        loss = torch.nn.functional.cross_entropy(h, torch.tensor(y))
    else:
        loss = 0.5 * ((h - torch.tensor(y)) ** 2).sum() / len(y)
    loss.backward()
    return {
        layer: (w.grad.numpy(), b.grad.numpy()) for layer, (w, b) in leaves.items()
    }, loss.item()


@given(
    SIZES,
    st.integers(1, 5),
    st.integers(0, 1000),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_loss_and_gradient_are_pytorchs(
    sizes: list[int], samples: int, seed: int, activation: str, regression: bool
) -> None:
    parameters, x, y = problem(sizes, samples, seed, regression)
    activations = forward(parameters, x, activation)
    expected, loss = torch_gradients(parameters, x, y, activation)
    assert losses(activations.h[len(parameters)], y).mean() == pytest.approx(
        loss, rel=1e-12, abs=1e-12
    )
    gradients = backward(parameters, activations, y)
    assert gradients.keys() == expected.keys()
    for layer, pair in gradients.items():
        for got, wanted in zip(pair, expected[layer], strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_finite_differences_agree_and_leave_the_parameters_alone(
    activation: str, regression: bool
) -> None:
    parameters, x, y = problem([3, 4, 4, 2], 5, 1, regression)
    before = flatten(parameters).copy()
    measured = numerical_gradients(parameters, x, y, activation)
    np.testing.assert_array_equal(flatten(parameters), before)
    gradients = backward(parameters, forward(parameters, x, activation), y)
    np.testing.assert_allclose(flatten(gradients), flatten(measured), atol=1e-8)


def test_the_check_sees_a_wrong_gradient() -> None:
    parameters, x, y = problem([3, 4, 4, 2], 5, 1, False)
    measured = numerical_gradients(parameters, x, y)
    transposed = {**parameters, 2: (parameters[2][0].T, parameters[2][1])}
    wrong = backward(transposed, forward(parameters, x), y)
    assert np.abs(flatten(wrong) - flatten(measured)).max() > 1e-3


def test_a_silent_relu_takes_and_passes_no_blame() -> None:
    parameters = {
        1: (np.array([[1.0, 0.5], [-1.0, 1.0]]), np.zeros(2)),
        2: (np.array([[0.5, -2.0]]), np.zeros(1)),
    }
    activations = forward(parameters, np.array([[2.0, -1.0]]), "relu")
    delta = deltas(parameters, activations, np.array([[0.25]]))
    assert delta[2].tolist() == [[0.5]]
    assert delta[1].tolist() == [[0.25, 0.0]]
    (dw1, db1), (dw2, _) = backward(parameters, activations, np.array([[0.25]])).values()
    assert dw1.tolist() == [[0.5, -0.25], [0.0, 0.0]]
    assert db1.tolist() == [0.25, 0.0]
    assert dw2.tolist() == [[0.75, 0.0]]


@given(SIZES, st.integers(1, 5), st.integers(0, 1000), st.booleans())
@settings(deadline=None, max_examples=40)
def test_a_row_is_the_gradient_of_one_sample(
    sizes: list[int], samples: int, seed: int, regression: bool
) -> None:
    parameters, x, y = problem(sizes, samples, seed, regression)
    rows = per_sample_gradients(parameters, forward(parameters, x), y)
    assert rows.shape == (samples, flatten(parameters).size)
    for n in range(samples):
        alone = backward(parameters, forward(parameters, x[n : n + 1]), y[n : n + 1])
        np.testing.assert_allclose(rows[n], flatten(alone), rtol=1e-9, atol=1e-12)
    whole = flatten(backward(parameters, forward(parameters, x), y))
    np.testing.assert_allclose(rows.mean(axis=0), whole, rtol=1e-9, atol=1e-12)


def test_softmax_and_sigmoid_survive_large_scores() -> None:
    scores = np.array([[1000.0, 0.0, -1000.0]])
    assert softmax(scores).tolist() == [[1.0, 0.0, 0.0]]
    assert losses(scores, np.array([2])).tolist() == [2000.0]
    assert output_delta(scores, np.array([2])).tolist() == [[1.0, 0.0, -1.0]]
    with np.errstate(over="raise"):
        assert sigmoid(np.array([-800.0, 800.0])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_float32_stays_float32(activation: str) -> None:
    parameters = initialise([3, 4, 2], np.random.default_rng(0), np.float32)
    x = np.ones((2, 3), np.float32)
    activations = forward(parameters, x, activation)
    y = np.array([0, 1])
    gradients = backward(parameters, activations, y)
    arrays = [*activations.h.values(), *(array for pair in gradients.values() for array in pair)]
    arrays.append(per_sample_gradients(parameters, activations, y))
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_initialise_follows_its_law() -> None:
    weight, bias = initialise([100, 400], np.random.default_rng(0))[1]
    assert np.abs(weight).max() <= 0.1
    assert np.abs(bias).max() <= 0.1
    assert weight.std() == pytest.approx(0.1 / 3**0.5, rel=0.02)  # a uniform law's


def test_descend_lowers_the_loss_and_leaves_its_argument() -> None:
    parameters, x, y = problem([3, 5, 4], 20, 2, False)
    before = flatten(parameters).copy()
    activations = forward(parameters, x)
    after = descend(parameters, backward(parameters, activations, y), 0.1)
    np.testing.assert_array_equal(flatten(parameters), before)
    assert losses(forward(after, x).h[2], y).mean() < losses(activations.h[2], y).mean()


@given(SIZES)
def test_state_and_back(sizes: list[int]) -> None:
    parameters = initialise(sizes, np.random.default_rng(0))
    np.testing.assert_array_equal(flatten(from_state(to_state(parameters))), flatten(parameters))


def test_state_fits_the_model_of_the_engines() -> None:
    from deeplearning import engines
    from deeplearning.models import mlp

    parameters = initialise([3, 4, 4, 2], np.random.default_rng(0), np.float32)
    x = np.random.default_rng(1).standard_normal((5, 3)).astype(np.float32)
    for name in engines.names():
        engine = engines.get(name)
        model = mlp([3, 4, 4, 2], activation="tanh", nn=engine.nn)
        engine.load(model, to_state(parameters))
        scores = engine.to_numpy(model(engine.tensor(x)))
        np.testing.assert_allclose(scores, forward(parameters, x).h[3], atol=1e-6)


@pytest.mark.parametrize("sizes", [[], [3], [3, 0, 2]])
def test_initialise_refuses_no_layers(sizes: list[int]) -> None:
    with pytest.raises(ValueError, match="at least two positive integers"):
        initialise(sizes, np.random.default_rng(0))


def test_forward_names_what_does_not_fit() -> None:
    parameters = initialise([3, 2], np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"x has shape \(4, 5\); the first layer takes \(N, 3\)"):
        forward(parameters, np.zeros((4, 5)))
    with pytest.raises(ValueError, match=r"x has shape \(3,\)"):
        forward(parameters, np.zeros(3))
    with pytest.raises(ValueError, match="activation='gelu'; give one of identity, relu"):
        forward(parameters, np.zeros((4, 3)), "gelu")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([0, 2, 1]), "labels 0 … 2 for scores of 2 classes"),
        (np.array([0, -1, 1]), "labels -1 … 1"),
        (np.array([0, 1]), r"targets of shape \(2,\)"),
        (np.array([0.0, 1.0, 1.0]), "dtype float64"),
        (np.zeros((3, 1)), r"float targets \(3, 2\)"),
        (np.zeros((3, 2), int), "dtype int64"),
    ],
)
def test_targets_that_do_not_fit(y: np.ndarray, message: str) -> None:
    for function in (losses, output_delta):
        with pytest.raises(ValueError, match=message):
            function(np.zeros((3, 2)), y)


def test_numerical_gradients_want_float64() -> None:
    parameters = initialise([2, 2], np.random.default_rng(0), np.float32)
    with pytest.raises(ValueError, match="give float64 parameters"):
        numerical_gradients(parameters, np.zeros((1, 2)), np.array([0]))


def test_every_derivative_fits_its_activation() -> None:
    z = np.array([-2.0, -0.3, 0.4, 3.0])
    for name, (phi, phi_prime) in backprop.ACTIVATIONS.items():
        slope = (phi(z + 1e-6) - phi(z - 1e-6)) / 2e-6
        np.testing.assert_allclose(phi_prime(z), slope, atol=1e-8, err_msg=name)
    assert ACTIVATIONS["relu"][1](np.zeros(1)).tolist() == [0.0]
