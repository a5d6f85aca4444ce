import contextlib
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from deeplearning.data import DataError, decode_idx, encode_idx, read_idx
from deeplearning.data.idx import decompress

DTYPES = ["u1", "i1", "i2", "i4", "f4", "f8"]
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda code: hnp.arrays(
        np.dtype(code), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
    )
)

# Every type written out by hand from the format's description: (bytes, array).
BY_HAND: dict[str, tuple[str, np.ndarray]] = {
    "uint8": ("00 00 08 01 00 00 00 02 00 ff", np.array([0, 255], np.uint8)),
    "int8": ("00 00 09 01 00 00 00 02 80 7f", np.array([-128, 127], np.int8)),
    "int16": ("00 00 0b 01 00 00 00 02 ff fe 01 00", np.array([-2, 256], np.int16)),
    "int32": ("00 00 0c 01 00 00 00 01 00 01 00 00", np.array([65536], np.int32)),
    "float32": ("00 00 0d 01 00 00 00 01 3f c0 00 00", np.array([1.5], np.float32)),
    "float64": ("00 00 0e 01 00 00 00 01 c0 00 00 00 00 00 00 00", np.array([-2.0], np.float64)),
    "2x3": (
        "00 00 08 02 00 00 00 02 00 00 00 03 01 02 03 04 05 06",
        np.array([[1, 2, 3], [4, 5, 6]], np.uint8),
    ),
    "scalar": ("00 00 08 00 07", np.array(7, np.uint8)),
    "empty": ("00 00 08 01 00 00 00 00", np.array([], np.uint8)),
}


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("name", BY_HAND)
def test_reads_and_writes_what_the_format_says(name: str) -> None:
    content, array = bytes.fromhex(BY_HAND[name][0]), BY_HAND[name][1]
    assert same(decode_idx(content), array)
    assert encode_idx(array) == content


@given(ARRAYS)
def test_round_trip_keeps_every_bit(array: np.ndarray) -> None:
    again = decode_idx(encode_idx(array))
    assert same(again, array)
    assert again.flags.writeable
    assert again.dtype.isnative


@given(hnp.arrays(np.int16, (3, 4)))
def test_a_transposed_or_byte_swapped_array_is_written_by_its_values(array: np.ndarray) -> None:
    assert same(decode_idx(encode_idx(array.T)), np.ascontiguousarray(array.T))
    assert same(decode_idx(encode_idx(array.astype(">i2"))), array)


def test_the_result_shares_no_memory_with_the_content() -> None:
    content = bytearray(encode_idx(np.array([1, 2], np.uint8)))
    array = decode_idx(content)
    content[-1] = 9
    assert array.tolist() == [1, 2]


@pytest.mark.parametrize("dtype", ["int64", "uint16", "bool", "float16", "complex64", "U3"])
def test_refuses_to_write_types_that_the_format_lacks(dtype: str) -> None:
    with pytest.raises(
        ValueError, match=r"holds uint8, int8, int16, int32, float32, float64"
    ) as error:
        encode_idx(np.zeros(3, dtype))
    assert str(np.dtype(dtype)) in str(error.value)


@given(ARRAYS, st.data())
def test_a_truncated_file_is_refused(array: np.ndarray, data: st.DataObject) -> None:
    content = encode_idx(array)
    kept = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(DataError, match=r"labels\.idx.*truncated"):
        decode_idx(content[:kept], "labels.idx")


@given(ARRAYS, st.binary(min_size=1, max_size=9))
def test_extra_bytes_are_refused(array: np.ndarray, extra: bytes) -> None:
    with pytest.raises(DataError, match="not its own"):
        decode_idx(encode_idx(array) + extra)


@given(
    st.binary(min_size=4, max_size=4).filter(
        lambda magic: magic[:2] != b"\0\0" and magic[:2] != b"\x1f\x8b"
    )
)
def test_a_wrong_magic_number_is_refused(magic: bytes) -> None:
    with pytest.raises(DataError, match="another kind of file") as error:
        decode_idx(magic + bytes(8), "labels.idx")
    assert magic[:3].hex(" ").upper() in str(error.value)


@given(st.integers(0, 255).filter(lambda code: code not in (8, 9, 11, 12, 13, 14)))
def test_an_unknown_type_code_is_refused(code: int) -> None:
    with pytest.raises(DataError, match="another kind of file"):
        decode_idx(bytes([0, 0, code, 1, 0, 0, 0, 0]))


@given(st.binary(max_size=40), st.sampled_from([b"", b"\0\0\x08", b"\0\0\x0d\x01"]))
def test_any_bytes_give_an_array_or_a_data_error(content: bytes, start: bytes) -> None:
    try:
        array = decode_idx(start + content)
    except DataError:
        return
    assert encode_idx(array) == start + content


@pytest.mark.parametrize("ndim", [4, 70])
def test_a_shape_that_numpy_cannot_hold_is_refused(ndim: int) -> None:
    shape = bytes(4) + b"\xff\xff\xff\xff" * (ndim - 1)  # no elements, so that the length is right
    with pytest.raises(DataError, match="NumPy cannot hold"):
        decode_idx(bytes([0, 0, 8, ndim]) + shape)


def test_compressed_bytes_are_recognised() -> None:
    with pytest.raises(DataError, match=r"gzip-compressed.*\.gz"):
        decode_idx(gzip.compress(b"anything"))


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_read_idx_reads_plain_and_compressed_files(tmp_path: Path, suffix: str) -> None:
    array = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    path = tmp_path / f"numbers{suffix}"
    path.write_bytes(gzip.compress(encode_idx(array)) if suffix else encode_idx(array))
    assert same(read_idx(path), array)
    assert same(read_idx(str(path)), array)


def test_read_idx_names_a_missing_and_a_broken_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.gz cannot be read \(No such file"):
        read_idx(tmp_path / "absent.gz")
    broken = tmp_path / "broken.gz"
    broken.write_bytes(b"not gzip at all")
    with pytest.raises(DataError, match=r"broken\.gz cannot be decompressed"):
        read_idx(broken)
    short = tmp_path / "short"
    short.write_bytes(b"\0\0")
    with pytest.raises(DataError, match=r"short has 2 bytes"):
        read_idx(short)


@given(st.binary(max_size=200), st.data())
def test_truncated_gzip_is_refused(payload: bytes, data: st.DataObject) -> None:
    content = gzip.compress(payload, mtime=0)
    kept = data.draw(st.integers(1, len(content) - 1))
    with pytest.raises(DataError, match=r"labels\.gz cannot be decompressed"):
        decompress(content[:kept], "labels.gz")


@given(st.binary(min_size=1, max_size=200), st.data())
def test_altered_gzip_never_gives_other_bytes(payload: bytes, data: st.DataObject) -> None:
    content = bytearray(gzip.compress(payload, mtime=0))
    position = data.draw(st.integers(10, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(
        DataError
    ):  # no error is right too: some bits of the stream mean nothing
        assert decompress(bytes(content)) == payload
