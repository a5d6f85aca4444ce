"""Initialisation of whole networks: variances, biases, and what they are for."""

import numpy as np
import pytest
import torch

from deeplearning import nn
from deeplearning.autograd import Tensor, manual_seed
from deeplearning.models.deep_mlp import deep_mlp
from deeplearning.models.initialise import SCHEMES, initialise, linear_layers

SIZES = [300, 200, 400, 10]
VARIANCES = {  # of the second layer, 200 inputs and 400 outputs
    "small": 1e-4,
    "old": 1 / (3 * 200),
    "glorot": 2 / 600,
    "glorot_sigmoid": 16 * 2 / 600,
    "he": 2 / 200,
}


def seeded(namespace: object) -> None:
    torch.manual_seed(0) if namespace is torch.nn else manual_seed(0)


@pytest.mark.parametrize("namespace", [nn, torch.nn], ids=["numpy", "torch"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_variance_and_bias(scheme: str, namespace: object) -> None:
    seeded(namespace)
    model = deep_mlp(SIZES, "sigmoid", nn=namespace)
    assert initialise(model, scheme, namespace) is model
    layers = linear_layers(model, namespace)
    weight, bias = (np.asarray(p.detach()) for p in (layers[1].weight, layers[1].bias))
    # 80,000 numbers: the standard error of their variance is below 1 %.
    assert weight.var() == pytest.approx(VARIANCES[scheme], rel=0.04)
    assert abs(weight.mean()) < 4 * weight.std() / weight.size**0.5
    if scheme == "glorot_sigmoid":
        np.testing.assert_allclose(bias, -weight.sum(axis=1) / 2, atol=1e-4)
        assert np.asarray(layers[0].weight.detach()).var() == pytest.approx(2 / 500, rel=0.04)
    else:
        assert not bias.any()
    assert not np.asarray(layers[0].bias.detach()).any()
    if scheme == "old":  # uniform up to the bound
        bound = 1 / np.sqrt(200)
        assert 0.99 * bound < abs(weight).max() <= bound


def test_centred_sigmoids_are_twice_tanh_of_the_half() -> None:
    # W h + b = ¼ W (2 tanh(z/2)) exactly: the claim of the docstring, away from 0 too.
    manual_seed(0)
    model = initialise(deep_mlp([5, 5, 3], "sigmoid"), "glorot_sigmoid").double()
    first, last = linear_layers(model)
    x = np.random.default_rng(0).standard_normal((7, 5)) * 3
    z = x @ first.weight.numpy().T + first.bias.numpy()
    expected = (2 * np.tanh(z / 2)) @ last.weight.numpy().T / 4
    np.testing.assert_allclose(model(Tensor(x)).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("activation", "scheme", "low", "high"),
    [
        ("relu", "he", 0.5, 3.0),  # expected: √2, as the last layer has no ReLU behind it
        ("sigmoid", "glorot_sigmoid", 0.1, 1.5),  # 1, less what the bend of the sigmoid takes
        ("sigmoid", "old", 1e-10, 1e-8),  # below √((1/3)¹¹ (1/16)¹⁰) = 2e-9
    ],
)
def test_what_of_the_gradient_reaches_the_input(
    activation: str, scheme: str, low: float, high: float
) -> None:
    ratios = []
    for seed in range(5):
        manual_seed(seed)
        model = initialise(deep_mlp([100] * 12, activation), scheme)
        generator = np.random.default_rng(seed)
        x, gradient = generator.standard_normal((2, 50, 100)).astype(np.float32)
        inputs = Tensor(x, requires_grad=True)
        model(inputs).backward(gradient)
        ratios.append(np.linalg.norm(inputs.grad.numpy()) / np.linalg.norm(gradient))
    assert low <= np.median(ratios) <= high


def test_layers_without_bias() -> None:
    model = nn.Sequential(nn.Linear(3, 4, bias=False), nn.Linear(4, 2, bias=False))
    for scheme in SCHEMES:
        assert [layer.bias for layer in linear_layers(initialise(model, scheme))] == [None, None]


def test_refused() -> None:
    with pytest.raises(ValueError, match="scheme='xavier'; give one of small, old, glorot"):
        initialise(deep_mlp([3, 2]), "xavier")
    with pytest.raises(ValueError, match="no Linear layer"):
        initialise(nn.Sequential(nn.ReLU()), "he")
