"""Captions of composed scenes: grammar of both languages, coding there and back, and agreement with the pixels."""

from itertools import product

import numpy as np
import pytest

from deeplearning.data import captions as c

# By hand: the digits whose Korean names end in a consonant, and every pair of forms.
CLOSED = {"영", "일", "삼", "육", "칠", "팔"}


@pytest.mark.parametrize(
    ("particle", "closed", "open_"),
    [("이/가", "이", "가"), ("은/는", "은", "는"), ("을/를", "을", "를"), ("과/와", "과", "와")],
)
def test_particles_follow_the_final_consonant(particle: str, closed: str, open_: str) -> None:
    for word in c.DIGITS["ko"]:
        expected = closed if word in CLOSED else open_
        assert c.with_particle(word, particle) == word + expected
    assert c.with_particle("책", particle) == "책" + closed
    assert c.with_particle("학교", particle) == "학교" + open_


def test_english_article() -> None:
    assert [word for word in c.DIGITS["en"] if c.with_article(word).startswith("an ")] == ["eight"]


def test_captions_by_hand() -> None:
    assert c.caption(8, 1, 0, "en") == "an eight is right of a zero"
    assert c.caption(8, 1, 0, "ko") == "팔이 영의 오른쪽에 있다"
    assert c.references(5, 2, 9, "en") == ("a five is above a nine", "a nine is below a five")
    assert c.references(5, 2, 9, "ko") == ("오가 구의 위에 있다", "구가 오의 아래에 있다")


@pytest.mark.parametrize("language", c.LANGUAGES)
def test_every_caption_is_another_and_can_be_read_back(language: c.Language) -> None:
    words = c.Vocabulary()
    seen = set()
    for meaning in product(range(10), range(4), range(10)):
        text = c.caption(*meaning, language)
        seen.add(text)
        assert c.meaning(text, language) == meaning
        codes = words.encode(text, language)
        assert words.decode(codes) == text
        assert (codes[0], codes[-1]) == (words.start(language), words.end)
    assert len(seen) == 400


def test_stems_and_particles_are_units_of_their_own() -> None:
    words = c.Vocabulary()
    codes = words.encode("이가 삼의 위에 있다", "ko")
    assert [words.units[code] for code in codes[1:-1]] == [
        "이",
        "가 ",
        "삼",
        "의 ",
        "위",
        "에 ",
        "있다",
    ]
    assert codes[1] == words.encode("삼이 이의 위에 있다", "ko")[3]


def test_padding_and_what_a_network_might_write() -> None:
    words = c.Vocabulary()
    rows = words.encode_all(["a two is above a six", "a one is left of a six"], "en", 10)
    assert rows.shape == (2, 10)
    assert (rows[0, 8:] == words.code(c.PAD)).all()
    assert [words.decode(row) for row in rows] == ["a two is above a six", "a one is left of a six"]
    assert words.decode([words.end, words.code("a")]) == ""
    assert words.decode([words.code("삼"), words.code("a")]) == "삼a"
    with pytest.raises(ValueError, match="has 8 codes; give a length of at least that, not 5"):
        words.encode_all(["a two is above a six"], "en", 5)
    with pytest.raises(ValueError, match="'ten' is in no caption"):
        words.encode("a ten is above a six", "en")


def test_relations_by_the_middles() -> None:
    still = [10, 10, 14, 14]
    boxes = np.array([
        [still, [20, 11, 24, 15]], [still, [0, 9, 4, 13]], [still, [12, 30, 16, 34]], [still, [9, 0, 13, 4]],
        [still, [20, 19, 24, 23]], [still, [20, 20, 24, 24]],
    ])  # fmt: skip
    assert c.relation_of(boxes).tolist() == [0, 1, 2, 3, 0, -1]
    assert c.relation_of(boxes, 2.0).tolist() == [0, 1, 2, 3, -1, -1]
    assert c.relation_of(boxes[:, ::-1]).tolist() == [1, 0, 3, 2, 1, -1]


def squares() -> tuple[np.ndarray, np.ndarray]:
    """An image a digit, each with another brightness."""
    images = np.zeros((10, 28, 28), np.float32)
    for digit in range(10):
        images[digit, 6:22, 8:20] = 0.45 + digit / 20
    return images, np.arange(10)


def test_scenes_show_what_the_facts_say() -> None:
    scenes, facts = c.captioned_scenes(*squares(), 30, seed=1)
    assert scenes.images.shape == (30, 1, 48, 48)
    for image, (first, relation, second) in zip(scenes.images[:, 0], facts.tolist(), strict=True):
        middles = []
        for digit in (first, second):
            # Among equal digits either answer is right, so there is nothing to find.
            there = np.argwhere(np.isclose(image, 0.45 + digit / 20, atol=1e-6))
            middles.append(there.mean(axis=0))
        down, across = middles[1] - middles[0]
        if first != second:
            assert max(abs(across), abs(down)) - min(abs(across), abs(down)) >= 5.5
            expected = (0 if across > 0 else 1) if abs(across) > abs(down) else 2 if down > 0 else 3
            assert relation == expected
        assert 0 <= relation < 4


def test_a_few_scenes_are_the_first_of_many_and_some_are_kept_out() -> None:
    def keep(labels: np.ndarray) -> np.ndarray:
        return labels.sum(axis=1) != 9

    many, facts = c.captioned_scenes(*squares(), 80, seed=5, keep=keep)
    few, first = c.captioned_scenes(*squares(), 7, seed=5, keep=keep)
    np.testing.assert_array_equal(many.images[:7], few.images)
    np.testing.assert_array_equal(facts[:7], first)
    assert (facts[:, [0, 2]].sum(axis=1) != 9).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: c.with_particle("3", "이/가"), "'3' does not end in a syllable of hangul"),
        (lambda: c.with_particle("삼", "에"), "with_particle: '에'; give one of 이/가, 은/는"),
        (lambda: c.caption(10, 0, 1, "en"), "digits 10 and 1, relation 0; give digits from 0 to 9"),
        (lambda: c.caption(1, 0, 1, "de"), "language='de'; give one of en, ko"),
        (lambda: c.captioned_scenes(*squares(), 0, seed=0), "count=0; give a whole number, at least 1"),
        (
            lambda: c.captioned_scenes(*squares(), 1, seed=0, keep=lambda labels: labels[:, 0] > 9),
            "scenes 0 are left; give another keep",
        ),
    ],
)  # fmt: skip
def test_refused(call: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()  # type: ignore[operator]
