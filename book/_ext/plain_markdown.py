"""MyST text of a chapter as plain Markdown that JupyterLab shows well.

Directives become what they stand for (quoted source, a block quote, an equation), roles become text. What a
label, a citation or a measured number says is asked of a `Resolver`, so that this module knows nothing of Sphinx.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

OPENING = re.compile(
    # Markdown allows no backtick behind an opening fence of backticks.
    r"^(?P<indent>\s*)(?P<fence>`{3,}(?=[^`]*$)|:{3,}|~{3,})\s*"
    r"(?:\{(?P<name>[\w:+-]+)\})?\s*(?P<argument>.*)$"
)
OPTION = re.compile(r"^:(?P<key>[\w-]+):\s*(?P<value>.*)$")
LABEL = re.compile(r"^\([\w-]+\)=\s*$")
INLINE = re.compile(
    r"\{(?P<name>[a-z:_-]+)\}(?P<ticks>`+)(?P<text>.+?)(?P=ticks)"  # a role
    r"|(?P<code>`+)(?!`).+?(?<!`)(?P=code)(?!`)"  # a code span
    r"|(?<=[\])`])\{[.#][^{}]*\}",  # attributes
    re.DOTALL,
)
TITLED = re.compile(r"^(?P<title>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)

ADMONITIONS = {
    "attention", "caution", "danger", "error", "hint", "important", "note", "seealso", "tip", "warning",
}  # fmt: skip
TITLED_BLOCKS = {"admonition", "card", "dropdown", "grid-item-card", "tab-item", "topic"}
TRANSPARENT = {"container", "div", "grid", "grid-item", "table", "tab-set"}
DROPPED = {"bibliography", "glossary", "raw", "solution-end", "tableofcontents", "toctree"}


class Resolver(Protocol):
    """What the book knows and a chapter's text only names."""

    def role(self, name: str, target: str, title: str | None) -> str:
        """Plain text of a role: `role("ref", "chapter-perceptron", None)`."""

    def number(self, label: str) -> str:
        """Number of a labelled equation or exercise, e.g. `3`; empty if it has none."""

    def claim(self, claim: str) -> list[str]:
        """Lines of a claim's box."""


@dataclass
class Directive:
    """A parsed directive: its name, argument, options and content."""

    name: str
    argument: str
    options: dict[str, str] = field(default_factory=dict)
    content: list[str] = field(default_factory=list)


def quoted_source(path: Path, options: dict[str, str]) -> str:
    """The text that `literalinclude` shows of a file: the whole, an object (`pyobject`), or `lines`.

    Raises:
        ValueError: the object is not in the file, or another selection is asked for.
    """
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if "pyobject" in options:
        return object_source(text, options["pyobject"], path.name)
    if "lines" in options:
        chosen: list[str] = []
        for part in options["lines"].split(","):
            first, dash, last = part.strip().partition("-")
            start = int(first or 1)
            chosen += lines[start - 1 : (int(last) if last else len(lines)) if dash else start]
        return "\n".join(chosen)
    unknown = {"start-after", "start-at", "end-before", "end-at", "diff"} & options.keys()
    if unknown:
        raise ValueError(
            f"literalinclude of {path.name}: {', '.join(sorted(unknown))} is not used in this book"
        )
    return "\n".join(lines)


