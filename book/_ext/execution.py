"""Execute a chapter once, for the tests and for the site.

jupyter-cache recognises an executed notebook by its code cells and its kernelspec, not by what the cells
import. So a digest of all files that the cells reach is written into the kernelspec: editing one module
executes again just the chapters that import it; editing prose executes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.config import Config

from _ext.kernels import manager
from _ext.paths import CACHE, PROFILE, ROOT
from _ext.sources import dependencies
from deeplearning.atomic import atomic_write

PINNED = ("ipykernel", "matplotlib", "numpy", "scikit-learn", "torch", "triton")
"""Packages whose version can change a chapter's outputs."""

TIMEOUT = 120
"""Seconds that one cell may take, as in _config.yml."""

COLOUR = re.compile("\x1b\\[[0-9;]*m")
KERNELSPEC = re.compile(r"^kernelspec:\n(?:[ \t]+.*\n)+", re.MULTILINE)


class ChapterError(Exception):
    """A chapter's cell failed; the message holds the chapter and the traceback."""


def prepare_kernels() -> None:
    """Give kernels the same surroundings in tests and builds, on every machine.

    One BLAS thread a process: equal sums, and two chapters at a time do not fight. An IPython profile of their
    own: the reader's start-up files cannot change outputs, and ipykernel's advice on transport encryption,
    printed at every start, stays out of the build's output.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    settings = PROFILE / "profile_default" / "ipython_kernel_config.py"
    if not settings.is_file():
        with atomic_write(settings) as file:  # another process may be reading it
            file.write(b"c = get_config()\nc.IPKernelApp.log_level = 40\n")
    os.environ["IPYTHONDIR"] = str(PROFILE)


def digest(files: list[Path]) -> str:
    """Digest of the interpreter, the pinned packages and the contents of `files`."""
    pins = [platform.python_version()]
    for name in PINNED:
        with contextlib.suppress(PackageNotFoundError):  # Triton exists on Linux only
            pins.append(f"{name} {version(name)}")
    total = hashlib.sha256(json.dumps(pins).encode())
    for file in files:
        total.update(f"\0{file.relative_to(ROOT).as_posix()}\0".encode() + file.read_bytes())
    return total.hexdigest()[:16]


def stamp(text: str) -> tuple[str, list[Path]]:
    """Write the digest into a chapter's kernelspec; returns the new text (same lines) and the files behind it.

    Raises:
        ChapterError: the kernelspec is missing or not in block style, or a cell is no Python.
    """
    notebook = read_myst_markdown_notebook(text)
    try:
        files = dependencies(cell.source for cell in notebook.cells if cell.cell_type == "code")
    except SyntaxError as error:
        raise ChapterError(f"a code cell is no Python: {error}") from error
    block = KERNELSPEC.search(text)
    if block is None:
        raise ChapterError(
            "the chapter's header has no kernelspec in block style; copy the header of another chapter"
        )
    spec = yaml.safe_load(block.group())["kernelspec"] | {"sources": digest(files)}
    # One line of JSON, then blank lines: line numbers in warnings stay right.
    lines = f"kernelspec: {json.dumps(spec)}" + "\n" * block.group().count("\n")
    return text[: block.start()] + lines + text[block.end() :], files


def is_chapter(path: Path) -> bool:
    """Whether a Markdown file is executed."""
    return is_myst_markdown_notebook(path.read_text(encoding="utf-8"))


def chapters(folder: Path = ROOT / "book") -> list[Path]:
    """Every executed page below `folder`, sorted by path."""
    return sorted(
        path for path in folder.rglob("*.md") if "_build" not in path.parts and is_chapter(path)
    )


def stamped_notebook(path: Path) -> NotebookNode:
    """The chapter as a notebook whose kernelspec holds the digest."""
    return read_myst_markdown_notebook(
        stamp(path.read_text(encoding="utf-8"))[0], add_source_map=True, path=path
    )


def prepare_cache(folder: Path = CACHE) -> None:
    """Create the cache; once, before processes run in parallel (its creation has a race, hence the lock)."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "creation.lock"):
        get_cache(folder).db  # noqa: B018  (the property creates the database)


def executed(path: Path, folder: Path = CACHE) -> NotebookNode | None:
    """The chapter with its outputs from the cache, or None."""
    cache = get_cache(folder)
    try:
        return cache.merge_match_into_notebook(stamped_notebook(path))[1]
    except KeyError:
        return None


def execute(path: Path, folder: Path = CACHE) -> float:
    """Execute a chapter into the cache, unless it is there; returns the seconds that it took (then or now).

    A lock makes another process that wants the same chapter wait for this one's result.

    Raises:
        ChapterError: a cell failed, or the kernel did.
    """
    prepare_kernels()
    notebook = stamped_notebook(path)
    locks = folder / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{path.stem}-{notebook.metadata.kernelspec.sources}.lock"):
        cache = get_cache(folder)
        try:
            return float(cache.match_cache_notebook(notebook).data.get("execution_seconds", 0.0))
        except KeyError:
            pass
        try:
            result = single_nb_execution(
                notebook, cwd=str(path.parent), timeout=TIMEOUT, allow_errors=False, **manager()
            )
        except RuntimeError as error:  # nbclient's DeadKernelError, or no kernel at all
            raise ChapterError(
                f"{path.name}: its kernel ended or did not begin ({error}); is there enough memory?"
            ) from error
        if result.err is not None:
            raise ChapterError(
                f"{path.name}: a cell failed\n{COLOUR.sub('', result.exc_string or '')}"
            )
        bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": result.time})
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    return float(result.time)


def execute_all(paths: list[Path], processes: int = 2) -> None:
    """Execute the chapters that are not in the cache, some at a time, and say so.

    Raises:
        ChapterError: a cell failed; the other chapters were executed all the same.
    """
    prepare_cache()
    waiting = [path for path in paths if executed(path) is None]
    failures = []
    with ProcessPoolExecutor(processes) as pool:
        runs = {pool.submit(execute, path): path.relative_to(ROOT) for path in waiting}
        for run in as_completed(runs):
            try:
                print(f"executed {runs[run]} in {run.result():.1f} s", flush=True)
            except ChapterError as error:
                failures.append(str(error))
    if failures:
        raise ChapterError("\n".join(failures))


def _stamp_source(app: Sphinx, docname: str, content: list[str]) -> None:
    if is_myst_markdown_notebook(content[0]):
        try:
            content[0], files = stamp(content[0])
        except ChapterError as error:
            raise ChapterError(f"{docname}: {error}") from error
        for file in files:
            app.env.note_dependency(str(file))


def _share_cache(app: Sphinx, config: Config) -> None:
    config.nb_execution_cache_path = str(CACHE)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    prepare_kernels()
    app.connect("source-read", _stamp_source)
    app.connect("config-inited", _share_cache)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
