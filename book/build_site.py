"""Build the site: `python book/build_site.py`; just one page: `python book/build_site.py --page neurons/perceptron`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from _ext.execution import ChapterError, chapters, execute_all, prepare_kernels
from _ext.paths import ROOT

HTML = ROOT / "_build" / "html"
COMPANIONS = ("notation", "glossary", "bibliography")


class BuildError(Exception):
    """Sphinx failed; it has said why."""


def run_sphinx(output: Path, *options: str) -> None:
    """Run Sphinx on the repository, in a process of its own.

    Pages that have not changed since the last build into `output` are kept; executed cells come from the cache.

    Raises:
        BuildError: an error, or with `-W` a warning.
    """
    prepare_kernels()
    doctrees = output.with_name(f".doctrees-{output.name}")
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-d", str(doctrees), "-q", *options]
    status = subprocess.run([*command, str(ROOT), str(output)], cwd=ROOT, check=False).returncode
    if status:
        # Sphinx warns of a page only when it handles it: forget all pages, or the next build would pass.
        (doctrees / "environment.pickle").unlink(missing_ok=True)
        raise BuildError(f"the build of {output.relative_to(ROOT)} failed; the lines above say why")
    # Maps from the theme's packed scripts and styles to their sources, over three megabytes that no reader opens.
    for unread in (output / "_static").rglob("*.map"):
        unread.unlink()


def build(output: Path = HTML) -> None:
    """Execute what has changed and build the whole book; a warning is an error.

    Raises:
        ChapterError: a cell failed.
        BuildError: Sphinx failed.
    """
    execute_all(chapters())  # two at a time; Sphinx would take one after the other
    run_sphinx(output, "-W", "-n", "--keep-going")


def build_page(page: str) -> Path:
    """Build one page, tolerantly, with the glossary, notation and bibliography beside it; returns its file.

    Raises:
        BuildError: there is no such page, or Sphinx failed.
    """
    page = page.removeprefix("book/").removesuffix(".md")
    if not (ROOT / "book" / f"{page}.md").is_file():
        raise BuildError(
            f"there is no book/{page}.md; name a page below book/: make page PAGE=neurons/perceptron"
        )
    folder = ROOT / "_build" / f"page-{page.replace('/', '-')}"
    folder.mkdir(parents=True, exist_ok=True)
    others = [
        name for name in COMPANIONS if name != page and (ROOT / "book" / f"{name}.md").is_file()
    ]
    lines = ["format: jb-book", f"root: book/{page}"]
    if others:
        lines += ["chapters:", *(f"  - file: book/{name}" for name in others)]
    toc = folder / "toc.yml"
    toc.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run_sphinx(folder / "html", "-n", "-D", f"external_toc_path={toc}")
    return folder / "html" / "book" / f"{page}.html"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", help="build just this page, below book/, e.g. neurons/perceptron")
    arguments = parser.parse_args()
    try:
        if arguments.page is not None:
            print(build_page(arguments.page))
        else:
            build()
            print(f"The book is built; open it in a browser: {(HTML / 'index.html').as_uri()}")
    except (BuildError, ChapterError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
