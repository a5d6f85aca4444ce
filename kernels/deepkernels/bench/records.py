"""The record of a benchmark: one JSON file an operation and machine, saved after every case."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCHEMA = 1


def repository() -> Path:
    """Return the clone that this package lies in, else the present folder."""
    clone = Path(__file__).resolve().parents[3]
    return clone if (clone / "pyproject.toml").is_file() else Path.cwd()


class Book:
    """An operation's record while it is being filled.

    Args:
        op: the operation, "matmul".
        machine: the GPU's name for files, "h200".
        folder: where to write; what an earlier run wrote there is kept.
        earlier: where to look for an earlier run's record if `folder` has none.

    >>> folder = Path(tempfile.mkdtemp())
    >>> book = Book("matmul", "h200", folder)
    >>> book.path.name, book.cases
    ('matmul-h200.json', {})
    """

    def __init__(self, op: str, machine: str, folder: Path, earlier: Path | None = None) -> None:
        self.name = f"{op}-{machine}"
        self.path = folder / f"{self.name}.json"
        self.content: dict[str, Any] = {
            "schema": SCHEMA,
            "id": self.name,
            "op": op,
            "command": f"python -m deepkernels.bench {op}",
            "runs": [],
            "cases": [],
        }
        for place in (folder, earlier):
            if place is not None and (place / self.path.name).is_file():
                self.content = read(place / self.path.name)
                break
        self.run: int | None = None

    @property
    def cases(self) -> dict[str, dict[str, Any]]:
        """Key → what was measured."""
        return {case["key"]: case for case in self.content["cases"]}

    def has(self, key: str, digest: str) -> bool:
        """Whether a case was measured, without failure, on these very sources."""
        case = self.cases.get(key)
        return case is not None and case["digest"] == digest and not case["failures"]

    def failed(self, key: str, digest: str) -> bool:
        """Whether a case was tried on these very sources and failed."""
        case = self.cases.get(key)
        return case is not None and case["digest"] == digest and bool(case["failures"])

    def begin(
        self, environment: Mapping[str, Any], roofs: Callable[[], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Note machine and software of a run, measure its roofs, and return them.

        A run with the same machine, software and commit as an earlier one goes on under its number, with its roofs.
        """
        runs = self.content["runs"]
        for number, run in enumerate(runs):
            if all(run.get(key) == value for key, value in environment.items()):
                self.run = number
                return run["roofs"]
        runs.append({**environment, "roofs": dict(roofs()), "time": now()})
        self.run = len(runs) - 1
        return runs[-1]["roofs"]

    def add(self, case: Mapping[str, Any]) -> None:
        """Put a case in, in place of an older one of the same key, and save the file."""
        if self.run is None:
            raise ValueError(f"bench: {self.name}: no run has begun; call begin() first")
        row = {**case, "run": self.run, "time": now()}
        kept = [old for old in self.content["cases"] if old["key"] != case["key"]]
        self.content["cases"] = sorted([*kept, row], key=lambda one: one["key"])
        self.save()

    def save(self) -> None:
        """Write the file, whole or not at all."""
        write(self.path, self.content)


def now() -> str:
    """Return the time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read(path: Path) -> dict[str, Any]:
    """Read a record file.

    Raises:
        ValueError: it is no whole record of this version; the message names the file and what to do.
    """
    remedy = "move it away, or measure anew with --fresh into an empty folder (--out)"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"bench: {path} cannot be read ({error}); {remedy}") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise ValueError(f"bench: {path} is no record of schema {SCHEMA}; {remedy}")
    missing = [key for key in ("id", "op", "runs", "cases") if key not in content]
    if missing:
        raise ValueError(f"bench: {path} lacks {', '.join(missing)}; {remedy}")
    return content


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write a record: JSON with sorted keys, whole or not at all."""
    replace_file(path, dumps(content) + "\n")


def replace_file(path: Path, text: str) -> None:
    """Write text to a temporary file beside `path`, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def dumps(value: Any, indent: str = "") -> str:
    """Return JSON with sorted keys and a list of numbers on one line.

    >>> print(dumps({"b": [1, 0.5], "a": None}))
    {
      "a": null,
      "b": [1, 0.5]
    }
    """
    deeper = indent + "  "
    if isinstance(value, Mapping) and value:
        rows = [f"{deeper}{json.dumps(key)}: {dumps(value[key], deeper)}" for key in sorted(value)]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(one, (list, Mapping)) for one in value):
        rows = [deeper + dumps(one, deeper) for one in value]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
