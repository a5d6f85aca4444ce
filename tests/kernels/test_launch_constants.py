"""A launch makes a constant of every integer argument that is 1, and kernels must compile that way too.

The interpreter never does so, and the compile-only requests of configurations are for larger sizes.
"""

from dataclasses import replace

import pytest

from deepkernels.compiled import Facts, Request, facts
from deepkernels.conv2d.choice import compile_requests as convolutions
from deepkernels.loss.op import compile_requests as losses
from deepkernels.matmul.choice import compile_requests as products

BATCH = ("batch", "a_batch", "b_batch", "c_batch")
CASES = {
    "one product, its parts added": ("combine", BATCH),
    "the sum of a bias gradient": ("combine", (*BATCH, "M")),
    "one row": ("strided-64", (*BATCH, "M")),
    "one term": ("strided-64", (*BATCH, "K")),
    "an image one pixel high": ("stem-64", ("N", "H", "P")),
    "one pixel": ("stem-64", ("N", "H", "P", "W", "Q", "pixels")),
    "one sample of one class": ("total", ("N", "C", "stride", "count")),
}


def with_ones(request: Request, names: tuple[str, ...]) -> Request:
    """The request of a launch in which these arguments, where the kernel has them, are 1."""
    ones = {name: 1 for name in names if name in request.types}
    assert ones, f"{request.kernel} has none of {names}"
    return replace(
        request,
        types={name: kind for name, kind in request.types.items() if name not in ones},
        meta={**request.meta, **ones},
        divisible=tuple(name for name in request.divisible if name not in ones),
    )


@pytest.fixture(scope="module")
def compiled() -> dict[str, Facts]:
    known = {}
    for requests in (products("sm_90"), convolutions("sm_90"), losses("sm_90")):
        for name, request in requests:
            known.setdefault(name.removesuffix("-sm_90"), request)
    asked = [with_ones(known[name], ones) for name, ones in CASES.values()]
    return dict(zip(CASES, facts(asked), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_compiles(case: str, compiled: dict[str, Facts]) -> None:
    assert compiled[case].error is None
    assert compiled[case].spills == 0
