"""The small residual network: its equation, the connection left out, and one definition on two engines."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import engines, nn
from deeplearning.autograd import gradcheck
from deeplearning.models.resnet_small import conv_block, resnet_small

NUMPY, TORCH = engines.get("numpy"), engines.get("torch")


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_the_class_is_one_for_each_engine() -> None:
    assert conv_block(nn) is conv_block(nn)
    assert issubclass(conv_block(nn), nn.Module)
    assert issubclass(conv_block(torch.nn), torch.nn.Module)


@pytest.mark.parametrize("skip", [True, False])
def test_with_a_branch_of_zeros_only_the_connection_is_left(skip: bool) -> None:
    block, z = conv_block(nn)(3, 3, skip=skip), drawn(2, 3, 5, 4)
    nn.init.zeros_(block.branch[4].weight)  # γ of the last normalisation; its β starts as 0
    expected = np.maximum(z, 0) if skip else np.zeros_like(z)
    assert_close(block(NUMPY.tensor(z)).numpy(), expected)


def test_other_shapes_are_projected() -> None:
    block, z = conv_block(torch.nn)(2, 3, stride=2).eval(), drawn(2, 2, 5, 6)
    torch.nn.init.zeros_(block.branch[4].weight)
    kernel = block.skip[0].weight.detach().numpy()[:, :, 0, 0]
    projected = np.einsum("oc,nchw->nohw", kernel, z[:, :, ::2, ::2]) / np.sqrt(1 + 1e-5)
    assert_close(block(torch.tensor(z)).detach().numpy(), np.maximum(projected, 0), length=4)


def test_gradient_by_finite_differences() -> None:
    block = conv_block(nn)(1, 2, stride=2).double()
    z = NUMPY.tensor(drawn(3, 1, 3, 3).astype(np.float64))
    z.requires_grad_()
    assert gradcheck(lambda z, *_: block(z), [z, *block.parameters()])


@settings(max_examples=10, deadline=None)
@given(
    channels=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    blocks=st.integers(1, 2),
    skip=st.booleans(),
    side=st.integers(5, 9),
)
def test_shapes_and_parameters(channels: list[int], blocks: int, skip: bool, side: int) -> None:
    network = resnet_small(channels, blocks, skip, 6, 2, TORCH.nn)
    assert network(torch.zeros(3, 2, side, side + 1)).shape == (3, 6)
    first, last = channels[0], channels[-1]
    expected = 9 * 2 * first + 2 * first + 6 * (last + 1)
    for stage, width in enumerate(channels):
        before = channels[max(stage - 1, 0)]
        expected += 9 * width * (before + (2 * blocks - 1) * width) + 4 * blocks * width
        if skip and stage:  # the projection: the stride changes the shape, whatever the widths
            expected += before * width + 2 * width
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


@pytest.mark.parametrize("source", ["numpy", "torch"])
@pytest.mark.parametrize("skip", [True, False])
def test_weights_move_and_every_gradient_agrees(source: str, skip: bool) -> None:
    own, theirs = (
        resnet_small((2, 3), (2, 1), skip, in_channels=2, nn=engine.nn) for engine in (NUMPY, TORCH)
    )
    if source == "numpy":
        TORCH.load(theirs, NUMPY.state(own))
    else:
        NUMPY.load(own, TORCH.state(theirs))
    x, labels = drawn(4, 2, 7, 6), np.array([0, 2, 1, 9])
    results = []
    for engine, model in ((NUMPY, own), (TORCH, theirs)):
        images = engine.tensor(x)
        images.requires_grad_()
        scores = model(images)
        engine.nn.CrossEntropyLoss()(scores, engine.tensor(labels)).backward()
        gradients = {name: engine.to_numpy(p.grad) for name, p in model.named_parameters()}
        model.eval()  # with the running statistics that this batch has moved
        results.append(
            {"scores": engine.to_numpy(scores.detach()), "images": engine.to_numpy(images.grad)}
            | {"answers": engine.to_numpy(model(images).detach())}
            | gradients
            | {f"after {name}": value for name, value in engine.state(model).items()}
        )
    assert results[0].keys() == results[1].keys()
    for name, value in results[0].items():
        assert_close(value, results[1][name], length=4 * 42 * 27, dtype=np.float32, name=name)
    assert not np.allclose(results[0]["scores"], results[0]["answers"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"channels": ()}, r"channels=\(\) and blocks=1; give one number of channels or"),
        ({"blocks": (2, 1)}, r"blocks=\(2, 1\); give .* as many numbers of blocks"),
        ({"channels": (4, 0)}, r"channels=\(4, 0\) .*; give positive integers"),
        ({"blocks": 0}, "blocks=0; give positive integers"),
        (
            {"nn": SimpleNamespace(__name__="abacus.nn", **dict.fromkeys(("Conv2d", "ReLU")))},
            "abacus.nn has no BatchNorm2d and no Identity .* Linear; give the nn of",
        ),
    ],
)
def test_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        resnet_small(**{"nn": nn} | arguments)
