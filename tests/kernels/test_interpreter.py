"""Hastening Triton's interpreter changes no result and leaves `triton.language` as it was."""

import pytest
import torch
import triton
import triton.language as tl
from triton.runtime import interpreter as triton_interpreter

from deepkernels import interpreter
from deepkernels.launch import interpreted

pytestmark = pytest.mark.skipif(not interpreted(), reason="kernels run on the GPU here")


@triton.jit
def scaled(x, factor):
    return tl.where(x > 0, x * factor, tl.zeros_like(x))


@triton.jit
def scale(x, y, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    value = tl.load(x + i, mask=i < n)
    tl.store(y + i, scaled(value, tl.sum(value, 0)), mask=i < n)


def scaled_by_kernel(x: torch.Tensor) -> torch.Tensor:
    y = torch.full_like(x, torch.nan)
    scale[(triton.cdiv(len(x), 16),)](x, y, len(x), BLOCK=16)
    return y


@pytest.fixture
def slow() -> None:
    """The interpreter as Triton brings it, until the end of the test."""
    with pytest.MonkeyPatch.context() as patch:
        builder = triton_interpreter.interpreter_builder
        patch.setattr(builder, "options", triton_interpreter.InterpreterOptions())
        for name, value in interpreter.original.items():
            patch.setattr(triton_interpreter, name, value)
        for room, init in interpreter.original_init.items():
            patch.setattr(room, "__init__", init)
        yield


def test_results_are_the_same(request: pytest.FixtureRequest) -> None:
    x = torch.randn(37)
    fast = scaled_by_kernel(x)
    request.getfixturevalue("slow")
    assert triton_interpreter.interpreter_builder.options.sanitize_overflow
    assert torch.equal(fast, scaled_by_kernel(x))
    assert torch.isfinite(fast).all()


def test_language_is_as_before_after_a_launch() -> None:
    before = {name: getattr(tl, name) for name in dir(tl)}
    tensor = {name: getattr(tl.tensor, name) for name in dir(tl.tensor)}
    scaled_by_kernel(torch.randn(5))
    assert all(getattr(tl, name) is value for name, value in before.items())
    changed = [n for n, value in tensor.items() if getattr(tl.tensor, n) != value]
    assert changed == []


def test_another_interpreter_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(triton_interpreter, "_patch_attr")
    monkeypatch.setattr(triton_interpreter, "_patch_builtin", None)
    assert not interpreter.hasten()
    assert triton_interpreter._patch_builtin is None
