"""Layers, losses and initialisers against PyTorch and against the laws they are drawn from."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import nn
from deeplearning.autograd import Tensor, gradcheck, zeros
from deeplearning.nn import functional as F
from deeplearning.nn import init

X = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
LABELS = np.array([0, 1, 2, 3, 4, 0])


@pytest.mark.parametrize(
    "make",
    [
        lambda n: n.ReLU(), lambda n: n.Sigmoid(), lambda n: n.Tanh(), lambda n: n.Identity(), lambda n: n.Flatten(),
        lambda n: n.LeakyReLU(), lambda n: n.LeakyReLU(0.2), lambda n: n.GELU(),
        lambda n: n.Softmax(dim=1), lambda n: n.LogSoftmax(dim=1), lambda n: n.Dropout(0.5).eval(),
        lambda n: n.Dropout(0.0),
    ],
)  # fmt: skip
def test_layers_without_parameters(make: Any) -> None:
    x = X.reshape(2, 3, 5) if isinstance(make(nn), nn.Flatten) else X
    assert_close(make(nn)(Tensor(x)).data, make(torch.nn)(torch.tensor(x)).numpy(), length=5)


def test_functions_equal_methods() -> None:
    x = Tensor(X)
    for name in ("relu", "sigmoid", "tanh"):
        np.testing.assert_array_equal(getattr(F, name)(x).data, getattr(x, name)().data)
    np.testing.assert_array_equal(F.softmax(x, 1).data, x.softmax(1).data)
    np.testing.assert_array_equal(F.log_softmax(x, 1).data, x.log_softmax(1).data)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_losses(reduction: str) -> None:
    targets = np.random.default_rng(1).random(X.shape).astype(np.float32)
    for name, target in (
        ("CrossEntropyLoss", LABELS),
        ("BCEWithLogitsLoss", targets),
        ("MSELoss", targets),
    ):
        ours = getattr(nn, name)(reduction=reduction)(Tensor(X), Tensor(target))
        theirs = getattr(torch.nn, name)(reduction=reduction)(torch.tensor(X), torch.tensor(target))
        assert_close(ours.data, theirs.numpy(), length=30, name=name)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: F.cross_entropy(Tensor(X), LABELS.astype(np.float32)), "dtype float32.*astype"),
        (
            lambda: F.cross_entropy(Tensor(X), LABELS + 1),
            "labels from 1 to 5 with 5 classes.*from 0 to 4",
        ),
        (lambda: F.cross_entropy(Tensor(X), LABELS - 1), "labels from -1"),
        (lambda: F.cross_entropy(Tensor(X), LABELS[:3]), r"scores \(6, 5\) and labels \(3,\)"),
        (lambda: F.cross_entropy(Tensor(X[0]), LABELS[:1]), r"scores \(5,\)"),
        (lambda: F.cross_entropy(Tensor(X[:0]), LABELS[:0]), "empty"),
        (lambda: F.cross_entropy(Tensor(X), LABELS, "average"), "reduction='average'"),
        (lambda: F.mse_loss(Tensor(X), X[:, :1]), r"\(6, 5\) and targets \(6, 1\)"),
        (lambda: F.mse_loss(Tensor(X), X, "average"), "reduction='average'"),
        (
            lambda: F.binary_cross_entropy_with_logits(Tensor(X), X[:1]),
            r"\(6, 5\) and targets \(1, 5\)",
        ),
        (
            lambda: F.binary_cross_entropy_with_logits(Tensor(X), X, "average"),
            "reduction='average'",
        ),
        (lambda: F.dropout(Tensor(X), 1.0), "p=1.0"),
        (lambda: init.calculate_gain("swish"), "'swish'; give one of"),
        (lambda: init.xavier_normal_(zeros(3)), "at least two axes"),
        (lambda: init.orthogonal_(zeros(3)), "at least two axes"),
    ],
)
def test_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


SHAPE = (400, 300)


@pytest.mark.parametrize(
    ("fill", "std", "bound"),
    [
        (lambda t, g: init.uniform_(t, -2, 2, g), 4 / math.sqrt(12), 2),
        (lambda t, g: init.normal_(t, 0, 0.3, g), 0.3, None),
        (lambda t, g: init.xavier_uniform_(t, 1.0, g), math.sqrt(2 / 700), math.sqrt(6 / 700)),
        (lambda t, g: init.xavier_normal_(t, 2.0, g), 2 * math.sqrt(2 / 700), None),
        (
            lambda t, g: init.kaiming_uniform_(t, generator=g),
            math.sqrt(2 / 300),
            math.sqrt(6 / 300),
        ),
        (
            lambda t, g: init.kaiming_uniform_(t, math.sqrt(5), generator=g),
            math.sqrt(1 / 900),
            math.sqrt(1 / 300),
        ),
        (
            lambda t, g: init.kaiming_normal_(t, nonlinearity="relu", generator=g),
            math.sqrt(2 / 300),
            None,
        ),
        (
            lambda t, g: init.kaiming_normal_(t, nonlinearity="tanh", generator=g),
            5 / 3 / math.sqrt(300),
            None,
        ),
    ],
)
def test_initialisers_follow_their_law(fill: Any, std: float, bound: float | None) -> None:
    values = fill(zeros(*SHAPE), np.random.default_rng(0)).data
    n = values.size
    assert abs(values.mean()) < 5 * std / math.sqrt(n)
    # The standard deviation of a sample standard deviation is at most σ/√(2n)·(kurtosis factor ≤ 1 for these laws).
    assert abs(values.std() - std) < 5 * std / math.sqrt(2 * n)
    if bound is not None:
        assert np.abs(values).max() <= bound * (1 + 1e-6)
        assert np.abs(values).max() > 0.99 * bound


def test_constant_initialisers_and_gains() -> None:
    assert (init.constant_(zeros(3, 3), 2.0).data == 2).all()
    assert (init.zeros_(init.constant_(zeros(3, 3), 2.0)).data == 0).all()
    for name in ("relu", "tanh", "sigmoid", "linear", "leaky_relu"):
        assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    theirs = torch.nn.init.calculate_gain("leaky_relu", 0.3)
    assert init.calculate_gain("leaky_relu", 0.3) == pytest.approx(theirs)


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 3, 2, 2), (20, 3, 2), (1, 1)])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    tensor = zeros(*shape, dtype=np.float64)
    weight = init.orthogonal_(tensor, 3.0, np.random.default_rng(0)).data.reshape(shape[0], -1)
    rows, columns = weight.shape
    square = weight @ weight.T if rows <= columns else weight.T @ weight
    assert_close(square, 9 * np.eye(min(rows, columns)), length=max(rows, columns))


def test_every_orthogonal_matrix_is_equally_likely() -> None:
    generator = np.random.default_rng(0)
    drawn = [init.orthogonal_(zeros(2, 2), generator=generator).data for _ in range(2000)]
    angles = [math.atan2(matrix[1, 0], matrix[0, 0]) for matrix in drawn]
    counts = np.histogram(angles, bins=8, range=(-math.pi, math.pi))[0]
    assert np.abs(counts - 250).max() < 5 * math.sqrt(2000 / 8 * 7 / 8)
    rotations = sum(np.linalg.det(matrix) > 0 for matrix in drawn)
    assert abs(rotations - 1000) < 5 * math.sqrt(2000 / 4)


@pytest.mark.parametrize("function", ["gelu", "leaky_relu"])
def test_gradients_of_activations(function: str) -> None:
    x = np.random.default_rng(0).normal(size=(4, 5)) * 2
    gradcheck(getattr(F, function), [x])
    ours, theirs = Tensor(X, requires_grad=True), torch.tensor(X, requires_grad=True)
    getattr(F, function)(ours).sum().backward()
    getattr(torch.nn.functional, function)(theirs).sum().backward()
    assert_close(ours.grad.data, theirs.grad.numpy(), length=4)
    assert F.gelu(ours).dtype == np.float32


def test_gradients_of_activations_at_zero() -> None:
    for function in ("gelu", "leaky_relu"):
        x = [-1.0, 0.0, 1.0]
        ours, theirs = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        getattr(F, function)(ours).sum().backward()
        getattr(torch.nn.functional, function)(theirs).sum().backward()
        assert_close(ours.grad.data, theirs.grad.numpy())


def test_linear_starts_from_pytorchs_law() -> None:
    layer = nn.Linear(300, 400)
    bound = 1 / math.sqrt(300)
    for parameter in layer.parameters():
        assert np.abs(parameter.data).max() <= bound
        assert np.abs(parameter.data).max() > 0.9 * bound
    assert nn.Linear(3, 2, bias=False).bias is None
