"""Reading, checking and writing record files."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NoReturn

import jsonschema

from deeplearning.records.errors import RecordError
from deeplearning.records.record import SCHEMA_VERSION, Record
from deeplearning.records.text import format_json, write_atomically


def repository() -> Path:
    """The folder with `results/`: the clone that this package lies in, else the present folder."""
    clone = Path(__file__).resolve().parents[3]
    return clone if (clone / "pyproject.toml").is_file() else Path.cwd()


def claims_folder() -> Path:
    """Where published records lie: `results/claims` of the repository."""
    return repository() / "results" / "claims"


@cache
def _validator() -> jsonschema.protocols.Validator:
    schema = json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    schema["$defs"]["value"] = {}  # `_no_number` looks at raw values, in a fiftieth of the time
    return jsonschema.Draft202012Validator(schema)


def _shown(path: Path) -> str:
    try:
        return path.resolve().relative_to(repository()).as_posix()
    except ValueError:
        return str(path)


def _refuse_constant(name: str) -> NoReturn:
    raise RecordError(f"it holds {name}, which a record may not")


def _renew(path: Path) -> str:
    return f"restore the file (git checkout) or renew it: python -m deeplearning run {path.stem}"


def _no_number(value: Any, place: str) -> str | None:
    """What in nested lists is neither a number nor null, and where; None if nothing."""
    if isinstance(value, list):
        return next(
            filter(None, (_no_number(v, f"{place}.{i}") for i, v in enumerate(value))), None
        )
    if value is None or type(value) in (int, float):
        return None
    return f"at {place}: {value!r:.100} is no number, no null and no list of them"


def _problem(content: Any) -> str | None:
    """What the schema has against the content, in one line; None if nothing."""
    if not isinstance(content, dict) or "schema" not in content or "raw" not in content:
        return "it is not a record of this book"
    if content["schema"] != SCHEMA_VERSION:
        return (
            f"its schema version is {content['schema']!r}, this code reads version {SCHEMA_VERSION}"
        )
    error = jsonschema.exceptions.best_match(_validator().iter_errors(content))
    if error is None:
        return next(
            filter(None, (_no_number(v, f"raw.{k}") for k, v in content["raw"].items())), None
        )
    place = ".".join(str(part) for part in error.absolute_path) or "the whole file"
    return f"at {place}: {error.message[:200]}"


@lru_cache(maxsize=128)
def _content(text: str) -> dict[str, Any]:
    """The content of a record's text, which is then known to follow the schema; not to be changed.

    A page quotes the same record dozens of times, and checking it takes forty times as long as reading it.
    """
    content = json.loads(text, parse_constant=_refuse_constant)
    problem = _problem(content)
    if problem:
        raise RecordError(problem)
    return content


def load_file(path: str | Path, root: str | Path | None = None) -> Record:
    """Read and check one record file.

    Args:
        path: the file, named `<ID>.json`.
        root: the folder that the record's `source` is relative to; the repository if None.

    Raises:
        RecordError: the file is missing, unreadable, truncated, not a record, of another schema version, holds
            NaN, or was changed by hand; the message names the file and what to do.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecordError(
            f"no record {_shown(path)}; make it with: python -m deeplearning run {path.stem}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{_shown(path)} cannot be read ({error}); {_renew(path)}") from error
    try:
        content = deepcopy(_content(text))  # callers own their record
        record = Record.from_json(content, path=path, root=Path(root) if root else repository())
    except json.JSONDecodeError as error:
        raise RecordError(f"{_shown(path)} is not whole JSON ({error}); {_renew(path)}") from error
    except (RecordError, RecursionError, ValueError, OverflowError) as error:  # absurd numbers too
        raise RecordError(f"{_shown(path)} is no valid record: {error}; {_renew(path)}") from error
    return record


def load(id: str, folder: str | Path | None = None, root: str | Path | None = None) -> Record:
    """Read the record of a claim, e.g. `records.load("N3")`.

    Args:
        id: the claim's id.
        folder: where the files lie; `results/claims` of the repository if None.
        root: the folder that the record's `source` is relative to; the repository if None.

    Raises:
        RecordError: as `load_file`, also for a file that holds another claim.
    """
    if not re.fullmatch(r"[A-Z][0-9]+", id):
        raise RecordError(f"a claim's id is a capital letter and a number such as 'N3'; got {id!r}")
    path = (Path(folder) if folder is not None else claims_folder()) / f"{id}.json"
    record = load_file(path, root)
    if record.id != id:
        raise RecordError(
            f"{_shown(path)} holds the record of {record.id}, not of {id}; {_renew(path)}"
        )
    return record


def load_all(folder: str | Path | None = None, root: str | Path | None = None) -> dict[str, Record]:
    """Read every record of a folder: id to record, ordered by letter, then number (N1, N2, …, N10).

    Raises:
        RecordError: any of the files is broken (see `load`).
    """
    place = Path(folder) if folder is not None else claims_folder()
    ids = sorted((path.stem for path in place.glob("*.json")), key=natural)
    return {id: load(id, place, root) for id in ids}


def natural(id: str) -> tuple[str, int]:
    """Sort key of an id: N2 before N10.

    >>> sorted(["N10", "B1", "N2"], key=natural)
    ['B1', 'N2', 'N10']
    """
    return id[:1], int(id[1:]) if id[1:].isdecimal() else -1


def save(record: Record, folder: str | Path | None = None, name: str | None = None) -> Path:
    """Check a record against the schema and write it atomically as `<folder>/<name or ID>.json`.

    Raises:
        RecordError: the record breaks the schema or holds NaN; nothing is written then.
        OSError: the folder cannot be written.
    """
    path = (Path(folder) if folder is not None else claims_folder()) / f"{name or record.id}.json"
    try:
        text = format_json(record.to_json())
        problem = _problem(json.loads(text))
    except (TypeError, ValueError) as error:
        problem = str(error)
    if problem:
        raise RecordError(
            f"the record of {record.id} cannot be written to {_shown(path)}: {problem}"
        )
    write_atomically(path, text)
    return path
