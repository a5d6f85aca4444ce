"""Distortions: SciPy interpolates alike, each setting does what it says, and only the generator decides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import center_of_mass, map_coordinates

from deeplearning.data.distort import RandomDistortion, affine_coordinates, smooth_fields, warp

STILL = {"degrees": 0.0, "scale": 0.0, "shear": 0.0, "shift": 0.0}


@given(h=st.integers(1, 6), w=st.integers(1, 6), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_warp_interpolates_as_scipy(h: int, w: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    images = rng.random((2, h, w))
    rows, columns = rng.uniform(-3, h + 2, (2, 3, 4)), rng.uniform(-3, w + 2, (2, 3, 4))
    for image, r, c, got in zip(images, rows, columns, warp(images, rows, columns), strict=True):
        expected = map_coordinates(image, [r, c], order=1, mode="grid-constant")
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_whole_coordinates_copy() -> None:
    image = np.random.default_rng(0).random((1, 5, 4)).astype(np.float32)
    rows, columns = np.meshgrid(np.arange(5.0), np.arange(4.0), indexing="ij")
    np.testing.assert_array_equal(warp(image, rows[None], columns[None]), image)


def test_without_settings_nothing_happens() -> None:
    images = np.random.default_rng(0).random((3, 1, 9, 8)).astype(np.float32)
    result = RandomDistortion(**STILL)(images, np.random.default_rng(1))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, images, atol=1e-6)


def test_a_run_repeats_and_leaves_its_input() -> None:
    images = np.random.default_rng(0).random((4, 12, 12)).astype(np.float32)
    before = images.copy()
    distort = RandomDistortion(elastic=1.0)
    first, again = (distort(images, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(images, before)
    assert not np.allclose(first, distort(images, np.random.default_rng(8)))


def blob() -> np.ndarray:
    """A slanted stroke in the middle of 41 × 41."""
    y, x = np.mgrid[-20:21, -20:21]
    return np.exp(-(((y - 2 * x) / 12) ** 2) - ((x + 2 * y) / 30) ** 2)[None]


def axes(image: np.ndarray) -> tuple[float, np.ndarray]:
    """Direction of the longest axis in degrees, and the spread along both axes."""
    y, x = np.mgrid[-20:21, -20:21]
    mass = image / image.sum()
    moments = [
        [(mass * y * y).sum(), (mass * y * x).sum()],
        [(mass * y * x).sum(), (mass * x * x).sum()],
    ]
    values, vectors = np.linalg.eigh(np.array(moments))
    return float(np.degrees(np.arctan2(*vectors[:, 1])) % 180), np.sqrt(values)


def test_turns_by_at_most_its_degrees() -> None:
    images = np.repeat(blob(), 300, axis=0)
    turned = RandomDistortion(**(STILL | {"degrees": 20.0}))(images, np.random.default_rng(0))
    start = axes(images[0])[0]
    angles = np.array([(axes(image)[0] - start + 90) % 180 - 90 for image in turned])
    assert 18 < np.abs(angles).max() < 20.5
    assert angles.min() < -15
    assert angles.max() > 15


def test_moves_by_at_most_its_shift() -> None:
    images = np.repeat(blob(), 300, axis=0)
    moved = RandomDistortion(**(STILL | {"shift": 3.0}))(images, np.random.default_rng(0))
    places = np.array([center_of_mass(image) for image in moved]) - 20
    assert 2.8 < np.abs(places).max() < 3.05


def test_stretches_by_at_most_its_scale() -> None:
    y, x = np.mgrid[-20:21, -20:21]
    disc = np.exp(-(x**2 + y**2) / 50)[None]
    images = np.repeat(disc, 300, axis=0)
    result = RandomDistortion(**(STILL | {"scale": 0.2}))(images, np.random.default_rng(0))
    ratios = np.array([axes(image)[1] / axes(images[0])[1] for image in result])
    assert 0.8 < ratios.min() < 0.86
    assert 1.18 < ratios.max() < 1.26


def test_slants_columns_by_rows() -> None:
    """Rows are read where they were, up to the shear's share of them further right or left."""
    by = RandomDistortion(**(STILL | {"shear": 0.5}))
    rows, columns = affine_coordinates(by, 200, 11, 11, np.random.default_rng(0))
    np.testing.assert_allclose(
        rows, np.broadcast_to(np.arange(11.0)[:, None], rows.shape), atol=1e-5
    )
    slopes = columns[:, 10, 0] - columns[:, 0, 0]
    assert 4.7 < np.abs(slopes).max() <= 5


def test_fields_are_smooth_and_of_size_one() -> None:
    fields = smooth_fields(3, 40, 40, 4.0, np.random.default_rng(0))
    assert fields.shape == (2, 3, 40, 40)
    np.testing.assert_allclose(np.sqrt((fields**2).mean(axis=(2, 3))), 1, rtol=1e-5)
    assert np.abs(np.diff(fields, axis=3)).mean() < 0.3
    images = np.repeat(blob().astype(np.float32), 2, axis=0)
    bent = RandomDistortion(**STILL, elastic=1.5)(images, np.random.default_rng(0))
    assert np.abs(bent - images).max() > 0.1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"degrees": -1.0}, "degrees=-1.0; give a number >= 0"),
        ({"elastic": float("nan")}, "elastic=nan; give a number >= 0"),
        ({"shift": float("inf")}, "shift=inf; give a number >= 0"),
        ({"shear": "a"}, "shear='a'; give a number >= 0"),
        ({"scale": 1.0}, "scale=1.0; give a share below 1"),
        ({"fields": 0}, "fields=0; give a whole number >= 1"),
    ],
)
def test_settings_refused(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        RandomDistortion(**arguments)


@pytest.mark.parametrize(
    "bad", [np.zeros((3, 784), "f"), np.zeros((3, 28, 28), int), np.zeros((3, 0, 28), "f")]
)
def test_inputs_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"give images \(N, H, W\) of floats"):
        RandomDistortion()(bad, np.random.default_rng(0))


def test_places_refused() -> None:
    with pytest.raises(ValueError, match=r"give \(N, h, w\) for both"):
        warp(np.zeros((2, 3, 3)), np.zeros((1, 3, 3)), np.zeros((1, 3, 3)))
