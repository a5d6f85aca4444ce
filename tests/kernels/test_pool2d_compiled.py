"""What the compiler makes of the pooling kernels, without a GPU."""

from dataclasses import replace

import pytest

from deepkernels import configs
from deepkernels.compiled import TARGETS, Facts, Request, facts
from deepkernels.pool2d.launches import compile_requests

NAMES = [config.name for config in configs.load("pool2d")]
LARGE = [name for name in NAMES if name.endswith("-64")]


def special(request: Request, missing: tuple[str, ...]) -> Request:
    """The same kernel as a launch compiles it when all sizes are 1, which Triton folds, and pointers are None."""
    sizes = [name for name, type_ in request.types.items() if type_ in ("i32", "i64")]
    known = {**dict.fromkeys(sizes, 1), **dict.fromkeys(missing)}
    types = {name: type_ for name, type_ in request.types.items() if name not in known}
    divisible = tuple(name for name in request.divisible if name in types)
    return replace(request, types=types, meta={**request.meta, **known}, divisible=divisible)


@pytest.fixture(scope="module")
def compiled() -> dict[tuple[str, str], Facts]:
    requests = {
        (target, name): request for target in TARGETS for name, request in compile_requests(target)
    }
    for name in LARGE:
        missing = ("index",) if name.startswith("maximum") and "backward" not in name else ()
        requests["special", name] = special(requests["sm_90", name], missing)
    return dict(zip(requests, facts(list(requests.values())), strict=True))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", NAMES)
def test_compiles(name: str, target: str, compiled: dict[tuple[str, str], Facts]) -> None:
    found = compiled[target, name]
    assert found.error is None
    assert found.spills == 0
    assert found.shared <= 4096
    assert found.instructions["atom"] == 0  # gradients are gathered


def test_every_configuration_is_compiled(compiled: dict[tuple[str, str], Facts]) -> None:
    assert {name for _, name in compiled} == set(NAMES)


@pytest.mark.parametrize("name", LARGE)
def test_one_image_of_one_pixel_compiles(name: str, compiled: dict[tuple[str, str], Facts]) -> None:
    assert compiled["special", name].error is None


@pytest.mark.parametrize("channels", [16, 64])
def test_channels_are_read_by_16_bytes(
    channels: int, compiled: dict[tuple[str, str], Facts]
) -> None:
    # 1024 numbers of 2 bytes, 128 threads: eight for each thread, in one load for each of the nine taps.
    assert compiled["sm_90", f"maximum-{channels}"].instructions["ld_global"] == 9
    assert compiled["sm_90", f"average-{channels}"].instructions["ld_global"] == 9
    # Two by two windows cover a pixel at most; each has a gradient and, if it is a maximum, a place.
    assert compiled["sm_90", f"average-backward-{channels}"].instructions["ld_global"] == 4
    assert compiled["sm_90", f"maximum-backward-{channels}"].instructions["ld_global"] == 8


def test_no_loop_is_left_in_a_small_window(compiled: dict[tuple[str, str], Facts]) -> None:
    # One channel, 8 pixels a thread: each tap of each pixel has a load of its own.
    assert compiled["sm_90", "maximum-1"].instructions["ld_global"] == 9 * 8
