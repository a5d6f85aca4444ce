"""Every page with code runs from top to bottom, into the cache that the site is built from."""

from __future__ import annotations

import pytest

from _ext.execution import chapters, execute
from book_pages import NUMBERED, executed_pages, source


@pytest.mark.parametrize("page", executed_pages())
def test_chapter_executes(page: str) -> None:
    execute(source(page))  # raises with the traceback of the cell that failed


def test_every_chapter_is_in_the_contents_and_executed() -> None:
    assert sorted(source(page) for page in executed_pages()) == chapters()
    assert set(NUMBERED) <= set(executed_pages())
