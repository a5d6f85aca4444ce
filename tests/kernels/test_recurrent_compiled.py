"""What the compiler makes of the recurrent kernels, without a GPU."""

import dataclasses

import pytest

from deepkernels import configs
from deepkernels.compiled import SHARED_LIMIT, Facts, facts
from deepkernels.recurrent.binding import compile_requests, named

#: On other GPUs and for the GRU, the configurations of each kernel that need the most and the least.
ELSEWHERE = (
    "pointwise", "fused-128x32", "fused-16x8", "fused-16x8-float32", "step-64x32", "persistent-64x16",
    "resident-64x8", "backward-64x32", "backward-64x16-float32",
)  # fmt: skip
CASES = [
    *(("sm_90", f"{config.name}-lstm") for config in configs.load("recurrent")),
    *(("sm_90", f"{name}-gru") for name in ELSEWHERE),
    *((target, f"{name}-lstm") for target in ("sm_80", "gfx942") for name in ELSEWHERE),
]
WITH_PRODUCTS = [
    (target, name) for target, name in CASES if "BLOCK_K" in named(name.rpartition("-")[0]).meta
]
#: The largest tiles for rows that are no multiples of 16 elements.
UNALIGNED = ("fused-32x8", "step-32x8", "backward-32x16")
TENSOR_CORES = {"sm_80": "mma", "sm_90": "mma", "gfx942": "mfma"}


@pytest.fixture(scope="module")
def compiled() -> dict[tuple[str, str], Facts]:
    known = {
        (target, name): request
        for target in ("sm_80", "sm_90", "gfx942")
        for name, request in compile_requests(target)
    }
    cases = {case: known[case] for case in CASES}
    for name in UNALIGNED:
        request = known["sm_90", f"{name}-lstm"]
        rows = tuple(name for name in request.divisible if name not in ("features", "H"))
        cases["unaligned", f"{name}-lstm"] = dataclasses.replace(request, divisible=rows)
    return dict(zip(cases, facts(list(cases.values())), strict=True))


@pytest.mark.parametrize(("target", "name"), CASES, ids=lambda value: value)
def test_compiles_without_spills(
    target: str, name: str, compiled: dict[tuple[str, str], Facts]
) -> None:
    found = compiled[target, name]
    assert found.error is None
    assert found.spills == 0
    assert found.shared <= SHARED_LIMIT[target]


@pytest.mark.parametrize(("target", "name"), WITH_PRODUCTS, ids=lambda value: value)
def test_products_run_on_tensor_cores(
    target: str, name: str, compiled: dict[tuple[str, str], Facts]
) -> None:
    config = named(name.rpartition("-")[0])
    # Four warps together multiply 64 rows by wgmma; fewer rows are left to single warps.
    wide = target == "sm_90" and config.meta["BLOCK_M"] >= 64
    found = compiled[target, name].instructions
    assert found["wgmma" if wide else TENSOR_CORES[target]] > 0


@pytest.mark.parametrize("name", UNALIGNED)
def test_sizes_that_are_no_multiples_of_16(
    name: str, compiled: dict[tuple[str, str], Facts]
) -> None:
    assert "aligned" not in named(name).when
    found = compiled["unaligned", f"{name}-lstm"]
    assert found.error is None
    assert found.spills == 0


@pytest.mark.parametrize("name", ["fused-64x8-lstm", "step-64x8-lstm"])
def test_gates_need_no_exchange_between_threads(
    name: str, compiled: dict[tuple[str, str], Facts]
) -> None:
    # What is loaded goes to shared memory by cp.async and from there to tensor cores; nothing else passes through it.
    found = compiled["sm_90", name].instructions
    assert found["cp_async"] > 0
    assert found["ld_shared"] == found["st_shared"] == 0


def test_a_cell_makes_two_products_and_a_step_one(
    compiled: dict[tuple[str, str], Facts],
) -> None:
    cell, step = compiled["sm_90", "fused-64x8-lstm"], compiled["sm_90", "step-64x8-lstm"]
    assert cell.instructions["wgmma"] == 2 * step.instructions["wgmma"]


@pytest.mark.parametrize("kernel", ["persistent-64x8-lstm", "resident-64x8-lstm"])
def test_programs_meet_by_one_atomic_addition(
    kernel: str, compiled: dict[tuple[str, str], Facts]
) -> None:
    # The second addition, of 0, becomes an acquiring load.
    assert compiled["sm_90", kernel].instructions["atom"] == 1
    assert compiled["sm_90", "step-64x8-lstm"].instructions["atom"] == 0


def test_resident_weights_lie_in_shared_memory(compiled: dict[tuple[str, str], Facts]) -> None:
    # 32 rows of W_hh with 1024 bfloat16 each, and one piece of h, 64 × 64.
    assert compiled["sm_90", "resident-64x8-lstm"].shared == 32 * 1024 * 2 + 64 * 64 * 2
    assert compiled["sm_90", "persistent-64x8-lstm"].shared > 0


def test_every_configuration_has_a_request() -> None:
    names = {name.rpartition("-")[0] for name, _ in compile_requests("sm_90")}
    assert names == {config.name for config in configs.load("recurrent")}
