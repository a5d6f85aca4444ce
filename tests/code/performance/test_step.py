"""The step taken apart is a step: against PyTorch, and its parts against each other."""

import numpy as np
import pytest
import torch

from comparison import assert_close
from deeplearning.performance.step import Step

SIZES, BATCH, RATE = (7, 5, 4, 3), 6, 0.5


def as_torch(step: Step) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    for weight, bias in zip(step.weights, step.biases, strict=True):
        layer = torch.nn.Linear(*weight.shape, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weight.T))
            layer.bias.copy_(torch.from_numpy(bias))
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def test_steps_equal_pytorchs() -> None:
    ours = Step(SIZES, BATCH, seed=3, rate=RATE)
    model = as_torch(ours)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    x, y = torch.from_numpy(ours.z[0]).double(), torch.from_numpy(ours.labels)
    for _ in range(4):
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert_close(ours.run(), loss.item(), length=BATCH * 7, dtype=np.float32, name="loss")
    for number, layer in enumerate(model[::2]):
        for mine, theirs in (
            (ours.weights[number], layer.weight.T),
            (ours.biases[number], layer.bias),
        ):
            assert_close(mine, theirs.detach().numpy(), length=4 * BATCH * 7, dtype=np.float32)


def test_the_loss_falls() -> None:
    step = Step(SIZES, BATCH, rate=RATE)
    losses = [step.run() for _ in range(50)]
    assert losses[-1] < 0.5 * losses[0]


def test_parts_cover_the_step_and_leave_its_numbers_sensible() -> None:
    step = Step(SIZES, BATCH, rate=1e-9)
    before = step.run()
    parts = step.parts()
    assert list(parts) == ["matrix products", "element-wise", "update"]
    for part in parts.values():
        for _ in range(100):
            part.run()
    assert step.run() == pytest.approx(before, rel=1e-5)
    assert all(np.isfinite(array).all() for array in (*step.weights, *step.delta, *step.z))


def test_work_of_the_parts() -> None:
    parts = Step((2, 3, 1), batch=1).parts()
    products, single, update = (part.work for part in parts.values())
    assert products.operations == 2 * (6 + 3 + 6 + 3 + 3)
    # forward and weights' gradient of both layers, input's gradient of the second: inputs, weights, outputs each
    assert products.bytes == 4 * (2 * (2 + 6 + 3) + 3 * (3 + 3 + 1))
    assert update.operations == 6 + 3 + 3 + 1
    assert update.bytes == 3 * 4 * 13
    assert single.operations == 5 * 3 + 8
    assert single.bytes == 4 * (8 * 3 + 13) + 2 * 3
