"""The glossary: every entry has its Korean term, and what the pages link to exists."""

import re
from collections import Counter
from pathlib import Path

import pytest

BOOK = Path(__file__).resolve().parents[2] / "book"
HANGUL = re.compile(r"[\uac00-\ud7a3]")
TERM = re.compile(r"\{term\}`(?:[^`<]*<)?([^`<>]+?)>?`")


def entries(text: str) -> list[tuple[list[str], str]]:
    """Terms and definition of each entry of the page's glossary directive."""
    body = re.search(r"^```\{glossary\}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert body, "no {glossary} directive"
    found = []
    for block in re.split(r"\n\s*\n", body[1].strip("\n")):
        lines = block.splitlines()
        terms = [line for line in lines if not line.startswith(" ")]
        found.append((terms, " ".join(line.strip() for line in lines[len(terms) :])))
    return found


ENTRIES = entries((BOOK / "glossary.md").read_text(encoding="utf-8"))
TERMS = [term for terms, _ in ENTRIES for term in terms]


def linked(text: str) -> list[str]:
    """The terms that a page links to."""
    return [" ".join(term.split()).lower() for term in TERM.findall(text)]


@pytest.mark.parametrize(("terms", "definition"), ENTRIES, ids=[terms[0] for terms, _ in ENTRIES])
def test_definition_begins_with_the_korean_term(terms: list[str], definition: str) -> None:
    korean, _, meaning = definition.partition(". ")
    assert HANGUL.search(korean), (
        f"{terms[0]}: begin the definition with the Korean term and a full stop"
    )
    assert not HANGUL.search(meaning), (
        f"{terms[0]}: the Korean term belongs before the first full stop"
    )
    assert len(meaning.split()) >= 6, f"{terms[0]}: no definition"
    assert meaning.endswith("."), f"{terms[0]}: the definition is no sentence"


def test_terms_are_unique() -> None:
    assert [term for term, n in Counter(term.lower() for term in TERMS).items() if n > 1] == []


def test_entries_are_in_alphabetical_order() -> None:
    keys = [re.sub(r"\W", " ", terms[0]).lower() for terms, _ in ENTRIES]
    assert keys == sorted(keys)


@pytest.mark.parametrize("page", sorted(BOOK.rglob("*.md")), ids=lambda page: page.stem)
def test_linked_terms_exist(page: Path) -> None:
    missing = set(linked(page.read_text(encoding="utf-8"))) - {term.lower() for term in TERMS}
    assert not missing, (
        f"{page.name}: add these to book/glossary.md or link to another term: {sorted(missing)}"
    )


def test_helpers_see_what_is_there() -> None:
    text = (
        "```{glossary}\nloss\nloss function\n  손실. How far.\n\nweight\n  가중치. A factor.\n```\n"
    )
    assert entries(text) == [
        (["loss", "loss function"], "손실. How far."),
        (["weight"], "가중치. A factor."),
    ]
    assert linked("{term}`Loss`, {term}`weights <weight>` and `{term}`") == ["loss", "weight"]
