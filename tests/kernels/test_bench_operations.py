"""Every operation's contenders at tiny sizes: ours runs, is right, and its launches are recorded."""

import json
from dataclasses import replace

import pytest
import torch

from deepkernels.bench import correctness, launches, operations
from deepkernels.bench.shapes import Case, cell, conv, fused, loss, matmul, pool

# In float16: the interpreter rounds to bfloat16 by cutting off, which a GPU does not.
MADE = [
    matmul("large", 16, 32, 24),
    matmul("layouts", 16, 8, 24, layout="NT"),
    matmul("layouts", 16, 8, 24, layout="TN"),
    matmul("bias-activation", 8, 16, 24, activation="relu"),
    matmul("bias-activation", 8, 16, 24, activation="tanh"),
    matmul("ladder", 16, 16, 16),
    conv("3x3-s1", 2, 8, 6, 16, 3),
    conv("ladder", 1, 16, 4, 16, 3),
    conv("3x3-s2", 1, 8, 6, 8, 3, 2),
    conv("1x1", 1, 16, 4, 8, 1),
    conv("stem", 1, 3, 10, 8, 7, 2),
    conv("dgrad", 1, 8, 5, 8, 3, step="dgrad"),
    conv("wgrad", 1, 8, 5, 8, 3, step="wgrad"),
    conv("depthwise", 1, 8, 5, 8, 3, groups=8),
    conv("depthwise-wgrad", 1, 8, 5, 8, 3, groups=8, step="wgrad"),
    pool("pooling", "max", 1, 8, 7, 3, 2, 1),
    pool("pooling", "avg", 1, 8, 6, 2, 2),
    pool("pooling-backward", "max", 1, 8, 7, 3, 2, 1, "backward"),
    pool("pooling-backward", "avg", 1, 8, 6, 2, 2, 0, "backward"),
    loss(5, 7),
    fused(1, 8, 6, 8, 3),
    cell("lstm-cell", "lstm", 3, 16),
    cell("gru-cell", "gru", 3, 16),
    cell("lstm-sequence", "lstm", 2, 16, steps=3),
    cell("gru-sequence", "gru", 2, 16, steps=3),
]
CASES = [replace(case, dtype="fp16") for case in MADE]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.op}-{case.key}")
def test_every_contender_computes_the_case(case: Case, device: str) -> None:
    problem = operations.build(case, torch.device(device), cache=1, with_compile=False)
    expected = problem.expected()
    assert {"ours"} < set(problem.contenders)
    for name, work in problem.contenders.items():
        found = correctness.check(work, expected, case.dtype, case.terms)
        # The others only have to compute the same thing: on a CPU they may round more often than ours.
        within = 1 if name not in problem.other_numbers else 8
        assert found["frobenius"] <= within * found["accepted"], (name, found)
    assert problem.reference == "float64"
    # `expected` may be asked again, after the timing, and says the same.
    assert all(map(torch.equal, expected, problem.expected()))


@pytest.mark.parametrize("case", CASES[6:7] + CASES[15:16], ids=lambda case: case.op)
def test_what_was_launched_is_in_the_record(case: Case, device: str) -> None:
    problem = operations.build(case, torch.device(device), cache=1, with_compile=False)
    assert problem.configuration
    for launch in problem.configuration:
        assert launch["kernel"].startswith(f"deepkernels.{case.op}")
        assert all(name.isupper() or "_" in name for name in launch["meta"])
        assert launch["meta"]
    json.dumps(problem.configuration)


def test_buffers_go_round() -> None:
    case = pool("pooling", "avg", 1, 8, 6, 2, 2)
    size = int(case.work.bytes)
    problem = operations.build(case, torch.device("cpu"), cache=2 * size, with_compile=False)
    assert problem.sets == 5
    vendor = problem.contenders["vendor"]
    results = [vendor(number) for number in range(6)]
    assert torch.equal(results[0], results[5])
    assert not any(torch.equal(results[0], result) for result in results[1:5])


def test_an_operation_that_nobody_builds() -> None:
    with pytest.raises(ValueError, match="nothing builds 'sorting'; there are"):
        operations.build(Case("sorting", "g", "n"), torch.device("cpu"), 1)


def test_launches_are_recorded_in_order_and_no_longer_after(device: str) -> None:
    from deepkernels.pool2d import avg_pool2d, max_pool2d

    x = torch.randn(1, 8, 4, 4, device=device).contiguous(memory_format=torch.channels_last)
    with launches.recorded() as found:
        max_pool2d(x, 2)
        avg_pool2d(x, 2)
    first, second = (one["kernel"].split(":")[0] for one in found)
    assert (first, second) == ("deepkernels.pool2d.maximum", "deepkernels.pool2d.average")
    max_pool2d(x, 2)
    assert len(found) == 2


def test_ladders_begin_with_the_definition_and_end_with_ours(device: str) -> None:
    for case, first in (
        (matmul("ladder", 16, 16, 16), "element"),
        (conv("ladder", 1, 16, 4, 16, 3), "direct"),
    ):
        names = list(operations.build(case, torch.device(device), 1, False).contenders)
        assert names[0] == first
        assert names[-2:] == ["ours", "vendor"]
        assert len(names) >= 7
