"""The smallest convolutional network: shapes, costs counted by PyTorch, both engines, frozen kernels."""

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from comparison import assert_close
from deeplearning import engines, nn
from deeplearning.models.small_cnn import map_side, multiplications, set_kernels, small_cnn

OURS, THEIRS = engines.get("numpy"), engines.get("torch")


@pytest.mark.parametrize(
    ("arguments", "features"),
    [
        ({"kernels": 3}, 3 * 12**2),
        ({"kernels": 3, "window": 4}, 3 * 6**2),
        ({"kernels": 2, "stride": 3, "pooling": None}, 2 * 8**2),
        ({"kernels": 2, "kernel_size": 7, "pooling": "avg"}, 2 * 11**2),
    ],
)
def test_shapes_and_parameters(arguments: dict, features: int) -> None:
    network = small_cnn(**arguments, classes=4, nn=torch.nn)
    kernels, size = arguments["kernels"], arguments.get("kernel_size", 5)
    assert network(torch.zeros(2, 1, 28, 28)).shape == (2, 4)
    expected = kernels * (size**2 + 1) + 4 * (features + 1)
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 4])
def test_sides_and_multiplications_are_what_pytorch_counts(size: int, stride: int) -> None:
    convolution = torch.nn.Conv2d(1, 3, size, stride=stride)
    with FlopCounterMode(display=False) as counter:
        maps = convolution(torch.zeros(1, 1, 12, 12))
    assert maps.shape[-1] == map_side(12, size, stride)
    # PyTorch counts a multiplication and an addition as two.
    assert counter.get_total_flops() == 2 * multiplications(3, size, stride, 12)


@pytest.mark.parametrize("pooling", ["max", "avg", None])
def test_both_engines_agree(pooling: str | None) -> None:
    own, other = (small_cnn(2, 3, 1, pooling, side=8, nn=space) for space in (nn, torch.nn))
    THEIRS.load(other, OURS.state(own))
    x = np.random.default_rng(0).normal(size=(3, 1, 8, 8)).astype(np.float32)
    results = []
    for network, engine in ((own, OURS), (other, THEIRS)):
        scores = network(engine.tensor(x))
        (scores**2).sum().backward()
        results.append([scores, *(parameter.grad for parameter in network.parameters())])
    for mine, theirs in zip(*results, strict=True):
        assert_close(OURS.to_numpy(mine), THEIRS.to_numpy(theirs), length=400)


@pytest.mark.parametrize("engine", [OURS, THEIRS], ids=lambda engine: engine.name)
def test_frozen_kernels_stay_and_the_rest_learns(engine: engines.Engine) -> None:
    bank = np.random.default_rng(1).normal(size=(2, 1, 3, 3)).astype(np.float32)
    network = set_kernels(small_cnn(2, 3, side=8, nn=engine.nn), bank, engine)
    before = engine.state(network)
    assert np.array_equal(before["0.weight"], bank)
    wanted = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = engine.optim.SGD(wanted, lr=0.1)
    x = np.random.default_rng(2).normal(size=(3, 1, 8, 8)).astype(np.float32)
    (network(engine.tensor(x)) ** 2).sum().backward()
    optimizer.step()
    changed = {
        name for name, value in engine.state(network).items() if (value != before[name]).any()
    }
    assert changed == {"0.bias", "4.weight", "4.bias"}
    assert set_kernels(network, bank, engine, frozen=False)[0].weight.requires_grad


def test_a_bank_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"kernels of shape \(3, 1, 3, 3\) for a layer of \(2, 1,"):
        set_kernels(small_cnn(2, 3, nn=torch.nn), np.zeros((3, 1, 3, 3)), THEIRS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"pooling": "sum"}, "pooling='sum'; give one of max, avg, or None"),
        ({"window": 5}, "windows of 5 × 5 do not divide maps of 24 × 24"),
        ({"kernel_size": 29}, "a kernel of 29 × 29 with stride 1 on 28 × 28 pixels; give"),
        ({"stride": 0}, "stride 0"),
        ({"kernel_size": (3, 3)}, r"a kernel of \(3, 3\) × .*; give a kernel from 1"),
    ],
)
def test_refused(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        small_cnn(**arguments, nn=torch.nn)
