"""The whole operator against finite differences in float64, first and second derivatives."""

import pytest
import torch

from deepkernels import conv2d
from deepkernels.conv2d import autograd
from deepkernels.conv2d.geometry import Geometry

pytestmark = pytest.mark.skipif(
    torch.cuda.is_available(), reason="kernels take float64 in the interpreter only"
)
CASES = {
    "3x3": ((1, 2, 4, 3), (2, 2, 3, 3), {"padding": 1}),
    "3x3-stride2": ((2, 2, 5, 4), (3, 2, 3, 3), {"stride": 2, "padding": 1}),
    "1x1": ((1, 3, 2, 3), (2, 3, 1, 1), {}),
    "dilated-groups": ((1, 4, 5, 4), (6, 2, 2, 2), {"dilation": 2, "groups": 2}),
    "depthwise": ((1, 3, 4, 4), (3, 1, 3, 3), {"padding": 1, "groups": 3}),
    "rectangular": ((1, 2, 4, 7), (2, 2, 2, 3), {"stride": (1, 3), "padding": (0, 2)}),
    "same": ((1, 2, 3, 3), (2, 2, 2, 2), {"padding": "same"}),
}


def inputs(x: tuple[int, ...], weight: tuple[int, ...]) -> list[torch.Tensor]:
    shapes = (x, weight, weight[:1])
    return [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("case", CASES)
def test_gradients(case: str) -> None:
    *shapes, options = CASES[case]
    assert torch.autograd.gradcheck(
        lambda *tensors: conv2d(*tensors, **options), inputs(*shapes), fast_mode=True
    )


def test_gradients_in_a_fixed_order() -> None:
    assert torch.autograd.gradcheck(
        lambda *tensors: conv2d(*tensors, deterministic=True),
        inputs((1, 2, 9, 9), (2, 2, 2, 2)),
        fast_mode=True,
    )


def test_every_element_by_itself() -> None:
    x, weight, options = (1, 1, 2, 3), (2, 1, 1, 2), {"stride": 2, "padding": 1}
    assert torch.autograd.gradcheck(lambda *t: conv2d(*t, **options), inputs(x, weight))


@pytest.mark.parametrize("case", ["3x3-stride2", "same"])
def test_second_derivatives(case: str) -> None:
    *shapes, options = CASES[case]
    assert torch.autograd.gradgradcheck(
        lambda *tensors: conv2d(*tensors, **options), inputs(*shapes), fast_mode=True
    )


def test_gradients_follow_what_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first layer needs no gradient of its image, and none is computed."""
    x, weight, bias = inputs((1, 2, 4, 4), (2, 2, 3, 3))
    x = x.detach()
    monkeypatch.setattr(autograd, "dgrad", lambda *_: pytest.fail("dgrad was called"))
    conv2d(x, weight, bias, padding=1).sum().backward()
    assert x.grad is None
    assert weight.grad is not None
    assert bias.grad is not None
    assert torch.allclose(bias.grad, torch.full((2,), 16.0, dtype=torch.float64))


def test_the_compiler_sees_through(device: str) -> None:
    geometry = Geometry.of((1, 2, 4, 4), (2, 2, 3, 3), padding=1)
    x, weight, _ = inputs((1, 2, 4, 4), (2, 2, 3, 3))
    dy = torch.randn(geometry.y_shape, dtype=torch.float64)

    def both(dy: torch.Tensor, x: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return autograd.dgrad(dy, weight, geometry), autograd.wgrad(dy, x, geometry, True)

    compiled = torch.compile(both, fullgraph=True, backend="aot_eager")
    for got, expected in zip(compiled(dy, x, weight), both(dy, x, weight), strict=True):
        assert torch.equal(got, expected)
