"""The book's parts, as _toc.yml has them, and links between its pages."""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_external_toc.api import FileItem


def chapter_parts(env: BuildEnvironment) -> list[tuple[str, list[str]]]:
    """Caption and page names of every part, in order."""
    site_map = env.external_site_map  # type: ignore[attr-defined]
    return [
        (
            part.caption or "",
            [str(item).removesuffix(".md") for item in part.items if isinstance(item, FileItem)],
        )
        for part in site_map.root.subtrees
    ]


def page_title(app: Sphinx, page: str) -> str:
    """A page's title as plain text; the page's name if it is not in this build."""
    return app.env.titles[page].astext() if page in app.env.titles else page.rpartition("/")[2]


def short_title(app: Sphinx, page: str) -> str:
    """A page's title without its Korean term in parentheses and without what follows a colon."""
    title = re.sub(r"\s*\([^()]*[\uac00-\ud7a3][^()]*\)$", "", page_title(app, page))
    return title.partition(":")[0]


def page_link(
    app: Sphinx,
    fromdoc: str,
    todoc: str,
    *text: nodes.Node,
    target: str = "",
    classes: tuple[str, ...] = (),
) -> nodes.Node:
    """A link to a page, or to the id `target` on it, for doctrees that are already resolved.

    Without `text` the page's title is shown. A page that is not in this build (a preview) gives plain text.
    """
    shown = text or (nodes.Text(page_title(app, todoc)),)
    if todoc not in app.env.found_docs:
        return nodes.inline("", "", *shown, classes=list(classes))
    uri = app.builder.get_relative_uri(fromdoc, todoc) + (f"#{target}" if target else "")
    return nodes.reference("", "", *shown, internal=True, refuri=uri, classes=list(classes))
