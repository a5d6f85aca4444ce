"""Deterministic JSON text: sorted keys, floats as `repr`, a list of numbers on one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deeplearning.atomic import atomic_write


def format_json(value: Any) -> str:
    """JSON text with a final newline; equal values give equal bytes, and diffs stay readable.

    Raises:
        ValueError: NaN or infinity, which JSON does not have.
        TypeError: something that JSON cannot hold.

    >>> print(format_json({"b": [1, 0.5], "a": [[1], [2]]}), end="")
    {
      "a": [
        [1],
        [2]
      ],
      "b": [1, 0.5]
    }
    """
    return _format(value, "") + "\n"


def _format(value: Any, indent: str) -> str:
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        rows = [
            f"{deeper}{json.dumps(key)}: {_format(value[key], deeper)}" for key in sorted(value)
        ]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, (list, tuple)) and any(
        isinstance(element, (list, tuple, dict)) for element in value
    ):
        rows = [deeper + _format(element, deeper) for element in value]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Raises:
        OSError: the folder cannot be made or written; an older file stays as it was.
    """
    with atomic_write(path) as file:
        file.write(text.encode())
