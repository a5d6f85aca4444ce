"""Files are found by their names, and broken ones are named."""

import sys
from pathlib import Path

import pytest

from deeplearning import experiments
from deeplearning.experiments import ExperimentError, discovery


def test_files_in_natural_order(workshop) -> None:
    for id in ("N10", "B1", "N2"):
        workshop.add(id)
    for name in (
        "common.py",
        "__init__.py",
        "n_toy.py",
        "n0_toy.py",
        "N4_toy.py",
        "n05.py",
        "nn5_toy.py",
    ):
        (workshop.folder / name).write_text("raise SystemExit", encoding="utf-8")
    assert list(discovery.find(workshop.folder)) == ["B1", "N2", "N10"]
    assert [e.id for e in discovery.discover(workshop.folder).values()] == ["B1", "N2", "N10"]


@pytest.mark.parametrize("id", ["N1", "n1", "N01", " n001 "])
def test_an_id_in_any_spelling(workshop, id: str) -> None:
    workshop.add("N1")
    assert discovery.get(id, workshop.folder).id == "N1"


@pytest.mark.parametrize("id", ["N9", "bias", "", "1", "N1x", "../n1"])
def test_unknown_id_lists_all(workshop, id: str) -> None:
    workshop.add("N1")
    workshop.add("B2")
    with pytest.raises(ExperimentError, match=r"no experiment .*; there are B2, N1$") as caught:
        discovery.get(id, workshop.folder)
    assert repr(id) in str(caught.value)


def test_unknown_id_lists_near_ones(workshop) -> None:
    for id in ("N1", "N11", "B7"):
        workshop.add(id)
    with pytest.raises(ExperimentError, match=r"\(near: N1, N11\)"):
        discovery.get("N12", workshop.folder)


def test_an_empty_folder(tmp_path: Path) -> None:
    assert discovery.find(tmp_path) == {}
    with pytest.raises(ExperimentError, match="there are none"):
        discovery.get("N1", tmp_path)


def test_two_files_with_one_id(workshop) -> None:
    workshop.add("N1")
    (workshop.folder / "n01_other.py").write_text("", encoding="utf-8")
    with pytest.raises(
        ExperimentError, match=r"two files measure N1: n01_other\.py and n1_toy\.py"
    ):
        discovery.find(workshop.folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "def", r"n1_toy\.py cannot be imported: SyntaxError"),
        (lambda text: "import absent_module", "cannot be imported: ModuleNotFoundError"),
        (
            lambda text: text.replace("seeds", "").replace("claim=", "claims="),
            "cannot be imported: TypeError",
        ),
        (lambda text: "x = 1", "must end with: EXPERIMENT = Experiment"),
        (lambda text: "EXPERIMENT = 'N1'", "must end with: EXPERIMENT"),
        (
            lambda text: text.replace('id="N1"', 'id="N2"'),
            "named for N1, but its EXPERIMENT has the id N2",
        ),
    ],
    ids=["syntax", "import", "argument", "nothing", "text", "id"],
)
def test_a_broken_file_is_named(workshop, change, message: str) -> None:
    workshop.add("N1", change)
    for _ in range(2):  # the second time too: nothing half-made may stay behind
        with pytest.raises(ExperimentError, match=message):
            discovery.get("N1", workshop.folder)


def test_a_changed_file_is_read_again(workshop) -> None:
    workshop.add("N1")
    assert discovery.get("N1", workshop.folder).claim == "N1 is a toy."
    workshop.add("N1", lambda text: text.replace("is a toy", "is changed"))
    assert discovery.get("N1", workshop.folder).claim == "N1 is changed."


def test_the_package_is_imported_by_its_own_name(monkeypatch: pytest.MonkeyPatch, workshop) -> None:
    path = workshop.add("N1").resolve()
    assert Path(experiments.__file__).parent == discovery.FOLDER
    monkeypatch.setattr(discovery, "FOLDER", path.parent)
    monkeypatch.setattr(experiments, "__path__", [*experiments.__path__, str(path.parent)])
    assert discovery.load(path).run.__module__ == "deeplearning.experiments.n1_toy"
    del sys.modules["deeplearning.experiments.n1_toy"]