def object_source(text: str, name: str, where: str) -> str:
    """Source of the class or function `name` (dotted for a method), with its decorators.

    Raises:
        ValueError: there is none.
    """
    body: list[ast.stmt] = ast.parse(text).body
    found: ast.stmt | None = None
    for part in name.split("."):
        found = next(
            (
                node
                for node in body
                if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
                and node.name == part
            ),
            None,
        )
        if not isinstance(found, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            raise ValueError(f"{where} has no class or function {name!r}")
        body = found.body
    assert found is not None
    assert isinstance(found, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    first = min([found.lineno, *(decorator.lineno for decorator in found.decorator_list)])
    lines = text.splitlines()[first - 1 : found.end_lineno]
    margin = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[margin:] for line in lines)


def convert(text: str, folder: Path, resolver: Resolver) -> str:
    """The plain Markdown of a MyST text; `folder` is where its relative paths start."""
    plain = "\n".join(_blocks(text.splitlines(), folder, resolver)).strip("\n")
    return re.sub(r"\n{3,}", "\n\n", plain)


def directives(text: str) -> list[Directive]:
    """Every directive of a text, outermost first, nested ones after their parents."""
    found: list[Directive] = []
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        opening = OPENING.match(lines[at])
        if opening is None:
            at += 1
            continue
        end = _closing(lines, at, opening)
        if opening["name"]:
            directive = _parse(opening, lines[at + 1 : end])
            found.append(directive)
            if opening["name"] not in {"code-cell", "literalinclude", "code-block", "math"}:
                found += directives("\n".join(directive.content))
        at = end + 1
    return found


def _blocks(lines: list[str], folder: Path, resolver: Resolver) -> list[str]:
    out: list[str] = []
    prose: list[str] = []

    def flush() -> None:
        if prose:
            out.extend(_roles("\n".join(prose), resolver).split("\n"))
            prose.clear()

    at = 0
    while at < len(lines):
        line = lines[at]
        opening = OPENING.match(line)
        if opening and (opening["name"] or opening["fence"][0] != ":"):
            flush()
            end = _closing(lines, at, opening)
            if opening["name"]:
                made = _directive(_parse(opening, lines[at + 1 : end]), folder, resolver)
                out += [opening["indent"] + made_line if made_line else "" for made_line in made]
            else:
                out += lines[at : end + 1]
            at = end + 1
            continue
        if not (LABEL.match(line) or line.startswith("%")):
            prose.append(line)
        at += 1
    flush()
    return out


def _closing(lines: list[str], start: int, opening: re.Match[str]) -> int:
    fence = opening["fence"]
    for at in range(start + 1, len(lines)):
        stripped = lines[at].strip()
        if set(stripped) == {fence[0]} and len(stripped) >= len(fence):
            return at
    return len(lines)


def _parse(opening: re.Match[str], content: list[str]) -> Directive:
    directive = Directive(opening["name"], opening["argument"].strip())
    indent = len(opening["indent"])
    content = [line[indent:] if line[:indent].isspace() or not indent else line for line in content]
    while content and (option := OPTION.match(content[0])):
        directive.options[option["key"]] = option["value"]
        content = content[1:]
    if content and content[0].strip() == "---" and "---" in [line.strip() for line in content[1:]]:
        stop = [line.strip() for line in content].index("---", 1)
        for line in content[1:stop]:
            key, _, value = line.partition(":")
            directive.options[key.strip()] = value.strip()
        content = content[stop + 1 :]
    directive.content = content
    return directive


def _quote(lines: list[str]) -> list[str]:
    return ["", *(f"> {line}".rstrip() for line in lines), ""]


def _directive(directive: Directive, folder: Path, resolver: Resolver) -> list[str]:
    name, argument = directive.name, directive.argument
    if name in DROPPED:
        return []
    if name == "literalinclude":
        path = (folder / argument).resolve()
        language = directive.options.get("language", "python")
        return [f"```{language}", *quoted_source(path, directive.options).splitlines(), "```"]
    if name in {"code-block", "code", "sourcecode"}:
        return [f"```{argument}", *directive.content, "```"]
    if name == "math":
        number = resolver.number(directive.options.get("label", ""))
        body = [argument] if argument else []
        body += directive.content
        return [
            "$$",
            *[line for line in body if line.strip()],
            *([rf"\tag{{{number}}}"] if number else []),
            "$$",
        ]
    if name == "claim":
        return _quote(resolver.claim(argument))
    content = _blocks(directive.content, folder, resolver)
    argument = _roles(argument, resolver)
    if name in {"figure", "image"}:
        return [f"*Figure: {directive.options.get('alt', argument)}*", "", *content]
    if name == "exercise":
        number = resolver.number(directive.options.get("label", ""))
        return [f"**Exercise {number}.**".replace(" .", "."), "", *content]
    if name == "solution-start":
        return [f"**Solution to exercise {resolver.number(argument)}.**".replace(" .", ".")]
    if name in TRANSPARENT:
        return [*([f"**{argument}**", ""] if name == "table" and argument else []), *content]
    if name in ADMONITIONS:
        # MyST takes text behind the name as the first line of the content.
        return _quote([f"**{name.capitalize()}.**", *([argument] if argument else []), *content])
    if name in TITLED_BLOCKS or name.startswith("prf:"):
        kind = name.removeprefix("prf:").capitalize() + (f" ({argument})" if argument else "")
        title = kind if name.startswith("prf:") else argument
        return _quote([*([f"**{title}.**", ""] if title else []), *content])
    return _quote([*([argument] if argument else []), *content])


def _roles(text: str, resolver: Resolver) -> str:
    """Replace roles and drop attributes; code spans stay as they are."""

    def replace(match: re.Match[str]) -> str:
        if match["code"]:
            return match.group()
        if not match["name"]:
            return ""
        titled = TITLED.match(match["text"])
        target, title = (titled["target"], titled["title"]) if titled else (match["text"], None)
        if match["name"] == "math":
            return f"${match['text']}$"
        if match["name"] in {"code", "file", "literal"}:
            return f"`{match['text']}`"
        if match["name"] in {"sub", "sup"}:
            return f"<{match['name']}>{match['text']}</{match['name']}>"
        return resolver.role(match["name"], target.strip(), title)

    return INLINE.sub(replace, text)
