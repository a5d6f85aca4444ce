"""One definition, several engines: the same weights and batches give the same losses."""

import sys
from typing import Any

import numpy as np
import pytest

from deeplearning import data, engines, models
from deeplearning.training import fit

SPLIT = data.digits(flat=True)


def train(
    name: str, start: dict[str, np.ndarray] | None, activation: str
) -> tuple[list[float], dict[str, Any]]:
    engine = engines.get(name)
    engine.manual_seed(0)
    model = models.mlp([64, 32, 16, 10], activation, nn=engine.nn)
    if start is not None:
        engine.load(model, start)
    else:
        start = engine.state(model)
    history = fit(
        model, (SPLIT.train_x, SPLIT.train_y), engine=engine,
        optimizer=engine.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), loss=engine.nn.CrossEntropyLoss(),
        epochs=2, batch_size=50, seed=0, validation=(SPLIT.test_x, SPLIT.test_y),
    )  # fmt: skip
    return history.train_loss, start


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "identity"])
def test_both_engines_see_the_same_losses(activation: str) -> None:
    ours, start = train("numpy", None, activation)
    theirs, _ = train("torch", start, activation)
    # float32 rounding of about 6e-8 a step, fed back through 58 steps of momentum 0.9: 1e-4 is far above it and far
    # below what a wrong gradient would do.
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    assert ours[1] < ours[0]


def test_states_move_both_ways() -> None:
    ours, theirs = engines.get("numpy"), engines.get("torch")
    a, b = models.mlp([4, 3, 2]), models.mlp([4, 3, 2], nn=theirs.nn)
    x = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
    ours.load(a, theirs.state(b))
    np.testing.assert_allclose(
        ours.to_numpy(a(ours.tensor(x))), theirs.to_numpy(b(theirs.tensor(x))), rtol=1e-5, atol=1e-6
    )
    state = {name: value + 1 for name, value in ours.state(a).items()}
    theirs.load(b, state)
    for name, value in theirs.state(b).items():
        np.testing.assert_array_equal(value, state[name])


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_random_state_is_restored(name: str) -> None:
    engine = engines.get(name)
    engine.manual_seed(3)
    layer, x = engine.nn.Dropout(0.5), engine.tensor(np.ones(64, np.float32))
    saved = engine.random_state()
    first = np.array(engine.to_numpy(layer(x)))
    engine.set_random_state(saved)
    np.testing.assert_array_equal(first, engine.to_numpy(layer(x)))


def test_names_and_unknown_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engines.names() == ("numpy", "torch")
    assert engines.get("torch:cpu").name == "torch"
    with pytest.raises(ValueError, match="'jax'; give one of numpy, torch"):
        engines.get("jax")
    with pytest.raises(ValueError, match="cannot compute on 'abacus'"):
        engines.get("torch:abacus")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert engines.names() == ("numpy",)


def test_the_numpy_engine_does_not_import_pytorch() -> None:
    import subprocess

    code = "import sys; from deeplearning import engines, models, training, data, optim; engines.get('numpy'); "
    result = subprocess.run(
        [sys.executable, "-c", code + "print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
    )
    assert result.stdout.strip() == "False", result.stderr
