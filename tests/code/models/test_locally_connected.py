"""The locally connected layer: its windows, its equation, and what sharing the weights makes of it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import engines, nn
from deeplearning.autograd import Tensor
from deeplearning.models.locally_connected import locally_connected, windows

OURS, THEIRS = engines.get("numpy"), engines.get("torch")

shapes = st.tuples(
    st.integers(1, 2), st.integers(1, 3), st.integers(1, 3), st.integers(3, 6), st.integers(1, 3)
)


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@settings(max_examples=15, deadline=None)
@given(shapes)
def test_windows_are_those_of_pytorch(shape: tuple[int, ...]) -> None:
    channels, _, size, side, stride = shape
    numbers = torch.arange(channels * side * side, dtype=torch.float64)
    image = numbers.reshape(1, channels, side, side)
    expected = torch.nn.functional.unfold(image, size, stride=stride)[0].T
    assert np.array_equal(windows(channels, side, size, stride), expected.numpy())


@settings(max_examples=15, deadline=None)
@given(shapes)
def test_with_shared_weights_it_is_a_convolution(shape: tuple[int, ...]) -> None:
    channels, maps, size, side, stride = shape
    layer = locally_connected(nn)(channels, maps, size, side, stride)
    kernels, bias = drawn(maps, channels, size, size), drawn(maps, seed=1)
    places = len(layer.indices)
    layer.load_state_dict(
        {
            "units.weight": np.tile(kernels.reshape(maps, -1), (places, 1)),
            "units.bias": np.tile(bias, places),
        }
    )
    x = drawn(2, channels, side, side, seed=2)
    expected = torch.nn.functional.conv2d(*map(torch.tensor, (x, kernels, bias)), stride=stride)
    assert_close(layer(Tensor(x)).numpy(), expected.numpy(), length=channels * size**2)


def test_every_unit_has_weights_of_its_own() -> None:
    """Written out with loops, in float64."""
    layer = locally_connected(nn)(2, 3, 2, 5, stride=2).double()
    x = drawn(4, 2, 5, 5).astype(np.float64)
    weight = layer.units.weight.numpy().reshape(2, 2, 3, 2, 2, 2)
    bias = layer.units.bias.numpy().reshape(2, 2, 3)
    expected = np.zeros((4, 3, 2, 2))
    for n, k, i, j in np.ndindex(expected.shape):
        window = x[n, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        expected[n, k, i, j] = (weight[i, j, k] * window).sum() + bias[i, j, k]
    assert_close(layer(Tensor(x)).numpy(), expected, length=8)


def test_both_engines_agree_with_all_gradients() -> None:
    own = locally_connected(nn)(2, 3, 3, 6, stride=2)
    other = locally_connected(torch.nn)(2, 3, 3, 6, stride=2)
    THEIRS.load(other, OURS.state(own))
    x = drawn(5, 2, 6, 6)
    a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    for image, layer in ((a, own), (b, other)):
        (layer(image) ** 2).sum().backward()
    assert_close(a.grad.numpy(), b.grad.numpy(), length=100)
    for mine, theirs in zip(own.parameters(), other.parameters(), strict=True):
        assert_close(mine.grad.numpy(), theirs.grad.numpy(), length=100)


def test_it_starts_as_a_convolution_does() -> None:
    """PyTorch draws a convolution's weights evenly from ±1/√(C R²)."""
    torch.manual_seed(0)
    weight = locally_connected(torch.nn)(1, 8, 5, 28, 2).units.weight
    assert weight.shape == (12 * 12 * 8, 25)
    assert 0.99 / 5 < weight.abs().max() <= 1 / 5


@pytest.mark.parametrize("engine", [OURS, THEIRS], ids=lambda engine: engine.name)
def test_images_of_another_shape_are_refused_and_none_is_fine(engine: engines.Engine) -> None:
    layer = locally_connected(engine.nn)(2, 3, 2, 5)
    for shape in ((1, 2, 7, 7), (1, 3, 5, 5), (2, 5, 5)):
        with pytest.raises(
            ValueError, match=r"input of shape .*; give images \(N, C, H, H\) of \(2, 5, 5\)"
        ):
            layer(engine.tensor(np.zeros(shape, np.float32)))
    assert layer(engine.tensor(np.zeros((0, 2, 5, 5), np.float32))).shape == (0, 3, 4, 4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((1, 4, 5), "5 × 5 does not fit into an image of 4 × 4"),
        ((1, 4, 2, 0), "stride=0; give positive"),
        ((1, 4, 2.0), "kernel_size=2.0, stride=1; give positive"),
    ],
)  # fmt: skip
def test_refused(arguments: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        windows(*arguments)
