"""Set-up that all tests share: before anything is executed, and before processes race for it."""

from __future__ import annotations

import pytest

from _ext.execution import prepare_cache, prepare_kernels

prepare_kernels()  # before NumPy is imported: it reads the number of threads once


def pytest_configure(config: pytest.Config) -> None:
    """Create the execution cache in the controlling process (jupyter-cache's creation has a race)."""
    if not hasattr(config, "workerinput"):
        prepare_cache()
