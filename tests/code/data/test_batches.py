import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplearning import data


def numbered(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Sample i holds the number i everywhere, so that a broken pairing shows."""
    return np.arange(n, dtype=np.float32)[:, None].repeat(3, axis=1), np.arange(n)


@given(n=st.integers(1, 50), batch_size=st.integers(1, 60), seed=st.none() | st.integers(0, 100))
def test_every_sample_comes_once_with_its_label(n: int, batch_size: int, seed: int | None) -> None:
    x, y = numbered(n)
    generator = None if seed is None else np.random.default_rng(seed)
    pairs = list(data.batches(x, y, batch_size, generator))
    assert [len(labels) for _, labels in pairs] == [
        min(batch_size, n - i) for i in range(0, n, batch_size)
    ]
    for samples, labels in pairs:
        assert samples.shape == (len(labels), 3)
        assert samples.dtype == np.float32
        np.testing.assert_array_equal(samples[:, 0], labels)
    seen = np.concatenate([labels for _, labels in pairs]).tolist()
    assert sorted(seen) == list(range(n))
    if seed is None:
        assert seen == list(range(n))


def order(generator: np.random.Generator) -> list[int]:
    return np.concatenate(
        [labels for _, labels in data.batches(*numbered(50), 8, generator)]
    ).tolist()


def test_the_order_follows_the_generator_and_changes_with_every_epoch() -> None:
    first, second = np.random.default_rng(1), np.random.default_rng(1)
    epochs = [order(first), order(first)]
    assert epochs == [order(second), order(second)]
    assert epochs[0] != epochs[1]
    assert list(range(50)) not in epochs


def test_the_order_is_drawn_at_the_call() -> None:
    generator, again = np.random.default_rng(2), np.random.default_rng(2)
    early, late = (data.batches(*numbered(50), 50, generator) for _ in range(2))
    (_, second), (_, first) = next(late), next(early)
    assert [first.tolist(), second.tolist()] == [order_of_all(again), order_of_all(again)]


def order_of_all(generator: np.random.Generator) -> list[int]:
    ((_, labels),) = data.batches(*numbered(50), 50, generator)
    return labels.tolist()


def test_views_in_order_and_copies_when_shuffled() -> None:
    x, y = numbered(10)
    assert all(np.shares_memory(samples, x) for samples, _ in data.batches(x, y, 4))
    for samples, labels in data.batches(x, y, 4, np.random.default_rng(0)):
        samples[:] = -1
        labels[:] = -1
    np.testing.assert_array_equal(y, np.arange(10))
    np.testing.assert_array_equal(x[:, 0], np.arange(10))


def test_errors_come_at_the_call_and_not_at_the_first_batch() -> None:
    x, y = numbered(5)
    with pytest.raises(ValueError, match="x has 5 samples and y has 4; they must be equally many"):
        data.batches(x, y[:4], 2)
    with pytest.raises(ValueError, match="no samples"):
        data.batches(x[:0], y[:0], 2)
    with pytest.raises(
        TypeError, match=r"generator is a int; give np\.random\.default_rng\(seed\)"
    ):
        data.batches(x, y, 2, 7)  # type: ignore[arg-type]


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, True, None, "4"])
def test_a_wrong_batch_size(batch_size: object) -> None:
    with pytest.raises(
        ValueError, match=r"batch_size is .*; it must be a whole number, at least 1"
    ):
        data.batches(*numbered(5), batch_size)  # type: ignore[arg-type]


def test_a_numpy_integer_is_a_batch_size() -> None:
    assert len(list(data.batches(*numbered(5), np.int64(2)))) == 3  # type: ignore[arg-type]
