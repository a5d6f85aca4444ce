"""Distortions of handwriting: images turned, stretched, slanted, moved and bent at random, as a hand might."""

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.ndimage import gaussian_filter


@dataclass(frozen=True)
class RandomDistortion:
    r"""Distort every image by a random affine map and, if wanted, a random elastic one; a transform for ``fit``.

    The new image takes at the place :math:`p`, counted from the centre, what the old one has at
    :math:`p' = M p + t + u(p)`: M turns by up to ``degrees``, stretches each axis by a factor of up to
    :math:`1 \pm` ``scale`` and slants by up to ``shear`` (columns a row); t moves by up to ``shift`` pixels; u is a
    smooth field of random arrows with a root mean square of ``elastic`` pixels, noise blurred with a Gaussian of
    ``sigma`` pixels. Each is drawn anew for every image, evenly, except that a batch shares ``fields`` different
    arrow fields. Values between pixels are interpolated linearly, what lies outside is 0.

    Images (…, H, W) of floats; the result has the same shape and dtype. ``ValueError`` for negative settings, a scale
    that is not below 1, and other inputs. Sources: :cite:`lecun1998` (affine), :cite:`simard2003` (elastic).

    >>> images = np.zeros((5, 1, 28, 28), np.float32)
    >>> RandomDistortion(elastic=1.0)(images, np.random.default_rng(0)).shape
    (5, 1, 28, 28)
    """

    degrees: float = 10.0
    scale: float = 0.1
    shear: float = 0.15
    shift: float = 1.5
    elastic: float = 0.0
    sigma: float = 4.0
    fields: int = 16

    def __post_init__(self) -> None:
        for name in ("degrees", "scale", "shear", "shift", "elastic", "sigma"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 <= float(value) < math.inf:
                raise ValueError(f"RandomDistortion: {name}={value!r}; give a number >= 0")
        if not self.scale < 1:
            raise ValueError(f"RandomDistortion: scale={self.scale!r}; give a share below 1")
        if type(self.fields) is not int or self.fields < 1:
            raise ValueError(f"RandomDistortion: fields={self.fields!r}; give a whole number >= 1")

    def __call__(self, inputs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if inputs.ndim < 3 or inputs.dtype.kind != "f" or 0 in inputs.shape[-2:]:
            raise ValueError(
                f"RandomDistortion: inputs of shape {inputs.shape} and {inputs.dtype}; give images (N, H, W) of floats"
            )
        height, width = inputs.shape[-2:]
        images = inputs.reshape(-1, height, width)
        rows, columns = affine_coordinates(self, len(images), height, width, rng)
        if self.elastic:
            arrows = self.elastic * smooth_fields(self.fields, height, width, self.sigma, rng)
            chosen = arrows[:, rng.integers(0, self.fields, len(images))]
            rows, columns = rows + chosen[0], columns + chosen[1]
        return warp(images, rows, columns).reshape(inputs.shape)


def affine_coordinates(
    by: RandomDistortion, count: int, height: int, width: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw affine maps and return where each of ``count`` images (height, width) is to be read: rows and columns."""
    angle = np.deg2rad(rng.uniform(-by.degrees, by.degrees, count))
    stretch = 1 + rng.uniform(-by.scale, by.scale, (2, count))
    slant = rng.uniform(-by.shear, by.shear, count)
    move = rng.uniform(-by.shift, by.shift, (2, count))
    sine, cosine = np.sin(angle), np.cos(angle)
    # A turn after a slant after a stretch, as rows and columns of the source for a row and a column of the result.
    matrix = np.array(
        [
            [cosine * stretch[0] - sine * slant * stretch[0], -sine * stretch[1]],
            [sine * stretch[0] + cosine * slant * stretch[0], cosine * stretch[1]],
        ],
        np.float32,
    )[..., None, None]  # (2, 2, count, 1, 1)
    middle = np.array([(height - 1) / 2, (width - 1) / 2], np.float32)
    start = move.astype(np.float32)[..., None, None] + middle[:, None, None, None]
    r = np.arange(height, dtype=np.float32)[:, None] - middle[0]
    c = np.arange(width, dtype=np.float32) - middle[1]
    rows = (matrix[0, 0] * r + start[0]) + matrix[0, 1] * c
    columns = (matrix[1, 0] * r + start[1]) + matrix[1, 1] * c
    return rows, columns


def smooth_fields(
    count: int, height: int, width: int, sigma: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw smooth fields of arrows (2, count, height, width), rows and columns, each with a root mean square of 1."""
    noise = rng.standard_normal((2, count, height, width), dtype=np.float32)
    smooth = gaussian_filter(noise, (0, 0, sigma, sigma), mode="reflect")
    return smooth / np.sqrt(np.mean(smooth**2, axis=(2, 3), keepdims=True))


def warp(images: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Read images (N, H, W) at fractional places, rows and columns (N, h, w), linearly; outside is 0.

    >>> ramp = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    >>> warp(ramp, np.float32([[[0.5]]]), np.float32([[[1.0]]])).tolist()  # between 1 and 5
    [[[3.0]]]
    """
    count, height, width = images.shape
    if rows.shape != columns.shape or rows.ndim != 3 or len(rows) != count:
        raise ValueError(
            f"warp: places of shape {rows.shape} and {columns.shape} for images {images.shape}; give (N, h, w) for both"
        )
    room = np.zeros((count, height + 2, width + 2), images.dtype)  # a margin of 0
    room[:, 1:-1, 1:-1] = images
    r = np.clip(rows + 1, 0, height + 1).astype(images.dtype, copy=False)
    c = np.clip(columns + 1, 0, width + 1).astype(images.dtype, copy=False)
    # The last row and column are read through the square before them, with a weight of 1.
    top = np.minimum(r.astype(np.int32), height)
    left = np.minimum(c.astype(np.int32), width)
    down, right = r - top, c - left
    corner = top * (width + 2) + left
    corner += (np.arange(count, dtype=np.int32) * ((height + 2) * (width + 2)))[:, None, None]
    flat = room.reshape(-1)
    upper = flat.take(corner)
    upper += right * (flat.take(corner + 1) - upper)
    corner += width + 2
    lower = flat.take(corner)
    lower += right * (flat.take(corner + 1) - lower)
    lower -= upper
    lower *= down
    upper += lower
    return upper
