"""What every file of a data set must be, and the only way in which the loaders read one.

``data/checksums.json`` says size and SHA-256 of every bundled file; it is the one source of truth,
and a loader names files only as it does. Its form::

    {"schema": 1,
     "sets": {"mnist": {"title": …, "licence": …, "source": …,
                        "files": {"t10k-labels-idx1-ubyte.gz":
                                  {"bytes": …, "sha256": …, "content_bytes": …, "content_md5": …}}}}}

``content_…`` describe the uncompressed file; published checksums are of that one, because gzip packs the
same content into different bytes.
"""

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deeplearning.data.errors import DataError

# An editable install (what `make` sets up) keeps this file below code/deeplearning/data of the repository.
BUNDLED_FOLDER = Path(__file__).resolve().parents[3] / "data"


@dataclass(frozen=True)
class File:
    """One file of a data set: where it is and what it must contain.

    Args:
        path: where the file is.
        size: its length in bytes.
        sha256: the SHA-256 of its bytes, 64 hexadecimal digits in lower case.
        owner: what the digest belongs to in the whole of ``checksums.json``: digest → ``set/file``.

    >>> File(Path("data/mnist/labels.gz"), size=3, sha256="0" * 64).path.name
    'labels.gz'
    """

    path: Path
    size: int
    sha256: str
    owner: dict[str, str] | None = None


def data_folder(folder: str | os.PathLike[str] | None = None) -> Path:
    """Find the folder that holds ``checksums.json`` and a folder for each bundled set.

    Args:
        folder: where to look; by default ``data/`` at the root of the repository.

    Returns:
        The folder's absolute path.

    Raises:
        DataError: there is no such folder, for example because the package was installed without the
            repository around it.

    >>> data_folder().name
    'data'
    """
    path = BUNDLED_FOLDER if folder is None else Path(folder).expanduser().resolve()
    if not path.is_dir():
        remedy = (
            "The data sets belong to the repository, not to the installed package: clone it and install with "
            "`pip install -e .`, or pass folder=, the path of its data/ folder."
            if folder is None
            else "Pass the path of the repository's data/ folder, or leave folder= out."
        )
        raise DataError(f"there is no folder {path}. {remedy}")
    return path


def read_checksums(folder: Path, name: str) -> dict[str, File]:
    """Read from ``checksums.json`` which files a data set has and what they must be.

    Args:
        folder: the data folder; see :func:`data_folder`.
        name: the set's key, which is also the name of its folder, for example ``"mnist"``.

    Returns:
        File name → :class:`File`.

    Raises:
        DataError: ``checksums.json`` is missing or broken, or does not know the set.

    >>> sorted(read_checksums(data_folder(), "mnist"))[0]
    't10k-images-idx3-ubyte.gz'
    """
    path = folder / "checksums.json"
    try:
        sets = json.loads(path.read_bytes())["sets"]
        files = {
            (key, file): (int(entry["bytes"]), _digest(entry["sha256"]))
            for key, data_set in sets.items()
            for file, entry in data_set["files"].items()
        }
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). {_remedy(path)}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} is not a list of checksums ({type(error).__name__}: {error}). {_remedy(path)}"
        ) from error
    owner = {sha256: f"{key}/{file}" for (key, file), (_, sha256) in files.items()}
    chosen = {
        file: File(folder / name / file, size, sha256, owner)
        for (key, file), (size, sha256) in files.items()
        if key == name
    }
    if not chosen:
        raise DataError(
            f"{path} lists no files of {name!r}; it knows {', '.join(sorted(sets)) or 'no set'}."
        )
    return chosen


def listed(folder: Path, name: str, wanted: Sequence[str]) -> list[File]:
    """Look up files of a data set, in the order in which they are asked for.

    Args:
        folder: the data folder; see :func:`data_folder`.
        name: the data set's key.
        wanted: the files' names.

    Raises:
        DataError: as for :func:`read_checksums`, or it does not list one of them.

    >>> [file.path.name for file in listed(data_folder(), "weights", ["lenet5-rows.npz"])]
    ['lenet5-rows.npz']
    """
    files = read_checksums(folder, name)
    for file in wanted:
        if file not in files:
            raise DataError(
                f"{folder / 'checksums.json'} does not list {name}/{file}; it lists "
                f"{', '.join(sorted(files))}. Restore it from the repository."
            )
    return [files[file] for file in wanted]


def read_verified(file: File) -> bytes:
    """Read a file and hand its bytes out only if their SHA-256 is the expected one.

    Args:
        file: path, size and digest, from :func:`read_checksums`.

    Returns:
        The file's bytes, as they are on the disk.

    Raises:
        DataError: the file is missing, unreadable, truncated, longer or altered; the message names it and says how
            to restore it.

    >>> files = read_checksums(data_folder(), "mnist")
    >>> len(read_verified(files["t10k-labels-idx1-ubyte.gz"])) == files["t10k-labels-idx1-ubyte.gz"].size
    True
    """
    path = file.path
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing. {_remedy(path)}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). {_remedy(path)}") from error
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 == file.sha256:
        return content
    other = (file.owner or {}).get(sha256)
    if other is not None:
        problem = f"has the content of {other}: the two were mixed up"
    elif content.startswith(b"version https://git-lfs"):
        problem = "is a Git LFS pointer, not the data"
    elif len(content) < file.size:
        problem = f"is truncated: {len(content):,} of {file.size:,} bytes"
    elif len(content) > file.size:
        problem = f"is too long: {len(content):,} bytes instead of {file.size:,}"
    else:
        problem = f"was altered: its SHA-256 is {sha256[:16]}…, not {file.sha256[:16]}…"
    raise DataError(f"{path} {problem}. {_remedy(path)}")


def _digest(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise ValueError(f"{text!r} is not a SHA-256")
    return text


def _remedy(path: Path) -> str:
    if path.is_relative_to(BUNDLED_FOLDER):
        inside = path.relative_to(BUNDLED_FOLDER.parent).as_posix()
        return f"Restore it in the repository's root: git checkout -- {inside}"
    return "Copy it again from the data/ folder of the repository, or leave folder= out to use that one."
