"""Measured claims on the page: the `{claim}` box, the `{record}` role, the `{claims-table}`."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from _ext.contents import chapter_parts, page_link, short_title
from _ext.measured import QuoteError, quote, typeset
from _ext.paths import CLAIMS
from _ext.words import counted, cpu_name, day, duration
from deeplearning.records import OUTCOMES, Record, RecordError, load, load_all

LOGGER = logging.getLogger(__name__)
INLINE = re.compile(r"(`[^`]+`|\$[^$]+\$)")
NUMBER = re.compile(r"(?<![\w.^-])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w-])")


def verdict_class(outcome: str) -> str:
    """CSS class of an outcome.

    >>> verdict_class("holds partly")
    'holds-partly'
    """
    return outcome.replace(" ", "-")


def inline(text: str) -> list[nodes.Node]:
    """Plain text in which `code`, $mathematics$ and numbers are set as such, nothing else.

    Claims and headlines are strings of Python code: a stray `*` or `_` there is no emphasis.
    """
    parts: list[nodes.Node] = []
    for piece in INLINE.split(text):
        if piece.startswith("`"):
            parts.append(nodes.literal(piece, piece[1:-1]))
        elif piece.startswith("$"):
            parts.append(nodes.math(piece, piece[1:-1]))
        elif piece:
            parts.append(nodes.Text(NUMBER.sub(lambda number: typeset(number.group()), piece)))
    return parts


def anchor(claim: str) -> str:
    """Id of a claim's box in its chapter."""
    return f"claim-{claim.lower()}"


def badge(outcome: str) -> nodes.inline:
    """A verdict as a coloured label."""
    return nodes.inline("", outcome, classes=["verdict", f"verdict-{verdict_class(outcome)}"])


def _fact(term: str, *content: nodes.Node) -> nodes.definition_list_item:
    paragraph = nodes.paragraph("", "", *content)
    return nodes.definition_list_item("", nodes.term("", term), nodes.definition("", paragraph))


class Claim(SphinxDirective):
    """```{claim} N3```: what was claimed, how it is judged, and what came out."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The box; without a record, a warning (an error in a strict build) and an empty box."""
        claim = self.arguments[0].strip()
        path = CLAIMS / f"{claim}.json"
        self.env.note_dependency(str(path))
        box = nodes.container(classes=["claim"], ids=[anchor(claim)])
        self.set_source_info(box)
        try:
            record = load(claim)
        except RecordError as error:
            LOGGER.warning(
                "claim %s: %s", claim, error, location=self.get_location(), type="claims"
            )
            head = nodes.inline("", f"Claim {claim}", classes=["claim-id"])
            box["classes"].append("claim-missing")
            box += nodes.paragraph(
                "", "", head, nodes.Text(" "), badge("not measured yet"), classes=["claim-head"]
            )
            return [box]
        box["classes"].append(f"claim-{verdict_class(record.verdict.outcome)}")
        if self.env.docname == f"book/{record.chapter}":
            self.env.get_domain("std").note_hyperlink_target(  # type: ignore[attr-defined]
                anchor(claim), self.env.docname, anchor(claim), f"claim {claim}"
            )
        box += self._content(record)
        return [box]

    def _content(self, record: Record) -> list[nodes.Node]:
        head = nodes.paragraph("", "", classes=["claim-head"])
        head += nodes.inline("", f"Claim {record.id}", classes=["claim-id"])
        head += [nodes.Text(" "), badge(record.verdict.outcome)]
        if record.stale:
            head += [
                nodes.Text(" "),
                nodes.inline("", "stale", classes=["verdict", "verdict-stale"]),
            ]
        facts = nodes.definition_list(classes=["claim-facts"])
        facts += _fact("Criterion", *inline(record.criterion_text))
        facts += _fact("Result", nodes.strong("", "", *inline(record.verdict.headline)))
        facts += _fact("Measured", nodes.Text(self._circumstances(record)))
        facts += _fact(
            "Record",
            self._download(record),
            nodes.Text(", renewed by "),
            nodes.literal("", record.command),
        )
        content: list[nodes.Node] = [
            head,
            nodes.paragraph("", "", *inline(record.claim), classes=["claim-text"]),
            facts,
        ]
        if record.stale:
            text = "Stale: the experiment's source has changed since this was measured."
            content.append(nodes.paragraph("", text, classes=["claim-stale"]))
        return content

    @staticmethod
    def _circumstances(record: Record) -> str:
        seeds = len(record.seeds)
        machine = record.machine
        runs = "1 run (nothing is random)" if seeds == 1 else f"{seeds} seeds"
        cores = f"{machine['cores']} core{'s' if machine['cores'] != 1 else ''}"
        return f"{runs}, {duration(record.seconds)} in all, {day(record.time)}, {cpu_name(machine['cpu'])}, {cores}"

    def _download(self, record: Record) -> nodes.Node:
        name = f"{record.id}.json"
        target = f"/results/claims/{name}"
        link = addnodes.download_reference(
            "",
            "",
            reftype="download",
            refdomain="",
            reftarget=target,
            refdoc=self.env.docname,
            refexplicit=False,
        )
        link += nodes.literal("", name)
        return link


