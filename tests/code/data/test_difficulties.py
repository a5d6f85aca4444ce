"""Difficulties: nothing at level 0, more at each level, the same for a seed, grey levels in and out."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage
from skimage.exposure import adjust_gamma

from deeplearning.data import difficulties
from deeplearning.data.difficulties import DIFFICULTIES, LEVELS, distorted, fifths, inverted


def shapes(count: int = 40) -> np.ndarray:
    """Soft discs of several sizes and greys, on black."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[-14:14, -14:14]
    radius, grey = rng.uniform(5, 10, (count, 1, 1)), rng.uniform(0.6, 1, (count, 1, 1))
    return (grey / (1 + np.exp(np.hypot(x + 0.5, 2 * y + 1) - radius))).astype(np.float32)


@pytest.mark.parametrize("name", DIFFICULTIES)
def test_nothing_at_level_0_and_more_at_each(name: str) -> None:
    images = shapes()
    before = images.copy()
    levels = [distorted(images, name, level, seed=3) for level in range(LEVELS)]
    np.testing.assert_array_equal(levels[0], images)
    np.testing.assert_array_equal(images, before)
    changes = [float(np.abs(changed - images).mean()) for changed in levels]
    assert (np.diff(changes) > 0).all()
    for changed in levels:
        assert changed.shape == images.shape
        assert changed.dtype == np.float32
        assert changed.min() >= 0
        assert changed.max() <= 1


@pytest.mark.parametrize("name", DIFFICULTIES)
def test_the_seed_decides(name: str) -> None:
    images = shapes(6)
    first, again, other = (distorted(images, name, 4, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_shift_is_that_of_scipy() -> None:
    images = shapes(5).astype(np.float64)
    rng = np.random.default_rng(0)
    rng.uniform(size=(4, 5))  # the turn, two stretches and the slant come before it
    move = rng.uniform(-3, 3, (2, 5))
    for image, way, got in zip(images, move.T, distorted(images, "shift", 3, 0), strict=True):
        expected = ndimage.shift(image, -way, order=1, mode="grid-constant")
        np.testing.assert_allclose(got, expected, atol=1e-5)


def test_camouflage_hides_behind_what_is_bright() -> None:
    images = np.zeros((400, 28, 28), np.float32)
    images[:, :, 14:] = 1
    changed = distorted(images, "camouflage", 5, seed=0)
    assert (changed[:, :, 14:] == 1).all()
    background = changed[:, :, :14]
    assert 0.45 < background.mean() < 0.55
    assert background.std() > 0.25
    neighbours = np.corrcoef(background[:, :, 3].ravel(), background[:, :, 4].ravel())[0, 1]
    assert neighbours > 0.8  # blots, not pixels


def test_lighting_is_gain_gamma_and_a_ramp() -> None:
    images = np.full((3, 28, 28), 0.5)
    changed = distorted(images, "lighting", 4, seed=7)
    for picture in changed:
        assert np.abs(np.diff(picture, 2, axis=0)).max() < 1e-9
        assert np.abs(np.diff(picture, 2, axis=1)).max() < 1e-9
        assert np.ptp(picture) == pytest.approx(0.5)
    exponent = 4 ** (0.5 * np.random.default_rng(7).uniform(-1, 1, 3))
    for picture, source, power in zip(changed, images, exponent, strict=True):
        expected = 0.5 * adjust_gamma(source, power).mean() + 0.5 * 0.5  # a ramp has a mean of ½
        assert picture.mean() == pytest.approx(expected)


def test_a_negative() -> None:
    images = shapes(2)
    np.testing.assert_allclose(inverted(images) + images, 1)


def test_occlusion_grows_around_itself() -> None:
    images = shapes(30)
    masks = [distorted(images, "occlusion", level, 0) != images for level in range(1, LEVELS)]
    for small, large in pairwise(masks):
        assert (large | ~small).all()  # what was hidden stays hidden
    for image, mask in zip(distorted(images, "occlusion", 3, 0), masks[2], strict=True):
        assert len(np.unique(image[mask])) == 1
        assert mask.sum() == 13 * 13


def test_fifths_rank_inside_each_class() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 50)
    centres = np.array([[0.0, 0.0], [5.0, 5.0]])
    images = centres[labels] + rng.normal(size=(100, 2)) * np.where(labels, 10, 1)[:, None]
    groups = fifths(images, labels, centres)
    for label in (0, 1):
        lengths = np.hypot(*(images - centres[label])[labels == label].T)
        assert np.bincount(groups[labels == label]).tolist() == [10] * 5
        edges = np.quantile(lengths, [0.2, 0.4, 0.6, 0.8])
        np.testing.assert_array_equal(groups[labels == label], np.searchsorted(edges, lengths))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: distorted(shapes(1), "fog", 1, 0), "difficulty='fog'; give one of viewpoint, "),
        (lambda: distorted(shapes(1), "shift", 6, 0), "level=6; give a whole number from 0 to 5"),
        (lambda: distorted(shapes(1)[0], "shift", 1, 0), r"give \(N, H, W\) of floats"),
        (lambda: distorted(255 * shapes(1), "shift", 1, 0), "give grey levels from 0 to 1"),
        (lambda: inverted(np.zeros((2, 3, 3), int)), "int64; give "),
        (
            lambda: difficulties.occlusion(shapes(1), 1.5, np.random.default_rng(0)),
            "occlusion: strength=1.5; give a number from 0 to 1",
        ),
        (lambda: fifths(np.zeros((2, 3)), np.zeros(3, int), np.zeros((1, 3))), "and \\(classes"),
        (
            lambda: fifths(np.zeros((2, 3)), np.array([0, 1]), np.zeros((1, 3))),
            "from 0 to 1 for 1 centres; give one a class",
        ),
    ],
)
def test_refused(change, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        change()
