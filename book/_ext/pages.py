"""Finishing touches to every page: the front door, Hangul marked as Korean, builds that notice a new style."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from _ext.paths import ROOT

HANGUL = re.compile(r"([\uac00-\ud7a3\u3131-\u318e]+(?:[ ·]+[\uac00-\ud7a3\u3131-\u318e]+)*)")

FRONT_DOOR = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<meta http-equiv="refresh" content="0; url={target}">
</head>
<body>
<main><h1>{title}</h1><p><a href="{target}">Open the book</a></p></main>
</body>
</html>
"""


class MarkKorean(SphinxPostTransform):
    """Put every run of Hangul into `<span lang="ko">`, so that browsers choose the right voice and font."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Split the text nodes that hold Hangul, outside code."""
        for text in list(self.document.findall(nodes.Text)):
            if not HANGUL.search(text) or _within(
                text, (nodes.literal, nodes.FixedTextElement, nodes.raw)
            ):
                continue
            pieces: list[nodes.Node] = []
            for piece in HANGUL.split(text.astext()):
                if HANGUL.fullmatch(piece):
                    # docutils writes the class language-ko as the attribute lang="ko".
                    pieces.append(nodes.inline("", piece, classes=["language-ko"]))
                elif piece:
                    pieces.append(nodes.Text(piece))
            text.parent.replace(text, pieces)


def _within(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    at = node.parent
    while at is not None:
        if isinstance(at, kinds):
            return True
        at = at.parent
    return False


def content_digest(files: Iterable[Path]) -> str:
    """Digest of the contents of files, in the order of their names."""
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return total.hexdigest()


def _front_door(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.name == "html":
        target = app.builder.get_target_uri(app.config.root_doc)
        page = FRONT_DOOR.format(title=escape(app.config.html_title), target=escape(target))
        Path(app.outdir, "index.html").write_text(page, encoding="utf-8")


def _mend_roles(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    # docutils gives citations the roles of a list, but puts links beside the entries, which a list may not hold.
    if "body" in context:
        body = context["body"].replace(
            '<div role="list" class="citation-list">', '<div class="citation-list">'
        )
        context["body"] = body.replace(' role="doc-biblioentry"', "")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx.

    Sphinx notices changed pages, not changed extensions, templates or style sheets; two settings that hold
    their digests make it read, respectively write, all pages again.
    """
    book = ROOT / "book"
    app.add_config_value("book_code", content_digest((book / "_ext").glob("*.py")), "env")
    style = [*(book / "_web").glob("*.*"), *(book / "_templates").glob("*.html")]
    app.add_config_value("book_style", content_digest(style), "html")
    app.add_post_transform(MarkKorean)
    app.connect("html-page-context", _mend_roles)
    app.connect("build-finished", _front_door)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
