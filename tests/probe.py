"""Look at a built page as a browser does, and say what is wrong with it.

`Probe.visit` opens a page over `file://` and collects every request to a network, every console error, sideways
overflow, unrendered or broken mathematics and, on demand, violations of accessibility rules. `test_probe.py` plants
each of these faults, so that a silent probe means a sound page.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

EXECUTABLES = (
    "chromium-headless-shell",  # the same engine without a window's process: a page costs a third less
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE = 1280, 390
LOCAL = ("file:", "data:", "blob:", "about:")
AXE = {
    "resultTypes": ["violations"],
    "preload": False,
}  # else axe fetches the style sheets itself, which file:// forbids
GRAVE = ("serious", "critical")
HOW_TO_INSTALL = (
    "no Chromium found: install one (Debian: apt-get install chromium-headless-shell; or "
    ".venv/bin/playwright install chromium)"
)

MATHEMATICS = """async () => {
    const written = document.querySelectorAll("article .math").length;
    if (window.MathJax?.startup?.promise) await MathJax.startup.promise;
    return {
        written,
        rendered: document.querySelectorAll("article .math mjx-container").length,
        broken: [...document.querySelectorAll("mjx-merror, [data-mjx-error]")].map(e => e.textContent),
    };
}"""

WIDEST = """() => {
    const width = document.documentElement.clientWidth;
    const wide = [...document.querySelectorAll("body *")].filter(e => {
        if (e.getBoundingClientRect().right <= width + 1 || !e.checkVisibility()) return false;
        // What scrolls inside a box of its own, or is cut off by one, does not widen the page.
        for (let at = e.parentElement; at && at !== document.body; at = at.parentElement)
            if (getComputedStyle(at).overflowX !== "visible") return false;
        return true;
    });
    return {
        excess: Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - width,
        wide: wide.slice(0, 3).map(e => e.outerHTML.slice(0, 160)),
    };
}"""

WITHOUT_TOKENS = """() => {
    for (const e of document.querySelectorAll("div.highlight pre")) e.textContent = e.textContent;
}"""

OPEN_EVERYTHING = """() => {
    const details = document.querySelectorAll("details:not([open])");
    const buttons = document.querySelectorAll(".toggle-hidden > .admonition-title > button.toggle-button");
    details.forEach(e => e.open = true);
    buttons.forEach(e => e.click());
    return details.length + buttons.length;
}"""


@dataclass
class Findings:
    """What is wrong with a page; empty lists and zeros if nothing."""

    network: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    mathematics: list[str] = field(default_factory=list)
    overflow: list[str] = field(default_factory=list)
    accessibility: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(f"{name}: {line}" for name, lines in vars(self).items() for line in lines)

    def __bool__(self) -> bool:
        return any(vars(self).values())


def find_browser() -> str | None:
    """The path of a Chromium or Chrome, or None."""
    for name in EXECUTABLES:
        if path := shutil.which(name):
            return path
    if MAC.is_file():
        return str(MAC)
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).is_file() else None


def require_browser() -> str:
    """The browser's path; without one the test is skipped, on a CI machine it fails."""
    path = find_browser()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(HOW_TO_INSTALL)
        pytest.skip(HOW_TO_INSTALL)
    return path


@contextmanager
def launched() -> Iterator[Browser]:
    """A running browser."""
    path = require_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Probe:
    """Opens pages in one browser."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.axe = Axe()

    @contextmanager
    def page(
        self, url: str, width: int = DESK, scheme: str = "light"
    ) -> Iterator[tuple[Page, Findings]]:
        """An opened page in a fresh profile, and what its loading showed; more may be added to the findings."""
        findings = Findings()
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )  # type: ignore[arg-type]
        try:
            page = context.new_page()
            page.on(
                "request",
                lambda r: None if r.url.startswith(LOCAL) else findings.network.append(r.url),
            )
            page.on("requestfailed", lambda r: findings.console.append(f"failed: {r.url}"))
            page.on(
                "console", lambda m: findings.console.append(m.text) if m.type == "error" else None
            )
            page.on("pageerror", lambda error: findings.console.append(str(error)))
            page.goto(url)
            page.wait_for_load_state("load")
            counts = page.evaluate(MATHEMATICS)
            findings.mathematics += [f"broken: {text}" for text in counts["broken"]]
            if counts["rendered"] < counts["written"]:
                findings.mathematics.append(
                    f"{counts['rendered']} of {counts['written']} formulas rendered"
                )
            yield page, findings
        finally:
            context.close()

    def visit(
        self, url: str, width: int = DESK, scheme: str = "light", accessibility: bool = False
    ) -> Findings:
        """Open a page, unfold all that is folded, and look."""
        with self.page(url, width, scheme) as (page, findings):
            self.unfold(page, findings)
            if accessibility:
                findings.accessibility += self.violations(page)
        return findings

    def unfold(self, page: Page, findings: Findings) -> None:
        """Unfold all that is folded; note what makes the page too wide before and after."""
        findings.overflow += overflow(page)
        if page.evaluate(OPEN_EVERYTHING):
            page.wait_for_timeout(400)  # it is animated
            findings.overflow += [line for line in overflow(page) if line not in findings.overflow]

    def violations(
        self, page: Page, whole: bool = True, rules: tuple[str, ...] | None = None
    ) -> list[str]:
        """Serious and critical violations that axe-core finds, of all its rules or of some.

        If not the `whole` page is looked at, formulas are left out, and listings, whose tokens become plain text: there
        are thousands of parts in a few colours, and axe takes ten times as long with them.
        """
        if not whole:
            page.evaluate(WITHOUT_TOKENS)
        context = None if whole else {"exclude": [["div.highlight"], ["mjx-container"]]}
        options = AXE | ({"runOnly": list(rules)} if rules else {})
        response: dict[str, Any] = self.axe.run(page, context=context, options=options).response
        return [
            f"{violation['impact']} {violation['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
            for violation in response["violations"]
            if violation["impact"] in GRAVE
            for node in violation["nodes"][:5]
        ]


def resize(page: Page, width: int) -> None:
    """Give the window another width, and wait until the page has been laid out in it."""
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function(f"innerWidth === {width}")
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def overflow(page: Page) -> list[str]:
    """What makes the page wider than the window."""
    found = page.evaluate(WIDEST)
    if found["excess"] <= 0:
        return []
    return [
        f"{found['excess']} px too wide: {html}" for html in found["wide"] or ["(nothing visible)"]
    ]
