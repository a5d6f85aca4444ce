"""Japanese Vowels: nine men say the vowels *a* and *e*; who is it? 640 short sequences of different lengths.

Where the files come from and what may be done with them: ``data/README.md``. Their format, ``.ts``, is text: lines
that begin with ``#`` or are empty say nothing, those that begin with ``@`` describe the set, and after ``@data`` each
line is one sequence. Colons part its channels and, at the end, its class; commas part the values of a channel.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from deeplearning.data.checksums import data_folder, listed, read_verified
from deeplearning.data.errors import DataError
from deeplearning.data.idx import decompress

NAME = "japanese-vowels"
FILES = ("JapaneseVowels_TRAIN.ts.gz", "JapaneseVowels_TEST.ts.gz")
COEFFICIENTS = 12
SPEAKERS = tuple(f"speaker {number}" for number in range(1, 10))


@dataclass(frozen=True, eq=False, repr=False)
class SequenceSplit:
    """Sequences with a class each, split into those to learn from and those to judge by.

    With N training sequences, M test sequences and K classes:

    Args:
        train_x: N arrays (T, C) float32, T steps of C numbers; T differs from one to the next.
        train_y: (N,) int64 in 0 … K − 1; ``classes[train_y[i]]`` is the name of sequence *i*.
        test_x: M arrays (T, C) float32.
        test_y: (M,) int64 in 0 … K − 1.
        classes: the K names.

    :func:`deeplearning.data.pad` makes one array of ``train_x`` or ``test_x``.
    """

    train_x: tuple[np.ndarray, ...]
    train_y: np.ndarray
    test_x: tuple[np.ndarray, ...]
    test_y: np.ndarray
    classes: tuple[str, ...]

    def __repr__(self) -> str:
        lengths = [len(sequence) for sequence in self.train_x + self.test_x]
        return (
            f"SequenceSplit(train: {len(self.train_x):,} sequences of {min(lengths)} to {max(lengths)} steps, "
            f"test: {len(self.test_x):,}, classes: {', '.join(self.classes)})"
        )


def japanese_vowels(*, folder: str | os.PathLike[str] | None = None) -> SequenceSplit:
    """Load Japanese Vowels: utterances of *a* and *e* in one go, by nine male speakers, who are the classes.

    A step is a frame of 25.6 ms, 6.4 ms after the one before, described by 12 cepstrum coefficients of a linear
    prediction of degree 12, in no unit. The split is the published one: 30 training utterances a speaker, and 24 to 88
    test utterances, recorded on other occasions.

    The files are verified once a process; every call returns arrays of its own (0.5 MB).

    Args:
        folder: the data folder; by default ``data/`` in the repository.

    Returns:
        A :class:`SequenceSplit`: 270 and 370 sequences (T, 12) float32 with T from 7 to 29, labels in 0 … 8.

    Raises:
        DataError: a file is missing, truncated or altered, or is not what its name says.

    Source: Kudo, Toyama and Shimbo, "Multidimensional curve classification using passing-through regions", Pattern
    Recognition Letters 20 (1999).

    >>> vowels = japanese_vowels()
    >>> len(vowels.train_x), len(vowels.test_x), vowels.train_x[0].shape, vowels.classes[vowels.train_y[0]]
    (270, 370, (20, 12), 'speaker 1')
    """
    (train_x, train_y), (test_x, test_y) = _read(data_folder(folder))
    return SequenceSplit(
        tuple(x.copy() for x in train_x),
        np.array(train_y, dtype=np.int64),
        tuple(x.copy() for x in test_x),
        np.array(test_y, dtype=np.int64),
        SPEAKERS,
    )


Part = tuple[list[np.ndarray], list[int]]


@lru_cache(maxsize=2)
def _read(folder: Path) -> tuple[Part, Part]:
    train, test = (
        _parse(decompress(read_verified(file), str(file.path)), file.path)
        for file in listed(folder, NAME, FILES)
    )
    return train, test


def _parse(content: bytes, path: Path) -> Part:
    """Take the sequences, each (T, 12), and the labels out of a file's content."""
    # A right checksum proves that nothing changed since checksums.json was written; the checks are for a folder of the
    # reader's own.
    sequences: list[np.ndarray] = []
    labels: list[int] = []
    header = True
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if header:
            if not line.startswith("@"):
                raise DataError(
                    f"{path}, line {number}: {line[:40]!r} comes before @data; is this a .ts file?"
                )
            header = line.strip().lower() != "@data"
            continue
        *channels, label = line.split(":")
        sequences.append(_sequence(channels, f"{path}, line {number}"))
        if label.strip() not in {str(i) for i in range(1, len(SPEAKERS) + 1)}:
            raise DataError(
                f"{path}, line {number}: the class is {label[:40]!r}; it must be 1 to {len(SPEAKERS)}."
            )
        labels.append(int(label) - 1)
    if not sequences:
        raise DataError(f"{path} holds no sequence after a line @data; is this a .ts file?")
    return sequences, labels


def _sequence(channels: list[str], where: str) -> np.ndarray:
    try:
        rows = [[float(value) for value in channel.split(",")] for channel in channels]
    except ValueError as error:
        raise DataError(f"{where}: {error}; values must be numbers.") from error
    if len(rows) != COEFFICIENTS or len({len(row) for row in rows}) != 1:
        raise DataError(
            f"{where}: {len(rows)} channels of {sorted({len(row) for row in rows})} values; there must be "
            f"{COEFFICIENTS}, all of the same length."
        )
    with np.errstate(over="ignore"):
        sequence = np.array(rows, dtype=np.float32)
    if not np.isfinite(sequence).all():  # also of a number too large for a float32
        raise DataError(
            f"{where}: there is a NaN or an infinity; every coefficient must be a number."
        )
    return np.ascontiguousarray(sequence.T)
