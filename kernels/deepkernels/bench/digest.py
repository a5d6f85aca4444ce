"""Which source a time belongs to: a digest of the kernels' files without comments, docstrings and layout."""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]

#: Operation → where its code begins, relative to the package; what these files import is found by reading them.
BEGINS = {
    "matmul": "matmul",
    "conv2d": "conv2d",
    "pool2d": "pool2d",
    "recurrent": "recurrent",
    "loss": "loss",
    "fused": "fused",
    "lenet": "nn.py",
}

#: Files that no time depends on: checks of arguments, references that tests compare with, the compile-only path.
WITHOUT = ("check.py", "reference.py", "compiled.py")


def files(op: str, package: Path = PACKAGE) -> list[Path]:
    """Return the files that decide what an operation's kernels are: its own, what they import, their configurations."""
    if op not in BEGINS:
        raise ValueError(f"bench: no operation {op!r}; there are {', '.join(BEGINS)}")
    place = package / BEGINS[op]
    waiting = sorted(place.glob("**/*.py")) if place.is_dir() else [place]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file() or path.name in WITHOUT:
            continue
        found.add(path)
        waiting += _named(path, package) if path.suffix == ".json" else _imported(path, package)
        room = path.relative_to(package).parts[0].removesuffix(".py")
        waiting += (package / "configs").glob(f"{room}*.json")
    return sorted(found)


def _named(path: Path, package: Path) -> list[Path]:
    """Return the files of the kernels that configurations name: nothing else need import them."""
    entries = json.loads(path.read_text(encoding="utf-8"))["configurations"]
    modules = {entry["kernel"].split(":")[0] for entry in entries}
    return [package.joinpath(*module.split(".")[1:]).with_suffix(".py") for module in modules]


def _imported(path: Path, package: Path) -> list[Path]:
    """Return the package's files that a file may import (a name may also be an object of the module before it)."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = path.parents[node.level - 1].relative_to(package) if node.level else Path()
            start = ".".join(["deepkernels", *above.parts]) if node.level else ""
            module = ".".join(part for part in (start, node.module) if part)
            names += [module, *(f"{module}.{alias.name}" for alias in node.names)]
    found = []
    for name in names:
        head, *rest = name.split(".")
        # The package's own __init__ imports rooms when asked, so it says nothing about what is used.
        if head == package.name and rest and rest[0] != "bench":
            place = package.joinpath(*rest)
            found += [place.with_suffix(".py"), place / "__init__.py"]
    return found


def digest(op: str, package: Path = PACKAGE) -> str:
    """Return SHA-256 over an operation's sources, as 64 hexadecimal digits.

    Python files count by their syntax without docstrings, configurations by their values without their origin, so that
    a better comment does not make a measurement look old. The version of Python does not matter.
    """
    total = hashlib.sha256()
    for path in files(op, package):
        text = path.read_text(encoding="utf-8")
        content = _configurations(text) if path.suffix == ".json" else _syntax(ast.parse(text))
        total.update(f"{path.relative_to(package).as_posix()}\0{content}\0".encode())
    return total.hexdigest()


def _configurations(text: str) -> str:
    content = json.loads(text)
    content.pop("origin", None)
    return json.dumps(content, sort_keys=True)


def _syntax(value: Any) -> str:
    """Return a syntax tree as text, leaving out what versions of Python write differently: empty fields."""
    if isinstance(value, ast.Constant):
        return f"{type(value.value).__name__}:{value.value!r}"
    if isinstance(value, ast.AST):
        fields = {name: getattr(value, name, None) for name in value._fields if name != "ctx"}
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(value, documented) and ast.get_docstring(value, clean=False) is not None:
            fields["body"] = value.body[1:]
        inner = (f"{k}={_syntax(v)}" for k, v in fields.items() if v is not None and v != [])
        return f"{type(value).__name__}({','.join(inner)})"
    if isinstance(value, list):
        return f"[{','.join(_syntax(element) for element in value)}]"
    return repr(value)
