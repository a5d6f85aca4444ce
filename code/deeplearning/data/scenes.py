"""Composed scenes: several garments on one canvas, with the class of every pixel and a box around every object.

No labelled set for detection or segmentation is small enough to lie beside this book, so these are put together from
single images. Their labels are exact because nobody drew them by hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.ndimage import binary_fill_holes, gaussian_filter

from deeplearning.data.distort import warp

THRESHOLD = 0.1  # an object's pixels are those brighter than this, and those that they enclose
GRAIN = 2.0  # pixels: the standard deviation of the Gaussian that makes the background's texture
TRIES = 40  # places that are tried for an object before the scene does without it


@dataclass(frozen=True, eq=False, repr=False)
class Scenes:
    """N scenes with up to K objects each; object *k* of scene *n* is the same one in every field, later ones in front.

    Args:
        images: (N, 1, H, W) float32 in [0, 1].
        masks: (N, H, W) uint8, at every pixel the class of the object seen there plus 1, or 0 for background.
        owners: (N, H, W) int8, at every pixel the number k of the object seen there, or −1.
        labels: (N, K) int64, the objects' classes, −1 where a scene has fewer.
        boxes: (N, K, 4) int64, x0, y0, x1, y1 of the visible pixels, which are the columns x0 … x1 − 1 and the rows
            y0 … y1 − 1; −1 where a scene has fewer objects.
        sources: (N, K) int64, which of the given images an object is, or −1.

    >>> everything = np.ones((1, 28, 28), np.float32)
    >>> scene = scenes(everything, np.array([3]), 1, seed=0, objects=(1, 1), scales=(1.0, 1.0))
    >>> x0, y0, x1, y1 = scene.boxes[0, 0]
    >>> int(x1 - x0), np.unique(scene.masks).tolist(), len(scene)
    (28, [0, 4], 1)
    """

    images: np.ndarray
    masks: np.ndarray
    owners: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    sources: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    @property
    def counts(self) -> np.ndarray:
        """The number of objects of each scene, (N,) int64."""
        return (self.labels >= 0).sum(axis=1)

    def take(self, chosen: Any) -> "Scenes":
        """Return the scenes that ``chosen`` picks: a slice, integers, or a Boolean (N,), such as of pairs to leave out.

        >>> images = np.ones((2, 28, 28), np.float32)
        >>> made = scenes(images, np.array([3, 7]), 5, seed=0)
        >>> with_a_seven = (made.labels == 7).any(axis=1)
        >>> bool(len(made.take(with_a_seven)) == with_a_seven.sum())
        True
        """
        return Scenes(*(getattr(self, field.name)[chosen] for field in fields(self)))


def scenes(
    images: np.ndarray,
    labels: np.ndarray,
    count: int,
    *,
    seed: int,
    size: tuple[int, int] = (64, 64),
    objects: tuple[int, int] = (1, 4),
    scales: tuple[float, float] = (0.75, 1.25),
    hidden: float = 0.3,
    background: float = 0.4,
) -> Scenes:
    r"""Compose ``count`` scenes of ``size`` (H, W) out of images (M, h, w) in [0, 1] with their classes (M,).

    A scene has ``objects[0]`` to ``objects[1]`` of them, each number equally likely, drawn evenly and scaled by a
    factor from ``scales`` (linear interpolation). An object *is* its pixels above 0.1 and those that they
    enclose; the rest of its image is not used. It covers what came before, and goes to a place, drawn evenly, where
    every object keeps at least the share 1 − ``hidden`` of its pixels in sight; one that finds none in 40 tries is left
    out, but never the first. Behind the objects lies a smooth texture between 0 and a brightness that is drawn for each
    scene, up to ``background``.

    Everything random comes from ``seed``. To keep objects apart, give training images for the scenes to learn from and
    test images for those to judge by. ``ValueError`` for images of another shape or dtype, numbers outside [0, 1],
    labels that do not fit, an image without a pixel above 0.2, one of which scaling leaves nothing, and settings out of
    range, such as a canvas that is smaller than the largest object.

    >>> clothes = np.random.default_rng(0).random((10, 28, 28), np.float32)
    >>> made = scenes(clothes, np.arange(10), 3, seed=1)
    >>> made.images.shape, made.masks.shape, made.boxes.shape
    ((3, 1, 64, 64), (3, 64, 64), (3, 4, 4))
    """
    labels = _checked(images, labels, count, seed, size, objects, scales, hidden, background)
    rng = np.random.default_rng(seed)
    height, width = size
    most = objects[1]
    made = Scenes(
        images=np.zeros((count, 1, height, width), np.float32),
        masks=np.zeros((count, height, width), np.uint8),
        owners=np.full((count, height, width), -1, np.int8),
        labels=np.full((count, most), -1, np.int64),
        boxes=np.full((count, most, 4), -1, np.int64),
        sources=np.full((count, most), -1, np.int64),
    )
    drawn = [
        rng.integers(0, len(images), wanted)
        for wanted in rng.integers(objects[0], objects[1] + 1, count)
    ]
    _check_pixels(images, np.unique(np.concatenate(drawn)))
    for number, chosen in enumerate(drawn):
        factors = rng.uniform(*scales, len(chosen))
        parts = [scaled(images[i], factor) for i, factor in zip(chosen, factors, strict=True)]
        texture = gaussian_filter(rng.random(size, np.float32), GRAIN, mode="reflect")
        texture -= texture.min()
        picture = texture * (rng.uniform(0, background) / max(float(texture.max()), 1e-9))
        owners = made.owners[number]
        placed = place(parts, picture, owners, hidden, rng)
        if not placed:
            raise ValueError(
                f"scenes: of the images {chosen.tolist()}, scaled by {factors.round(2).tolist()}, no pixel above "
                f"{THRESHOLD} is left; leave such images out, or give larger scales"
            )
        kept = chosen[placed]
        made.images[number, 0] = picture
        made.sources[number, : len(kept)] = kept
        made.labels[number, : len(kept)] = labels[kept]
        of_class = np.append(labels[kept] + 1, 0)  # the last one is for −1
        made.masks[number] = of_class[owners]
        for k in range(len(kept)):
            made.boxes[number, k] = box_of(owners == k)
    return made


def scaled(image: np.ndarray, factor: float) -> np.ndarray:
    """Return an image (h, w) with its sides multiplied by ``factor`` and rounded, interpolated linearly.

    >>> scaled(np.ones((28, 28), np.float32), 0.75).shape
    (21, 21)
    """
    new = [max(1, round(n * factor)) for n in image.shape]
    if tuple(new) == image.shape:
        return image
    # Pixels are squares: the middle of the first new one lies half a new pixel inside the image.
    rows, columns = (
        np.clip((np.arange(n, dtype=np.float32) + 0.5) * (old / n) - 0.5, 0, old - 1)
        for n, old in zip(new, image.shape, strict=True)
    )
    grid = np.meshgrid(rows, columns, indexing="ij")
    return warp(image[None], grid[0][None], grid[1][None])[0]


def place(
    parts: Sequence[np.ndarray],
    picture: np.ndarray,
    owners: np.ndarray,
    hidden: float,
    rng: np.random.Generator,
) -> list[int]:
    """Put objects on a picture (H, W) one after the other, in place, and return which of them found room.

    ``owners`` (H, W), −1 where nothing lies yet, gets the number of the object seen at each pixel, counted among those
    that found room. Objects without a pixel above 0.1 are left out.
    """
    placed: list[int] = []
    pixels: list[int] = []  # of each placed object, before anything covers it
    for number, part in enumerate(parts):
        ink = binary_fill_holes(part > THRESHOLD)
        total = int(ink.sum())
        if not total:
            continue
        # Only the object must lie on the canvas, not the empty margin of its image.
        x0, y0, x1, y1 = box_of(ink)
        ink, part = ink[y0:y1, x0:x1], part[y0:y1, x0:x1]
        for _ in range(TRIES):
            y = int(rng.integers(0, picture.shape[0] - ink.shape[0] + 1))
            x = int(rng.integers(0, picture.shape[1] - ink.shape[1] + 1))
            window = np.s_[y : y + ink.shape[0], x : x + ink.shape[1]]
            covered = owners[window][ink]
            touched = np.unique(covered[covered >= 0])
            left = {k: int((owners == k).sum() - (covered == k).sum()) for k in touched.tolist()}
            if all(n >= (1 - hidden) * pixels[k] for k, n in left.items()):
                owners[window][ink] = len(placed)
                picture[window][ink] = part[ink]
                placed.append(number)
                pixels.append(total)
                break
    return placed


def box_of(region: np.ndarray) -> tuple[int, int, int, int]:
    """Return the smallest box x0, y0, x1, y1 around the true pixels of a region (H, W), behind its last column and row.

    ``ValueError`` for a region without a pixel.

    >>> region = np.zeros((5, 6), bool)
    >>> region[1:3, 4] = True
    >>> box_of(region)
    (4, 1, 5, 3)
    """
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise ValueError(f"box_of: a region {region.shape} without a pixel; give one with some")
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _checked(
    images: np.ndarray,
    labels: np.ndarray,
    count: int,
    seed: int,
    size: tuple[int, int],
    objects: tuple[int, int],
    scales: tuple[float, float],
    hidden: float,
    background: float,
) -> np.ndarray:
    """Return the labels as an array, if everything fits."""
    labels = np.asarray(labels)
    good = images.ndim == 3 and images.dtype.kind == "f" and images.size
    if not good or labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"scenes: images {images.shape} of {images.dtype} and labels {labels.shape} of {labels.dtype}; "
            "give (M, h, w) floats in [0, 1] and (M,) integers, M >= 1"
        )
    if labels.min() < 0 or labels.max() > 254:
        raise ValueError(
            f"scenes: labels from {labels.min()} to {labels.max()}; give classes from 0 to 254"
        )
    if not _whole(count, 1) or not _whole(seed, 0):
        raise ValueError(
            f"scenes: count={count!r} and seed={seed!r}; give integers from 1 and from 0"
        )
    _check_range("objects", objects, Integral, 1, 127)
    _check_range("scales", scales, Real, 0.1, 10)
    largest = [round(n * scales[1]) for n in images.shape[1:]]
    fits = isinstance(size, Sequence) and len(size) == 2 and all(_whole(n, 1) for n in size)
    if not fits or size[0] < largest[0] or size[1] < largest[1]:
        raise ValueError(
            f"scenes: size={size!r} for objects of up to {largest[0]} × {largest[1]} pixels; give (H, W), each at "
            "least as large"
        )
    for name, value in (("hidden", hidden), ("background", background)):
        if not isinstance(value, Real) or not 0 <= float(value) < 1:
            raise ValueError(f"scenes: {name}={value!r}; give a number from 0 to below 1")
    return labels


def _check_pixels(images: np.ndarray, drawn: np.ndarray) -> None:
    """Refuse images that no object can be made of, of those that were drawn: to look at all would take longer."""
    used = images[drawn]
    low, high = float(used.min()), float(used.max())
    if not 0 <= low <= high <= 1:
        raise ValueError(f"scenes: pixels from {low:g} to {high:g}; give images in [0, 1]")
    dark = np.flatnonzero(used.max(axis=(1, 2)) <= 2 * THRESHOLD)
    if len(dark):
        raise ValueError(
            f"scenes: image {drawn[dark[0]]} has no pixel above {2 * THRESHOLD}, of which an object is made; "
            "leave it out"
        )


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def _check_range(name: str, pair: Any, kind: Any, least: float, most: float) -> None:
    right = isinstance(pair, Sequence) and len(pair) == 2
    right = right and all(isinstance(n, kind) and not isinstance(n, bool) for n in pair)
    if not right or not least <= pair[0] <= pair[1] <= most:
        raise ValueError(
            f"scenes: {name}={pair!r}; give the least and the most, from {least} to {most}"
        )
