import numpy as np
import pytest

from deeplearning import data


def test_shapes_types_and_range() -> None:
    split = data.digits()
    assert split.train_x.shape == (1437, 8, 8)
    assert split.test_x.shape == (360, 8, 8)
    assert split.train_x.dtype == split.test_x.dtype == np.float32
    assert split.train_y.dtype == split.test_y.dtype == np.int64
    assert split.train_x.min() == 0
    assert split.train_x.max() == 1
    data.check(split.train_x, split.train_y, split.classes)
    data.check(split.test_x, split.test_y, split.classes)
    assert split.classes == tuple("0123456789")


def test_every_sample_is_in_exactly_one_part() -> None:
    from sklearn.datasets import load_digits

    split = data.digits(flat=True, seed=3)
    rows = np.concatenate([split.train_x * 16, split.test_x * 16])
    labels = np.concatenate([split.train_y, split.test_y])
    source = load_digits()

    def table(x: np.ndarray, y: np.ndarray) -> list:
        return sorted(map(tuple, np.column_stack([x, y]).astype(int).tolist()))

    assert table(rows, labels) == table(source.data, source.target)


def test_the_split_is_stratified_and_follows_its_seed() -> None:
    split, again, other = data.digits(), data.digits(), data.digits(seed=1)
    everywhere = np.bincount(np.concatenate([split.train_y, split.test_y]))
    np.testing.assert_allclose(np.bincount(split.test_y), everywhere * 360 / 1797, atol=1)
    np.testing.assert_array_equal(split.train_x, again.train_x)
    assert not np.array_equal(split.test_y, other.test_y)


def test_flat_is_the_same_image_in_a_row() -> None:
    np.testing.assert_array_equal(
        data.digits(flat=True).test_x, data.digits().test_x.reshape(360, 64)
    )


def test_arrays_are_the_callers_own() -> None:
    first = data.digits()
    first.train_x[:] = -1
    first.train_y[:] = -1
    assert data.digits().train_x.min() == 0
    assert data.digits().train_y.min() == 0


@pytest.mark.parametrize("test_size", [0, 9, 1788, 2000, -5])
def test_a_part_without_all_classes_is_refused(test_size: int) -> None:
    with pytest.raises(
        ValueError, match=rf"test_size is {test_size}; of 1,797 samples, 10 … 1,787"
    ):
        data.digits(test_size=test_size)


@pytest.mark.parametrize("test_size", [10, 1787])
def test_the_extreme_sizes_work(test_size: int) -> None:
    split = data.digits(test_size=test_size)
    assert len(split.test_y) == test_size
    assert set(split.train_y) == set(split.test_y) == set(range(10))
