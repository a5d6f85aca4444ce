"""Shapes, rooflines, targets, tables and digests: what the benchmark knows without measuring."""

import copy
import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from deepkernels.bench import digest, machine, roofline, table, targets
from deepkernels.bench.records import Book, read
from deepkernels.bench.roofline import DATASHEET, NOMINAL, Roofs, Work
from deepkernels.bench.shapes import Case, cases, cell, conv, fused, loss, matmul, pool
from deepkernels.bench.targets import TARGETS, Target

ROOFS = Roofs("Pretended", {"bf16": 100e12}, 1e12, "made up")


def counted(function, *tensors: torch.Tensor) -> int:
    with FlopCounterMode(display=False) as counter:
        function(*tensors)
    return counter.get_total_flops()


def test_products_count_as_pytorch_counts_them() -> None:
    a, b = torch.empty(5, 7, device="meta"), torch.empty(7, 11, device="meta")
    assert matmul("g", 5, 7, 11).work.flops == counted(torch.matmul, a, b)
    assert matmul("g", 5, 7, 11).work.bytes == 2 * (35 + 77 + 55)
    assert matmul("g", 5, 7, 11, dtype="fp32").work.bytes == 4 * (35 + 77 + 55)
    assert matmul("g", 5, 7, 11, activation="relu").work.bytes == 2 * (35 + 77 + 55 + 11)


