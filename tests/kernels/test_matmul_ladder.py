"""Every rung of the matmul ladder, and every production kernel, against float64."""

from dataclasses import replace

import pytest
import torch

from deepkernels import launch
from deepkernels.configs import Config
from deepkernels.matmul import RUNGS, compute, run, stream
from deepkernels.matmul.choice import named
from deepkernels.matmul.realign import realigned
from deepkernels.matmul.reference import matmul_reference
from kernel_comparison import assert_close, normal, poisoned

GPU = torch.cuda.is_available()
ON_GPU = pytest.mark.skipif(
    not GPU, reason="the interpreter runs one program after the other, so no order can change"
)
FLOATS = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}
LADDER = ("element", "tiled", "grouped", "pipelined")
DESCRIBED = ("descriptors", "persistent", "halves", "split-128", "stream-k")
# With a batch, bias and activation.
PRODUCTION = ("strided-64", "split-strided-64", *DESCRIBED)

# (M, N, K); tiles are 16 × 32 × 32 or 16 × 32 × 16, so that most need several.
SHAPES = {
    "one-element": (1, 1, 1),
    "odd": (21, 45, 37),
    "one-row": (1, 50, 33),
    "one-column": (35, 1, 40),
    "aligned": (24, 40, 48),
    "long-sum": (9, 17, 200),
}
TINY = {"one-element": (1, 1, 1), "one-row": (1, 5, 33), "odd": (5, 3, 70)}
ORDERS = ("nn", "nt", "tn", "tt")


def small(name: str) -> Config:
    """A configuration with tiles so small that these matrices need several."""
    config = named(name)
    tile = {"BLOCK_M": 16, "BLOCK_N": 32, "BLOCK_K": 32, "GROUP": 2, "STAGES": 2}
    tile |= {"PER_PROCESSOR": 2}
    if name == "element":
        tile = {"BLOCK_K": 32}
    meta = {key: tile.get(key, value) for key, value in config.meta.items()}
    return replace(config, meta=meta, num_warps=4, num_stages=2)


def framed(rows: int, columns: int, dtype: torch.dtype, device: str) -> torch.Tensor:
    """Memory full of NaN with a border of NaN, from which the matrix is cut at an odd place."""
    return poisoned((rows + 3, columns + 5), dtype, device)[1 : 1 + rows, 3 : 3 + columns]


def operands(
    shape: tuple[int, int, int], dtype: torch.dtype, device: str, orders: str = "nn"
) -> tuple[torch.Tensor, torch.Tensor]:
    M, N, K = shape
    a = normal(K, M, dtype=dtype, device=device).T if orders[0] == "t" else None
    b = normal(N, K, dtype=dtype, device=device).T if orders[1] == "t" else None
    a = normal(M, K, dtype=dtype, device=device) if a is None else a
    return a, normal(K, N, dtype=dtype, device=device) if b is None else b


def check(a: torch.Tensor, b: torch.Tensor, config: Config, what: str) -> None:
    """Multiply into a frame of NaN, and look at what is inside and around."""
    c = framed(a.shape[0], b.shape[1], a.dtype, a.device.type)
    compute(a, b, config=config, out=c)
    assert_close(c, matmul_reference(a, b), a.shape[1], what, precision="tf32" if GPU else "ieee")
    assert int(torch.isfinite(c._base).sum()) == c.numel(), f"{what}: wrote outside the result"


EVERY = [(rung, shape) for rung in RUNGS for shape in (TINY if rung == "element" else SHAPES)]


@pytest.mark.parametrize(("rung", "shape"), EVERY, ids=["-".join(pair) for pair in EVERY])
def test_rung(rung: str, shape: str, device: str) -> None:
    sizes = (TINY if rung == "element" else SHAPES)[shape]
    for name, dtype in FLOATS.items():
        check(*operands(sizes, dtype, device), small(rung), f"{rung}, {shape}, {name}")


@pytest.mark.parametrize("name", ["skinny-16", "split-256", "split-strided-64", "strided-64"])
def test_other_kernels(name: str, device: str) -> None:
    for shape, dtype in (("odd", "bf16"), ("aligned", "fp32"), ("long-sum", "fp16")):
        check(*operands(SHAPES[shape], FLOATS[dtype], device), small(name), f"{name}, {shape}")


