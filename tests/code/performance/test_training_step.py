"""A training step is PyTorch's, the same wherever it runs, and what is timed is one call."""

from functools import partial

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning import models
from deeplearning.engines import get
from deeplearning.performance.training_step import TrainingStep, alternate_steps

MAKE = partial(models.mlp, [6, 5, 3])


def batch(size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return draw.normal(size=(size, 6)).astype(np.float32), draw.integers(0, 3, size)


def start() -> dict[str, np.ndarray]:
    return get("numpy").state(MAKE())


def test_losses_are_those_of_the_books_own_engine() -> None:
    weights, batches = start(), [batch(8, 0), batch(8, 1)]
    step = TrainingStep(MAKE, weights, batches, rate=0.1)
    engine = get("numpy")
    model = MAKE()
    engine.load(model, weights)
    optimizer = engine.optim.SGD(model.parameters(), lr=0.1)
    expected = []
    for number in range(5):
        x, y = batches[number % 2]
        optimizer.zero_grad()
        value = engine.nn.CrossEntropyLoss()(model(engine.tensor(x)), engine.tensor(y))
        value.backward()
        optimizer.step()
        expected.append(value.item())
    assert_close(step.losses(5), expected, length=8, dtype=np.float32)
    assert step.losses(5) == step.losses(5)  # always from the first weights on


def test_a_sample_is_the_mean_over_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    step = TrainingStep(MAKE, start(), [batch(2)], threads=1)
    clock = iter([10.0, 16.0])
    monkeypatch.setattr(
        "deeplearning.performance.training_step.time.perf_counter", lambda: next(clock)
    )
    seen: list[str] = []
    monkeypatch.setattr(step, "synchronise", lambda: seen.append("wait"))
    assert step.sample(lambda: seen.append("call"), 3) == 2.0
    assert seen == ["wait", "call", "call", "call", "wait"]


def test_a_gpu_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    step = TrainingStep(MAKE, start(), [batch(2)])
    step.synchronise()
    assert waited == []
    step.device = "cuda:0"  # the CPU as a stand-in: only the waiting is new
    step.synchronise()
    assert waited == ["cuda:0"]


def test_steps_alternate_and_every_round_has_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    class Stand(TrainingStep):
        def __init__(self, name: str) -> None:
            super().__init__(MAKE, start(), [batch(2)])
            self.name = name

        def sample(self, work: object, count: int) -> float:
            calls.append(f"{self.name}{count}")
            return 0.01

    times = alternate_steps({"a": Stand("a"), "b": Stand("b")}, rounds=6, least=0.03)
    assert calls[:4] == ["a1", "a1", "b1", "b1"]
    rounds = [calls[i : i + 2] for i in range(4, 16, 2)]
    assert all(sorted(one) == ["a3", "b3"] for one in rounds)
    assert len({tuple(one) for one in rounds}) == 2  # in both orders
    assert times["a"].seconds.shape == (6,)
    assert (times["b"].median, times["b"].calls) == (0.01, 3)


def test_a_copy_leaves_the_network_alone() -> None:
    step = TrainingStep(MAKE, start(), [batch(4)])
    before = step.losses(2)
    step.copy()
    assert step.losses(2) == before


def test_refusals() -> None:
    with pytest.raises(ValueError, match="no batch"):
        TrainingStep(MAKE, start(), [])
    with pytest.raises(ValueError, match="cannot compute on 'nowhere'"):
        TrainingStep(MAKE, start(), [batch(1)], device="nowhere")
    with pytest.raises(ValueError, match="needs a step and a round; got 0, 5"):
        alternate_steps({})