@pytest.mark.parametrize(
    ("c", "size", "k", "r", "stride", "groups"),
    [
        (8, 9, 16, 3, 1, 1),
        (8, 9, 16, 3, 2, 1),
        (3, 12, 4, 7, 2, 1),
        (6, 5, 6, 3, 1, 6),
        (8, 4, 12, 1, 1, 1),
    ],
)
def test_convolutions_count_as_pytorch_counts_them(
    c: int, size: int, k: int, r: int, stride: int, groups: int
) -> None:
    case = conv("g", 2, c, size, k, r, stride, groups=groups)
    x, w = (
        torch.empty(2, c, size, size, device="meta"),
        torch.empty(k, c // groups, r, r, device="meta"),
    )
    padding = case.shape["padding"]
    y = F.conv2d(x, w, stride=stride, padding=padding, groups=groups)
    assert tuple(y.shape) == (2, k, case.shape["P"], case.shape["Q"])
    flops = counted(
        lambda x, w: F.conv2d(x, w, stride=stride, padding=padding, groups=groups), x, w
    )
    assert case.work.flops == flops
    assert case.work.bytes == 2 * (x.numel() + w.numel() + y.numel())
    gradient = conv("g", 2, c, size, k, r, stride, groups=groups, step="wgrad")
    assert gradient.work == case.work
    assert gradient.terms == 2 * y.shape[2] * y.shape[3]
    assert case.terms == w[0].numel()


def test_other_operations_move_each_tensor_once() -> None:
    case = pool("g", "max", 2, 4, 6, 2, 2)
    assert case.work.bytes == 2 * (2 * 4 * 36 + 2 * 4 * 9)
    backward = pool("g", "max", 2, 4, 6, 2, 2, step="backward")
    assert backward.work.bytes == case.work.bytes + 2 * 4 * 9
    lstm = cell("g", "lstm", 3, 8)
    assert lstm.work.flops == 2 * 3 * (4 * 8) * (8 + 8)
    assert lstm.work.bytes == 2 * (4 * 8 * 16 + 2 * 4 * 8 + 3 * 8 + 2 * 2 * 3 * 8)
    assert cell("g", "gru", 3, 8, steps=5).work.flops == 5 * 2 * 3 * (3 * 8) * 16
    assert loss(4, 10).work.bytes == 2 * 2 * 40 + 8 * 4
    assert fused(1, 2, 4, 8, 3).work.flops == conv("g", 1, 2, 4, 8, 3).work.flops


def test_every_key_is_one_case_and_every_target_has_cases() -> None:
    known = cases()
    keys = [(case.op, case.key) for case in known]
    assert len(set(keys)) == len(keys)
    for target in TARGETS:
        chosen = [case for case in known if (case.op, case.group) == (target.op, target.group)]
        assert len(chosen) >= 2, target
        if target.case:
            assert target.case in [case.key for case in chosen]


def test_what_must_be_measured_is_among_the_cases() -> None:
    keys = {f"{case.op}/{case.key}" for case in cases()}
    for side in (256, 512, 1024, 2048, 4096, 5120, 8192):
        assert {key for key in keys if f"/{side}x{side}x{side}/bf16" in key}, side
    assert "matmul/awkward/4097x4099x4104/bf16" in keys
    assert {case.shape["M"] for case in cases() if case.group == "skinny"} >= {1, 16, 64, 128, 256}
    assert all(case.work.bytes >= 256e6 for case in cases() if case.op == "pool2d"), (
        "pooling is timed on 256 MB or more"
    )
    assert {case.shape["H"] for case in cases() if case.group == "lstm-cell"} == {256, 512, 1024}
    assert {case.op for case in cases() if case.group == "ladder"} == {
        "matmul",
        "conv2d",
        "recurrent",
    }
    for group in ("3x3-s1", "dgrad", "wgrad"):
        names = [case.name for case in cases() if case.group == group]
        assert any(name.startswith("resnet") for name in names)
        assert any(name.startswith("vgg") for name in names)


@pytest.mark.parametrize(
    ("flops", "moved", "bound", "seconds"),
    [(100e12, 1e9, "compute", 1.0), (1e9, 1e12, "memory", 1.0), (100e12, 1e12, "memory", 1.0)],
)
def test_the_roof_is_the_slower_of_arithmetic_and_memory(
    flops: float, moved: float, bound: str, seconds: float
) -> None:
    work = Work(flops, moved)
    assert ROOFS.seconds(work, "bf16") == pytest.approx(seconds)
    assert ROOFS.bound(work, "bf16") == bound
    assert ROOFS.attained(2 * seconds, work, "bf16") == pytest.approx(0.5)
    assert not ROOFS.above(0.96 * seconds, work, "bf16")
    assert ROOFS.above(0.94 * seconds, work, "bf16")


def test_predictions_and_where_they_come_from() -> None:
    work = matmul("large", 8192, 8192, 8192).work
    found = roofline.predict(work, "bf16", NOMINAL["NVIDIA H200"])
    assert found["seconds"] == pytest.approx(2 * 8192**3 / 788e12)
    assert found["flops_per_second"] == pytest.approx(788e12)
    assert "not measured" in found["source"]
    assert round(NOMINAL["NVIDIA H200"].ridge("bf16")) == 183
    assert "data sheet" in DATASHEET["NVIDIA H200"].source
    for name, nominal in NOMINAL.items():
        assert all(speed <= DATASHEET[name].flops[dtype] for dtype, speed in nominal.flops.items())
        assert nominal.bandwidth <= DATASHEET[name].bandwidth


def test_roofs_survive_a_record() -> None:
    roofs = Roofs("Pretended", {"bf16": 1.0}, 2.0, "made up", {"bandwidths": {"copy": 2.0}})
    assert roofline.from_json(roofline.as_json(roofs)) == roofs


def row(key: str, ours: float | None = 1.0, **peers: float) -> dict[str, Any]:
    group, name, dtype = key.split("/")
    times = {**({} if ours is None else {"ours": ours}), **peers}
    return {
        "key": key, "op": "matmul", "group": group, "name": name, "dtype": dtype, "flops": 1e12,
        "contenders": {who: {"median": value} for who, value in times.items()},
        "order": list(times), "attained": None if ours is None else 0.5 / ours, "failures": [],
    }  # fmt: skip


def record(*rows: dict[str, Any], op: str = "matmul") -> dict[str, Any]:
    return {"id": f"{op}-pretended", "op": op, "cases": list(rows)}


def test_targets_are_geometric_means_of_valid_cases() -> None:
    broken = row("large/3x3x3/bf16", vendor=100.0) | {"failures": ["ours: wrong"]}
    found = record(
        row("large/1x1x1/bf16", vendor=2.0), row("large/2x2x2/bf16", vendor=0.5), broken,
        row("small/1x1x1/bf16", vendor=9.0), row("large/4x4x4/bf16", eager=7.0),
    )  # fmt: skip
    reached = targets.reached(Target("matmul", "large", "ratio", 1.0), found)
    assert reached.value == pytest.approx(1.0)
    assert (reached.n, reached.met) == (2, True)
    assert targets.reached(Target("matmul", "large", "ratio", 1.01), found).met is False
    assert targets.reached(Target("matmul", "large", "ratio", 5.0, peer="eager"), found).met
    nothing = targets.reached(Target("matmul", "skinny", "ratio", 1.0), found)
    assert (nothing.value, nothing.n, nothing.met) == (None, 0, None)


def test_targets_of_speed_and_of_the_roof() -> None:
    found = record(row("large/1x1x1/bf16", ours=0.5), row("large/2x2x2/bf16", ours=2.0))
    speed = Target("matmul", "large", "tflops", 2.0, case="large/1x1x1/bf16")
    assert targets.reached(speed, found).value == pytest.approx(2.0)
    share = targets.reached(Target("matmul", "large", "attained", 0.5), found)
    assert share.value == pytest.approx(math.sqrt(1.0 * 0.25))
    assert targets.reached(speed, record(row("large/1x1x1/bf16", ours=None))).value is None


def test_the_table_says_what_each_contender_took() -> None:
    text = table.table(
        record(
            row("large/1x1x1/bf16", ours=1e-3, vendor=2e-3, compile=5e-3),
            row("large/2x2x2/bf16", ours=45.6e-6) | {"failures": ["ours: wrong"]},
        )
    )
    first = next(line for line in text.splitlines() if line.startswith("large/1x1x1"))
    assert first.split() == [
        "large/1x1x1/bf16", "1.00", "ms", "2.00", "ms", "2.00", "5.00", "ms", "5.00", "-", "-", "50000%",
    ]  # fmt: skip
    assert next(line for line in text.splitlines() if line.startswith("large/2x2x2")).endswith(
        "failed"
    )
    assert "large: vendor ÷ ours ≥ 1.00" in text
    assert "missed" not in text.split("large: vendor")[1].splitlines()[0]
    skinny = next(line for line in text.splitlines() if line.startswith("skinny"))
    assert skinny.split()[-5:] == ["-", "0", "cases", "not", "measured"]


def test_the_ladder_says_what_each_rung_gained() -> None:
    rung = row("ladder/1x1x1/bf16") | {"order": ["naive", "tiled", "ours", "vendor"]}
    rung["contenders"] = {
        "naive": {"median": 1.0}, "tiled": {"failure": "no"}, "ours": {"median": 0.25}, "vendor": {"median": 0.2},
    }  # fmt: skip
    lines = table.table(record(rung)).splitlines()
    assert "ladder/1x1x1/bf16, one rung after the other" in lines
    found = {line.split()[0]: line.split()[1:] for line in lines if line and line[0].islower()}
    assert found["naive"] == ["1.00", "s", "1.0", "-", "0.20"]
    assert found["ours"] == ["250", "ms", "4.0", "4.00", "×", "0.80"]
    assert found["vendor"][-1] == "1.00"
    assert "tiled" not in found


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (2.0, "2.00 s"),
        (0.0123, "12.3 ms"),
        (999e-6, "999 µs"),
        (1e-6, "1.00 µs"),
        (5e-8, "50 ns"),
        (None, "-"),
    ],
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert table.duration(seconds) == shown


