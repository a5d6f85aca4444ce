"""The deep multi-layer perceptron: its layers, and equal training on both engines after moving weights either way."""

from typing import Any

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import data, engines, nn
from deeplearning.autograd import Tensor
from deeplearning.models.deep_mlp import deep_mlp
from deeplearning.models.mlp import mlp

OURS, THEIRS = engines.get("numpy"), engines.get("torch")
SPLIT = data.digits(flat=True)
X, Y = SPLIT.train_x[:96], SPLIT.train_y[:96]
SIZES = (64, 12, 12, 8, 10)
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {"activation": "sigmoid"},
    "residual": {"activation": "tanh", "residual": True},
    "batch": {"normalisation": "batch"},
    "layer": {"normalisation": "layer", "residual": True},
}


def test_plain_is_the_mlp_of_part_one() -> None:
    OURS.manual_seed(0)
    deep = deep_mlp(SIZES, "tanh")
    shallow = mlp(SIZES, "tanh")
    shallow.load_state_dict(deep.state_dict())  # same names, same shapes
    np.testing.assert_array_equal(deep(Tensor(X)).numpy(), shallow(Tensor(X)).numpy())


def test_layers_and_parameters() -> None:
    sizes = [784] + [50] * 10 + [10]
    plain, residual = deep_mlp(sizes, "sigmoid"), deep_mlp(sizes, "sigmoid", residual=True)
    count = 785 * 50 + 9 * 51 * 50 + 51 * 10
    for model in (plain, residual):  # the skip has no parameters
        assert sum(p.size for p in model.parameters()) == count
    names = [type(module).__name__ for module in residual]
    assert names == ["Linear"] + ["ResidualBlock"] * 9 + ["Sigmoid", "Linear"]
    dropped = deep_mlp([4, 3, 2], dropout=0.3, normalisation="layer", nn=torch.nn)
    names = [type(module).__name__ for module in dropped]
    assert names == ["Linear", "LayerNorm", "ReLU", "Dropout", "Linear"]
    assert len(deep_mlp([4, 3], residual=True)) == 1


def test_residual_is_the_plain_network_with_one_more_term() -> None:
    sizes = [5, 4, 4, 4, 3]
    plain, residual = deep_mlp(sizes, "sigmoid").double(), deep_mlp(sizes, "sigmoid", residual=True)
    residual.double()
    for own, other in zip(plain.parameters(), residual.parameters(), strict=True):
        other.data = own.numpy()
    x = np.random.default_rng(0).standard_normal((6, 5))
    weights = [p.numpy() for p in plain.parameters()]

    def agrees(model: Any, skip: int) -> None:
        z = x @ weights[0].T + weights[1]
        for layer in (1, 2, 3):
            h = 1 / (1 + np.exp(-z))
            after = h @ weights[2 * layer].T + weights[2 * layer + 1]
            z = after + (skip * z if layer < 3 else 0)
        assert_close(model(Tensor(x)).numpy(), z, length=20)

    agrees(plain, 0)
    agrees(residual, 1)


def needs(variant: str) -> None:
    name = {"batch": "BatchNorm1d", "layer": "LayerNorm"}.get(variant)
    if name and not hasattr(nn, name):
        pytest.skip(f"the NumPy engine has no {name} yet")


def losses(engine: Any, model: Any, steps: int) -> list[float]:
    """Losses of some steps of SGD, each on 32 of the samples."""
    optimizer = engine.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    found = []
    model.train()
    for step in range(steps):
        rows = slice(32 * (step % 3), 32 * (step % 3) + 32)
        optimizer.zero_grad()
        scores = model(engine.tensor(X[rows]))
        loss = engine.nn.functional.cross_entropy(scores, engine.tensor(Y[rows]))
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


@pytest.mark.parametrize("first", ["numpy", "torch"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_outputs_losses_and_gradients_after_moving(variant: str, first: str) -> None:
    needs(variant)
    made = {e.name: deep_mlp(SIZES, nn=e.nn, **VARIANTS[variant]) for e in (OURS, THEIRS)}
    source, target = (OURS, THEIRS) if first == "numpy" else (THEIRS, OURS)
    target.load(made[target.name], source.state(made[source.name]))
    outputs, gradients = [], []
    for engine in (OURS, THEIRS):
        model = made[engine.name]
        model.train()
        scores = model(engine.tensor(X))
        engine.nn.functional.cross_entropy(scores, engine.tensor(Y)).backward()
        outputs.append(engine.to_numpy(scores))
        gradients.append({name: np.asarray(p.grad) for name, p in model.named_parameters()})
    assert_close(*outputs, length=64 * 4)
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert_close(gradient, gradients[1][name], length=len(X) * 64, name=name)


@pytest.mark.parametrize("variant", VARIANTS)
def test_several_steps_of_training_are_equal(variant: str) -> None:
    needs(variant)
    own = deep_mlp(SIZES, **VARIANTS[variant])
    other = deep_mlp(SIZES, nn=torch.nn, **VARIANTS[variant])
    THEIRS.load(other, OURS.state(own))
    first, second = losses(OURS, own, 12), losses(THEIRS, other, 12)
    np.testing.assert_allclose(first, second, rtol=1e-4)
    for name, value in THEIRS.state(other).items():
        np.testing.assert_allclose(OURS.state(own)[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([4],), r"deep_mlp: sizes=\[4\]; give at least two"),
        (([4, 3, 2], "step"), "activation='step'"),
        (([4, 3, 2], "relu", "group"), "normalisation='group'"),
        (([4, 3, 2], "relu", None, 1.0), "p=1.0"),
        (([4, 0, 2],), "out_features=0"),
        (([4, 2], "step"), "activation='step'"),
        (([4, 2], "relu", None, 1.0), "p=1.0"),
    ],
)
def test_refused(arguments: tuple, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        deep_mlp(*arguments)
