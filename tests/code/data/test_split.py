import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from deeplearning.data import Split


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def labels(n: int) -> np.ndarray:
    return np.zeros(n, np.int64)


@given(st.integers(0, 4), st.integers(0, 4), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))
def test_flat_keeps_the_numbers_in_order_and_shares_memory(
    n: int, m: int, sample: tuple[int, ...]
) -> None:
    train = np.arange(n * int(np.prod(sample)), dtype=np.float32).reshape(n, *sample)
    flat = Split(train, labels(n), zeros(m, *sample), labels(m), ("a",)).flat()
    assert flat.train_x.shape == (n, int(np.prod(sample)))
    assert flat.test_x.shape == (m, int(np.prod(sample)))
    assert flat.train_x.ravel().tolist() == train.ravel().tolist()
    assert train.size == 0 or np.shares_memory(flat.train_x, train)
    assert flat.classes == ("a",)


def test_is_frozen() -> None:
    split = Split(zeros(1, 2), labels(1), zeros(1, 2), labels(1), ("a",))
    with pytest.raises(dataclasses.FrozenInstanceError):
        split.train_x = zeros(3, 2)  # type: ignore[misc]


def test_repr_is_one_line() -> None:
    assert repr(Split(zeros(1000, 4), labels(1000), zeros(2, 4), labels(2), ("a", "b"))) == (
        "Split(train: 1,000 samples of 4, test: 2, classes: a, b)"
    )
    assert "samples of one number" in repr(Split(zeros(3), labels(3), zeros(2), labels(2), ("a",)))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((3, 2, 1, 1), "train_x has 3 samples and train_y has 2"),
        ((3, 3, 1, 2), "test_x has 1 samples and test_y has 2"),
    ],
    ids=["train", "test"],
)
def test_every_sample_needs_a_label(sizes: tuple[int, int, int, int], message: str) -> None:
    a, b, c, d = sizes
    with pytest.raises(ValueError, match=message):
        Split(zeros(a, 2), labels(b), zeros(c, 2), labels(d), ("a",))


def test_training_and_test_samples_have_one_shape() -> None:
    with pytest.raises(ValueError, match=r"\(4,\) and a test sample \(2, 2\)"):
        Split(zeros(3, 4), labels(3), zeros(3, 2, 2), labels(3), ("a",))
