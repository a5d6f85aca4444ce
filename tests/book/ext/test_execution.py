"""Chapters are executed once, and again exactly when something that they depend on has changed."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest
from filelock import FileLock
from myst_nb.core.read import read_myst_markdown_notebook

from _ext import execution, sources

CHAPTER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
# A chapter

{prose}

```{{code-cell}} ipython3
{code}
```
"""


def chapter(folder: Path, code: str = "print(6 * 7)", prose: str = "Text.") -> Path:
    path = folder / "chapter.md"
    path.write_text(CHAPTER.format(code=code, prose=prose), encoding="utf-8")
    return path


def key(path: Path) -> str:
    return execution.stamped_notebook(path).metadata.kernelspec.sources


def test_stamp_keeps_lines_and_kernel(tmp_path: Path) -> None:
    text = chapter(tmp_path).read_text()
    stamped, files = execution.stamp(text)
    assert files == []
    assert stamped.splitlines()[10:] == text.splitlines()[10:]
    spec = read_myst_markdown_notebook(stamped).metadata.kernelspec
    assert spec.name == "python3"
    assert len(spec.sources) == 16


def test_key_follows_the_imported_module_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "code"
    for package in ("used", "unused"):
        (code / package).mkdir(parents=True)
        (code / package / "__init__.py").write_text("x = 1\n")
    monkeypatch.setattr(sources, "SOURCE_ROOTS", (code,))
    monkeypatch.setattr(execution, "ROOT", tmp_path)
    path = chapter(tmp_path, "import used")
    before = key(path)
    (code / "unused" / "__init__.py").write_text("x = 2\n")
    assert key(path) == before
    chapter(tmp_path, "import used", prose="Other text.")
    assert key(path) == before
    (code / "used" / "__init__.py").write_text("x = 2\n")
    assert key(path) != before


def test_key_follows_pinned_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = chapter(tmp_path)
    before = key(path)
    monkeypatch.setattr(execution, "version", lambda name: "0.0")
    assert key(path) != before


def test_header_without_kernelspec_says_what_to_do() -> None:
    text = CHAPTER.format(code="1", prose="").replace("kernelspec:", "other:")
    with pytest.raises(execution.ChapterError, match="copy the header"):
        execution.stamp(text)


def test_chapter_runs_once(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    execution.prepare_cache(cache)
    marker = tmp_path / "runs.txt"
    path = chapter(tmp_path, f"print(6 * 7)\nopen({str(marker)!r}, 'a').write('run ')")
    assert execution.executed(path, cache) is None
    seconds = execution.execute(path, cache)
    assert execution.execute(path, cache) == seconds > 0
    assert marker.read_text() == "run "
    notebook = execution.executed(path, cache)
    assert notebook is not None
    assert "42" in notebook.cells[-1].outputs[0].text


def test_dead_kernel_is_reported_with_its_chapter(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    execution.prepare_cache(cache)
    path = chapter(tmp_path, "import os\nos._exit(1)")
    with pytest.raises(execution.ChapterError, match=r"chapter\.md: its kernel ended or .* memory"):
        execution.execute(path, cache)
    assert execution.executed(path, cache) is None


def test_cache_is_created_by_one_process_at_a_time(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    with FileLock(cache / "creation.lock"):
        other = Thread(target=execution.prepare_cache, args=[cache])
        other.start()
        other.join(0.5)
        assert not (cache / "global.db").exists()
    other.join()
    assert (cache / "global.db").exists()


def test_failing_cell_is_reported_with_its_traceback_and_not_cached(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    execution.prepare_cache(cache)
    path = chapter(tmp_path, "raise ValueError('planted')")
    with pytest.raises(
        execution.ChapterError, match=r"(?s)chapter\.md.*ValueError.*planted"
    ) as caught:
        execution.execute(path, cache)
    assert "\x1b" not in str(caught.value)
    assert execution.executed(path, cache) is None


def test_kernels_run_with_one_thread_and_without_the_readers_profile(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    execution.prepare_cache(cache)
    path = chapter(
        tmp_path, "import os\nprint(os.environ['OMP_NUM_THREADS'], os.environ['IPYTHONDIR'])"
    )
    execution.execute(path, cache)
    notebook = execution.executed(path, cache)
    assert notebook is not None
    threads, profile = notebook.cells[-1].outputs[0].text.split()
    assert threads == "1"
    assert Path(profile).parent.name == "_build"


def test_chapters_are_the_executed_pages(tmp_path: Path) -> None:
    path = chapter(tmp_path)
    (tmp_path / "plain.md").write_text("# Plain\n")
    assert execution.chapters(tmp_path) == [path]
