"""N-gram models against the formulas written out with dictionaries, and against what every law must satisfy."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.models.ngram import SMOOTHINGS, NGram, discount

TEXT = "she sells sea shells by the sea shore, and the shells she sells are sea shells"
LETTERS = sorted(set(TEXT))
CODES = np.array([LETTERS.index(letter) for letter in TEXT])


def grams(codes: list[int], n: int) -> list[tuple[int, ...]]:
    return [tuple(codes[i : i + n]) for i in range(len(codes) - n + 1)]


def slow(codes: list[int], order: int, symbols: int, smoothing: str, history: list[int]) -> list[float]:  # fmt: skip
    """P(w | history) for every w, from the definitions: counts in dictionaries, one recursion."""

    def counts(n: int) -> dict[tuple[int, ...], float]:
        found: dict[tuple[int, ...], Any] = defaultdict(int)
        if smoothing == "witten-bell" or n == order:
            for gram in grams(codes, n):
                found[gram] += 1
            return found
        before = defaultdict(set)
        for gram in grams(codes, n + 1):
            before[gram[1:]].add(gram[0])
        return {gram: len(symbols) for gram, symbols in before.items()}

    def law(context: tuple[int, ...]) -> list[float]:
        shorter = law(context[1:]) if context else [1 / symbols] * symbols
        everything = counts(len(context) + 1)
        mine = {gram[-1]: c for gram, c in everything.items() if gram[:-1] == context}
        total = sum(mine.values())
        if not total:
            return shorter
        if smoothing == "witten-bell":
            kinds = len(mine)
            return [(mine.get(w, 0) + kinds * shorter[w]) / (total + kinds) for w in range(symbols)]
        n = {k: sum(c == k for c in everything.values()) for k in range(1, 5)}
        y = n[1] / (n[1] + 2 * n[2]) if n[1] + n[2] else None
        off = {}
        for k in (1, 2, 3):
            off[k] = k / 2
            if y is not None and n[k]:
                off[k] = min(max(k - (k + 1) * y * n[k + 1] / n[k], 0), k)
        taken = {w: off[min(c, 3)] for w, c in mine.items()}
        rest = sum(taken.values()) / total
        return [
            (mine.get(w, 0) - taken.get(w, 0)) / total + rest * shorter[w] for w in range(symbols)
        ]

    return law(tuple(history[len(history) - order + 1 :]) if order > 1 else ())


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_equals_the_formulas(order: int, smoothing: Any) -> None:
    model = NGram(order, len(LETTERS), smoothing).fit(CODES)
    for at in (4, 9, 30, 60):
        history = CODES[:at].tolist()
        expected = slow(CODES.tolist(), order, len(LETTERS), smoothing, history)
        np.testing.assert_allclose(model.probabilities(CODES[:at]), expected, rtol=1e-12)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@given(
    codes=st.lists(st.integers(0, 3), min_size=4, max_size=40),
    history=st.lists(st.integers(0, 3), max_size=6),
    order=st.integers(1, 4),
)
@settings(max_examples=40, deadline=None)
def test_is_a_law_for_every_history(smoothing: Any, codes: Any, history: Any, order: int) -> None:
    p = NGram(order, 4, smoothing).fit(np.array(codes)).probabilities(np.array(history, np.int64))
    assert (p > 0).all() or smoothing == "kneser-ney"
    assert (p >= 0).all()
    assert p.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_bits_are_those_of_the_probabilities(smoothing: Any) -> None:
    model = NGram(4, len(LETTERS), smoothing).fit(CODES[:50])
    bits = model.bits(CODES[50:], history=CODES[:50])
    for i in range(len(bits)):
        p = model.probabilities(CODES[: 50 + i])[CODES[50 + i]]
        assert bits[i] == pytest.approx(-np.log2(p), abs=1e-9)
    alone = model.bits(CODES[50:])  # nothing known before it
    assert alone[0] == pytest.approx(-np.log2(model.probabilities(CODES[:0])[CODES[50]]))
    np.testing.assert_allclose(alone[3:], bits[3:])


def test_a_longer_context_helps_on_a_text_that_repeats() -> None:
    codes = np.tile(CODES, 4)
    bits = [NGram(n, len(LETTERS)).fit(codes).bits(codes).mean() for n in (1, 2, 4, 8)]
    assert bits == sorted(bits, reverse=True)
    assert bits[-1] < bits[0] / 5


def test_what_was_never_seen_is_even() -> None:
    model = NGram(3, 10).fit(np.array([1, 2, 1, 2, 1, 2, 3]))
    p = model.probabilities(np.array([7, 7]))
    np.testing.assert_allclose(p, model.probabilities(np.array([], np.int64)))
    assert p[7] == p[8] > 0


def test_counts_every_different_ngram_once() -> None:
    model = NGram(3, len(LETTERS)).fit(CODES)
    assert len(model) == sum(len(set(grams(CODES.tolist(), n))) for n in (1, 2, 3))


def test_discounts_stay_in_bounds_where_counts_are_few() -> None:
    assert discount(np.array([7, 9])).tolist() == [0, 0.5, 1, 1.5]
    assert discount(np.array([1, 1, 2, 3, 3, 3])).tolist()[2] == 0  # the formula says less than 0
    assert (discount(np.arange(1, 9)) <= [0, 1, 2, 3]).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: NGram(0, 5), "order=0"),
        (lambda: NGram(2, True), "symbols=True"),
        (lambda: NGram(2, 5, "laplace"), "smoothing='laplace'; give one of kneser-ney"),
        (lambda: NGram(2, 5).fit(np.array([5, 0])), "from 0 to 5 with symbols=5.*0 to 4"),
        (lambda: NGram(2, 5).fit(np.array([0.5])), "float64 of shape"),
        (lambda: NGram(3, 5).fit(np.array([1, 2])), "2 codes for n-grams of 3"),
        (lambda: NGram(2, 5).probabilities(np.array([1])), "call fit"),
        (lambda: NGram(2, 5).bits(np.array([1])), "call fit"),
    ],
)
def test_errors(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
