"""Which files of the book's package an experiment runs on."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from deeplearning.records import source_digest

CODE = Path(__file__).resolve().parents[2]
# These cannot change what an experiment measures.
APART = ("deeplearning.experiments", "deeplearning.records", "deeplearning.figures")


def library_files(path: str | Path, code: Path = CODE) -> list[Path]:
    """The files of `deeplearning` that a file imports, directly or through others, in order of their names.

    Found in the text, without importing; a name computed at run time is not seen.

    Raises:
        OSError, SyntaxError: a file cannot be read or is not Python.
    """
    todo, seen = [Path(path)], set[Path]()
    while todo:
        for name in _imported(todo.pop(), code):
            for file in _files(name, code):
                if file not in seen:
                    seen.add(file)
                    todo.append(file)
    return sorted(seen)


def library_digest(path: str | Path, code: Path = CODE) -> str:
    """SHA-256 over the names and sources of `library_files`, 64 hexadecimal digits."""
    lines = [
        f"{file.relative_to(code).as_posix()} {source_digest(file)}"
        for file in library_files(path, code)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _imported(path: Path, code: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, path, code)
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return {name for name in names if name.split(".")[0] == "deeplearning"}


def _base(node: ast.ImportFrom, path: Path, code: Path) -> str:
    """The absolute name that a `from` import starts at."""
    if not node.level or code not in path.parents:
        return node.module or ""
    package = path.relative_to(code).parts[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


def _files(name: str, code: Path) -> list[Path]:
    """A module's file and its packages' `__init__` files; what is a function or class has none of its own."""
    if name.startswith(APART):
        return []
    parts = name.split(".")
    packages = [
        code.joinpath(*parts[:length], "__init__.py") for length in range(1, len(parts) + 1)
    ]
    return [
        file for file in [*packages, code.joinpath(*parts).with_suffix(".py")] if file.is_file()
    ]
