"""Convolution, ReLU and pooling in one kernel, against float64 PyTorch's three."""

import pytest
import torch

from deepkernels import conv2d_relu_pool
from deepkernels.configs import Config
from deepkernels.conv2d import layout
from deepkernels.conv2d.geometry import Geometry
from deepkernels.fused import choice, op
from deepkernels.fused.reference import reference
from kernel_comparison import assert_close, normal, poisoned

FLOATS = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}
# Shapes of x and weight, options. Convolutions of odd sides: their last row and column are in no window.
CASES = {
    "3x3-padded": ((2, 32, 7, 6), (20, 32, 3, 3), {"padding": 1}),
    "1x1": ((1, 16, 4, 9), (33, 16, 1, 1), {}),
    "5x5-dilated": ((1, 16, 12, 11), (16, 16, 3, 3), {"padding": 2, "dilation": 2}),
    "same-even": ((1, 16, 5, 6), (17, 16, 2, 4), {"padding": "same"}),
    "one-window": ((3, 16, 3, 3), (16, 16, 2, 2), {}),
    "lenet": ((2, 1, 12, 12), (6, 1, 5, 5), {"padding": 2}),
    "stride2": ((1, 5, 11, 9), (7, 5, 3, 3), {"stride": 2, "padding": 1}),
    "groups": ((2, 32, 6, 5), (34, 16, 3, 3), {"padding": 1, "groups": 2}),
    "rectangular": (
        (1, 3, 14, 9),
        (18, 3, 3, 2),
        {"stride": (3, 1), "padding": (0, 1), "dilation": (1, 2)},
    ),
}
TILES = {
    "rows": {"BLOCK_M": 8, "BLOCK_N": 16, "BLOCK_K": 16, "GROUP": 2},
    "columns": {"BLOCK_M": 8, "BLOCK_N": 16, "BLOCK_K": 16, "GROUP": 2},
    "boxes": {"BLOCK_M": 4, "BLOCK_N": 16, "BLOCK_K": 16, "GROUP": 2},
}


def small(kernel: str) -> Config:
    """A configuration with tiles so small that these images need several."""
    module = "tma" if kernel == "boxes" else "pointer"
    return Config(kernel, f"deepkernels.fused.{module}:{kernel}", TILES[kernel], 4, 2)


def operands(
    case: str, dtype: torch.dtype, device: str
) -> tuple[list[torch.Tensor], dict, Geometry]:
    x_shape, weight_shape, options = CASES[case]
    shapes = x_shape, weight_shape, (weight_shape[0],)
    tensors = [normal(*shape, dtype=dtype, device=device) for shape in shapes]
    return tensors, options, Geometry.of(x_shape, weight_shape, **options)


