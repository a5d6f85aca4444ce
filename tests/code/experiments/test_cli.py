"""The commands, their exit codes and what they say."""

import json
import runpy
import sys

import pytest

from deeplearning.experiments import cli
from deeplearning.records import Record


def test_run_then_list(workshop, capsys: pytest.CaptureFixture) -> None:
    workshop.add("N2")
    workshop.add("N10")
    assert workshop.main("run", "N2") == 0
    assert "N2 holds: mean accuracy" in capsys.readouterr().out
    assert workshop.main("list") == 0
    header, two, ten = capsys.readouterr().out.splitlines()
    assert header.split() == ["id", "record", "seconds", "verdict", "claim"]
    assert two.split()[:2] == ["N2", "fresh"]
    assert two.endswith("holds          N2 is a toy.")
    assert ten.split()[:4] == ["N10", "missing", "-", "-"]


def test_states_of_a_record(workshop, capsys: pytest.CaptureFixture) -> None:
    workshop.add()
    workshop.main("run", "N1")
    workshop.add(change=lambda text: text.replace("epochs: int = 4", "epochs: int = 3"))
    assert cli.state("N1", workshop.root)[0] == "stale"
    (workshop.claims / "N1.json").write_text("{", encoding="utf-8")
    assert cli.state("N1", workshop.root) == ("broken", None)
    (workshop.claims / "N1.json").unlink()
    assert cli.state("N1", workshop.root) == ("missing", None)


def test_list_goes_on_past_a_broken_experiment(
    workshop, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "110")  # pytest-xdist's workers have 80
    workshop.add("N1", lambda text: "def")
    workshop.add("N2", lambda text: text.replace("is a toy.", "is a toy " + "x" * 200))
    assert workshop.main("list") == 2
    lines = capsys.readouterr().out.splitlines()
    assert "N1   error" in lines[1]
    assert "cannot be imported: SyntaxError" in lines[1]
    assert lines[2].endswith("…")


@pytest.mark.parametrize("arguments", [("--set", "epochs=3"), ("--seeds", "2"), ("--smoke",)])
def test_a_variant_leaves_the_published_record(
    workshop, capsys: pytest.CaptureFixture, arguments: tuple
) -> None:
    workshop.add()
    workshop.main("run", "N1")
    before = (workshop.claims / "N1.json").read_bytes()
    capsys.readouterr()
    assert workshop.main("run", "N1", *arguments) == 0
    said = capsys.readouterr().out
    assert "not the published configuration: results/ is unchanged" in said
    assert (workshop.claims / "N1.json").read_bytes() == before
    (path,) = (workshop.root / "_build" / "runs").iterdir()
    assert str(path) in said
    assert json.loads(path.read_text(encoding="utf-8"))["command"].endswith(" ".join(arguments))


def test_all_and_stale_cheapest_first(workshop, capsys: pytest.CaptureFixture) -> None:
    for id, cost in (("B1", 9.0), ("N1", 1.0), ("N2", 5.0)):
        workshop.add(id, cost=cost)
    assert workshop.main("run", "--all", "--jobs", "1") == 0
    assert list(dict.fromkeys(line.split()[0] for line in workshop.ran())) == ["N1", "N2", "B1"]
    workshop.add("N2", lambda text: text.replace("generator.random()", "0.5"), cost=5.0)
    (workshop.claims / "B1.json").unlink()
    capsys.readouterr()
    assert workshop.main("run", "--all", "--stale") == 0
    assert workshop.ran() == [f"N2 {seed}" for seed in range(5)]  # the seeds of B1 are kept
    assert (workshop.claims / "B1.json").exists()
    assert "N1 holds" not in capsys.readouterr().out
    assert workshop.main("run", "--all", "--stale") == 0
    assert "nothing to do: every record is fresh" in capsys.readouterr().out


def test_all_goes_on_past_a_broken_file_but_says_so(
    workshop, capsys: pytest.CaptureFixture
) -> None:
    workshop.add("N1", lambda text: "def")
    workshop.add("N2")
    assert workshop.main("run", "--all") == 2
    assert "error: n1_toy.py cannot be imported" in capsys.readouterr().err
    assert workshop.record("N2").id == "N2"


def test_stale_of_named_ones(workshop, capsys: pytest.CaptureFixture) -> None:
    workshop.add("N1")
    workshop.main("run", "n1", "N01")
    workshop.ran()
    assert workshop.main("run", "N1", "--stale", "--fresh") == 0
    assert workshop.ran() == []


