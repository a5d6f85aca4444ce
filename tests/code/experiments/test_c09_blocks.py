"""C9: the networks that are compared, what they cost, and the criterion."""

import numpy as np
import pytest
import torch

from deeplearning.experiments import Metrics
from deeplearning.experiments.c09_blocks import CASES, EXPERIMENT, costs, gain, network, start
from deeplearning.models.receptive_field import receptive_fields, windows_of

CHANNELS = (8, 16, 32)
CONVOLUTIONS = {
    "blocks_1": 2, "blocks_2": 4, "blocks_3": 6, "one": 3, "four": 12, "unpooled": 6,
    "blocks_3_bare": 6, "four_bare": 12, "four_small": 12, "four_bare_small": 12,
    "plain_8": 7, "plain_24": 23, "residual_8": 7 + 2, "residual_24": 23 + 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def networks() -> dict[str, torch.nn.Module]:
    return {case: network(case, CHANNELS, torch.nn) for case in CASES}


def layers(model: torch.nn.Module, kind: type) -> list:
    return [layer for layer in model.modules() if isinstance(layer, kind)]


@pytest.mark.parametrize("case", CASES)
def test_every_network_has_its_layers(case: str, networks: dict) -> None:
    model = networks[case]
    # The two projections stand beside layers, and are not counted in the name.
    assert len(layers(model, torch.nn.Conv2d)) == CONVOLUTIONS[case]
    assert bool(layers(model, torch.nn.BatchNorm2d)) == ("bare" not in case)
    assert len(layers(model, torch.nn.Linear)) == 1


def test_plain_and_residual_networks_differ_in_the_connections_alone(networks: dict) -> None:
    plain = networks["plain_24"].state_dict()
    residual = networks["residual_24"].state_dict()
    extra = set(residual) - set(plain)
    assert not set(plain) - set(residual)
    assert extra
    assert all(".skip." in name for name in extra)


def test_multiplications_counted_by_hand(networks: dict) -> None:
    spent = costs(networks["blocks_3"])
    by_hand = 784 * 9 * (8 + 8 * 8) + 196 * 9 * (8 * 16 + 16 * 16) + 49 * 9 * (16 * 32 + 32 * 32)
    assert sum(cost.multiplications for cost in spent) == by_hand + 32 * 10
    assert sum(cost.parameters for cost in spent) == sum(
        p.numel() for p in networks["blocks_3"].parameters()
    )


def test_costs_find_the_layers_inside_blocks_and_leave_the_network_alone(networks: dict) -> None:
    model = networks["residual_8"]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    names = {cost.name for cost in costs(model)}
    assert {"0", "3.branch.0", "4.skip.0"} <= names
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    assert not any(layer._forward_hooks for layer in model.modules())


def test_six_convolutions_see_less_without_pooling(networks: dict) -> None:
    assert receptive_fields(windows_of(networks["unpooled"]))[6].size == 13
    assert receptive_fields(windows_of(networks["blocks_3"]))[8].size == 32


def test_the_start_has_hes_variance() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(32, 64, 3)
    start(torch.nn.Sequential(layer), torch.nn)
    assert float(layer.weight.detach().std()) == pytest.approx((2 / 288) ** 0.5, rel=0.02)
    assert not layer.bias.detach().any()


def metrics(deeper: float = 0.02, second: float = 0.05, third: float = 0.03, noise: float = 0.001):
    level = {"blocks_1": 0.8, "blocks_2": 0.8 + second, "blocks_3": 0.8 + second + third}
    level |= {"residual_8": 0.85, "residual_24": 0.85 + deeper, "plain_8": 0.84, "plain_24": 0.8}
    spread = np.linspace(-1, 1, 5) * noise
    odd = ("blocks_2", "residual_24")  # their noise is not that of the networks beside them
    return Metrics(
        {
            f"test_accuracy_{name}": (value + (spread if name in odd else 0 * spread)).tolist()
            for name, value in level.items()
        }
    )


def test_the_gain_is_paired_by_seed() -> None:
    mean, error = gain(metrics(), "blocks_1", "blocks_2")
    assert mean == pytest.approx(0.05)
    assert error == pytest.approx(0.001 * np.std([-1, -0.5, 0, 0.5, 1], ddof=1) / 5**0.5)


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({}, "holds"),
        ({"deeper": 0.004}, "holds partly"),
        ({"third": 0.009}, "holds partly"),
        ({"second": -0.05, "deeper": -0.02}, "does not hold"),
        ({"noise": 0.2}, "does not hold"),
    ],
)
def test_the_criterion_has_three_outcomes_and_heeds_the_spread(changed: dict, outcome: str) -> None:
    assert EXPERIMENT.judge(metrics(**changed)).outcome == outcome
