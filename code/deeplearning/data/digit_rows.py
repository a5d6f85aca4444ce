"""Rows of handwritten digits as on a cheque, composed of single ones: digits that touch or overlap, exact labels."""

from dataclasses import dataclass

import numpy as np

SIDE = 28
MARGIN = 2  # pixels on either side of a window that its neighbours in a row see as well
NONE = 10  # the label of a window with no digit in its middle
NEAREST = 12  # the least distance between the middles of two neighbours, pixels


@dataclass(frozen=True)
class DigitRows:
    """Pictures of rows, all of one length.

    Args:
        pictures: (N, 28, W) float32, ink 1 on paper 0; a row shorter than W has paper at its right end.
        labels: (N, L) integers, the digits from left to right.
        middles: (N, L) where their middles are, pixels from the left edge.

    >>> DigitRows(np.zeros((1, 28, 40)), np.array([[3, 7]]), np.array([[13.5, 26.5]])).pictures.shape
    (1, 28, 40)
    """

    pictures: np.ndarray
    labels: np.ndarray
    middles: np.ndarray


def ink_columns(images: np.ndarray, above: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the last column with ink of images (N, H, W), two arrays (N,); of an empty one 0 and W − 1.

    >>> image = np.zeros((1, 3, 5))
    >>> image[0, 1, 2:4] = 1
    >>> [int(edge[0]) for edge in ink_columns(image)]
    [2, 3]
    """
    inked = images.max(axis=1) > above
    width = images.shape[2]
    return inked.argmax(axis=1), width - 1 - inked[:, ::-1].argmax(axis=1)


def distances(left: np.ndarray, right: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Return how far the middles of neighbours are apart if ``gaps`` columns of paper lie between them, (N,) integers.

    Images (N, 28, 28) of the left and the right digit; a gap below 0 lets their ink overlap. Never less than 12 pixels.
    """
    _, end = ink_columns(left)
    start, _ = ink_columns(right)
    return np.maximum(end - start + 1 + gaps, NEAREST)


def digit_rows(
    images: np.ndarray,
    labels: np.ndarray,
    count: int,
    length: int,
    rng: np.random.Generator,
    gaps: tuple[int, int] = (-1, 5),
) -> DigitRows:
    """Compose ``count`` rows of ``length`` digits each, drawn from images (N, 28, 28) in [0, 1] with labels (N,).

    Between the ink of two neighbours are ``gaps[0]`` to ``gaps[1]`` columns of paper, each number equally likely;
    below 0 they overlap. Where they do, the darker pixel counts. ``ValueError`` for other images, and for a length or
    count below 1.

    >>> rows = digit_rows(np.ones((4, 28, 28), np.float32), np.arange(4), 2, 3, np.random.default_rng(0))
    >>> rows.labels.shape, rows.middles[:, 0].tolist()
    ((2, 3), [13.5, 13.5])
    """
    labels = _check("digit_rows", images, labels)
    if count < 1 or length < 1 or gaps[0] > gaps[1]:
        raise ValueError(
            f"digit_rows: count={count}, length={length}, gaps={gaps}; give 1 or more, and gaps from least to most"
        )
    chosen = rng.integers(0, len(images), (count, length))
    steps = np.zeros((count, length), np.int64)
    for place in range(1, length):
        between = rng.integers(gaps[0], gaps[1] + 1, count)
        steps[:, place] = distances(images[chosen[:, place - 1]], images[chosen[:, place]], between)
    starts = steps.cumsum(axis=1)
    pictures = np.zeros((count, SIDE, int(starts.max()) + SIDE), np.float32)
    for row in range(count):
        for start, digit in zip(starts[row], chosen[row], strict=True):
            part = pictures[row, :, start : start + SIDE]
            np.maximum(part, images[digit], out=part)
    return DigitRows(pictures, labels[chosen], starts + (SIDE - 1) / 2)


def _check(name: str, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the labels as an array, if they and the images fit."""
    labels = np.asarray(labels)
    good = images.ndim == 3 and images.shape[1:] == (SIDE, SIDE) and images.dtype.kind == "f"
    if not good or labels.shape != images.shape[:1] or not len(images):
        raise ValueError(
            f"{name}: images {images.shape} of {images.dtype} and labels {labels.shape}; "
            "give (N, 28, 28) floats in [0, 1] and (N,), N >= 1"
        )
    return labels


def windows(
    images: np.ndarray,
    labels: np.ndarray,
    rng: np.random.Generator,
    gaps: tuple[int, int] = (-2, 6),
    share_none: float = 0.35,
    alone: float = 0.2,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut one window of 28 × 32 pixels a digit out of rows: (N, 1, 28, 32) and labels (N,), to learn reading from.

    Each digit of ``images`` (N, 28, 28) gets random neighbours, on each side none with probability ``alone``. In most
    windows it is in the middle, to 2 pixels, and they have its label. In a share of ``share_none`` the window looks
    between it and its right neighbour, at least 4 pixels away from both middles; their label is 10. ``ValueError`` as
    for :func:`digit_rows`.
    """
    labels = _check("windows", images, labels)
    count = len(images)
    left, right = images[rng.permutation(count)], images[rng.permutation(count)]
    between = rng.integers(gaps[0], gaps[1] + 1, (2, count))
    to_left = np.where(rng.random(count) < alone, 99, distances(left, images, between[0]))
    to_right = np.where(rng.random(count) < alone, 99, distances(images, right, between[1]))
    empty = rng.random(count) < share_none
    # How far the middle of the window lies to the right of the digit's.
    near = rng.integers(-2, 3, count)
    room = np.minimum(to_right, 24) - 8
    far = 4 + np.floor(rng.random(count) * (room + 1)).astype(np.int64)
    offset = np.where(empty, far, near)
    window = _placed(images, -offset)
    np.maximum(window, _placed(left, -to_left - offset), out=window)
    np.maximum(window, _placed(right, to_right - offset), out=window)
    return window[:, None], np.where(empty, NONE, labels)


def _placed(images: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Put images into windows of 28 × 32 with their middles ``shift`` pixels to the right of the window's."""
    columns = np.arange(SIDE + 2 * MARGIN) - MARGIN - shift[:, None]
    columns = np.where((columns >= 0) & (columns < SIDE), columns, SIDE)
    padded = np.pad(images, ((0, 0), (0, 0), (0, 1)))
    return np.take_along_axis(padded, columns[:, None, :], axis=2)


def cut_at_paper(picture: np.ndarray, above: float = 0.2) -> np.ndarray:
    """Cut a row (28, W) wherever a column has no ink, and return the pieces as images (M, 28, 28).

    Each piece is put with its centre of mass in the middle, as MNIST's digits are; what does not fit is lost. Digits
    that touch stay one piece. ``ValueError`` for a picture of another height or with more axes.

    >>> picture = np.zeros((28, 60), np.float32)
    >>> picture[10:18, [8, 9, 40, 41]] = 1
    >>> cut_at_paper(picture).shape
    (2, 28, 28)
    """
    if picture.ndim != 2 or len(picture) != SIDE:
        raise ValueError(f"cut_at_paper: a picture of shape {picture.shape}; give one row, (28, W)")
    inked = np.concatenate([[False], picture.max(axis=0) > above, [False]])
    edges = np.flatnonzero(inked[1:] != inked[:-1])
    pieces = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        mass = picture[:, start:end].sum(axis=0)
        middle = start + round(float((mass * np.arange(end - start)).sum() / mass.sum()))
        piece = np.zeros((picture.shape[0], 3 * SIDE + end - start), np.float32)
        piece[:, SIDE + SIDE // 2 : SIDE + SIDE // 2 + end - start] = picture[:, start:end]
        first = SIDE + middle - start
        pieces.append(piece[:, first : first + SIDE])
    return np.stack(pieces) if pieces else np.zeros((0, picture.shape[0], SIDE), np.float32)
