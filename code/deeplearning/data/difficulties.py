"""What makes vision hard, in grades: each difficulty as a distortion of images with a strength to turn up."""

from collections.abc import Callable

import numpy as np

from deeplearning.data.distort import RandomDistortion, smooth_fields

LEVELS = 6  # the undistorted images, and five strengths
SPECKLE = (
    1.5  # pixels: the standard deviation of the Gaussian that makes the texture of a background
)
BEND = 4.0  # pixels: that of the one which makes a field of displacements smooth


def viewpoint(images: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    r"""See every image from elsewhere: an affine map :math:`p' = M p` around its centre.

    M turns by up to ``strength`` degrees, stretches each axis by up to as many per cent and slants by up to as many
    hundredths of a column a row, each drawn evenly for each image; see :class:`RandomDistortion`. Images (N, H, W) of
    floats in [0, 1]; strength from 0, which changes nothing, to 90. Result of the same shape and dtype.
    ``ValueError`` for anything else.
    """
    _check("viewpoint", images, strength, 90)
    by = RandomDistortion(strength, strength / 100, strength / 100, shift=0.0)
    return by(images, rng) if strength else images.copy()


def shift(images: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Move every image by up to ``strength`` pixels along rows and along columns, each drawn evenly; 0 comes in.

    Images (N, H, W) of floats in [0, 1]; strength from 0 to 28. Result of the same shape and dtype. ``ValueError``
    for anything else.
    """
    _check("shift", images, strength, 28)
    by = RandomDistortion(0.0, 0.0, 0.0, shift=strength)
    return by(images, rng) if strength else images.copy()


def camouflage(images: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    r"""Put a texture behind what is shown: :math:`x' = x + (1 - x)\,c\,\tau(p)`, with c the ``strength``.

    :math:`\tau` is noise, blurred with a Gaussian of 1.5 pixels, between 0 and 1 and of its own for each image: blots
    of the size of a sleeve or a heel. Where the image is black the texture is seen, where it is white it is hidden.
    Images (N, H, W) of floats in [0, 1]; contrast c from 0 to 1. Result of the same shape and dtype. ``ValueError``
    for anything else.
    """
    _check("camouflage", images, strength, 1)
    count, height, width = images.shape
    noise = smooth_fields((count + 1) // 2, height, width, SPECKLE, rng)
    texture = np.clip(0.5 + noise.reshape(-1, height, width)[:count] / 3, 0, 1)
    return images + (1 - images) * (strength * texture).astype(images.dtype)


def lighting(images: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    r"""Change the light: :math:`x' = a\,x^\gamma + b\,r(p)` with :math:`a = 1 - s`, :math:`b = s`, s the ``strength``.

    a is the gain, :math:`\gamma` between :math:`4^{-s}` and :math:`4^s` makes middle tones lighter or darker, and r is
    a ramp from 0 to 1 across the image, as from a window at one side; :math:`\gamma` and the direction are drawn for
    each image. Images (N, H, W) of floats in [0, 1]; strength from 0 to 1, where nothing but the ramp is left. Result
    of the same shape and dtype. ``ValueError`` for anything else.
    """
    _check("lighting", images, strength, 1)
    count, height, width = images.shape
    gamma = 4 ** (strength * rng.uniform(-1, 1, (count, 1, 1)))
    angle = rng.uniform(-np.pi, np.pi, (count, 1, 1))
    down, right = np.sin(angle), np.cos(angle)
    rows, columns = np.linspace(-0.5, 0.5, height)[:, None], np.linspace(-0.5, 0.5, width)
    ramp = 0.5 + (down * rows + right * columns) / (np.abs(down) + np.abs(right))
    changed = (1 - strength) * images ** gamma.astype(images.dtype) + strength * ramp
    return np.clip(changed, 0, 1).astype(images.dtype)


def deformation(images: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    r"""Bend every image by a smooth field of displacements u: :math:`x'(p) = x(p + u(p))`.

    u has a root mean square of ``strength`` pixels and is noise blurred with a Gaussian of 4 pixels; the images share
    64 such fields. Images (N, H, W) of floats in [0, 1]; strength from 0 to 28. Result of the same shape and dtype.
    ``ValueError`` for anything else. Source: :cite:`simard2003`.
    """
    _check("deformation", images, strength, 28)
    by = RandomDistortion(0.0, 0.0, 0.0, shift=0.0, elastic=strength, sigma=BEND, fields=64)
    return by(images, rng) if strength else images.copy()


def occlusion(images: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    r"""Put something in front: :math:`x' = m \odot x + (1 - m)\,g`, with a mask m of 0 on a rectangle and 1 around it.

    The rectangle has the image's proportions and covers the share ``strength`` of it, rounded to whole pixels; its
    place, and its even grey g, are drawn for each image. Images (N, H, W) of floats in [0, 1]; share from 0 to 1.
    Result of the same shape and dtype. ``ValueError`` for anything else.
    """
    _check("occlusion", images, strength, 1)
    count, height, width = images.shape
    place, grey = rng.random((2, count)), rng.random((count, 1, 1)).astype(images.dtype)
    covered = []
    for share, size in zip(place, (height, width), strict=True):
        side = round(size * strength**0.5)
        first = np.floor(share * (size - side + 1))[:, None]
        pixels = np.arange(size)
        covered.append((pixels >= first) & (pixels < first + side))  # (N, size)
    hidden = covered[0][:, :, None] & covered[1][:, None, :]
    return np.where(hidden, grey, images)


Difficulty = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
DIFFICULTIES: dict[str, tuple[Difficulty, tuple[float, ...]]] = {
    "viewpoint": (viewpoint, (0, 10, 20, 30, 45, 60)),  # degrees, per cent, hundredths
    "shift": (shift, (0, 1, 2, 3, 4, 6)),  # pixels
    "camouflage": (camouflage, (0, 0.15, 0.3, 0.5, 0.75, 1)),  # contrast
    "lighting": (lighting, (0, 0.1, 0.2, 0.35, 0.5, 0.65)),  # share of stray light
    "deformation": (deformation, (0, 0.5, 1, 1.5, 2, 3)),  # pixels, root mean square
    "occlusion": (occlusion, (0, 0.05, 0.1, 0.2, 0.3, 0.4)),  # share of the image
}


def distorted(images: np.ndarray, difficulty: str, level: int, seed: int) -> np.ndarray:
    """Distort images by one of :data:`DIFFICULTIES` at a level from 0 (nothing) to 5.

    The same seed draws the same directions, places and fields at every level; only their size grows. Images (N, H, W)
    of floats in [0, 1]; the result has the same shape and dtype. ``ValueError`` for an unknown difficulty or level.

    >>> white = np.ones((1, 28, 28), np.float32)
    >>> [int((distorted(white, "occlusion", level, seed=0) < 1).sum()) for level in range(LEVELS)]
    [0, 36, 81, 169, 225, 324]
    """
    if difficulty not in DIFFICULTIES:
        raise ValueError(
            f"distorted: difficulty={difficulty!r}; give one of {', '.join(DIFFICULTIES)}"
        )
    if level not in range(LEVELS):
        raise ValueError(f"distorted: level={level!r}; give a whole number from 0 to {LEVELS - 1}")
    change, strengths = DIFFICULTIES[difficulty]
    return change(images, strengths[level], np.random.default_rng(seed))


def inverted(images: np.ndarray) -> np.ndarray:
    """Exchange light and dark, :math:`x' = 1 - x`: the gain is -1, as in a photographic negative.

    >>> inverted(np.zeros((1, 1, 2), np.float32)).tolist()
    [[[1.0, 1.0]]]
    """
    _check("inverted", images, 0, 0)
    return 1 - images


def fifths(images: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    r"""Say of every image how far it lies from its class: 0 for the nearest fifth of the class, … 4 for the farthest.

    The distance is :math:`\lVert x_n - \mu_{y_n} \rVert`, over all pixels, to the centre of its own class. Images
    (N, …), labels (N,) of whole numbers, centres (classes, …); the result, (N,), has every class in each fifth as
    evenly as its size allows. ``ValueError`` for shapes that do not fit and labels without a centre.

    >>> fifths(np.array([[3.0], [0.0], [1.0], [4.0], [2.0]]), np.zeros(5, int), np.zeros((1, 1))).tolist()
    [3, 0, 1, 4, 2]
    """
    if images.shape[1:] != centres.shape[1:] or labels.shape != images.shape[:1]:
        raise ValueError(
            f"fifths: images {images.shape}, labels {labels.shape}, centres {centres.shape}; give (N, …), (N,) and "
            "(classes, …)"
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(centres):
        raise ValueError(
            f"fifths: labels from {labels.min()} to {labels.max()} for {len(centres)} centres; give one a class"
        )
    gaps = (images - centres[labels]).reshape(len(images), -1)
    distances = np.sqrt((gaps**2).sum(axis=1))
    result = np.zeros(len(images), np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        order = members[np.argsort(distances[members], kind="stable")]
        result[order] = np.arange(len(order)) * 5 // len(order)
    return result


def _check(name: str, images: np.ndarray, strength: float, most: float) -> None:
    if images.ndim != 3 or images.dtype.kind != "f":
        raise ValueError(
            f"{name}: images of shape {images.shape} and {images.dtype}; give (N, H, W) of floats"
        )
    if images.size and not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(
            f"{name}: values from {images.min():.3g} to {images.max():.3g}; give grey levels from 0 to 1"
        )
    if not 0 <= strength <= most:
        raise ValueError(f"{name}: strength={strength!r}; give a number from 0 to {most}")
