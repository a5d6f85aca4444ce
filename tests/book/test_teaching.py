"""Nothing that the book teaches stays unseen: every file of the teaching rooms is quoted by a chapter.

A file holds one concept, so one quoted object shows it (the rest is often a variation, such as the twentieth
activation). Of operations, optimisers and models each public class must be shown, itself or with its whole file: they
are what the chapters are about.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from _ext.paths import ROOT
from _ext.plain_markdown import directives
from book_pages import NUMBERED, source, text

PACKAGE = ROOT / "code" / "deeplearning"
ROOMS = ("autograd", "autograd/operations", "nn", "optim", "models")
EVERY_CLASS = ("autograd/operations", "optim")


def teaching_files() -> list[str]:
    files = [path for room in ROOMS for path in sorted((PACKAGE / room).glob("*.py"))]
    return [path.relative_to(PACKAGE).as_posix() for path in files if public(path)]


def public(path: Path, kinds: tuple[type, ...] = (ast.ClassDef, ast.FunctionDef)) -> list[str]:
    """Names of the public classes and functions that a file defines."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return [node.name for node in body if isinstance(node, kinds) and not node.name.startswith("_")]  # type: ignore[attr-defined]


@cache
def quoted() -> dict[str, set[str]]:
    """Of each file, the objects that chapters quote; `*` for the whole file."""
    found: dict[str, set[str]] = {}
    for page in NUMBERED:
        for directive in directives(text(page)):
            if directive.name == "literalinclude":
                path = (source(page).parent / directive.argument).resolve()
                if not path.is_relative_to(PACKAGE):  # a kernel
                    continue
                name = path.relative_to(PACKAGE).as_posix()
                found.setdefault(name, set()).add(
                    directive.options.get("pyobject", "*").partition(".")[0]
                )
    return found


@pytest.mark.parametrize("name", teaching_files())
def test_file_is_quoted(name: str) -> None:
    assert quoted().get(name), f"no chapter quotes anything of code/deeplearning/{name}"


@pytest.mark.parametrize("room", EVERY_CLASS)
def test_every_class_is_quoted(room: str) -> None:
    for path in sorted((PACKAGE / room).glob("*.py")):
        shown = quoted().get(path.relative_to(PACKAGE).as_posix(), set())
        for name in public(path, (ast.ClassDef,)):
            assert "*" in shown or name in shown, (
                f"no chapter quotes {name} of {path.relative_to(ROOT)}"
            )
