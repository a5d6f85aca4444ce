"""Where the book's parts lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

SOURCE_ROOTS = (ROOT / "code", ROOT / "kernels")
"""Folders whose packages the chapters import."""

CLAIMS = ROOT / "results" / "claims"
"""Records of measured claims."""

CACHE = ROOT / "_build" / ".jupyter_cache"
"""Executed chapters, shared by the tests and every build of the site."""

PROFILE = ROOT / "_build" / ".ipython"
"""IPython's folder for the kernels that execute chapters."""