def test_progress_lines_name_failures_and_missing_contenders() -> None:
    case = row("large/1x1x1/bf16", ours=0.5, vendor=1.0)
    case["contenders"]["compile"] = {"failure": "no"}
    assert table.line(case) == (
        "large/1x1x1/bf16: ours 500 ms (2.0 TFLOP/s, 100% of attainable), compile failed, "
        "vendor 1.00 s = 2.00 × ours"
    )
    alone = row("large/1x1x1/bf16", ours=None, vendor=1.0)
    assert table.line(alone) == "large/1x1x1/bf16: ours -, vendor 1.00 s"


# Digests.


@pytest.fixture
def package(tmp_path: Path) -> Path:
    root = tmp_path / "deepkernels"
    files = {
        "language.py": "def dot(): return 1\n",
        "check.py": "MESSAGE = 1\n",
        "matmul/__init__.py": "from deepkernels.matmul.op import matmul\n",
        "matmul/op.py": "from deepkernels import check, configs, language\n"
        "def matmul():\n    '''Doc.'''\n    return 2\n",
        "matmul/reference.py": "X = 1\n",
        "configs.py": "load = 1\n",
        "configs/matmul.json": '{"origin": "a", "configurations": [{"kernel": "deepkernels.matmul.named:f"}]}',
        "matmul/named.py": "from deepkernels.wave import wave\n",
        "wave.py": "wave = 1\n",
        "configs/conv2d.json": '{"origin": "a", "configurations": []}',
        "conv2d/__init__.py": "from .op import conv2d\n",
        "conv2d/op.py": "def conv2d():\n    from deepkernels.matmul import matmul\n    return matmul\n",
        "bench/timing.py": "X = 1\n",
        "__init__.py": "from deepkernels.conv2d import conv2d\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def change(package: Path, name: str, text: str) -> None:
    (package / name).write_text(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "matmul/op.py",
            "# A comment.\nfrom deepkernels import check, configs, language\n\n\ndef matmul():\n    return 2\n",
        ),
        (
            "configs/matmul.json",
            '{"configurations": [{"kernel":\n"deepkernels.matmul.named:f"}],"origin": "b"}',
        ),
        ("check.py", "MESSAGE = 2\n"),
        ("matmul/reference.py", "X = 2\n"),
        ("bench/timing.py", "X = 2\n"),
        ("conv2d/op.py", "X = 2\n"),
        ("configs/conv2d.json", "{}"),
        ("__init__.py", "X = 2\n"),
    ],
)
def test_what_changes_no_time_changes_no_digest(package: Path, name: str, text: str) -> None:
    before = digest.digest("matmul", package)
    change(package, name, text)
    assert digest.digest("matmul", package) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "matmul/op.py",
            "from deepkernels import check, configs, language\n\ndef matmul():\n    return 3\n",
        ),
        ("language.py", "def dot(): return 2\n"),
        ("configs/matmul.json", '{"origin": "a", "configurations": []}'),
        ("wave.py", "wave = 2\n"),
        ("matmul/more.py", "X = 1\n"),
    ],
)
def test_what_may_change_a_time_changes_the_digest(package: Path, name: str, text: str) -> None:
    before = digest.digest("matmul", package)
    change(package, name, text)
    assert digest.digest("matmul", package) != before
    assert len(digest.digest("matmul", package)) == 64


