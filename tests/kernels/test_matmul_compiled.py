"""What Triton's compiler makes of every matmul kernel for each target, on a machine without a GPU."""

from dataclasses import replace

import pytest
import torch

from deepkernels.compiled import SHARED_LIMIT, Facts, facts
from deepkernels.matmul import Problem, compile_requests
from deepkernels.matmul.choice import named, request

TARGETS = ("sm_90", "sm_80", "gfx942")
REQUESTS = {
    f"{name}-{target}": found for target in TARGETS for name, found in compile_requests(target)
}
LARGE = Problem(4096, 4096, 4096)
# The widest epilogues of the largest tile, and the tile that halves are there for, written whole.
REQUESTS |= {
    f"persistent-256-{name}": request(named("persistent-256"), LARGE, activation=name)
    for name in ("none", "tanh")
}
WHOLE = replace(named("halves"), meta={**named("halves").meta, "PARTS": 1})
REQUESTS["whole"] = request(WHOLE, LARGE)
REQUESTS["stream-256-odd-tanh"] = request(
    named("stream-256"), replace(LARGE, c="strided"), activation="tanh"
)
PRODUCTS = [
    name
    for name, one in REQUESTS.items()
    if "PRECISION" in one.meta and one.meta["PRECISION"] == "tf32"
]
HOPPER = [name for name in PRODUCTS if REQUESTS[name].target == "sm_90"]
DESCRIBED = [name for name in HOPPER if "A_ORDER" in REQUESTS[name].meta]


@pytest.fixture(scope="module")
def compiled() -> dict[str, Facts]:
    return dict(zip(REQUESTS, facts(list(REQUESTS.values())), strict=True))


@pytest.mark.parametrize("name", [name for name in REQUESTS if name != "whole"])
def test_fits(name: str, compiled: dict[str, Facts]) -> None:
    found = compiled[name]
    assert found.error is None
    assert found.spills == 0
    assert found.shared <= SHARED_LIMIT[REQUESTS[name].target]


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_run_on_tensor_cores(name: str, compiled: dict[str, Facts]) -> None:
    one = REQUESTS[name]
    unit = {"sm_90": "wgmma", "sm_80": "mma", "gfx942": "mfma"}[one.target]
    if unit == "wgmma" and one.meta["BLOCK_M"] < 64:
        unit = "mma"  # wgmma multiplies 64 rows at least
    assert compiled[name].instructions[unit] > 0


@pytest.mark.parametrize("name", [name for name in REQUESTS if "ieee" in name and "sm" in name])
def test_full_float32_does_not(name: str, compiled: dict[str, Facts]) -> None:
    instructions = compiled[name].instructions
    assert instructions["wgmma"] == instructions["mma"] == 0
    assert instructions["fma"] > 0


@pytest.mark.parametrize("name", DESCRIBED)
def test_factors_come_by_tma(name: str, compiled: dict[str, Facts]) -> None:
    one, instructions = REQUESTS[name], compiled[name].instructions
    # One load a factor and stage: those before the loop, and the two inside.
    assert instructions["tma_load"] == 2 * one.num_stages
    assert instructions["cp_async"] == 0
    if one.meta.get("C_ORDER") == "row":
        assert instructions["tma_store"] >= one.meta["PARTS"]
        assert (instructions["st_global"] > 0) == ("stream" in name)  # a part of a tile that is cut


WIDE = [
    n
    for n in DESCRIBED
    if REQUESTS[n].types["a"] == "*bf16" and "persistent" in n and "odd" not in n
]


@pytest.mark.parametrize("name", WIDE)
def test_factors_are_read_from_shared_memory(name: str, compiled: dict[str, Facts]) -> None:
    """Whatever the order of the operands: nothing passes through registers on its way to the tensor cores."""
    instructions = compiled[name].instructions
    assert instructions["ldmatrix"] == instructions["ld_shared"] == 0


def test_loads_of_the_pipelined_rung_are_asynchronous(compiled: dict[str, Facts]) -> None:
    for target in ("sm_90", "sm_80"):
        assert compiled[f"grouped-{target}"].instructions["cp_async"] == 0
        assert compiled[f"grouped-{target}"].instructions["ld_global"] > 0
        assert compiled[f"pipelined-{target}"].instructions["cp_async"] > 0
        assert compiled[f"pipelined-{target}"].instructions["ld_global"] == 0


def test_halves_are_what_lets_four_stages_fit(compiled: dict[str, Facts]) -> None:
    assert compiled["whole"].error is None
    assert compiled["whole"].shared > SHARED_LIMIT["sm_90"]
    assert compiled["halves-sm_90"].shared <= SHARED_LIMIT["sm_90"]


def test_skinny_parts_share_a_processor(compiled: dict[str, Facts]) -> None:
    """Two programs a processor: 228 KiB of shared memory, of which 1 KiB a program is taken, and 65,536 registers."""
    for name in ("split-16-sm_90", "split-64-sm_90"):
        found = compiled[name]
        assert 2 * (found.shared + 1024) <= 228 * 1024
        assert 2 * found.registers * found.threads <= 65_536


def test_only_stream_k_uses_atomic_operations(compiled: dict[str, Facts]) -> None:
    for name, found in compiled.items():
        assert (found.instructions["atom"] > 0) == name.startswith("stream"), name


def test_every_operand_type_is_compiled() -> None:
    assert {one.types.get("a") for one in REQUESTS.values()} >= {"*bf16", "*fp32"}
    assert torch.bfloat16.itemsize == torch.float16.itemsize  # one tile for both