@pytest.mark.parametrize("orders", ORDERS)
@pytest.mark.parametrize("rung", [rung for rung in RUNGS if rung != "element"])
def test_transposed_operands(rung: str, orders: str, device: str) -> None:
    for shape in ("odd", "aligned") if rung in DESCRIBED else ("odd",):
        a, b = operands(SHAPES[shape], torch.float16, device, orders)
        check(a, b, small(rung), f"{rung}, {shape}, {orders}")


def test_element_takes_any_stride(device: str) -> None:
    a, b = operands((4, 3, 40), torch.float32, device, "tt")
    check(a, b, small("element"), "transposed")
    check(a[::2, ::3], b[::3, ::2], small("element"), "every second")


@pytest.mark.parametrize("rung", [rung for rung in RUNGS if rung != "element"])
def test_operands_cut_out_of_nan(rung: str, device: str) -> None:
    """A program that reads beyond a matrix reads NaN, and 0 · NaN is NaN."""
    a, b = framed(19, 37, torch.float16, device), framed(37, 35, torch.float16, device)
    a.copy_(normal(19, 37, device=device))
    b.copy_(normal(37, 35, device=device))
    check(a, b, small(rung), rung)


@pytest.mark.parametrize("rung", ["tiled", "split-strided-64", "strided-64", "persistent"])
def test_strides_of_any_kind(rung: str, device: str) -> None:
    wide = normal(40, 90, dtype=torch.float16, device=device)
    column = normal(20, 1, dtype=torch.float16, device=device)
    for name, a, b in (
        ("every second", wide[::2, ::3], wide[1:31, 1::4]),
        ("repeated rows", wide[:1, :20].expand(18, 20), wide[:20, :33]),
        ("repeated columns", column.expand(20, 40), wide[:, 5:38]),
    ):
        check(a, b, small(rung), f"{rung}, {name}")


@pytest.mark.parametrize("name", PRODUCTION)
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_epilogue(name: str, activation: str, device: str) -> None:
    for shape in ("odd", "aligned") if activation == "relu" else ("odd",):
        M, N, K = SHAPES[shape]
        a, b = operands((M, N, K), torch.float16, device)
        bias = normal(N, dtype=torch.float16, device=device)
        a = a / K**0.5  # no saturation, where every result would be 1
        c = compute(a, b, bias, activation, config=small(name), out=framed(M, N, a.dtype, device))
        expected = matmul_reference(a, b, bias, None if activation == "none" else activation)
        assert_close(c, expected, K, f"{name}, {shape}, {activation}")


@pytest.mark.parametrize("name", PRODUCTION)
@pytest.mark.parametrize("shape", ["odd", "aligned"])
def test_batch(name: str, shape: str, device: str) -> None:
    M, N, K = SHAPES[shape]
    a = normal(2, M, K, dtype=torch.float16, device=device)
    bias = normal(N, dtype=torch.float16, device=device)
    for kind, b in (
        ("each its own", normal(2, K, N, dtype=torch.float16, device=device)),
        ("transposed", normal(2, N, K, dtype=torch.float16, device=device).mT),
        ("one for all", normal(1, K, N, dtype=torch.float16, device=device).expand(2, K, N)),
    ):
        c = compute(
            a, b, bias, "relu", config=small(name), out=poisoned((2, M, N), a.dtype, device)
        )
        assert_close(c, matmul_reference(a, b, bias, "relu"), K, f"{name}, {kind}")


@pytest.mark.parametrize("name", PRODUCTION)
def test_result_in_memory_of_any_order(name: str, device: str) -> None:
    a, b = operands(SHAPES["aligned"], torch.float16, device)
    c = poisoned((40, 24), torch.float16, device).T
    assert_close(compute(a, b, config=small(name), out=c), matmul_reference(a, b), 48, "transposed")
    c = poisoned((48, 80), torch.float16, device)[::2, ::2]
    assert_close(compute(a, b, config=small(name), out=c), matmul_reference(a, b), 48, "spread")


@pytest.mark.parametrize("over", [0, 1, 3])
@pytest.mark.parametrize("waves", [1, 2])
def test_stream_k_cuts_tiles(waves: int, over: int, device: str) -> None:
    """Programs get equal shares, whatever the number of tiles; a tile that is cut is put together once."""
    programs = launch.processors(torch.device(device))
    M = 16 * (waves * programs + over)
    for shape in ((M, 32, 32 * 5), (M - 3, 30, 32 * 3 - 1)):
        a, b = operands(shape, torch.float16, device)
        check(a, b, small("stream-k"), f"{shape}")


