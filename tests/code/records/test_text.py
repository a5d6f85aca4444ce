"""JSON text: equal bytes for equal values; files are written whole or not at all."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplearning.records.text import format_json, write_atomically

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(trees)
def test_reads_back_equal(value: object) -> None:
    assert json.loads(format_json(value)) == value


@given(st.dictionaries(st.text(), scalars))
def test_the_order_of_keys_does_not_matter(value: dict) -> None:
    assert format_json(dict(reversed(value.items()))) == format_json(value)


def test_a_list_of_numbers_is_one_line_and_a_table_one_line_a_row() -> None:
    text = format_json({"b": [0.1, 1e-07, 3], "a": [[1, 2], [3, 4]], "e": {}, "l": []})
    assert text.splitlines() == [
        "{",
        '  "a": [',
        "    [1, 2],",
        "    [3, 4]",
        "  ],",
        '  "b": [0.1, 1e-07, 3],',
        '  "e": {},',
        '  "l": []',
        "}",
    ]


@pytest.mark.parametrize("value", [float("nan"), [float("inf")]])
def test_not_finite_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        format_json(value)


def test_writes_through_a_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.json"
    write_atomically(path, "ä\n")
    assert path.read_bytes() == "ä\n".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["file.json"]


def test_a_failure_keeps_the_older_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.json"
    path.write_text("old", encoding="utf-8")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.json"]
