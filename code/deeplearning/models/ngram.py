"""N-gram models: the next symbol of a text from the few before it, by counting, with smoothing."""

from dataclasses import dataclass
from numbers import Integral
from typing import Literal

import numpy as np

Smoothing = Literal["kneser-ney", "witten-bell"]
SMOOTHINGS: tuple[Smoothing, ...] = ("kneser-ney", "witten-bell")


@dataclass(frozen=True)
class _Level:
    r"""The n-grams of one length n: what they give, and what their contexts leave for shorter ones.

    An n-gram is kept as one integer, the rank of its first n − 1 symbols among the (n − 1)-grams times K, plus its last
    symbol; sorted, so that the n-grams of one context lie side by side. Its own rank is its place in this order.
    """

    keys: np.ndarray  # (G,) int64, sorted
    share: np.ndarray  # (G,) the discounted count over the context's total
    rest: np.ndarray  # (contexts,) the weight of the shorter context; the shares and it add up to 1


class NGram:
    r"""Predict a symbol from the n − 1 before it, smoothed by interpolation with all shorter contexts.

    With the context :math:`h = w_{t-n+1} \dots w_{t-1}`, the same without its first symbol :math:`h'`, and the uniform
    law 1/K below the shortest,

    .. math:: P(w \mid h) = \frac{\max(c(hw) - D, 0)}{c(h)} + \lambda(h)\, P(w \mid h'),

    where :math:`\lambda(h)` is what makes the sum over w one. A context never seen has :math:`\lambda = 1`.

    ``"kneser-ney"``: counts c of the longest n-grams are how often they occur, those of shorter ones *after how many
    different symbols* :cite:`kneser1995`. D is one of three numbers, for counts of 1, of 2, and above, estimated from
    how many n-grams have counts of 1 to 4 (modified Kneser–Ney, :cite:`chen1999`). ``"witten-bell"``: counts are
    occurrences, :math:`D = 0`, and a context that T different symbols follow has
    :math:`\lambda(h) = T/(c(h) + T)`, by which the first term is scaled too :cite:`witten1991`.

    Args:
        order: n, at least 1; 1 looks at no context.
        symbols: K, the size of the alphabet.
        smoothing: ``"kneser-ney"`` or ``"witten-bell"``.

    Raises:
        ValueError: an order or a size below 1, another smoothing, codes that are no row of integers in 0 … K − 1, a
            text shorter than n, or a question before :meth:`fit`.

    >>> model = NGram(order=2, symbols=2, smoothing="witten-bell").fit(np.array([0, 1, 0, 1, 0, 1]))
    >>> model.probabilities(np.array([0])).round(3).tolist()
    [0.125, 0.875]
    """

    def __init__(self, order: int, symbols: int, smoothing: Smoothing = "kneser-ney") -> None:
        for name, n in (("order", order), ("symbols", symbols)):
            if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
                raise ValueError(f"NGram: {name}={n!r}; give a whole number, at least 1")
        if smoothing not in SMOOTHINGS:
            raise ValueError(f"NGram: smoothing={smoothing!r}; give one of {', '.join(SMOOTHINGS)}")
        self.order, self.symbols, self.smoothing = int(order), int(symbols), smoothing
        self.levels: list[_Level] = []

    def fit(self, codes: np.ndarray) -> "NGram":
        """Count the n-grams of a text, codes (n,), and return the model."""
        codes = self._checked(codes)
        if len(codes) < self.order:
            raise ValueError(
                f"NGram: {len(codes)} codes for n-grams of {self.order}; give a longer text or a lower order"
            )
        counted: list[tuple[np.ndarray, np.ndarray, int]] = []
        contexts = 1
        ranks = np.zeros(
            len(codes) + 1, np.int64
        )  # of the context of each place, at first the empty one
        for n in range(1, self.order + 1):
            places = ranks[: len(codes) - n + 1] * self.symbols + codes[n - 1 :]
            keys, first, own, counts = np.unique(
                places, return_index=True, return_inverse=True, return_counts=True
            )
            if counted and self.smoothing == "kneser-ney":
                # Every different n-gram is one more symbol before its last n - 1. What begins the text has none.
                keys_before, _, contexts_before = counted[-1]
                kinds = np.bincount(ranks[first + 1], minlength=contexts)
                counted[-1] = (keys_before, kinds, contexts_before)
            counted.append((keys, counts, contexts))
            ranks, contexts = own, len(keys)
        self.levels = [self._level(*level) for level in counted]
        return self

    def _level(self, keys: np.ndarray, counts: np.ndarray, contexts: int) -> _Level:
        context = keys // self.symbols
        total = np.bincount(context, counts, minlength=contexts)
        if self.smoothing == "witten-bell":
            kinds = np.bincount(context, minlength=contexts)
            total += kinds
            discounted, rest = counts.astype(float), kinds.astype(float)
        else:
            discounts = discount(counts)[np.minimum(counts, 3)]
            discounted = counts - discounts
            rest = np.bincount(context, discounts, minlength=contexts)
        known = total > 0
        rest = np.where(known, rest / np.where(known, total, 1), 1.0)
        return _Level(keys, discounted / np.where(known, total, 1)[context], rest)

    def probabilities(self, history: np.ndarray) -> np.ndarray:
        """Return the law (K,) of the symbol after a history of codes (m,), of which the last n − 1 matter."""
        history = self._checked(history)
        p = np.full(self.symbols, 1 / self.symbols)
        for n, level in enumerate(self._fitted(), start=1):
            context = 0
            for level_before, code in zip(
                self.levels, history[len(history) - n + 1 :], strict=False
            ):
                key = context * self.symbols + code
                context = int(np.searchsorted(level_before.keys, key))
                if context == len(level_before.keys) or level_before.keys[context] != key:
                    return p
            if n > len(history) + 1:
                return p
            start, end = np.searchsorted(
                level.keys, [context * self.symbols, (context + 1) * self.symbols]
            )
            p *= level.rest[context]
            p[level.keys[start:end] - context * self.symbols] += level.share[start:end]
        return p

    def bits(self, codes: np.ndarray, history: np.ndarray | None = None) -> np.ndarray:
        r"""Return how surprising each symbol of a text is, :math:`-\log_2 P(w_t \mid w_{t-n+1} \dots w_{t-1})`, (n,).

        ``history``, codes of what stands before the text, is context and is not judged itself.
        """
        text = self._checked(codes)
        before = self._checked(np.zeros(0, np.int64) if history is None else history)
        before = before[max(len(before) - self.order + 1, 0) :]
        text = np.concatenate([before, text])
        p = np.full(len(text), 1 / self.symbols)
        context = np.zeros(len(text), np.int64)  # ranks; -1 where the context was never seen
        for level in self._fitted():
            keys = np.where(context >= 0, context * self.symbols + text, -1)
            place = np.minimum(np.searchsorted(level.keys, keys), len(level.keys) - 1)
            seen = level.keys[place] == keys
            p = np.where(context >= 0, level.rest[context], 1) * p + seen * level.share[place]
            context = np.concatenate([[-1], np.where(seen, place, -1)[:-1]])
        return -np.log2(p[len(before) :])

    def __len__(self) -> int:
        """Return how many different n-grams, of all lengths, are kept."""
        return sum(len(level.keys) for level in self.levels)

    def _fitted(self) -> list[_Level]:
        if not self.levels:
            raise ValueError("NGram: nothing is counted yet; call fit(codes) with a text")
        return self.levels

    def _checked(self, codes: np.ndarray) -> np.ndarray:
        codes = np.asarray(codes)
        if codes.ndim != 1 or codes.dtype.kind not in "iu":
            raise ValueError(
                f"NGram: codes are {codes.dtype} of shape {codes.shape}; give integers of shape (n,)"
            )
        if codes.size and not (codes.min() >= 0 and codes.max() < self.symbols):
            raise ValueError(
                f"NGram: codes from {codes.min()} to {codes.max()} with symbols={self.symbols}; "
                f"give codes from 0 to {self.symbols - 1}"
            )
        return codes.astype(np.int64)


def discount(counts: np.ndarray) -> np.ndarray:
    r"""Return what modified Kneser–Ney takes off counts of 0, 1, 2 and more, (4,), from the counts (G,) themselves.

    With :math:`n_k` n-grams of count k and :math:`Y = n_1/(n_1 + 2n_2)`, it is
    :math:`D_k = k - (k+1)\,Y\,n_{k+1}/n_k` :cite:`chen1999`, kept between 0 and k; where an :math:`n_k` is 0, as among
    the few n-grams of a short text or of a small alphabet, k/2. Among few n-grams the estimate may also be 0: a context
    whose symbols all have such counts then leaves nothing to others, which cost infinitely many bits there.

    >>> discount(np.array([1, 1, 1, 1, 2, 2, 3, 4])).tolist()
    [0.0, 0.5, 1.25, 1.0]
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6).astype(float)
    discounts = np.array([0, 0.5, 1, 1.5])
    if n[1] + n[2]:
        y = n[1] / (n[1] + 2 * n[2])
        for k in (1, 2, 3):
            if n[k]:
                discounts[k] = np.clip(k - (k + 1) * y * n[k + 1] / n[k], 0, k)
    return discounts
