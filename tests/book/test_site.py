"""The built site, page by page, in a headless browser over file://, with no network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup, SoupStrainer
from nbclient import NotebookClient

from _ext.execution import execute, executed
from _ext.measured import quote
from _ext.paths import ROOT
from book_pages import (
    HTML_PAGES,
    NUMBERED,
    PAGES,
    PARTS,
    executed_pages,
    notebook_path,
    source,
    url,
)
from deeplearning.experiments import discover
from probe import Probe

MEGABYTE = 1e6


def test_site_has_no_other_pages(site: Path) -> None:
    made = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    assert {page for page in made if not page.startswith("_static/")} == {*HTML_PAGES, "index"}


@pytest.mark.parametrize(
    ("word", "page"),
    [
        ("perceptron", "book/neurons/perceptron"),
        ("퍼셉트론", "book/neurons/perceptron"),
        ("역전파", "book/learning/backpropagation-by-hand"),
        ("XOR", "book/neurons/multi-layer-perceptron"),
    ],
)
def test_search_finds_a_known_word(site: Path, probe: Probe, word: str, page: str) -> None:
    with probe.page(url(site, "search", f"?q={word}")) as (opened, findings):
        opened.wait_for_selector("#search-results li a", timeout=10_000)
        opened.wait_for_function(
            "document.querySelector('#search-results .search-summary')?.textContent.includes('found')"
        )
        links = opened.eval_on_selector_all(
            "#search-results li a", "links => links.map(link => link.href)"
        )
        assert any(f"{page}.html" in link for link in links), links
        assert not findings, findings


def test_search_starts_from_the_keyboard(site: Path, probe: Probe) -> None:
    with probe.page(url(site, "book/index")) as (opened, findings):
        opened.keyboard.press("Control+k")
        opened.keyboard.type("perceptron")
        opened.keyboard.press("Enter")
        opened.wait_for_selector("#search-results li a", timeout=10_000)
        assert not findings, findings


def test_reader_can_switch_to_the_dark_and_back(site: Path, probe: Probe) -> None:
    with probe.page(url(site, "book/index")) as (opened, _):
        seen = set()
        for _click in range(3):
            opened.click(
                "article ~ * .theme-switch-button, .bd-header-article .theme-switch-button"
            )
            seen.add(opened.evaluate("document.documentElement.dataset.theme"))
        assert seen == {"light", "dark"}


@pytest.mark.parametrize("page", NUMBERED)
def test_notebook_has_the_executed_cells_and_plain_prose(site: Path, page: str) -> None:
    notebook = nbformat.read(notebook_path(site, page), as_version=4)
    ran = executed(source(page))
    assert ran is not None, f"{page} is not in the execution cache"
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert cells == [cell.source for cell in ran.cells if cell.cell_type == "code"]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"(`{1,3})(?!`).*?(?<!`)\1", "", cell.source, flags=re.DOTALL)
            left = re.findall(
                r"\{[a-z][\w:-]*\}`|^:::.*|^\([\w-]+\)=$|::\w+:\.", prose, re.MULTILINE
            )
            assert not left, f"MyST is left in the notebook of {page}: {left}\n{cell.source}"


def test_downloaded_notebook_executes_elsewhere(site: Path, tmp_path: Path) -> None:
    """One is run anew, in another folder; the others have the cells that `test_chapters` ran."""
    shortest = min(NUMBERED, key=lambda page: execute(source(page)))
    notebook = nbformat.read(notebook_path(site, shortest), as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert any(cell.get("outputs") for cell in notebook.cells)


def test_claims_page_lists_every_claim_with_its_chapter(site: Path, probe: Probe) -> None:
    measured = {path.stem for path in (ROOT / "results" / "claims").glob("*.json")}
    later = {name: one.waiting() for name, one in discover().items() if name not in measured}
    with probe.page(url(site, "book/claims")) as (opened, _):
        rows = opened.locator("table.claims-table tbody tr")
        shown = [
            rows.nth(i).locator("td").first.locator("a").inner_text() for i in range(rows.count())
        ]
        assert sorted(shown) == sorted(measured | set(later))
        for row in range(rows.count()):
            link = rows.nth(row).locator("td").first.locator("a").get_attribute("href") or ""
            page, _, target = link.partition("#")
            assert f'id="{target}"' in (site / "book" / page).read_text(encoding="utf-8"), link
            outcome = later.get(shown[row]) or quote(f"{shown[row]}:outcome:s")
            assert outcome in rows.nth(row).inner_text()


@pytest.mark.parametrize("page", NUMBERED)
def test_claim_boxes_offer_their_records(site: Path, page: str) -> None:
    html = site / f"{page}.html"
    # A tree of the whole page takes a second.
    of_claims = SoupStrainer("div", class_=re.compile(r"\bclaim\b"))
    text = html.read_text(encoding="utf-8")
    boxes = BeautifulSoup(text, "html.parser", parse_only=of_claims).select("div.claim")
    assert boxes, f"{page} has no claim"
    for box in boxes:
        for link in box.select("a.download"):
            record = json.loads(
                html.parent.joinpath(str(link["href"])).resolve().read_text("utf-8")
            )
            assert f"Claim {record['id']}" in box.get_text(" ", strip=True)


def test_status_page_names_every_executed_page(site: Path, probe: Probe) -> None:
    with probe.page(url(site, "book/status")) as (opened, _):
        rows = opened.locator("table.executions tbody tr")
        assert rows.count() == len(executed_pages()) + 1
        for row in range(rows.count()):
            seconds = float(rows.nth(row).locator("td").nth(1).inner_text())
            assert seconds > 0
        versions = opened.locator("table.environment").inner_text()
        for package in ("numpy", "torch", "Python", "Processor"):
            assert package in versions


def test_cover_shows_a_measured_figure_the_parts_and_the_commands(site: Path, probe: Probe) -> None:
    with probe.page(url(site, "book/index")) as (opened, _):
        assert opened.locator("article figure img").count() >= 1
        cards = opened.locator("div.part-card")
        assert [
            cards.nth(i).locator(".part-title").inner_text() for i in range(cards.count())
        ] == list(PARTS)
        text = opened.locator("article").inner_text()
        assert "make book" in text
        assert "make test" in text


def test_front_door_leads_to_the_cover(site: Path, probe: Probe) -> None:
    text = (site / "index.html").read_text(encoding="utf-8")
    assert text.count('"book/index.html"') + text.count("url=book/index.html") == 2
    context = probe.browser.new_context()
    opened = context.new_page()
    opened.goto(url(site, "index"))
    opened.wait_for_url("**/book/index.html", timeout=5000)
    context.close()


def test_korean_words_are_marked_as_korean(site: Path, probe: Probe) -> None:
    with probe.page(url(site, "book/glossary")) as (opened, _):
        assert opened.locator("article [lang=ko]").count() > 20


@pytest.mark.parametrize("page", PAGES)
def test_page_is_small(site: Path, page: str) -> None:
    """A page weighs what it alone loads: its HTML and its images."""
    html = site / f"{page}.html"
    content = html.read_text(encoding="utf-8")
    images = {
        html.parent.joinpath(src).resolve()
        for src in re.findall(r'<img[^>]*src="([^"]+)"', content)
    }
    size = html.stat().st_size + sum(image.stat().st_size for image in images if image.is_file())
    assert size <= 3 * MEGABYTE, f"{page}: {size / MEGABYTE:.1f} MB"


def test_site_is_small(site: Path) -> None:
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) <= 40 * MEGABYTE


def test_links_between_pages_lead_somewhere(site: Path) -> None:
    for page in PAGES:
        html = site / f"{page}.html"
        content = html.read_text(encoding="utf-8")
        for href in set(
            re.findall(r'href="([^"#?:]+?\.(?:html|ipynb|json|css))(?:[?#][^"]*)?"', content)
        ):
            assert html.parent.joinpath(href).is_file(), f"{page} links to {href}"
