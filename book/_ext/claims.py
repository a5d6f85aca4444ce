"""Measured claims on the page: the `{claim}` box, the `{record}` role, the `{claims-table}`."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from pathlib import Path
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
from deeplearning.experiments import discovery
from deeplearning.experiments.experiment import Experiment
from deeplearning.records import (
    OUTCOMES,
    KernelRecord,
    Record,
    RecordError,
    load,
    load_all,
    load_kernels,
)

LOGGER = logging.getLogger(__name__)
INLINE = re.compile(r"(`[^`]+`|\$[^$]+\$)")
NOT_YET = "not measured yet"
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


def waiting(known: Container[str]) -> list[tuple[Experiment, str]]:
    """Experiments without a record that cannot be measured yet, and why: what the page says instead of a verdict."""
    unknown = [path for claim, path in discovery.find().items() if claim not in known]
    found = ((experiment, experiment.waiting()) for experiment in map(discovery.load, unknown))
    return [(experiment, reason) for experiment, reason in found if reason]


def kernels_of(record: Record) -> KernelRecord | None:
    """The record of timed kernels that a claim was judged by, None if it was measured by its own experiment."""
    if not {"kernels", "machine"} <= record.config.keys():
        return None
    return load_kernels(record.config["kernels"], record.config["machine"])


def is_stale(record: Record) -> bool:
    """Whether the experiment, or the kernels that it judges, have changed since."""
    kernels = kernels_of(record)
    return record.stale or (kernels is not None and kernels.stale)


def badge(outcome: str, kind: str = "") -> nodes.inline:
    """A verdict as a coloured label; another text may have the colours of the outcome `kind`."""
    return nodes.inline(
        "", outcome, classes=["verdict", f"verdict-{verdict_class(kind or outcome)}"]
    )


def _fact(term: str, *content: nodes.Node) -> nodes.definition_list_item:
    paragraph = nodes.paragraph("", "", *content)
    return nodes.definition_list_item("", nodes.term("", term), nodes.definition("", paragraph))


def _depend(env: BuildEnvironment, claim: str) -> None:
    """Have the page read again when the record changes, or when there is one.

    Sphinx takes a page whose dependency does not exist for changed at every build, so a record that is still to be
    measured is kept in a list of our own.
    """
    path = CLAIMS / f"{claim}.json"
    if path.is_file():
        env.note_dependency(str(path))
    else:
        _awaited(env).setdefault(env.docname, set()).add(path)


def _awaited(env: BuildEnvironment) -> dict[str, set[Path]]:
    """Page → records that it asked for and that did not exist."""
    if not hasattr(env, "awaited_records"):
        env.awaited_records = {}  # type: ignore[attr-defined]
    return env.awaited_records  # type: ignore[attr-defined, no-any-return]


def _arrived(app: Sphinx, env: BuildEnvironment, *changes: set[str]) -> list[str]:
    return [page for page, paths in _awaited(env).items() if any(map(Path.is_file, paths))]


def _forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    _awaited(env).pop(docname, None)


def _merge(app: Sphinx, env: BuildEnvironment, pages: list[str], other: BuildEnvironment) -> None:
    _awaited(env).update({page: _awaited(other)[page] for page in pages if page in _awaited(other)})


class Claim(SphinxDirective):
    """```{claim} N3```: what was claimed, how it is judged, and what came out."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The box; without a record, a warning (an error in a strict build) and an empty box."""
        claim = self.arguments[0].strip()
        _depend(self.env, claim)
        box = nodes.container(classes=["claim"], ids=[anchor(claim)])
        self.set_source_info(box)
        try:
            record = load(claim)
        except RecordError as error:
            for experiment, reason in waiting(known=()):
                if experiment.id == claim:
                    return [self._waiting(box, experiment, reason)]
            LOGGER.warning(
                "claim %s: %s", claim, error, location=self.get_location(), type="claims"
            )
            head = nodes.inline("", f"Claim {claim}", classes=["claim-id"])
            box["classes"].append("claim-missing")
            box += nodes.paragraph(
                "", "", head, nodes.Text(" "), badge(NOT_YET), classes=["claim-head"]
            )
            return [box]
        box["classes"].append(f"claim-{verdict_class(record.verdict.outcome)}")
        if self.env.docname == f"book/{record.chapter}":
            self.env.get_domain("std").note_hyperlink_target(  # type: ignore[attr-defined]
                anchor(claim), self.env.docname, anchor(claim), f"claim {claim}"
            )
        box += self._content(record)
        return [box]

    @staticmethod
    def _waiting(box: nodes.container, experiment: Experiment, reason: str) -> nodes.container:
        head = nodes.inline("", f"Claim {experiment.id}", classes=["claim-id"])
        box["classes"].append("claim-waiting")
        box += nodes.paragraph(
            "", "", head, nodes.Text(" "), badge(reason, NOT_YET), classes=["claim-head"]
        )
        box += nodes.paragraph("", "", *inline(experiment.claim), classes=["claim-text"])
        facts = nodes.definition_list(classes=["claim-facts"])
        facts += _fact("Criterion", *inline(experiment.criterion_text))
        box += facts
        return box

    def _content(self, record: Record) -> list[nodes.Node]:
        head = nodes.paragraph("", "", classes=["claim-head"])
        head += nodes.inline("", f"Claim {record.id}", classes=["claim-id"])
        head += [nodes.Text(" "), badge(record.verdict.outcome)]
        stale = is_stale(record)
        if stale:
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
        if stale:
            what = "experiment's source" if record.stale else "kernels' source"
            text = f"Stale: the {what} has changed since this was measured."
            content.append(nodes.paragraph("", text, classes=["claim-stale"]))
        return content

    @staticmethod
    def _circumstances(record: Record) -> str:
        kernels = kernels_of(record)
        if kernels is not None:
            software, count = kernels.latest["software"], len(kernels.cases)
            return (
                f"{count} case{'s' if count != 1 else ''} on an {kernels.gpu}, "
                f"driver {kernels.latest['driver']}, "
                f"PyTorch {software['torch']}, Triton {software['triton']}, "
                f"{day(kernels.latest['time'])}"
            )
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
        _depend(self.env, self.text.partition(":")[0].strip())
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
    if is_stale(record):
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