def check(case: str, kernel: str, dtype: torch.dtype, device: str, bias: bool = True) -> None:
    (x, weight, b), options, geometry = operands(case, dtype, device)
    refusal = choice.refusal(small(kernel), geometry)
    if refusal:
        pytest.skip(refusal)
    b = b if bias else None
    g = geometry
    shape = (g.N, g.K, g.P // 2, g.Q // 2)
    y = poisoned(shape, dtype, device, channels_last=True)
    code = torch.full_like(y, 99, dtype=torch.int8)
    x_last, weight_last = layout.channels_last(x), layout.channels_last(weight)
    choice.run(small(kernel), x_last, weight_last, b, y, code, geometry)
    precision = layout.precision(dtype)
    assert_close(y, reference(x, weight, b, **options)[0], geometry.terms, "y", precision)
    # The code of a window: no pixel if all four were negative.
    assert torch.equal(code.cpu() == 4, y.cpu() == 0)
    assert ((code >= 0) & (code <= 4)).all()


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
@pytest.mark.parametrize("kernel", TILES)
@pytest.mark.parametrize("case", CASES)
def test_kernels(case: str, kernel: str, device: str) -> None:
    check(case, kernel, torch.float32, device)


@pytest.mark.parametrize("kernel", TILES)
@pytest.mark.parametrize("dtype", ["fp16", "bf16"])
def test_types(dtype: str, kernel: str, device: str) -> None:
    check("3x3-padded", kernel, FLOATS[dtype], device, bias=dtype == "fp16")


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
@pytest.mark.parametrize(
    ("case", "dtype"),
    [*((case, "fp32") for case in CASES), ("3x3-padded", "fp16"), ("stride2", "bf16")],
)
def test_operator_and_gradients(case: str, dtype: str, device: str) -> None:
    tensors, options, geometry = operands(case, FLOATS[dtype], device)
    for tensor in tensors:
        tensor.requires_grad_()
    y = conv2d_relu_pool(*tensors, **options)
    assert y.is_contiguous(memory_format=torch.channels_last)
    dy = normal(*y.shape, dtype=FLOATS[dtype], device=device)
    y.backward(dy)
    expected = reference(*tensors, dy=dy, **options)
    g, precision = geometry, layout.precision(FLOATS[dtype])
    assert_close(y, expected[0], g.terms, "y", precision)
    names = {"dx": g.R * g.S * g.features, "dweight": g.pixels, "dbias": g.pixels}
    for (name, terms), tensor, gradient in zip(names.items(), tensors, expected[1:], strict=True):
        assert_close(tensor.grad, gradient, terms, name, precision)


@pytest.mark.parametrize("leaf", ["x", "weight", "bias"])
def test_gradients_that_nobody_wants(leaf: str, device: str) -> None:
    tensors, options, geometry = operands("3x3-padded", torch.float32, device)
    index = ("x", "weight", "bias").index(leaf)
    tensors[index].requires_grad_()
    conv2d_relu_pool(*tensors, **options).sum().backward()
    expected = reference(*tensors, **options)[1 + index]
    terms = max(geometry.pixels, 9 * geometry.K)
    assert_close(tensors[index].grad, expected, terms, leaf, layout.precision(torch.float32))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, in the interpreter
@pytest.mark.parametrize("kernel", TILES)
def test_ties_nan_and_silence(kernel: str, device: str) -> None:
    # A 1 × 1 convolution with the identity: windows of equal numbers, of negative ones, of zeros, with NaN and Inf.
    inf, nan = float("inf"), float("nan")
    windows = [
        [2, 2, 2, 2], [1, 3, 3, 1], [-1, -2, -3, -4], [0, 0, 0, 0], [-1, 0, -1, 0], [nan, 5, 1, 1],
        [1, nan, nan, 2], [inf, 1, inf, 1], [-inf, 1, -inf, -1],
    ]  # fmt: skip
    image = torch.tensor(windows).reshape(1, -1, 2, 2).permute(0, 2, 1, 3).reshape(1, 1, 2, -1)
    x = torch.zeros(1, 16, *image.shape[2:])
    x[:, :1] = image
    weight = torch.zeros(16, 16, 1, 1)
    weight[0, 0] = 1
    x, weight = layout.channels_last(x.to(device)), layout.channels_last(weight.to(device))
    geometry = Geometry.of(x.shape, weight.shape)
    y = poisoned((1, 16, 1, len(windows)), torch.float32, device, channels_last=True)
    code = torch.full_like(y, 99, dtype=torch.int8)
    choice.run(small(kernel), x, weight, None, y, code, geometry)
    expected = torch.nn.functional.max_pool2d(torch.relu(image), 2)
    torch.testing.assert_close(y[:, :1].cpu(), expected, equal_nan=True)
    assert code[0, 0, 0].tolist() == [0, 1, 4, 4, 4, 0, 2, 0, 1]


def test_other_layouts(device: str) -> None:
    tensors, options, geometry = operands("3x3-padded", torch.float32, device)
    x = tensors[0].repeat(1, 1, 1, 2).transpose(2, 3)[:, :, ::2]
    y = conv2d_relu_pool(x, tensors[1], tensors[2], **options)
    expected = reference(x, *tensors[1:], **options)[0]
    assert_close(y, expected, geometry.terms, "y", layout.precision(torch.float32))


def test_nothing_in_nothing_out(device: str) -> None:
    x = torch.zeros(0, 4, 6, 6, device=device, requires_grad=True)
    weight = torch.ones(3, 4, 3, 3, device=device, requires_grad=True)
    y = conv2d_relu_pool(x, weight)
    y.sum().backward()
    assert y.shape == (0, 3, 2, 2)
    assert x.grad.shape == x.shape
    assert weight.grad.eq(0).all()


def test_places_are_kept_only_for_a_gradient(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []
    run = choice.run
    monkeypatch.setattr(choice, "run", lambda *given: (kept.append(given[5]), run(*given)))
    tensors, options, _ = operands("one-window", torch.float32, device)
    conv2d_relu_pool(*tensors, **options)
    tensors[2].requires_grad_()
    with torch.no_grad():
        conv2d_relu_pool(*tensors, **options)
    assert kept == [None, None]
    conv2d_relu_pool(*tensors, **options)
    assert kept[2].dtype == torch.int8


@pytest.mark.skipif(torch.cuda.is_available(), reason="float64 exists in the interpreter alone")
@pytest.mark.parametrize("case", ["stride2", "groups"])
def test_gradcheck(case: str) -> None:
    tensors, options, _ = operands(case, torch.float64, "cpu")
    leaves = [tensor.requires_grad_() for tensor in tensors]
    assert torch.autograd.gradcheck(
        lambda *given: conv2d_relu_pool(*given, **options), leaves, fast_mode=True
    )


def test_opcheck(device: str) -> None:
    tensors, _, _ = operands("stride2", torch.float32, device)
    tensors = [tensor.requires_grad_() for tensor in tensors]
    numbers = [6, 5], [2, 2], [1, 1], [1, 1], 1, True, True
    operator = torch.ops.deepkernels.conv2d_relu_pool.default
    torch.library.opcheck(operator, (*tensors, *numbers))


def test_compiles_as_one_graph(device: str) -> None:
    torch.compiler.reset()
    tensors, options, geometry = operands("one-window", torch.float32, device)
    compiled = torch.compile(
        lambda *given: 2 * conv2d_relu_pool(*given, **options), fullgraph=True, backend="aot_eager"
    )
    y = compiled(*(tensor.requires_grad_() for tensor in tensors))
    y.sum().backward()
    expected = reference(*tensors, **options)
    precision = layout.precision(torch.float32)
    assert_close(y, 2 * expected[0], geometry.terms, "y", precision)
    for tensor, gradient in zip(tensors, expected[1:], strict=True):
        assert_close(tensor.grad, 2 * gradient, 4 * geometry.K, "gradient", precision)


def test_the_gradient_needs_the_places(device: str) -> None:
    x = torch.zeros(1, 1, 2, 2, device=device, requires_grad=True)
    weight = torch.zeros(1, 1, 1, 1, device=device)
    numbers = [2, 2], [1, 1], [0, 0], [1, 1], 1, False, False
    y, _ = torch.ops.deepkernels.conv2d_relu_pool(x, weight, None, *numbers)
    with pytest.raises(ValueError, match="call it with coded=True"):
        y.sum().backward()


def test_a_configuration_by_name(device: str) -> None:
    (x, weight, bias), options, geometry = operands("3x3-padded", torch.float32, device)
    expected = reference(x, weight, bias, **options)[0]
    for name in ("rows", "columns-64", "boxes-float32"):
        y, code = op.compute(x, weight, bias, geometry, config=name)
        assert_close(y, expected, geometry.terms, name, layout.precision(torch.float32))
        assert code.numel() == 0
    with pytest.raises(ValueError, match="boxes-64 cannot compute this convolution: channels must"):
        op.compute(x, weight, bias, geometry, config="boxes-64")
    with pytest.raises(
        ValueError, match="there is no configuration 'row'; give one of rows, boxes"
    ):
        op.compute(x, weight, bias, geometry, config="row")


def test_choice() -> None:
    plain = Geometry.of((64, 64, 56, 56), (128, 64, 3, 3), padding=1)
    half, single = torch.float16, torch.float32
    assert choice.choose(plain, half).name == "boxes-128"
    assert choice.choose(plain, single).name == "boxes-float32"
    assert choice.choose(plain, half, "sm_80").name == "columns-64"
    assert choice.choose(plain, half, "gfx942").name == "columns-64"
    assert choice.choose(plain, half, aligned=False).name == "columns-64"
    assert choice.choose(plain, torch.float64).name == "columns-64"
    strided = Geometry.of((64, 64, 56, 56), (128, 64, 3, 3), 2, 1)
    assert choice.choose(strided, half).name == "columns-64"
    assert choice.choose(Geometry.of((64, 6, 14, 14), (16, 6, 5, 5)), half).name == "columns-16"


@pytest.mark.parametrize(
    ("weight", "options", "words"),
    [
        ((3, 2, 3, 3), {"pool": 3}, "pool=3; give 2, or call conv2d and max_pool2d"),
        ((3, 2, 4, 4), {}, "the convolution has 1 x 2 pixels; give an image on which it has 2 x 2"),
        ((3, 1, 3, 3), {}, r"weight is \(3, 1, 3, 3\) for x of 2 channels"),
        ((2, 2, 3, 3), {}, r"bias has shape \(3,\); give \(2,\)"),
        ((3, 2, 3, 3), {"stride": 0}, "stride=0; give a positive integer"),
    ],
)
def test_refused(weight: tuple, options: dict, words: str, device: str) -> None:
    x, bias = torch.zeros(1, 2, 4, 5, device=device), torch.zeros(3, device=device)
    with pytest.raises(ValueError, match=words):
        conv2d_relu_pool(x, torch.zeros(weight, device=device), bias, **options)


def test_refused_types(device: str) -> None:
    x = torch.zeros(1, 2, 4, 5, device=device)
    weight = torch.zeros(3, 2, 3, 3, device=device, dtype=torch.float16)
    with pytest.raises(ValueError, match=r"x is torch.float32 and weight is torch.float16"):
        conv2d_relu_pool(x, weight)
