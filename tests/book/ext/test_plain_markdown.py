"""MyST text as plain Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from _ext.plain_markdown import convert, directives, object_source, quoted_source


class Answers:
    """A resolver whose answers show what was asked."""

    def role(self, name: str, target: str, title: str | None) -> str:
        return f"<{name}|{target}|{title}>"

    def number(self, label: str) -> str:
        return {"eq-1": "3.1", "ex-1": "3.2"}.get(label, "")

    def claim(self, claim: str) -> list[str]:
        return [f"Claim {claim}", "", "It holds."]


def plain(text: str, folder: Path = Path()) -> str:
    return convert(text, folder, Answers())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A {term}`weight`.", "A <term|weight|None>."),
        ("A {term}`weights <weight>` here.", "A <term|weight|weights> here."),
        ("{ref}`a` and {ref}`b`", "<ref|a|None> and <ref|b|None>"),
        ("`{ref}` stays, `` {term}`x` `` too", "`{ref}` stays, `` {term}`x` `` too"),
        ("{math}`x^2`", "$x^2$"),
        ("H{sub}`2`O", "H<sub>2</sub>O"),
        ("[word]{.class} end", "[word] end"),
        ("a {glue:text}`p.md::x:.1f`, b", "a <glue:text|p.md::x:.1f|None>, b"),
        ("(chapter-x)=\n# Title", "# Title"),
        ("% a comment\nText", "Text"),
        ("$a_{ij}$ and $$\nb\n$$", "$a_{ij}$ and $$\nb\n$$"),
        ("a\n\n\n\nb", "a\n\nb"),
    ],
)
def test_inline_and_lines(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```{math}\n:label: eq-1\n\nx = 1\n```", "$$\nx = 1\n\\tag{3.1}\n$$"),
        ("```{math}\nx = 1\n```", "$$\nx = 1\n$$"),
        ("```{claim} N3\n```", "> Claim N3\n>\n> It holds."),
        (":::{note}\nMind {ref}`x`.\n:::", "> **Note.**\n> Mind <ref|x|None>."),
        ("```{admonition} Why\nBecause.\n```", "> **Why.**\n>\n> Because."),
        ("```{exercise}\n:label: ex-1\n\nShow it.\n```", "**Exercise 3.2.**\n\nShow it."),
        ("````{solution-start} ex-1\n:class: dropdown\n````", "**Solution to exercise 3.2.**"),
        ("````{solution-end}\n````", ""),
        ("```{code-block} python\nx = 1\n```", "```python\nx = 1\n```"),
        ("```python\n{ref}`x`\n```", "```python\n{ref}`x`\n```"),
        ("```{bibliography}\n```", ""),
        ("````{tab-set}\n```{tab-item} One\nText\n```\n````", "> **One.**\n>\n> Text"),
        (
            "```{prf:theorem} Convergence\nIt ends.\n```",
            "> **Theorem (Convergence).**\n>\n> It ends.",
        ),
        ("```{unknown}\nText\n```", "> Text"),
    ],
)
def test_directive(text: str, expected: str) -> None:
    assert plain(text) == expected


SOURCE = '''"""Module."""
import functools


@functools.cache
def f(x):
    """Doc."""
    return x


class C:
    def method(self):
        return 1
'''


def test_quoted_object_has_its_decorators(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(SOURCE)
    text = "```{literalinclude} m.py\n:pyobject: f\n```"
    assert (
        plain(text, tmp_path)
        == '```python\n@functools.cache\ndef f(x):\n    """Doc."""\n    return x\n```'
    )


def test_quoted_method_is_dedented() -> None:
    assert object_source(SOURCE, "C.method", "m.py") == "def method(self):\n    return 1"


@pytest.mark.parametrize("name", ["g", "C.other", "f.inner", "functools"])
def test_missing_object_is_reported(name: str) -> None:
    with pytest.raises(ValueError, match=r"m\.py has no class or function"):
        object_source(SOURCE, name, "m.py")


def test_quoted_lines_and_unsupported_selections(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text("a\nb\nc\nd\n")
    assert quoted_source(path, {"lines": "2-3"}) == "b\nc"
    assert quoted_source(path, {"lines": "1,3-"}) == "a\nc\nd"
    assert quoted_source(path, {}) == "a\nb\nc\nd"
    with pytest.raises(ValueError, match="start-after"):
        quoted_source(path, {"start-after": "x"})


def test_directives_are_found_nested_with_options() -> None:
    text = "````{tab-set}\n```{literalinclude} a.py\n---\npyobject: f\n---\n```\n````\n```{claim} N1\n```"
    found = directives(text)
    assert [directive.name for directive in found] == ["tab-set", "literalinclude", "claim"]
    assert found[1].options == {"pyobject": "f"}
    assert found[2].argument == "N1"


def test_directives_inside_code_do_not_count() -> None:
    assert directives("````markdown\n```{claim} N1\n```\n````") == []


def test_backticks_behind_a_fence_make_it_none_as_in_markdown() -> None:
    assert directives("```{note} What `x` is\n```") == []
    assert [d.name for d in directives(":::{note} What `x` is\n:::")] == ["note"]
