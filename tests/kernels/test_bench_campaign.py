"""Many cases on a machine that pretends: resuming, budgets, failures, and the command line without a GPU."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from deepkernels.bench import __main__ as command
from deepkernels.bench import campaign
from deepkernels.bench.records import Book, read
from deepkernels.bench.session import Problem
from deepkernels.bench.shapes import Case, conv, matmul
from deepkernels.bench.timing import Plan
from kernel_pretended import Contender, PretendedClock

RIGHT = torch.tensor([1.0, 2.0, 4.0])
CASES = [matmul("large", side, side, side) for side in (1000, 2000, 3000)]
DIGESTS = {"matmul": "a" * 64, "conv2d": "b" * 64}
PLAN = Plan(samples=12)


class PretendedMachine:
    """Every contender takes one and a half times the least time; some cases go wrong on request."""

    def __init__(self, broken: Mapping[str, str] | None = None, **environment: Any) -> None:
        self.clock = PretendedClock()
        self.broken = dict(broken or {})
        self.known = {"gpu": "Pretended", "driver": "1.0", **environment}
        self.built: list[str] = []
        self.roofs_measured = 0
        self.alive = True

    def environment(self) -> Mapping[str, Any]:
        return self.known

    def state(self) -> dict[str, Any]:
        return {"sm_clock_mhz": 1980.0, "power_watts": None}

    def roofs(self) -> Mapping[str, Any]:
        self.roofs_measured += 1
        return {
            "machine": "Pretended",
            "flops": {"bf16": 1e12},
            "bandwidth": 1e12,
            "source": "made up",
        }

    def build(self, case: Case) -> Problem:
        self.built.append(case.key)
        how = self.broken.get(case.key)
        if how == "set-up":
            raise RuntimeError("out of memory")
        if how == "interrupt":
            raise KeyboardInterrupt
        if how == "fatal":
            self.alive = False
        seconds = 1.5 * max(case.work.flops, case.work.bytes) / 1e12
        result = -RIGHT if how in ("wrong", "fatal") else RIGHT
        ours = Contender(self.clock, "ours", seconds, result)
        vendor = Contender(self.clock, "vendor", 1.1 * seconds, RIGHT)
        return Problem({"ours": ours, "vendor": vendor}, lambda: [RIGHT.double()])

    def healthy(self) -> bool:
        return self.alive

    def tidy(self) -> None:
        pass


def run(folder: Path, machine: PretendedMachine, cases: list[Case] = CASES, **options: Any) -> Any:
    books = {op: Book(op, "pretended", folder) for op in dict.fromkeys(case.op for case in cases)}
    digests = options.pop("digests", DIGESTS)
    lines: list[str] = []
    outcome = campaign.run(
        cases, books, machine, digests, PLAN, say=lines.append, clock=lambda: machine.clock.now, **options
    )  # fmt: skip
    return outcome, lines, books


def test_every_case_is_measured_and_saved(tmp_path: Path) -> None:
    machine = PretendedMachine()
    outcome, lines, _ = run(tmp_path, machine)
    assert outcome.done == [f"matmul/{case.key}" for case in CASES]
    assert (outcome.failed, outcome.left, outcome.kept, outcome.stopped) == ([], [], [], "")
    record = read(tmp_path / "matmul-pretended.json")
    assert [case["key"] for case in record["cases"]] == sorted(case.key for case in CASES)
    assert len(record["runs"]) == 1
    assert record["runs"][0]["roofs"]["bandwidth"] == 1e12
    assert {case["run"] for case in record["cases"]} == {0}
    assert len(lines) == 3
    assert (
        "matmul/large/1000x1000x1000/bf16: ours 3.00 ms (0.7 TFLOP/s, 67% of attainable)"
        in lines[0]
    )
    assert "vendor 3.30 ms = 1.10 × ours" in lines[0]


def test_what_is_recorded_is_not_measured_again(tmp_path: Path) -> None:
    run(tmp_path, PretendedMachine(), CASES[:2])
    machine = PretendedMachine()
    outcome, _, _ = run(tmp_path, machine)
    assert machine.built == [CASES[2].key]
    assert outcome.kept == [f"matmul/{case.key}" for case in CASES[:2]]
    assert machine.roofs_measured == 0, "the same machine and software have the same roofs"
    assert len(read(tmp_path / "matmul-pretended.json")["runs"]) == 1


def test_another_driver_is_another_run(tmp_path: Path) -> None:
    run(tmp_path, PretendedMachine(), CASES[:2])
    run(tmp_path, PretendedMachine(driver="2.0"))
    record = read(tmp_path / "matmul-pretended.json")
    assert [one["driver"] for one in record["runs"]] == ["1.0", "2.0"]
    assert {case["key"]: case["run"] for case in record["cases"]} == {
        CASES[0].key: 0,
        CASES[1].key: 0,
        CASES[2].key: 1,
    }


@pytest.mark.parametrize(
    "options", [{"fresh": True}, {"digests": {"matmul": "c" * 64}}], ids=["fresh", "other source"]
)
def test_fresh_or_changed_sources_are_measured_again(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    run(tmp_path, PretendedMachine())
    machine = PretendedMachine()
    outcome, _, _ = run(tmp_path, machine, **options)
    assert len(outcome.done) == len(machine.built) == 3
    assert len(read(tmp_path / "matmul-pretended.json")["cases"]) == 3


def test_failures_are_kept_shown_and_tried_again_last(tmp_path: Path) -> None:
    key = CASES[0].key
    outcome, lines, books = run(tmp_path, PretendedMachine({key: "wrong"}), CASES[:2])
    assert outcome.failed == [f"matmul/{key}"]
    assert "FAILED: ours: the result is wrong" in lines[0]
    assert books["matmul"].cases[key]["failures"]
    machine = PretendedMachine()
    outcome, _, books = run(tmp_path, machine)
    assert machine.built == [CASES[2].key, key]
    assert outcome.failed == []
    assert not books["matmul"].cases[key]["failures"]


def test_a_case_that_cannot_be_set_up_is_a_failure_of_its_own(tmp_path: Path) -> None:
    outcome, _, books = run(tmp_path, PretendedMachine({CASES[1].key: "set-up"}))
    assert outcome.failed == [f"matmul/{CASES[1].key}"]
    assert len(outcome.done) == 2
    assert books["matmul"].cases[CASES[1].key]["failures"] == [
        "ours: ValueError: cannot be set up: RuntimeError: out of memory"
    ]


def test_a_device_that_died_ends_the_campaign(tmp_path: Path) -> None:
    outcome, _, _ = run(tmp_path, PretendedMachine({CASES[1].key: "fatal"}))
    assert outcome.stopped == f"the device does not answer any more after matmul/{CASES[1].key}"
    assert outcome.left == [f"matmul/{CASES[2].key}"]
    assert len(read(tmp_path / "matmul-pretended.json")["cases"]) == 2


def test_the_budget_stops_before_a_case_that_may_take_too_long(tmp_path: Path) -> None:
    alike = [
        matmul("large", *shape)
        for shape in ((1000, 1000, 2000), (1000, 2000, 1000), (2000, 1000, 1000))
    ]
    machine = PretendedMachine()
    run(tmp_path / "one", machine, alike[:1])
    each = machine.clock.now
    machine = PretendedMachine()
    outcome, _, _ = run(tmp_path, machine, alike, budget=3 * each)
    assert machine.clock.now <= 3 * each
    assert outcome.done == [f"matmul/{case.key}" for case in alike[:2]]
    assert outcome.left == [f"matmul/{alike[2].key}"]
    assert outcome.stopped.endswith("s is used up")
    rest, _, _ = run(tmp_path, PretendedMachine(), alike, budget=1e9)
    assert rest.done == outcome.left


def test_time_before_the_campaign_counts(tmp_path: Path) -> None:
    outcome, _, _ = run(tmp_path, PretendedMachine(), budget=1.0, began=-2.0)
    assert (outcome.done, len(outcome.left)) == ([], 3)


def test_an_interruption_loses_the_running_case_only(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, PretendedMachine({CASES[1].key: "interrupt"}))
    assert [case["key"] for case in read(tmp_path / "matmul-pretended.json")["cases"]] == [
        CASES[0].key
    ]


def test_each_operation_has_a_file_of_its_own(tmp_path: Path) -> None:
    run(tmp_path, PretendedMachine(), [CASES[0], conv("3x3-s1", 2, 8, 8, 8, 3)])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "conv2d-pretended.json",
        "matmul-pretended.json",
    ]


def test_an_empty_folder_goes_on_from_the_repositorys_record(tmp_path: Path) -> None:
    run(tmp_path / "earlier", PretendedMachine(), CASES[:1])
    before = (tmp_path / "earlier" / "matmul-pretended.json").read_text()
    book = Book("matmul", "pretended", tmp_path / "out", tmp_path / "earlier")
    assert book.has(CASES[0].key, DIGESTS["matmul"])
    machine = PretendedMachine()
    campaign.run(
        CASES[:2],
        {"matmul": book},
        machine,
        DIGESTS,
        PLAN,
        say=str,
        clock=lambda: machine.clock.now,
    )
    assert len(read(tmp_path / "out" / "matmul-pretended.json")["cases"]) == 2
    assert (tmp_path / "earlier" / "matmul-pretended.json").read_text() == before


# The command line.


def answer(capsys: pytest.CaptureFixture[str], *given: str) -> tuple[int, str, str]:
    code = command.main(given)
    found = capsys.readouterr()
    return code, found.out, found.err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a device")
def test_without_a_gpu_one_sentence_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys) == (2, "There is no CUDA device here, so no kernel was timed.\n", "")


def test_the_cases_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = answer(capsys, "matmul", "--group", "skinny", "--list")
    assert code == 0
    assert len(out.splitlines()) == 10
    assert "matmul/skinny/1x4096x4096/bf16" in out.splitlines()


def test_predictions_name_their_source(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = answer(capsys, "matmul", "--group", "large", "--predict")
    assert code == 0
    assert out.startswith("NVIDIA H200: nominal")
    assert "matmul/large/8192x8192x8192/bf16: compute-bound" in out


def test_tables_of_recorded_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "make it" not in answer(capsys, "--table", "--out", str(tmp_path))[1]
    assert answer(capsys, "--table", "--out", str(tmp_path))[1].startswith("no record in")
    run(tmp_path, PretendedMachine())
    code, out, _ = answer(capsys, "matmul", "--table", "--out", str(tmp_path))
    assert code == 0
    assert out.startswith("matmul-pretended\n")
    assert "large: vendor ÷ ours ≥ 1.00" in out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["matmull", "--list"], "no operation 'matmull'; there are conv2d"),
        (["--group", "huge", "--list"], "no group 'huge'; there are 1x1"),
    ],
)
def test_names_that_are_not_there(
    capsys: pytest.CaptureFixture[str], given: list[str], message: str
) -> None:
    code, _, err = answer(capsys, *given)
    assert code == 2
    assert message in err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "is no record of schema 1"),
        (json.dumps({"schema": 1, "id": "x"}), "lacks op, runs, cases"),
    ],
)
def test_broken_records_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "matmul-pretended.json").write_text(content)
    code, _, err = answer(capsys, "--table", "--out", str(tmp_path))
    assert code == 2
    assert message in err
    assert "matmul-pretended.json" in err


def fake_measure(action: Callable[[], int]) -> Callable[..., int]:
    return lambda *arguments: action()


def test_ctrl_c_says_that_nothing_is_lost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(command, "measure", fake_measure(interrupted))
    code, _, err = answer(capsys)
    assert code == 130
    assert "what was measured is saved" in err


@pytest.mark.parametrize(
    ("broken", "code"), [({}, 0), ({matmul("skinny", 1, 4096, 4096).key: "wrong"}, 1)]
)
def test_a_whole_run(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    broken: dict[str, str],
    code: int,
) -> None:
    from deepkernels.bench import device

    machine = PretendedMachine(broken)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "NVIDIA Pretended 80GB")
    monkeypatch.setattr(device, "Device", lambda *arguments: machine)
    found, out, _ = answer(capsys, "matmul", "--group", "skinny", "--out", str(tmp_path))
    assert found == code
    assert (tmp_path / "matmul-pretended-80gb.json").is_file()
    assert (
        f"{10 - len(broken)} cases measured, 0 kept from before, {len(broken)} failed, 0 left"
        in out
    )
    assert ("failed: matmul/skinny/1x4096x4096/bf16" in out) == bool(broken)
    _, out, _ = answer(capsys, "matmul", "--group", "skinny", "--out", str(tmp_path))
    assert f"0 cases measured, {10 - len(broken)} kept from before, {len(broken)} failed" in out
