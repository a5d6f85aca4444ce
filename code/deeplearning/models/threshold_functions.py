"""Which truth tables can one threshold neuron compute? Both answers with a proof that integers can check."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement, permutations, product

import numpy as np

from deeplearning.models.mcculloch_pitts import inputs

Pair = tuple[int, int]


def computable(n: int, largest: int = 3) -> np.ndarray:
    r"""Find the truth tables of n inputs that a neuron with whole weights from −largest
    to largest computes.

    All :math:`(2 \cdot \text{largest} + 1)^n` weight vectors and all thresholds
    that differ in effect are tried.

    The result is a bool array over all :math:`2^{2^n}` tables: table number c has
    the output of row i of `inputs` as bit i of c. ``ValueError`` unless 1 ≤ n ≤ 4,
    beyond which the array would have 2³² entries.

    >>> computable(2).sum()
    np.int64(14)
    """
    rows = _rows(n)
    weights = np.array(list(product(range(-largest, largest + 1), repeat=n)))
    sums = weights @ rows.T  # (weight vectors, 2ⁿ)
    found = np.zeros(2 ** len(rows), dtype=bool)
    for threshold in range(int(sums.min()), int(sums.max()) + 2):
        found[(sums >= threshold) @ (1 << np.arange(len(rows)))] = True
    return found


def refuted(n: int) -> np.ndarray:
    r"""Find the truth tables of n inputs that no neuron computes, whatever its weights,
    because of four rows.

    If two rows :math:`\mathbf{x}, \mathbf{x}'` give 1, two rows :math:`\mathbf{u},
    \mathbf{u}'` give 0, and :math:`\mathbf{x} + \mathbf{x}' = \mathbf{u} +
    \mathbf{u}'`, then :math:`2\theta \le \mathbf{w}^\top(\mathbf{x} + \mathbf{x}')
    = \mathbf{w}^\top(\mathbf{u} + \mathbf{u}') < 2\theta`.

    The result is a bool array over all tables, as in `computable`. Source: Muroga,
    "Threshold Logic and Its Applications" (1971): a table without such rows is a
    threshold function as long as n ≤ 8.

    >>> np.flatnonzero(refuted(2))  # outputs 0110 and 1001: XOR and its opposite
    array([6, 9])
    """
    tables = np.arange(2 ** len(_rows(n)))
    found = np.zeros(len(tables), dtype=bool)
    for ones, zeros in _equal_sums(n):
        fires, rests = (sum(1 << row for row in set(pair)) for pair in (ones, zeros))
        found |= ((tables & fires) == fires) & ((tables & rests) == 0)
    return found


def contradiction(table: list[int] | np.ndarray) -> tuple[Pair, Pair] | None:
    """Give two rows with output 1 and two with output 0 whose inputs have the same
    sum, or None if there are none.

    ``table`` holds the 2ⁿ outputs for the rows of `inputs`, n ≤ 4; the result holds
    numbers of rows.

    >>> contradiction([0, 1, 1, 0])  # 01 + 10 = 00 + 11
    ((1, 2), (0, 3))
    """
    table = np.asarray(table)
    for ones, zeros in _equal_sums(table.size.bit_length() - 1):
        if table[list(ones)].all() and not table[list(zeros)].any():
            return ones, zeros
    return None


def _equal_sums(n: int) -> Iterator[tuple[Pair, Pair]]:
    """Give all ordered pairs of pairs of rows with equal sums."""
    rows = _rows(n)
    groups: dict[tuple[int, ...], list[Pair]] = {}
    for pair in combinations_with_replacement(range(len(rows)), 2):
        groups.setdefault(tuple((rows[pair[0]] + rows[pair[1]]).tolist()), []).append(pair)
    for pairs in groups.values():
        yield from permutations(pairs, 2)


def _rows(n: int) -> np.ndarray:
    if not 1 <= n <= 4:
        raise ValueError(f"n={n}; all 2^(2^n) truth tables can be listed for 1 to 4 inputs")
    return inputs(n)
