"""One case: checked, timed, checked again; what makes it a failure."""

import json
import math
from typing import Any

import pytest
import torch

from deepkernels.bench import correctness
from deepkernels.bench.roofline import Roofs
from deepkernels.bench.session import Problem, run_case
from deepkernels.bench.shapes import matmul
from deepkernels.bench.timing import Plan
from kernel_pretended import Contender, PretendedClock

ROOFS = Roofs("Pretended", {"bf16": 1e12}, 1e12, "made up for the test")
CASE = matmul("large", 1000, 1000, 1000)  # 2e9 operations: 2 ms at least
RIGHT = torch.tensor([1.0, 2.0, 4.0])


def run(
    ours: Any = 2.5e-3, problem: dict[str, Any] | None = None, **results: Any
) -> dict[str, Any]:
    clock = PretendedClock()
    times = {"ours": ours, "vendor": 3e-3}
    contenders = {
        name: Contender(clock, name, seconds, results.get(name, RIGHT))
        for name, seconds in times.items()
    }
    arguments = {"contenders": contenders, "expected": lambda: [RIGHT.double()]} | (problem or {})
    states = iter([{"sm_clock_mhz": 1980.0}, {"sm_clock_mhz": 1755.0}])
    return run_case(
        CASE,
        Problem(**arguments),
        clock,
        Plan(samples=20),
        ROOFS,
        "d" * 64,
        3,
        lambda: next(states),
    )


def test_a_row_has_all_that_identifies_it() -> None:
    row = run(problem={"configuration": {"BLOCK_M": 128}, "sets": 2})
    assert row["key"] == "large/1000x1000x1000/bf16"
    assert row["failures"] == []
    assert row["attained"] == pytest.approx(2e-3 / 2.5e-3)
    assert (row["bound"], row["dtype"], row["seed"], row["digest"]) == (
        "compute",
        "bf16",
        3,
        "d" * 64,
    )
    assert (row["flops"], row["bytes"]) == (2e9, 6e6)
    assert row["shape"] == {"M": 1000, "K": 1000, "N": 1000}
    assert (row["configuration"], row["buffer_sets"]) == ({"BLOCK_M": 128}, 2)
    assert (row["state_before"], row["state_after"]) == (
        {"sm_clock_mhz": 1980.0},
        {"sm_clock_mhz": 1755.0},
    )
    for name in ("ours", "vendor"):
        found = row["contenders"][name]
        assert found["n"] == len(found["samples"]) == 20
        assert found["percentile_20"] <= found["median"] <= found["percentile_80"]
        assert found["error_before"]["right"]
        assert found["error_after"]["right"]
    assert json.loads(json.dumps(row, allow_nan=False)) == row


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (torch.tensor([1.0, 2.0, -4.0]), "ours: the result is wrong: error frobenius 1.7"),
        (
            torch.tensor([1.0, math.nan, 4.0]),
            "ours: the result is wrong: error frobenius not finite",
        ),
        (torch.tensor([1.0, 2.0]), "ours: the result is wrong"),
        (torch.tensor([1.0, 2.0, 4.05]), "ours: the result is wrong"),
    ],
    ids=["sign", "NaN", "shape", "one per cent"],
)
def test_a_wrong_result_of_ours_fails_the_case(result: torch.Tensor, message: str) -> None:
    clock = PretendedClock()
    contenders = {"ours": Contender(clock, "ours", 2.5e-3, result)}
    row = run_case(
        CASE, Problem(contenders, lambda: [RIGHT.double()]), clock, Plan(samples=20), ROOFS, "d"
    )
    assert len(row["failures"]) == 1
    assert row["failures"][0].startswith(message)
    assert "median" in row["contenders"]["ours"]


def test_a_result_that_turns_wrong_while_timed_fails_the_case() -> None:
    clock = PretendedClock()
    ours = Contender(clock, "ours", 2.5e-3, RIGHT.clone())

    def overwrite(number: int) -> float:
        if number == 20:
            ours.result[1] = 7.0
        return 2.5e-3

    ours.seconds = overwrite
    row = run_case(
        CASE, Problem({"ours": ours}, lambda: [RIGHT.double()]), clock, Plan(samples=20), ROOFS, "d"
    )
    assert row["contenders"]["ours"]["error_before"]["right"]
    assert not row["contenders"]["ours"]["error_after"]["right"]
    assert len(row["failures"]) == 1


