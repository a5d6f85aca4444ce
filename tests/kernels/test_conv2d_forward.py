"""Every rung of the convolution's ladder against float64, on shapes that do not fit its tiles."""

from dataclasses import dataclass, replace

import pytest
import torch
import torch.nn.functional as F

from deepkernels.configs import Config
from deepkernels.conv2d import Geometry, choice
from deepkernels.conv2d.binding import Call
from deepkernels.conv2d.layout import channels_last
from deepkernels.conv2d.reference import conv2d_reference
from kernel_comparison import assert_close, normal, poisoned

BF16 = torch.bfloat16


@dataclass(frozen=True)
class Case:
    """A convolution, and what x, weight, stride, padding, dilation and groups are in it."""

    x: tuple[int, int, int, int]
    weight: tuple[int, int, int, int]
    stride: int | tuple[int, int] = 1
    padding: int | tuple[int, int] | str = 0
    dilation: int | tuple[int, int] = 1
    groups: int = 1

    @property
    def geometry(self) -> Geometry:
        return Geometry.of(
            self.x, self.weight, self.stride, self.padding, self.dilation, self.groups
        )


# Tiles smaller than those that are shipped, so that small images have several of them, whole ones and cut ones.
BLOCKS = {"BLOCK_M": 32, "BLOCK_N": 16, "BLOCK_K": 16, "GROUP": 2}
RUNGS = {
    "direct": ("direct:direct", {"BLOCK_N": 16, "BLOCK_C": 16}),
    "im2col": ("im2col:patches", {"BLOCK_M": 32, "BLOCK_K": 32}),
    "implicit": ("implicit:implicit", BLOCKS),
    "tiled": ("tma:tiled", BLOCKS | {"HALVES": 1}),
    "persistent": (
        "tma:persistent",
        BLOCKS | {"BLOCK_N": 32, "HALVES": 2, "FLATTEN": True, "PER_PROCESSOR": 1},
    ),
    "stem": ("stem:stem", BLOCKS),
    "depthwise": ("depthwise:depthwise", {"BLOCK_H": 2, "BLOCK_W": 4, "BLOCK_C": 16, "STEPS": 2}),
    "pointwise": ("pointwise:matmul", {}),
}
ANY = {"direct", "im2col", "implicit"}
TMA = ANY | {"tiled", "persistent"}

