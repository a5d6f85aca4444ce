"""Training in bfloat16: what stays float32, and how far results move."""

import numpy as np
import pytest
import torch

from deeplearning.engines.bfloat16 import InBfloat16
from deeplearning.models.vgg_small import vgg_small

ROUNDING = 2.0**-8  # half the distance from 1 to the next bfloat16


def made(seed: int = 0) -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    model = vgg_small((8, 16), 1, nn=torch.nn)
    return model, torch.randn(32, 1, 12, 12), torch.randint(0, 10, (32,))


def gradients(called: torch.nn.Module, model: torch.nn.Module, *pair: torch.Tensor) -> torch.Tensor:
    model.zero_grad()
    torch.nn.CrossEntropyLoss()(called(pair[0]), pair[1]).backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def test_products_are_of_bfloat16_and_everything_kept_is_float32() -> None:
    model, x, y = made()
    seen = []
    model[0].register_forward_hook(lambda layer, inputs, output: seen.append(output))
    wrapped = InBfloat16(model)
    scores = wrapped(x)
    assert seen[0].dtype == torch.bfloat16
    assert seen[0].is_contiguous(memory_format=torch.channels_last)
    assert scores.dtype == torch.float32
    gradients(wrapped, model, x, y)
    for value in [p.grad for p in model.parameters()] + list(model.parameters()):
        assert value.dtype == torch.float32
    assert model.state_dict()["1.running_mean"].dtype == torch.float32


@pytest.mark.parametrize("seed", [0, 1])
def test_gradients_are_close_to_those_of_float32(seed: int) -> None:
    model, x, y = made(seed)
    half, full = gradients(InBfloat16(model), model, x, y), gradients(model, model, x, y)
    error = float((half - full).norm() / full.norm())
    # Roundings on the way there and back, and a few ReLUs and maxima near a tie that choose otherwise.
    assert ROUNDING / 10 < error < 0.1


def test_the_network_itself_stays_as_it_was() -> None:
    model, x, _ = made()
    model.eval()
    before = model(x).detach().numpy()
    InBfloat16(model)(x)
    np.testing.assert_allclose(model(x).detach().numpy(), before, atol=1e-5)


def test_rows_of_numbers_go_through_too() -> None:
    layer = torch.nn.Linear(3, 2)
    x = torch.randn(4, 3)
    scores = InBfloat16(layer)(x).detach().numpy()
    np.testing.assert_allclose(scores, layer(x).detach().numpy(), atol=8 * ROUNDING)
