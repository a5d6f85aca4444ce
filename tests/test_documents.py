"""README, CONTRIBUTING and CHANGELOG: what they link to exists, what they tell to type works."""

import io
import re
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def linked_files(text: str) -> list[str]:
    """Targets of a page's links and pictures, without addresses on the web and without anchors.

    >>> linked_files("[a](b.md#c), ![d](e.png), [f](https://g)")
    ['b.md', 'e.png']
    """
    targets = [target.partition("#")[0] for target in LINK.findall(text) if "://" not in target]
    return [target for target in targets if target]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_linked_files_exist(name: str) -> None:
    document = ROOT / name
    targets = linked_files(document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_make_targets_exist(name: str) -> None:
    named = set(
        re.findall(
            r"\bmake ([a-z]+)\b(?! [a-z])", " ".join(code_of((ROOT / name).read_text("utf-8")))
        )
    )
    known = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert named <= known


def code_of(text: str) -> list[str]:
    """Everything between backquotes: blocks and words.

    >>> code_of("make it: `make book`")
    ['make book']
    """
    return [code for fence, code in re.findall(r"(`{1,3})(.+?)\1", text, re.DOTALL)]


def test_no_document_has_loose_ends() -> None:
    assert [
        name for name in DOCUMENTS if re.search("TODO|TBD|FIXME", (ROOT / name).read_text("utf-8"))
    ] == []


def test_readme_example_trains() -> None:
    block = re.search(
        r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert block, "no Python in the README"
    code = block[1].replace("epochs=5", "epochs=1")
    assert "epochs=1" in code
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert float(printed.getvalue()) > 0.75  # ten classes: guessing gives 0.1


def test_changelog_has_the_packages_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert re.search(
        rf"^## \[{re.escape(version)}\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
