"""The bibliography: entries are complete and keys follow one rule (`test_text.py` compares it with the citations)."""

import re
import unicodedata
from pathlib import Path

import pytest
from pybtex.database import Entry, parse_file
from pybtex.richtext import Text

BOOK = Path(__file__).resolve().parents[2] / "book"
ENTRIES = parse_file(BOOK / "references.bib").entries  # refuses a key that occurs twice
REQUIRED = {
    "article": {"title", "journal", "year"},
    "book": {"title", "publisher", "year"},
    "incollection": {"title", "booktitle", "publisher", "pages", "year"},
    "inproceedings": {"title", "booktitle", "year"},
    "mastersthesis": {"title", "school", "year"},
    "misc": {"title", "year"},
    "phdthesis": {"title", "school", "year"},
    "techreport": {"title", "institution", "year"},
}


def plain(latex: str) -> str:
    """Lower-case ASCII letters of a name.

    >>> plain(r"Mont{\'u}far"), plain("von Neumann")
    ('montufar', 'vonneumann')
    """
    letters = unicodedata.normalize("NFKD", str(Text.from_latex(latex))).lower()
    return re.sub("[^a-z]", "", letters)


@pytest.mark.parametrize(("key", "entry"), ENTRIES.items(), ids=list(ENTRIES))
class TestEntry:
    def test_is_complete(self, key: str, entry: Entry) -> None:
        assert entry.type in REQUIRED, f"{key}: @{entry.type}; use one of {', '.join(REQUIRED)}"
        missing = REQUIRED[entry.type] - {
            name for name, value in entry.fields.items() if value.strip()
        }
        assert not missing, f"{key}: no {', '.join(sorted(missing))}"
        assert entry.persons.get("author"), f"{key}: no author"

    def test_key_is_first_author_and_year(self, key: str, entry: Entry) -> None:
        first = entry.persons["author"][0]
        name, year = re.fullmatch(r"([a-z]+)(\d{4})[a-z]*", key).groups()
        if first.first_names:
            assert plain(" ".join([*first.prelast_names, *first.last_names])).startswith(name)
        else:  # an institution: a word of its name or of the title
            words = f"{first} {entry.fields['title']}".replace("{", "").replace("}", "").split()
            assert name in map(plain, words)
        # A reprint or a preprint may be called by the year of the original, if its note says so.
        assert year in {
            entry.fields["year"],
            *re.findall(r"\b\d{4}\b", entry.fields.get("note", "")),
        }

    def test_has_well_formed_numbers(self, key: str, entry: Entry) -> None:
        for name, pattern in (
            ("year", r"\d{4}"),
            ("doi", r"10\.\d{4,9}/\S+"),
            ("pages", r"\w+(--\w+)?"),
        ):
            value = entry.fields.get(name)
            assert value is None or re.fullmatch(pattern, value), f"{key}: {name} = {value!r}"


def test_dois_are_unique() -> None:
    dois = [entry.fields["doi"].lower() for entry in ENTRIES.values() if "doi" in entry.fields]
    assert len(dois) == len(set(dois))
