"""Problems that can only be solved by remembering: adding, adding with restarts, copying; each drawn from a seed."""

from numbers import Integral

import numpy as np


def adding(n: int, length: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    r"""Draw sequences in which two values are marked, whose sum is asked for after the last step.

    At every step there is a value :math:`v_t \sim U(0, 1)` and a mark :math:`m_t`, which is 1 at one step of the first
    half and one of the second, else 0. The target is :math:`y = \sum_t m_t v_t`. Whoever always answers 1 has a mean
    squared error of 1/6, the variance of a sum of two such values.

    Args:
        n: number of sequences N.
        length: steps T of each, at least 2.
        seed: the same seed gives the same sequences.

    Returns:
        x (N, T, 2) float32, values and marks, and y (N, 1) float32.

    Raises:
        ValueError: no sequence, or fewer than two steps.

    Source: :cite:t:`hochreiter1997`, whose sequences vary in length and have their marks further to the front.

    >>> x, y = adding(5, 10)
    >>> x.shape, y.shape, x[:, :, 1].sum(axis=1).tolist()
    ((5, 10, 2), (5, 1), [2.0, 2.0, 2.0, 2.0, 2.0])
    """
    _check("adding", n=(n, 1), length=(length, 2))
    generator = np.random.default_rng(seed)
    x = np.zeros((n, length, 2), np.float32)
    x[:, :, 0] = generator.random((n, length), np.float32)
    rows, half = np.arange(n), length // 2
    x[rows, generator.integers(0, half, n), 1] = 1
    x[rows, generator.integers(half, length, n), 1] = 1
    return x, x.prod(axis=2).sum(axis=1, keepdims=True)


def restarts(
    n: int, length: int, seed: int = 0, mark: float = 0.15, restart: float = 0.06
) -> tuple[np.ndarray, np.ndarray]:
    r"""Draw sequences in which the sum of the marked values *since the last restart* is asked for at every step.

    A step has a value :math:`v_t \sim U(0, 1)`, a mark :math:`m_t` and a restart :math:`r_t`, which are 1 with the
    given probabilities. The target is :math:`y_t = (1 - r_t)\, y_{t-1} + m_t v_t` with :math:`y_0 = 0`: what was
    counted before a restart must be forgotten, at a step that the sequence decides.

    Args:
        n: number of sequences N.
        length: steps T of each.
        seed: the same seed gives the same sequences.
        mark: probability of a mark at a step.
        restart: probability of a restart at a step.

    Returns:
        x (N, T, 3) float32, values, marks and restarts, and y (N, T) float32.

    Raises:
        ValueError: no sequence, no step, or a probability outside [0, 1].

    After the continual problems of :cite:t:`gers2000`, which showed what an LSTM lacks that cannot forget.

    >>> x, y = restarts(4, 20, restart=1.0)
    >>> bool((y == x[:, :, 0] * x[:, :, 1]).all())
    True
    """
    _check("restarts", n=(n, 1), length=(length, 1))
    for name, p in (("mark", mark), ("restart", restart)):
        if not 0 <= p <= 1:
            raise ValueError(f"restarts: {name}={p}; give a probability between 0 and 1")
    generator = np.random.default_rng(seed)
    values = generator.random((n, length), np.float32)
    marks = (generator.random((n, length)) < mark).astype(np.float32)
    begins = (generator.random((n, length)) < restart).astype(np.float32)
    y = np.zeros((n, length), np.float32)
    total = np.zeros(n, np.float32)
    for t in range(length):
        total = (1 - begins[:, t]) * total + marks[:, t] * values[:, t]
        y[:, t] = total
    return np.stack([values, marks, begins], axis=2), y


def copying(
    n: int, delay: int, symbols: int = 5, kinds: int = 4, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw sequences of symbols that must be repeated after a delay.

    First come S symbols, each one of K kinds with equal probability, then the delay of D steps, all blank but the last,
    which is the cue, then S blank steps during which the symbols are asked for in their order. A guess is right in one
    case of K.

    Args:
        n: number of sequences N.
        delay: D, from the last symbol to the cue, at least 1.
        symbols: S.
        kinds: K, at least 2.
        seed: the same seed gives the same sequences.

    Returns:
        x (N, S + D + S, K + 2) float32, one-hot: kinds, then blank, then cue; and y (N, S) int64 in 0 … K − 1, the
        answers of the last S steps.

    Raises:
        ValueError: a size that is too small.

    Source: :cite:t:`hochreiter1997` asked for one remembered symbol; the form with several is that of
    :cite:t:`henaff2016`.

    >>> x, y = copying(1, delay=3, symbols=2)
    >>> x.argmax(axis=2).tolist()[0][2:], x.argmax(axis=2).tolist()[0][:2] == y[0].tolist()
    ([4, 4, 5, 4, 4], True)
    """
    _check("copying", n=(n, 1), delay=(delay, 1), symbols=(symbols, 1), kinds=(kinds, 2))
    y = np.random.default_rng(seed).integers(0, kinds, (n, symbols))
    codes = np.full((n, 2 * symbols + delay), kinds)
    codes[:, :symbols] = y
    codes[:, symbols + delay - 1] = kinds + 1
    return np.eye(kinds + 2, dtype=np.float32)[codes], y


def _check(name: str, **sizes: tuple[object, int]) -> None:
    for size, (given, least) in sizes.items():
        if isinstance(given, bool) or not isinstance(given, Integral) or given < least:
            raise ValueError(f"{name}: {size}={given!r}; give a whole number, at least {least}")
