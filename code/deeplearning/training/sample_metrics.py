"""How to judge pictures that a model has drawn, beside looking at them."""

import numpy as np


def specks(pictures: np.ndarray) -> np.ndarray:
    """Count the pixels that differ from all their four neighbours, for each picture (N, H, W) of zeros and ones.

    A stroke has few of them; noise that is drawn for each pixel by itself has many. Beyond the edge lies paper, 0.

    >>> picture = np.zeros((1, 4, 4)); picture[0, 1, 1] = picture[0, 3, 2:] = 1
    >>> specks(picture).tolist()  # one alone, two that touch
    [1]
    """
    around = np.pad(np.asarray(pictures), ((0, 0), (1, 1), (1, 1)))
    middle = around[:, 1:-1, 1:-1]
    alone = np.ones(middle.shape, bool)
    for beside in (
        around[:, :-2, 1:-1],
        around[:, 2:, 1:-1],
        around[:, 1:-1, :-2],
        around[:, 1:-1, 2:],
    ):
        alone &= beside != middle
    counts: np.ndarray = alone.sum(axis=(1, 2))
    return counts


def nearest(pictures: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return for each picture (N, D) the nearest of the known ones (M, D), and in how many pixels the two differ.

    Of zeros and ones, :math:`\sum_d [x_d \ne y_d] = \sum_d x_d + \sum_d y_d - 2 \mathbf{x}^\top \mathbf{y}`.

    >>> places, distances = nearest(np.array([[1.0, 1.0, 0.0]]), np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]))
    >>> places.tolist(), distances.tolist()
    ([1], [1.0])
    """
    # Bytes would overflow in the products, and booleans would not be counted.
    pictures, known = (
        np.asarray(part, np.result_type(part, np.float32)) for part in (pictures, known)
    )
    places, distances = [], []
    ink = known.sum(axis=1)
    for start in range(0, len(pictures), 250):
        some = pictures[start : start + 250]
        apart = some.sum(axis=1)[:, None] + ink - 2 * (some @ known.T)
        places.append(apart.argmin(axis=1))
        distances.append(apart.min(axis=1))
    return np.concatenate(places), np.concatenate(distances)


def two_sample_accuracy(scores: np.ndarray, drawn: np.ndarray) -> float:
    """Return how often a judge tells drawn from real: the mean of the shares of each that it gets right.

    scores (N,) above 0 where the judge says "drawn"; drawn (N,) booleans. 0.5 is guessing :cite:`lopezpaz2017`.

    >>> two_sample_accuracy(np.array([1.0, 1.0, -1.0]), np.array([True, False, False]))
    0.75
    """
    said, drawn = np.asarray(scores) > 0, np.asarray(drawn, bool)
    return float((said[drawn].mean() + (~said[~drawn]).mean()) / 2)
