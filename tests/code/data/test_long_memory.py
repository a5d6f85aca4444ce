"""The problems of long memory: their answers recomputed in plain loops, and their chances against exact variances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.data.long_memory import adding, copying, restarts

MAKERS = [
    lambda n, seed: adding(n, 9, seed),
    lambda n, seed: restarts(n, 9, seed),
    lambda n, seed: copying(n, 9, seed=seed),
]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(2, 30), st.integers(0, 2**31))
def test_adding_marks_one_value_of_each_half_and_asks_for_their_sum(
    n: int, length: int, seed: int
) -> None:
    x, y = adding(n, length, seed)
    assert (x.shape, y.shape, x.dtype, y.dtype) == ((n, length, 2), (n, 1), np.float32, np.float32)
    for sequence, target in zip(x, y, strict=True):
        marked = np.flatnonzero(sequence[:, 1])
        first, second = marked.tolist()
        assert first < length // 2 <= second
        assert sequence[marked, 1].tolist() == [1, 1]
        assert target[0] == np.float32(sequence[first, 0] + sequence[second, 0])
    assert x[:, :, 0].min() >= 0
    assert x[:, :, 0].max() < 1


def test_every_step_of_a_half_is_marked_equally_often() -> None:
    x, y = adding(40_000, 8, seed=1)
    counts = x[:, :, 1].sum(axis=0)
    # 10,000 expected with a standard deviation of √(40,000 · ¼ · ¾) ≈ 87.
    np.testing.assert_allclose(counts, 10_000, atol=5 * 87)
    # The error of the answer 1 is the variance 2/12; its own standard error is √(Var (y − 1)²/N).
    error = ((y - 1) ** 2).mean()
    assert error == pytest.approx(1 / 6, abs=5 * np.sqrt(7 / 180 / 40_000))


def test_restarts_count_from_the_last_one() -> None:
    x, y = restarts(20, 40, seed=3, mark=0.4, restart=0.1)
    assert (x.shape, y.shape, x.dtype, y.dtype) == ((20, 40, 3), (20, 40), np.float32, np.float32)
    assert set(np.unique(x[:, :, 1:])) == {0, 1}
    for sequence, targets in zip(x.astype(float), y, strict=True):
        for t in range(40):
            begins = np.flatnonzero(sequence[: t + 1, 2])
            since = sequence[begins[-1] if len(begins) else 0 : t + 1]
            assert targets[t] == pytest.approx((since[:, 0] * since[:, 1]).sum(), abs=1e-5)


def test_restarts_have_the_given_chances() -> None:
    x, _ = restarts(500, 200, seed=5, mark=0.2, restart=0.05)
    for channel, p in ((1, 0.2), (2, 0.05)):
        assert x[:, :, channel].mean() == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / 100_000))
    assert not restarts(3, 50, mark=0.0)[1].any()


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 5), delay=st.integers(1, 9), symbols=st.integers(1, 4), kinds=st.integers(2, 5)
)
def test_copying(n: int, delay: int, symbols: int, kinds: int) -> None:
    x, y = copying(n, delay, symbols, kinds, seed=delay)
    assert (x.dtype, y.dtype, y.shape) == (np.float32, np.int64, (n, symbols))
    assert x.shape == (n, 2 * symbols + delay, kinds + 2)
    assert (x.sum(axis=2) == 1).all()
    blank, cue = kinds, kinds + 1
    for codes, answer in zip(x.argmax(axis=2).tolist(), y.tolist(), strict=True):
        assert codes == [*answer, *[blank] * (delay - 1), cue, *[blank] * symbols]
        assert set(answer) <= set(range(kinds))


def test_symbols_are_equally_likely() -> None:
    _, y = copying(5_000, 1, symbols=4, kinds=4, seed=2)
    expected = 5_000 * 4 / 4
    np.testing.assert_allclose(np.bincount(y.ravel()), expected, atol=5 * np.sqrt(expected * 0.75))


@pytest.mark.parametrize("make", MAKERS)
def test_the_seed_decides(make: object) -> None:
    first, again, other = (make(4, seed) for seed in (7, 7, 8))  # type: ignore[operator]
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: adding(0, 10), "adding: n=0; give a whole number, at least 1"),
        (lambda: adding(3, 1), "adding: length=1; give a whole number, at least 2"),
        (lambda: restarts(3, True), "restarts: length=True; give a whole number, at least 1"),
        (lambda: restarts(3, 5, mark=1.5), "restarts: mark=1.5; give a probability between 0 and"),
        (lambda: restarts(3, 5, restart=-1), "restarts: restart=-1; give a probability"),
        (lambda: copying(3, 0), "copying: delay=0; give a whole number, at least 1"),
        (lambda: copying(3, 5, kinds=1), "copying: kinds=1; give a whole number, at least 2"),
        (lambda: copying(3, 5, symbols=2.5), "copying: symbols=2.5; give a whole number"),  # type: ignore[arg-type]
    ],
)
def test_refused(call: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()  # type: ignore[operator]
