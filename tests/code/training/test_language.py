"""Truncated back-propagation through time: against PyTorch written out, and what is carried between windows."""

from typing import Any

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.char_lm import char_lm, surprise
from deeplearning.training import Diverged
from deeplearning.training.language import read_once

CODES = np.tile([0, 1, 2, 3, 2], 30)


def network(name: str, rate: float = 0.01, **settings: Any) -> tuple[Any, Any, Any]:
    engine = engines.get(name)
    engine.manual_seed(0)
    model = char_lm(4, 3, 5, nn=engine.nn, **settings)
    return engine, model, engine.optim.SGD(model.parameters(), lr=rate)


def test_is_what_one_writes_out_in_pytorch() -> None:
    engine, model, optimizer = network("torch")
    _, other, _ = network("torch")
    other.load_state_dict(model.state_dict())
    plain = torch.optim.SGD(other.parameters(), lr=0.01)
    loss = read_once(
        model, CODES, engine=engine, optimizer=optimizer, count=2, length=30, clip_norm=0.1
    )
    rows, state, losses = torch.tensor(CODES[:149]), None, []
    x, y = rows[:148].reshape(2, 74), rows[1:149].reshape(2, 74)
    for start in (0, 30, 60):
        scores, state = other(x[:, start : start + 30], state)
        target = y[:, start : start + 30].reshape(-1)
        one = torch.nn.functional.cross_entropy(scores.flatten(0, 1), target)
        plain.zero_grad()
        one.backward()
        torch.nn.utils.clip_grad_norm_(other.parameters(), 0.1)
        plain.step()
        state = tuple(part.detach() for part in state)
        losses.append(one.item() * len(target))
    assert loss == pytest.approx(sum(losses) / 148 / np.log(2), rel=1e-6)
    for name, value in model.state_dict().items():
        assert_close(value.numpy(), other.state_dict()[name].numpy(), length=100, name=name)


def test_engines_learn_alike_and_the_rate_follows_the_schedule() -> None:
    states, losses = [], []
    start = engines.get("torch").state(network("torch")[1])
    for name in ("numpy", "torch"):
        engine, model, optimizer = network(name, 0.5)
        engine.load(model, start)
        half = engine.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
        loss = read_once(
            model, CODES, engine=engine, optimizer=optimizer, count=3, length=20, clip_norm=1.0, scheduler=half,
        )  # fmt: skip
        losses.append(loss)
        states.append(engine.state(model))
        assert optimizer.param_groups[0]["lr"] == 0.5**4  # three windows
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for name, value in states[0].items():
        assert_close(value, states[1][name], length=400, name=name)


def test_a_text_that_repeats_is_learned() -> None:
    engine, model, _ = network("torch")
    optimizer = engine.optim.Adam(model.parameters(), lr=0.03)
    losses = [
        read_once(model, CODES, engine=engine, optimizer=optimizer, count=5, length=15, clip_norm=1.0)
        for _ in range(40)
    ]  # fmt: skip
    assert losses[0] > 1.5
    assert losses[-1] < 0.2
    assert surprise(model, CODES[:51], engine)[10:].mean() < 0.2


def test_says_when_it_diverges() -> None:
    engine, model, optimizer = network("torch")
    with torch.no_grad():
        model.score.bias[0] = float("nan")
    with pytest.raises(Diverged, match="lower the optimiser's rate"):
        read_once(
            model, CODES, engine=engine, optimizer=optimizer, count=2, length=9, clip_norm=9e9
        )
