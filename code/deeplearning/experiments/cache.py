"""Finished seeds on disk, so that an interrupted run continues where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deeplearning.records import clean_values
from deeplearning.records.text import format_json, write_atomically


def run_key(config: dict[str, Any], sources: Sequence[str], threads: int, exclusive: bool) -> str:
    """Digest of everything that a seed's values depend on, 16 hexadecimal digits."""
    content = {
        "config": config,
        "exclusive": exclusive,
        "sources": list(sources),
        "threads": threads,
    }
    return hashlib.sha256(format_json(content).encode()).hexdigest()[:16]


class SeedCache:
    """One file a finished seed in `<build>/experiments/<ID>/<key>/<seed>.json`.

    Args:
        folder: the folder of one experiment with one configuration and source.
        missing: names of the metrics that may be None.
    """

    def __init__(self, folder: Path, missing: Sequence[str] = ()) -> None:
        self.folder = folder
        self.missing = tuple(missing)

    def read(self, seed: int) -> dict[str, Any] | None:
        """`{"seconds": …, "seed": …, "values": …}` of a finished seed; None if absent or damaged (it runs again)."""
        try:
            content = json.loads((self.folder / f"{seed}.json").read_text(encoding="utf-8"))
            whole = content["seed"] == seed and float(content["seconds"]) >= 0
            values = clean_values(content["values"], self.missing)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return {"seconds": content["seconds"], "seed": seed, "values": values} if whole else None

    def write(self, seed: int, values: dict[str, Any], seconds: float) -> None:
        """Keep a finished seed, atomically."""
        text = format_json({"seconds": seconds, "seed": seed, "values": values})
        write_atomically(self.folder / f"{seed}.json", text)
        (self.folder / f"{seed}.error.txt").unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget every finished seed."""
        for path in self.folder.glob("*.json"):
            path.unlink()

    def write_error(self, seed: int, text: str) -> Path:
        """Keep the traceback of a crashed seed and say where."""
        path = self.folder / f"{seed}.error.txt"
        write_atomically(path, text)
        return path