# Case → the rungs that accept it: all others must refuse.
CASES = {
    "3x3": (Case((2, 24, 5, 6), (40, 24, 3, 3), 1, 1), TMA),
    "3x3-valid-batch-1": (Case((1, 16, 6, 7), (24, 16, 3, 3)), TMA),
    "3x3-stride-2-odd-sides": (Case((2, 16, 7, 9), (24, 16, 3, 3), 2, 1), TMA - {"persistent"}),
    "3x3-stride-2-even-sides": (Case((1, 16, 8, 10), (24, 16, 3, 3), 2, 1), TMA),
    "3x3-stride-2-channels-cut": (Case((1, 24, 8, 8), (8, 24, 3, 3), 2, 1), TMA - {"persistent"}),
    "1x1": (Case((3, 16, 5, 4), (24, 16, 1, 1)), TMA | {"pointwise"}),
    "1x1-padded": (Case((1, 16, 4, 4), (24, 16, 1, 1), 1, 1), TMA),
    "1x1-stride-2": (Case((2, 16, 6, 9), (24, 16, 1, 1), 2), TMA - {"persistent"}),
    "1x1-stride-2-even-sides": (Case((2, 16, 6, 8), (24, 16, 1, 1), 2), TMA),
    "5x5": (Case((1, 8, 6, 5), (16, 8, 5, 5), 1, 2), TMA | {"stem"}),
    "7x7-stride-3": (Case((1, 16, 9, 9), (8, 16, 7, 7), 3, 3), TMA),
    "7x7-stride-2-stem-rgb": (Case((2, 3, 7, 9), (20, 3, 7, 7), 2, 3), ANY | {"stem"}),
    "7x7-stride-2-stem-grey": (Case((2, 1, 7, 8), (16, 1, 7, 7), 2, 3), ANY | {"stem", "depthwise"}),
    "dilation-2": (Case((1, 16, 7, 8), (24, 16, 3, 3), 1, 2, 2), TMA),
    "dilation-2-stride-2": (Case((1, 16, 10, 8), (8, 16, 3, 3), 2, 2, 2), TMA - {"tiled"}),
    "dilation-3-stride-2-odd-sides": (Case((1, 16, 9, 9), (8, 16, 3, 3), 2, 3, 3), ANY),
    "rectangular": (Case((1, 16, 7, 9), (24, 16, 3, 5), (2, 1), (0, 2), (1, 2)), TMA - {"persistent"}),
    "stride-beyond-window": (Case((1, 8, 8, 9), (8, 8, 2, 1), (4, 3), (1, 0)), TMA - {"persistent"} | {"stem"}),
    "same-even-window": (Case((1, 16, 6, 5), (8, 16, 4, 2), 1, "same"), TMA),
    "groups": (Case((1, 32, 5, 6), (64, 16, 3, 3), 1, 1, 1, 2), TMA),
    "groups-narrow": (Case((1, 12, 5, 4), (18, 4, 3, 3), 1, 1, 1, 3), ANY | {"stem"}),
    "groups-cut": (Case((1, 48, 4, 5), (48, 24, 3, 3), 2, 1, 1, 2), ANY),
    "depthwise": (Case((2, 12, 7, 5), (12, 1, 3, 3), 1, 1, 1, 12), ANY | {"stem", "depthwise"}),
    "depthwise-5x5-stride-2": (Case((2, 20, 5, 7), (20, 1, 5, 5), 2, 2, 1, 20), ANY | {"stem", "depthwise"}),
    "depthwise-multiplier-2": (Case((1, 6, 4, 5), (12, 1, 3, 3), 1, 2, 2, 6), ANY | {"stem", "depthwise"}),
    "odd-channels": (Case((2, 11, 5, 6), (13, 11, 3, 3), 1, 1), ANY),
    "odd-result-channels": (Case((2, 16, 5, 6), (13, 16, 3, 3), 1, 1), TMA),
    "one-pixel": (Case((1, 16, 1, 1), (8, 16, 1, 1)), TMA | {"pointwise"}),
    "image-smaller-than-window": (Case((2, 16, 2, 1), (8, 16, 5, 5), 1, 2), TMA),
    "image-smaller-than-stride": (Case((2, 16, 1, 1), (8, 16, 3, 3), 2, 1), ANY),
    "empty-batch": (Case((0, 16, 5, 5), (8, 16, 3, 3), 1, 1), TMA),
}  # fmt: skip


def small(rung: str) -> Config:
    kernel, meta = RUNGS[rung]
    return Config(rung, f"deepkernels.conv2d.{kernel}", meta, num_warps=4, num_stages=2)


def guarded(values: torch.Tensor) -> torch.Tensor:
    """The tensor, channels last, with NaN before and after it in memory: what is read outside shows in the result."""
    around = poisoned(
        (values.shape[0] + 2, *values.shape[1:]), values.dtype, values.device.type, True
    )
    around[1:-1] = values
    return around[1:-1]


def tensors(case: Case, dtype: torch.dtype, device: str) -> tuple[torch.Tensor, ...]:
    x, weight = normal(*case.x, dtype=dtype), normal(*case.weight, dtype=dtype)
    bias = normal(case.weight[0], dtype=dtype)
    return guarded(x.to(device)), guarded(weight.to(device)), bias.to(device)


def expected(
    case: Case, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
) -> torch.Tensor:
    wide = [None if tensor is None else tensor.cpu().double() for tensor in (x, weight, bias)]
    return F.conv2d(*wide, case.stride, case.padding, case.dilation, case.groups)


def check(
    case: Case,
    config: Config,
    dtype: torch.dtype,
    device: str,
    with_bias: bool = True,
    activation: str = "none",
) -> None:
    geometry = case.geometry
    x, weight, bias = tensors(case, dtype, device)
    bias = bias if with_bias else None
    around = poisoned((geometry.N + 2, *geometry.y_shape[1:]), dtype, device, channels_last=True)
    y = around[1:-1]
    choice.run(config, Call(x, weight, bias, y, geometry, activation))
    reference = expected(case, x, weight, bias)
    if activation != "none":
        reference = getattr(torch, activation)(reference)
    precision = "tf32" if device == "cuda" else "ieee"
    assert_close(y, reference, terms=geometry.terms, what=config.name, precision=precision)
    assert around[0].isnan().all(), f"{config.name} writes before the result"
    assert around[-1].isnan().all(), f"{config.name} writes behind the result"


