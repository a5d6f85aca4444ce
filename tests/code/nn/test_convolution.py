"""Convolutional layers: PyTorch's values, states, names and initial laws; messages for what does not fit."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import engines, nn
from deeplearning.autograd import Tensor, manual_seed
from deeplearning.models.lenet import lenet5
from deeplearning.nn import functional as F

LAYERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "Conv1d": (lambda n: n.Conv1d(2, 6, 5, stride=2, padding=2, groups=2), (3, 2, 11)),
    "Conv1d same": (lambda n: n.Conv1d(2, 3, 4, padding="same", dilation=2), (3, 2, 11)),
    "Conv2d": (lambda n: n.Conv2d(3, 4, (3, 2), padding=(1, 0)), (2, 3, 5, 6)),
    "Conv2d without bias": (lambda n: n.Conv2d(4, 4, 3, 2, 1, 1, 4, bias=False), (2, 4, 7, 7)),
    "Conv2d dilated": (lambda n: n.Conv2d(1, 2, 3, dilation=(2, 1)), (2, 1, 6, 6)),
    "Conv2d valid": (lambda n: n.Conv2d(1, 2, 3, padding="valid"), (1, 6, 6)),
    "Conv3d": (lambda n: n.Conv3d(2, 3, (1, 2, 3), stride=(1, 2, 1)), (2, 2, 3, 4, 5)),
    "ConvTranspose2d": (
        lambda n: n.ConvTranspose2d(4, 6, 3, 2, 1, output_padding=1, groups=2),
        (2, 4, 3, 4),
    ),
    "ConvTranspose2d dilated": (
        lambda n: n.ConvTranspose2d(2, 3, (2, 3), bias=False, dilation=2),
        (2, 3, 4),
    ),
}


def normal(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


@pytest.mark.filterwarnings("ignore:Using padding:UserWarning")
@pytest.mark.parametrize(("make", "shape"), LAYERS.values(), ids=LAYERS)
def test_layer_equals_pytorch(make: Any, shape: tuple[int, ...]) -> None:
    ours, theirs = make(nn), make(torch.nn)
    theirs.load_state_dict({name: torch.tensor(v) for name, v in ours.state_dict().items()})
    shape = shape if len(shape) > ours.dims + 1 else (ours.in_channels, *shape[1:])
    a, b = (
        Tensor(normal(shape), requires_grad=True),
        torch.tensor(normal(shape), requires_grad=True),
    )
    y, z = ours(a), theirs(b)
    assert_close(y.data, z.detach().numpy(), length=100, name="value")
    dy = normal(y.shape, 1)
    y.backward(dy)
    z.backward(torch.tensor(dy))
    assert_close(a.grad.data, b.grad.numpy(), length=100, name="gradient of the input")
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert_close(p.grad.data, q.grad.numpy(), length=200, name=f"gradient of {name}")
    ours.load_state_dict(make(torch.nn).state_dict())  # and back
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("make", [v[0] for v in LAYERS.values()], ids=LAYERS)
def test_initial_values_are_drawn_from_pytorchs_law(make: Any) -> None:
    manual_seed(0)
    ours, theirs = make(nn), make(torch.nn)
    assert {k: v.shape for k, v in ours.state_dict().items()} == {
        k: tuple(v.shape) for k, v in theirs.state_dict().items()
    }
    fan = torch.nn.init._calculate_fan_in_and_fan_out(theirs.weight)[0]
    for parameter in ours.parameters():
        assert np.abs(parameter.data).max() <= 1 / math.sqrt(fan)
        assert parameter.dtype == np.float32
    assert np.abs(ours.weight.data).max() > 0.5 / math.sqrt(fan)


def test_the_spread_of_initial_values() -> None:
    """The mean of n draws from U(-b, b) has the deviation b/√(3n), that of their squares 2b²/√(45n)."""
    manual_seed(1)
    weight = nn.Conv2d(16, 64, 3).weight.data
    bound, n = 1 / 12, weight.size
    assert abs(weight.mean()) < 6 * bound / math.sqrt(3 * n)
    assert abs((weight**2).mean() - bound**2 / 3) < 6 * 2 * bound**2 / math.sqrt(45 * n)


def test_lenet_takes_the_same_steps_on_both_engines() -> None:
    own, torch_engine = engines.get("numpy"), engines.get("torch")
    x, y = normal((16, 1, 28, 28)), np.random.default_rng(1).integers(0, 10, 16)
    start: dict[str, np.ndarray] = {}
    losses: dict[str, list[float]] = {}
    for engine in (own, torch_engine):
        model = lenet5("relu", "max", nn=engine.nn)
        start = start or engine.state(model)
        engine.load(model, start)
        optimizer, loss = engine.optim.SGD(model.parameters(), lr=0.1), engine.nn.CrossEntropyLoss()
        losses[engine.name] = []
        for _ in range(3):
            optimizer.zero_grad()
            value = loss(model(engine.tensor(x)), engine.tensor(y))
            value.backward()
            optimizer.step()
            losses[engine.name].append(value.item())
    assert_close(losses["numpy"], losses["torch"], length=400, dtype=np.float32)
    assert losses["numpy"][0] != losses["numpy"][1]


X, W = Tensor(normal((2, 4, 6, 6))), Tensor(normal((6, 2, 3, 3)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: F.conv2d(Tensor(normal((2, 6))), W), r"shape \(2, 6\) and float32; give floats \(N, C, H, W\)"),
        (lambda: F.conv2d(Tensor(np.ones((2, 4, 6, 6), int)), W), "int64; give floats"),
        (lambda: F.conv1d(Tensor(normal((6,))), W), r"give floats \(N, C, L\) or \(C, L\)"),
        (lambda: F.conv2d(X, Tensor(normal((6, 2, 3)))), r"weight of shape \(6, 2, 3\); give 4 axes"),
        (lambda: F.conv2d(X, Tensor(np.zeros((6, 0, 3, 3), "f"))), "axes that are not empty"),
        (lambda: F.conv2d(X, W), r"\(2, 4, 6, 6\).*\(6, 2, 3, 3\) in 1 group.*groups times as many"),
        (lambda: F.conv2d(X, Tensor(normal((5, 2, 3, 3))), groups=2), "groups divides the first"),
        (lambda: F.conv2d(X, W, groups=0), "groups=0; give a positive integer"),
        (lambda: F.conv2d(X, Tensor(W.data.astype(float)), groups=2), "float32 and a weight of float64"),
        (lambda: F.conv2d(X, W, Tensor(normal((5,))), groups=2), r"bias of shape \(5,\) and float32 for 6 output"),
        (lambda: F.conv2d(X, W, 2, groups=2), "the bias is 2; give a Tensor or None, and the stride by name, stride=2"),
        (lambda: F.conv2d(X, W, Tensor(normal((6,)).astype(float)), groups=2), r"float64 for 6 .* of float32"),
        (lambda: F.conv2d([[1.0]], W), "the input is a list; give a Tensor"),
        (lambda: F.conv2d(X, W.data), "the weight is a ndarray; give a Tensor"),
        (lambda: F.conv2d(X, W, groups=True), "groups=True; give a positive integer"),
        (lambda: F.conv2d(X, W, stride=True, groups=2), "stride=True; give one integer or 2"),
        (lambda: F.conv2d(X, W, stride=0, groups=2), "stride=0; give one integer or 2, each at least 1"),
        (lambda: F.conv2d(X, W, stride=(1, 2, 3), groups=2), r"stride=\(1, 2, 3\); give one integer or 2"),
        (lambda: F.conv2d(X, W, padding=-1, groups=2), "padding=-1; give one integer or 2, each at least 0"),
        (lambda: F.conv2d(X, W, padding=1.5, groups=2), "padding=1.5; give"),
        (lambda: F.conv2d(X, W, dilation=(1, 0), groups=2), r"dilation=\(1, 0\)"),
        (lambda: F.conv2d(X, W, padding="full", groups=2), "padding='full'; give integers, 'same' or 'valid'"),
        (lambda: F.conv2d(X, W, padding="same", stride=2, groups=2), r"'same' with stride=\(2, 2\)"),
        (lambda: F.conv2d(X, W, dilation=3, groups=2), r"dilation=3, is larger than the images \(6, 6\)"),
        (lambda: F.conv2d(Tensor(np.zeros((2, 4, 0, 6), "f")), W, groups=2), "only the number of images"),
        (lambda: F.conv_transpose2d(X, W), r"as many channels as the weight's first axis"),
        (lambda: F.conv_transpose2d(X, Tensor(normal((4, 2, 3, 3))), groups=3), "groups divides them"),
        (lambda: F.conv_transpose2d(X, Tensor(normal((4, 2, 3, 3))), output_padding=1), "less than the stride"),
        (lambda: F.conv_transpose2d(X, Tensor(normal((4, 2, 1, 1))), padding=3), r"would have the size \(0, 0\)"),
        (lambda: F.conv_transpose2d(X, Tensor(normal((4, 2, 3, 3))), padding="same"), "padding='same'"),
        (lambda: nn.Conv2d(0, 3, 3), "Conv2d: in_channels=0; give a positive integer"),
        (lambda: nn.Conv2d(3, 2.0, 3), "out_channels=2.0; give a positive integer"),
        (lambda: nn.Conv2d(3, 4, 3, groups=2), "groups must divide both"),
        (lambda: nn.Conv1d(3, 4, 0), "Conv1d: kernel_size=0; give one integer, each at least 1"),
        (lambda: nn.Conv3d(3, 4, (3, 3)), r"Conv3d: kernel_size=\(3, 3\); give one integer or 3"),
        (lambda: nn.Conv2d(3, 4, 3, 2, "same"), "'same' with stride"),
        (lambda: nn.Conv2d(3, 4, 3, padding_mode="reflect"), "padding_mode='reflect'; only 'zeros'"),
        (lambda: nn.ConvTranspose2d(3, 4, 3, padding="same"), "padding='same'; give integers"),
    ],
)  # fmt: skip
def test_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