def test_imports_are_followed(package: Path) -> None:
    names = {path.relative_to(package).as_posix() for path in digest.files("conv2d", package)}
    assert names == {
        "conv2d/__init__.py", "conv2d/op.py", "matmul/__init__.py", "matmul/op.py", "language.py", "configs.py",
        "matmul/named.py", "wave.py",
        "configs/conv2d.json", "configs/matmul.json",
    }  # fmt: skip


def test_digests_of_operations_that_are_not_there() -> None:
    with pytest.raises(ValueError, match="no operation 'sort'"):
        digest.digest("sort")


def test_every_operation_with_cases_has_a_digest() -> None:
    for op in {case.op for case in cases()}:
        assert op in digest.BEGINS


# The machine.


def test_nvidia_smi_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def command(*arguments: str, folder: Path | None = None) -> str:
        asked.append(arguments)
        return "1980, 2619, 512.25, 61, 0x0000000000000004"

    monkeypatch.setattr(machine, "command", command)
    assert machine.state() == {
        "sm_clock_mhz": 1980.0,
        "memory_clock_mhz": 2619.0,
        "power_watts": 512.25,
        "temperature_c": 61.0,
        "throttled": "0x0000000000000004",
    }
    assert asked[0][0] == "nvidia-smi"
    assert "clocks.sm" in asked[0][1]


@pytest.mark.parametrize("answer", [None, "", "1, 2"])
def test_without_nvidia_smi_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    monkeypatch.setattr(machine, "command", lambda *arguments: answer)
    assert machine.state() == dict.fromkeys(machine.STATE)


def test_commands_that_fail_answer_none(tmp_path: Path) -> None:
    assert machine.command("no-such-command-here") is None
    assert machine.command("python3", "-c", "raise SystemExit(3)") is None
    assert machine.commit(tmp_path) is None


# Records.


def test_a_book_needs_a_run(tmp_path: Path) -> None:
    book = Book("matmul", "pretended", tmp_path)
    with pytest.raises(ValueError, match=r"no run has begun; call begin\(\)"):
        book.add(row("large/1x1x1/bf16"))


def test_files_are_sorted_whole_and_replaced(tmp_path: Path) -> None:
    book = Book("matmul", "pretended", tmp_path)
    book.begin({"gpu": "P"}, lambda: {"bandwidth": 1.0})
    for key in ("large/2x2x2/bf16", "large/1x1x1/bf16", "large/2x2x2/bf16"):
        book.add(row(key) | {"digest": "d", "samples": [0.1, 0.25]})
    text = book.path.read_text()
    assert read(book.path) == book.content
    assert [case["key"] for case in book.content["cases"]] == [
        "large/1x1x1/bf16",
        "large/2x2x2/bf16",
    ]
    assert '"samples": [0.1, 0.25]' in text
    assert text.index('"cases"') < text.index('"command"') < text.index('"id"')
    assert [path.name for path in tmp_path.iterdir()] == ["matmul-pretended.json"]


def test_a_failed_write_leaves_the_older_file(tmp_path: Path) -> None:
    book = Book("matmul", "pretended", tmp_path)
    book.begin({"gpu": "P"}, lambda: {"bandwidth": 1.0})
    book.add(row("large/1x1x1/bf16"))
    before = book.path.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        book.add(row("large/2x2x2/bf16") | {"attained": math.nan})
    assert book.path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["matmul-pretended.json"]


def test_cases_are_frozen_values() -> None:
    case = matmul("large", 1, 2, 3)
    with pytest.raises(TypeError):
        case.shape["M"] = 5  # type: ignore[index]
    assert copy.copy(case) == case
    assert isinstance(case, Case)
