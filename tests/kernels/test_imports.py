"""The kernels' package stands on torch, triton and the standard library alone, so that it can be taken elsewhere."""

import ast
import sys
from pathlib import Path

import pytest

import deepkernels

PACKAGE = Path(deepkernels.__file__).parent
ALLOWED = {"torch", "triton", "deepkernels", *sys.stdlib_module_names}


def imported(source: str) -> set[str]:
    """The top-level packages that a module imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_imports_torch_and_triton_only(path: Path) -> None:
    assert imported(path.read_text(encoding="utf-8")) <= ALLOWED


def test_other_imports_are_found() -> None:
    assert imported("import numpy.linalg\ndef f():\n    from deeplearning.nn import Linear") == {
        "numpy",
        "deeplearning",
    }


@pytest.mark.parametrize("name", deepkernels.__all__)
def test_public_names_exist(name: str) -> None:
    assert callable(getattr(deepkernels, name))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'matmull'"):
        _ = deepkernels.matmull
