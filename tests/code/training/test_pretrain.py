"""Layer-wise pretraining: what it changes, what it leaves, equal on both engines, and what it refuses."""

from typing import Any

import numpy as np
import pytest

from comparison import assert_close
from deeplearning import data, engines, models, nn
from deeplearning.models.deep_mlp import deep_mlp
from deeplearning.training.loop import fit
from deeplearning.training.pretrain import hidden_layers, pretrain

X = data.digits(flat=True).train_x[:300]
OURS, THEIRS = engines.get("numpy"), engines.get("torch")


def trained(
    model: Any, engine: engines.Engine = OURS, x: np.ndarray = X, **changes: Any
) -> tuple[list[Any], dict[str, np.ndarray], dict[str, np.ndarray]]:
    before = engine.state(model)
    settings: dict[str, Any] = {"epochs": 3, "batch_size": 50, "seed": 0} | changes
    histories = pretrain(
        model, x, engine=engine,
        optimizer=lambda parameters: engine.optim.SGD(parameters, lr=0.05, momentum=0.9), **settings,
    )  # fmt: skip
    return histories, before, engine.state(model)


def test_hidden_layers_learn_in_turn_and_the_last_layer_stays() -> None:
    OURS.manual_seed(0)
    model = models.mlp([64, 20, 15, 10], "sigmoid")
    histories, before, after = trained(model)
    assert [history.epochs for history in histories] == [3, 3]
    for history in histories:
        assert history.train_loss[-1] < history.train_loss[0]
    for name in before:
        assert np.array_equal(before[name], after[name]) == name.startswith("4.")


def test_the_first_layer_is_trained_as_the_encoder_of_an_autoencoder() -> None:
    OURS.manual_seed(0)
    model = models.mlp([64, 8, 10], "sigmoid")
    histories, *_ = trained(model, epochs=15)
    OURS.manual_seed(0)
    first, squash, _ = models.mlp([64, 8, 10], "sigmoid")
    pair = nn.Sequential(first, squash, nn.Linear(8, 64))
    by_hand = fit(
        pair, (X, X), engine=OURS, optimizer=OURS.optim.SGD(pair.parameters(), lr=0.05, momentum=0.9),
        loss=lambda scores, target: nn.BCEWithLogitsLoss(reduction="sum")(scores, target) / len(scores),
        epochs=15, batch_size=50, seed=0,
    )  # fmt: skip
    np.testing.assert_allclose(histories[0].train_loss, by_hand.train_loss, rtol=1e-5)
    assert_close(model[0].weight.numpy(), first.weight.numpy(), length=64 * 90)
    # The best answer that is the same for every image is the mean image.
    mean = np.clip(X.mean(axis=0), 1e-9, 1 - 1e-9)
    constant = -(mean * np.log(mean) + (1 - mean) * np.log(1 - mean)).sum()
    assert histories[0].train_loss[-1] < constant


def test_layers_below_stay_fixed() -> None:
    OURS.manual_seed(0)
    model = models.mlp([64, 20, 15, 10], "sigmoid")
    state = OURS.state(model)
    _, _, both = trained(model)
    OURS.manual_seed(0)
    first = models.mlp([64, 20, 10], "sigmoid")
    OURS.load(first, OURS.state(first) | {name: state[name] for name in ("0.weight", "0.bias")})
    # The decoder of the first layer is drawn anew: draw the same.
    OURS.manual_seed(0)
    models.mlp([64, 20, 15, 10], "sigmoid")
    _, _, one = trained(first)
    np.testing.assert_array_equal(one["0.weight"], both["0.weight"])


def with_known_start(linear: Any, engine: engines.Engine) -> type:
    """Linear layers whose weights follow from their sizes: decoders, drawn inside, are then the same everywhere."""

    class Known(linear):  # type: ignore[misc]
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__(inputs, outputs)
            generator = np.random.default_rng(inputs + 100 * outputs)
            weight = generator.uniform(-0.2, 0.2, (outputs, inputs)).astype(np.float32)
            engine.load(self, {"weight": weight, "bias": np.zeros(outputs, np.float32)})

    return Known


@pytest.mark.parametrize("corruption", [0.0, 0.3])
def test_both_engines_do_the_same(corruption: float, monkeypatch: pytest.MonkeyPatch) -> None:
    losses, states = {}, {}
    for engine in (OURS, THEIRS):
        monkeypatch.setattr(engine.nn, "Linear", with_known_start(engine.nn.Linear, engine))
        model = models.mlp([64, 20, 15, 10], "sigmoid", nn=engine.nn)
        histories, _, states[engine.name] = trained(model, engine, corruption=corruption)
        losses[engine.name] = [history.train_loss for history in histories]
    np.testing.assert_allclose(losses["numpy"], losses["torch"], rtol=1e-4)
    for name, value in states["numpy"].items():
        np.testing.assert_allclose(value, states["torch"][name], rtol=1e-3, atol=1e-4)


def test_corruption_makes_the_task_harder_and_repeats() -> None:
    def run(corruption: float) -> list[float]:
        OURS.manual_seed(0)
        return trained(models.mlp([64, 20, 10], "sigmoid"), corruption=corruption)[0][0].train_loss

    assert run(0.5) == run(0.5)
    assert run(0.5)[-1] > run(0.0)[-1]


def test_other_activations_need_another_loss() -> None:
    model = models.mlp([64, 20, 15, 10], "tanh")
    with pytest.raises(ValueError, match=r"hidden layer 2 go from -.*give loss=nn.MSELoss"):
        trained(model)
    histories, *_ = trained(model, loss=nn.MSELoss())
    assert histories[1].train_loss[-1] < histories[1].train_loss[0]


def test_refused() -> None:
    with pytest.raises(ValueError, match="corruption=1; give a share"):
        trained(models.mlp([64, 20, 10], "sigmoid"), corruption=1)
    for model in (
        deep_mlp([64, 20, 20, 20, 10], residual=True)[1],
        models.mlp([64, 10]),
        nn.Sequential(nn.Linear(64, 10), nn.ReLU()),
    ):
        with pytest.raises(ValueError, match="give a Sequential of Linear layers"):
            hidden_layers(model, nn)
