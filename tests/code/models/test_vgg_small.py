"""The small VGG network: shapes and counts, and one definition on two engines, in both modes."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import engines, nn
from deeplearning.models.vgg_small import vgg_block, vgg_small

NUMPY, TORCH = engines.get("numpy"), engines.get("torch")


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def names(layers: Any) -> list[str]:
    return [type(layer).__name__ for layer in layers]


def test_layers_of_a_block() -> None:
    convolution = ["Conv2d", "BatchNorm2d", "ReLU"]
    assert names(vgg_block(1, 4, 3, nn=torch.nn)) == [*convolution * 3, "MaxPool2d"]
    plain = vgg_block(2, 4, 1, batch_norm=False, nn=torch.nn)
    assert names(plain) == ["Conv2d", "ReLU", "MaxPool2d"]
    assert plain[0].bias is not None
    assert vgg_block(2, 4, 1, nn=torch.nn)[0].bias is None


@pytest.mark.parametrize("side", [8, 28, 45])
def test_images_of_several_sizes(side: int) -> None:
    network = vgg_small((2, 3, 4), 1, classes=7, in_channels=3, nn=torch.nn)
    assert network(torch.zeros(2, 3, side, side + 1)).shape == (2, 7)


@settings(max_examples=10, deadline=None)
@given(
    channels=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    depth=st.integers(1, 3),
    batch_norm=st.booleans(),
    inputs=st.integers(1, 3),
)
def test_parameters(channels: list[int], depth: int, batch_norm: bool, inputs: int) -> None:
    network = vgg_small(channels, depth, batch_norm, 6, inputs, TORCH.nn)
    expected = 6 * (channels[-1] + 1)
    for before, width in zip([inputs, *channels], channels, strict=False):
        expected += 9 * width * (before + (depth - 1) * width)
        expected += depth * width * (2 if batch_norm else 1)  # γ and β, or the bias
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


@pytest.mark.parametrize("source", ["numpy", "torch"])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_weights_move_and_every_gradient_agrees(source: str, batch_norm: bool) -> None:
    arguments: dict[str, Any] = {"channels": (2, 3), "convolutions": (1, 2), "in_channels": 2}
    own, theirs = (
        vgg_small(**arguments, batch_norm=batch_norm, nn=engine.nn) for engine in (NUMPY, TORCH)
    )
    if source == "numpy":
        TORCH.load(theirs, NUMPY.state(own))
    else:
        NUMPY.load(own, TORCH.state(theirs))
    x, labels = drawn(4, 2, 7, 9), np.array([0, 2, 1, 9])
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
        assert_close(value, results[1][name], length=4 * 63 * 27, dtype=np.float32, name=name)
    assert not np.allclose(results[0]["scores"], results[0]["answers"]) or not batch_norm


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"channels": ()}, r"channels=\(\) and convolutions=2; give one number of channels or"),
        ({"convolutions": (2, 1)}, r"convolutions=\(2, 1\); give .* as many numbers of conv"),
        ({"channels": (4, 0)}, r"channels=\(4, 0\) .*; give positive integers"),
        ({"convolutions": 0}, "convolutions=0; give positive integers"),
        (
            {"nn": SimpleNamespace(__name__="abacus.nn", **dict.fromkeys(("Conv2d", "ReLU")))},
            "abacus.nn has no MaxPool2d and no AdaptiveAvgPool2d .* BatchNorm2d; give the nn of",
        ),
    ],
)
def test_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        vgg_small(**{"nn": nn} | arguments)
