"""Two texts to learn a language from, bundled in ``data/``: Moby-Dick, and the Constitution of Korea.

Where the files come from and what may be done with them: ``data/README.md``.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from deeplearning.data.checksums import data_folder, listed, read_verified
from deeplearning.data.errors import DataError
from deeplearning.data.idx import decompress


@dataclass(frozen=True, repr=False)
class Corpus:
    """A text in three parts that follow one another: to learn from, to choose settings by, and to judge by.

    Args:
        name: what text it is.
        train: the first part.
        validation: the second part.
        test: the third part.
    """

    name: str
    train: str
    validation: str
    test: str

    @property
    def text(self) -> str:
        """The whole text, the three parts one after the other."""
        return self.train + self.validation + self.test

    def __repr__(self) -> str:
        return (
            f"Corpus({self.name}, characters: {len(self.train):,} to train, {len(self.validation):,} to validate, "
            f"{len(self.test):,} to test)"
        )


@dataclass(frozen=True)
class _Source:
    name: str
    folder: str
    file: str
    paragraph: str  # what ends a paragraph


_MOBY_DICK = _Source("Moby-Dick", "moby-dick", "data.txt.gz", "\n\n")
_CONSTITUTION = _Source("Constitution of Korea", "constitution-of-korea", "constitution.txt", "\n")


def moby_dick(*, folder: str | os.PathLike[str] | None = None) -> Corpus:
    """Load Moby-Dick, chapters 1 to 135, without etymology, extracts and epilogue.

    The text is as published: a line has 75 characters at most, an empty one parts paragraphs, and quotation marks and
    dashes are those of print. The first 80 % of the characters are for training, the next 10 % for
    validation, the last 10 % for the test, each part drawn out to the end of its paragraph. Ahab's chase of the whale
    is in the test part: it is later in the story, not a sample at random.

    The file is verified once a process.

    Args:
        folder: the data folder; by default ``data/`` in the repository.

    Returns:
        A :class:`Corpus` of 1,190,317 characters, 83 different ones.

    Raises:
        DataError: the file is missing, truncated or altered, or is no text.

    Source: Melville, "Moby-Dick; or, The Whale" (1851).

    >>> moby_dick()
    Corpus(Moby-Dick, characters: 952,918 to train, 118,386 to validate, 119,013 to test)
    >>> moby_dick().train[22:38]
    'Call me Ishmael.'
    """
    return _read(_MOBY_DICK, data_folder(folder))


def constitution(*, folder: str | os.PathLike[str] | None = None) -> Corpus:
    """Load the Constitution of the Republic of Korea (대한민국헌법) as revised in 1987, in Korean.

    Each line is a paragraph. The file's line ends, carriage return and line feed, become one line feed; all else is as
    published. The first 80 % of the characters are for training, the next 10 % for validation, the last 10 % for the
    test, each part drawn out to the end of its paragraph. The parts speak of different matters, validation
    of courts, elections and local government, the test of the economy, of amendments and of the coming into force, so
    that a few syllables there, such as 농 of agriculture (농업), are not in the training part.

    The file is verified once a process.

    Args:
        folder: the data folder; by default ``data/`` in the repository.

    Returns:
        A :class:`Corpus` of 18,884 characters, among them 12,996 syllables of 355 kinds.

    Raises:
        DataError: the file is missing, truncated or altered, or is no text.

    Source: Constitution of the Republic of Korea, in force since 25 February 1988.

    >>> constitution()
    Corpus(Constitution of Korea, characters: 15,131 to train, 1,884 to validate, 1,869 to test)
    >>> constitution().train[:6]
    '대한민국헌법'
    """
    return _read(_CONSTITUTION, data_folder(folder))


# Strings cannot be changed, so that every caller may have the same ones.
@lru_cache(maxsize=4)
def _read(source: _Source, folder: Path) -> Corpus:
    (file,) = listed(folder, source.folder, [source.file])
    where = file.path
    content = read_verified(file)
    if source.file.endswith(".gz"):
        content = decompress(content, str(where))
    # A right checksum proves that nothing changed since checksums.json was written; what follows is for a folder of
    # the reader's own.
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where} is no text in UTF-8: byte {error.start} is 0x{content[error.start]:02x}. Save it as UTF-8."
        ) from error
    return Corpus(source.name, *_parts(text, source.paragraph, where))


def _parts(text: str, paragraph: str, where: Path) -> tuple[str, str, str]:
    """Cut a text at the first ends of a paragraph after 80 % and 90 % of it."""
    cuts = [0]
    for tenths in (8, 9):
        found = text.find(paragraph, len(text) * tenths // 10)
        cuts.append(len(text) if found < 0 else found + len(paragraph))
    train, validation, test = (
        text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)
    )
    if not (train and validation and test):
        raise DataError(
            f"{where}: its {len(text):,} characters cannot be cut into 80 %, 10 % and 10 %, because no paragraph ends "
            "there. Give a longer text, or one of shorter paragraphs."
        )
    return train, validation, test
