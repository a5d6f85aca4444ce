"""A recurrent layer with a read-out: one definition, two engines; and the bias of forget gates."""

import re

import numpy as np
import pytest

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.sequence_regressor import KINDS, sequence_regressor, set_forget_bias

NUMPY, TORCH = engines.get("numpy"), engines.get("torch")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [1, 3])
def test_weights_move_and_every_gradient_agrees(kind: str, steps: int) -> None:
    own = sequence_regressor(kind, 2, 5, 4, steps, nn=NUMPY.nn)
    theirs = sequence_regressor(kind, 2, 5, 4, steps, nn=TORCH.nn)
    TORCH.load(theirs, NUMPY.state(own))
    generator = np.random.default_rng(0)
    x = generator.normal(size=(3, 7, 2)).astype(np.float32)
    target = generator.normal(size=(3, 4) if steps == 1 else (3, 3, 4)).astype(np.float32)
    outputs, gradients = [], []
    for engine, model in ((NUMPY, own), (TORCH, theirs)):
        answer = model(engine.tensor(x))
        engine.nn.MSELoss()(answer, engine.tensor(target)).backward()
        outputs.append(engine.to_numpy(answer.detach()))
        gradients.append({n: engine.to_numpy(p.grad) for n, p in model.named_parameters()})
    assert_close(outputs[0], outputs[1], length=7 * 5)
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert_close(gradient, gradients[1][name], length=3 * 7 * 5, name=name)


def test_the_last_steps_are_read_out() -> None:
    several = sequence_regressor("RNN", 2, 4, 3, steps=5, nn=TORCH.nn)
    last = sequence_regressor("RNN", 2, 4, 3, nn=TORCH.nn)
    last.load_state_dict(several.state_dict())
    x = TORCH.tensor(np.random.default_rng(1).normal(size=(2, 9, 2)).astype(np.float32))
    for number in range(5):
        assert_close(
            TORCH.to_numpy(several(x)[:, number]), TORCH.to_numpy(last(x[:, : 5 + number])), length=20
        )  # fmt: skip


@pytest.mark.parametrize("engine", [NUMPY, TORCH], ids=["numpy", "torch"])
def test_only_forget_gates_get_the_bias(engine: engines.Engine) -> None:
    model = sequence_regressor("LSTM", 2, 3, nn=engine.nn)
    before = engine.state(model)
    assert set_forget_bias(model, engine, 1.5) is model
    after = engine.state(model)
    assert after["memory.bias_ih_l0"][3:6].tolist() == [1.5, 1.5, 1.5]
    assert after["memory.bias_hh_l0"][3:6].tolist() == [0, 0, 0]
    for name, values in before.items():
        rows = np.ones(len(values), bool)
        if "bias" in name and name.startswith("memory"):
            rows[3:6] = False
        np.testing.assert_array_equal(after[name][rows], values[rows])


def test_a_layer_by_itself_and_in_both_directions() -> None:
    layer = TORCH.nn.LSTM(2, 3, num_layers=2, bidirectional=True)
    state = TORCH.state(set_forget_bias(layer, TORCH))
    for name, values in state.items():
        if "bias" in name:
            assert values[3:6].tolist() == [1.0 if "ih" in name else 0.0] * 3


def test_refused() -> None:
    with pytest.raises(ValueError, match="kind='lstm'; give one of RNN, LSTM, GRU"):
        sequence_regressor("lstm", 2, 3)
    with pytest.raises(ValueError, match="sequences of 2 steps; give at least the 4 that are read"):
        sequence_regressor("GRU", 2, 3, steps=4)(NUMPY.tensor(np.zeros((1, 2, 2), np.float32)))
    words = re.escape("set_forget_bias: the model has no LSTM layer with a bias")
    with pytest.raises(ValueError, match=words):
        set_forget_bias(sequence_regressor("GRU", 2, 3, nn=TORCH.nn), TORCH)
