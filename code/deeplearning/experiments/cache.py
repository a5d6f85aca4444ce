"""Finished runs on disk, so that an interrupted run continues where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deeplearning.records import clean_values
from deeplearning.records.text import format_json, write_atomically


def run_key(config: dict[str, Any], sources: Sequence[str], threads: int, exclusive: bool) -> str:
    """Digest of everything that a run's values depend on, 16 hexadecimal digits."""
    content = {
        "config": config,
        "exclusive": exclusive,
        "sources": list(sources),
        "threads": threads,
    }
    return hashlib.sha256(format_json(content).encode()).hexdigest()[:16]


class RunCache:
    """One file a finished run in `<build>/experiments/<ID>/<key>/`: `<seed>.json`, or `<seed>-<case>.json`.

    Args:
        folder: the folder of one experiment with one configuration and source.
        missing: names of the metrics that may be None.
    """

    def __init__(self, folder: Path, missing: Sequence[str] = ()) -> None:
        self.folder = folder
        self.missing = tuple(missing)

    def _path(self, seed: int, case: str, ending: str) -> Path:
        return self.folder / (f"{seed}-{case}{ending}" if case else f"{seed}{ending}")

    def read(self, seed: int, case: str = "") -> dict[str, Any] | None:
        """`{"case": …, "seconds": …, "seed": …, "values": …}`; None if absent or damaged (then it runs again)."""
        try:
            text = self._path(seed, case, ".json").read_text(encoding="utf-8")
            content = json.loads(text)
            seconds = content["seconds"]
            whole = (content["seed"], content["case"]) == (seed, case) and float(seconds) >= 0
            values = clean_values(content["values"], self.missing)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not whole:
            return None
        return {"case": case, "seconds": seconds, "seed": seed, "values": values}

    def write(self, seed: int, case: str, values: dict[str, Any], seconds: float) -> None:
        """Keep a finished run, atomically."""
        content = {"case": case, "seconds": seconds, "seed": seed, "values": values}
        write_atomically(self._path(seed, case, ".json"), format_json(content))
        self._path(seed, case, ".error.txt").unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget every finished run."""
        for path in self.folder.glob("*.json"):
            path.unlink()

    def write_error(self, seed: int, case: str, text: str) -> Path:
        """Keep the traceback of a crashed run and say where."""
        path = self._path(seed, case, ".error.txt")
        write_atomically(path, text)
        return path
