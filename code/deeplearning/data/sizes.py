"""The same picture at another size: enlarged or shrunk with everything in it, or cut out of or laid on a canvas."""

from functools import lru_cache
from numbers import Integral

import numpy as np


@lru_cache(maxsize=64, typed=True)  # 2.0 must not find what was made for 2
def interpolation_matrix(old: int, new: int) -> np.ndarray:
    r"""Return the matrix (new, old) that reads a row of ``old`` pixels at ``new`` places.

    .. math:: R_{ij} \propto \max\bigl(0,\, 1 - |(j + \tfrac12) - (i + \tfrac12)\,s| / \max(1, s)\bigr),
        \qquad s = \mathit{old}/\mathit{new}

    Each row sums to 1. Enlarging (s < 1) this is linear interpolation between pixel centres; shrinking, the triangle
    is s pixels wide to either side, so that no pixel is left out. Read-only, float32. ``ValueError`` for sizes below 1.

    >>> interpolation_matrix(4, 2)
    array([[0.42857143, 0.42857143, 0.14285715, 0.        ],
           [0.        , 0.14285715, 0.42857143, 0.42857143]], dtype=float32)
    """
    if not all(isinstance(size, Integral) and size >= 1 for size in (old, new)):
        raise ValueError(f"from {old!r} to {new!r} pixels; give whole numbers >= 1")
    step = old / new
    centres = (np.arange(new)[:, None] + 0.5) * step
    weights = np.maximum(0, 1 - np.abs(np.arange(old) + 0.5 - centres) / max(1.0, step))
    matrix = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    matrix.setflags(write=False)
    return matrix


def resized(images: np.ndarray, side: int) -> np.ndarray:
    r"""Return pictures with all that is in them at another size, :math:`\mathbf{R}\,\mathbf{X}\,\mathbf{R}^\top`.

    Images (…, H, W) of floats to (…, side, side), float32, by :func:`interpolation_matrix` for rows and for columns.
    ``ValueError`` for other inputs.

    >>> resized(np.ones((2, 28, 28), np.float32), 40).shape
    (2, 40, 40)
    """
    _check("resized", images)
    height, width = images.shape[-2:]
    rows, columns = interpolation_matrix(height, side), interpolation_matrix(width, side)
    return rows @ images.astype(np.float32, copy=False) @ columns.T


def on_canvas(images: np.ndarray, side: int, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return pictures on a square canvas of zeros or, where the canvas is smaller, the part that it shows.

    Nothing changes its size. Images (N, H, W) of floats to (N, side, side). With ``rng`` each image lies at a place of
    its own, anywhere on the canvas (or is seen through a window anywhere on it), without it in the middle.
    ``ValueError`` for other inputs.

    >>> on_canvas(np.ones((1, 2, 2), np.float32), 4)[0]
    array([[0., 0., 0., 0.],
           [0., 1., 1., 0.],
           [0., 1., 1., 0.],
           [0., 0., 0., 0.]], dtype=float32)
    """
    _check("on_canvas", images)
    if images.ndim != 3 or not isinstance(side, Integral) or side < 1:
        raise ValueError(
            f"on_canvas: images of shape {images.shape}, side={side!r}; give (N, H, W) and a whole number >= 1"
        )
    canvas = np.zeros((len(images), side, side), images.dtype)
    room = [side - size for size in images.shape[1:]]
    if rng is None:
        places = np.tile([space // 2 for space in room], (len(images), 1))
    else:
        low, high = np.minimum(room, 0), np.maximum(room, 0)
        places = rng.integers(low, high, size=(len(images), 2), endpoint=True)
    for target, image, corner in zip(canvas, images, places, strict=True):
        top, left = np.maximum(corner, 0)
        part = image[max(-corner[0], 0) :, max(-corner[1], 0) :][: side - top, : side - left]
        target[top : top + part.shape[0], left : left + part.shape[1]] = part
    return canvas


def _check(name: str, images: np.ndarray) -> None:
    if images.ndim < 2 or images.dtype.kind != "f" or 0 in images.shape[-2:]:
        raise ValueError(
            f"{name}: images of shape {images.shape} and {images.dtype}; give floats (…, H, W)"
        )
