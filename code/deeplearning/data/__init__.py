"""Data sets as NumPy arrays: bundled images, sounds and texts, scikit-learn's digits, toy sets; the coding of text,
batches, padding, checks, preprocessing and augmentation."""

from deeplearning.data.augment import Compose, RandomHorizontalFlip, RandomShift
from deeplearning.data.batches import batches
from deeplearning.data.bundled import fashion_mnist, mnist
from deeplearning.data.check import check
from deeplearning.data.corpora import Corpus, constitution, moby_dick
from deeplearning.data.digits import digits
from deeplearning.data.errors import DataError
from deeplearning.data.hangul import from_jamo, to_jamo
from deeplearning.data.idx import decode_idx, encode_idx, read_idx
from deeplearning.data.japanese_vowels import SequenceSplit, japanese_vowels
from deeplearning.data.moving_digits import moving_digits
from deeplearning.data.preprocessing import Standardise, Whiten
from deeplearning.data.sequences import mask, pad, pad_codes, with_mask
from deeplearning.data.split import Split
from deeplearning.data.spoken import Recordings, spoken_digits
from deeplearning.data.streams import streams
from deeplearning.data.text import Alphabet
from deeplearning.data.toy import blobs, gate, moons, spirals

__all__ = [
    "Alphabet",
    "Compose",
    "Corpus",
    "DataError",
    "RandomHorizontalFlip",
    "RandomShift",
    "Recordings",
    "SequenceSplit",
    "Split",
    "Standardise",
    "Whiten",
    "batches",
    "blobs",
    "check",
    "constitution",
    "decode_idx",
    "digits",
    "encode_idx",
    "fashion_mnist",
    "from_jamo",
    "gate",
    "japanese_vowels",
    "mask",
    "mnist",
    "moby_dick",
    "moons",
    "moving_digits",
    "pad",
    "pad_codes",
    "read_idx",
    "spirals",
    "spoken_digits",
    "streams",
    "to_jamo",
    "with_mask",
]
