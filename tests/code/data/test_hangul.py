"""Hangul by its letters: Unicode's own tables as the oracle, and every text given back as it was."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.data import from_jamo, to_jamo
from deeplearning.data.hangul import (
    ALONE,
    FINALS,
    INITIALS,
    MEDIALS,
    compose,
    decompose,
    to_syllables,
)

SYLLABLES = "".join(map(chr, range(0xAC00, 0xD7A4)))
COMPATIBILITY = "".join(map(chr, range(0x3131, 0x318F)))
MIXED = "제1조 ①대한민국은 \\ᄀ ㅋㅋ 가\u11a8 \u1112\u1161\u11ab\u1112\u1161\u11ab 각\u11a8 a\u0301 漢字 🐳\r\n\0"

# Text in which letters, syllables and backslashes meet, as they hardly ever do in arbitrary text.
hangul = st.text(
    st.sampled_from(INITIALS + MEDIALS + FINALS + "가각힣뷁ㄱㅏㄳ\\a \u115f\u1113"), max_size=12
)


def test_syllables_fall_apart_as_unicode_says() -> None:
    assert len(SYLLABLES) == 11_172
    for syllable in SYLLABLES:
        letters = to_jamo(syllable)
        assert "".join(letters) == unicodedata.normalize("NFD", syllable)
        assert compose(*decompose(syllable)) == syllable
        assert from_jamo(letters) == syllable
    assert from_jamo(to_jamo(SYLLABLES)) == SYLLABLES


def test_the_standards_own_example() -> None:
    assert decompose("퓛") == (17, 16, 15)  # U+D4DB, section 3.12: 1111, 1171, 11B6


def test_letters_alone_are_the_same_letters() -> None:
    def name(letter: str) -> str:
        return unicodedata.name(letter).split()[-1]

    assert len(ALONE) == 19 + 21 + 27
    for letter, alone in ALONE.items():
        assert name(letter) == name(alone)
        assert alone in COMPATIBILITY


@pytest.mark.parametrize(
    "text",
    [
        COMPATIBILITY,
        MIXED,
        unicodedata.normalize("NFD", SYLLABLES[::97]),
        INITIALS + MEDIALS + FINALS,
        "",
    ],
    ids=["compatibility", "mixed", "decomposed", "conjoining", "empty"],
)
def test_texts_come_back(text: str) -> None:
    assert from_jamo(to_jamo(text)) == text
    assert "".join(to_syllables(text)) == text
    for letter in text if text == COMPATIBILITY else "":
        assert from_jamo(to_jamo(letter)) == letter


@settings(max_examples=40)
@given(st.text(max_size=15) | hangul)
def test_any_text_comes_back(text: str) -> None:
    units = to_jamo(text)
    assert from_jamo(units) == text
    assert "".join(to_syllables(text)) == text
    # What is not a letter of a syllable is either itself or marked, so that nothing is said twice.
    assert sum(len(unit) == 1 and unit in ALONE for unit in units) == sum(
        len(unicodedata.normalize("NFD", c)) for c in text if "가" <= c <= "힣"
    )


@settings(max_examples=30)
@given(
    st.lists(
        st.sampled_from([*INITIALS[:3], *MEDIALS[:3], *FINALS[:3], "a", "\\ᄀ", "\\"]), max_size=9
    )
)
def test_any_row_of_letters_is_a_text(units: list[str]) -> None:
    """Which NFC composes to the same, once single letters are kept from it by their other form."""
    text = from_jamo(units)
    assert not any(letter in text for letter in MEDIALS + FINALS)
    assert text.count("ᄀ") == units.count("\\ᄀ")
    composed = unicodedata.normalize(
        "NFC", "".join("*" if unit == "\\ᄀ" else unit for unit in units)
    )
    assert text.replace("ᄀ", "*") == "".join(ALONE.get(c, c) for c in composed)


def test_what_completes_no_syllable_stands_alone() -> None:
    ha = to_jamo("한")
    assert from_jamo([ha[0], ha[0], ha[1], ha[2], ha[2], ha[1]]) == "ㅎ한ㄴㅏ"


def test_a_syllable_is_one_unit_however_it_is_stored() -> None:
    text = "한글은 각ᆨ 각"
    assert to_syllables(text) == ["한", "글", "은", " ", "각", "ᆨ", " ", "각"]
    decomposed = to_syllables(unicodedata.normalize("NFD", "값이 같다."))
    assert [unicodedata.normalize("NFC", unit) for unit in decomposed] == list("값이 같다.")
    assert to_syllables("a\nㅋ") == ["a", "\n", "ㅋ"]


@pytest.mark.parametrize("text", ["", "ㄱ", "a", "한글", "\uabff", "\ud7a4", "\u1112"])
def test_no_syllable(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"is no syllable; give one character from 가 .*use to_jamo"
    ):
        decompose(text)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((19, 0), "initial=19; give a number from 0 to 18"),
        ((0, -1), "medial=-1; give a number from 0 to 20"),
        ((0, 0, 28), "final=28; give a number from 0 to 27"),
    ],
)
def test_no_letter(numbers: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        compose(*numbers)
