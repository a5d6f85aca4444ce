"""Rules of the repository as a whole."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from _ext.execution import TIMEOUT
from _ext.paths import ROOT

MEGABYTE = 1e6


def tracked() -> list[Path]:
    """Files that belong to the repository (everything not ignored, where there is no commit yet)."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not in a git clone")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_standard_library_is_not_shadowed() -> None:
    for folder in ("code", "kernels"):
        assert not (ROOT / folder / "__init__.py").exists(), (
            f"{folder}/__init__.py would shadow a standard module"
        )
    program = "import code, pdb; assert hasattr(code, 'InteractiveConsole'), code"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_lower_rooms_do_not_import_higher_ones() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_repository_is_small() -> None:
    assert sum(path.stat().st_size for path in tracked()) <= 80 * MEGABYTE


def test_sources_are_short() -> None:
    too_long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in tracked()
        if path.suffix == ".py"
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert too_long == {}


def test_lock_pins_exact_public_versions() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    for pin in pins:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin), pin
        assert not pin.startswith(("nvidia", "cuda"))
    assert {"torch==2.13.0", "triton==3.7.1"} <= set(pins)
    names = [pin.partition("==")[0].lower() for pin in pins]
    assert len(names) == len(set(names))


def test_site_is_configured_to_stay_offline() -> None:
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    sphinx = config["sphinx"]["config"]
    assert not {"sphinx_thebe", "sphinx.ext.intersphinx"} & set(sphinx["extensions"])
    assert (ROOT / "book" / "_web" / sphinx["mathjax_path"]).is_file()
    assert not (ROOT / "_static").exists(), (
        "every script in a root _static/ would land on every page"
    )


def test_tests_and_build_stop_a_cell_after_the_same_time() -> None:
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert config["execute"]["timeout"] == TIMEOUT


def test_nothing_names_a_machine_or_a_registry() -> None:
    # Split, so that this file does not hold what it looks for.
    forbidden = re.compile(
        "|".join(
            [
                "/work" + "/",
                "pypi" + r"\.org",
                "download" + r"\.pytorch",
                "files" + r"\.pythonhosted",
            ]
        )
    )
    for path in tracked():
        if (
            path.suffix in {".py", ".md", ".yml", ".toml", ".lock", ".json", ".html", ".css"}
            or path.name == "Makefile"
        ):
            found = forbidden.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.relative_to(ROOT)}: {found.group()}"
