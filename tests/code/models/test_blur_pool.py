"""Weighted average pooling: what it computes, that nothing moves its weights, and that engines agree."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.blur_pool import blur_pool

WEIGHTS = np.outer([1, 2, 1], [1, 2, 1]) / 16


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("name", ["numpy", "torch"])
@pytest.mark.parametrize("lengths", [(6, 6), (7, 4)])
def test_it_is_a_blurred_image_of_which_every_second_pixel_is_kept(
    name: str, lengths: tuple[int, int]
) -> None:
    engine, x = engines.get(name), images(2, 3, *lengths)
    y = engine.to_numpy(blur_pool(3, engine.nn)(engine.tensor(x)))
    expected = [[correlate(channel, WEIGHTS, mode="constant") for channel in x_n] for x_n in x]
    assert_close(y, np.array(expected)[:, :, ::2, ::2], length=9)


def test_no_step_moves_its_weights() -> None:
    engine = engines.get("numpy")
    model = engine.nn.Sequential(engine.nn.Conv2d(1, 2, 3), blur_pool(2, engine.nn))
    before = {key: value.copy() for key, value in engine.state(model).items()}
    optimizer = engine.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1)
    (model(engine.tensor(images(4, 1, 8, 8))) ** 2).sum().backward()
    optimizer.step()
    after = engine.state(model)
    assert np.array_equal(before["1.weight"], after["1.weight"])
    assert not np.array_equal(before["0.weight"], after["0.weight"])


def test_the_weights_are_the_binomial_ones_on_every_engine() -> None:
    for nn in (engines.get("numpy").nn, torch.nn):
        weight = blur_pool(2, nn).weight
        assert not weight.requires_grad
        np.testing.assert_array_equal(weight.detach().numpy(), np.tile(WEIGHTS, (2, 1, 1, 1)))


def test_an_engine_without_convolution() -> None:
    with pytest.raises(ValueError, match=r"abacus has no Conv2d; give the nn of another engine"):
        blur_pool(3, SimpleNamespace(__name__="abacus"))
