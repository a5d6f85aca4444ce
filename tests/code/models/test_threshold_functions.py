"""Threshold functions against linear programming and the counts in the literature."""

import numpy as np
import pytest
from scipy.optimize import linprog

from deeplearning.models import GATES, computable, contradiction, inputs, refuted


def separable(table: np.ndarray, rows: np.ndarray) -> bool:
    """Whether w·x ≥ θ on the ones and w·x ≤ θ − 1 on the zeros has a solution: an independent oracle."""
    signs = np.where(table == 1, -1, 1)[:, None]
    left = signs * np.column_stack([rows, -np.ones(len(rows))])
    right = np.where(table == 1, 0, -1)
    return (
        linprog(np.zeros(rows.shape[1] + 1), A_ub=left, b_ub=right, bounds=(None, None)).status == 0
    )


# Numbers of threshold functions: Muroga (1971); OEIS A000609.
@pytest.mark.parametrize(("n", "count"), [(1, 4), (2, 14), (3, 104), (4, 1882)])
def test_counts(n: int, count: int) -> None:
    found, excluded = computable(n), refuted(n)
    assert found.sum() == count
    np.testing.assert_array_equal(found, ~excluded)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_table_against_linear_programming(n: int) -> None:
    rows, found = inputs(n), computable(n)
    for number in range(2 ** len(rows)):
        table = (number >> np.arange(len(rows))) & 1
        assert separable(table, rows) == found[number], table


def test_weights_too_small_find_fewer() -> None:
    assert computable(4, largest=1).sum() < 1882


def test_contradiction_is_one() -> None:
    rows = inputs(4)
    for number in np.random.default_rng(0).integers(0, 2**16, 200):
        table = (number >> np.arange(16)) & 1
        certificate = contradiction(table)
        assert (certificate is None) == computable(4)[number]
        if certificate is not None:
            ones, zeros = (list(pair) for pair in certificate)
            assert table[ones].all()
            assert not table[zeros].any()
            np.testing.assert_array_equal(rows[ones].sum(axis=0), rows[zeros].sum(axis=0))


def test_gates_have_no_contradiction() -> None:
    assert all(
        contradiction(GATES[name](inputs(2))) is None for name in ("AND", "OR", "NAND", "NOR")
    )


@pytest.mark.parametrize("n", [0, 5])
def test_too_many_inputs(n: int) -> None:
    with pytest.raises(ValueError, match=f"n={n}; .*1 to 4 inputs"):
        computable(n)
    with pytest.raises(ValueError, match=f"n={n}; .*1 to 4 inputs"):
        refuted(n)
