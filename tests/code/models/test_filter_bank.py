"""Designed kernels against SciPy's filters and against images on which their answer is known."""

import numpy as np
import pytest
from scipy import ndimage

from comparison import assert_close
from deeplearning.models.filter_bank import filter_bank, gabor, gaussian, laplacian, sobel

SIZES = (3, 5, 7)


def ramp(size: int, power: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Images whose grey grows to the right, and downwards, as a power of the place."""
    y, x = np.mgrid[:size, :size].astype(float) - size // 2
    return x**power, y**power


def test_sobel_of_size_3_is_that_of_scipy() -> None:
    image = np.random.default_rng(0).normal(size=(9, 8))
    for kernel, axis in zip(sobel(), (1, 0), strict=True):
        assert_close(ndimage.correlate(image, kernel), ndimage.sobel(image, axis), length=9)


@pytest.mark.parametrize("size", SIZES)
def test_derivatives_of_polynomials(size: int) -> None:
    """A slope of 1 gives 2 for the difference times the two sums of binomials; squares likewise; constants give 0."""
    (x, y), (x2, y2) = ramp(size), ramp(size, 2)
    known = 2.0 ** (2 * size - 3)
    right, down = sobel(size)
    assert (right * x).sum() == (down * y).sum() == known
    assert (right * y).sum() == (down * x).sum() == right.sum() == 0
    bend = laplacian(size)
    assert (bend * x2).sum() == (bend * y2).sum() == known
    assert (bend * x).sum() == bend.sum() == 0


@pytest.mark.parametrize("size", SIZES)
def test_gauss_averages_and_has_the_variance_of_its_coin_tosses(size: int) -> None:
    kernel, (x2, _) = gaussian(size), ramp(size, 2)
    assert kernel.sum() == 1
    assert (kernel * x2).sum() == pytest.approx((size - 1) / 4)


def test_gabor_has_no_mean_and_the_symmetry_of_its_phase() -> None:
    lines, edges = (gabor(7, 0.7, 4.0, phase) for phase in (0.0, np.pi / 2))
    assert lines.sum() == pytest.approx(0, abs=1e-12)
    assert_close(lines[::-1, ::-1], lines, length=49)
    assert_close(edges[::-1, ::-1], -edges, length=49)
    assert_close(gabor(7, 0.7, 4.0, -np.pi / 2), -edges, length=49)


def test_gabor_prefers_the_wave_that_it_was_made_for() -> None:
    y, x = np.mgrid[:15, :15] - 7.0
    angles, lengths = np.pi * np.arange(6) / 6, (3.0, 5.0, 8.0)
    kernel = gabor(15, angles[2], 5.0)
    answers = [
        abs((kernel * np.cos(2 * np.pi * (x * np.cos(a) + y * np.sin(a)) / w)).sum())
        for a in angles
        for w in lengths
    ]
    assert np.argmax(answers) == 2 * len(lengths) + 1


@pytest.mark.parametrize("size", SIZES)
def test_a_bank_of_distinct_kernels_of_length_1(size: int) -> None:
    bank = filter_bank(size, 4, (3.0, 5.0), (0.0, np.pi / 2))
    assert bank.shape == (4 + 4 * 2 * 2, 1, size, size)
    assert bank.dtype == np.float32
    rows = bank.reshape(len(bank), -1).astype(float)
    alike = rows @ rows.T
    assert_close(np.diag(alike), np.ones(len(bank)), length=size**2, dtype=np.float32)
    assert alike[~np.eye(len(bank), dtype=bool)].max() < 0.999


@pytest.mark.parametrize("size", [1, 4])
def test_sizes_without_a_middle_are_refused(size: int) -> None:
    for make in (sobel, laplacian, gaussian, filter_bank):
        with pytest.raises(ValueError, match="give an odd size from 3"):
            make(size)


def test_a_wave_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"wavelength=0\.0.*give positive"):
        gabor(5, 0.0, 0.0)


@pytest.mark.parametrize(("wavelength", "phase"), [(1.0, 0.0), (2.0, np.pi / 2), (4.0, np.nan)])
def test_a_wave_that_is_zero_at_every_pixel_is_refused(wavelength: float, phase: float) -> None:
    with pytest.raises(
        ValueError, match="one of these waves is 0 at every pixel, give wavelengths"
    ):
        filter_bank(5, 1, (3.0, wavelength), (phase,))
