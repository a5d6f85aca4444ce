"""What a chapter's cells depend on."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from _ext import sources
from _ext.paths import CLAIMS, ROOT


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package `own` with two independent modules and one that imports another inside a function."""
    own = tmp_path / "code" / "own"
    (own / "figures").mkdir(parents=True)
    (own / "__init__.py").write_text("")
    (own / "a.py").write_text("from . import b\n")
    (own / "b.py").write_text("def f():\n    import own.c\n")
    (own / "c.py").write_text("")
    (own / "d.py").write_text("")
    (own / "figures" / "__init__.py").write_text("")
    (own / "figures" / "e.py").write_text("NAMES = ['N7']\n")
    claims = tmp_path / "results" / "claims"
    claims.mkdir(parents=True)
    for claim in ("N3", "N4", "N7"):
        (claims / f"{claim}.json").write_text("{}")
    monkeypatch.setattr(sources, "SOURCE_ROOTS", (tmp_path / "code",))
    monkeypatch.setattr(sources, "CLAIMS", claims)
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    return own


def names(files: list[Path]) -> set[str]:
    return {file.name for file in files}


def test_imports_are_followed_through_modules_functions_and_dots(package: Path) -> None:
    assert names(sources.dependencies(["import own.a"])) == {"__init__.py", "a.py", "b.py", "c.py"}


def test_other_modules_do_not_count(package: Path) -> None:
    assert "d.py" not in names(sources.dependencies(["from own import a"]))
    assert sources.dependencies(["import json, numpy.linalg"]) == []


def test_records_are_found_by_their_literal(package: Path) -> None:
    assert names(sources.dependencies(["records.load('N3')"])) == {"N3.json"}
    assert names(sources.dependencies(["for name in ('N3', 'N4', 'N9'): load(name)"])) == {
        "N3.json",
        "N4.json",
    }
    assert names(sources.dependencies(["'N3 and N4'"])) == set()


def test_load_all_depends_on_every_record(package: Path) -> None:
    assert names(sources.dependencies(["records.load_all()"])) == {"N3.json", "N4.json", "N7.json"}


def test_records_named_by_a_figure_function_count(package: Path) -> None:
    assert "N7.json" in names(sources.dependencies(["from own.figures import e"]))


def test_magics_and_shell_lines_do_not_disturb(package: Path) -> None:
    cells = [
        "%config InlineBackend.figure_formats = ['svg']\nimport own.c\n!ls",
        "%%time\nnot python at all (",
    ]
    assert "c.py" in names(sources.dependencies(cells))


def test_change_of_a_module_changes_what_is_followed(package: Path) -> None:
    assert "d.py" not in names(sources.dependencies(["import own.c"]))
    (package / "c.py").write_text("from own import d\n")
    assert "d.py" in names(sources.dependencies(["import own.c"]))


def test_broken_cell_is_reported() -> None:
    with pytest.raises(SyntaxError):
        sources.dependencies(["def f(:"])


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("import a.b as c", "", {"a.b"}),
        ("from a import b, c", "", {"a", "a.b", "a.c"}),
        ("from . import b", "p.q", {"p.q", "p.q.b"}),
        ("from ..r import s", "p.q", {"p.r", "p.r.s"}),
    ],
)
def test_imported_names(source: str, package: str, expected: set[str]) -> None:
    assert sources.imported(ast.parse(source), package) == expected


def test_loader_of_data_depends_on_checksums_if_they_are_text() -> None:
    files = sources.dependencies(["from deeplearning import data"])
    texts = {
        f for f in (ROOT / "data").rglob("*") if f.suffix in {".json", ".sha256", ".toml", ".txt"}
    }
    assert texts <= set(files)
    assert not {file for file in files if file.suffix == ".gz"}


def test_real_record_is_found() -> None:
    record = min(CLAIMS.glob("*.json"))
    assert record in sources.dependencies([f"load({record.stem!r})"])


def test_a_chapter_on_kernels_depends_on_their_configurations_and_measurements() -> None:
    kernels = ROOT / "kernels" / "deepkernels"
    configurations = set((kernels / "configs").glob("*.json"))
    measured = set((ROOT / "results" / "kernels").glob("*.json"))
    files = set(sources.dependencies(["from deepkernels import check"]))
    assert kernels / "check.py" in files
    assert configurations | measured <= files
    assert not configurations & set(sources.dependencies(["from deeplearning import nn"]))
