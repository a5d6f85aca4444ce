"""Rows of a table, looked up by integer codes."""

from typing import Any

import numpy as np

from deeplearning.autograd.operation import Array, Operation


class Embedding(Operation):
    r"""Row :math:`k` of a table for every code :math:`k`: :math:`y_n = w_{k_n}`, the product of a one-hot row with w.

    A code's row receives the sum of the gradients of all places where the code stands,

    .. math:: \frac{\partial L}{\partial w_k} = \sum_{n:\, k_n = k} \frac{\partial L}{\partial y_n},

    and row ``padding_idx`` receives none. Table w (K, D) of floats; codes of any shape, integers in 0 … K − 1, which
    have no gradient; result (\*codes.shape, D). ``ValueError`` for anything else.
    """

    def __init__(self, padding_idx: int | None = None) -> None:
        self.padding_idx = padding_idx

    def forward(self, weight: Array, codes: Any) -> Array:
        codes = np.asarray(codes)
        _check(weight, codes)
        if self.needs[0]:
            self.shape = weight.shape
            self.codes = np.array(codes, np.int64).ravel()  # a copy: its owner may change it
        return np.take(weight, codes, axis=0)

    def backward(self, dy: Array) -> tuple[Array, None]:
        # A sum by rows is the product with the transposed one-hot matrix. Kept sparse, with one 1 for each code, it
        # reads every row of dy once; np.add.at takes some fifteen times as long.
        from scipy.sparse import csc_array

        n = self.codes.size
        one_hot = csc_array(
            (np.ones(n, dy.dtype), self.codes, np.arange(n + 1)), shape=(self.shape[0], n)
        )
        dw = one_hot @ dy.reshape(n, self.shape[1])
        if self.padding_idx is not None:
            dw[self.padding_idx] = 0
        return dw, None


def _check(weight: Array, codes: Array) -> None:
    """Refuse a table that is none and codes that are not in it."""
    if weight.ndim != 2 or weight.dtype.kind != "f":
        raise ValueError(
            f"Embedding: a weight of shape {weight.shape} and {weight.dtype}; give floats (K, D), a row for each code"
        )
    if codes.dtype.kind not in "iu":
        raise ValueError(
            f"Embedding: codes of dtype {codes.dtype}; give integers, for example codes.astype(np.int64)"
        )
    if codes.size and (codes.min() < 0 or codes.max() >= len(weight)):
        raise ValueError(
            f"Embedding: codes from {codes.min()} to {codes.max()} with {len(weight)} rows; "
            f"give codes from 0 to {len(weight) - 1}, or a table with more rows"
        )
