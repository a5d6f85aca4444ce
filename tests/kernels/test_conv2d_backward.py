"""The gradients of the convolution against those of float64 PyTorch, kernel by kernel and through the operators."""

from collections.abc import Iterator

import pytest
import torch

from deepkernels.configs import Config
from deepkernels.conv2d import autograd, layout
from deepkernels.conv2d.geometry import Geometry
from kernel_comparison import assert_close, normal, poisoned

GPU = torch.cuda.is_available()
ON_GPU = pytest.mark.skipif(
    not GPU, reason="the interpreter runs one program after the other, so no order can change"
)
FLOATS = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}

# Sides are odd, or no multiples of a tile, on purpose.
GEOMETRIES = {
    "3x3": Geometry.of((2, 8, 7, 5), (16, 8, 3, 3), padding=1),
    "3x3-stride2": Geometry.of((2, 8, 7, 6), (16, 8, 3, 3), stride=2, padding=1),
    "1x1": Geometry.of((2, 24, 5, 3), (8, 24, 1, 1)),
    "1x1-stride2": Geometry.of((2, 8, 7, 5), (8, 8, 1, 1), stride=2),
    "1x1-padded": Geometry.of((1, 8, 3, 4), (8, 8, 1, 1), padding=1),
    "5x5": Geometry.of((1, 8, 6, 6), (8, 8, 5, 5), padding=2),
    "7x7-stride2-wide": Geometry.of((1, 8, 9, 8), (8, 8, 7, 7), stride=2, padding=3),
    "dilation2": Geometry.of((1, 8, 9, 8), (8, 8, 3, 3), padding=2, dilation=2),
    "stride2-dilation2": Geometry.of((1, 8, 9, 8), (8, 8, 3, 3), 2, 2, 2),
    "rectangular": Geometry.of((2, 8, 9, 8), (16, 8, 3, 2), (2, 3), (0, 2), (3, 2)),
    "same-even": Geometry.of((1, 8, 5, 6), (8, 8, 2, 4), padding="same"),
    "groups": Geometry.of((2, 32, 5, 4), (32, 16, 3, 3), padding=1, groups=2),
    "unused-border": Geometry.of((1, 8, 8, 9), (8, 8, 2, 2), stride=3),
    "narrower-than-stride": Geometry.of((2, 8, 1, 2), (8, 8, 3, 3), stride=3, padding=2),
}
# What descriptors cannot address: rows of 2, 6 or 10 bytes.
STEMS = {
    "7x7-stride2-C1": Geometry.of((2, 1, 9, 8), (6, 1, 7, 7), stride=2, padding=3),
    "7x7-stride2-C3": Geometry.of((1, 3, 9, 8), (10, 3, 7, 7), stride=2, padding=3),
    "groups-C5": Geometry.of((1, 15, 4, 5), (21, 5, 3, 3), padding=1, groups=3),
}
DEPTHWISE = {
    "3x3": Geometry.of((2, 20, 6, 5), (20, 1, 3, 3), padding=1, groups=20),
    "3x3-stride2": Geometry.of((1, 20, 6, 7), (20, 1, 3, 3), 2, 1, groups=20),
    "5x5-dilated": Geometry.of((1, 6, 9, 8), (6, 1, 5, 5), 1, (4, 3), (2, 1), groups=6),
    "multiplier2": Geometry.of((2, 5, 4, 5), (10, 1, 3, 2), (1, 2), 1, groups=5),
}
DGRADS = ("gather", "residues", "tma", "tma_residues")
WGRADS = ("gather", "tma")


def precision(dtype: str) -> str:
    """The interpreter multiplies float32 in full; on a GPU tensor cores round it first."""
    return layout.precision(FLOATS[dtype]) if GPU else "ieee"


def small(side: str, kernel: str, **meta: int) -> Config:
    """A configuration with tiles so small that these images need several."""
    meta = meta or {"BLOCK_M": 32 if side == "dgrad" else 16, "BLOCK_N": 16, "BLOCK_K": 16}
    if side == "dgrad" and "BLOCK_K" in meta:
        meta["GROUP"] = 2
    module = "depthwise_backward" if "depthwise" in kernel else side
    return Config(kernel, f"deepkernels.conv2d.{module}:{kernel}", meta, 4, 2, {"pass": side})


