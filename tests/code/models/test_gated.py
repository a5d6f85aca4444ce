"""The LSTM with removable parts: whole, it is PyTorch's; with a part removed, what a loop in NumPy says."""

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.gated import PARTS, gated

NUMPY, TORCH = engines.get("numpy"), engines.get("torch")
X = np.random.default_rng(0).normal(size=(3, 6, 2)).astype(np.float32)


def test_with_all_parts_it_is_pytorchs_lstm() -> None:
    model = gated(2, 5, nn=torch.nn)
    lstm = torch.nn.LSTM(2, 5, batch_first=True)
    state = TORCH.state(model)
    names = ("input.weight", "memory.weight", "input.bias")
    lstm.load_state_dict(
        dict(
            zip(
                ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"),
                [*(TORCH.tensor(state[name]) for name in names), torch.zeros(20)],
                strict=True,
            )
        )
    )
    outputs, (h, c) = lstm(torch.tensor(X))
    visited = model.walk(torch.tensor(X))
    for t, (_, state_t) in enumerate(visited):
        assert_close(TORCH.to_numpy(state_t), TORCH.to_numpy(outputs[:, t]), length=42)
    assert_close(TORCH.to_numpy(visited[-1][0]), TORCH.to_numpy(c[0]), length=42)
    assert_close(
        TORCH.to_numpy(model(torch.tensor(X))), TORCH.to_numpy(model.readout(h[0])), length=42
    )


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def by_hand(state: dict[str, np.ndarray], without: str) -> np.ndarray:
    """What the definition says, sequence by sequence in float64; a missing gate is a 1 written down."""
    weight, recurrent, bias, out, offset = (
        state[name].astype(np.float64)
        for name in (
            *("input.weight", "memory.weight", "input.bias"),
            *("readout.weight", "readout.bias"),
        )
    )
    answers = []
    for sequence in X:
        h = c = np.zeros(recurrent.shape[1])
        for x in sequence:
            z = (weight @ x + bias + recurrent @ h).reshape(4, -1)
            i, f, o = sigmoid(z[0]), sigmoid(z[1]), sigmoid(z[3])
            g = z[2] if without == "candidate" else np.tanh(z[2])
            i = np.ones_like(i) if without == "input" else 1 - f if without == "both" else i
            f = np.ones_like(f) if without == "forget" else f
            o = np.ones_like(o) if without == "output" else o
            c = f * c + i * g
            h = o * np.tanh(c)
        answers.append(out @ h + offset)
    return np.stack(answers)


@pytest.mark.parametrize("without", PARTS)
def test_each_part_can_go_on_both_engines(without: str) -> None:
    own, theirs = (gated(2, 5, 3, without, nn=engine.nn) for engine in (NUMPY, TORCH))
    TORCH.load(theirs, NUMPY.state(own))
    gradients = []
    for engine, model in ((NUMPY, own), (TORCH, theirs)):
        answer = model(engine.tensor(X))
        assert_close(
            engine.to_numpy(answer.detach()), by_hand(NUMPY.state(own), without), length=42, dtype=np.float32
        )  # fmt: skip
        (answer * answer).sum().backward()
        gradients.append({n: engine.to_numpy(p.grad) for n, p in model.named_parameters()})
    for name, gradient in gradients[0].items():
        assert_close(gradient, gradients[1][name], length=6 * 42, name=name)
    missing = {"input": 0, "forget": 1, "output": 3, "both": 0}
    for block in range(4):
        rows = gradients[1]["input.weight"][5 * block : 5 * block + 5]
        assert rows.any() != (missing.get(without) == block)


def test_refused() -> None:
    with pytest.raises(ValueError, match="without='peephole'; give one of nothing, input, forget"):
        gated(2, 3, without="peephole")
