"""Digits that move in one of eight directions: what they do cannot be read from a single frame."""

import os
from numbers import Integral
from typing import Any

import numpy as np

from deeplearning.data.bundled import mnist
from deeplearning.data.split import Split

# (down, right) pixels a frame, clockwise from the top.
DIRECTIONS = {
    "up": (-1, 0),
    "up right": (-1, 1),
    "right": (0, 1),
    "down right": (1, 1),
    "down": (1, 0),
    "down left": (1, -1),
    "left": (0, -1),
    "up left": (-1, -1),
}


def moving_digits(
    train: int = 2000,
    test: int = 1000,
    *,
    frames: int = 5,
    side: int = 16,
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
) -> Split:
    """Make short films of MNIST digits that move one pixel a frame; the class is the direction.

    A digit is the middle 20 × 20 pixels of its image at half the size, 10 × 10. It starts anywhere, and what leaves
    the frame on one side comes in on the other. So every place is equally likely in every frame of every class:
    a single frame says nothing of the direction, and the set of all frames without their order does not tell a
    direction from its opposite. Training films show digits of the training images, test films those of the test
    images.

    Args:
        train, test: numbers of films, multiples of 8, so that classes are equally frequent.
        frames: of a film, at least 2.
        side: pixels of a frame along a side, at least 10.
        seed: of the digits, the starts and the order.
        folder: the data folder; by default ``data/`` in the repository.

    Returns:
        A :class:`Split`: ``train_x`` (train, frames, side, side) float32 in [0, 1], ``train_y`` (train,) int64 in
        0 … 7, ``test_x``, ``test_y`` likewise.

    Raises:
        ValueError: numbers that do not fit; the message names them.
        DataError: a file is missing, truncated or altered.

    >>> films = moving_digits(16, 8, frames=3)
    >>> films.train_x.shape, films.classes[2], np.bincount(films.test_y).tolist()
    ((16, 3, 16, 16), 'right', [1, 1, 1, 1, 1, 1, 1, 1])
    """
    films: tuple[Any, ...] = train, test
    if not all(isinstance(n, Integral) and n >= 8 and n % 8 == 0 for n in films):  # type: ignore[operator]
        raise ValueError(
            f"moving_digits: train={train}, test={test}; give multiples of 8, one film a direction"
        )
    sizes: tuple[Any, ...] = frames, side
    if not all(isinstance(n, Integral) for n in sizes) or frames < 2 or side < 10:
        raise ValueError(
            f"moving_digits: frames={frames}, side={side}; a film has at least 2 frames of at least 10 pixels"
        )
    source, rng = mnist(folder=folder), np.random.default_rng(seed)
    train_x, train_y = _films(source.train_x, train, frames, side, rng)
    test_x, test_y = _films(source.test_x, test, frames, side, rng)
    return Split(train_x, train_y, test_x, test_y, tuple(DIRECTIONS))


def _films(
    images: np.ndarray, count: int, frames: int, side: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    chosen = images[rng.choice(len(images), count, replace=count > len(images)), 4:24, 4:24]
    small = chosen.reshape(count, 10, 2, 10, 2).mean(axis=(2, 4))
    labels = rng.permutation(np.arange(count) % len(DIRECTIONS))
    starts = rng.integers(0, side, (count, 2))
    steps = np.array(list(DIRECTIONS.values()))[labels]
    films = np.zeros((count, frames, side, side), np.float32)
    number, pixels = np.arange(count)[:, None, None], np.arange(10)
    for frame in range(frames):
        rows, columns = ((starts + frame * steps) % side).T
        rows, columns = (rows[:, None] + pixels) % side, (columns[:, None] + pixels) % side
        films[number, frame, rows[:, :, None], columns[:, None, :]] = small
    return films, labels.astype(np.int64)
