"""Walking over a data set in batches, in order or shuffled."""

from collections.abc import Iterator

import numpy as np


def batches(
    x: np.ndarray, y: np.ndarray, batch_size: int, generator: np.random.Generator | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Go once through the samples, some at a time: one epoch.

    N samples make ⌈N / B⌉ batches of B; the last one is smaller unless B divides N, and it is kept: every sample
    comes exactly once.

    Args:
        x: (N, …) samples.
        y: (N, …) labels or targets.
        batch_size: B, at least 1.
        generator: shuffles the samples; the order is drawn when ``batches`` is called. Without one they come as
            they are.

    Returns:
        An iterator over pairs (B, …), (B, …) that keeps x and y together. Shuffled batches are copies; batches in
        order are views of x and y, because copying would cost and reading is all that an evaluation does.

    Raises:
        ValueError: x and y differ in length, there is no sample, or the batch size is not a positive whole number.
        TypeError: ``generator`` is not a NumPy generator, for example only a seed.

    >>> x, y = np.arange(5.0), np.arange(5)
    >>> [label.tolist() for _, label in batches(x, y, batch_size=2)]
    [[0, 1], [2, 3], [4]]
    >>> shuffled = batches(x, y, 2, np.random.default_rng(0))
    >>> sorted(int(label) for _, labels in shuffled for label in labels)
    [0, 1, 2, 3, 4]
    """
    if len(x) != len(y):
        raise ValueError(
            f"x has {len(x)} samples and y has {len(y)}; they must be equally many, row i of y belonging to row i of x."
        )
    if len(x) == 0:
        raise ValueError("x and y have no samples; there is nothing to make batches of.")
    if (
        isinstance(batch_size, bool)
        or not isinstance(batch_size, (int, np.integer))
        or batch_size < 1
    ):
        raise ValueError(
            f"batch_size is {batch_size!r}; it must be a whole number, at least 1 (len(x) for all at once)."
        )
    if generator is None:
        return _in_order(x, y, int(batch_size))
    if not isinstance(generator, np.random.Generator):
        raise TypeError(
            f"generator is a {type(generator).__name__}; give np.random.default_rng(seed), or None for no shuffling. "
            "A bare seed would give every epoch the same order."
        )
    # Drawn here and not at the first batch: two epochs made from one generator then differ in the order of the calls,
    # however they are consumed.
    return _shuffled(x, y, int(batch_size), generator.permutation(len(x)))


def _in_order(
    x: np.ndarray, y: np.ndarray, batch_size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start in range(0, len(x), batch_size):
        yield x[start : start + batch_size], y[start : start + batch_size]


def _shuffled(
    x: np.ndarray, y: np.ndarray, batch_size: int, order: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start in range(0, len(x), batch_size):
        chosen = order[start : start + batch_size]
        yield x[chosen], y[chosen]
