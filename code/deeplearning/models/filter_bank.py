"""Kernels that people designed: smoothing, edges, lines."""

import math
from collections.abc import Sequence

import numpy as np


def binomial(size: int) -> np.ndarray:
    """Return row ``size - 1`` of Pascal's triangle, (size,): repeated averaging of neighbours.

    >>> binomial(5)
    array([1., 4., 6., 4., 1.])
    """
    return np.array([math.comb(size - 1, k) for k in range(size)], dtype=float)


def sobel(size: int = 3) -> np.ndarray:
    r"""Return the Sobel kernels, (2, R, R): the slope to the right and downwards.

    :math:`\mathbf{s}\,\mathbf{d}^\top` and its transpose: binomial smoothing :math:`\mathbf{s}` along the edge, and
    across it a difference :math:`\mathbf{d}` of two smoothed neighbours. ``size`` R is odd and at least 3.

    >>> sobel()[0]
    array([[-1.,  0.,  1.],
           [-2.,  0.,  2.],
           [-1.,  0.,  1.]])
    """
    _check(size)
    slope = np.convolve(binomial(size - 2), [-1.0, 0.0, 1.0])
    kernel = np.outer(binomial(size), slope)
    return np.stack([kernel, kernel.T])


def laplacian(size: int = 3) -> np.ndarray:
    """Return the sum of the two second differences, each smoothed across itself, (R, R): spots, both sides of edges.

    >>> laplacian()
    array([[ 2.,  0.,  2.],
           [ 0., -8.,  0.],
           [ 2.,  0.,  2.]])
    """
    _check(size)
    bend = np.convolve(binomial(size - 2), [1.0, -2.0, 1.0])
    kernel = np.outer(binomial(size), bend)
    return kernel + kernel.T


def gaussian(size: int = 3) -> np.ndarray:
    """Return the two-dimensional binomial kernel, (R, R), which adds up to 1: it blurs.

    >>> gaussian() * 16
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    _check(size)
    return np.outer(binomial(size), binomial(size)) / 4.0 ** (size - 1)


def gabor(
    size: int, angle: float, wavelength: float, phase: float = 0.0, width: float = 0.5
) -> np.ndarray:
    r"""Return a Gabor kernel, (R, R): a wave under a bell, made free of its mean.

    :math:`g = e^{-r^2/2\sigma^2} \left(\cos(2\pi u/\lambda + \psi) - c\right)` with
    :math:`u = x\cos\theta + y\sin\theta`, x to the right and y downwards from the middle, :math:`r` the distance from
    there, :math:`\sigma` = ``width`` times the ``wavelength`` :math:`\lambda` in pixels, and :math:`c` such that the
    kernel adds up to 0. ``phase`` :math:`\psi = 0` answers to lines, :math:`\pm\pi/2` to edges across ``angle``
    :math:`\theta` in radians. Source: :cite:`daugman1985`.

    >>> gabor(3, angle=0.0, wavelength=4.0, phase=-np.pi / 2).round(2)
    array([[-0.78,  0.  ,  0.78],
           [-0.88,  0.  ,  0.88],
           [-0.78,  0.  ,  0.78]])
    """
    _check(size)
    if not wavelength > 0 or not width > 0:
        raise ValueError(
            f"gabor: wavelength={wavelength}, width={width}; give positive numbers of pixels and of wavelengths"
        )
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    bell = np.exp(-(x**2 + y**2) / (2 * (width * wavelength) ** 2))
    wave = np.cos(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / wavelength + phase)
    return bell * (wave - (bell * wave).sum() / bell.sum())


def filter_bank(
    size: int = 7,
    orientations: int = 6,
    wavelengths: Sequence[float] = (4.0,),
    phases: Sequence[float] = (-np.pi / 2, np.pi / 2),
) -> np.ndarray:
    """Return a bank of designed kernels, (K, 1, R, R) float32, each of length 1 as a vector.

    First Gauss, Laplace and the two Sobel kernels, then a Gabor kernel for each wavelength, phase and orientation, the
    last evenly over half a turn: K = 4 + ``len(wavelengths) * len(phases) * orientations``. ``size`` R is odd and at
    least 3; ``ValueError`` for other sizes, for wavelengths that are not positive, and for waves so short that they are
    0 at every pixel.

    >>> filter_bank(7).shape
    (16, 1, 7, 7)
    """
    kernels = [gaussian(size), laplacian(size), *sobel(size)]
    for wavelength in wavelengths:
        for phase in phases:
            for angle in np.pi * np.arange(orientations) / orientations:
                kernels.append(gabor(size, angle, wavelength, phase))
    bank = np.stack(kernels)[:, None]
    lengths = np.sqrt((bank**2).sum(axis=(2, 3), keepdims=True))
    if not lengths.min() > 1e-9:  # nothing would be left but rounding, made large
        raise ValueError(
            f"filter_bank: wavelengths={tuple(wavelengths)}, phases={tuple(phases)}; one of these waves is 0 at every "
            "pixel, give wavelengths above 2"
        )
    return (bank / lengths).astype(np.float32)


def _check(size: int) -> None:
    if size < 3 or size % 2 == 0:
        raise ValueError(
            f"a designed kernel of size {size} has no middle or no sides; give an odd size from 3"
        )
