"""What Triton's compiler makes of the backward kernels for each target, on a machine without a GPU."""

import dataclasses
from collections.abc import Callable

import pytest
import torch
import triton.language as tl

from deepkernels.compiled import SHARED_LIMIT, Facts, Request, facts
from deepkernels.configs import Config
from deepkernels.conv2d import backward_choice as choice
from deepkernels.conv2d import reduce
from deepkernels.conv2d.geometry import Geometry

TARGETS = ("sm_90", "sm_80", "gfx942")
REQUESTS = {
    f"{name}-{target}": request
    for target in TARGETS
    for name, request in choice.backward_compile_requests(target)
}
# Fast mode: the same kernels, which add atomically.
REQUESTS |= {
    f"{name}-atomic": dataclasses.replace(
        REQUESTS[f"{name}-sm_90"], meta={**REQUESTS[f"{name}-sm_90"].meta, "ATOMIC": True}
    )
    for name in ("wgrad-tma-128", "wgrad-pointer", "wgrad-depthwise")
}
# With torch.backends.cudnn.allow_tf32 off: full float32, without tensor cores on NVIDIA's GPUs.
REQUESTS |= {
    f"{name}-ieee": dataclasses.replace(request, meta={**request.meta, "PRECISION": "ieee"})
    for name, request in REQUESTS.items()
    if "pointer" in name and "float32" in name
}
POINTWISE = Geometry.of((64, 256, 14, 14), (1024, 256, 1, 1))


def chosen(choose: Callable[..., Config], geometry: Geometry, dtype: torch.dtype) -> Request:
    """What a launch would compile for a convolution."""
    config = choose(geometry, dtype)
    return choice.request(config, choice.seen(config, geometry), dtype, "sm_90")


CHOICES = {"dgrad": choice.choose_dgrad, "wgrad": choice.choose_wgrad}
REQUESTS |= {
    f"{side}-1x1": chosen(choose, POINTWISE, torch.bfloat16) for side, choose in CHOICES.items()
}
# Sizes of 1, which a launch makes constants of.
ONES = {
    "one-pixel": Geometry.of((1, 1, 1, 1), (1, 1, 1, 1)),
    "one-pixel-stride2": Geometry.of((1, 1, 1, 1), (1, 1, 3, 3), 2, 1),
    "one-row": Geometry.of((1, 64, 1, 64), (64, 64, 1, 3), padding=(0, 1)),
    "one-row-stride2": Geometry.of((1, 64, 1, 64), (64, 64, 1, 3), (1, 2), (0, 1)),
    "one-row-depthwise": Geometry.of((1, 64, 1, 64), (64, 1, 1, 3), padding=(0, 1), groups=64),
}
REQUESTS |= {
    f"{side}-{name}": chosen(choose, geometry, torch.bfloat16)
    for name, geometry in ONES.items()
    for side, choose in CHOICES.items()
}
# Windows at the edge of what the depthwise kernels take: their registers grow with it.
LARGE = {
    "11x11": Geometry.of((8, 96, 56, 56), (96, 1, 11, 11), padding=5, groups=96),
    "multiplier4": Geometry.of((8, 96, 56, 56), (384, 1, 3, 3), padding=1, groups=96),
}
REQUESTS |= {
    f"{side}-{name}-{dtype}": chosen(choose, geometry, dtype)
    for name, geometry in LARGE.items()
    for dtype in (torch.bfloat16, torch.float32)
    for side, choose in CHOICES.items()
}
REDUCE = "deepkernels.conv2d.reduce:"
REQUESTS |= {
    f"partials-{target}": Request(
        f"{REDUCE}partials",
        reduce.types("partials", "bf16"),
        {"BLOCK": reduce.BLOCK},
        target=target,
        divisible=("parts", "out", "size"),
    )
    for target in TARGETS
}
REQUESTS |= {
    f"column_sums-{target}": Request(
        f"{REDUCE}column_sums",
        reduce.types("column_sums", "bf16"),
        {"ROWS": reduce.ROWS, "COLUMNS": reduce.COLUMNS, "ACC": tl.float32},
        target=target,
        divisible=("dy", "parts", "K"),
    )
    for target in TARGETS
}
PRODUCTS = [
    name
    for name, request in REQUESTS.items()
    if "PRECISION" in request.meta and not name.endswith("-ieee")
]


@pytest.fixture(scope="module")
def compiled() -> dict[str, Facts]:
    return dict(zip(REQUESTS, facts(list(REQUESTS.values())), strict=True))


@pytest.mark.parametrize("name", REQUESTS)
def test_fits(name: str, compiled: dict[str, Facts]) -> None:
    found = compiled[name]
    assert found.error is None
    assert found.spills == 0
    assert found.shared <= SHARED_LIMIT[REQUESTS[name].target]


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_run_on_tensor_cores(name: str, compiled: dict[str, Facts]) -> None:
    unit = {"sm_90": "wgmma", "sm_80": "mma", "gfx942": "mfma"}[REQUESTS[name].target]
    assert compiled[name].instructions[unit] > 0


@pytest.mark.parametrize("name", [name for name in PRODUCTS if ":tma" in REQUESTS[name].kernel])
def test_boxes_come_by_tma(name: str, compiled: dict[str, Facts]) -> None:
    instructions = compiled[name].instructions
    assert instructions["tma_load"] >= 2
    assert instructions["ld_global"] == 0
    if name.startswith("dgrad"):
        assert instructions["tma_store"] == 1
        assert instructions["st_global"] == 0


@pytest.mark.parametrize(
    "name", [name for name in PRODUCTS if name.startswith("dgrad-tma") and "float32" not in name]
)
def test_both_factors_of_dgrad_are_read_from_shared_memory(
    name: str, compiled: dict[str, Facts]
) -> None:
    """Nothing passes through registers on its way to the tensor cores: that is why the product is transposed."""
    instructions = compiled[name].instructions
    assert instructions["ldmatrix"] == 0
    assert instructions["ld_shared"] == 0


def test_a_run_of_pixels_is_a_factor_as_it_is(compiled: dict[str, Facts]) -> None:
    assert compiled["wgrad-1x1"].instructions["ldmatrix"] == 0
    assert compiled["wgrad-tma-128-sm_90"].instructions["ldmatrix"] > 0


def test_two_programs_of_the_middle_tile_share_a_processor(compiled: dict[str, Facts]) -> None:
    """228 KiB of shared memory and 65,536 registers each: one waits while the other computes."""
    for name in ("dgrad-tma-128-sm_90", "dgrad-tma-residues-128-sm_90", "wgrad-tma-128-sm_90"):
        found = compiled[name]
        assert 2 * (found.shared + 1024) <= 228 * 1024
        assert 2 * found.registers * found.threads <= 65_536


@pytest.mark.parametrize("name", [name for name in REQUESTS if name.endswith("-atomic")])
def test_fast_mode_adds_atomically(name: str, compiled: dict[str, Facts]) -> None:
    assert compiled[name].instructions["atom"] > 0
    assert compiled[name].instructions["st_global"] == 0


@pytest.mark.parametrize("name", [n for n in REQUESTS if "wgrad" in n and "atomic" not in n])
def test_deterministic_mode_does_not(name: str, compiled: dict[str, Facts]) -> None:
    assert compiled[name].instructions["atom"] == 0
    assert compiled[name].instructions["st_global"] > 0
