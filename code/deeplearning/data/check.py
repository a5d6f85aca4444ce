"""Is this a data set that a network can learn from? Found out before the training, not from its loss."""

from collections.abc import Sequence

import numpy as np


def check(x: np.ndarray, y: np.ndarray, classes: int | Sequence[str] | None = None) -> None:
    """Refuse arrays that are not a data set, saying what is wrong with them and what to do.

    Args:
        x: (N, …) float32 or float64, at least two dimensions, every number finite.
        y: with ``classes``, labels (N,) int64 in 0 … K − 1; without, targets (N,) or (N, …), float32 or float64,
            every number finite.
        classes: how many classes K there are, or their names; None for a regression.

    Raises:
        ValueError: a shape, a type, a label outside the classes, or a NaN or an infinity.
        TypeError: something is not a NumPy array.

    >>> x, y = np.zeros((3, 2), dtype=np.float32), np.array([0, 1, 2])
    >>> check(x, y, classes=3)
    >>> check(x, y + 1, classes=3)
    Traceback (most recent call last):
        ...
    ValueError: y[2] is 3; with 3 classes the labels are 0 … 2. Do the labels start at 1? Then use y - 1.
    """
    for name, array in (("x", x), ("y", y)):
        if not isinstance(array, np.ndarray):
            raise TypeError(
                f"{name} is a {type(array).__name__}; it must be a NumPy array: np.asarray({name}, dtype=...)."
            )
    if x.ndim < 2:
        raise ValueError(
            f"x has the shape {x.shape}; it must have at least two dimensions (samples, features). "
            "For one feature a sample use x.reshape(-1, 1), for one sample x.reshape(1, -1)."
        )
    if x.size == 0:
        raise ValueError(
            f"x has the shape {x.shape}: no numbers. Give at least one sample with one feature."
        )
    if y.ndim == 0 or len(y) != len(x):
        raise ValueError(
            f"x has {len(x)} samples and y has the shape {y.shape}; y must have {len(x)} entries, "
            "entry i belonging to row i of x."
        )
    _check_numbers("x", x)
    if classes is None:
        _check_numbers("y", y)
    else:
        check_labels(y, classes if isinstance(classes, (int, np.integer)) else len(classes))


def _check_numbers(name: str, array: np.ndarray) -> None:
    if array.dtype not in (np.float32, np.float64):
        remedy = f"{name}.astype(np.float32)"
        if array.dtype == np.uint8:
            remedy += " / 255, if these are the bytes of an image"
        raise ValueError(f"{name} is {array.dtype}; it must be float32 or float64. Use {remedy}.")
    # The smallest and the largest number carry every NaN and infinity, and need no mask as large as the data.
    if array.size and not (np.isfinite(array.min()) and np.isfinite(array.max())):
        bad = ~np.isfinite(array)
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        rows = int(bad.reshape(len(array), -1).any(axis=1).sum())
        raise ValueError(
            f"{name}[{', '.join(map(str, first))}] is {array[first]}; every number must be finite. "
            f"{int(bad.sum())} in {rows} of {len(array)} samples are not: "
            f"leave these samples out, or replace the numbers (np.nan_to_num) if you know what they mean."
        )


def check_labels(y: np.ndarray, classes: int) -> None:
    """Refuse what are not labels (N,) int64 in 0 … K − 1; the second half of :func:`check`, ``ValueError``."""
    if classes < 1:
        raise ValueError(f"classes is {classes}; a classification has at least one.")
    if y.ndim != 1:
        remedy = (
            "For one-hot labels use y.argmax(axis=1)."
            if y.ndim == 2 and y.shape[1] == classes > 1
            else "Use y.reshape(-1) if there is one label a sample."
        )
        raise ValueError(
            f"y has the shape {y.shape}; labels must have the shape ({len(y)},). {remedy}"
        )
    if y.dtype != np.int64:
        raise ValueError(
            f"y is {y.dtype}; labels must be int64, the number of the class. Use y.astype(np.int64)"
            + (" if it holds whole numbers." if y.dtype.kind == "f" else ".")
        )
    outside = np.flatnonzero((y < 0) | (y >= classes))
    if outside.size:
        first = int(outside[0])
        one_based = y.min() == 1 and y.max() == classes
        remedy = (
            "Do the labels start at 1? Then use y - 1."
            if one_based
            else f"Outside are {outside.size} of {len(y)} labels: correct them or leave these samples out."
        )
        raise ValueError(
            f"y[{first}] is {y[first]}; with {classes} classes the labels are 0 … {classes - 1}. {remedy}"
        )
