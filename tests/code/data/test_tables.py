"""The tables are the published ones, and an ARFF file is read as it is declared."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplearning.data import DataError, check, tables
from deeplearning.data.tables import CHESS, TABLES, TITANIC, parse, table

# Rows and classes as the tables' authors state them.
STATED = {
    "wine": (178, [59, 71, 48]),
    "cancer": (569, [212, 357]),
    "titanic": (1309, [809, 500]),
    "chess": (3196, [1669, 1527]),
}


@pytest.mark.parametrize("name", TABLES)
def test_rows_and_classes_are_those_of_the_publication(name: str) -> None:
    whole = table(name)
    rows, counts = STATED[name]
    assert whole.x.shape == (rows, len(whole.features))
    assert whole.x.dtype == np.float32
    assert np.bincount(whole.y).tolist() == counts
    check(np.nan_to_num(whole.x), whole.y, whole.classes)
    assert len(set(whole.features)) == len(whole.features)


def test_only_numbers_of_the_titanic_are_missing() -> None:
    titanic = table("titanic")
    missing = dict(zip(titanic.features, np.isnan(titanic.x).sum(axis=0), strict=True))
    assert {name: int(count) for name, count in missing.items() if count} == {"age": 263, "fare": 1}
    assert not {"boat", "body", "name"} & {name.partition("=")[0] for name in titanic.features}


def test_a_chess_answer_of_two_is_one_column_of_three_is_three() -> None:
    chess = table("chess")
    several = [name for name in chess.features if name.startswith("katri")]
    assert several == ["katri=b", "katri=n", "katri=w"]
    places = [chess.features.index(name) for name in several]
    assert (chess.x[:, places].sum(axis=1) == 1).all()
    assert set(np.unique(chess.x)) == {0.0, 1.0}


@given(
    numbers=st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=8),
    seed=st.integers(0, 99),
)
def test_what_was_written_is_read(numbers: list[float], seed: int) -> None:
    draw = np.random.default_rng(seed)
    names = draw.choice(["a", "b c", "d,e"], len(numbers))
    labels = draw.choice(["no", "yes"], len(numbers))
    rows = [f'{n!r},"{k}",{c}' for n, k, c in zip(numbers, names, labels, strict=True)]
    text = "\n".join(
        ["% comment", "@relation r", "@attribute n numeric", "@attribute k {a,b c,d}",
         "@attribute class {no,yes}", "@DATA", *rows]
    )  # fmt: skip
    if "d,e" in names:  # a quoted comma does not part columns, and the value is not declared
        with pytest.raises(DataError, match="does not declare"):
            parse(text, "class")
        return
    read = parse(text, "class")
    assert read.x[:, 0].tolist() == numbers
    assert read.features == ("n", "k=a", "k=b c", "k=d")
    np.testing.assert_array_equal(read.x[:, 2], names == "b c")
    np.testing.assert_array_equal(read.y, labels == "yes")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("1,a\n2", "has not the 2 columns"),
        ("1,b", "values that it does not declare"),
    ],
)
def test_a_broken_table_is_refused(body: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse(f"@attribute n numeric\n@attribute k {{a}}\n@data\n{body}", "k")


def test_a_column_of_texts_must_be_left_out() -> None:
    text = "@attribute t string\n@attribute k {a,b}\n@attribute n real\n@data\nhello,a,1"
    with pytest.raises(DataError, match=r"'t' is string: leave it out"):
        parse(text, "k")
    assert parse(text, "k", ("t",)).features == ("n",)
    with pytest.raises(DataError, match=r"no column 'z'"):
        parse(text, "z", ("t",))


def test_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"name='iris'; give one of wine, cancer, titanic, chess"):
        table("iris")


def test_only_the_published_file_is_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        tables._read(CHESS, tmp_path)
    place = tmp_path / TITANIC.path
    place.parent.mkdir()
    place.write_bytes(gzip.compress(b"@data\n"))
    with pytest.raises(DataError, match="is not the table that OpenML publishes"):
        tables._read(TITANIC, tmp_path)
    place.write_bytes(b"\x1f\x8b")
    with pytest.raises(DataError, match="cannot be read"):
        tables._read(TITANIC, tmp_path)


def test_without_scikit_learn_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="scikit-learn, which is not installed"):
        tables._read(CHESS)