def test_the_vendors_other_rounding_is_noted_and_fails_nothing() -> None:
    clock = PretendedClock()
    contenders = {
        "ours": Contender(clock, "ours", 2.5e-3, RIGHT),
        "vendor": Contender(clock, "vendor", 3e-3, RIGHT + torch.tensor([0.0, 0.0, 0.1])),
    }
    row = run_case(
        CASE, Problem(contenders, lambda: [RIGHT.double()]), clock, Plan(samples=20), ROOFS, "d"
    )
    assert row["failures"] == []
    assert not row["contenders"]["vendor"]["error_before"]["right"]


def test_a_rung_is_judged_as_ours_is() -> None:
    clock = PretendedClock()
    contenders = {
        "naive": Contender(clock, "naive", 1.0, -RIGHT),
        "ours": Contender(clock, "ours", 2.5e-3, RIGHT),
    }
    row = run_case(
        CASE, Problem(contenders, lambda: [RIGHT.double()]), clock, Plan(samples=20), ROOFS, "d"
    )
    assert [failure.partition(":")[0] for failure in row["failures"]] == ["naive"]
    assert row["order"] == ["naive", "ours"]


@pytest.mark.parametrize("name", ["ours", "vendor"])
def test_a_time_above_the_roof_fails_the_case_whoever_it_is(name: str) -> None:
    clock = PretendedClock()
    times = {"ours": 2.5e-3, "vendor": 2.5e-3} | {name: 1.8e-3}  # 2 ms less 5 % is the least
    contenders = {key: Contender(clock, key, value, RIGHT) for key, value in times.items()}
    row = run_case(
        CASE, Problem(contenders, lambda: [RIGHT.double()]), clock, Plan(samples=20), ROOFS, "d"
    )
    assert row["failures"] == [
        f"{name}: above the roof (111% of attainable), so the measurement is wrong"
    ]


def test_a_hair_above_the_roof_is_within_the_roofs_own_spread() -> None:
    assert run(ours=1.95e-3)["failures"] == []


def test_ours_that_does_not_run_fails_the_case_and_the_vendor_is_timed() -> None:
    clock = PretendedClock()

    def broken(_: int) -> None:
        raise ValueError("out of shared memory")

    contenders = {"ours": broken, "vendor": Contender(clock, "vendor", 3e-3, RIGHT)}
    row = run_case(
        CASE, Problem(contenders, lambda: [RIGHT.double()]), clock, Plan(samples=20), ROOFS, "d"
    )
    assert row["contenders"]["ours"] == {"failure": "ValueError: out of shared memory"}
    assert row["failures"] == ["ours: ValueError: out of shared memory"]
    assert row["attained"] is None
    assert row["contenders"]["vendor"]["median"] == pytest.approx(3e-3)


def test_a_vendor_that_does_not_run_is_noted() -> None:
    clock = PretendedClock()

    def broken(_: int) -> None:
        raise RuntimeError("cuDNN has no engine")

    contenders = {"ours": Contender(clock, "ours", 3e-3, RIGHT), "vendor": broken}
    row = run_case(
        CASE, Problem(contenders, lambda: [RIGHT.double()]), clock, Plan(samples=20), ROOFS, "d"
    )
    assert row["failures"] == []
    assert row["contenders"]["vendor"] == {"failure": "RuntimeError: cuDNN has no engine"}


def test_largest_error_sees_what_the_norm_does_not() -> None:
    expected = torch.randn(1000, 1000, dtype=torch.float64)
    wrong = expected.clone()
    wrong[500, 500] = 0.0 if abs(expected[500, 500]) > 0.5 else 2.0
    found = correctness.errors([wrong], [expected])
    assert found["frobenius"] < correctness.tolerance("bf16", 1000)
    assert found["largest"] > 2 * correctness.tolerance("bf16", 1000)
    assert not correctness.check(lambda _: wrong, [expected], "bf16", 1000)["right"]


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_one_rounding_of_the_exact_result_is_accepted(dtype: str) -> None:
    expected = torch.randn(300, 300, dtype=torch.float64)
    rounded = expected.to(correctness.DTYPES[dtype])
    assert correctness.check(lambda _: rounded, [expected], dtype, 64)["right"]
    assert not correctness.check(lambda _: rounded * 1.02, [expected], dtype, 64)["right"]


def test_several_results_and_integers() -> None:
    expected = [torch.ones(2), torch.tensor([3, 4])]
    assert correctness.check(lambda _: tuple(expected), expected, "bf16", 1)["right"]
    assert not correctness.check(lambda _: expected[:1], expected, "bf16", 1)["right"]
    assert correctness.as_list(expected[0])[0] is expected[0]
