"""Finding the words: from probabilities of the next word to a whole sentence, greedily or by beam search.

Both ask a network one thing only, ``step(state, words)``: given states and the words said last, (R,) integers, return
the logarithms of the probabilities of the next word, an array (R, V), and the new states. A state is a tuple of arrays
or tensors of any engine whose first axis is R.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

State = tuple[Any, ...]
Step = Callable[[State, np.ndarray], tuple[np.ndarray, State]]


def greedy(
    step: Step, state: State, start: np.ndarray, end: int, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Say the likeliest next word, again and again, until the end.

    Args:
        step: what gives the next word's probabilities, see above.
        state: the states of N sentences to begin with.
        start: (N,) the words that they begin with.
        end: the word that ends a sentence; what follows it is ``end`` too.
        steps: how many words at most.

    Returns:
        ``(words, scores)``: (N, steps) int64 without ``start``, and (N,), the logarithm of each sentence's
        probability.

    >>> always = np.log([[0.1, 0.6, 0.3]])
    >>> words, scores = greedy(lambda state, words: (always, state), (), np.array([0]), end=1, steps=3)
    >>> words.tolist(), np.exp(scores).round(6).tolist()
    ([[1, 1, 1]], [0.6])
    """
    words = np.full((len(start), steps), end, np.int64)
    scores = np.zeros(len(start))
    last, done = np.asarray(start), np.zeros(len(start), bool)
    for t in range(steps):
        chances, state = step(state, last)
        last = np.where(done, end, chances.argmax(axis=1))
        scores += np.where(done, 0, chances[np.arange(len(last)), last])
        words[:, t] = last
        done |= last == end
        if done.all():
            break
    return words, scores


def beam_search(
    step: Step, state: State, start: np.ndarray, end: int, steps: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Keep the ``width`` likeliest beginnings of every sentence, and let each grow by every word.

    Of all that they grow to, ``width`` are kept again; one that has ended stays as it is. Width 1 is :func:`greedy`. A
    width that is never filled is an exhaustive search. In between, the likeliest sentence may be lost on the way
    because its beginning was not among the likeliest.

    Args:
        step, state, start, end, steps: as for :func:`greedy`.
        width: how many, W.

    Returns:
        ``(words, scores)``: (N, W, steps) int64 and (N, W), the likeliest sentence first; −∞ where there are fewer.

    Raises:
        ValueError: a width below 1.

    >>> after = np.log([[0.5, 0.4, 0.1], [0.2, 0.5, 0.3], [0.1, 0.8, 0.1]])
    >>> words, scores = beam_search(lambda state, last: (after[last], state), (), np.array([2]), 1, 2, width=2)
    >>> words.tolist(), np.exp(scores).round(6).tolist()
    ([[[1, 1], [0, 0]]], [[0.8, 0.05]])
    """
    if width < 1:
        raise ValueError(f"beam_search: width={width}; give 1 or more")
    n = len(start)
    words = np.full((n, width, steps), end, np.int64)
    scores = np.full((n, width), -np.inf)
    scores[:, 0] = 0  # one beginning at first: the others are no sentences
    last = np.repeat(np.asarray(start), width)
    state = _rows(state, np.repeat(np.arange(n), width))
    done = np.zeros((n, width), bool)
    for t in range(steps):
        chances, state = step(state, last)
        size = chances.shape[1]
        grown = scores[:, :, None] + np.where(
            done[:, :, None],
            np.where(np.arange(size) == end, 0, -np.inf),
            chances.reshape(n, width, size),
        )
        flat = grown.reshape(n, width * size)
        # Stable, so that of equal scores the first is kept, as argmax does.
        best = np.argsort(-flat, axis=1, kind="stable")[:, :width]
        scores = np.take_along_axis(flat, best, axis=1)
        parents, said = best // size, best % size
        words = np.take_along_axis(words, parents[:, :, None], axis=1)
        words[:, :, t] = said
        done = np.take_along_axis(done, parents, axis=1) | (said == end)
        last = said.ravel()
        state = _rows(state, (parents + width * np.arange(n)[:, None]).ravel())
        if done.all():
            break
    return words, scores


def _rows(state: State, rows: np.ndarray) -> State:
    return tuple(part[rows] for part in state)
