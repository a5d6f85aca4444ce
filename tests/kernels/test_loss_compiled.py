"""What the compiler makes of the cross-entropy's kernels, without a GPU."""

from dataclasses import replace

import pytest

from deepkernels import configs
from deepkernels.compiled import TARGETS, Facts, Request, facts
from deepkernels.loss.op import compile_requests

NAMES = [*(config.name for config in configs.load("loss")), "total"]


def special(request: Request) -> Request:
    """The same kernel as a launch compiles it when all sizes are 1, which Triton folds."""
    sizes = [name for name, type_ in request.types.items() if type_ in ("i32", "i64")]
    known = dict.fromkeys(sizes, 1)
    types = {name: type_ for name, type_ in request.types.items() if name not in known}
    divisible = tuple(name for name in request.divisible if name in types)
    return replace(request, types=types, meta={**request.meta, **known}, divisible=divisible)


@pytest.fixture(scope="module")
def compiled() -> dict[tuple[str, str], Facts]:
    requests = {
        (target, name): request for target in TARGETS for name, request in compile_requests(target)
    }
    for name in NAMES:
        requests["special", name] = special(requests["sm_90", name])
    return dict(zip(requests, facts(list(requests.values())), strict=True))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", NAMES)
def test_compiles(name: str, target: str, compiled: dict[tuple[str, str], Facts]) -> None:
    found = compiled[target, name]
    assert found.error is None
    assert found.spills == 0
    assert found.shared <= 2048
    assert found.instructions["atom"] == 0  # sums are made in a fixed order


def test_every_configuration_is_compiled(compiled: dict[tuple[str, str], Facts]) -> None:
    assert {name for _, name in compiled} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_one_row_of_one_class_compiles(name: str, compiled: dict[tuple[str, str], Facts]) -> None:
    assert compiled["special", name].error is None


def test_rows_are_read_by_16_bytes(compiled: dict[tuple[str, str], Facts]) -> None:
    # 4096 numbers of 2 bytes, 256 threads, eight numbers a load; besides, a label and its score.
    assert compiled["sm_90", "forward-4096"].instructions["ld_global"] == 2 + 2
    # 4096 logits; a label, the loss's gradient, a maximum and a sum.
    assert compiled["sm_90", "backward-4096"].instructions["ld_global"] == 2 + 4
    assert compiled["sm_90", "backward-4096"].instructions["st_global"] == 2
