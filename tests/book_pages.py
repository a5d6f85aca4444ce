"""The pages of the book, as _toc.yml lists them."""

from __future__ import annotations

from pathlib import Path

import yaml

from _ext.execution import is_chapter
from _ext.paths import ROOT

CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PARTS = {
    part["caption"]: [entry["file"] for entry in part["chapters"]] for part in CONTENTS["parts"]
}
PAGES = [CONTENTS["root"], *(page for pages in PARTS.values() for page in pages)]
NUMBERED = [
    entry["file"]
    for part in CONTENTS["parts"]
    if part.get("numbered")
    for entry in part["chapters"]
]
"""The chapters proper."""

HTML_PAGES = [*PAGES, "search"]
"""Every page of the site, without its suffix, but for the front door `index`, which only leads to the cover."""


def source(page: str) -> Path:
    """The file of a page."""
    return ROOT / f"{page}.md"


def text(page: str) -> str:
    """The text of a page."""
    return source(page).read_text(encoding="utf-8")


def executed_pages() -> list[str]:
    """Pages with code cells."""
    return [page for page in PAGES if source(page).is_file() and is_chapter(source(page))]


def url(site: Path, page: str, query: str = "") -> str:
    """The address of a page of the built site."""
    path = site / f"{page}.html"
    assert path.is_file(), f"the site has no {page}.html"
    return path.as_uri() + query


def notebook_path(site: Path, page: str) -> Path:
    """The notebook that a page offers."""
    return site / "notebooks" / f"{page.removeprefix('book/')}.ipynb"
