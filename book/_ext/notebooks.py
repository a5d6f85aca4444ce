"""Every chapter as a clean Jupyter notebook: the same code cells, prose that JupyterLab shows well, no outputs."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from pybtex.database import BibliographyData, Entry, parse_file
from sphinx.application import Sphinx

from _ext.contents import page_title
from _ext.measured import QuoteError, RecordError, quote
from _ext.plain_markdown import convert
from deeplearning.records import load

FOLDER = "notebooks"
"""Where notebooks lie in the site."""

INTRODUCTION = (
    "*From the book **{book}**. The cells import the book's own package: run this notebook in an environment "
    "where the book's repository is installed (`make notebook` opens one).*"
)


class BookResolver:
    """Answers from Sphinx's environment; see `_ext.plain_markdown.Resolver`."""

    def __init__(self, app: Sphinx, page: str) -> None:
        self.app = app
        self.env = app.env
        self.page = page

    def role(self, name: str, target: str, title: str | None) -> str:
        """Plain text of a role; a role that is not known shows its text."""
        if name.startswith("glue:"):
            return self._glued(target)
        if name == "record":
            try:
                return quote(target)
            except (QuoteError, RecordError):
                return target
        if name.startswith("cite"):
            return self._cited(name, target)
        if name == "eq":
            return f"({self.number(target)})"
        if title:
            return title
        if name == "doc":
            page = (
                target.lstrip("/")
                if target.startswith("/")
                else f"{self.page.rpartition('/')[0]}/{target}"
            )
            return page_title(self.app, page)
        if name in {"ref", "numref", "prf:ref"}:
            return self._labelled(target)
        return target

    def number(self, label: str) -> str:
        """Number of an equation, figure or exercise."""
        if not label:
            return ""
        equation = self.env.get_domain("math").equations.get(label)  # type: ignore[attr-defined]
        if equation:
            page, count = equation
            chapter = self.env.toc_secnumbers.get(page, {}).get("", ())
            return ".".join(str(part) for part in (*chapter[:1], count))
        for page, kinds in self.env.toc_fignumbers.items():
            for ids in kinds.values():
                for found, number in ids.items():
                    if found == label and (page == self.page or label.startswith(("ex-", "fig-"))):
                        return ".".join(map(str, number))
        return ""

    def claim(self, claim: str) -> list[str]:
        """Title, claim, criterion and result of a claim's box."""
        try:
            record = load(claim)
        except RecordError as error:
            return [f"**Claim {claim}**: {error}"]
        return [
            f"**Claim {record.id}: {record.verdict.outcome}**",
            "",
            record.claim,
            "",
            f"*Criterion:* {record.criterion_text}",
            "",
            f"*Result:* **{record.verdict.headline}** ({len(record.seeds)} seeds; `{record.command}`)",
        ]

    def _labelled(self, label: str) -> str:
        number = self.number(label)
        if label.startswith("fig-") and number:
            return f"Fig. {number}"
        if label.startswith("ex-") and number:
            return f"Exercise {number}"
        known = self.env.get_domain("std").labels.get(label.lower())  # type: ignore[attr-defined]
        return known[2] if known and known[2] else label

    def _glued(self, target: str) -> str:
        # {glue:text}`perceptron.md::accuracy:.3f`
        page, separator, rest = target.rpartition("::")
        key, _, form = rest.partition(":")
        document = (
            f"{self.page.rpartition('/')[0]}/{page.removesuffix('.md')}" if separator else self.page
        )
        file = Path(self.app.outdir).parent / "jupyter_execute" / f"{document}.glue.json"
        try:
            data = json.loads(file.read_text(encoding="utf-8"))[key]["data"]["text/plain"]
            value = nodes.unescape(data)
            try:
                number: float | int | str = (
                    int(value) if value.lstrip("+-").isdigit() else float(value)
                )
            except ValueError:
                number = value.strip("'\"")
            return format(number, form)
        except (OSError, KeyError, ValueError):
            return key

    def _cited(self, name: str, target: str) -> str:
        entries = _bibliography(Path(self.app.srcdir) / "book" / "references.bib").entries
        said = [
            _author_year(entries[key.strip()])
            for key in target.split(",")
            if key.strip() in entries
        ]
        if name.endswith(":t"):
            return " and ".join(f"{author} ({year})" for author, year in said) or target
        return (
            f"({'; '.join(f'{author}, {year}' for author, year in said)})"
            if said
            else f"({target})"
        )


@cache
def _bibliography(path: Path) -> BibliographyData:
    return parse_file(str(path))


def _author_year(entry: Entry) -> tuple[str, str]:
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [" ".join([*person.prelast_names, *person.last_names]).strip("{}") for person in people]
    if not names:
        names = [entry.fields.get("organization", entry.fields.get("title", "anonymous"))]
    shown = (
        names[0]
        if len(names) == 1
        else f"{names[0]} et al."
        if len(names) > 2
        else " and ".join(names)
    )
    return shown, entry.fields.get("year", "no year")


def clean_notebook(text: str, folder: Path, resolver: Any, book: str) -> nbformat.NotebookNode:
    """The notebook of a chapter's text: code cells verbatim, plain Markdown between them."""
    source = read_myst_markdown_notebook(text)
    new = nbformat.v4
    cells = [new.new_markdown_cell(INTRODUCTION.format(book=book), id="introduction")]
    for number, cell in enumerate(source.cells):
        if cell.cell_type == "code":
            tags = {"tags": cell.metadata.tags} if "tags" in cell.metadata else {}
            cells.append(new.new_code_cell(cell.source, id=f"cell-{number}", metadata=tags))
            caption = cell.metadata.get("mystnb", {}).get("figure", {}).get("caption")
            if caption:
                name = resolver.role(
                    "numref", cell.metadata["mystnb"]["figure"].get("name", ""), None
                )
                shown = convert(str(caption), folder, resolver)
                cells.append(
                    new.new_markdown_cell(
                        f"**{name or 'Figure'}.** {shown}", id=f"caption-{number}"
                    )
                )
        else:
            plain = convert(cell.source, folder, resolver)
            if plain.strip():
                cells.append(new.new_markdown_cell(plain, id=f"cell-{number}"))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return new.new_notebook(cells=cells, metadata=metadata)


def _offer(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    if doctree is None or app.builder.name != "html":
        return
    path = Path(app.env.doc2path(pagename))
    text = path.read_text(encoding="utf-8")
    if pagename == "book/index" or not is_myst_markdown_notebook(text):
        return
    notebook = clean_notebook(text, path.parent, BookResolver(app, pagename), app.config.html_title)
    content = nbformat.writes(notebook, version=4) + "\n"
    target = Path(app.outdir, FOLDER, f"{pagename.removeprefix('book/')}.ipynb")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content, encoding="utf-8", newline="\n")
    # A browser shows a linked .ipynb of a disk as text instead of saving it; data inside the page it saves.
    context["notebook_name"] = target.name
    context["notebook_data"] = (
        "data:application/x-ipynb+json;base64," + b64encode(content.encode()).decode()
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", _offer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
