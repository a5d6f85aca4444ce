"""LeNet-5 as convolutions only: it reads a row of digits of any length without cutting it up."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from deeplearning import nn as own_nn
from deeplearning.models.lenet import chosen

NONE = 10  # the class of a window with no digit in its middle
STRIDE = 4  # pixels from one window to the next: two poolings by 2
# The layers with weights: their place in lenet5, in row_lenet5, and the shape of the kernel that a matrix becomes.
PLACES = ((0, 0, None), (3, 3, None), (7, 6, (16, 5, 5)), (9, 8, (120, 1, 1)), (11, 10, (84, 1, 1)))


def row_lenet5(
    activation: str = "relu", pooling: str = "max", classes: int = NONE + 1, nn: Any = own_nn
) -> Any:
    """Make LeNet-5 for pictures of any width: its fully connected layers have become convolutions.

    What a layer of 400 → 120 does with 16 maps of 5 × 5 is a convolution with 120 kernels of that size; what
    the next layers do with one vector are convolutions of 1 × 1. On a wider picture they give a vector of scores
    every 4 pixels, each for a window of 32 × 32, and neighbouring windows share all work that they have in common: a
    space-displacement network :cite:`lecun1998`. Rows get a margin of 2 inside; columns need their own, see
    :func:`with_margin`.

    Arguments as for :func:`lenet5`, with one class more: no digit in the middle. Input (N, 1, 28, W), output
    (N, classes, 1, ⌊W/4⌋ − 7). The weights of one form fit the other, see :func:`as_convolutions`.

    >>> import torch
    >>> row_lenet5(nn=torch.nn)(torch.zeros(2, 1, 28, 100)).shape
    torch.Size([2, 11, 1, 18])
    """
    squash, pool = chosen("row_lenet5", activation, pooling, ("Conv2d",), nn)
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=(2, 0)),
        squash(),
        pool(2),
        nn.Conv2d(6, 16, 5),
        squash(),
        pool(2),
        nn.Conv2d(16, 120, 5),  # the matrix 400 → 120
        squash(),
        nn.Conv2d(120, 84, 1),  # the matrix 120 → 84
        squash(),
        nn.Conv2d(84, classes, 1),
    )


def as_convolutions(state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Turn the state of :func:`lenet5` into one of :func:`row_lenet5`: the same numbers, matrices as kernels.

    >>> import torch
    >>> from deeplearning.models.lenet import lenet5
    >>> as_convolutions(lenet5(nn=torch.nn).state_dict())["6.weight"].shape
    (120, 16, 5, 5)
    """
    result = {}
    for dense, convolution, kernel in PLACES:
        weight = np.asarray(state[f"{dense}.weight"])
        result[f"{convolution}.weight"] = weight if kernel is None else weight.reshape(-1, *kernel)
        result[f"{convolution}.bias"] = np.asarray(state[f"{dense}.bias"])
    return result


def as_matrices(state: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Turn the state of :func:`row_lenet5` into one of :func:`lenet5`, the way back."""
    result = {}
    for dense, convolution, kernel in PLACES:
        weight = np.asarray(state[f"{convolution}.weight"])
        result[f"{dense}.weight"] = weight if kernel is None else weight.reshape(len(weight), -1)
        result[f"{dense}.bias"] = np.asarray(state[f"{convolution}.bias"])
    return result


def with_margin(pictures: np.ndarray, right: int = 2) -> np.ndarray:
    """Add 2 columns of paper in front of pictures (N, 28, W), ``right`` behind, and the axis of channels.

    With 6 behind, some window has the last digit in its middle whatever W is: windows come every 4 pixels.

    ``ValueError`` for pictures of another shape or a negative margin.

    >>> with_margin(np.zeros((5, 28, 60)), right=6).shape
    (5, 1, 28, 68)
    """
    if pictures.ndim != 3 or pictures.shape[1] != 28 or right < 0:
        raise ValueError(
            f"with_margin: pictures of shape {pictures.shape}, right={right}; give (N, 28, W), and 0 or more"
        )
    return np.pad(pictures, ((0, 0), (0, 0), (2, right)))[:, None]


def read_columns(scores: np.ndarray, apart: int = 3) -> tuple[list[int], list[int]]:
    r"""Read one row from its scores (T, 11): the digits from left to right, and the columns in which they stand.

    With :math:`\ell_{tk} = \ln \operatorname{softmax}(s_t)_k` a reading is a choice of columns, at least ``apart`` from
    each other, and a digit for each. Its log-likelihood counts the digit in its column and no digit in the others; the
    columns right beside a digit may see either. Compared with "no digits at all" a digit d in column t gains

    .. math:: g_t = \max_d \Bigl(\ell_{td} - \ell_{t,10} + \sum_{u = t \pm 1} \max(0, \ell_{ud} - \ell_{u,10})\Bigr),

    and the best choice follows from left to right, :math:`b_t = \max(b_{t-1},\, b_{t-a} + g_t)` (Viterbi's algorithm).
    With ``apart`` = 2 the column between two digits may support both. ``ValueError`` for scores of another shape, for
    NaN, and for ``apart`` below 2.

    >>> scores = np.zeros((9, 11))
    >>> scores[:, 10] = 5
    >>> scores[2, 7] = scores[6, 1] = 9
    >>> read_columns(scores)
    ([7, 1], [2, 6])
    """
    if scores.ndim != 2 or scores.shape[1] != NONE + 1:
        raise ValueError(f"read_columns: scores of shape {scores.shape}; give (columns, 11)")
    if np.isnan(scores).any() or apart < 2:
        raise ValueError(
            f"read_columns: {int(np.isnan(scores).sum())} of the scores are NaN, apart={apart}; "
            "give numbers, and columns at least 2 apart"
        )
    ahead = scores[:, :NONE] - scores[:, NONE:]  # the softmax's denominator cancels
    support = np.pad(np.maximum(ahead, 0), ((1, 1), (0, 0)))
    gains = ahead + support[:-2] + support[2:]
    digits, gain = gains.argmax(axis=1), gains.max(axis=1)
    best = np.zeros(len(scores) + apart)  # best[t + apart] for the columns up to t
    for t in range(len(scores)):
        best[t + apart] = max(best[t + apart - 1], best[t] + gain[t])
    columns: list[int] = []
    t = len(scores) - 1
    while t >= 0:
        if best[t + apart] == best[t + apart - 1]:
            t -= 1
        else:
            columns.append(t)
            t -= apart
    columns.reverse()
    return [int(digits[t]) for t in columns], columns


def edit_distance(read: list[int], true: list[int]) -> int:
    """Count the digits to insert, delete or replace to make one row of another (Levenshtein's distance).

    >>> edit_distance([1, 2, 2, 4], [1, 2, 3])
    2
    """
    row = list(range(len(true) + 1))
    for i, digit in enumerate(read, start=1):
        previous, row[0] = row[0], i
        for j, other in enumerate(true, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (digit != other))
    return row[-1]
