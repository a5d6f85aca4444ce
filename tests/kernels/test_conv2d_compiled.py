"""What Triton's compiler makes of the convolution's kernels, for GPUs that need not be here."""

from dataclasses import replace

import pytest
import torch

from deepkernels import configs
from deepkernels.compiled import SHARED_LIMIT, Facts, Request, facts
from deepkernels.conv2d import Geometry, choice
from deepkernels.language import accumulator

TENSOR_CORES = {"sm_80": "mma", "sm_90": "wgmma", "gfx942": "mfma"}
MULTIPLYING = ("implicit", "stem", "tiled", "persistent")
UNIT = Geometry.of((64, 256, 28, 28), (256, 256, 3, 3), padding=1)
STRIDED = Geometry.of((64, 256, 28, 28), (256, 256, 3, 3), stride=2, padding=1)
STEM = Geometry.of((64, 3, 224, 224), (64, 3, 7, 7), stride=2, padding=3)
DEPTHWISE = Geometry.of((64, 96, 56, 56), (96, 1, 7, 7), padding=3, groups=96)
BF16, FP32 = torch.bfloat16, torch.float32


def bare(name: str, geometry: Geometry, dtype: torch.dtype = BF16) -> Request:
    """The kernel without bias and activation: what then reads memory is the loop over taps and channels."""
    return choice.request(choice.named(name), geometry, dtype, activation="none", bias=False)


def others() -> dict[str, Request]:
    shape = {"dy": "*bf16", "y": "*bf16", "dz": "*bf16", "COUNT": "i32"}
    gradient = Request(
        "deepkernels.conv2d.activation:gradient",
        shape,
        {"ACTIVATION": "tanh", "ACC": accumulator(BF16), "BLOCK": 1024},
        divisible=tuple(shape),
    )
    return {
        "bare-tiled-128x128": bare("tiled-128x128", UNIT),
        "bare-tiled-256x128": bare("tiled-256x128", UNIT),
        "bare-tiled-256x128-stride-2": bare("tiled-256x128", STRIDED),
        "bare-persistent-256x128": bare("persistent-256x128", UNIT),
        "bare-persistent-256x128-stride-2": bare("persistent-256x128", STRIDED),
        "bare-persistent-128x128-float32": bare("persistent-128x128-float32", UNIT, FP32),
        "stem-64-float32": choice.request(choice.named("stem-64"), STEM, FP32),
        "depthwise-large-float32": choice.request(choice.named("depthwise-large"), DEPTHWISE, FP32),
        "activation-gradient": gradient,
        "activation-gradient-sm_80": replace(gradient, target="sm_80"),
        "activation-gradient-gfx942": replace(gradient, target="gfx942"),
    }


SHIPPED = {
    f"{name}-{target}": request
    for target in TENSOR_CORES
    for name, request in choice.compile_requests(target)
}
REQUESTS = SHIPPED | others()


@pytest.fixture(scope="module")
def compiled() -> dict[str, Facts]:
    return dict(zip(REQUESTS, facts(list(REQUESTS.values())), strict=True))


def test_every_shipped_configuration_is_compiled() -> None:
    names = {config.name for config in configs.load("conv2d")} - {"pointwise"}
    for_hopper = {name.removesuffix("-sm_90") for name in SHIPPED if name.endswith("-sm_90")}
    assert for_hopper == names
    by_pointers = {name for name in names if not name.startswith(("tiled", "persistent"))}
    for target in ("sm_80", "gfx942"):
        assert {n.removesuffix(f"-{target}") for n in SHIPPED if n.endswith(target)} == by_pointers


@pytest.mark.parametrize("name", REQUESTS)
def test_it_compiles_without_spills_and_fits(name: str, compiled: dict[str, Facts]) -> None:
    found, request = compiled[name], REQUESTS[name]
    assert found.error is None
    assert found.spills == 0
    assert found.shared <= SHARED_LIMIT[request.target]
    assert found.threads == request.num_warps * (64 if request.target == "gfx942" else 32)


@pytest.mark.parametrize("name", SHIPPED)
def test_tensor_cores_multiply(name: str, compiled: dict[str, Facts]) -> None:
    kernel, target = REQUESTS[name].kernel.split(":")[1], REQUESTS[name].target
    found = compiled[name].instructions
    if REQUESTS[name].meta.get("PRECISION") == "ieee" and REQUESTS[name].types["x"] == "*fp32":
        # Full float32 is multiplied outside tensor cores on NVIDIA's GPUs; AMD's have an instruction for it.
        assert found["mfma" if target == "gfx942" else "fma"] > 100 * (target != "gfx942")
    else:
        assert (found[TENSOR_CORES[target]] > 0) == (kernel in MULTIPLYING)


TMA = [name for name in REQUESTS if REQUESTS[name].kernel.startswith("deepkernels.conv2d.tma")]


@pytest.mark.parametrize("name", TMA)
def test_tiles_go_from_memory_to_tensor_cores_without_registers(
    name: str, compiled: dict[str, Facts]
) -> None:
    found = compiled[name].instructions
    loads = {kind: found[kind] for kind in ("ld_shared", "ldmatrix", "cp_async")}
    assert loads == dict.fromkeys(loads, 0)
    assert found["tma_load"] > 0
    assert found["tma_store"] > 0
    assert found["st_global"] == 0


@pytest.mark.parametrize("name", [name for name in TMA if name.startswith("bare")])
def test_nothing_else_reads_memory(name: str, compiled: dict[str, Facts]) -> None:
    assert compiled[name].instructions["ld_global"] == 0


def test_registers_leave_room_for_the_accumulator(compiled: dict[str, Facts]) -> None:
    # 256 threads hold 64 or 128 sums each; addresses and loop are the rest.
    assert compiled["bare-tiled-128x128"].registers <= 106
    assert compiled["bare-tiled-256x128"].registers <= 170
    assert compiled["bare-persistent-256x128"].registers <= 200
    pointers = compiled["implicit-128-sm_90"]
    assert pointers.registers > compiled["bare-tiled-128x128"].registers


def test_a_stride_multiplies_the_loops_of_tiled_and_not_those_of_persistent(
    compiled: dict[str, Facts],
) -> None:
    def loads(name: str) -> int:
        return compiled[name].instructions["tma_load"]

    assert loads("bare-tiled-256x128-stride-2") == 4 * loads("bare-tiled-256x128")
    assert loads("bare-persistent-256x128-stride-2") == loads("bare-persistent-256x128")
