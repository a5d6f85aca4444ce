"""Fashion-MNIST and MNIST, bundled whole in ``data/`` and verified when they are read.

Both are 70,000 grey images of 28 × 28 pixels in ten classes, 60,000 to learn from and 10,000 to test with, in
the same four files. Where the files come from and what may be done with them: ``data/README.md``.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from deeplearning.data.checksums import data_folder, listed, read_verified
from deeplearning.data.errors import DataError
from deeplearning.data.idx import decode_idx, decompress
from deeplearning.data.split import Split


@dataclass(frozen=True)
class Bundle:
    """What the code knows of a bundled set of images; the rest is in ``data/checksums.json``.

    Args:
        name: its key in ``checksums.json`` and the name of its folder.
        classes: what label 0, 1, … means.

    >>> Bundle("mnist", tuple("0123456789")).classes[7]
    '7'
    """

    name: str
    classes: tuple[str, ...]


FASHION_MNIST = Bundle(
    "fashion-mnist",
    (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
)
MNIST = Bundle("mnist", tuple("0123456789"))


def fashion_mnist(*, flat: bool = False, folder: str | os.PathLike[str] | None = None) -> Split:
    """Load Fashion-MNIST: 70,000 photographs of clothes in ten classes, 28 × 28 grey pixels.

    A pixel is its byte divided by 255: 0 is the background, 1 the brightest fabric.

    The files are verified once a process. Every call returns arrays of its own (about 220 MB), so that
    changing them in place is safe: keep the result in a variable rather than calling in a loop.

    Args:
        flat: give every image as one row of 784 numbers.
        folder: the data folder; by default ``data/`` in the repository.

    Returns:
        A :class:`Split`: ``train_x`` (60000, 28, 28) float32 in [0, 1], ``train_y`` (60000,) int64 in 0 … 9,
        ``test_x`` (10000, 28, 28), ``test_y`` (10000,); 6,000 and 1,000 images a class.

    Raises:
        DataError: a file is missing, truncated or altered.

    Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
    Algorithms", arXiv:1708.07747 (2017).

    >>> clothes = fashion_mnist()
    >>> clothes.train_x.shape, clothes.train_x.dtype.name, clothes.classes[clothes.train_y[0]]
    ((60000, 28, 28), 'float32', 'Ankle boot')
    """
    return _load(FASHION_MNIST, flat, folder)


def mnist(*, flat: bool = False, folder: str | os.PathLike[str] | None = None) -> Split:
    """Load MNIST: 70,000 handwritten digits, 28 × 28 grey pixels.

    A pixel is its byte divided by 255: 0 is paper, 1 ink.

    The files are verified once a process. Every call returns arrays of its own (about 220 MB), so that
    changing them in place is safe: keep the result in a variable rather than calling in a loop.

    Args:
        flat: give every image as one row of 784 numbers.
        folder: the data folder; by default ``data/`` in the repository.

    Returns:
        A :class:`Split`: ``train_x`` (60000, 28, 28) float32 in [0, 1], ``train_y`` (60000,) int64 in 0 … 9,
        ``test_x`` (10000, 28, 28), ``test_y`` (10000,). The classes are not quite equally frequent.

    Raises:
        DataError: a file is missing, truncated or altered.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition",
    Proceedings of the IEEE 86 (1998).

    >>> digits = mnist(flat=True)
    >>> digits.test_x.shape, float(digits.test_x.max()), digits.test_y[:3].tolist()
    ((10000, 784), 1.0, [7, 2, 1])
    """
    return _load(MNIST, flat, folder)


def _load(bundle: Bundle, flat: bool, folder: str | os.PathLike[str] | None) -> Split:
    train_x, train_y, test_x, test_y = _read(bundle, data_folder(folder))
    split = Split(
        _unit(train_x),
        train_y.astype(np.int64),
        _unit(test_x),
        test_y.astype(np.int64),
        bundle.classes,
    )
    return split.flat() if flat else split


def _unit(pixels: np.ndarray) -> np.ndarray:
    return np.divide(pixels, np.float32(255), dtype=np.float32)


# The bytes are kept (55 MB a set) and not the float32 arrays: a quarter of the memory, and a caller's changes
# cannot reach them.
@lru_cache(maxsize=4)
def _read(bundle: Bundle, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    train_x, train_y = _read_part(bundle, folder, "train")
    test_x, test_y = _read_part(bundle, folder, "t10k")
    return train_x, train_y, test_x, test_y


def _read_part(bundle: Bundle, folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    names = (f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz")
    images, labels = (
        decode_idx(decompress(read_verified(file), str(file.path)), str(file.path))
        for file in listed(folder, bundle.name, names)
    )
    # A right checksum proves that nothing changed since checksums.json was written, not that its author mixed
    # nothing up; these checks are for a folder of the reader's own.
    where = f"{folder / bundle.name}, {part}-…"
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
        raise DataError(
            f"{where}: the images are {images.dtype} of shape {images.shape}; they must be uint8 of shape "
            "(n, 28, 28). Are images and labels exchanged?"
        )
    if labels.dtype != np.uint8 or labels.shape != images.shape[:1]:
        raise DataError(
            f"{where}: the labels are {labels.dtype} of shape {labels.shape}; they must be uint8 of shape "
            f"({len(images)},), one for each image."
        )
    if labels.size and labels.max() >= len(bundle.classes):
        raise DataError(
            f"{where}: there is a label {labels.max()}; the {len(bundle.classes)} classes are 0 … "
            f"{len(bundle.classes) - 1}."
        )
    return images, labels
