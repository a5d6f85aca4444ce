import inspect
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplearning import data

TABLES = {
    "AND": [0, 0, 0, 1],
    "OR": [0, 1, 1, 1],
    "XOR": [0, 1, 1, 0],
    "NAND": [1, 1, 1, 0],
    "NOR": [1, 0, 0, 0],
}
CLOUDS = [data.moons, data.blobs, data.spirals]


@pytest.mark.parametrize("name", TABLES)
def test_gates(name: str) -> None:
    x, y = data.gate(name)
    assert x.dtype == np.float32
    assert y.dtype == np.int64
    assert x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == TABLES[name]
    data.check(x, y, classes=2)


def test_not_has_one_input() -> None:
    x, y = data.gate("NOT")
    assert (x.dtype, y.dtype) == (np.float32, np.int64)
    assert (x.tolist(), y.tolist()) == ([[0], [1]], [1, 0])


def test_an_unknown_gate() -> None:
    with pytest.raises(
        ValueError, match=r"no gate 'MAJORITY'; the gates are AND, OR, XOR, NAND, NOR, NOT\.$"
    ):
        data.gate("MAJORITY")
    with pytest.raises(ValueError, match=r"no gate 'xor'; .* Did you mean 'XOR'\?"):
        data.gate("xor")


@pytest.mark.parametrize("make", CLOUDS)
@given(n=st.integers(3, 60), seed=st.integers(0, 2**32 - 1))
def test_clouds_have_shape_type_and_balanced_classes(make: Callable, n: int, seed: int) -> None:
    x, y = make(n, seed=seed)
    classes = 2 if make is data.moons else 3
    assert x.shape == (n, 2)
    assert (x.dtype, y.dtype) == (np.float32, np.int64)
    data.check(x, y, classes)
    counts = np.bincount(y, minlength=classes)
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("make", CLOUDS)
def test_clouds_follow_their_seed_and_come_in_random_order(make: Callable) -> None:
    (x, y), (x2, y2), (x3, y3) = make(100, seed=5), make(100, seed=5), make(100, seed=6)
    np.testing.assert_array_equal(x, x2)
    np.testing.assert_array_equal(y, y2)
    assert not np.array_equal(x, x3)
    assert not np.array_equal(
        y, y3
    )  # in any fixed order, even an alternating one, they would be equal
    assert (np.diff(y) < 0).any()
    assert len(set(y[:30])) > 1


@pytest.mark.parametrize("make", CLOUDS)
@pytest.mark.parametrize("n", [0, -1, 1, 2.5, True, None, "10"])
def test_a_wrong_number_of_points(make: Callable, n: object) -> None:
    with pytest.raises(ValueError, match=r"n is .*; give a whole number of points, at least [23]"):
        make(n)


@pytest.mark.parametrize("make", CLOUDS)
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_a_wrong_spread(make: Callable, value: float) -> None:
    name = "spread" if "spread" in inspect.signature(make).parameters else "noise"
    with pytest.raises(
        ValueError, match=rf"{name} is {value}; it must be a finite number, zero or more"
    ):
        make(30, **{name: value})


def test_moons_without_noise_are_half_circles() -> None:
    x, y = data.moons(101, noise=0.0)
    upper, lower = x[y == 0], x[y == 1]
    np.testing.assert_allclose(np.hypot(upper[:, 0], upper[:, 1]), 1, atol=1e-6)
    np.testing.assert_allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1, atol=1e-6)
    assert upper[:, 1].min() > -1e-6
    assert lower[:, 1].max() < 0.5 + 1e-6


def test_the_noise_of_moons_is_a_standard_deviation() -> None:
    (x, _), (clean, _) = data.moons(4000, noise=0.2, seed=1), data.moons(4000, noise=0.0, seed=1)
    # Shuffling draws first, so that the same seed puts the same points in the same order.
    assert (x - clean).std() == pytest.approx(0.2, rel=0.05)


def test_blobs_lie_around_their_centres() -> None:
    centres = np.array([[0.0, 0, 0], [9, 0, 1], [-9, 5, 2], [0, 40, 3]])
    x, y = data.blobs(4000, centers=centres, spread=0.5)
    for k, centre in enumerate(centres):
        np.testing.assert_allclose(x[y == k].mean(axis=0), centre, atol=0.1)
        np.testing.assert_allclose(x[y == k].std(axis=0), 0.5, rtol=0.1)


def test_blobs_without_spread_are_their_centres() -> None:
    x, y = data.blobs(7, centers=5, spread=0.0)
    assert len(np.unique(x, axis=0)) == 5
    assert np.abs(x).max() <= 10
    for k in range(5):
        assert len(np.unique(x[y == k], axis=0)) == 1


@pytest.mark.parametrize(
    "centers", [[], [1.0, 2.0], [[1, 2], [3]], [[0, np.nan]], "three", [["a", "b"]], None]
)
def test_wrong_centres(centers: object) -> None:
    with pytest.raises(
        ValueError, match=r"centers is .*give the number of clouds, or a table of finite numbers"
    ):
        data.blobs(30, centers=centers)  # type: ignore[arg-type]


def test_too_few_clouds_arms_or_points() -> None:
    with pytest.raises(ValueError, match="centers is 0; there must be at least one cloud"):
        data.blobs(30, centers=0)
    with pytest.raises(ValueError, match="classes is 0; there must be at least one arm"):
        data.spirals(30, classes=0)
    with pytest.raises(ValueError, match="at least 4: one for each class"):
        data.blobs(3, centers=4)
    with pytest.raises(ValueError, match="at least 5: one for each class"):
        data.spirals(4, classes=5)


@given(classes=st.integers(1, 6), turns=st.floats(0, 3), seed=st.integers(0, 1000))
def test_spirals_without_noise_are_on_their_arms(classes: int, turns: float, seed: int) -> None:
    x, y = data.spirals(60, classes=classes, noise=0.0, seed=seed, turns=turns)
    radius = np.hypot(x[:, 0].astype(float), x[:, 1])
    assert radius.max() <= 1 + 1e-6
    angle = 2 * np.pi * (y / classes + turns * radius)
    expected = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    np.testing.assert_allclose(x, expected, atol=1e-5)


def test_the_noise_of_spirals_is_a_standard_deviation() -> None:
    (x, _), (clean, _) = (
        data.spirals(4000, noise=0.3, seed=1),
        data.spirals(4000, noise=0.0, seed=1),
    )
    assert (x - clean).std() == pytest.approx(0.3, rel=0.05)


def test_wrong_turns() -> None:
    with pytest.raises(ValueError, match="turns is -1"):
        data.spirals(30, turns=-1)
