"""Digests of an experiment's source: comments, docstrings and formatting do not change them."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import Any


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    return tree


def _dump(value: Any) -> str:
    """Like `ast.dump`, but the same text on every Python version (which add and omit empty fields)."""
    if isinstance(value, ast.Constant):
        return f"{type(value.value).__name__}:{value.value!r}"
    if isinstance(value, ast.AST):
        fields = ((name, getattr(value, name, None)) for name in value._fields if name != "ctx")
        inner = ",".join(
            f"{name}={_dump(field)}" for name, field in fields if field is not None and field != []
        )
        return f"{type(value).__name__}({inner})"
    if isinstance(value, list):
        return "[" + ",".join(_dump(element) for element in value) + "]"
    return repr(value)


def _parse(path: Path) -> ast.Module:
    return _without_docstrings(ast.parse(path.read_text(encoding="utf-8"), filename=str(path)))


def source_digest(path: str | Path) -> str:
    """SHA-256 of a Python file's syntax tree without docstrings, as 64 hexadecimal digits.

    Comments, docstrings and layout leave it as it is; so does the version of Python. Anything else changes it.

    Raises:
        OSError: the file cannot be read.
        SyntaxError: the file is not Python.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one, two = Path(folder, "one.py"), Path(folder, "two.py")
    ...     _ = one.write_text("x = 1"), two.write_text('"Doc."\\nx  =  1  # why')
    ...     source_digest(one) == source_digest(two)
    True
    """
    return hashlib.sha256(_dump(_parse(Path(path))).encode()).hexdigest()


def measurement_digest(path: str | Path) -> str:
    """Digest of the part of an experiment's source that can change its raw values.

    Leaves out the `EXPERIMENT = …` statement and the criterion it names (unless another function uses that),
    so that a new wording of the claim or of the headline does not throw away finished runs.

    Raises:
        OSError, SyntaxError: as for `source_digest`.
    """
    tree = _parse(Path(path))
    kept: list[ast.stmt] = []
    criterion = None
    for statement in tree.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(
                isinstance(target, ast.Name) and target.id == "EXPERIMENT" for target in targets
            ):
                criterion = _criterion_name(statement.value)
                continue
        kept.append(statement)
    others = [s for s in kept if not (isinstance(s, ast.FunctionDef) and s.name == criterion)]
    used = {node.id for other in others for node in ast.walk(other) if isinstance(node, ast.Name)}
    body = kept if criterion in used else others
    return hashlib.sha256(_dump(list(body)).encode()).hexdigest()


def _criterion_name(call: ast.expr | None) -> str | None:
    if isinstance(call, ast.Call):
        for keyword in call.keywords:
            if keyword.arg == "criterion" and isinstance(keyword.value, ast.Name):
                return keyword.value.id
    return None
