"""Finishing touches to pages, and builds that forget what failed."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

import build_site
from _ext.contents import short_title
from _ext.pages import content_digest

CONF = """
extensions = ["myst_parser", "_ext.pages"]
root_doc = "start"
html_title = "A <title>"
html_theme = "basic"
"""


def build(folder: Path, text: str) -> Path:
    (folder / "conf.py").write_text(CONF)
    (folder / "start.md").write_text(text, encoding="utf-8")
    with docutils_namespace():
        app = Sphinx(
            folder,
            folder,
            folder / "out",
            folder / "trees",
            "html",
            status=None,
            warning=StringIO(),
        )
        app.build()
    return folder / "out"


def test_hangul_is_marked_outside_code(tmp_path: Path) -> None:
    site = build(tmp_path, "# A title (가중치)\n\nThe 다층 퍼셉트론, `코드`.\n\n```\n주석\n```\n")
    html = (site / "start.html").read_text(encoding="utf-8")
    assert '(<span lang="ko">가중치</span>)' in html
    assert 'The <span lang="ko">다층 퍼셉트론</span>,' in html
    assert html.count('lang="ko"') == 2


def test_front_door_leads_to_the_root_page(tmp_path: Path) -> None:
    door = (build(tmp_path, "# A\n") / "index.html").read_text(encoding="utf-8")
    assert 'url=start.html"' in door
    assert "A &lt;title&gt;" in door


def test_digest_follows_names_and_contents(tmp_path: Path) -> None:
    one, two = tmp_path / "a.css", tmp_path / "b.css"
    one.write_text("x")
    two.write_text("y")
    digest = content_digest([one, two])
    assert digest == content_digest([two, one])
    two.write_text("z")
    assert digest != content_digest([one, two])


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("The perceptron (퍼셉트론)", "The perceptron"),
        ("Gradient descent: steps (경사 하강법)", "Gradient descent"),
        ("A title (in English)", "A title (in English)"),
    ],
)
def test_short_title(title: str, short: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("_ext.contents.page_title", lambda app, page: title)
    assert short_title(None, "page") == short  # type: ignore[arg-type]


def test_unknown_page_is_named() -> None:
    with pytest.raises(build_site.BuildError, match=r"there is no book/no/such\.md"):
        build_site.build_page("no/such")


def test_failed_build_is_not_forgiven_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sphinx repeats no warning of a page that it does not read again."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "conf.py").write_text('extensions = ["myst_parser"]\nroot_doc = "start"\n')
    (project / "start.md").write_text("# A\n\n[gone](gone.md)\n")
    monkeypatch.setattr(build_site, "ROOT", project)
    for _ in range(2):
        with pytest.raises(build_site.BuildError, match="failed"):
            build_site.run_sphinx(project / "html", "-W", "--keep-going")
    (project / "start.md").write_text("# A\n\nMended.\n")
    build_site.run_sphinx(project / "html", "-W", "--keep-going")
