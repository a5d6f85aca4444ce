"""Free Spoken Digits: 3,000 recordings of the words zero to nine, each a sequence of vectors, by six known speakers.

No waveforms: every frame of a recording is described by 13 mel-frequency cepstral coefficients. Where the files come
from, and how the speakers were recovered: ``data/README.md``.
"""

import io
import os
import re
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral
from pathlib import Path

import numpy as np

from deeplearning.data.checksums import data_folder, listed, read_verified
from deeplearning.data.errors import DataError

NAME = "spoken-digits"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COEFFICIENTS = 13
TEST_RECORDINGS = 5  # numbers 0 … 4 of each speaker and digit are the published test set
FILE_NAME = re.compile(r"([0-9])_([a-z]+)_([0-9]+)\.wav")


@dataclass(frozen=True, eq=False, repr=False)
class Recordings:
    """Recordings of words, each as long as it is; recording *i* of N is the same one in every field.

    Args:
        sequences: N arrays (T, 13) float32, T frames of 13 coefficients; T differs from one to the next.
        labels: (N,) int64; ``classes[labels[i]]`` is the word.
        speakers: (N,) int64; ``speaker_names[speakers[i]]`` is who says it.
        numbers: (N,) int64, which of a speaker's recordings of a word it is, from 0.
        speaker_names: the speakers, in the order of the alphabet.
        classes: the words.
    """

    sequences: tuple[np.ndarray, ...]
    labels: np.ndarray
    speakers: np.ndarray
    numbers: np.ndarray
    speaker_names: tuple[str, ...]
    classes: tuple[str, ...] = WORDS

    @property
    def lengths(self) -> np.ndarray:
        """The number of frames of each recording, (N,) int64."""
        return np.array([len(sequence) for sequence in self.sequences], dtype=np.int64)

    def published_split(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of the training and test recordings of the published split.

        Recordings 0 … 4 of every speaker and digit are the test set, 5 … 49 the training set. Every speaker is in
        both, and recordings that follow one another were made in one go: the result says how well known voices
        are understood, as a split at random would.

        >>> [len(part) for part in spoken_digits().published_split()]
        [2700, 300]
        """
        test = self.numbers < TEST_RECORDINGS
        return np.flatnonzero(~test), np.flatnonzero(test)

    def leave_out(self, speaker: int | str) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of everybody else's recordings, and of those of ``speaker``, a number or a name.

        ``ValueError`` for somebody who is not among the speakers.

        >>> [len(part) for part in spoken_digits().leave_out("theo")]
        [2500, 500]
        """
        names = self.speaker_names
        number = names.index(speaker) if speaker in names else speaker
        if not isinstance(number, Integral) or not 0 <= number < len(names):
            raise ValueError(
                f"speaker is {speaker!r}; give one of {', '.join(names)}, or a number from 0 to {len(names) - 1}."
            )
        theirs = self.speakers == number
        return np.flatnonzero(~theirs), np.flatnonzero(theirs)

    def __repr__(self) -> str:
        lengths = self.lengths
        return (
            f"Recordings({len(lengths):,} of {lengths.min()} to {lengths.max()} frames, "
            f"speakers: {', '.join(self.speaker_names)}, classes: {', '.join(self.classes)})"
        )


def spoken_digits(*, folder: str | os.PathLike[str] | None = None) -> Recordings:
    """Load Free Spoken Digits: zero to nine in English, 50 times each by six speakers, 13 MFCC for each frame.

    The coefficients are as published, in no unit of their own: the first follows the loudness of the frame and lies
    in the hundreds below zero, the others are far smaller. Standardise them by the training frames.

    The files are verified once a process; every call returns arrays of its own (3 MB).

    Args:
        folder: the data folder; by default ``data/`` in the repository.

    Returns:
        :class:`Recordings`: 3,000 sequences (T, 13) float32 with T from 6 to 92.

    Raises:
        DataError: a file is missing, truncated or altered, or is not what its name says.

    Source: Jackson, "Free Spoken Digit Dataset"; see ``data/README.md``.

    >>> digits = spoken_digits()
    >>> digits.sequences[0].shape, digits.classes[digits.labels[0]], digits.speaker_names[digits.speakers[0]]
    ((14, 13), 'five', 'nicolas')
    """
    frames, lengths, labels, names = _read(data_folder(folder))
    speaker_names = tuple(sorted({speaker for _, speaker, _ in names}))
    ends = np.cumsum(lengths)[:-1]
    return Recordings(
        sequences=tuple(part.copy() for part in np.split(frames, ends)),
        labels=labels.copy(),
        speakers=np.array([speaker_names.index(name) for _, name, _ in names], dtype=np.int64),
        numbers=np.array([number for _, _, number in names], dtype=np.int64),
        speaker_names=speaker_names,
    )


Names = list[tuple[int, str, int]]


@lru_cache(maxsize=2)
def _read(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, Names]:
    archive, recordings = listed(folder, NAME, ("digits.npz", "recordings.txt"))
    where = archive.path
    try:
        with np.load(io.BytesIO(read_verified(archive)), allow_pickle=False) as arrays:
            frames, lengths, labels = (arrays[name] for name in ("X", "lengths", "y"))
    except (
        ValueError, TypeError, KeyError, EOFError, OSError, zipfile.BadZipFile, zlib.error
    ) as error:  # fmt: skip
        raise DataError(
            f"{where} is not the archive of arrays X, lengths and y that it should be: {error}"
        ) from error
    names = _parse(read_verified(recordings), recordings.path)
    # A right checksum proves that nothing changed since checksums.json was written, not that its author mixed
    # nothing up; these checks are for a folder of the reader's own.
    if frames.dtype != np.float32 or frames.ndim != 2 or frames.shape[1] != COEFFICIENTS:
        raise DataError(
            f"{where}: X is {frames.dtype} of shape {frames.shape}; it must be float32 of shape "
            f"(frames, {COEFFICIENTS})."
        )
    if not np.isfinite(frames).all():
        raise DataError(f"{where}: X holds NaN or infinity; every coefficient must be a number.")
    if lengths.dtype.kind not in "iu" or lengths.ndim != 1:
        raise DataError(
            f"{where}: the lengths are {lengths.dtype} of shape {lengths.shape}; they must be integers of shape "
            "(recordings,)."
        )
    if not lengths.size or lengths.min() < 1 or lengths.sum() != len(frames):
        raise DataError(
            f"{where}: the lengths are of shape {lengths.shape} and add up to {lengths.sum():,}; they must be "
            f"positive and add up to the {len(frames):,} frames of X."
        )
    digits = [digit for digit, _, _ in names]
    if labels.shape != lengths.shape or digits != labels.tolist():
        raise DataError(
            f"{folder / NAME}: the {len(digits):,} names of recordings.txt and the {labels.size:,} labels of "
            f"digits.npz, for {lengths.size:,} recordings, do not say the same digits in the same order."
        )
    return frames, lengths, labels.astype(np.int64), names


def _parse(content: bytes, path: Path) -> Names:
    """Take the digit, the speaker and the number out of each line, such as ``7_theo_12.wav``."""
    names: Names = []
    for line, text in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        found = FILE_NAME.fullmatch(text)
        if found is None:
            raise DataError(
                f"{path}, line {line}: {text[:40]!r} is no name of a recording; one looks like '7_theo_12.wav'."
            )
        names.append((int(found[1]), found[2], int(found[3])))
    return names