def affordable(case: Case, rung: str) -> bool:
    """The interpreter takes milliseconds a step: too long where every pixel, or every group, is a program."""
    g = case.geometry
    programs = g.pixels if rung == "direct" else 8
    return programs * g.groups * g.R * g.S * -(-g.features // 16) * -(-g.channels // 16) <= 300


ACCEPTED = [
    (name, rung)
    for name, (case, rungs) in CASES.items()
    for rung in RUNGS
    if rung in rungs and (rung not in ("direct", "implicit") or affordable(case, rung))
]


@pytest.mark.parametrize(
    ("name", "rung"), ACCEPTED, ids=[f"{rung}-{name}" for name, rung in ACCEPTED]
)
def test_rung_agrees_with_float64(name: str, rung: str, device: str) -> None:
    check(CASES[name][0], small(rung), torch.float16, device)


# One case with whole and cut tiles for each rung, in the other dtypes.
TYPICAL = {
    "direct": "stride-beyond-window",
    "im2col": "groups-narrow",
    "implicit": "rectangular",
    "tiled": "3x3-stride-2-odd-sides",
    "persistent": "3x3-stride-2-even-sides",
    "stem": "7x7-stride-2-stem-rgb",
    "depthwise": "depthwise-multiplier-2",
    "pointwise": "1x1",
}


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=["bf16", "fp32"])
def test_rung_in_other_dtypes(rung: str, dtype: torch.dtype, device: str) -> None:
    check(CASES[TYPICAL[rung]][0], small(rung), dtype, device)


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
def test_rung_applies_the_activation(rung: str, activation: str, device: str) -> None:
    check(CASES[TYPICAL[rung]][0], small(rung), torch.float16, device, False, activation)


@pytest.mark.parametrize("name", CASES)
def test_rungs_refuse_exactly_what_they_cannot_do(name: str) -> None:
    case, rungs = CASES[name]
    accepting = {
        rung for rung in RUNGS if choice.refusal(small(rung), case.geometry, torch.float16) is None
    }
    assert accepting == rungs


def test_descriptors_are_refused_where_there_are_none() -> None:
    geometry, config = CASES["3x3"][0].geometry, small("tiled")
    assert "sm_80" in choice.refusal(config, geometry, torch.float16, "sm_80")
    assert "gfx942" in choice.refusal(config, geometry, torch.float16, "gfx942")
    assert "16 bytes" in choice.refusal(config, geometry, torch.float16, aligned=False)


@pytest.mark.parametrize("halves", [1, 2])
@pytest.mark.parametrize("rung", ["tiled", "persistent"])
def test_the_result_may_be_written_in_halves(rung: str, halves: int, device: str) -> None:
    config = small(rung)
    meta = {**config.meta, "BLOCK_N": 32, "HALVES": halves}
    check(CASES["odd-result-channels"][0], replace(config, meta=meta), torch.float16, device)
    check(CASES["3x3-valid-batch-1"][0], replace(config, meta=meta), torch.float16, device)


@pytest.mark.parametrize("rows", [1, 4, 32])
def test_boxes_of_every_form_cover_the_result(
    rows: int, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepkernels.conv2d import box

    monkeypatch.setattr(box, "sides", lambda *_: (32 // rows, rows, 1))
    check(CASES["3x3-valid-batch-1"][0], small("persistent"), torch.float16, device)


@pytest.mark.parametrize("config", [*choice.RUNGS, "tiled-64x64", "stem-64", "depthwise-small"])
def test_shipped_tiles_agree_with_float64(config: str, device: str) -> None:
    cases = {"stem-64": "7x7-stride-2-stem-rgb", "depthwise-small": "depthwise"}
    check(CASES[cases.get(config, "3x3-valid-batch-1")][0], choice.named(config), BF16, device)


@pytest.mark.parametrize("name", CASES)
def test_reference_agrees_with_torch(name: str) -> None:
    case = CASES[name][0]
    x, weight, bias = tensors(case, torch.float64, "cpu")
    assert_close(
        conv2d_reference(x, weight, bias, case.geometry),
        expected(case, x, weight, bias),
        case.geometry.terms,
    )


def test_comparison_notices_a_convolution_shifted_by_one_pixel(device: str) -> None:
    case = CASES["3x3"][0]
    x, weight, bias = tensors(case, torch.float16, device)
    shifted = channels_last(F.pad(x, (1, -1)))
    y = poisoned(case.geometry.y_shape, torch.float16, device, channels_last=True)
    choice.run(small("implicit"), Call(shifted, weight, bias, y, case.geometry))
    with pytest.raises(AssertionError, match="relative error"):
        assert_close(y, expected(case, x, weight, bias), terms=case.geometry.terms)
