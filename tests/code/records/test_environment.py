"""Machine, software and commit, where things are missing too."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from deeplearning.records import commit, environment, machine, software


def test_this_machine() -> None:
    now = machine()
    assert 1 <= now["cores"] <= (os.cpu_count() or 1)
    assert now["cpu"]
    assert now["os"]
    assert now["architecture"] == platform.machine()
    assert now["memory_gib"] is None or now["memory_gib"] > 0.1


def test_cpu_model_comes_from_cpuinfo(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Model X: 3 GHz\n", encoding="utf-8")
    assert environment._cpu_model(info) == "Model X: 3 GHz"


@pytest.mark.parametrize("content", [None, "Features : fp\n"])
def test_without_cpuinfo_another_source_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    info = tmp_path / "cpuinfo"
    if content is not None:
        info.write_text(content, encoding="utf-8")
    monkeypatch.setattr(environment, "_command", lambda *_: "Apple M9")
    assert environment._cpu_model(info) == "Apple M9"
    monkeypatch.setattr(environment, "_command", lambda *_: None)
    monkeypatch.setattr(platform, "processor", lambda: "some processor")
    assert environment._cpu_model(info) == "some processor"


def test_unknown_memory_and_system(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "sysconf", absent, raising=False)
    monkeypatch.setattr(platform, "freedesktop_os_release", absent)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    now = machine()
    assert now["memory_gib"] is None
    assert now["os"] == f"{platform.system()} {platform.release()}"
    assert now["cores"] == os.cpu_count()


def test_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    now = software()
    assert now["numpy"] == np.__version__
    assert now["python"] == platform.python_version()

    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert software()["torch"] is None


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_commit_and_whether_the_tree_differs(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert commit(tmp_path) is None  # before the first commit
    (tmp_path / "code.py").write_text("x = 1", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    assert commit(tmp_path) == {"dirty": False, "id": git(tmp_path, "rev-parse", "HEAD")}
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "N1.json").write_text("{}", encoding="utf-8")
    assert commit(tmp_path)["dirty"] is False  # a renewed record is no change of the code
    (tmp_path / "code.py").write_text("x = 2", encoding="utf-8")
    assert commit(tmp_path)["dirty"] is True


def test_no_commit_without_git_or_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert commit(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit(tmp_path) is None