def test_stream_k_with_a_batch_and_an_epilogue(device: str) -> None:
    programs = launch.processors(torch.device(device))
    rows = 8 * (programs + 2)
    a = normal(2, rows, 96, dtype=torch.float32, device=device) / 10
    b = normal(2, 96, 40, dtype=torch.float32, device=device)
    bias = normal(40, device=device)
    c = compute(
        a, b, bias, "tanh", config=small("stream-k"), out=poisoned((2, rows, 40), a.dtype, device)
    )
    precision = "tf32" if GPU else "ieee"
    assert_close(c, matmul_reference(a, b, bias, "tanh"), 96, "stream-k", precision)


@pytest.mark.parametrize("processors", [1, 4, 132])
def test_no_tile_of_stream_k_has_more_than_two_programs(processors: int) -> None:
    for tiles in range(1, 3 * processors + 2):
        programs, streamed = stream.pieces(tiles, processors)
        assert (tiles - streamed) % programs == 0
        for steps in (1, 5, 64):
            cuts = [streamed * steps * p // programs for p in range(1, programs)]
            inside = [cut // steps for cut in cuts if cut % steps]
            assert len(set(inside)) == len(inside)


@ON_GPU
@pytest.mark.parametrize("name", ["split-128", "split-strided-64", "stream-k"])
def test_same_bits_in_every_run(name: str, device: str) -> None:
    a, b = operands((500, 700, 5000), torch.bfloat16, device)
    first = compute(a, b, config=name)
    assert all(torch.equal(first, compute(a, b, config=name)) for _ in range(20))


@ON_GPU
@pytest.mark.parametrize(
    "name", [*RUNGS[1:], "strided-128", "persistent-256", "stream-256", "split-256"]
)
def test_full_tiles(name: str, device: str) -> None:
    """The shipped tiles, as they are compiled for this GPU; above are small ones."""
    for shape in ((1024, 1536, 512), (1000, 1100, 600), (333, 777, 555)):
        a, b = operands(shape, torch.bfloat16, device)
        assert_close(
            compute(a, b, config=name), matmul_reference(a, b), shape[2], f"{name}, {shape}"
        )


@pytest.mark.parametrize("cut", [slice(0, 21), slice(1, 22), slice(0, 42, 2)])
@pytest.mark.parametrize("transposed", [False, True])
def test_realigned_copies_are_equal(cut: slice, transposed: bool, device: str) -> None:
    whole = normal(2, 10, 42, dtype=torch.float16, device=device)
    matrix = whole[:, :, cut].mT if transposed else whole[:, :, cut]
    copy = realigned(matrix)
    assert torch.equal(copy, matrix)
    assert launch.describable(copy.mT if transposed and cut.step is None else copy)
    assert realigned(copy) is copy


def test_what_is_repeated_is_copied_once(device: str) -> None:
    matrix = normal(1, 9, 7, device=device).expand(5, 9, 7)
    copy = realigned(matrix)
    assert copy.stride(0) == 0
    assert torch.equal(copy, matrix)


def test_rungs_refuse_what_they_cannot_do(device: str) -> None:
    a, b = operands((4, 5, 6), torch.float32, device)
    with pytest.raises(ValueError, match="there is no rung 'tile'; give one of element, tiled"):
        run("tile", a, b)
    with pytest.raises(ValueError, match=r"a has shape \(4, 6\), b \(4, 6\); give \(M, K\)"):
        run("tiled", a, a)
    with pytest.raises(ValueError, match="this rung has neither bias nor activation"):
        compute(a, b, activation="relu", config="grouped")
    with pytest.raises(ValueError, match="this rung computes one product, no batch"):
        compute(a.expand(2, 4, 6), b.expand(2, 6, 5), config="grouped")
    with pytest.raises(ValueError, match="persistent cannot compute this product: a descriptor"):
        compute(a[:, :0], b[:0], config="persistent")
    with pytest.raises(ValueError, match="there is nothing to split"):
        compute(a[:, :0], b[:0], config="split-k")
    with pytest.raises(ValueError, match="there is no configuration 'fast'; give one of ieee-64"):
        compute(a, b, config="fast")
