"""Pooling against float64 PyTorch: values, places of maxima, gradients, through kernels and through operators."""

import math

import pytest
import torch
import torch.nn.functional as F

from deepkernels import avg_pool2d, max_pool2d
from deepkernels.pool2d import launches
from deepkernels.pool2d.reference import reference
from deepkernels.pool2d.window import Window
from kernel_comparison import assert_close, normal, poisoned

FLOATS = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}
POOLS = {"max": max_pool2d, "avg": avg_pool2d}

# Shape of x, arguments of both poolings. Sides are no multiples of the stride, channels no powers of two, on purpose.
CASES = {
    "2x2": ((2, 6, 7, 5), {"kernel_size": 2}),
    "3x3-stride2-padded": ((2, 5, 9, 8), {"kernel_size": 3, "stride": 2, "padding": 1}),
    "overlapping": ((1, 3, 6, 7), {"kernel_size": 3, "stride": 1, "padding": 1}),
    "rectangular": (
        (1, 3, 9, 11),
        {"kernel_size": (3, 2), "stride": (1, 3), "padding": (1, 0)},
    ),
    "unused-rows": ((1, 4, 8, 9), {"kernel_size": 2, "stride": 3}),
    "global": ((3, 20, 7, 7), {"kernel_size": 7}),
    "large-window": ((1, 2, 13, 13), {"kernel_size": 12, "stride": 1}),
    "ceil": ((1, 3, 6, 8), {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
    "ceil-padded": (
        (1, 3, 5, 6),
        {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True},
    ),
    "one-channel": ((2, 1, 5, 6), {"kernel_size": 2, "stride": 1}),
    "many-channels": ((1, 70, 4, 4), {"kernel_size": [2]}),
    "one-pixel": ((2, 3, 1, 1), {"kernel_size": 1}),
}
DILATED = {
    "dilation2": ((1, 3, 8, 9), {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2}),
    "dilation-rectangular": (
        (2, 3, 9, 8),
        {"kernel_size": (2, 3), "stride": (3, 1), "padding": (1, 1), "dilation": (3, 2)},
    ),
}
DIVISORS = {
    "without-padding": {"count_include_pad": False},
    "given": {"divisor_override": 3},
}


def pooled(
    kind: str, x: torch.Tensor, arguments: dict, dy: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Run both kernels into memory full of NaN."""
    arguments = dict(arguments)
    extra = {}
    if kind == "avg":
        extra["COUNT_PADDING"] = arguments.pop("count_include_pad", True)
        extra["DIVISOR"] = arguments.pop("divisor_override", 0)
    window = Window.of(kind, **arguments)
    x, dy = (tensor.to(memory_format=torch.channels_last) for tensor in (x, dy))
    y = poisoned(tuple(dy.shape), x.dtype, x.device, channels_last=True)
    dx = poisoned(tuple(x.shape), x.dtype, x.device, channels_last=True)
    if kind == "max":
        index = torch.full_like(dy, 99, dtype=torch.int32)
        launches.run("maximum", (x, y, index), x, y, window)
        launches.run("maximum_backward", (dy, index, dx), dx, dy, window)
    else:
        launches.run("average", (x, y), x, y, window, **extra)
        launches.run("average_backward", (dy, dx), dx, dy, window, **extra)
    return y, dx


def check(kind: str, shape: tuple, arguments: dict, dtype: torch.dtype, device: str) -> None:
    x = normal(*shape, dtype=dtype, device=device)
    dy = normal(*reference(x, kind, **arguments)[0].shape, dtype=dtype, device=device)
    expected_y, expected_dx = reference(x, kind, dy, **arguments)
    y, dx = pooled(kind, x, arguments, dy)
    window = Window.of(kind, **{name: arguments[name] for name in ("kernel_size",)})
    terms = math.prod(window.kernel)
    assert_close(y, expected_y, terms, "y")
    assert_close(dx, expected_dx, terms, "dx")


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize("case", CASES)
def test_kernels(case: str, kind: str, device: str) -> None:
    check(kind, *CASES[case], torch.float32, device)


@pytest.mark.parametrize("case", DILATED)
def test_dilated_windows(case: str, device: str) -> None:
    check("max", *DILATED[case], torch.float32, device)


@pytest.mark.parametrize("divisor", DIVISORS)
@pytest.mark.parametrize("case", ["3x3-stride2-padded", "ceil", "ceil-padded", "rectangular"])
def test_divisors(case: str, divisor: str, device: str) -> None:
    shape, arguments = CASES[case]
    check("avg", shape, arguments | DIVISORS[divisor], torch.float32, device)


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize("dtype", ["fp16", "bf16"])
def test_types(dtype: str, kind: str, device: str) -> None:
    check(kind, *CASES["3x3-stride2-padded"], FLOATS[dtype], device)


@pytest.mark.parametrize("case", ["2x2", "3x3-stride2-padded", "overlapping", "ceil"])
def test_the_first_of_equal_maxima_gets_the_gradient(case: str, device: str) -> None:
    shape, arguments = CASES[case]
    x = (
        torch.randint(-1, 2, shape).float().to(device)
    )  # three values: nearly every window has a tie
    dy = normal(*reference(x, "max", **arguments)[0].shape, device=device)
    y, dx = pooled("max", x, arguments, dy)
    expected_y, expected_dx = reference(x, "max", dy, **arguments)
    assert torch.equal(y.cpu().double(), expected_y)
    assert_close(dx, expected_dx, 9, "dx")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none(value: float, device: str) -> None:
    # A window of one such number, of several, and of nothing else.
    x = torch.randn(1, 2, 4, 6, device=device)
    x[0, 0, :2, :2] = value
    x[0, 0, 2, 4] = x[0, 1, 1, 3] = value
    arguments = {"kernel_size": 2}
    dy = torch.randn(1, 2, 2, 3, device=device)
    for kind in POOLS:
        y, dx = pooled(kind, x, arguments, dy)
        expected_y, expected_dx = reference(x, kind, dy, **arguments)
        torch.testing.assert_close(y.cpu().double(), expected_y, equal_nan=True, msg=f"{kind}: y")
        torch.testing.assert_close(dx.cpu().double(), expected_dx, msg=f"{kind}: dx")


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize("case", ["2x2", "3x3-stride2-padded", "ceil-padded", "global"])
def test_operators(case: str, kind: str, device: str) -> None:
    shape, arguments = CASES[case]
    x = normal(*shape, device=device).requires_grad_()
    y = POOLS[kind](x, **arguments)
    assert y.is_contiguous(memory_format=torch.channels_last)
    dy = normal(*y.shape, device=device)
    y.backward(dy)
    expected_y, expected_dx = reference(x, kind, dy, **arguments)
    assert_close(y, expected_y, 49, "y")
    assert_close(x.grad, expected_dx, 49, "dx")


def test_places_are_kept_only_for_a_gradient(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []
    run = launches.run
    monkeypatch.setattr(
        launches,
        "run",
        lambda kernel, tensors, *rest: (kept.append(tensors[2]), run(kernel, tensors, *rest)),
    )
    x = torch.randn(1, 2, 4, 4, device=device)
    max_pool2d(x, 2)
    with torch.no_grad():
        max_pool2d(x.clone().requires_grad_(), 2)
    assert kept == [None, None]
    max_pool2d(x.clone().requires_grad_(), 2)
    assert kept[2].dtype == torch.int8


@pytest.mark.parametrize("kind", POOLS)
def test_other_layouts_and_slices(kind: str, device: str) -> None:
    memory = normal(2, 7, 6, 9, device=device)
    x = memory.transpose(2, 3)[:, 1:6, ::2]
    y = POOLS[kind](x, 2)
    assert_close(y, reference(x, kind, kernel_size=2)[0], 4)
    assert torch.equal(y, POOLS[kind](x.contiguous(memory_format=torch.channels_last), 2))


@pytest.mark.parametrize("kind", POOLS)
def test_nothing_in_nothing_out(kind: str, device: str) -> None:
    x = torch.zeros(0, 3, 4, 4, device=device, requires_grad=True)
    y = POOLS[kind](x, 2)
    y.sum().backward()
    assert y.shape == (0, 3, 2, 2)
    assert x.grad.shape == x.shape


@pytest.mark.skipif(torch.cuda.is_available(), reason="float64 exists in the interpreter alone")
@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize("case", ["ceil-padded", "overlapping"])
def test_gradcheck(case: str, kind: str) -> None:
    shape, arguments = CASES[case]
    # Numbers so far apart that no finite difference swaps the largest two.
    x = torch.randperm(math.prod(shape), dtype=torch.float64).reshape(shape).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: POOLS[kind](x, **arguments), x, eps=0.25, fast_mode=True
    )


@pytest.mark.parametrize("gradient", [True, False], ids=["training", "inference"])
def test_opcheck(gradient: bool, device: str) -> None:
    x = normal(2, 3, 6, 5, device=device).requires_grad_(gradient)
    shape = [3, 3], [2, 2], [1, 1]
    torch.library.opcheck(
        torch.ops.deepkernels.max_pool2d.default, (x, *shape, [1, 1], False, gradient)
    )
    torch.library.opcheck(torch.ops.deepkernels.avg_pool2d.default, (x, *shape, False, True, 0))


@pytest.mark.parametrize("kind", POOLS)
def test_compiles_as_one_graph(kind: str, device: str) -> None:
    torch.compiler.reset()
    compiled = torch.compile(
        lambda x: POOLS[kind](x, 3, 2, 1) * 2, fullgraph=True, backend="aot_eager"
    )
    x = normal(1, 3, 6, 5, device=device).requires_grad_()
    y = compiled(x)
    y.sum().backward()
    expected_y, expected_dx = reference(x, kind, kernel_size=3, stride=2, padding=1)
    assert_close(y, 2 * expected_y, 9, "y")
    assert_close(x.grad, 2 * expected_dx, 9, "dx")


def test_the_gradient_needs_the_places(device: str) -> None:
    x = torch.zeros(1, 1, 2, 2, device=device, requires_grad=True)
    y, _ = torch.ops.deepkernels.max_pool2d(x, [2, 2], [2, 2], [0, 0], [1, 1], False, False)
    with pytest.raises(ValueError, match="call it with indexed=True"):
        y.sum().backward()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kernel_size": 0}, "kernel_size=0; give a positive integer or a pair"),
        ({"kernel_size": (2, 2, 2)}, r"kernel_size=\(2, 2, 2\); give a positive integer"),
        ({"kernel_size": 2.0}, "kernel_size=2.0"),
        ({"kernel_size": True}, "kernel_size=True"),
        ({"kernel_size": 2, "stride": -1}, "stride=-1; give a positive integer"),
        ({"kernel_size": 2, "padding": -1}, "padding=-1; give a non-negative integer"),
        (
            {"kernel_size": 2, "padding": 2},
            r"padding=\(2, 2\) for a window of \(2, 2\); give at most half",
        ),
        (
            {"kernel_size": 7},
            r"a window of \(7, 7\) is larger than x of 4 x 5 with padding \(0, 0\); give a larger",
        ),
    ],
)
@pytest.mark.parametrize("kind", POOLS)
def test_refused_arguments(kind: str, arguments: dict, words: str, device: str) -> None:
    with pytest.raises(ValueError, match=f"{kind}_pool2d: {words}"):
        POOLS[kind](torch.zeros(1, 2, 4, 5, device=device), **arguments)


@pytest.mark.parametrize("kind", POOLS)
def test_refused_tensors(kind: str, device: str) -> None:
    with pytest.raises(ValueError, match=r"x has shape \(2, 4, 5\); give four dimensions"):
        POOLS[kind](torch.zeros(2, 4, 5, device=device), 2)
    with pytest.raises(ValueError, match=r"x is torch.int64; give float16, bfloat16, float32"):
        POOLS[kind](torch.zeros(1, 2, 4, 5, device=device, dtype=torch.int64), 2)
    with pytest.raises(ValueError, match="x is on meta; give a tensor on a GPU, or on the CPU"):
        POOLS[kind](torch.zeros(1, 2, 4, 5, device="meta"), 2)
    with pytest.raises(ValueError, match="fewer than 2147482624 elements"):
        POOLS[kind](torch.zeros(1, device=device).expand(1, 2, 2**15, 2**15), 2)


def test_refused_divisor(device: str) -> None:
    for divisor in (0, -1, 1.5):
        with pytest.raises(
            ValueError, match=f"divisor_override={divisor}; give a positive integer"
        ):
            avg_pool2d(torch.zeros(1, 2, 4, 5, device=device), 2, divisor_override=divisor)


@pytest.mark.parametrize("size", range(1, 12))
def test_sizes_are_pytorchs(size: int) -> None:
    for kernel, stride, padding, dilation, ceil in (
        (2, 2, 1, 1, True), (3, 2, 1, 1, True), (1, 3, 0, 1, True), (3, 1, 1, 1, False), (2, 3, 1, 1, True),
        (2, 3, 1, 2, True), (3, 4, 1, 3, False), (4, 2, 2, 1, True), (2, 5, 1, 1, True),
    ):  # fmt: skip
        window = Window.of("max_pool2d", kernel, stride, padding, dilation, ceil)
        (ours, _) = window.size(size, size)
        if ours > 0:
            theirs = F.max_pool2d(
                torch.zeros(1, 1, size, size), kernel, stride, padding, dilation, ceil
            )
            assert ours == theirs.shape[2]
