"""The pixel-by-pixel network: nothing later is seen, all pictures sum to one, and drawing is what it says."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.pixel_cnn import (
    causal_mask,
    draw,
    log_likelihood,
    masked_conv2d,
    pixel_cnn,
)

NUMPY, TORCH = engines.get("numpy"), engines.get("torch")
RNG = np.random.default_rng(0)
GAPS = (1, 2)


def network(engine: Any, seed: int = 1, scale: float = 1.0) -> Any:
    engine.manual_seed(seed)
    model = pixel_cnn(3, GAPS, nn=engine.nn)
    engine.load(
        model, {n: v if n.endswith("mask") else scale * v for n, v in engine.state(model).items()}
    )
    return model


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("own", [False, True])
def test_the_mask_keeps_what_comes_before(size: int, own: bool) -> None:
    mask, middle = causal_mask(size, own), size // 2
    for r, t in itertools.product(range(size), repeat=2):
        expected = (r, t) < (middle, middle) or (own and (r, t) == (middle, middle))
        assert mask[r, t] == expected


def test_the_layer_is_a_convolution_with_a_masked_kernel() -> None:
    TORCH.manual_seed(0)
    layer = masked_conv2d(TORCH.nn)(2, 3, 3, own=True, dilation=2)
    x = torch.randn(1, 2, 6, 5)
    kernel = layer.weight.detach().clone()
    kernel[:, :, 1, 2] = kernel[:, :, 2] = 0
    expected = torch.nn.functional.conv2d(x, kernel, layer.bias, padding=2, dilation=2)
    assert_close(layer(x).detach().numpy(), expected.detach().numpy(), length=18)


@pytest.mark.parametrize("source", ["numpy", "torch"])
def test_weights_move_and_every_gradient_agrees(source: str) -> None:
    own, theirs = (pixel_cnn(3, GAPS, nn=engine.nn) for engine in (NUMPY, TORCH))
    if source == "numpy":
        TORCH.load(theirs, NUMPY.state(own))
    else:
        NUMPY.load(own, TORCH.state(theirs))
    x = (RNG.random((2, 1, 6, 7)) < 0.4).astype(np.float32)
    outputs, gradients = [], []
    for engine, model in ((NUMPY, own), (TORCH, theirs)):
        scores = model(engine.tensor(x))
        engine.nn.BCEWithLogitsLoss()(scores, engine.tensor(x)).backward()
        outputs.append(engine.to_numpy(scores.detach()))
        gradients.append({n: engine.to_numpy(p.grad) for n, p in model.named_parameters()})
    assert_close(outputs[0], outputs[1], length=49)
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert_close(gradient, gradients[1][name], length=49 * 84, name=name)


def test_no_pixel_sees_itself_or_what_comes_later() -> None:
    model, pixels = network(TORCH, scale=3.0), 5 * 6
    x = torch.rand(1, 1, 5, 6)
    seen = torch.autograd.functional.jacobian(lambda image: model(image).flatten(), x)
    seen = seen.reshape(pixels, pixels).numpy() != 0
    assert not np.triu(seen).any()
    assert all(seen[n, n - 1] for n in range(1, pixels) if n % 6)


def test_all_pictures_of_a_tiny_grid_sum_to_one() -> None:
    every = np.array(list(itertools.product([0, 1], repeat=9)), np.float32).reshape(-1, 1, 3, 3)
    for engine in (NUMPY, TORCH):
        likelihood = log_likelihood(network(engine, scale=3.0), every, engine, batch_size=200)
        assert likelihood.std() > 0.1
        assert_close(np.exp(likelihood).sum(), 1.0, length=512 * 9, dtype=np.float32)


def test_likelihood_is_minus_the_loss() -> None:
    model, x = network(TORCH), (RNG.random((3, 1, 6, 6)) < 0.4).astype(np.float32)
    with torch.no_grad():
        given = torch.from_numpy(x)
        losses = binary_cross_entropy_with_logits(model(given), given, reduction="none").sum(
            (1, 2, 3)
        )
    assert_close(log_likelihood(model, x, TORCH, 2), -losses.numpy(), length=36, dtype=np.float32)


def test_drawing_is_running_the_whole_network_for_every_pixel() -> None:
    model, uniforms = network(TORCH, scale=2.0), RNG.random((4, 5, 6), np.float32)
    pictures, chances = draw(TORCH.state(model), uniforms, GAPS)
    x = torch.zeros(4, 1, 5, 6)
    with torch.no_grad():
        for i, j in itertools.product(range(5), range(6)):
            p = model(x)[:, 0, i, j].sigmoid().numpy()
            assert_close(chances[:, i, j], p, length=49)
            x[:, 0, i, j] = torch.from_numpy((uniforms[:, i, j] < p).astype(np.float32))
    np.testing.assert_array_equal(pictures, x[:, 0].numpy())


def test_drawn_pictures_are_as_frequent_as_they_are_likely() -> None:
    model = network(TORCH, scale=3.0)
    every = np.array(list(itertools.product([0, 1], repeat=4)), np.float32).reshape(-1, 1, 2, 2)
    expected = np.exp(log_likelihood(model, every, TORCH))
    pictures, _ = draw(TORCH.state(model), RNG.random((20_000, 2, 2), np.float32), GAPS)
    number = (pictures.reshape(-1, 4) @ [8, 4, 2, 1]).astype(int)
    shares = np.bincount(number, minlength=16) / len(pictures)
    np.testing.assert_allclose(shares, expected, atol=4 * 0.5 / np.sqrt(len(pictures)))


def test_a_kernel_without_a_middle_is_refused() -> None:
    with pytest.raises(ValueError, match="kernel_size=4; give an odd number"):
        causal_mask(4, own=True)
