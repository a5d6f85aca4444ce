"""Grey pictures made black and white once and for all, so that a picture has a probability and not a density."""

import dataclasses

import numpy as np

from deeplearning.data.split import Split


def binarised(split: Split, seed: int = 0) -> Split:
    """Set each pixel to 1 with a probability that is its grey value, else to 0; labels and shapes stay.

    Drawn once from ``seed``, in the order of the pictures, so that everybody learns and is judged by the same ones and
    the first thousand are the same whether or not the others are asked for. Likelihoods can be compared only where the
    rule, and strictly the draw, is the same :cite:`goodfellow2016`. The grey values must lie in [0, 1]
    (``ValueError``).

    >>> grey = np.array([[[0.0, 1.0, 0.5]]] * 8, np.float32)
    >>> labels = np.zeros(8, np.int64)
    >>> pictures = binarised(Split(grey, labels, grey, labels, ("line",))).train_x
    >>> pictures[:, 0, :2].mean(axis=0).tolist(), np.unique(pictures).tolist(), pictures.dtype.name
    ([0.0, 1.0], [0.0, 1.0], 'float32')
    """
    parts = []
    for number, (name, grey) in enumerate((("train_x", split.train_x), ("test_x", split.test_x))):
        rng = np.random.default_rng([seed, number])
        if grey.size and not (grey.min() >= 0 and grey.max() <= 1):
            raise ValueError(
                f"binarised: {name} has values from {grey.min()} to {grey.max()}; give grey values in [0, 1]"
            )
        parts.append((rng.random(grey.shape, np.float32) < grey).astype(np.float32))
    return dataclasses.replace(split, train_x=parts[0], test_x=parts[1])