USER_ERRORS = [
    (("run", "N9"), "no experiment 'N9' (near: N1, N2); there are N1, N2"),
    (("run", "N1", "--set", "epoch=3"), "no setting 'epoch' (did you mean 'epochs'?)"),
    (
        ("run", "N1", "--set", "epochs=x"),
        "setting 'epochs' has the type int and takes a whole number",
    ),
    (("run", "N1", "--seeds", "0"), "--seeds takes a whole number from 1"),
    (("run", "N1", "--jobs", "0"), "--jobs takes a whole number from 1"),
    (("run", "N1", "--backend", "spark"), "no back end 'spark'"),
    (("run", "N1", "N2", "--set", "epochs=3"), "--set is for one experiment"),
    (("run", "--all", "--set", "epochs=3"), "--set is for one experiment"),
    (("run",), "name experiments"),
    (("run", "N1", "--all"), "not both"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), USER_ERRORS, ids=lambda value: " ".join(value) if value else None
)
def test_user_errors_are_one_clear_line(
    workshop, capsys: pytest.CaptureFixture, arguments: tuple, message: str
) -> None:
    workshop.add("N1")
    workshop.add("N2")
    assert workshop.main(*arguments) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert workshop.ran() == []


@pytest.mark.parametrize("arguments", [(), ("walk",), ("run", "N1", "--seeds", "two")])
def test_a_wrong_command_shows_the_usage(
    workshop, capsys: pytest.CaptureFixture, arguments: tuple
) -> None:
    assert workshop.main(*arguments) == 2
    assert "usage: python -m deeplearning" in capsys.readouterr().err


def test_help(workshop, capsys: pytest.CaptureFixture) -> None:
    assert workshop.main("--help") == 0
    assert "Measure the book's claims." in capsys.readouterr().out


def test_a_crash_exits_with_one(workshop, capsys: pytest.CaptureFixture) -> None:
    workshop.add()
    workshop.mishap("crash 0")
    assert workshop.main("run", "N1") == 1
    assert "error: N1 crashed at seed 0" in capsys.readouterr().err


def test_ctrl_c_says_how_to_resume(workshop, capsys: pytest.CaptureFixture) -> None:
    workshop.add()
    workshop.mishap("interrupt 2")
    assert workshop.main("run", "N1", "--fresh", "--jobs", "1") == 130
    said = capsys.readouterr().err
    assert (
        "interrupted: 2 of 5 runs are kept; resume with: python -m deeplearning run N1 --jobs 1"
        in said
    )


def test_ctrl_c_before_anything(
    workshop, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "find", interrupt)
    assert workshop.main("list") == 130
    assert "start again with the same command" in capsys.readouterr().err


def test_an_unwritable_place_is_an_error_not_a_traceback(
    workshop, capsys: pytest.CaptureFixture
) -> None:
    workshop.add()
    (workshop.root / "_build").write_text("a file, not a folder", encoding="utf-8")
    assert workshop.main("run", "N1") == 2
    assert "_build" in capsys.readouterr().err


def test_an_unwritable_results_folder_keeps_the_seeds(
    workshop, capsys: pytest.CaptureFixture
) -> None:
    workshop.add()
    (workshop.root / "results").write_text("a file, not a folder", encoding="utf-8")
    assert workshop.main("run", "N1") == 2
    assert "results" in capsys.readouterr().err
    (workshop.root / "results").unlink()
    workshop.ran()
    assert workshop.main("run", "N1") == 0
    assert workshop.ran() == []
    assert isinstance(workshop.record(), Record)


def test_python_m_deeplearning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(sys, "argv", ["deeplearning", "run", "Z9"])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("deeplearning", run_name="__main__")
    assert stop.value.code == 2
    assert "no experiment 'Z9'" in capsys.readouterr().err


WAITS = ", waits_for=lambda: None if (HERE / 'gpu').exists() else 'not yet measured on a GPU'"


def test_what_waits_is_passed_over_until_it_can_be_measured(
    workshop, capsys: pytest.CaptureFixture
) -> None:
    workshop.add("N1")
    workshop.add("P1", more=WAITS)
    assert workshop.main("list") == 0
    assert "P1   waiting" in capsys.readouterr().out
    assert workshop.main("run", "--all", "--stale") == 0
    assert "P1 passed over: not yet measured on a GPU" in capsys.readouterr().out
    assert {line.split()[0] for line in workshop.ran()} == {"N1"}
    assert workshop.main("run", "P1") == 2
    assert "P1 cannot be measured here: not yet measured on a GPU" in capsys.readouterr().err
    assert workshop.main("run", "P1", "--smoke") == 0
    (workshop.folder / "gpu").touch()
    assert workshop.main("run", "--all", "--stale") == 0
    assert workshop.record("P1").verdict.outcome == "holds"
