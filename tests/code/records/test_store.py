"""Reading and writing records, and every way in which a file can be wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from deeplearning import records
from deeplearning.records import Metrics, Record, RecordError, store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    records.save(Record.example(), tmp_path)
    return tmp_path


def altered(folder: Path, change: Any) -> None:
    path = folder / "N0.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_what_is_saved_is_loaded(folder: Path) -> None:
    record = records.load("N0", folder)
    assert record.to_json() == Record.example().to_json()
    assert record.path == folder / "N0.json"
    assert record.seeds == (0, 1)
    assert record.seconds == pytest.approx(0.3)
    assert record.mean("accuracy") == 0.75
    assert record.std("accuracy") == pytest.approx(0.125**0.5)
    assert (record.min("accuracy"), record.max("accuracy"), record.median("accuracy")) == (
        0.5,
        1.0,
        0.75,
    )
    assert record.mean("losses").tolist() == [3.0, 1.0]


def test_saving_twice_gives_equal_bytes(folder: Path) -> None:
    before = (folder / "N0.json").read_bytes()
    records.save(records.load("N0", folder), folder)
    assert (folder / "N0.json").read_bytes() == before


def test_the_file_holds_everything_the_design_asks_for(folder: Path) -> None:
    content = json.loads((folder / "N0.json").read_text(encoding="utf-8"))
    assert {"id", "schema", "command", "config", "seeds", "time", "commit", "digest"} <= set(
        content
    )
    assert {
        "machine",
        "software",
        "protocol",
        "raw",
        "summary",
        "verdict",
        "claim",
        "criterion_text",
    } <= set(content)
    assert list(content) == sorted(content)
    assert content["summary"]["accuracy"]["mean"] == 0.75


def test_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(
        RecordError, match=r"no record .*N3\.json; make it with: python -m deeplearning run N3"
    ):
        records.load("N3", tmp_path)


@pytest.mark.parametrize("keep", [0, 1, 40, 400, -3])
def test_truncated_file(folder: Path, keep: int) -> None:
    path = folder / "N0.json"
    path.write_text(path.read_text(encoding="utf-8")[:keep], encoding="utf-8")
    with pytest.raises(
        RecordError, match=r"N0\.json is not whole JSON.*python -m deeplearning run N0"
    ):
        records.load("N0", folder)


def test_binary_file_and_folder_in_its_place(folder: Path) -> None:
    (folder / "N0.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordError, match=r"N0\.json cannot be read"):
        records.load("N0", folder)
    (folder / "N1.json").mkdir()
    with pytest.raises(RecordError, match=r"N1\.json cannot be read"):
        records.load("N1", folder)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_nan_in_the_file(folder: Path, constant: str) -> None:
    path = folder / "N0.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace("[0.5, 1.0]", f"[0.5, {constant}]"),
        encoding="utf-8",
    )
    with pytest.raises(RecordError, match=rf"N0\.json is no valid record: it holds {constant}"):
        records.load("N0", folder)


@pytest.mark.parametrize("number", ["9" * 400, "9" * 5000], ids=["large", "huge"])
def test_a_number_beyond_all_measure(folder: Path, number: str) -> None:
    path = folder / "N0.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace("[0.5, 1.0]", f"[{number}, 1.0]"), encoding="utf-8"
    )
    with pytest.raises(RecordError, match=r"N0\.json is no valid record: .*run N0"):
        records.load("N0", folder)


def test_a_record_is_the_callers_own(folder: Path) -> None:
    first = records.load("N0", folder)
    first.config["epochs"] = 99
    first.metrics.raw["losses"][0][0] = 99.0
    first.protocol["seconds"].clear()
    assert records.load("N0", folder).to_json() == Record.example().to_json()


@pytest.mark.parametrize("content", ["[]", "3", "{}", '{"schema": 1}', '{"nodes": [], "raw": 1}'])
def test_foreign_json(folder: Path, content: str) -> None:
    (folder / "N0.json").write_text(content, encoding="utf-8")
    with pytest.raises(
        RecordError, match=r"N0\.json is no valid record: it is not a record of this book"
    ):
        records.load("N0", folder)


def test_another_schema_version(folder: Path) -> None:
    altered(folder, lambda content: content.update(schema=2))
    with pytest.raises(RecordError, match="schema version is 2, this code reads version 1"):
        records.load("N0", folder)


def test_the_record_of_another_claim(folder: Path) -> None:
    (folder / "N0.json").rename(folder / "N7.json")
    with pytest.raises(RecordError, match=r"N7\.json holds the record of N0, not of N7"):
        records.load("N7", folder)


WRONG = {
    "no claim": (lambda c: c.pop("claim"), "'claim' is a required property"),
    "extra key": (lambda c: c.update(note="x"), "'note' was unexpected"),
    "short digest": (lambda c: c.update(digest="abc"), "at digest"),
    "outcome": (lambda c: c["verdict"].update(outcome="true"), "at verdict.outcome"),
    "headline": (lambda c: c["verdict"].update(headline="a\nb"), "one non-empty line"),
    "text value": (lambda c: c["raw"].update(accuracy=[0.5, "1"]), "at raw.accuracy.1"),
    "time": (lambda c: c.update(time="yesterday"), "at time"),
    "absolute source": (lambda c: c.update(source="/home/x.py"), "at source"),
    "equal seeds": (lambda c: c.update(seeds=[1, 1]), "at seeds"),
    "value lost": (lambda c: c["raw"].update(accuracy=[0.5]), "one value a seed"),
    "seed lost": (lambda c: c.update(seeds=[0]), "1 seeds, but 2 values"),
    "time lost": (lambda c: c["protocol"].update(seconds=[0.1]), "and 1 wall times"),
    "value changed": (
        lambda c: c["raw"].update(accuracy=[0.9, 1.0]),
        "summary is not that of the raw values",
    ),
    "summary changed": (
        lambda c: c["summary"]["accuracy"].update(mean=0.99),
        "summary is not that of",
    ),
    "summary lost": (lambda c: c.update(summary={}), "summary is not that of"),
    "summary emptied": (
        lambda c: c["summary"]["accuracy"].update(mean=None),
        "summary is not that of",
    ),
    "ragged": (lambda c: c["raw"].update(losses=[[1.0], [1.0, 2.0]]), "different lengths"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_field_is_named(folder: Path, name: str) -> None:
    change, message = WRONG[name]
    altered(folder, change)
    with pytest.raises(RecordError, match=message) as caught:
        records.load("N0", folder)
    assert "N0.json is no valid record" in str(caught.value)
    assert "python -m deeplearning run N0" in str(caught.value)


def test_a_missing_value_survives_the_file(tmp_path: Path) -> None:
    records.save(
        Record.example(metrics=Metrics({"steps": [None, None], "loss": [1.0, 2.0]})), tmp_path
    )
    record = records.load("N0", tmp_path)
    assert record.metrics.raw["steps"] == [None, None]
    assert record.mean("loss") == 1.5


@pytest.mark.parametrize("id", ["n3", "N", "../N3", "", "N3.json"])
def test_an_id_has_a_form(tmp_path: Path, id: str) -> None:
    with pytest.raises(RecordError, match="a capital letter and a number"):
        records.load(id, tmp_path)


def test_writing_a_bad_record_changes_nothing(folder: Path) -> None:
    before = (folder / "N0.json").read_bytes()
    for bad in (
        Record.example(metrics=Metrics({"accuracy": [float("nan"), 1.0]})),
        Record.example(time="today"),
        Record.example(config={"widths": {1, 2}}),
    ):
        with pytest.raises(RecordError, match=r"the record of N0 cannot be written to .*N0\.json"):
            records.save(bad, folder)
    assert (folder / "N0.json").read_bytes() == before
    assert len(list(folder.iterdir())) == 1


def test_load_all_is_in_natural_order(tmp_path: Path) -> None:
    for id in ("N10", "N2", "B1"):
        records.save(Record.example(id=id), tmp_path)
    assert list(records.load_all(tmp_path)) == ["B1", "N2", "N10"]
    (tmp_path / "N2.json").write_text("{", encoding="utf-8")
    with pytest.raises(RecordError, match=r"N2\.json"):
        records.load_all(tmp_path)
    assert records.load_all(tmp_path / "absent") == {}


def test_a_file_with_a_strange_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RecordError, match="'notes'"):
        records.load_all(tmp_path)


def test_default_folder_is_that_of_the_repository(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = Path(__file__).parents[3]
    assert records.repository() == root
    assert records.claims_folder() == root / "results" / "claims"
    # Installed without the clone: the present folder.
    monkeypatch.setattr(store, "__file__", str(tmp_path / "a" / "b" / "c" / "d" / "store.py"))
    monkeypatch.chdir(tmp_path)
    assert records.repository() == tmp_path
    assert records.load_all() == {}
    assert records.save(Record.example()) == tmp_path / "results" / "claims" / "N0.json"
    assert store._shown(tmp_path / "results") == "results"


def test_stale_is_a_changed_or_missing_source(tmp_path: Path) -> None:
    source = tmp_path / "n00_example.py"
    source.write_text("x = 1\n", encoding="utf-8")
    example = Record.example(source=source.name, digest=records.source_digest(source))
    records.save(example, tmp_path)
    load = lambda: records.load("N0", tmp_path, root=tmp_path)  # noqa: E731
    assert load().stale is False
    source.write_text('"""Doc."""\nx = 1  # why\n', encoding="utf-8")
    assert load().stale is False
    source.write_text("x = 2\n", encoding="utf-8")
    assert load().stale is True
    source.write_text("x =\n", encoding="utf-8")
    assert load().stale is True
    source.unlink()
    assert load().stale is True


def test_stale_without_a_root_looks_below_the_present_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "n00.py").write_text("x = 1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert Record.example(source="n00.py", digest=records.source_digest("n00.py")).stale is False
    assert Record.example(source="n00.py").stale is True  # a wrong digest
