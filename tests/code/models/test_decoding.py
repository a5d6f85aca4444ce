"""Greedy and beam search on small languages whose every sentence can be enumerated."""

from itertools import product

import numpy as np
import pytest

from deeplearning.models.decoding import State, beam_search, greedy

END, WORDS, STEPS = 0, 4, 4


def language(seed: int, sentences: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (N, T, last word, word) of a language for each of N, and their logarithms' step."""
    raw = np.random.default_rng(seed).random((sentences, STEPS, WORDS, WORDS)) ** 3
    return np.log(raw / raw.sum(axis=3, keepdims=True)), np.ones(sentences, np.int64)


def stepper(logs: np.ndarray):  # type: ignore[no-untyped-def]
    """A network without weights: its state is which sentence it is and how many words it has said."""

    def step(state: State, words: np.ndarray) -> tuple[np.ndarray, State]:
        number, time = state
        return logs[number, np.minimum(time, STEPS - 1), words], (number, time + 1)

    return step


def begin(count: int) -> State:
    return np.arange(count), np.zeros(count, np.int64)


def score(logs: np.ndarray, start: int, words: tuple[int, ...]) -> float:
    total, last = 0.0, start
    for time, word in enumerate(words):
        total += logs[time, last, word]
        last = word
        if word == END:
            break
    return float(total)


def every_sentence() -> set[tuple[int, ...]]:
    """All rows of words that end at most once, filled with ends."""
    found = set()
    for words in product(range(WORDS), repeat=STEPS):
        cut = words.index(END) if END in words else STEPS
        found.add(words[:cut] + (END,) * (STEPS - cut))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_a_beam_of_one_is_greedy(seed: int) -> None:
    logs, start = language(seed)
    words, scores = greedy(stepper(logs), begin(3), start, END, STEPS)
    beams, beam_scores = beam_search(stepper(logs), begin(3), start, END, STEPS, width=1)
    np.testing.assert_array_equal(beams[:, 0], words)
    np.testing.assert_allclose(beam_scores[:, 0], scores)
    for n in range(3):
        assert np.isclose(scores[n], score(logs[n], 1, tuple(words[n])))


@pytest.mark.parametrize("seed", range(3))
def test_a_beam_that_is_never_full_finds_every_sentence_in_order(seed: int) -> None:
    logs, start = language(seed)
    width = len(every_sentence()) + 5
    words, scores = beam_search(stepper(logs), begin(3), start, END, STEPS, width)
    for n in range(3):
        ranked = sorted(((score(logs[n], 1, s), s) for s in every_sentence()), reverse=True)
        np.testing.assert_allclose(scores[n, :-5], [one[0] for one in ranked])
        assert [tuple(row) for row in words[n, :-5].tolist()] == [one[1] for one in ranked]
        assert np.isneginf(scores[n, -5:]).all()
        assert np.isclose(np.exp(scores[n]).sum(), 1)  # of all that can be said


def test_a_beam_finds_what_greed_misses() -> None:
    # Greedily 1 then anything at 1/3 each; but 2 is surely followed by the end.
    logs = np.log(np.full((1, STEPS, WORDS, WORDS), 1e-9))
    logs[0, 0, 3, [1, 2]] = np.log([0.6, 0.4])
    logs[0, 1, 1, [0, 1, 2]] = np.log(1 / 3)
    logs[0, 1, 2, 0] = 0.0
    start = np.array([3])
    words, scores = greedy(stepper(logs), begin(1), start, END, 2)
    beams, beam_scores = beam_search(stepper(logs), begin(1), start, END, 2, width=2)
    assert words[0, 0] == 1
    assert beams[0, 0].tolist() == [2, END]
    assert np.isclose(np.exp(scores[0]), 0.2)
    assert np.isclose(np.exp(beam_scores[0, 0]), 0.4)


def test_a_beam_needs_a_width() -> None:
    logs, start = language(0)
    with pytest.raises(ValueError, match="width=0; give 1 or more"):
        beam_search(stepper(logs), begin(3), start, END, STEPS, width=0)
