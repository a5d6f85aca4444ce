"""Captions of composed scenes in English and Korean, made from exact labels: two digits and how they lie to each other.

A scene has two true captions in each language, one for each digit to begin with. English is cut into words, Korean into
stems and particles, so that whoever writes Korean must choose the particle, 이 or 가, after each stem.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any, Literal

import numpy as np

from deeplearning.data.hangul import FIRST_SYLLABLE, LAST_SYLLABLE, decompose
from deeplearning.data.scenes import Scenes, scenes

Language = Literal["en", "ko"]
LANGUAGES: tuple[Language, ...] = ("en", "ko")
RELATIONS = ("left", "right", "above", "below")
DIGITS: dict[str, tuple[str, ...]] = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "ko": ("영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"),
}
PLACES: dict[str, tuple[str, ...]] = {
    "en": ("left of", "right of", "above", "below"),
    "ko": ("왼쪽", "오른쪽", "위", "아래"),
}
# After a final consonant, and after a vowel.
PARTICLES = {
    "이/가": ("이", "가"),
    "은/는": ("은", "는"),
    "을/를": ("을", "를"),
    "과/와": ("과", "와"),
}
PAD, END = "<pad>", "<end>"
START: dict[str, str] = {"en": "<en>", "ko": "<ko>"}
BLOCK = 128  # scenes that are composed at a time


def with_particle(word: str, particle: str) -> str:
    """Append a Korean particle in the form that the word asks for: 이, 은, 을, 과 after a final consonant, else 가, …

    Args:
        word: ends in a syllable of hangul.
        particle: one of ``이/가`` (subject), ``은/는`` (topic), ``을/를`` (object), ``과/와`` (and).

    Raises:
        ValueError: another particle, or a word whose last character is no syllable.

    >>> with_particle("삼", "이/가"), with_particle("이", "이/가"), with_particle("칠", "과/와")
    ('삼이', '이가', '칠과')
    """
    if particle not in PARTICLES:
        raise ValueError(f"with_particle: {particle!r}; give one of {', '.join(PARTICLES)}")
    if not word or not FIRST_SYLLABLE <= word[-1] <= LAST_SYLLABLE:
        raise ValueError(
            f"with_particle: {word!r} does not end in a syllable of hangul; write the word out, 삼 for 3"
        )
    final = decompose(word[-1])[2]
    return word + PARTICLES[particle][0 if final else 1]


def with_article(word: str) -> str:
    """Put the English indefinite article before the name of a digit: *an* before a vowel that is spoken.

    >>> with_article("eight"), with_article("one")
    ('an eight', 'a one')
    """
    return f"{'an' if word == 'eight' else 'a'} {word}"


def caption(first: int, relation: int, second: int, language: Language) -> str:
    """Say how one digit lies to another.

    Args:
        first, second: digits, 0 to 9.
        relation: where the first lies, seen from the second, a place in ``RELATIONS``.
        language: ``en`` or ``ko``.

    Raises:
        ValueError: a number or a language that there is not.

    >>> caption(3, 0, 8, "en"), caption(3, 0, 8, "ko"), caption(2, 3, 9, "ko")
    ('a three is left of an eight', '삼이 팔의 왼쪽에 있다', '이가 구의 아래에 있다')
    """
    if language not in DIGITS:
        raise ValueError(f"caption: language={language!r}; give one of {', '.join(LANGUAGES)}")
    if not (0 <= first <= 9 and 0 <= second <= 9 and 0 <= relation < len(RELATIONS)):
        raise ValueError(
            f"caption: digits {first} and {second}, relation {relation}; give digits from 0 to 9 and a relation from "
            f"0 to {len(RELATIONS) - 1}, {', '.join(RELATIONS)}"
        )
    one, other = DIGITS[language][first], DIGITS[language][second]
    place = PLACES[language][relation]
    if language == "en":
        return f"{with_article(one)} is {place} {with_article(other)}"
    return f"{with_particle(one, '이/가')} {other}의 {place}에 있다"


def opposite(relation: Any) -> Any:
    """The relation, or an array of them, seen from the other digit: left and right, above and below change places.

    >>> RELATIONS[opposite(RELATIONS.index("left"))]
    'right'
    """
    return relation ^ 1


def references(first: int, relation: int, second: int, language: Language) -> tuple[str, str]:
    """Both true captions of a scene, the one that begins with the first digit first.

    >>> references(3, 0, 8, "en")
    ('a three is left of an eight', 'an eight is right of a three')
    """
    return (
        caption(first, relation, second, language),
        caption(second, opposite(relation), first, language),
    )


@cache
def _meanings(language: Language) -> dict[str, tuple[int, int, int]]:
    said = product(range(10), range(len(RELATIONS)), range(10))
    return {caption(*meaning, language): meaning for meaning in said}


def meaning(text: str, language: Language) -> tuple[int, int, int] | None:
    """What a caption says, (first, relation, second), or None if it is no caption of this language.

    >>> meaning("삼이 팔의 왼쪽에 있다", "ko"), meaning("삼가 팔의 왼쪽에 있다", "ko")
    ((3, 0, 8), None)
    """
    return _meanings(language).get(text)


def split(text: str, language: Language) -> list[str]:
    """Cut a caption into units: English into words, Korean into stems and particles, which keep the space behind them.

    >>> split("a two is", "en"), split("이가 구의 위에 있다", "ko")
    (['a', 'two', 'is'], ['이', '가 ', '구', '의 ', '위', '에 ', '있다'])
    """
    words = text.split()
    if language == "en":
        return words
    return [unit for word in words[:-1] for unit in (word[:-1], word[-1] + " ")] + words[-1:]


@dataclass(frozen=True)
class Vocabulary:
    """The units of all captions of both languages, and four marks: padding, the end, and a beginning for each language.

    >>> words = Vocabulary()
    >>> codes = words.encode("a two is above a six", "en")
    >>> len(words), [words.units[code] for code in codes[:3]], words.decode(codes)
    (41, ['<en>', 'a', 'two'], 'a two is above a six')
    """

    units: tuple[str, ...] = field(init=False)
    _codes: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: list[str] = [PAD, END, *START.values()]
        for language in LANGUAGES:
            said = {unit for text in _meanings(language) for unit in split(text, language)}
            found += sorted(said)
        object.__setattr__(self, "units", tuple(found))
        object.__setattr__(self, "_codes", {unit: code for code, unit in enumerate(found)})

    def __len__(self) -> int:
        return len(self.units)

    def code(self, unit: str) -> int:
        """The number of a unit or a mark; ``ValueError`` for one that no caption has."""
        if unit not in self._codes:
            raise ValueError(f"Vocabulary: {unit!r} is in no caption; the units are {self.units}")
        return self._codes[unit]

    def start(self, language: Language) -> int:
        """The number of the mark that begins a caption of a language."""
        return self.code(START[language])

    @property
    def end(self) -> int:
        """The number of the mark that ends every caption."""
        return self.code(END)

    def encode(self, text: str, language: Language) -> np.ndarray:
        """Return a caption as numbers (T,) int64, with its beginning and its end."""
        units = [START[language], *split(text, language), END]
        return np.array([self.code(unit) for unit in units], np.int64)

    def encode_all(self, texts: Sequence[str], language: Language, length: int) -> np.ndarray:
        """Return captions as numbers (N, length) int64, padded; ``ValueError`` if one is longer."""
        rows = np.full((len(texts), length), self.code(PAD), np.int64)
        for row, text in zip(rows, texts, strict=True):
            codes = self.encode(text, language)
            if len(codes) > length:
                raise ValueError(
                    f"Vocabulary: {text!r} has {len(codes)} codes; give a length of at least that, not {length}"
                )
            row[: len(codes)] = codes
        return rows

    def decode(self, codes: Sequence[int] | np.ndarray) -> str:
        """Return the text of numbers up to the end, whatever a network wrote; the mark that begins is optional.

        Korean units are put together without spaces, since they have spaces of their own, and others with them.
        """
        units = [self.units[int(code)] for code in codes]
        if END in units:
            units = units[: units.index(END)]
        korean = units[:1] == [START["ko"]] or (
            bool(units)
            and units[0] not in START.values()
            and FIRST_SYLLABLE <= units[0] <= LAST_SYLLABLE
        )
        said = [unit for unit in units if unit not in (PAD, *START.values())]
        return ("" if korean else " ").join(said)


def relation_of(boxes: np.ndarray, margin: float = 0.0) -> np.ndarray:
    """How the first of two boxes lies to the second, by the middles: (N,) places in ``RELATIONS``, or −1 if unclear.

    Left or right if the middles are farther apart across than down, above or below if it is the other way round, and
    unclear if the two distances differ by less than ``margin`` pixels.

    Args:
        boxes: (N, 2, 4), x0, y0, x1, y1 of both.
        margin: in pixels.

    >>> relation_of(np.array([[[0, 0, 4, 4], [10, 1, 14, 5]]])).tolist()
    [0]
    """
    middles = (boxes[:, :, :2] + boxes[:, :, 2:]) / 2
    across, down = (middles[:, 1] - middles[:, 0]).T
    sideways = np.abs(across) > np.abs(down)
    answers = np.where(sideways, np.where(across > 0, 0, 1), np.where(down > 0, 2, 3))
    return np.where(np.abs(np.abs(across) - np.abs(down)) < max(margin, 1e-9), -1, answers)


def captioned_scenes(
    images: np.ndarray,
    labels: np.ndarray,
    count: int,
    *,
    seed: int,
    size: tuple[int, int] = (48, 48),
    margin: float = 6.0,
    background: float = 0.3,
    keep: Callable[[np.ndarray], np.ndarray] | None = None,
) -> tuple[Scenes, np.ndarray]:
    """Compose ``count`` scenes of two digits that do not hide one another and whose relation is clear.

    Scenes are composed by :func:`~deeplearning.data.scenes.scenes` in blocks of 128; those with an unclear relation are
    left out, and those whose classes ``keep`` refuses. So a few scenes are the first ones of many with the same seed.

    Args:
        images, labels: what to compose of, (M, h, w) in [0, 1] and (M,), digits 0 to 9.
        count: how many scenes.
        seed: all that is random comes from it.
        size: of a scene, (H, W).
        margin: pixels by which one distance of the middles must exceed the other, see :func:`relation_of`.
        background: brightness of the texture at most.
        keep: takes the classes (N, 2) and says of which scenes to keep, (N,) bool.

    Returns:
        ``(scenes, facts)``: the scenes, and (count, 3) int64, first digit, relation, second digit.

    Raises:
        ValueError: a count below 1, what ``scenes`` refuses, or settings for which hardly any scene is left.
    """
    if count < 1:
        raise ValueError(f"captioned_scenes: count={count}; give a whole number, at least 1")
    parts: list[Scenes] = []
    relations: list[np.ndarray] = []
    found, blocks = 0, 0
    while found < count:
        if blocks >= 4 and found < blocks:
            raise ValueError(
                f"captioned_scenes: of {blocks * BLOCK} scenes {found} are left; give another keep, a smaller margin "
                f"({margin}) or a larger size {size}"
            )
        block = scenes(
            images, labels, BLOCK, seed=seed * 100_003 + blocks, size=size, objects=(2, 2), scales=(1.0, 1.0),
            hidden=0.0, background=background,
        )  # fmt: skip
        blocks += 1
        relation = relation_of(block.boxes, margin)
        good = (block.counts == 2) & (relation >= 0)
        if keep is not None:
            good &= keep(block.labels)
        parts.append(block.take(good))
        relations.append(relation[good])
        found += int(good.sum())
    together = Scenes(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0]))
    ).take(slice(count))
    facts = np.stack(
        [together.labels[:, 0], np.concatenate(relations)[:count], together.labels[:, 1]], axis=1
    )
    return together, facts
