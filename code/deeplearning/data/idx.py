"""The IDX file format of MNIST: reading it, writing it, and refusing what only looks like it.

An IDX file is one array, big-endian, row-major:

======================  =====================================================================
bytes                   meaning
======================  =====================================================================
0, 1                    zero
2                       type of an element: ``08`` uint8, ``09`` int8, ``0B`` int16, ``0C`` int32,
                        ``0D`` float32, ``0E`` float64
3                       number of dimensions *d*
4 … 4 + 4d − 1          the *d* sizes, each an unsigned 32-bit integer
from 4 + 4d             the elements; the last index runs fastest
======================  =====================================================================

The four header bytes together are the "magic number": 2049 (``00 00 08 01``) for MNIST's labels,
2051 (``00 00 08 03``) for its images.
"""

import gzip
import math
import os
import zlib
from pathlib import Path

import numpy as np

from deeplearning.data.errors import DataError

# The format knows nothing else: no int64, no bool, no text.
DTYPES: dict[int, np.dtype] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_CODES = {dtype.newbyteorder("="): code for code, dtype in DTYPES.items()}


def decode_idx(content: bytes | bytearray, name: str = "the buffer") -> np.ndarray:
    """Turn the bytes of an IDX file into an array.

    The content must have exactly ``4 + 4 d + itemsize · ∏ sizes`` bytes for *d* dimensions.

    Args:
        content: the whole file, uncompressed.
        name: what an error message calls it, usually the path.

    Returns:
        An array of the header's shape and type in this machine's byte order. It is writable and
        shares no memory with ``content``.

    Raises:
        DataError: the header is not IDX, or the length is not what the header promises.

    Source: the format description on the MNIST page (LeCun, Cortes and Burges, 1998).

    >>> decode_idx(bytes([0, 0, 8, 1,  0, 0, 0, 3,  5, 0, 4]))
    array([5, 0, 4], dtype=uint8)
    """
    if len(content) < 4:
        raise DataError(
            f"{name} has {len(content)} bytes; an IDX file starts with a header of at least 4. "
            "It is truncated or not an IDX file: fetch it again."
        )
    if content[:2] == b"\x1f\x8b":
        raise DataError(
            f"{name} is gzip-compressed; give its name the ending .gz or decompress it first."
        )
    code, ndim = content[2], content[3]
    if content[:2] != b"\0\0" or code not in DTYPES:
        accepted = ", ".join(f"00 00 {known:02X}" for known in DTYPES)
        raise DataError(
            f"{name} starts with {content[:3].hex(' ').upper()}; an IDX file starts with one of {accepted}. "
            "It is another kind of file or was altered: fetch it again."
        )
    start = 4 + 4 * ndim
    if len(content) < start:
        raise DataError(
            f"{name} has {len(content)} bytes; the header of an IDX file with {ndim} dimensions has {start}. "
            "It is truncated: fetch it again."
        )
    shape = tuple(int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(ndim))
    dtype = DTYPES[code]
    expected = start + math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        problem = (
            "truncated" if len(content) < expected else "followed by something that is not its own"
        )
        raise DataError(
            f"{name} has {len(content):,} bytes; its header says {dtype.newbyteorder('=').name} of shape "
            f"{shape}, which makes {expected:,}. It is {problem}: fetch it again."
        )
    try:
        big_endian = np.frombuffer(content, dtype, offset=start).reshape(shape)
    except (
        ValueError
    ) as error:  # an empty array whose other sizes, or their number, exceed what NumPy can hold
        raise DataError(
            f"{name} has the shape {shape}, which NumPy cannot hold ({error})."
        ) from error
    return big_endian.astype(dtype.newbyteorder("="))


def encode_idx(array: np.ndarray) -> bytes:
    """Write an array as the bytes of an IDX file; the inverse of :func:`decode_idx`.

    Args:
        array: any shape of at most 255 dimensions; uint8, int8, int16, int32, float32 or float64.

    Returns:
        The file's content, uncompressed.

    Raises:
        ValueError: the format has no code for the array's type.

    >>> encode_idx(np.array([5, 0, 4], dtype=np.uint8)).hex(" ")
    '00 00 08 01 00 00 00 03 05 00 04'
    """
    code = _CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        accepted = ", ".join(dtype.name for dtype in _CODES)
        raise ValueError(
            f"an IDX file cannot hold {array.dtype}; it holds {accepted}. Convert with array.astype(...)."
        )
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.astype(DTYPES[code]).tobytes()


def decompress(content: bytes, name: str = "the buffer") -> bytes:
    """Undo gzip, and say which file is broken where Python only says what zlib thinks.

    Args:
        content: a whole ``.gz`` file.
        name: what an error message calls it.

    Returns:
        The uncompressed bytes.

    Raises:
        DataError: the content is not gzip, is truncated, or fails gzip's own CRC-32.

    >>> decompress(gzip.compress(b"seven"))
    b'seven'
    """
    try:
        return gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{name} cannot be decompressed ({error}). It is truncated or altered: fetch it again."
        ) from error


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """Read an IDX file, compressed or not, into an array.

    Args:
        path: the file; a name that ends in ``.gz`` is decompressed.

    Returns:
        An array of the file's shape and type; see :func:`decode_idx`.

    Raises:
        DataError: the file is missing, truncated, or not IDX.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "labels-idx1-ubyte.gz"
    ...     _ = path.write_bytes(gzip.compress(encode_idx(np.array([7, 2], dtype=np.uint8))))
    ...     read_idx(path)
    array([7, 2], dtype=uint8)
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}). Check the path and its permissions."
        ) from error
    if path.suffix == ".gz":
        content = decompress(content, str(path))
    return decode_idx(content, str(path))
