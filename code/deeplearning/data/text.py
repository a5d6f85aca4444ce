"""Text as integers: an alphabet of characters, syllables or letters of hangul, and the coding that it defines."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Literal

import numpy as np

from deeplearning.data.hangul import ALONE, from_jamo, to_jamo, to_syllables

Unit = Literal["character", "syllable", "jamo"]

# How a text is cut into units, and how units become a text again. list("한") is ["한"].
SPLIT: dict[str, Callable[[str], list[str]]] = {
    "character": list,
    "syllable": to_syllables,
    "jamo": to_jamo,
}
JOIN: dict[str, Callable[[Sequence[str]], str]] = {
    "character": "".join,
    "syllable": "".join,
    "jamo": from_jamo,
}


@dataclass(frozen=True)
class Alphabet:
    """K units of text, of which unit *k* has the code *k*.

    ``decode(encode(text))`` is ``text``, for every text whose units are all in the alphabet.

    Args:
        units: the K different units.
        by: what a unit is. ``"character"``, one of Unicode. ``"syllable"``, a character too, but a written syllable
            even where it is stored as its letters. ``"jamo"``, a letter of hangul (자모) or another character; see
            :func:`deeplearning.data.to_jamo`.
        unknown: the unit of the alphabet that stands for all that are not in it; None to refuse them.

    Raises:
        ValueError: no units, one twice, another ``by``, or ``unknown`` is not among the units.

    >>> letters = Alphabet.of("한글", by="jamo")
    >>> len(letters), letters.encode("한").tolist(), letters.decode(letters.encode("글한"))
    (6, [1, 2, 4], '글한')
    """

    units: tuple[str, ...]
    by: Unit = "character"
    unknown: str | None = None
    _codes: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.by not in SPLIT:
            raise ValueError(f"by is {self.by!r}; give one of {', '.join(map(repr, SPLIT))}.")
        if not self.units:
            raise ValueError("an alphabet needs at least one unit; was the text empty?")
        codes = {unit: code for code, unit in enumerate(self.units)}
        if len(codes) < len(self.units):
            twice = next(unit for unit, count in Counter(self.units).items() if count > 1)
            raise ValueError(
                f"the unit {twice!r} is there more than once; every unit has one code."
            )
        if self.unknown is not None and self.unknown not in codes:
            raise ValueError(
                f"unknown is {self.unknown!r}, which is not among the units; add it, or use Alphabet.of."
            )
        object.__setattr__(self, "_codes", codes)

    @classmethod
    def of(
        cls, text: str, by: Unit = "character", unknown: str | None = None, at_least: int = 1
    ) -> "Alphabet":
        """Collect the units of a text, in the order of Unicode.

        Args:
            text: what the alphabet must be able to spell, usually the training text.
            by: what a unit is.
            unknown: the name of one more unit, with code 0, for all others. ``"�"`` (U+FFFD) is Unicode's own.
            at_least: how often a unit must occur to be in the alphabet. More than 1 makes the rare ones unknown, so
                that a model meets the unknown in training.

        Raises:
            ValueError: the text is empty, ``at_least`` is below 1, or above 1 without an ``unknown``.

        >>> Alphabet.of("banana", unknown="�", at_least=2).units
        ('�', 'a', 'n')
        """
        if not isinstance(at_least, Integral) or at_least < 1:
            raise ValueError(f"at_least is {at_least!r}; give a whole number, at least 1.")
        if at_least > 1 and unknown is None:
            raise ValueError(
                f"at_least={at_least} leaves units of the text out; give unknown=, the unit that stands for them."
            )
        if by not in SPLIT:
            raise ValueError(f"by is {by!r}; give one of {', '.join(map(repr, SPLIT))}.")
        if not text:
            raise ValueError("an alphabet needs at least one unit; was the text empty?")
        counts = Counter(SPLIT[by](text))
        units = sorted(unit for unit, n in counts.items() if n >= at_least and unit != unknown)
        return cls(tuple(units if unknown is None else [unknown, *units]), by, unknown)

    def __len__(self) -> int:
        """Return K, the number of codes."""
        return len(self.units)

    def split(self, text: str) -> list[str]:
        """Cut a text into units, whether the alphabet has them or not.

        >>> Alphabet.of("ab").split("abc")
        ['a', 'b', 'c']
        """
        return SPLIT[self.by](text)

    def encode(self, text: str) -> np.ndarray:
        """Return the codes of a text's units.

        Args:
            text: any string.

        Returns:
            (n,) int64 in 0 … K − 1 for n units.

        Raises:
            ValueError: a unit is not in the alphabet, which has no ``unknown``.

        >>> Alphabet.of("abc").encode("cab").tolist()
        [2, 0, 1]
        """
        units = self.split(text)
        if self.unknown is not None:
            other = self._codes[self.unknown]
            codes: Iterable[int] = (self._codes.get(unit, other) for unit in units)
            return np.fromiter(codes, np.int64, len(units))
        try:
            return np.fromiter(map(self._codes.__getitem__, units), np.int64, len(units))
        except KeyError as error:
            raise ValueError(self._stranger(units)) from error

    def decode(self, codes: np.ndarray | Sequence[int]) -> str:
        """Return the text that codes spell.

        Args:
            codes: (n,) integers in 0 … K − 1.

        Returns:
            The text. By jamo, letters that make no syllable are shown by themselves.

        Raises:
            ValueError: the codes are not one row of integers, or one is outside the alphabet.

        >>> Alphabet.of("abc").decode([2, 0, 1])
        'cab'
        """
        array = np.asarray(codes)
        if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
            raise ValueError(
                f"decode: codes are {array.dtype} of shape {array.shape}; give integers of shape (n,), one text."
            )
        outside = np.flatnonzero((array < 0) | (array >= len(self)))
        if outside.size:
            first = int(outside[0])
            raise ValueError(
                f"decode: codes[{first}] is {array[first]}; the {len(self)} units of this alphabet have the codes "
                f"0 … {len(self) - 1}."
            )
        return JOIN[self.by]([self.units[code] for code in array.tolist()])

    def _stranger(self, units: list[str]) -> str:
        """Say which unit of a text the alphabet lacks."""
        strange = [unit for unit in units if unit not in self._codes]
        first, kinds = strange[0], len(set(strange))
        names = ", ".join(f"U+{ord(c):04X} {unicodedata.name(c, 'without a name')}" for c in first)
        shown = ALONE.get(first, first)
        return (
            f"encode: {shown!r} ({names}), unit {units.index(first)} of the text, is not among the {len(self)} units "
            f"of this alphabet by {self.by}; neither are {kinds - 1} others. Make the alphabet of a text that holds "
            "them, or with unknown=."
        )
