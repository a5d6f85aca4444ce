"""Schedules: PyTorch's sequence of rates, their state, and what they refuse."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from deeplearning import optim
from deeplearning.autograd import Tensor
from deeplearning.optim.lr_scheduler import LRScheduler

Make = Callable[[Any, Any], Any]  # of a namespace of schedules and an optimiser


def warm_up_and_cosine(module: Any, optimizer: Any) -> Any:
    parts = [
        module.LinearLR(optimizer, start_factor=0.1, total_iters=6),
        module.CosineAnnealingLR(optimizer, T_max=14, eta_min=0.001),
    ]
    return module.SequentialLR(optimizer, parts, milestones=[6])


def three_parts(module: Any, optimizer: Any) -> Any:
    parts = [
        module.LinearLR(optimizer, total_iters=3),
        module.StepLR(optimizer, step_size=2, gamma=0.5),
        module.LinearLR(optimizer, start_factor=0.5, end_factor=0.0, total_iters=4),
    ]
    return module.SequentialLR(optimizer, parts, milestones=[5, 11])


def warm_up_and_one_cycle(module: Any, optimizer: Any) -> Any:
    parts = [
        module.LinearLR(optimizer, start_factor=0.1, total_iters=6),
        module.OneCycleLR(optimizer, max_lr=0.5, total_steps=20),
    ]
    return module.SequentialLR(optimizer, parts, milestones=[6])


CASES: dict[str, Make] = {
    "step": lambda module, o: module.StepLR(o, step_size=3, gamma=0.5),
    "cosine": lambda module, o: module.CosineAnnealingLR(o, T_max=25),
    "cosine beyond its end": lambda module, o: module.CosineAnnealingLR(o, T_max=7, eta_min=0.01),
    "linear": lambda module, o: module.LinearLR(o, start_factor=0.2, total_iters=7),
    "linear down": lambda module, o: module.LinearLR(o, 1.0, 0.0, 9),
    "warm-up and cosine": warm_up_and_cosine,
    "three parts": three_parts,
    "warm-up and one cycle": warm_up_and_one_cycle,
    "one cycle": lambda module, o: module.OneCycleLR(o, max_lr=0.5, total_steps=25),
    "one cycle, by epochs": lambda module, o: module.OneCycleLR(
        o, 0.5, epochs=5, steps_per_epoch=6, pct_start=0.45, cycle_momentum=False
    ),
    "one cycle, straight, three phases": lambda module, o: module.OneCycleLR(
        o,
        max_lr=[0.5, 0.2],
        total_steps=26,
        anneal_strategy="linear",
        three_phase=True,
        pct_start=0.4,
        base_momentum=0.8,
        max_momentum=0.9,
    ),
    "one cycle, falling only": lambda module, o: module.OneCycleLR(
        o, 0.5, total_steps=25, pct_start=0.0, div_factor=10.0, final_div_factor=100.0
    ),
}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {"momentum": 0.9}),
    "Adam": ("Adam", {"betas": (0.8, 0.99)}),
}


def optimizer(module: Any, tensor: Any, kind: str) -> Any:
    parameters = [tensor([1.0], requires_grad=True) for _ in range(2)]
    for p in parameters:
        p.grad = tensor([0.0])
    name, settings = KINDS[kind]
    groups = [{"params": [parameters[0]]}, {"params": [parameters[1]], "lr": 0.03}]
    return getattr(module, name)(groups, lr=0.2, **settings)


def settings(group: dict[str, Any]) -> tuple[float, ...]:
    return (group["lr"], *(group["betas"] if "betas" in group else (group["momentum"],)))


def sequence(o: Any, schedule: Any, steps: int) -> list[Any]:
    found = []
    for _ in range(steps):
        found.append([settings(group) for group in o.param_groups])
        assert schedule.get_last_lr() == [group["lr"] for group in o.param_groups]
        o.step()
        schedule.step()
    return found


@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_rates_and_momenta_equal_pytorchs(make: Make, kind: str) -> None:
    ours, theirs = optimizer(optim, Tensor, kind), optimizer(torch.optim, torch.tensor, kind)
    a = sequence(ours, make(optim.lr_scheduler, ours), 25)
    b = sequence(theirs, make(torch.optim.lr_scheduler, theirs), 25)
    np.testing.assert_allclose(np.array(a), np.array(b), rtol=1e-12, atol=1e-15)
    assert len({rates[0][0] for rates in a}) > 3  # they do change


@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
def test_a_loaded_state_continues_exactly(make: Make) -> None:
    first = optimizer(optim, Tensor, "SGD")
    schedule = make(optim.lr_scheduler, first)
    sequence(first, schedule, 8)
    second = optimizer(optim, Tensor, "SGD")
    other = make(optim.lr_scheduler, second)
    saved = schedule.state_dict()
    second.load_state_dict(first.state_dict())
    other.load_state_dict(saved)
    assert sequence(second, other, 15) == sequence(first, schedule, 15)


def test_last_epoch_begins_later() -> None:
    o = optimizer(optim, Tensor, "SGD")
    with pytest.raises(ValueError, match="last_epoch=4 with an optimiser that no schedule has set"):
        optim.lr_scheduler.StepLR(o, step_size=3, last_epoch=4)
    whole = sequence(o, optim.lr_scheduler.StepLR(o, step_size=3), 10)
    again = optim.lr_scheduler.StepLR(o, step_size=3, last_epoch=4)
    assert sequence(o, again, 5) == whole[5:]


def test_one_cycle_has_an_end() -> None:
    o = optimizer(optim, Tensor, "SGD")
    schedule = optim.lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=3)
    for _ in range(3):
        schedule.step()
    with pytest.raises(ValueError, match="step 4 of 3; give total_steps"):
        schedule.step()


def test_refused() -> None:
    schedules, o = optim.lr_scheduler, optimizer(optim, Tensor, "SGD")
    adagrad = optim.Adagrad([Tensor([1.0], requires_grad=True)])
    for make, words in (
        (lambda: schedules.StepLR(o, step_size=0), "step_size=0; give a whole number"),
        (lambda: schedules.CosineAnnealingLR(o, T_max=2.5), r"T_max=2\.5"),
        (lambda: schedules.LinearLR(o, start_factor=0.0), r"start_factor=0\.0"),
        (lambda: schedules.LinearLR(o, end_factor=2.0), r"end_factor=2\.0"),
        (lambda: schedules.OneCycleLR(o, 0.1), "how long"),
        (lambda: schedules.OneCycleLR(o, 0.1, total_steps=-3), "total_steps=-3"),
        (lambda: schedules.OneCycleLR(o, 0.1, 5, pct_start=2.0), r"pct_start=2\.0"),
        (lambda: schedules.OneCycleLR(o, 0.1, 5, anneal_strategy="up"), "anneal_strategy='up'"),
        (lambda: schedules.OneCycleLR(adagrad, 0.1, 5), "Adagrad has no momentum to cycle"),
        (lambda: schedules.SequentialLR(o, [schedules.StepLR(o, 2)], [3]), "one fewer"),
        (
            lambda: schedules.SequentialLR(adagrad, [schedules.StepLR(o, 2)], []),
            "different optimisers",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            make()
    with pytest.raises(TypeError, match="the optimizer is a int"):
        schedules.StepLR(3, 2)
    with pytest.raises(NotImplementedError, match="LRScheduler has no rate"):
        LRScheduler(o)


def test_a_state_of_another_schedule_is_refused() -> None:
    schedules, o = optim.lr_scheduler, optimizer(optim, Tensor, "SGD")
    step = schedules.StepLR(o, 2)
    with pytest.raises(ValueError, match=r"StepLR: a state with .*T_max"):
        step.load_state_dict(schedules.CosineAnnealingLR(o, 5).state_dict())
    with pytest.raises(ValueError, match="a state without 1 schedules"):
        schedules.SequentialLR(o, [step], []).load_state_dict(step.state_dict())
