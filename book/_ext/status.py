"""The `{status}` of the book: how long its chapters ran, on what, with which versions, and what is stale."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

from _ext.contents import chapter_parts, page_link
from _ext.words import cpu_name, duration
from deeplearning import records

PACKAGES = (
    "deep-learning-measured",
    "numpy",
    "torch",
    "triton",
    "matplotlib",
    "scikit-learn",
    "jupyter-book",
    "myst-nb",
    "Sphinx",
    "sphinx-book-theme",
)


class StatusNode(nodes.General, nodes.Element):
    """Placeholder: execution times are known when all pages are read."""


class Status(SphinxDirective):
    """`{status}`: the report, as sections of the page that holds it."""

    def run(self) -> list[nodes.Node]:
        """One placeholder; remembers the page, which is written anew in every build."""
        _pages(self.env).add(self.env.docname)
        return [StatusNode()]


def _pages(env: BuildEnvironment) -> set[str]:
    if not hasattr(env, "book_status_pages"):
        env.book_status_pages = set()  # type: ignore[attr-defined]
    return env.book_status_pages  # type: ignore[attr-defined,no-any-return]


def table(
    heads: list[str], rows: list[list[nodes.Node | str]], widths: list[int], kind: str
) -> nodes.table:
    """A docutils table of text and nodes; columns after the first are styled by `kind`."""
    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in widths), cols=len(heads))
    group += nodes.thead("", _row(list(heads)))
    group += nodes.tbody("", *(_row(row) for row in rows))
    return nodes.table("", group, classes=["status-table", "colwidths-given", kind])


def _row(cells: list[nodes.Node | str]) -> nodes.row:
    entries = []
    for cell in cells:
        content = nodes.Text(cell) if isinstance(cell, str) else cell
        entries.append(nodes.entry("", nodes.paragraph("", "", content)))
    return nodes.row("", *entries)


def _section(title: str, *content: nodes.Node) -> nodes.section:
    return nodes.section("", nodes.title("", title), *content, ids=[nodes.make_id(title)])


def build_time() -> datetime:
    """When the site is built: now, or SOURCE_DATE_EPOCH for a reproducible build."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)


def _executions(app: Sphinx, page: str) -> nodes.section:
    data = NbMetadataCollector.get_doc_data(app.env)
    rows: list[list[nodes.Node | str]] = []
    total = 0.0
    order = [app.config.root_doc, *(name for _, names in chapter_parts(app.env) for name in names)]
    for name in order:
        execution = data.get(name, {}).get("exec_data") if name in data else None
        if not execution:
            continue
        seconds = execution["runtime"] or 0.0
        total += seconds
        day = datetime.fromtimestamp(execution["mtime"], UTC)
        result = "ran" if execution["succeeded"] else "failed"
        rows.append([page_link(app, page, name), f"{seconds:.1f}", f"{day:%Y-%m-%d}", result])
    rows.append(["All pages", f"{total:.1f}", "", ""])
    text = (
        "Every page with code is executed when the book is built, unless nothing that it depends on has "
        "changed since it last ran."
    )
    heads = ["Page", "Seconds", "Executed", "Result"]
    return _section(
        "Execution", nodes.paragraph("", text), table(heads, rows, [46, 18, 20, 16], "executions")
    )


def _environment() -> nodes.section:
    machine = records.machine()
    memory = machine["memory_gib"]
    rows: list[list[nodes.Node | str]] = [
        ["Built", f"{build_time():%Y-%m-%d %H:%M} UTC"],
        ["Processor", f"{cpu_name(machine['cpu'])}, {machine['cores']} cores"],
        ["Memory", "unknown" if memory is None else f"{memory} GiB"],
        ["System", f"{machine['os']} ({machine['architecture']})"],
        ["Python", str(records.software()["python"])],
    ]
    for package in PACKAGES:
        try:
            rows.append([nodes.literal("", package), version(package)])
        except PackageNotFoundError:
            rows.append([nodes.literal("", package), "not installed"])
    return _section("Machine and versions", table(["What", "Which"], rows, [35, 65], "environment"))


def _records(app: Sphinx, page: str) -> nodes.section:
    known = records.load_all()
    stale = [record for record in known.values() if record.stale]
    seconds = sum(record.seconds for record in known.values())
    said = (
        f"{len(known)} claims have a record; measuring them took {duration(seconds)} in all. "
        + ("None of them is stale." if not stale else f"{len(stale)} of them are stale:")
    )
    content: list[nodes.Node] = [nodes.paragraph("", said)]
    if stale:
        items = nodes.bullet_list()
        for record in stale:
            line = nodes.paragraph("", f"{record.id}, in ")
            line += page_link(app, page, f"book/{record.chapter}")
            line += [nodes.Text(": "), nodes.literal("", record.command)]
            items += nodes.list_item("", line)
        content.append(items)
    text = "A record is stale when the experiment's source has changed since it was measured."
    return _section("Records", *content, nodes.paragraph("", text))


def _fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for placeholder in list(doctree.findall(StatusNode)):
        placeholder.replace_self(
            [_executions(app, docname), _records(app, docname), _environment()]
        )


def _rewrite(app: Sphinx, env: BuildEnvironment) -> list[str]:
    return sorted(page for page in _pages(env) if page in env.found_docs)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_node(StatusNode)
    app.add_directive("status", Status)
    app.connect("doctree-resolved", _fill)
    app.connect("env-updated", _rewrite)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
