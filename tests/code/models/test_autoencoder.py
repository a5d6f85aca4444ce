"""The autoencoder as a definition: shapes, mirror, equal on both engines, and better than the mean."""

import numpy as np
import pytest

from comparison import assert_close
from deeplearning import data, engines
from deeplearning.models.autoencoder import autoencoder
from deeplearning.training import fit, predict

OURS, THEIRS = engines.get("numpy"), engines.get("torch")


def names(modules: object) -> list[str]:
    return [type(module).__name__ for module in modules]  # type: ignore[attr-defined]


@pytest.mark.parametrize("engine", [OURS, THEIRS], ids=["numpy", "torch"])
def test_layers(engine: engines.Engine) -> None:
    model = autoencoder([8, 5, 2], "tanh", nn=engine.nn)
    assert names(model[0]) == ["Linear", "Tanh", "Linear", "Tanh"]
    assert names(model[1]) == ["Linear", "Tanh", "Linear"]
    x = engine.tensor(np.ones((3, 8), np.float32))
    assert tuple(model[0](x).shape) == (3, 2)
    assert tuple(model(x).shape) == (3, 8)
    single = autoencoder([8, 2], nn=engine.nn)
    assert [names(part) for part in single] == [["Linear", "Sigmoid"], ["Linear"]]


def test_both_engines_agree() -> None:
    own, other = autoencoder([6, 4, 3]), autoencoder([6, 4, 3], nn=THEIRS.nn)
    OURS.load(own, THEIRS.state(other))
    x = np.random.default_rng(0).random((5, 6)).astype(np.float32)
    found = []
    for engine, model in ((OURS, own), (THEIRS, other)):
        loss = engine.nn.BCEWithLogitsLoss()(model(engine.tensor(x)), engine.tensor(x))
        loss.backward()
        found.append((loss.item(), [np.asarray(p.grad) for p in model.parameters()]))
    assert_close(np.float32(found[0][0]), np.float32(found[1][0]), length=30)
    for a, b in zip(found[0][1], found[1][1], strict=True):
        assert_close(a, b, length=30)


def test_it_learns_to_return_its_input() -> None:
    x = data.digits(flat=True).train_x
    OURS.manual_seed(0)
    model = autoencoder([64, 20])
    cross_entropy = OURS.nn.BCEWithLogitsLoss()
    fit(
        model, (x, x), engine=OURS, optimizer=OURS.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        loss=lambda scores, target: cross_entropy(scores, target) * 64, epochs=10, batch_size=50, seed=0,
    )  # fmt: skip
    answers = 1 / (1 + np.exp(-predict(model, x, OURS)))
    assert ((answers - x) ** 2).mean() < 0.5 * x.var(axis=0).mean()  # the mean image has all of it


def test_refused() -> None:
    with pytest.raises(ValueError, match=r"autoencoder: sizes=\[8\]; give at least two"):
        autoencoder([8])
    with pytest.raises(ValueError, match="'step'; give one of"):
        autoencoder([8, 4], "step")
