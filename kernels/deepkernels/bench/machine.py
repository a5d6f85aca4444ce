"""On which GPU, at which clocks, with which software and from which commit a run was made."""

from __future__ import annotations

import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import torch

#: What nvidia-smi is asked before and after each case: key in the record → its name there.
STATE = {
    "sm_clock_mhz": "clocks.sm",
    "memory_clock_mhz": "clocks.mem",
    "power_watts": "power.draw",
    "temperature_c": "temperature.gpu",
    "throttled": "clocks_throttle_reasons.active",
}


def command(*arguments: str, folder: Path | None = None) -> str | None:
    """Return what a command prints, or None if it is absent or fails."""
    try:
        done = subprocess.run(
            arguments, cwd=folder, capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def smi(fields: dict[str, str], index: int = 0) -> dict[str, Any]:
    """Return what nvidia-smi says of a GPU, numbers as numbers, None for what it does not know."""
    query = f"--query-gpu={','.join(fields.values())}"
    text = command("nvidia-smi", query, "--format=csv,noheader,nounits", f"--id={index}")
    values = [value.strip() for value in text.split(",")] if text else []
    if len(values) == len(fields):
        return {name: number(value) for name, value in zip(fields, values, strict=True)}
    # One name that a driver does not know makes it refuse all of them.
    alone = len(fields) > 1 and command("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    if not alone:
        return dict.fromkeys(fields)
    return {name: smi({name: field}, index)[name] for name, field in fields.items()}


def number(text: str) -> float | str | None:
    """Return a number where the text is one, None for nvidia-smi's "[N/A]", else the text.

    >>> number("1980"), number("[N/A]"), number("0x0000000000000004")
    (1980.0, None, '0x0000000000000004')
    """
    if text.startswith("["):
        return None
    try:
        return float(text)
    except ValueError:
        return text


def state() -> dict[str, Any]:
    """Return the GPU's clocks, power and temperature now; clocks are logged, never locked."""
    return smi(STATE)


def slug(gpu: str) -> str:
    """Return a GPU's name as file names hold it.

    >>> slug("NVIDIA H200"), slug("NVIDIA H100 80GB HBM3")
    ('h200', 'h100-80gb-hbm3')
    """
    return re.sub(r"[^a-z0-9]+", "-", gpu.lower().removeprefix("nvidia ")).strip("-") or "unknown"


def cache_bytes() -> int:
    """Return the size of the GPU's L2 cache."""
    return int(getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 0)) or 64 * 2**20


def environment(root: Path) -> dict[str, Any]:
    """Return GPU, driver, versions and commit, as every row of a record refers to them."""
    import triton

    properties = torch.cuda.get_device_properties(0)
    fixed = smi(
        {
            "driver": "driver_version",
            "power_limit_watts": "power.limit",
            "sm_clock_max_mhz": "clocks.max.sm",
        }
    )
    return {
        "gpu": properties.name,
        "processors": properties.multi_processor_count,
        "memory_gib": round(properties.total_memory / 2**30, 1),
        "l2_mib": round(cache_bytes() / 2**20, 1),
        "driver": str(fixed["driver"]),
        "power_limit_watts": fixed["power_limit_watts"],
        "sm_clock_max_mhz": fixed["sm_clock_max_mhz"],
        "software": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "triton": triton.__version__,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        },
        "commit": commit(root),
    }


def commit(root: Path) -> dict[str, Any] | None:
    """Return the commit that `root` is at and whether files outside `results` differ; None without git."""
    identifier = command("git", "rev-parse", "HEAD", folder=root)
    if not identifier:
        return None
    changes = command("git", "status", "--porcelain", "--", ".", ":(exclude)results", folder=root)
    return {"id": identifier, "dirty": changes != ""}