def operands(
    geometry: Geometry, dtype: torch.dtype, device: str
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random dY, x and weight, channels last."""
    g = geometry
    shapes = (g.y_shape, g.x_shape, g.weight_shape)
    tensors = [layout.channels_last(normal(*shape, dtype=dtype, device=device)) for shape in shapes]
    return tensors[0], tensors[1], tensors[2]


def gradients(
    geometry: Geometry, dy: torch.Tensor, x: torch.Tensor, weight: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """What PyTorch computes in float64 on the CPU."""
    g = geometry
    dy, x, weight = (tensor.detach().cpu().double() for tensor in (dy, x, weight))
    x.requires_grad_()
    weight.requires_grad_()
    # What lies below and right of the image follows from P and Q; zeros are added there, or rows are left unused.
    reach = [d * (r - 1) + 1 for d, r in zip(g.dilation, (g.R, g.S), strict=True)]
    (a, b), (u, v) = g.padding, g.stride
    below, right = (g.P - 1) * u + reach[0] - a - g.H, (g.Q - 1) * v + reach[1] - b - g.W
    padded = torch.nn.functional.pad(x, (b, right, a, below))
    y = torch.nn.functional.conv2d(padded, weight, None, g.stride, 0, g.dilation, g.groups)
    assert tuple(y.shape) == g.y_shape
    return torch.autograd.grad(y, (x, weight), dy)


def cases(kernels: tuple[str, ...]) -> list[tuple[str, str]]:
    """Names of geometry and kernel, without those that do not go together."""
    return [
        (name, kernel)
        for name, geometry in GEOMETRIES.items()
        for kernel in kernels
        # The first kernel with descriptors is for stride 1.
        if not (kernels == DGRADS and kernel == "tma" and geometry.stride != (1, 1))
        # A residue without pixels makes no descriptor; choose_wgrad does not offer it.
        and not (kernels == WGRADS and kernel == "tma" and name == "narrower-than-stride")
    ]


@pytest.mark.parametrize(("name", "kernel"), cases(DGRADS))
def test_dgrad_kernels(name: str, kernel: str, device: str) -> None:
    geometry = GEOMETRIES[name]
    dy, x, weight = operands(geometry, torch.float16, device)
    out = poisoned(geometry.x_shape, torch.float16, device, channels_last=True)
    autograd.run_dgrad(small("dgrad", kernel), dy, weight, geometry, out)
    terms = geometry.R * geometry.S * geometry.features
    assert_close(out, gradients(geometry, dy, x, weight)[0], terms, "dx")


@pytest.mark.parametrize("dtype", ["bf16", "fp32"])
@pytest.mark.parametrize("kernel", DGRADS)
def test_dgrad_types(kernel: str, dtype: str, device: str) -> None:
    geometry = GEOMETRIES["3x3" if kernel == "tma" else "3x3-stride2"]
    dy, x, weight = operands(geometry, FLOATS[dtype], device)
    out = poisoned(geometry.x_shape, FLOATS[dtype], device, channels_last=True)
    autograd.run_dgrad(small("dgrad", kernel), dy, weight, geometry, out)
    expected = gradients(geometry, dy, x, weight)[0]
    assert_close(out, expected, 9 * geometry.K, "dx", precision(dtype))


@pytest.mark.parametrize("kernel", DGRADS[:2])
@pytest.mark.parametrize("name", STEMS)
def test_dgrad_stems(name: str, kernel: str, device: str) -> None:
    geometry = STEMS[name]
    dy, x, weight = operands(geometry, torch.float16, device)
    out = poisoned(geometry.x_shape, torch.float16, device, channels_last=True)
    autograd.run_dgrad(
        small("dgrad", kernel, BLOCK_M=64, BLOCK_N=16, BLOCK_K=16), dy, weight, geometry, out
    )
    terms = geometry.R * geometry.S * geometry.features
    assert_close(out, gradients(geometry, dy, x, weight)[0], terms, "dx")


@pytest.mark.parametrize(("name", "kernel"), cases(WGRADS))
def test_wgrad_kernels(name: str, kernel: str, device: str) -> None:
    geometry = GEOMETRIES[name]
    dy, x, weight = operands(geometry, torch.float16, device)
    out = poisoned(geometry.weight_shape, torch.float16, device, channels_last=True)
    config = small("wgrad", kernel)
    autograd.run_wgrad(config, dy, x, geometry, out, deterministic=True, splits=2)
    assert_close(out, gradients(geometry, dy, x, weight)[1], geometry.pixels, "dw")


@pytest.mark.parametrize("splits", [1, 3, 9])
@pytest.mark.parametrize("deterministic", [True, False], ids=["two-pass", "atomic"])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("kernel", WGRADS)
def test_wgrad_splits(
    kernel: str, dtype: str, deterministic: bool, splits: int, device: str
) -> None:
    """With 9 programs for 4 tiles of pixels some have nothing to add, and must add nothing."""
    geometry = Geometry.of((2, 8, 7, 5), (16, 8, 1, 2), padding=(0, 1), stride=(1, 2))
    dy, x, weight = operands(geometry, FLOATS[dtype], device)
    out = poisoned(geometry.weight_shape, FLOATS[dtype], device, channels_last=True)
    config = small("wgrad", kernel)
    autograd.run_wgrad(config, dy, x, geometry, out, deterministic, splits)
    expected = gradients(geometry, dy, x, weight)[1]
    exactness = precision(dtype)
    assert_close(out, expected, geometry.pixels, "dw", exactness)


@pytest.mark.parametrize("name", STEMS)
def test_wgrad_stems(name: str, device: str) -> None:
    geometry = STEMS[name]
    dy, x, weight = operands(geometry, torch.float16, device)
    out = poisoned(geometry.weight_shape, torch.float16, device, channels_last=True)
    config = small("wgrad", "gather", BLOCK_M=16, BLOCK_N=32, BLOCK_K=16)
    autograd.run_wgrad(config, dy, x, geometry, out, deterministic=False)
    assert_close(out, gradients(geometry, dy, x, weight)[1], geometry.pixels, "dw")


@pytest.mark.parametrize(
    ("name", "dtype"), [*((name, "fp16") for name in DEPTHWISE), ("3x3", "bf16"), ("3x3", "fp32")]
)
def test_depthwise(name: str, dtype: str, device: str) -> None:
    geometry = DEPTHWISE[name]
    dy, x, weight = operands(geometry, FLOATS[dtype], device)
    dx, dw = gradients(geometry, dy, x, weight)
    out = poisoned(geometry.x_shape, FLOATS[dtype], device, channels_last=True)
    config = small("dgrad", "depthwise_dgrad", BLOCK_M=32, BLOCK_C=16)
    autograd.run_dgrad(config, dy, weight, geometry, out)
    terms = geometry.R * geometry.S * geometry.features
    assert_close(out, dx, terms, "dx")
    config = small("wgrad", "depthwise_wgrad", BLOCK_M=16, BLOCK_C=16)
    for deterministic, splits in ((True, 2), (False, 2), (True, 1))[: 3 if name == "3x3" else 1]:
        out = poisoned(geometry.weight_shape, FLOATS[dtype], device, channels_last=True)
        autograd.run_wgrad(config, dy, x, geometry, out, deterministic, splits)
        assert_close(out, dw, geometry.pixels, "dw")


@pytest.fixture
def nan_memory() -> Iterator[None]:
    """Let ``torch.empty`` give memory full of NaN: what the operators' kernels do not write stays visible."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    assert torch.empty(3).isnan().all()
    yield
    torch.use_deterministic_algorithms(before)


EVERY = GEOMETRIES | {f"stem-{k}": g for k, g in STEMS.items()}
EVERY |= {f"depthwise-{k}": g for k, g in DEPTHWISE.items()}


@pytest.mark.usefixtures("nan_memory")
@pytest.mark.parametrize(
    ("name", "dtype"),
    [*((name, "fp16") for name in EVERY), ("3x3", "fp32"), ("3x3-stride2", "bf16")],
)
def test_operators(name: str, dtype: str, device: str) -> None:
    """With the configurations that are shipped, from tensors in PyTorch's default format."""
    geometry = EVERY[name]
    operand = operands(geometry, FLOATS[dtype], device)
    dy, x, weight = (tensor.contiguous() for tensor in operand)
    dx, dw = gradients(geometry, dy, x, weight)
    exactness = precision(dtype)
    terms = geometry.R * geometry.S * geometry.features
    got = autograd.dgrad(dy, weight, geometry)
    assert_close(got, dx, terms, "dx", exactness)
    assert got.is_contiguous(memory_format=torch.channels_last)
    got = autograd.wgrad(dy, x, geometry, deterministic=False)
    assert_close(got, dw, geometry.pixels, "dw", exactness)
    assert got.is_contiguous(memory_format=torch.channels_last)
    assert got.dtype == FLOATS[dtype]


@pytest.mark.usefixtures("nan_memory")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "shape", [(1, 1, 1, 1), (2, 3, 5, 7), (3, 70, 9, 11), (0, 4, 3, 3)], ids=str
)
def test_bgrad(shape: tuple[int, ...], dtype: str, device: str) -> None:
    dy = normal(*shape, dtype=FLOATS[dtype], device=device)
    expected = dy.double().sum((0, 2, 3))
    assert_close(autograd.bgrad(dy), expected, shape[0] * shape[2] * shape[3], "db")


