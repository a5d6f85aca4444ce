"""Sequences of different lengths without padding: packed step by step, as recurrent layers read them."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from deeplearning.autograd import Tensor, apply, from_numpy
from deeplearning.autograd.operations.packing import Pick, Place


class PackedSequence(NamedTuple):
    r"""N sequences, the longest first, as the rows of step 0, then those of step 1, and so on.

    ``data`` (R, …) has :math:`R = \sum_t n_t` rows; ``batch_sizes`` (T,) int64 says of each step how many sequences are
    that long, :math:`n_0 = N \ge n_1 \ge \dots`. ``sorted_indices`` (N,) says which sequence of the batch became the
    k-th here, ``unsorted_indices`` where each one went; both None if they were sorted already. PyTorch's names and
    order :cite:`paszke2019`; made by :func:`pack_padded_sequence`.
    """

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Leave out the padding of N sequences, so that no layer computes with it.

    ``input`` (T, N, …), or (N, T, …) with ``batch_first``; ``lengths`` N integers from 1 to T. They must fall or stay
    the same along the batch; with ``enforce_sorted=False`` sequences are sorted here, and
    :func:`pad_packed_sequence` and recurrent layers restore the order. ``ValueError`` for other lengths.

    >>> from deeplearning.autograd import tensor
    >>> packed = pack_padded_sequence(tensor([[1, 2], [3, 0], [4, 0]]), [3, 1])
    >>> packed.data.tolist(), packed.batch_sizes.tolist()
    ([1, 2, 3, 4], [2, 1, 1])
    """
    if input.ndim < 2:
        raise ValueError(
            f"pack_padded_sequence: an input of shape {input.shape}; give (T, N, ...), or (N, T, ...) with batch_first"
        )
    steps, batch = input.shape[:2][:: -1 if batch_first else 1]
    given = np.asarray(lengths)
    if given.shape != (batch,) or given.dtype.kind not in "iu" or batch == 0:
        raise ValueError(
            f"pack_padded_sequence: lengths of shape {given.shape} and {given.dtype} for a batch of {batch}; give an "
            "integer for each sequence (batch_first says which axis they are counted along)"
        )
    if given.min() < 1 or given.max() > steps:
        raise ValueError(
            f"pack_padded_sequence: lengths from {given.min()} to {given.max()}; give integers from 1 to {steps}, the "
            "number of steps of the input"
        )
    order, back = np.arange(batch), None
    if not enforce_sorted:
        order = np.argsort(-given.astype(np.int64), kind="stable")
        back = np.argsort(order)
    elif (np.diff(given.astype(np.int64)) > 0).any():
        raise ValueError(
            f"pack_padded_sequence: lengths {given.tolist()} do not fall; sort the sequences from long to short, or "
            "give enforce_sorted=False"
        )
    batch_sizes = (given[None, :] > np.arange(given.max())[:, None]).sum(1)
    return PackedSequence(
        apply(Pick(_places(batch_sizes, order, batch_first)), input),
        from_numpy(batch_sizes),
        None if back is None else from_numpy(order),
        None if back is None else from_numpy(back),
    )


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Undo :func:`pack_padded_sequence`: return the padded sequences, in their first order, and their lengths.

    The result is (T, N, …), or (N, T, …) with ``batch_first``; T is the longest length, or ``total_length``. Steps
    after a sequence's end hold ``padding_value``; their gradients reach nothing. Lengths (N,) int64. ``ValueError``
    for a ``total_length`` below the longest, ``TypeError`` for anything but a :class:`PackedSequence`.

    >>> from deeplearning.autograd import tensor
    >>> packed = PackedSequence(tensor([1, 2, 3, 4]), tensor([2, 1, 1]))
    >>> padded, lengths = pad_packed_sequence(packed, batch_first=True)
    >>> padded.tolist(), lengths.tolist()
    ([[1, 3, 4], [2, 0, 0]], [3, 1])
    """
    if not isinstance(sequence, PackedSequence):
        raise TypeError(
            f"pad_packed_sequence: got a {type(sequence).__name__}; give the PackedSequence that "
            "pack_padded_sequence() or a recurrent layer returned"
        )
    batch_sizes = sequence.batch_sizes.data
    steps, batch = len(batch_sizes), int(batch_sizes[0])
    if total_length is None:
        total_length = steps
    elif not isinstance(total_length, Integral) or total_length < steps:
        raise ValueError(
            f"pad_packed_sequence: total_length={total_length!r}; give an integer from {steps}, the longest length, on"
        )
    lengths = (np.arange(batch)[:, None] < batch_sizes).sum(1)
    order = np.arange(batch)
    if sequence.sorted_indices is not None:
        order = sequence.sorted_indices.data
        lengths = lengths[np.argsort(order)]
    shape = (batch, total_length) if batch_first else (total_length, batch)
    place = Place(
        _places(batch_sizes, order, batch_first), (*shape, *sequence.data.shape[1:]), padding_value
    )
    return apply(place, sequence.data), from_numpy(lengths)


def _places(
    batch_sizes: Sequence[int] | np.ndarray, order: np.ndarray, batch_first: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return where each packed row lies in the padded array: its step and its sequence, or the other way round."""
    step = np.repeat(np.arange(len(batch_sizes)), batch_sizes)
    sequence = np.concatenate([order[:n] for n in batch_sizes])
    return (sequence, step) if batch_first else (step, sequence)
