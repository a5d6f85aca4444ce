"""A data set as the book's chapters receive it: training and test samples and the names of the classes."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """A classification data set, split into samples to learn from and samples to judge by.

    With N training samples, M test samples and K classes:

    Args:
        train_x: (N, …) float32, usually in [0, 1].
        train_y: (N,) int64 in 0 … K − 1; ``classes[train_y[i]]`` is the name of sample *i*.
        test_x: (M, …) float32, a sample shaped as in ``train_x``.
        test_y: (M,) int64 in 0 … K − 1.
        classes: the K names.

    Raises:
        ValueError: samples and labels differ in number, or training and test samples in shape.

    >>> x, y = np.zeros((5, 2, 2), np.float32), np.array([0, 1, 1, 0, 1])
    >>> Split(x[:3], y[:3], x[3:], y[3:], classes=("off", "on"))
    Split(train: 3 samples of 2×2, test: 2, classes: off, on)
    """

    train_x: np.ndarray
    train_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        for part, x, y in (
            ("train", self.train_x, self.train_y),
            ("test", self.test_x, self.test_y),
        ):
            if len(x) != len(y):
                raise ValueError(
                    f"{part}_x has {len(x)} samples and {part}_y has {len(y)} labels; every sample needs one label."
                )
        if self.train_x.shape[1:] != self.test_x.shape[1:]:
            raise ValueError(
                f"a training sample has the shape {self.train_x.shape[1:]} and a test sample "
                f"{self.test_x.shape[1:]}; reshape one of them."
            )

    def flat(self) -> "Split":
        """Give every sample as one row of numbers, as a fully connected layer takes it.

        (N, 28, 28) becomes (N, 784), row by row of the image. The arrays share this split's memory.

        >>> x, y = np.zeros((5, 2, 2), np.float32), np.array([0, 1, 1, 0, 1])
        >>> Split(x, y, x, y, classes=("off", "on")).flat().train_x.shape
        (5, 4)
        """
        train_x, test_x = (
            x.reshape(len(x), math.prod(x.shape[1:])) for x in (self.train_x, self.test_x)
        )
        return Split(train_x, self.train_y, test_x, self.test_y, self.classes)

    def __repr__(self) -> str:
        sample = "×".join(map(str, self.train_x.shape[1:])) or "one number"
        return (
            f"Split(train: {len(self.train_x):,} samples of {sample}, test: {len(self.test_x):,}, "
            f"classes: {', '.join(self.classes)})"
        )