@pytest.mark.usefixtures("nan_memory")
def test_empty_batch(device: str) -> None:
    geometry = Geometry.of((0, 8, 5, 5), (16, 8, 3, 3), padding=1)
    dy, x, weight = operands(geometry, torch.float16, device)
    assert autograd.dgrad(dy, weight, geometry).shape == (0, 8, 5, 5)
    for deterministic in (False, True):
        dw = autograd.wgrad(dy, x, geometry, deterministic)
        assert dw.shape == (16, 8, 3, 3)
        assert not dw.any()


def test_a_view_that_does_not_begin_at_16_bytes(device: str) -> None:
    """No descriptor can address it; the kernel with pointers is taken."""
    geometry = GEOMETRIES["3x3"]
    dy, x, weight = operands(geometry, torch.float16, device)
    memory = torch.empty(x.numel() + 1, dtype=x.dtype, device=device)[1:]
    N, C, H, W = x.shape
    shifted = memory.view(N, H, W, C).copy_(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    assert shifted.data_ptr() % 16 == 2
    dw = autograd.wgrad(dy, shifted, geometry, deterministic=True)
    assert_close(dw, gradients(geometry, dy, x, weight)[1], geometry.pixels, "dw")


def test_float64_agrees_to_its_own_precision(device: str) -> None:
    if GPU:
        pytest.skip("kernels take float64 in the interpreter only")
    geometry = GEOMETRIES["rectangular"]
    dy, x, weight = operands(geometry, torch.float64, device)
    dx, dw = gradients(geometry, dy, x, weight)
    assert_close(autograd.dgrad(dy, weight, geometry), dx, 96, "dx")
    assert_close(autograd.wgrad(dy, x, geometry, True), dw, geometry.pixels, "dw")
    assert_close(autograd.wgrad(dy, x, geometry, False), dw, geometry.pixels, "dw")


@pytest.mark.parametrize("name", ["3x3-stride2", "1x1", "7x7-stride2-C3", "3x3"])
def test_deterministic_runs_are_equal(name: str, device: str) -> None:
    geometry = {**GEOMETRIES, **STEMS, "3x3": DEPTHWISE["3x3"]}[name]
    dy, x, _ = operands(geometry, torch.float16, device)
    first = autograd.wgrad(dy, x, geometry, deterministic=True)
    assert torch.equal(first, autograd.wgrad(dy, x, geometry, deterministic=True))


@ON_GPU
def test_deterministic_runs_are_equal_when_programs_race(device: str) -> None:
    """A layer with many parts, next to other work that changes the order in which programs finish."""
    geometry = Geometry.of((64, 64, 56, 56), (64, 64, 3, 3), padding=1)
    dy, x, _ = operands(geometry, torch.bfloat16, device)
    first = autograd.wgrad(dy, x, geometry, deterministic=True)
    noise, side = torch.randn(4096, 4096, device=device), torch.cuda.Stream()
    for _ in range(20):
        with torch.cuda.stream(side):
            noise @ noise
        assert torch.equal(first, autograd.wgrad(dy, x, geometry, deterministic=True))


@pytest.mark.skipif(not GPU, reason="shipped tiles at real sizes take hours in the interpreter")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "shape", [(256, 256, 28, 1), (256, 512, 28, 2), (128, 128, 14, 1)], ids=str
)
def test_large_tiles(shape: tuple[int, int, int, int], dtype: str, device: str) -> None:
    """The configurations of eight warps, which small images do not choose."""
    C, K, side, stride = shape
    geometry = Geometry.of((64, C, side, side), (K, C, 3, 3), stride=stride, padding=1)
    dy, x, weight = operands(geometry, FLOATS[dtype], device)
    dx, dw = gradients(geometry, dy, x, weight)
    exactness = precision(dtype)
    assert_close(autograd.dgrad(dy, weight, geometry), dx, 9 * K, "dx", exactness)
    for deterministic in (False, True):
        got = autograd.wgrad(dy, x, geometry, deterministic)
        assert_close(got, dw, geometry.pixels, "dw", exactness)


