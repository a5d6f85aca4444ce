"""`{parts}` on the cover: a card for every part of the book, with its chapters and the verdicts reached in it."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from _ext.claims import badge
from _ext.contents import chapter_parts, page_link
from _ext.words import counted
from deeplearning.records import OUTCOMES, load_all


class PartsNode(nodes.General, nodes.Element):
    """Placeholder: titles are known when all pages are read."""


class Parts(SphinxDirective):
    """`{parts}`: the content has a paragraph for every part, in the order of _toc.yml."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """One placeholder that holds the parsed paragraphs."""
        placeholder = PartsNode()
        self.state.nested_parse(self.content, self.content_offset, placeholder)
        return [placeholder]


def _chapters(app: Sphinx, page: str, names: list[str]) -> nodes.bullet_list:
    items = nodes.bullet_list(classes=["part-chapters"])
    for name in names:
        number = app.env.toc_secnumbers.get(name, {}).get("", ())
        line = nodes.paragraph()
        if number:
            line += nodes.inline("", f"{number[0]}", classes=["part-number"])
        line += page_link(app, page, name)
        items += nodes.list_item("", line)
    return items


def _tally(names: list[str]) -> list[nodes.Node]:
    outcomes = [
        record.verdict.outcome
        for record in load_all().values()
        if f"book/{record.chapter}" in names
    ]
    if not outcomes:
        return []
    line = nodes.paragraph("", "", classes=["part-tally"])
    line += nodes.Text("Claims measured: ")
    for outcome in OUTCOMES:
        if count := outcomes.count(outcome):
            label = badge(outcome)
            label.children = [nodes.Text(counted(count, outcome))]
            line += [label, nodes.Text(" ")]
    return [line]


def _fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for placeholder in list(doctree.findall(PartsNode)):
        parts = chapter_parts(app.env)
        texts = list(placeholder.children)
        if len(texts) != len(parts):
            raise ExtensionError(
                f"{docname}: {{parts}} has {len(texts)} paragraphs for {len(parts)} parts of _toc.yml"
            )
        cards = nodes.container(classes=["parts"])
        for (caption, names), text in zip(parts, texts, strict=True):
            heading = nodes.paragraph("", "", nodes.strong("", caption), classes=["part-title"])
            cards += nodes.container(
                "",
                heading,
                text,
                _chapters(app, docname, names),
                *_tally(names),
                classes=["part-card"],
            )
        placeholder.replace_self(cards)


def _rewrite(app: Sphinx, env: BuildEnvironment) -> list[str]:
    return [app.config.root_doc]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_node(PartsNode)
    app.add_directive("parts", Parts)
    app.connect("doctree-resolved", _fill)
    app.connect("env-updated", _rewrite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
