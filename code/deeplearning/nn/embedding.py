"""The embedding layer: a vector of its own for every code."""

from numbers import Integral
from typing import Any

from deeplearning.autograd import Tensor, apply, no_grad, zeros
from deeplearning.autograd.operations.embedding import Embedding as _Embedding
from deeplearning.nn import init
from deeplearning.nn.module import Module, Parameter


def embedding(codes: Any, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    r"""Look up the rows of ``weight``: :math:`y_n = w_{k_n}`.

    codes of any shape, integers in 0 … K − 1; weight (K, D); result (\*codes.shape, D). Row ``padding_idx`` gets no
    gradient; -1 is the last one. ``ValueError`` for codes outside the table or that are no integers.

    >>> from deeplearning.autograd import tensor
    >>> embedding(tensor([[2, 0]]), tensor([[0.0], [1.0], [2.0]])).tolist()
    [[[2.0], [0.0]]]
    """
    return apply(_Embedding(_row("embedding", padding_idx, len(weight))), weight, codes)


class Embedding(Module):
    r"""A table of vectors, one for every code: :math:`y_n = w_{k_n}`.

    ``weight`` (num_embeddings, embedding_dim) starts from N(0, 1), as PyTorch's does; input of any shape, integers in
    0 … num_embeddings − 1; output (\*input.shape, embedding_dim). Row ``padding_idx`` starts from zeros and gets no
    gradient. ``ValueError`` for sizes that are not positive integers, and for codes outside the table.

    >>> from deeplearning.autograd import tensor
    >>> Embedding(83, 16)(tensor([[5, 7, 5], [1, 2, 3]])).shape
    (2, 3, 16)
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None
    ) -> None:
        for name, n in (("num_embeddings", num_embeddings), ("embedding_dim", embedding_dim)):
            if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
                raise ValueError(f"Embedding: {name}={n!r}; give a positive integer")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = _row("Embedding", padding_idx, num_embeddings)
        self.weight = init.normal_(Parameter(zeros(num_embeddings, embedding_dim)))
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx] = 0

    def forward(self, codes: Any) -> Tensor:
        return embedding(codes, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


def _row(name: str, padding_idx: int | None, rows: int) -> int | None:
    """Return ``padding_idx`` counted from the first row, as PyTorch does."""
    if padding_idx is None:
        return None
    integer = isinstance(padding_idx, Integral) and not isinstance(padding_idx, bool)
    if not integer or not -rows <= padding_idx < rows:
        raise ValueError(
            f"{name}: padding_idx={padding_idx!r} with {rows} rows; give a row from {-rows} to {rows - 1}, or None"
        )
    return int(padding_idx) % rows