class RecordRole(SphinxRole):
    """``{record}`N3:accuracy.mean:.1%` ``: a number of a record."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The formatted number; if there is none, a warning and the expression as written."""
        self.env.note_dependency(str(CLAIMS / f"{self.text.partition(':')[0].strip()}.json"))
        try:
            text = quote(self.text)
            # A number keeps together; words (a headline) break as words do.
            return [
                nodes.inline(self.rawtext, text, classes=["measured"] if len(text) < 16 else [])
            ], []
        except (QuoteError, RecordError) as error:
            LOGGER.warning("record: %s", error, location=self.get_location(), type="claims")
            return [nodes.literal(self.rawtext, self.text)], []


class ClaimsTableNode(nodes.General, nodes.Element):
    """Placeholder for the table: chapters are known when all pages are read."""


class ClaimsTable(SphinxDirective):
    """`{claims-table}`: every record, by part."""

    def run(self) -> list[nodes.Node]:
        """One placeholder; the page is written again when records change."""
        # Claims may hold formulas, and Sphinx loads MathJax where it meets one while reading.
        return [ClaimsTableNode("", nodes.math("x", "x"))]


def _row(app: Sphinx, fromdoc: str, record: Record) -> nodes.row:
    chapter = f"book/{record.chapter}"
    claim = nodes.paragraph()
    claim += page_link(app, fromdoc, chapter, nodes.strong("", record.id), target=anchor(record.id))
    claim += [nodes.Text(" "), *inline(record.claim)]
    verdict = nodes.paragraph("", "", badge(record.verdict.outcome))
    if record.stale:
        verdict += [
            nodes.Text(" "),
            nodes.inline("", "stale", classes=["verdict", "verdict-stale"]),
        ]
    cells = [
        claim,
        verdict,
        nodes.paragraph("", "", *inline(record.verdict.headline)),
        nodes.paragraph(
            "", "", page_link(app, fromdoc, chapter, nodes.Text(short_title(app, chapter)))
        ),
    ]
    return nodes.row("", *(nodes.entry("", cell) for cell in cells))


def _table(app: Sphinx, fromdoc: str, records: list[Record]) -> nodes.table:
    columns = [("Claim", 32), ("Verdict", 18), ("Result", 33), ("Chapter", 17)]
    group = nodes.tgroup(
        "", *(nodes.colspec(colwidth=width) for _, width in columns), cols=len(columns)
    )
    heads = (nodes.entry("", nodes.paragraph("", name)) for name, _ in columns)
    group += nodes.thead("", nodes.row("", *heads))
    group += nodes.tbody("", *(_row(app, fromdoc, record) for record in records))
    return nodes.table("", group, classes=["claims-table", "colwidths-given"])


def summary(records: list[Record]) -> str:
    """How many claims came out how, in words."""
    outcomes = [record.verdict.outcome for record in records]
    said = ", ".join(
        counted(outcomes.count(outcome), outcome) for outcome in OUTCOMES if outcome in outcomes
    )
    return f"{len(records)} claim{'s' if len(records) != 1 else ''} measured: {said}."


def _fill_tables(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for placeholder in list(doctree.findall(ClaimsTableNode)):
        records = load_all()
        parts = chapter_parts(app.env)
        content: list[nodes.Node] = []
        if records:
            content.append(nodes.paragraph("", summary(list(records.values()))))
        for caption, chapters in parts:
            own = [record for record in records.values() if f"book/{record.chapter}" in chapters]
            own.sort(
                key=lambda record: chapters.index(f"book/{record.chapter}")
            )  # stable: then by number
            if own:
                name = nodes.make_id(caption)
                content.append(
                    nodes.section(
                        "", nodes.title("", caption), _table(app, docname, own), ids=[name]
                    )
                )
        placeholder.replace_self(content)


def _rewrite_tables(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Pages with a table quote other pages' titles and all records: they are written anew in every build."""
    return ["book/claims"] if "book/claims" in env.found_docs else []


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("claim", Claim)
    app.add_role("record", RecordRole())
    app.add_node(ClaimsTableNode)
    app.add_directive("claims-table", ClaimsTable)
    app.connect("doctree-resolved", _fill_tables)
    app.connect("env-updated", _rewrite_tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
