"""Every page in a headless browser: on a desk and on a phone, in the light and in the dark, with no network.

The pages of a part are a class, because the tests of a class run in one process, and processes share the parts.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page

from book_pages import HTML_PAGES, NUMBERED, notebook_path, url
from probe import DESK, PHONE, Probe, overflow, resize

WHOLE = "book/neurons/perceptron"
"""The page whose listings and formulas are examined part by part: all pages have the same colours."""
OF_COLOURS = ("color-contrast", "link-in-text-block")
LIGHTNESS = """
    getComputedStyle(document.body).backgroundColor
        .match(/[0-9]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3
"""
IMAGES = (
    "[...document.querySelectorAll('article img')].map(e => [e.src, getComputedStyle(e).filter])"
)


def check_formulas(page: Page) -> None:
    written = page.locator("article .math").count()
    assert written > 0
    assert page.locator("article .math mjx-container").count() == written


def check_code(page: Page) -> None:
    """Code can be copied, outputs are not offered for it; hidden code can be shown."""
    assert page.locator("div.cell_input button.copybtn").count() > 0
    assert page.locator("div.cell_output button.copybtn").count() == 0
    hidden = page.locator("details.hide:has(div.cell_input)")
    if hidden.count():
        code = hidden.first.locator("div.cell_input")
        assert not code.is_visible()
        hidden.first.locator("summary").click()
        code.wait_for(state="visible", timeout=3000)


def check_solutions(page: Page) -> None:
    """Each exercise has a solution, folded until it is asked for."""
    solutions = page.locator("div.solution")
    assert solutions.count() == page.locator("div.exercise").count() > 0
    inside = solutions.first.locator("section, div.cell, p:not(.admonition-title)").first
    assert not inside.is_visible()
    solutions.first.locator("button.toggle-button").click()
    inside.wait_for(state="visible", timeout=3000)


def check_notebook(page: Page, site: Path, name: str) -> None:
    """The button at the top saves a valid notebook, the one that the site also holds as a file."""
    with page.expect_download(timeout=10_000) as download:
        page.click("a.download-notebook")
    assert download.value.suggested_filename == notebook_path(site, name).name
    content = Path(download.value.path()).read_text(encoding="utf-8")
    nbformat.validate(nbformat.reads(content, as_version=4))
    assert content == notebook_path(site, name).read_text(encoding="utf-8")


class Pages:
    """The pages in one folder of the book."""

    folder: str

    def test_page_is_sound(self, site: Path, probe: Probe, page: str) -> None:
        """Loaded on a phone, folded; on a desk in the light and in the dark; on the phone again, unfolded.

        All in one load, for loading a page and typesetting its formulas takes longest.
        """
        whole = page == WHOLE
        with probe.page(url(site, page), PHONE) as (opened, findings):
            findings.overflow += overflow(opened)
            resize(opened, DESK)
            if page in NUMBERED:
                check_formulas(opened)
                check_code(opened)
                check_notebook(opened, site, page)
                check_solutions(opened)
            probe.unfold(opened, findings)
            findings.accessibility += probe.violations(opened, whole)
            opened.emulate_media(color_scheme="dark")
            opened.wait_for_function("document.documentElement.dataset.theme === 'dark'")
            assert opened.evaluate(LIGHTNESS) < 60, "the page is not dark"
            for address, style in opened.evaluate(IMAGES):
                # Drawings on white turn dark; pictures keep their colours.
                assert ("invert" in style) == address.endswith(".svg"), address
            # The elements are the same ones: only what depends on colours can be another.
            findings.accessibility += probe.violations(opened, whole, OF_COLOURS)
            resize(opened, PHONE)
            findings.overflow += overflow(opened)
            assert not findings, findings


class TestNeurons(Pages):
    folder = "book/neurons"


class TestLearning(Pages):
    folder = "book/learning"


class TestDeep(Pages):
    folder = "book/deep"


class TestConvolution(Pages):
    folder = "book/convolution"


class TestSequences(Pages):
    folder = "book/sequences"


class TestPerformance(Pages):
    folder = "book/performance"


class TestReference(Pages):
    folder = "book"


class TestSearch(Pages):
    folder = "."


def in_folder(folder: str) -> list[str]:
    return [page for page in HTML_PAGES if Path(page).parent == Path(folder)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.cls is not None:  # the others name their pages
        metafunc.parametrize("page", in_folder(metafunc.cls.folder))


@pytest.mark.parametrize("page", [WHOLE, "book/index", "search"])
def test_page_loads_on_a_desk(site: Path, probe: Probe, page: str) -> None:
    findings = probe.visit(url(site, page))
    assert not findings, findings


def test_no_page_is_left_out() -> None:
    seen = [page for part in Pages.__subclasses__() for page in in_folder(part.folder)]
    assert sorted(seen) == sorted(HTML_PAGES)
