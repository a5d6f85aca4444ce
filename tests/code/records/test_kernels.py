"""Reading the kernel benchmark's record, and what is refused."""

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deepkernels.bench import digest
from deepkernels.bench import records as written
from deeplearning.records import KernelRecord, RecordError, load_kernels, measured_kernels
from deeplearning.records.kernels import check_kernels, kernels_folder

GOOD = KernelRecord.example().content
KEY = "large/64x64x64/bf16"


def save(folder: Path, content: Any, name: str = "matmul-example") -> Path:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    content = copy.deepcopy(GOOD)
    change(content)
    return content


def test_reads_what_is_there(tmp_path: Path) -> None:
    record = load_kernels("matmul", "example", save(tmp_path, GOOD))
    assert record.content == GOOD
    assert (record.op, record.machine, record.gpu) == ("matmul", "example", "Example GPU")
    assert record.path == tmp_path / "matmul-example.json"
    assert record.seconds(KEY) == 4e-6
    assert record.ratio(KEY) == pytest.approx(1.25)
    assert record.tflops(KEY, "vendor") == pytest.approx(524288 / 5e-6 / 1e12)
    assert record.mean_ratio("large") == pytest.approx(1.25)
    assert math.isnan(record.mean_ratio("large", "eager"))
    assert math.isnan(record.mean_ratio("absent"))
    assert record.roofs["bandwidth"] == 1e12


def test_the_only_machine_need_not_be_named(tmp_path: Path) -> None:
    assert measured_kernels("matmul", tmp_path) == []
    with pytest.raises(RecordError, match=r"matmul is not yet measured on a GPU.*make bench"):
        load_kernels("matmul", folder=tmp_path)
    save(tmp_path, GOOD)
    assert load_kernels("matmul", folder=tmp_path).machine == "example"
    save(tmp_path, GOOD | {"id": "matmul-other-one"}, "matmul-other-one")
    assert measured_kernels("matmul", tmp_path) == ["example", "other-one"]
    with pytest.raises(RecordError, match="measured on example, other-one: name one"):
        load_kernels("matmul", folder=tmp_path)


def test_geometric_mean_of_several_cases() -> None:
    other = copy.deepcopy(GOOD["cases"][0])
    other |= {"key": "large/8x8x8/bf16", "name": "8x8x8"}
    other["contenders"]["vendor"]["median"] = 1e-6
    record = KernelRecord(GOOD | {"cases": [GOOD["cases"][0], other]})
    assert record.mean_ratio("large") == pytest.approx(math.sqrt(1.25 * 0.25))


def test_failed_cases_are_kept_apart() -> None:
    record = KernelRecord(changed(lambda c: c["cases"][0].update(failures=["ours: wrong"])))
    assert record.cases == {}
    assert record.group("large") == []
    assert record.failures == {KEY: ["ours: wrong"]}
    with pytest.raises(RecordError, match="no valid case"):
        record.seconds(KEY)


def test_a_contender_without_time() -> None:
    record = KernelRecord.example()
    with pytest.raises(RecordError, match="no time of 'eager'"):
        record.seconds(KEY, "eager")


def test_stale_follows_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "digest", lambda op: "0" * 64)
    assert not KernelRecord.example().stale
    monkeypatch.setattr(digest, "digest", lambda op: "1" * 64)
    assert KernelRecord.example().stale

    def gone(op: str) -> str:
        raise ValueError

    monkeypatch.setattr(digest, "digest", gone)
    assert KernelRecord.example().stale


def test_what_the_benchmark_writes_is_read(tmp_path: Path) -> None:
    written.write(tmp_path / "matmul-example.json", GOOD)
    assert load_kernels("matmul", "example", tmp_path).content == GOOD
    assert written.read(tmp_path / "matmul-example.json") == GOOD


def test_published_records_are_whole() -> None:
    for path in kernels_folder().glob("*.json"):
        op, _, machine = path.stem.partition("-")
        assert not load_kernels(op, machine).failures


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"id": "matm', "is not whole JSON"),
        ([1, 2], "is no valid record: at the whole file"),
        (GOOD | {"schema": 2}, "at schema"),
        (GOOD | {"cases": []}, "at cases"),
        (GOOD | {"extra": 1}, "extra"),
        (GOOD | {"id": "matmul-other"}, "holds the record 'matmul-other'"),
        (GOOD | {"op": "conv2d"}, "is not of 'conv2d'"),
        (GOOD | {"cases": GOOD["cases"] * 2}, "a case occurs twice"),
        (changed(lambda c: c["cases"][0].pop("digest")), "digest"),
        (changed(lambda c: c["cases"][0].update(run=1)), "run 1 of 1"),
        (changed(lambda c: c["cases"][0].update(order=["ours"])), "its order"),
        (changed(lambda c: c["cases"][0].update(attained=0.9)), "share of the attainable"),
        (
            changed(lambda c: c["cases"][0]["contenders"]["ours"].update(median=3e-6)),
            "the median of ours",
        ),
        (
            changed(lambda c: c["cases"][0]["contenders"]["vendor"].update(percentile_20=3e-6)),
            "the percentile_20 of vendor",
        ),
        (changed(lambda c: c["cases"][0]["contenders"]["ours"].update(n=4)), "3 samples, not 4"),
    ],
)
def test_errors_name_the_file_and_the_remedy(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(RecordError, match=message) as caught:
        load_kernels("matmul", "example", save(tmp_path, content))
    assert "matmul-example.json" in str(caught.value)
    assert "make bench" in str(caught.value)


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"no record .*matmul-h200\.json; make bench"):
        load_kernels("matmul", "h200", tmp_path)
    (tmp_path / "matmul-h200.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordError, match="cannot be read"):
        load_kernels("matmul", "h200", tmp_path)


@pytest.mark.parametrize("name", ["../secret", "", "Matmul", "a b"])
def test_names(name: str) -> None:
    with pytest.raises(RecordError, match="small letters"):
        load_kernels(name)


def test_a_contender_that_failed_needs_no_times() -> None:
    def fail(content: dict[str, Any]) -> None:
        content["cases"][0]["contenders"]["vendor"] = {"failure": "no engine"}

    assert check_kernels(changed(fail)) is None
    assert check_kernels(changed(lambda c: c["cases"][0].update(dtype="fp32"))) is None
