"""Data sets as NumPy arrays: bundled images, scikit-learn's digits, toy sets; batches, checks, preprocessing and
augmentation."""

from deeplearning.data.augment import Compose, RandomHorizontalFlip, RandomShift
from deeplearning.data.batches import batches
from deeplearning.data.bundled import fashion_mnist, mnist
from deeplearning.data.check import check
from deeplearning.data.digits import digits
from deeplearning.data.errors import DataError
from deeplearning.data.idx import decode_idx, encode_idx, read_idx
from deeplearning.data.preprocessing import Standardise, Whiten
from deeplearning.data.split import Split
from deeplearning.data.toy import blobs, gate, moons, spirals

__all__ = [
    "Compose",
    "DataError",
    "RandomHorizontalFlip",
    "RandomShift",
    "Split",
    "Standardise",
    "Whiten",
    "batches",
    "blobs",
    "check",
    "decode_idx",
    "digits",
    "encode_idx",
    "fashion_mnist",
    "gate",
    "mnist",
    "moons",
    "read_idx",
    "spirals",
]
