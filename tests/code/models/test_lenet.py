"""LeNet-5 as a definition; what it computes on our kernels is tested in tests/kernels/test_nn_lenet.py."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.lenet import ACTIVATIONS, POOLINGS, lenet5


def test_layers_and_parameters() -> None:
    network = lenet5(nn=torch.nn)
    names = [type(module).__name__ for module in network]
    assert names == [
        "Conv2d", "Tanh", "AvgPool2d", "Conv2d", "Tanh", "AvgPool2d", "Flatten",
        "Linear", "Tanh", "Linear", "Tanh", "Linear",
    ]  # fmt: skip
    shapes = {name: tuple(p.shape) for name, p in network.named_parameters() if "weight" in name}
    assert shapes == {
        "0.weight": (6, 1, 5, 5),
        "3.weight": (16, 6, 5, 5),
        "7.weight": (120, 400),
        "9.weight": (84, 120),
        "11.weight": (10, 84),
    }
    assert sum(p.numel() for p in network.parameters()) == 61_706


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_choices(activation: str, pooling: str) -> None:
    network = lenet5(activation, pooling, classes=7, nn=torch.nn)
    names = {type(module).__name__ for module in network}
    assert {ACTIVATIONS[activation], POOLINGS[pooling]} < names
    assert network(torch.zeros(3, 1, 28, 28)).shape == (3, 7)


def test_a_map_after_the_first_pooling_has_half_the_side() -> None:
    network = lenet5(nn=torch.nn)
    sizes = []
    for module in network:
        module.register_forward_hook(lambda module, _, y: sizes.append(tuple(y.shape[1:])))
    network(torch.zeros(1, 1, 28, 28))
    assert sizes[:7] == [
        (6, 28, 28), (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 10, 10), (16, 5, 5), (400,),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"activation": "gelu"}, "activation='gelu'; give one of tanh, sigmoid, relu"),
        ({"pooling": "sum"}, "pooling='sum'; give one of avg, max"),
    ],
)
def test_refused(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        lenet5(**arguments, nn=torch.nn)


def test_an_engine_that_lacks_a_layer() -> None:
    lacking = SimpleNamespace(__name__="abacus.nn", Flatten=0, Linear=0, Tanh=0)
    words = r"lenet5: abacus.nn has no Conv2d and no AvgPool2d; give the nn of another engine"
    with pytest.raises(ValueError, match=words):
        lenet5(nn=lacking)


@pytest.mark.parametrize(("activation", "pooling"), [("tanh", "avg"), ("relu", "max")])
def test_both_engines_agree_and_weights_move_both_ways(activation: str, pooling: str) -> None:
    """Scores and every gradient, from one start; then the weights of each in the other."""
    ours, theirs = engines.get("numpy"), engines.get("torch")
    torch.manual_seed(0)
    models = [lenet5(activation, pooling, nn=engine.nn) for engine in (ours, theirs)]
    ours.load(models[0], theirs.state(models[1]))
    rng = np.random.default_rng(0)
    x, y = rng.random((3, 1, 28, 28)).astype(np.float32), np.array([7, 0, 7])
    gradients = []
    for engine, model in zip((ours, theirs), models, strict=True):
        scores = model(engine.tensor(x))
        gradients.append({"scores": engine.to_numpy(scores)})
        engine.nn.CrossEntropyLoss()(scores, engine.tensor(y)).backward()
        for name, parameter in model.named_parameters():
            gradients[-1][name] = engine.to_numpy(parameter.grad)
    for name, value in gradients[0].items():
        assert_close(value, gradients[1][name], length=2500, name=name)
    theirs.load(models[1], ours.state(models[0]))
    assert all(
        np.array_equal(value, theirs.state(models[1])[name])
        for name, value in ours.state(models[0]).items()
    )
