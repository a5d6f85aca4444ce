"""What goes up and down a network: against the equations of back-propagation, on both engines."""

import numpy as np
import pytest

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.deep_mlp import deep_mlp
from deeplearning.models.signals import reach, signals

OURS, THEIRS = engines.get("numpy"), engines.get("torch")
X = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2])


def test_they_are_those_of_back_propagation() -> None:
    model = deep_mlp([5, 4, 4, 3], "sigmoid").double()
    weights = [p.numpy() for p in model.parameters()]
    x, z, h = X.astype(np.float64), [], X.astype(np.float64)
    for weight, bias in zip(weights[::2], weights[1::2], strict=True):
        z.append(h @ weight.T + bias)
        h = 1 / (1 + np.exp(-z[-1]))
    e = np.exp(z[-1])
    delta = [(e / e.sum(axis=1, keepdims=True) - np.eye(3)[LABELS]) / len(X)]
    for layer in (1, 0):  # the recursion of the chapter, from the last layer down
        s = 1 / (1 + np.exp(-z[layer]))
        delta.insert(0, (delta[0] @ weights[2 * layer + 2]) * s * (1 - s))
    found = signals(model, x, LABELS, OURS)
    for layer in range(3):
        assert_close(found.z[layer], z[layer], length=5)
        assert_close(found.gradients[layer], delta[layer], length=20)
    assert all(p.grad is None for p in model.parameters())
    expected = np.linalg.norm(delta[0]) / np.linalg.norm(delta[1])
    assert reach(found.gradients) == pytest.approx(expected)


@pytest.mark.parametrize("residual", [False, True])
def test_both_engines_agree(residual: bool) -> None:
    sizes = [5, 4, 4, 4, 3]
    own, other = (deep_mlp(sizes, "tanh", residual=residual, nn=e.nn) for e in (OURS, THEIRS))
    THEIRS.load(other, OURS.state(own))
    a, b = signals(own, X, LABELS, OURS), signals(other, X, LABELS, THEIRS)
    assert len(a.z) == len(b.z) == len(a.gradients) == 4
    for mine, theirs in zip([*a.z, *a.gradients], [*b.z, *b.gradients], strict=True):
        assert_close(mine, theirs, length=20)


def test_one_hidden_layer_reaches_itself() -> None:
    assert reach(signals(deep_mlp([5, 4, 3]), X, LABELS, OURS).gradients) == 1
