"""Set-up that all tests share: before anything is executed, and before processes race for it."""

from __future__ import annotations

import pytest

from _ext.execution import prepare_cache, prepare_kernels

prepare_kernels()  # before NumPy is imported: it reads the number of threads once

FIRST = ("tests/book/test_site.py", "tests/kernels/", "tests/book/")
"""What is handed out first, in this order: the site, for which chapters are executed; then kernels, which take as long
as that; then the pages in a browser, which wait for the site. Short tests at the end keep every process busy."""


def pytest_configure(config: pytest.Config) -> None:
    """Create the execution cache in the controlling process (jupyter-cache's creation has a race)."""
    if not hasattr(config, "workerinput"):
        prepare_cache()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests into the order in which processes take them."""

    def rank(item: pytest.Item) -> int:
        return next(
            (i for i, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST)
        )

    items.sort(key=rank)
