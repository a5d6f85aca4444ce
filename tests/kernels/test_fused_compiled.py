"""What the compiler makes of the fused kernels, without a GPU."""

from dataclasses import replace

import pytest

from deepkernels import configs
from deepkernels.compiled import SHARED_LIMIT, TARGETS, Facts, Request, facts
from deepkernels.fused.choice import compile_requests

NAMES = [config.name for config in configs.load("fused")]
BOXES = [name for name in NAMES if name.startswith("boxes")]


def special(request: Request, missing: tuple[str, ...]) -> Request:
    """The same kernel as a launch compiles it when all sizes are 1, which Triton folds, and pointers are None."""
    sizes = [
        name
        for name, type_ in request.types.items()
        if type_ in ("i32", "i64") and name not in ("C", "channels")
    ]
    known = {**dict.fromkeys(sizes, 1), **dict.fromkeys(missing)}
    types = {name: type_ for name, type_ in request.types.items() if name not in known}
    divisible = tuple(name for name in request.divisible if name in types)
    return replace(request, types=types, meta={**request.meta, **known}, divisible=divisible)


@pytest.fixture(scope="module")
def compiled() -> dict[tuple[str, str], Facts]:
    requests = {
        (target, name): request for target in TARGETS for name, request in compile_requests(target)
    }
    for name in NAMES:
        requests["special", name] = special(requests["sm_90", name], ("bias", "code"))
    return dict(zip(requests, facts(list(requests.values())), strict=True))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", NAMES)
def test_compiles(name: str, target: str, compiled: dict[tuple[str, str], Facts]) -> None:
    if name in BOXES and target != "sm_90":
        assert (target, name) not in compiled
        return
    found = compiled[target, name]
    assert found.error is None
    assert found.shared <= SHARED_LIMIT[target]
    assert found.instructions["atom"] == 0
    if name != "rows":  # the rung that shows what to avoid
        assert found.spills == 0


@pytest.mark.parametrize("name", NAMES)
def test_one_image_of_one_pixel_compiles(name: str, compiled: dict[tuple[str, str], Facts]) -> None:
    assert compiled["special", name].error is None


@pytest.mark.parametrize("name", BOXES)
def test_boxes_are_multiplied_where_they_lie(
    name: str, compiled: dict[tuple[str, str], Facts]
) -> None:
    instructions = compiled["sm_90", name].instructions
    assert instructions["tma_load"] > 0
    assert instructions["wgmma"] > 0
    assert instructions["ldmatrix"] == 0  # no factor goes through registers


def test_windows_in_one_thread_save_registers(compiled: dict[tuple[str, str], Facts]) -> None:
    rows, boxes = compiled["sm_90", "rows"], compiled["sm_90", "boxes-128"]
    # Twice the tile for twice the threads, and still fewer registers and fewer ways through shared memory.
    assert boxes.threads == 2 * rows.threads
    assert boxes.registers < rows.registers
    assert boxes.instructions["st_shared"] < rows.instructions["st_shared"] / 4


@pytest.mark.parametrize("target", ["sm_90", "sm_80", "gfx942"])
def test_tensor_cores_are_used(target: str, compiled: dict[tuple[str, str], Facts]) -> None:
    kinds = {"sm_90": "wgmma", "sm_80": "mma", "gfx942": "mfma"}
    assert compiled[target, "columns-64"].instructions[kinds[target]] > 0
