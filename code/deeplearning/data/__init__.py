"""Data sets as NumPy arrays: bundled images and sounds, scikit-learn's digits, toy sets; batches, padding, checks,
preprocessing and augmentation."""

from deeplearning.data.augment import Compose, RandomHorizontalFlip, RandomShift
from deeplearning.data.batches import batches
from deeplearning.data.bundled import fashion_mnist, mnist
from deeplearning.data.check import check
from deeplearning.data.digits import digits
from deeplearning.data.errors import DataError
from deeplearning.data.idx import decode_idx, encode_idx, read_idx
from deeplearning.data.moving_digits import moving_digits
from deeplearning.data.preprocessing import Standardise, Whiten
from deeplearning.data.sequences import mask, pad, with_mask
from deeplearning.data.split import Split
from deeplearning.data.spoken import Recordings, spoken_digits
from deeplearning.data.toy import blobs, gate, moons, spirals

__all__ = [
    "Compose",
    "DataError",
    "RandomHorizontalFlip",
    "RandomShift",
    "Recordings",
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
    "mask",
    "mnist",
    "moons",
    "moving_digits",
    "pad",
    "read_idx",
    "spirals",
    "spoken_digits",
    "with_mask",
]
