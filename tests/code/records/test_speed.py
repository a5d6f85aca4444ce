"""Reading the benchmark's record."""

import json
from pathlib import Path
from typing import Any

import pytest

from deeplearning.records import RecordError, load_speed
from deeplearning.records.store import repository

GOOD: dict[str, Any] = {
    "id": "some_step", "what": "a step", "protocol": "p", "time": "t", "machine": {}, "software": {},
    "results": [{"threads": 1}],
}  # fmt: skip


def written(folder: Path, content: Any) -> Path:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "some_step.json").write_text(text, encoding="utf-8")
    return folder


def test_reads_what_is_there(tmp_path: Path) -> None:
    assert load_speed("some_step", written(tmp_path, GOOD)) == GOOD


PUBLISHED = sorted(path.stem for path in (repository() / "results" / "speed").glob("*.json"))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_records_hold_all_contenders(name: str) -> None:
    for result in load_speed(name)["results"]:
        assert result["torch"]["ratio_to_torch"] == 1
        for contender in ("engine", "bare") if name == "mlp_step" else ("engine",):
            row = result[contender]
            assert len(row["median_seconds_a_round"]) == result["rounds"]
            assert row["ratio_percentile_20"] <= row["ratio_to_torch"] <= row["ratio_percentile_80"]
            assert 0 < row["peak_memory_mib"] < result["torch"]["peak_memory_mib"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"id": "some_st', "is not whole JSON"),
        ([1, 2], "is no record of a benchmark"),
        ({key: value for key, value in GOOD.items() if key != "machine"}, "lacks machine"),
        (GOOD | {"id": "other"}, "holds no results of 'some_step'"),
        (GOOD | {"results": []}, "holds no results"),
        (GOOD | {"results": "none"}, "holds no results"),
    ],
)
def test_errors_name_the_file_and_the_remedy(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(RecordError, match=message) as caught:
        load_speed("some_step", written(tmp_path, content))
    assert "some_step.json" in str(caught.value)
    assert "make bench" in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"no record .*absent\.json; make it with: make bench"):
        load_speed("absent", tmp_path)


def test_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "some_step.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordError, match="cannot be read"):
        load_speed("some_step", tmp_path)


@pytest.mark.parametrize("name", ["../secret", "", "MLP", "a b"])
def test_names(name: str) -> None:
    with pytest.raises(RecordError, match="small letters"):
        load_speed(name)
