"""Chapters as clean notebooks."""

from __future__ import annotations

from pathlib import Path

import nbformat
from pybtex.database import parse_string

from _ext.notebooks import _author_year, clean_notebook

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
# Title

A {term}`word`.

```{code-cell} ipython3
---
tags: [hide-input]
mystnb:
  figure:
    caption: What {term}`it` shows.
    name: fig-a-1
---
1 + 1
```

```{bibliography}
```
"""


class Answers:
    def role(self, name: str, target: str, title: str | None) -> str:
        return "Fig. 1" if name == "numref" else target.upper()

    def number(self, label: str) -> str:
        return ""

    def claim(self, claim: str) -> list[str]:
        return []


def test_notebook_is_valid_clean_and_readable() -> None:
    notebook = clean_notebook(CHAPTER, Path(), Answers(), "The Book")
    nbformat.validate(notebook)
    kinds = [(cell.cell_type, cell.source) for cell in notebook.cells]
    assert kinds[0][1].startswith("*From the book **The Book**")
    assert kinds[1:] == [
        ("markdown", "# Title\n\nA WORD."),
        ("code", "1 + 1"),
        ("markdown", "**Fig. 1.** What IT shows."),
    ]
    code = notebook.cells[2]
    assert code.outputs == []
    assert code.execution_count is None
    assert code.metadata == {"tags": ["hide-input"]}
    assert notebook.metadata.kernelspec == {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }


def test_notebook_is_reproducible() -> None:
    one, two = (nbformat.writes(clean_notebook(CHAPTER, Path(), Answers(), "B")) for _ in range(2))
    assert one == two


def test_author_year() -> None:
    entries = parse_string(
        "@book{a, author={Minsky, Marvin and Papert, Seymour}, year={1969}}"
        "@book{b, author={von Neumann, John}, year={1945}}"
        "@book{c, author={A, B and C, D and E, F}, year={2000}}"
        "@misc{d, title={Anonymous work}, year={1999}}",
        "bibtex",
    ).entries
    assert _author_year(entries["a"]) == ("Minsky and Papert", "1969")
    assert _author_year(entries["b"]) == ("von Neumann", "1945")
    assert _author_year(entries["c"]) == ("A et al.", "2000")
    assert _author_year(entries["d"]) == ("Anonymous work", "1999")