def test_operators_are_well_formed(device: str) -> None:
    """Schema, shapes and strides without data, and tracing, as ``torch.compile`` needs them."""
    geometry = GEOMETRIES["3x3-stride2"]
    dy, x, weight = operands(geometry, torch.float32, device)
    numbers = autograd._numbers(geometry)
    torch.library.opcheck(autograd._dgrad, (dy, weight, *numbers))
    torch.library.opcheck(autograd._wgrad, (dy, x, *numbers, True))
    torch.library.opcheck(autograd._bgrad, (dy,))


def test_shapes_that_do_not_fit(device: str) -> None:
    geometry = GEOMETRIES["3x3"]
    dy, x, weight = operands(geometry, torch.float16, device)
    with pytest.raises(ValueError, match=r"dy has shape \(2, 16, 7, 4\).*\(2, 16, 7, 5\)"):
        autograd.dgrad(dy[..., :4], weight, geometry)
    with pytest.raises(ValueError, match=r"x has shape \(1, 8, 7, 5\).*\(2, 8, 7, 5\)"):
        autograd.wgrad(dy, x[:1], geometry, False)
    with pytest.raises(ValueError, match="give one dtype"):
        autograd.dgrad(dy, weight.float(), geometry)
    with pytest.raises(ValueError, match=r"dy is torch\.int32"):
        autograd.bgrad(dy.int())
    with pytest.raises(ValueError, match="give four dimensions"):
        autograd.bgrad(dy[0])
