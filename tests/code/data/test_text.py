"""Alphabets: codes that give back the text, what stands for the unknown, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.data import Alphabet, constitution, to_jamo
from deeplearning.data.text import Unit

UNITS: list[Unit] = ["character", "syllable", "jamo"]
SYLLABLES = "".join(map(chr, range(0xAC00, 0xD7A4)))
COMPATIBILITY = "".join(map(chr, range(0x3131, 0x318F)))


@pytest.mark.parametrize("by", UNITS)
@pytest.mark.parametrize(
    "text",
    [SYLLABLES, COMPATIBILITY, "Ahab 말하기를 “가자!” ㅋㅋ 가\u11a8\u1100\\ᄀ🐳\r\n"],
    ids=["syllables", "compatibility", "mixed"],
)
def test_a_text_comes_back_from_its_codes(text: str, by: Unit) -> None:
    alphabet = Alphabet.of(text, by)
    codes = alphabet.encode(text)
    assert codes.dtype == np.int64
    assert set(codes.tolist()) == set(range(len(alphabet)))
    assert alphabet.decode(codes) == text


@settings(max_examples=25)
@given(st.text(min_size=1, max_size=15), st.sampled_from(UNITS))
def test_any_text_comes_back_from_its_codes(text: str, by: Unit) -> None:
    alphabet = Alphabet.of(text[::-1], "character" if by == "syllable" else by)
    assert alphabet.decode(alphabet.encode(text)) == text
    own = Alphabet.of(text, by, unknown="�")
    assert own.decode(own.encode(text)) == text


def test_the_constitution_by_syllable_and_by_jamo() -> None:
    """With the numbers counted by the published character ranges alone."""
    text = constitution().text
    syllables = [c for c in text if 0xAC00 <= ord(c) <= 0xD7A3]
    finals = sum((ord(c) - 0xAC00) % 28 > 0 for c in syllables)
    by_syllable, by_jamo = Alphabet.of(text, "syllable"), Alphabet.of(text, "jamo")
    assert len(by_syllable) == len(set(text))
    assert len(by_jamo.encode(text)) == len(text) + len(syllables) + finals
    for alphabet in (by_syllable, by_jamo):
        assert alphabet.decode(alphabet.encode(text)) == text


def test_the_order_is_unicodes_whatever_the_texts() -> None:
    assert Alphabet.of("bca") == Alphabet.of("abcabc")
    assert Alphabet.of("나가").units == ("가", "나")
    assert Alphabet.of("가", "jamo").encode("가").tolist() == [0, 1]
    assert Alphabet.of("ba").split("abz") == ["a", "b", "z"]


def test_the_unknown_has_a_code() -> None:
    alphabet = Alphabet.of("고래가 고래다", "syllable", unknown="�")
    assert (alphabet.units[0], len(alphabet)) == ("�", 6)
    codes = alphabet.encode("상어가 고래다!")
    assert codes.tolist()[:2] == [0, 0]
    assert alphabet.decode(codes) == "��가 고래다�"
    letters = Alphabet.of("고래", "jamo", unknown="<other>")
    assert letters.decode(letters.encode("고추")) == "고<other><other>"


def test_rare_units_become_unknown() -> None:
    alphabet = Alphabet.of("aab�", unknown="�", at_least=2)
    assert alphabet.units == ("�", "a")
    assert alphabet.encode("ab�").tolist() == [1, 0, 0]
    with pytest.raises(ValueError, match="at_least=2 leaves units of the text out; give unknown="):
        Alphabet.of("aab", at_least=2)
    with pytest.raises(ValueError, match="at_least is 0; give a whole number"):
        Alphabet.of("aab", at_least=0)


def test_strangers_are_named() -> None:
    with pytest.raises(
        ValueError,
        match=r"encode: 'é' \(U\+00E9 LATIN SMALL LETTER E WITH ACUTE\), unit 1 .* 2 units .*by character; "
        r"neither are 1 others.*unknown=",
    ):
        Alphabet.of("ab").encode("aéßé")
    with pytest.raises(
        ValueError, match=r"encode: 'ㅗ' \(U\+1169 HANGUL JUNGSEONG O\), unit 1 .*by jamo"
    ):
        Alphabet.of("가", "jamo").encode("고")
    with pytest.raises(ValueError, match=r"U\+1112 .*, U\+1161 .*by syllable; neither are 0"):
        Alphabet.of("하", "syllable").encode("\u1112\u1161")


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ([0, 2], r"codes\[1\] is 2; the 2 units of this alphabet have the codes 0 … 1"),
        ([-1], r"codes\[0\] is -1"),
        ([[0]], r"int64 of shape \(1, 1\); give integers of shape \(n,\)"),
        ([0.0], "float64"),
        (1, r"shape \(\)"),
    ],
)
def test_codes_refused(codes: list[int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Alphabet.of("ab").decode(codes)


def test_nothing_is_a_text_too() -> None:
    assert Alphabet.of("a").encode("").shape == (0,)
    assert Alphabet.of("a").decode([]) == ""


def test_alphabets_refused() -> None:
    for build in (lambda: Alphabet(("a",), by="word"), lambda: Alphabet.of("a", by="word")):  # type: ignore[arg-type]
        with pytest.raises(
            ValueError, match=r"by is 'word'; give one of 'character', 'syllable', 'jamo'"
        ):
            build()
    with pytest.raises(ValueError, match="at least one unit; was the text empty"):
        Alphabet.of("")
    with pytest.raises(ValueError, match="was the text empty"):
        Alphabet.of("", unknown="�")
    with pytest.raises(ValueError, match="the unit 'b' is there more than once"):
        Alphabet(("a", "b", "b"))
    with pytest.raises(ValueError, match=r"unknown is '\?', which is not among the units"):
        Alphabet(("a",), unknown="?")


def test_an_alphabet_built_by_hand_codes_the_same() -> None:
    units = to_jamo("각")
    assert Alphabet(tuple(units), "jamo").encode("각").tolist() == [0, 1, 2]
