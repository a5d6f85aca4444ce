"""N5: the stacked training against single networks, the control, and the criterion."""

import numpy as np
import pytest
import torch

from deeplearning.experiments import Metrics
from deeplearning.experiments.n05_xor_restarts import ACTIVATIONS, EXPERIMENT, Config, train_many


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_stack_trains_each_start_as_pytorch_trains_it_alone(activation: str) -> None:
    starts, width, steps = 3, 2, 40
    _, losses = train_many(width, activation, 0.5, starts, (steps,), np.random.default_rng(5))
    generator = np.random.default_rng(5)  # the same draws, in the same order
    shapes = (2, (2, width)), (2, (1, width)), (width, (width, 1)), (width, (1, 1))
    drawn = [
        generator.uniform(-(n**-0.5), n**-0.5, (starts, *shape)).astype(np.float32)
        for n, shape in shapes
    ]
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
    for start in range(starts):
        weights = [torch.tensor(array[start], requires_grad=True) for array in drawn]
        optimizer = torch.optim.SGD(weights, lr=0.5)
        for step in range(steps + 1):
            scores = (
                getattr(torch, activation)(x @ weights[0] + weights[1]) @ weights[2] + weights[3]
            )
            loss = torch.nn.functional.binary_cross_entropy_with_logits(scores, y)
            if step < steps:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        assert losses[start] == pytest.approx(loss.item(), rel=1e-4)


def test_one_hidden_neuron_never_gets_all_four_rows() -> None:
    right, _ = train_many(1, "tanh", 1.0, 20, (200,), np.random.default_rng(0))
    assert right.max() <= 3


def test_four_sigmoid_neurons_get_there() -> None:
    right, losses = train_many(4, "sigmoid", 3.0, 10, (1500,), np.random.default_rng(0))
    assert (right[-1] == 4).mean() >= 0.8
    assert losses[right[-1] == 4].max() < np.log(2) / 4  # a wrong row costs at least log 2


def judged(two: float, three: float, last: float, jitter: float = 0.0) -> str:
    shares = np.array([0.0, two, three, three, last, last])
    seeds = [np.clip(shares + jitter * sign, 0, 1) for sign in (-1, -1, 0, 1, 1)]
    return EXPERIMENT.judge(
        Metrics({f"share_{name}": np.array(seeds) for name in ACTIVATIONS})
    ).outcome


def test_the_criterion_has_three_outcomes() -> None:
    assert judged(1.0, 1.0, 1.0) == "holds"
    assert judged(0.9, 0.97, 1.0) == "holds partly"
    assert judged(0.2, 0.5, 0.9) == "does not hold"


def test_the_criterion_asks_for_more_than_the_mean() -> None:
    assert judged(0.96, 0.96, 0.96) == "holds"
    assert judged(0.96, 0.96, 0.96, jitter=0.04) == "does not hold"


def test_the_widths_judged_are_those_measured() -> None:
    assert Config().widths[1] == 2
