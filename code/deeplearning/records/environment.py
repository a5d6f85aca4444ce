"""On which machine, with which software and from which commit a measurement was made."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGE = "deep-learning-measured"


def _command(*arguments: str, folder: Path | None = None) -> str | None:
    """Standard output of a command, or None if it is absent or fails."""
    try:
        done = subprocess.run(
            arguments, cwd=folder, capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    try:
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.lower().startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return (
        _command("sysctl", "-n", "machdep.cpu.brand_string")
        or platform.processor()
        or platform.machine()
    )


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None  # Windows has no sysconf


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}".strip()


def machine() -> dict[str, Any]:
    """CPU model, cores (those this process may use), memory in GiB (None if unknown), OS, architecture.

    >>> sorted(machine())
    ['architecture', 'cores', 'cpu', 'memory_gib', 'os']
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return {
        "architecture": platform.machine(),
        "cores": cores,
        "cpu": _cpu_model(),
        "memory_gib": _memory_gib(),
        "os": _system(),
    }


def software() -> dict[str, str | None]:
    """Versions of Python, NumPy, PyTorch and this package (None for what is not installed).

    >>> sorted(software())
    ['numpy', 'package', 'python', 'torch']
    """

    def version(name: str) -> str | None:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    return {
        "numpy": version("numpy"),
        "package": version(PACKAGE),
        "python": platform.python_version(),
        "torch": version("torch"),
    }


def commit(folder: Path) -> dict[str, Any] | None:
    """The git commit that `folder` is at, and whether the working tree differs from it.

    Changes under `results/` do not count: renewing one record would else mark the next as dirty.
    None without git, without a repository or before the first commit.
    """
    identifier = _command("git", "rev-parse", "HEAD", folder=folder)
    if not identifier:
        return None
    changes = _command(
        "git", "status", "--porcelain", "--", ".", ":(exclude)results", folder=folder
    )
    return {"dirty": changes != "", "id": identifier}