def _waiting_row(app: Sphinx, fromdoc: str, experiment: Experiment, reason: str) -> nodes.row:
    chapter = f"book/{experiment.chapter}"
    number = nodes.strong("", experiment.id)
    claim = nodes.paragraph()
    claim += page_link(app, fromdoc, chapter, number, target=anchor(experiment.id))
    claim += [nodes.Text(" "), *inline(experiment.claim)]
    cells = [
        claim,
        nodes.paragraph("", "", badge(reason, NOT_YET)),
        nodes.paragraph("", "–"),
        nodes.paragraph(
            "", "", page_link(app, fromdoc, chapter, nodes.Text(short_title(app, chapter)))
        ),
    ]
    return nodes.row("", *(nodes.entry("", cell) for cell in cells))


def _table(rows: list[nodes.row]) -> nodes.table:
    columns = [("Claim", 32), ("Verdict", 18), ("Result", 33), ("Chapter", 17)]
    group = nodes.tgroup(
        "", *(nodes.colspec(colwidth=width) for _, width in columns), cols=len(columns)
    )
    heads = (nodes.entry("", nodes.paragraph("", name)) for name, _ in columns)
    group += nodes.thead("", nodes.row("", *heads))
    group += nodes.tbody("", *rows)
    return nodes.table("", group, classes=["claims-table", "colwidths-given"])


def summary(records: list[Record], later: Sequence[tuple[Experiment, str]] = ()) -> str:
    """How many claims came out how, in words, and how many have yet to."""
    outcomes = [record.verdict.outcome for record in records]
    said = ", ".join(
        counted(outcomes.count(outcome), outcome) for outcome in OUTCOMES if outcome in outcomes
    )
    text = f"{len(records)} claim{'s' if len(records) != 1 else ''} measured: {said}."
    reasons = [reason for _, reason in later]
    return " ".join(
        [text, *(f"{reasons.count(reason)} {reason}." for reason in dict.fromkeys(reasons))]
    )


def _claimed(one: Record | tuple[Experiment, str]) -> Record | Experiment:
    return one if isinstance(one, Record) else one[0]


def _fill_tables(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for placeholder in list(doctree.findall(ClaimsTableNode)):
        records = load_all()
        parts = chapter_parts(app.env)
        there = {chapter for _, chapters in parts for chapter in chapters}
        later = [one for one in waiting(records) if f"book/{one[0].chapter}" in there]
        content: list[nodes.Node] = []
        if records:
            content.append(nodes.paragraph("", summary(list(records.values()), later)))
        for caption, chapters in parts:
            own: list[Record | tuple[Experiment, str]] = [*records.values(), *later]
            own = [one for one in own if f"book/{_claimed(one).chapter}" in chapters]
            # Stable: then by number.
            own.sort(key=lambda one: chapters.index(f"book/{_claimed(one).chapter}"))
            if own:
                rows = [
                    _row(app, docname, one)
                    if isinstance(one, Record)
                    else _waiting_row(app, docname, *one)
                    for one in own
                ]
                title = nodes.title("", caption)
                content.append(nodes.section("", title, _table(rows), ids=[nodes.make_id(caption)]))
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
    app.connect("env-get-outdated", _arrived)
    app.connect("env-purge-doc", _forget)
    app.connect("env-merge-info", _merge)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
