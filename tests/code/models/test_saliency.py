"""Saliency: linear models, finite differences, both engines, and networks that look at one corner only."""

import numpy as np
import pytest

from comparison import assert_close
from deeplearning import engines, nn
from deeplearning.models.lenet import lenet5
from deeplearning.models.saliency import (
    occlusion_map,
    remove_pixels,
    saliency,
    score_gradient,
    smooth_grad,
)

OURS = engines.get("numpy")


def linear(weight: np.ndarray) -> nn.Sequential:
    """A linear model of weights (classes, C, H, W), without bias."""
    layer = nn.Linear(weight[0].size, len(weight), bias=False)
    layer.load_state_dict({"weight": weight.reshape(len(weight), -1)})
    return nn.Sequential(nn.Flatten(), layer)


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape).astype(np.float32)


def test_the_gradient_of_a_linear_model_is_its_row() -> None:
    weight = np.random.default_rng(1).standard_normal((3, 2, 4, 5)).astype(np.float32)
    labels = np.array([2, 0])
    model, x = linear(weight), images(2, 2, 4, 5)
    assert np.array_equal(score_gradient(model, x, labels, OURS), weight[labels])
    expected = np.abs(weight[labels]).max(axis=1)
    assert np.array_equal(saliency(model, x, labels, OURS), expected)
    smooth = smooth_grad(model, x, labels, OURS, np.random.default_rng(0), draws=3)
    assert_close(smooth.astype(np.float32), expected)
    assert model[1].weight.grad is None or not np.any(model[1].weight.grad.numpy())


def test_the_gradient_equals_differences_and_both_engines_agree() -> None:
    OURS.manual_seed(0)
    model = lenet5("tanh", "avg", nn=OURS.nn).double()
    x, labels = images(2, 1, 28, 28).astype(float), np.array([3, 7])
    found = score_gradient(model, x, labels, OURS)
    step = np.random.default_rng(2).standard_normal(x.shape)
    ends = [
        OURS.to_numpy(model(OURS.tensor(x + sign * 1e-5 * step)))[[0, 1], labels]
        for sign in (1, -1)
    ]
    assert np.allclose((found * step).sum(axis=(1, 2, 3)), (ends[0] - ends[1]) / 2e-5, rtol=1e-6)
    theirs = engines.get("torch")
    twin = lenet5("tanh", "avg", nn=theirs.nn).double()
    theirs.load(twin, OURS.state(model))
    assert_close(score_gradient(twin, x, labels, theirs), found, length=400)


def test_smoothing_averages_the_gradient_under_noise() -> None:
    """The score x² has the gradient 2x, and of noise with mean 0 nothing stays: E |mean| = 2|x|."""

    class Square(nn.Module):
        def forward(self, x):
            return (x * x).reshape(len(x.numpy()), -1)

    x = np.array([[[[0.5]]], [[[-1.0]]]], np.float32)
    labels = np.zeros(2, int)
    smooth = smooth_grad(Square(), x, labels, OURS, np.random.default_rng(0), noise=0.2, draws=2000)
    # Standard error of the mean: 2 · 0.2 · 1.5 / √2000.
    assert np.allclose(smooth.ravel(), [1, 2], atol=5 * 0.6 / 2000**0.5)
    again = smooth_grad(Square(), x, labels, OURS, np.random.default_rng(0), noise=0, draws=1)
    assert np.array_equal(again, saliency(Square(), x, labels, OURS))


def test_occlusion_of_a_linear_model_is_what_lies_under_the_square() -> None:
    """With squares that do not overlap, a pixel's number is Σ w (x − fill) over its square."""
    weight = np.random.default_rng(3).standard_normal((2, 1, 6, 6)).astype(np.float32)
    x = images(1, 1, 6, 6)
    found = occlusion_map(linear(weight), x, np.array([1]), OURS, size=2, stride=2, fill=0.25)
    under = (weight[1, 0] * (x[0, 0] - 0.25)).reshape(3, 2, 3, 2).sum(axis=(1, 3))
    assert_close(found[0].astype(np.float32), np.kron(under, np.ones((2, 2))), length=36)


def test_occlusion_finds_the_corner_that_a_network_looks_at() -> None:
    weight = np.zeros((2, 1, 7, 7), np.float32)
    weight[1, 0, :2, :3] = 1
    x = np.ones((2, 1, 7, 7), np.float32)
    found = occlusion_map(linear(weight), x, np.array([1, 0]), OURS, size=3, stride=2)
    assert (found[0, :2, :3] > 0).all()
    assert not found[0, 5:].any()
    assert not found[1].any()
    # 7 pixels in squares of 3 with stride 3: places 0 and 3, and 4 so that the last ones are covered too.
    uneven = occlusion_map(linear(weight[:, :, ::-1, ::-1].copy()), x, np.array([1, 0]), OURS, 3, 3)
    assert uneven[0, 6, 6] > 0


def test_removing_takes_the_largest_and_leaves_the_rest() -> None:
    x, maps = images(3, 2, 4, 4), np.random.default_rng(4).random((3, 4, 4))
    assert np.array_equal(remove_pixels(x, maps, 0.0, 9.0), x)
    assert (remove_pixels(x, maps, 1.0, 9.0) == 9).all()
    some = remove_pixels(x, maps, 0.25, 9.0)
    gone = maps >= np.sort(maps.reshape(3, -1), axis=1)[:, -4][:, None, None]
    assert np.array_equal(some == 9, np.stack([gone, gone], axis=1))
    assert np.array_equal(some[some != 9], x[some != 9])
    assert some.dtype == x.dtype


def test_what_does_not_fit_is_refused() -> None:
    model, x, labels = (
        linear(np.ones((2, 1, 3, 3), np.float32)),
        images(2, 1, 3, 3),
        np.zeros(2, int),
    )
    with pytest.raises(ValueError, match="one label an image"):
        saliency(model, x, labels[:1], OURS)
    with pytest.raises(ValueError, match="occlusion_map: images"):
        occlusion_map(model, x[0], labels, OURS)
    with pytest.raises(ValueError, match="size=4, stride=2 on 3 × 3"):
        occlusion_map(model, x, labels, OURS)
    with pytest.raises(ValueError, match="stride up to the size"):
        occlusion_map(model, x, labels, OURS, size=1)
    with pytest.raises(ValueError, match="at least one draw"):
        smooth_grad(model, x, labels, OURS, np.random.default_rng(0), draws=0)
    with pytest.raises(ValueError, match="give maps"):
        remove_pixels(x, np.zeros((2, 4, 4)), 0.1, 0.0)
    with pytest.raises(ValueError, match="from 0 to 1"):
        remove_pixels(x, np.zeros((2, 3, 3)), 1.1, 0.0)
