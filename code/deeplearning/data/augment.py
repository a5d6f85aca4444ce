"""Augmentation: training images changed at random in ways that keep their label.

Each class is a function ``(inputs, rng) -> inputs`` of one batch, as ``fit(..., transform=…)`` takes it: what is drawn
comes from ``rng`` alone, so that a run can be repeated and resumed.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


@dataclass(frozen=True)
class RandomShift:
    """Move every image by up to ``pixels`` in each direction, each offset equally likely; what comes in is 0.

    Images (N, H, W), or (N, D) rows of square images, D = H²; the result has the same shape and dtype. The offsets of
    rows and columns are drawn anew for every image, uniformly from −pixels … pixels.
    ``ValueError`` for a negative number of pixels, one not smaller than the image, or other shapes.

    >>> one = np.zeros((1, 3, 3), np.float32)
    >>> one[0, 1, 1] = 1
    >>> RandomShift(1)(one, np.random.default_rng(0))[0].astype(int).tolist()
    [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    """

    pixels: int = 2

    def __post_init__(self) -> None:
        if type(self.pixels) is not int or self.pixels < 0:
            raise ValueError(f"RandomShift: pixels={self.pixels!r}; give a whole number >= 0")

    def __call__(self, inputs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        images = _as_images("RandomShift", inputs)
        count, height, width = images.shape
        reach = self.pixels
        if reach >= min(height, width):
            raise ValueError(
                f"RandomShift: {reach} pixels for images of {height}×{width}; give fewer than {min(height, width)}"
            )
        rows, columns = rng.integers(0, 2 * reach + 1, (2, count))
        room = np.zeros((count, height + 2 * reach, width + 2 * reach), images.dtype)
        room[:, reach : reach + height, reach : reach + width] = images
        windows = sliding_window_view(room, (height, width), axis=(1, 2))  # type: ignore[call-overload]
        return windows[np.arange(count), rows, columns].reshape(inputs.shape)


@dataclass(frozen=True)
class RandomHorizontalFlip:
    """Exchange left and right in every image with probability ``p``.

    Images (N, H, W), or (N, D) rows of square images; the result has the same shape and dtype. Right for clothes, which
    mirrored are still clothes; wrong for digits and letters. ``ValueError`` for p outside [0, 1] or other shapes.

    >>> row = np.float32([[1, 2, 3, 4]])
    >>> RandomHorizontalFlip(1.0)(row, np.random.default_rng(0)).tolist()
    [[2.0, 1.0, 4.0, 3.0]]
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ValueError(
                f"RandomHorizontalFlip: p={self.p!r}; give a probability with 0 <= p <= 1"
            )

    def __call__(self, inputs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        images = _as_images("RandomHorizontalFlip", inputs)
        flipped = rng.random(len(images)) < self.p
        result = images.copy()
        result[flipped] = images[flipped, :, ::-1]
        return result.reshape(inputs.shape)


class Compose:
    """Several augmentations one after the other.

    >>> both = Compose(RandomHorizontalFlip(), RandomShift(1))
    >>> both(np.ones((5, 16), np.float32), np.random.default_rng(0)).shape
    (5, 16)
    """

    def __init__(self, *transforms: RandomShift | RandomHorizontalFlip) -> None:
        self.transforms = transforms

    def __call__(self, inputs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        for transform in self.transforms:
            inputs = transform(inputs, rng)
        return inputs


def _as_images(name: str, inputs: np.ndarray) -> np.ndarray:
    """Return (N, H, W), a view; rows of numbers are read as square images."""
    if inputs.ndim == 3:
        return inputs
    side = math.isqrt(inputs.shape[1]) if inputs.ndim == 2 else 0
    if not side or side * side != inputs.shape[1]:
        raise ValueError(
            f"{name}: inputs of shape {inputs.shape}; give images (N, H, W), or rows (N, H·H) of square ones"
        )
    return inputs.reshape(len(inputs), side, side)
