"""Make the environment .venv with the versions of requirements.lock: `python3 tools/bootstrap.py`.

Needs nothing but Python. `bootstrap.py notebook` adds JupyterLab, set up to open chapters as notebooks.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, ".installed")
NEEDED_GB = 6.0  # on Linux, PyTorch brings its GPU libraries

OPEN_AS_NOTEBOOK = {
    "@jupyterlab/docmanager-extension:plugin": {
        "defaultViewers": {"markdown": "Jupytext Notebook", "myst": "Jupytext Notebook"}
    }
}


class MissingPrerequisite(Exception):
    """What this script cannot provide itself; the message is one sentence that says what to do."""


def check_python(version: tuple[int, ...]) -> None:
    """Raise MissingPrerequisite for a Python older than 3.11."""
    if version < (3, 11):
        raise MissingPrerequisite(
            f"Python 3.11 or newer is needed, but this is Python {version[0]}.{version[1]}: install a newer one and "
            "name it, for example: make PYTHON=python3.12 book"
        )


def check_venv(modules: tuple[str, ...] = ("venv", "ensurepip")) -> None:
    """Raise MissingPrerequisite if Python cannot make environments (Debian packages that separately)."""
    try:
        for module in modules:
            __import__(module)
    except ImportError:
        raise MissingPrerequisite(
            "Python's venv module is missing: install it (Debian and Ubuntu: apt-get install python3-venv) and run "
            "make again."
        ) from None


def check_disk(free_gb: float) -> None:
    """Raise MissingPrerequisite if the environment would not fit."""
    if free_gb < NEEDED_GB:
        raise MissingPrerequisite(
            f"The environment needs {NEEDED_GB:.0f} GB of disk, but {free_gb:.1f} GB are free here: make room and run "
            "make again."
        )


def python() -> str:
    """The environment's interpreter."""
    return (
        os.path.join(VENV, "Scripts", "python.exe")
        if os.name == "nt"
        else os.path.join(VENV, "bin", "python")
    )


def install(*extras: str) -> None:
    """Install the book's package, editable, with extras, at the locked versions."""
    # Python compiles a module when it is first imported. Most of PyTorch never is: to compile it takes half a minute.
    pip = [
        python(),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-compile",
    ]
    target = f"{ROOT}[{','.join(extras)}]"
    subprocess.run(
        [*pip, "-c", os.path.join(ROOT, "requirements.lock"), "-e", target], check=True, cwd=ROOT
    )


def add_notebook() -> None:
    """Install JupyterLab into the environment and let it open Markdown chapters as notebooks."""
    install("notebook")
    folder = os.path.join(VENV, "share", "jupyter", "lab", "settings")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "overrides.json"), "w", encoding="utf-8") as file:
        json.dump(OPEN_AS_NOTEBOOK, file, indent=2)


def make_environment() -> None:
    """Check the prerequisites, make the environment, install, leave a stamp for make."""
    check_python(sys.version_info[:2])
    if not os.path.exists(STAMP):
        check_venv()
        check_disk(shutil.disk_usage(ROOT).free / 1e9)
        print(
            "Making .venv and installing the locked packages: this takes some minutes, once.",
            flush=True,
        )
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    install("book", "test", "lint")
    with open(STAMP, "w", encoding="utf-8") as stamp:
        stamp.write("made by tools/bootstrap.py\n")


def main() -> int:
    """The command line."""
    try:
        if sys.argv[1:] == ["notebook"]:
            add_notebook()
        else:
            make_environment()
    except MissingPrerequisite as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(
            f"Setting up .venv failed at: {' '.join(map(str, error.cmd[1:5]))} …; the lines above say why.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
