"""The fully convolutional LeNet-5: one window is the dense network, a row is its windows, and a row is read best."""

import math
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import engines
from deeplearning.models.lenet import lenet5
from deeplearning.models.lenet_row import (
    as_convolutions,
    as_matrices,
    edit_distance,
    read_columns,
    row_lenet5,
    with_margin,
)

BOTH = [engines.get(name) for name in ("numpy", "torch")]


@pytest.mark.parametrize("engine", BOTH, ids=lambda e: e.name)
def test_both_forms_are_one_network(engine: engines.Engine) -> None:
    x = np.random.default_rng(0).random((3, 28, 28)).astype(np.float32)
    dense, row = lenet5("relu", "max", 11, nn=engine.nn), row_lenet5(nn=engine.nn)
    engine.load(row, as_convolutions(engine.state(dense)))
    scores = engine.to_numpy(row(engine.tensor(with_margin(x))))
    assert scores.shape == (3, 11, 1, 1)
    assert_close(scores[:, :, 0, 0], engine.to_numpy(dense(engine.tensor(x[:, None]))), length=400)
    back = as_matrices(engine.state(row))
    assert all(np.array_equal(back[name], value) for name, value in engine.state(dense).items())


@pytest.mark.parametrize("engine", BOTH, ids=lambda e: e.name)
def test_a_row_is_its_windows(engine: engines.Engine) -> None:
    engine.manual_seed(0)
    picture = with_margin(np.random.default_rng(1).random((1, 28, 50)).astype(np.float32))
    network = row_lenet5(nn=engine.nn)
    together = engine.to_numpy(network(engine.tensor(picture)))[0, :, 0]
    starts = range(0, picture.shape[3] - 31, 4)
    assert together.shape == (11, len(starts))
    windows = np.concatenate([picture[..., start : start + 32] for start in starts])
    apart = engine.to_numpy(network(engine.tensor(windows)))[:, :, 0, 0]
    assert_close(together.T, apart, length=400)


@given(seed=st.integers(0, 10_000), columns=st.integers(1, 7), apart=st.integers(2, 4))
@settings(max_examples=30, deadline=None)
def test_no_reading_is_better(seed: int, columns: int, apart: int) -> None:
    """Against all choices of columns and digits (three digits compete, the others are hopeless)."""
    scores = np.full((columns, 11), -50.0)
    scores[:, [1, 4, 7, 10]] = np.random.default_rng(seed).normal(0, 3, (columns, 4))

    def worth(chosen: tuple[int, ...], digits: tuple[int, ...]) -> float:
        ahead = scores - scores[:, 10:]
        total = sum(ahead[t, d] for t, d in zip(chosen, digits, strict=True))
        beside = [
            max(0.0, ahead[u, d])
            for t, d in zip(chosen, digits, strict=True)
            for u in (t - 1, t + 1)
            if 0 <= u < columns
        ]
        return total + sum(beside)

    best = 0.0
    for count in range(1, columns + 1):
        for chosen in combinations(range(columns), count):
            if any(b - a < apart for a, b in pairwise(chosen)):
                continue
            best = max(best, *(worth(chosen, d) for d in product((1, 4, 7), repeat=count)))
    read, places = read_columns(scores, apart)
    assert all(b - a >= apart for a, b in pairwise(places))
    assert worth(tuple(places), tuple(read)) == pytest.approx(best)


@pytest.mark.parametrize(
    ("read", "true", "errors"),
    [
        ([], [], 0),
        ([1, 2, 3], [1, 2, 3], 0),
        ([1, 3], [1, 2, 3], 1),
        ([], [5, 5], 2),
        ([7, 1, 2], [1, 2, 3], 2),
    ],
)
def test_edit_distance(read: list[int], true: list[int], errors: int) -> None:
    assert edit_distance(read, true) == edit_distance(true, read) == errors


def test_scores_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"scores of shape \(4, 10\); give \(columns, 11\)"):
        read_columns(np.zeros((4, 10)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: read_columns(np.zeros((4, 11)), apart=1), "apart=1; .* at least 2 apart"),
        (lambda: read_columns(np.full((4, 11), np.nan)), "44 of the scores are NaN"),
        (lambda: row_lenet5("gelu"), "row_lenet5: activation='gelu'; give one of tanh"),
        (lambda: row_lenet5(nn=math), "row_lenet5: math has no Conv2d"),
        (lambda: with_margin(np.zeros((28, 60))), r"pictures of shape \(28, 60\)"),
        (lambda: with_margin(np.zeros((1, 28, 60)), right=-1), "right=-1; give .* 0 or more"),
    ],
)
def test_refused(call, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=words):
        call()
