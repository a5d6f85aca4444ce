"""What a chapter's cells depend on: the book's own modules, records and data that they reach.

Everything is found by reading source text, nothing is imported or run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from _ext.paths import CLAIMS, ROOT, SOURCE_ROOTS

CLAIM_ID = re.compile(r"[A-Z][1-9][0-9]*")


def module_files(name: str) -> list[Path]:
    """The files that importing the dotted `name` runs, if it is one of the book's own modules.

    >>> [path.name for path in module_files("deeplearning.records.no_such_module")]
    ['__init__.py', '__init__.py']
    >>> module_files("numpy")
    []
    """
    parts = name.split(".")
    for root in SOURCE_ROOTS:
        if not (root / parts[0]).is_dir():
            continue
        found, at = [], root
        for part in parts:
            at = at / part
            found += [
                file for file in (at / "__init__.py", at.with_suffix(".py")) if file.is_file()
            ]
        return found
    return []


def python_only(cell: str) -> str:
    """A cell's source with IPython's magics and shell lines blanked, so that `ast` can read it."""
    lines = cell.splitlines()
    if lines and lines[0].startswith("%%"):
        return ""
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def imported(tree: ast.AST, package: str = "") -> set[str]:
    """Dotted names that a module imports anywhere, also inside functions; `package` resolves leading dots.

    >>> sorted(imported(ast.parse("from . import nn\\nimport numpy as np"), "deeplearning"))
    ['deeplearning', 'deeplearning.nn', 'numpy']
    """
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                parts = parts[: len(parts) - node.level + 1]
                base = ".".join(parts + ([base] if base else []))
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names


def quoted_claims(tree: ast.AST) -> set[str]:
    """Ids of claims that occur as string literals (`records.load("N3")`, also by way of a list or a loop).

    A string that only looks like an id costs nothing: it names no record file.
    """
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and CLAIM_ID.fullmatch(node.value)
    }


def reads_every_record(tree: ast.AST) -> bool:
    """Whether `load_all` is named."""
    return any(
        (isinstance(node, ast.Attribute) and node.attr == "load_all")
        or (isinstance(node, ast.Name) and node.id == "load_all")
        for node in ast.walk(tree)
    )


@cache
def _imports_of(path: Path, modified: int) -> frozenset[str]:
    root = next(root for root in SOURCE_ROOTS if path.is_relative_to(root))
    package = ".".join(path.relative_to(root).parts[:-1])
    return frozenset(imported(ast.parse(path.read_text(encoding="utf-8")), package))


def closure(names: Iterable[str]) -> set[Path]:
    """Every own source file that importing `names` reaches, transitively."""
    waiting, seen, files = set(names), set(), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for file in module_files(name):
            if file not in files:
                files.add(file)
                waiting |= _imports_of(file, file.stat().st_mtime_ns)
    return files


def _data_identity(files: Iterable[Path]) -> Iterator[Path]:
    """Text files under `data/` (checksums): what loaders verify, so they stand for the data themselves."""
    if any("deeplearning/data/" in file.as_posix() for file in files):
        for file in sorted((ROOT / "data").rglob("*")):
            if file.suffix in {".json", ".sha256", ".toml", ".txt"}:
                yield file


def _kernel_data(files: Iterable[Path]) -> Iterator[Path]:
    """The kernels' configurations and measurements, for a chapter that reaches the kernels or reads their records."""
    names = {file.as_posix() for file in files}
    if any("/deepkernels/" in name or name.endswith("/records/kernels.py") for name in names):
        yield from (ROOT / "kernels" / "deepkernels" / "configs").glob("*.json")
        yield from (ROOT / "results" / "kernels").glob("*.json")


def dependencies(cells: Iterable[str]) -> list[Path]:
    """Every file of the repository that executing `cells` may read, sorted.

    Raises:
        SyntaxError: a cell is no Python.
    """
    tree = ast.parse("\n".join(python_only(cell) for cell in cells))
    files = closure(imported(tree))
    records = {CLAIMS / f"{claim}.json" for claim in quoted_claims(tree)}
    if reads_every_record(tree):
        records |= set(CLAIMS.glob("*.json"))
    for file in files:
        # A figure function may name its records itself.
        if "/figures/" in file.as_posix():
            records |= {
                CLAIMS / f"{claim}.json"
                for claim in quoted_claims(ast.parse(file.read_text(encoding="utf-8")))
            }
    found = {record for record in records if record.is_file()}
    return sorted(files | found | set(_data_identity(files)) | set(_kernel_data(files)))
