"""Hangul by its letters (jamo, 자모): a written syllable is two or three letters, and Unicode numbers it by them.

The 11,172 syllables U+AC00 … U+D7A3 are all combinations of 19 initial consonants, 21 medial vowels and 27 final
consonants or none. An initial ㄱ and a final ㄱ are different letters here, as they are in Unicode's conjoining jamo
U+1100 … U+11FF: a row of letters then has one reading only, and nothing need mark where a syllable ends.
"""

import re
from collections.abc import Sequence
from functools import cache

FIRST_SYLLABLE, LAST_SYLLABLE = "가", "힣"
INITIALS = "".join(map(chr, range(0x1100, 0x1113)))
MEDIALS = "".join(map(chr, range(0x1161, 0x1176)))
FINALS = "".join(map(chr, range(0x11A8, 0x11C3)))

# A letter by itself as one types and reads it, the compatibility jamo (U+3131 …). They know no initial and final: one
# sign serves for both, and so they cannot take the place of the letters above.
ALONE = dict(
    zip(
        INITIALS + MEDIALS + FINALS,
        "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
        "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
        "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ",
        strict=True,
    )
)
# What a conjoining letter of the text itself becomes: two characters, so that it is no letter of a syllable.
_MARKED = {letter: "\\" + letter for letter in ALONE}
_UNMARKED = {marked: letter for letter, marked in _MARKED.items()}

_INITIAL, _MEDIAL = ({letter: i for i, letter in enumerate(row)} for row in (INITIALS, MEDIALS))
_FINAL = {letter: i for i, letter in enumerate(FINALS, start=1)}

# A syllable of conjoining letters, or one without a final and a conjoining final behind it; else any character.
_OPEN = "".join(map(chr, range(ord(FIRST_SYLLABLE), ord(LAST_SYLLABLE) + 1, len(FINALS) + 1)))
_SYLLABLE = re.compile(f"[{INITIALS}][{MEDIALS}][{FINALS}]?|[{_OPEN}][{FINALS}]|.", re.DOTALL)


def decompose(syllable: str) -> tuple[int, int, int]:
    """Take a syllable apart into the numbers of its initial, medial and final letter.

    With s the syllable's place after 가, s = (21 · initial + medial) · 28 + final.

    Args:
        syllable: one character of U+AC00 … U+D7A3.

    Returns:
        ``(initial, medial, final)``: 0 … 18, 0 … 20, and 0 … 27, where 0 means no final letter.

    Raises:
        ValueError: it is no such character, for example a letter alone.

    Source: The Unicode Standard, section 3.12, "Conjoining Jamo Behavior".

    >>> decompose("한")
    (18, 0, 4)
    """
    if len(syllable) != 1 or not FIRST_SYLLABLE <= syllable <= LAST_SYLLABLE:
        raise ValueError(
            f"decompose: {syllable[:20]!r} is no syllable; give one character from {FIRST_SYLLABLE} (U+AC00) "
            f"to {LAST_SYLLABLE} (U+D7A3). For a whole text use to_jamo."
        )
    rest, final = divmod(ord(syllable) - ord(FIRST_SYLLABLE), len(FINALS) + 1)
    initial, medial = divmod(rest, len(MEDIALS))
    return initial, medial, final


def compose(initial: int, medial: int, final: int = 0) -> str:
    """Put a syllable together from the numbers of its letters; the inverse of :func:`decompose`.

    ``ValueError`` if a number is not one of its letters: 0 … 18, 0 … 20, and 0 … 27 with 0 for no final.

    >>> compose(18, 0, 4)
    '한'
    """
    for name, number, last in (
        ("initial", initial, len(INITIALS) - 1),
        ("medial", medial, len(MEDIALS) - 1),
        ("final", final, len(FINALS)),
    ):
        if not 0 <= number <= last:
            raise ValueError(f"compose: {name}={number}; give a number from 0 to {last}.")
    place = (initial * len(MEDIALS) + medial) * (len(FINALS) + 1) + final
    return chr(ord(FIRST_SYLLABLE) + place)


@cache
def _units(character: str) -> tuple[str, ...]:
    """Return the letters of a syllable, or a character itself, marked if it is a letter of a syllable."""
    if not FIRST_SYLLABLE <= character <= LAST_SYLLABLE:
        return (_MARKED.get(character, character),)
    initial, medial, final = decompose(character)
    letters = (INITIALS[initial], MEDIALS[medial])
    return (*letters, FINALS[final - 1]) if final else letters


def to_jamo(text: str) -> list[str]:
    r"""Cut a text into letters: each syllable into its two or three, every other character as it is.

    :func:`from_jamo` gives back the same text, whatever it holds. To that end a conjoining letter that stands in the
    text itself gets a backslash before it, as in ``'\\ᄀ'``: it must not grow together with its neighbours.

    Args:
        text: any string.

    Returns:
        The units: conjoining jamo for letters of syllables, single characters, marked letters.

    >>> [ALONE.get(unit, unit) for unit in to_jamo("한글 ㅋ")]
    ['ㅎ', 'ㅏ', 'ㄴ', 'ㄱ', 'ㅡ', 'ㄹ', ' ', 'ㅋ']
    """
    units: list[str] = []
    for character in text:
        units += _units(character)
    return units


def from_jamo(units: Sequence[str]) -> str:
    """Join letters into syllables; the inverse of :func:`to_jamo`, and defined for any row of letters.

    An initial and a medial make a syllable, with the final after them if there is one. A letter that finds no place in
    a syllable, as a network may write one, is shown by itself as a compatibility jamo.

    Args:
        units: as :func:`to_jamo` returns them, in any order.

    Returns:
        The text.

    >>> from_jamo(to_jamo("대한민국")), from_jamo(to_jamo("한")[1:])
    ('대한민국', 'ㅏㄴ')
    """
    text: list[str] = []
    place = 0
    while place < len(units):
        letters = units[place : place + 3]
        if len(letters) > 1 and letters[0] in _INITIAL and letters[1] in _MEDIAL:
            final = _FINAL.get(letters[2], 0) if len(letters) == 3 else 0
            text.append(compose(_INITIAL[letters[0]], _MEDIAL[letters[1]], final))
            place += 3 if final else 2
        else:
            unit = letters[0]
            text.append(ALONE.get(unit) or _UNMARKED.get(unit, unit))
            place += 1
    return "".join(text)


def to_syllables(text: str) -> list[str]:
    """Cut a text into written syllables, each as it stands, and everything else into single characters.

    A syllable is one character, or the two or three conjoining letters that Unicode's decomposed form (NFD) makes of
    it: either is one unit, and joining the units gives back the text.

    >>> import unicodedata
    >>> len(unicodedata.normalize("NFD", "한글")), len(to_syllables(unicodedata.normalize("NFD", "한글")))
    (6, 2)
    """
    return _SYLLABLE.findall(text)
