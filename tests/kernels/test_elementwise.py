"""Activations on their own, against float64 PyTorch; and what the compiler makes of them."""

import pytest
import torch

from deepkernels import elementwise
from deepkernels.compiled import TARGETS, facts
from kernel_comparison import assert_close, normal, poisoned

FLOATS = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}
OURS = {"relu": elementwise.relu, "tanh": elementwise.tanh, "sigmoid": elementwise.sigmoid}
SHAPES = {"none": (), "row": (7,), "image": (2, 3, 5, 4), "two-programs": (1, 1025)}


def reference(x: torch.Tensor, name: str, dy: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    x = x.detach().cpu().double().requires_grad_()
    y = getattr(torch, name)(x)
    return y.detach(), torch.autograd.grad(y, x, dy.cpu().double())[0]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("shape", SHAPES)
def test_kernels(shape: str, name: str, dtype: str, device: str) -> None:
    dtype = FLOATS[dtype]
    x = normal(*SHAPES[shape], dtype=dtype, device=device)
    dy = normal(*SHAPES[shape], dtype=dtype, device=device)
    y = elementwise.run(elementwise.forward, (x, poisoned(x.shape, dtype, device)), name)
    assert_close(y, reference(x, name, dy)[0], 1, "y")
    # The derivative is taken of the y that is stored: exactly what a rounded y lets one know.
    dx = elementwise.run(elementwise.backward, (dy, y, poisoned(x.shape, dtype, device)), name)
    slope = {
        "relu": lambda y: (y > 0).double(),
        "tanh": lambda y: 1 - y * y,
        "sigmoid": lambda y: y - y * y,
    }
    assert_close(dx, dy.cpu().double() * slope[name](y.cpu().double()), 1, "dx")


@pytest.mark.parametrize("name", OURS)
def test_operators(name: str, device: str) -> None:
    memory = normal(2, 6, 5, 4, device=device)
    for x in (memory, memory.to(memory_format=torch.channels_last), memory.transpose(0, 1)[:, ::2]):
        leaf = x.clone(memory_format=torch.preserve_format).requires_grad_()
        y = OURS[name](leaf)
        dy = normal(*y.shape, device=device)
        y.backward(dy)
        expected, gradient = reference(x, name, dy)
        assert_close(y, expected, 1, "y")
        assert_close(leaf.grad, gradient, 1, "dx")
        if x.is_contiguous(memory_format=torch.channels_last):
            assert y.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", OURS)
def test_extremes(name: str, device: str) -> None:
    numbers = [
        0.0,
        -0.0,
        1e-20,
        88.0,
        -88.0,
        1e30,
        -1e30,
        float("inf"),
        -float("inf"),
        float("nan"),
    ]
    x = torch.tensor(numbers, device=device)
    torch.testing.assert_close(OURS[name](x).cpu(), getattr(torch, name)(x.cpu()), equal_nan=True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="float64 exists in the interpreter alone")
@pytest.mark.parametrize("name", OURS)
def test_gradcheck(name: str) -> None:
    x = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(OURS[name], x)


def test_opcheck_and_nothing(device: str) -> None:
    for shape in ((2, 3, 4, 5), (0, 3)):
        x = normal(*shape, device=device).requires_grad_()
        torch.library.opcheck(torch.ops.deepkernels.activation.default, (x, "tanh"))


def test_compiles_as_one_graph(device: str) -> None:
    torch.compiler.reset()
    compiled = torch.compile(lambda x: elementwise.tanh(x) * 2, fullgraph=True, backend="aot_eager")
    x = normal(3, 4, device=device).requires_grad_()
    y = compiled(x)
    y.sum().backward()
    expected, gradient = reference(x, "tanh", torch.full_like(x, 2.0))
    assert_close(y, 2 * expected, 1, "y")
    assert_close(x.grad, gradient, 1, "dx")


@pytest.mark.parametrize("name", OURS)
def test_refused(name: str, device: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: x is torch.int64; give float16"):
        OURS[name](torch.zeros(2, dtype=torch.int64, device=device))


def test_compiles_for_every_target() -> None:
    requests = {
        (target, name): request
        for target in TARGETS
        for name, request in elementwise.compile_requests(target)
    }
    assert len(requests) == 18
    for (target, name), found in zip(requests, facts(list(requests.values())), strict=True):
        assert found.error is None, (target, name, found.error)
        assert (found.spills, found.shared) == (0, 0)
        if target.startswith("sm"):
            loads = 2 if "backward" in name else 1
            assert found.instructions["ld_global"] == loads  # 16 bytes a thread
            assert found.instructions["st_global"] == 1
