"""The book's text and the built site, as the tests look at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from _ext.paths import ROOT
from build_site import HTML, build
from probe import Probe, launched


@pytest.fixture(scope="session")
def site(testrun_uid: str) -> Path:
    """The folder of the whole site, built by the function behind `make book`, once a run; warnings fail it."""
    built = ROOT / "_build" / ".site-tested"
    with FileLock(ROOT / "_build" / ".site.lock"):
        if not built.is_file() or built.read_text(encoding="utf-8") != testrun_uid:
            build()
            built.write_text(testrun_uid, encoding="utf-8")
    return HTML


@pytest.fixture(scope="session")
def probe() -> Iterator[Probe]:
    """One browser for all tests of a process (Playwright allows no second one)."""
    with launched() as browser:
        yield Probe(browser)
