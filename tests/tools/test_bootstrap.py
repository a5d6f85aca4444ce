"""A missing prerequisite gives one clear sentence, not a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap
from _ext.paths import ROOT


def one_sentence(text: str) -> bool:
    return (
        "\n" not in text.strip()
        and "Traceback" not in text
        and text.strip().endswith((".", "book"))
    )


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10)])
def test_old_python_is_named(version: tuple[int, int]) -> None:
    with pytest.raises(
        bootstrap.MissingPrerequisite, match=f"this is Python {version[0]}.{version[1]}"
    ) as caught:
        bootstrap.check_python(version)
    assert one_sentence(str(caught.value))


def test_new_python_passes() -> None:
    bootstrap.check_python((3, 11))
    bootstrap.check_python((4, 0))


def test_missing_venv_module_is_named() -> None:
    bootstrap.check_venv()
    with pytest.raises(bootstrap.MissingPrerequisite, match="python3-venv") as caught:
        bootstrap.check_venv(("venv", "no_such_module"))
    assert one_sentence(str(caught.value))


def test_full_disk_is_named() -> None:
    bootstrap.check_disk(6.0)
    with pytest.raises(
        bootstrap.MissingPrerequisite, match=r"needs 6 GB .* 1\.5 GB are free"
    ) as caught:
        bootstrap.check_disk(1.5)
    assert one_sentence(str(caught.value))


def test_script_exits_with_the_sentence(tmp_path: Path) -> None:
    """Run as make does, in a copy without environment, on a Python that cannot make one."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "bootstrap.py", tmp_path / "tools")
    (tmp_path / "ensurepip.py").write_text("raise ImportError('as Debian ships it')\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, str(tmp_path / "tools" / "bootstrap.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "python3-venv" in done.stderr
    assert one_sentence(done.stderr)
    assert not (tmp_path / ".venv").exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_without_python_says_so(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "tools").mkdir()
    for name in ("pyproject.toml", "requirements.lock", "tools/bootstrap.py"):
        (tmp_path / name).touch()
    done = subprocess.run(
        ["make", "book", "PYTHON=no-such-python"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_help_lists_every_command() -> None:
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for command in ("book", "test", "experiments", "bench", "notebook", "lint", "clean", "help"):
        assert f"make {command} " in shown
