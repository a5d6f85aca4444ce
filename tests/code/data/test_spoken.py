"""Spoken digits: the order that gives the names back, the splits, and what damaged or mixed-up files say."""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from deeplearning import data
from deeplearning.data import DataError, spoken

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


@pytest.fixture(scope="module")
def digits() -> data.Recordings:
    return data.spoken_digits()


def crc32c(content: bytes) -> int:
    """Castagnoli's cyclic redundancy check bit by bit, without the final inversion."""
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    return value


def test_the_check_is_the_known_one() -> None:
    assert (
        crc32c(b"123456789") ^ 0xFFFFFFFF == 0xE3069283
    )  # the value in RFC 3720 and in every catalogue


def test_the_names_are_in_the_order_of_the_file_system(digits: data.Recordings) -> None:
    """Sorted as APFS lists a folder, the published names give the labels of the archive, all 3,000 of them."""
    names = [f"{d}_{s}_{n}.wav" for d in range(10) for s in SPEAKERS for n in range(50)]
    place = {name: crc32c(name.encode("utf-32-le")) & (2**22 - 1) for name in names}
    assert len(set(place.values())) == len(names)  # so that the order is the only one
    ordered = sorted(names, key=place.__getitem__)
    listed = zip(digits.labels, digits.speakers, digits.numbers, strict=True)
    assert ordered == [f"{d}_{digits.speaker_names[s]}_{n}.wav" for d, s, n in listed]
    with np.load(data.checksums.data_folder() / "spoken-digits" / "digits.npz") as arrays:
        assert [int(name[0]) for name in ordered] == arrays["y"].tolist()


def test_the_sounds_agree_with_the_names(digits: data.Recordings) -> None:
    """Names in a wrong order would leave the speaker at one in six."""
    rows = [np.concatenate([part.mean(0), part.std(0)]) for part in digits.sequences]
    x = data.Standardise.fit(np.stack(rows))(np.stack(rows))
    train, test = digits.published_split()
    model = LogisticRegression(max_iter=100).fit(x[train], digits.speakers[train])
    assert model.score(x[test], digits.speakers[test]) > 0.98


def test_the_whole_set_is_as_documented(digits: data.Recordings) -> None:
    assert digits.speaker_names == SPEAKERS
    assert digits.classes[0] == "zero"
    assert digits.classes[9] == "nine"
    assert (digits.lengths.min(), digits.lengths.max(), digits.lengths.sum()) == (6, 92, 53_999)
    assert all(part.shape[1:] == (13,) and part.dtype == np.float32 for part in digits.sequences)
    assert digits.labels.dtype == digits.speakers.dtype == digits.numbers.dtype == np.int64
    triples = zip(
        digits.labels.tolist(), digits.speakers.tolist(), digits.numbers.tolist(), strict=True
    )
    assert Counter(triples) == Counter(
        (d, s, n) for d in range(10) for s in range(6) for n in range(50)
    )
    assert "3,000 of 6 to 92 frames" in repr(digits)


def test_the_published_split(digits: data.Recordings) -> None:
    train, test = digits.published_split()
    assert sorted([*train, *test]) == list(range(3000))
    assert set(digits.numbers[test]) == set(range(5))
    assert Counter(digits.speakers[test].tolist()) == dict.fromkeys(range(6), 50)


@pytest.mark.parametrize("speaker", [1, "jackson"])
def test_leaving_a_speaker_out(digits: data.Recordings, speaker: int | str) -> None:
    train, test = digits.leave_out(speaker)
    assert set(digits.speakers[test]) == {1}
    assert 1 not in digits.speakers[train]
    assert len(train) + len(test) == 3000


@pytest.mark.parametrize("speaker", ["anna", 6, -1, 2.5, None])
def test_nobody_of_that_name(digits: data.Recordings, speaker: int | str) -> None:
    with pytest.raises(ValueError, match=rf"speaker is {speaker!r}; give one of george, .* 0 to 5"):
        digits.leave_out(speaker)


def test_arrays_are_the_callers_own(digits: data.Recordings) -> None:
    mine = data.spoken_digits()
    mine.sequences[0][:] = 7
    mine.labels[:] = 0
    again = data.spoken_digits()
    np.testing.assert_array_equal(again.sequences[0], digits.sequences[0])
    np.testing.assert_array_equal(again.labels, digits.labels)


# A small folder of our own, so that tests can break its files.


def small() -> dict[str, np.ndarray]:
    x = np.random.default_rng(3).normal(size=(9, 13)).astype(np.float32)
    return {"X": x, "y": np.array([7, 8, 7]), "lengths": np.array([2, 4, 3])}


NAMES = "7_theo_0.wav\n8_theo_0.wav\n7_anna_11.wav\n"


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    def build(
        arrays: dict[str, np.ndarray] | None = None,
        names: str = NAMES,
        archive: bytes | None = None,
        listed: tuple[str, ...] = ("digits.npz", "recordings.txt"),
    ) -> Path:
        stream = io.BytesIO()
        np.savez_compressed(stream, **(small() if arrays is None else arrays))
        folder = tmp_path / "spoken-digits"
        folder.mkdir(exist_ok=True)
        files = {"digits.npz": archive or stream.getvalue(), "recordings.txt": names.encode()}
        for name, content in files.items():
            (folder / name).write_bytes(content)
        entries = {
            name: {"bytes": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()}
            for name in listed
        }
        (tmp_path / "checksums.json").write_text(
            json.dumps({"sets": {"spoken-digits": {"files": entries}}})
        )
        spoken._read.cache_clear()
        return tmp_path

    return build


def test_a_small_set_comes_back_number_for_number(make: Callable[..., Path]) -> None:
    found, arrays = data.spoken_digits(folder=make()), small()
    np.testing.assert_array_equal(np.concatenate(found.sequences), arrays["X"])
    assert found.lengths.tolist() == [2, 4, 3]
    assert found.speaker_names == ("anna", "theo")
    assert found.speakers.tolist() == [1, 1, 0]
    assert found.numbers.tolist() == [0, 0, 11]


@pytest.mark.parametrize("file", ["digits.npz", "recordings.txt"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "delete"])
def test_a_damaged_file_is_named(make: Callable[..., Path], file: str, damage: str) -> None:
    folder = make()
    path = folder / "spoken-digits" / file
    content = path.read_bytes()
    path.write_bytes(
        content[:-9] if damage == "truncate" else bytes([content[0] ^ 1]) + content[1:]
    )
    if damage == "delete":
        path.unlink()
    words = {"flip": "was altered", "truncate": "is truncated", "delete": "is missing"}[damage]
    with pytest.raises(DataError, match=rf"spoken-digits.{file} {words}.*Copy it again"):
        data.spoken_digits(folder=folder)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"X": small()["X"][:, :12]},
            r"X is float32 of shape \(9, 12\); it must be float32 .* 13\)",
        ),
        ({"X": small()["X"].astype(np.float64)}, "X is float64"),
        ({"X": np.full((9, 13), np.nan, np.float32)}, "X holds NaN or infinity"),
        (
            {"lengths": np.array([2, 4, 4])},
            "add up to 10; they must be positive and add up to the 9",
        ),
        ({"lengths": np.array([0, 6, 3])}, "must be positive"),
        ({"lengths": np.array([2.0, 4.0, 3.0])}, "lengths are float64 .* must be integers"),
        ({"lengths": np.array(9)}, r"lengths are int64 of shape \(\); they must be"),
        ({"lengths": np.array([], int), "X": small()["X"][:0]}, "must be positive"),
        ({"y": np.array([7, 8, 8])}, "do not say the same digits in the same order"),
    ],
    ids=["coefficients", "dtype", "nan", "sum", "empty", "float", "one", "none", "labels"],
)
def test_an_archive_with_a_mistake(
    make: Callable[..., Path], changes: dict[str, np.ndarray], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        data.spoken_digits(folder=make(small() | changes))


def test_an_archive_of_something_else(make: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="is not the archive of arrays X, lengths and y"):
        data.spoken_digits(folder=make({"X": small()["X"]}))
    with pytest.raises(DataError, match="is not the archive of arrays"):
        data.spoken_digits(folder=make(archive=b"no archive"))
    single, whole = io.BytesIO(), io.BytesIO()
    np.save(single, small()["X"])
    np.savez(whole, **small())
    for archive in (single.getvalue(), whole.getvalue()[:200]):
        with pytest.raises(DataError, match="is not the archive of arrays"):
            data.spoken_digits(folder=make(archive=archive))


def test_a_pickled_archive_is_not_opened(make: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="is not the archive"):
        data.spoken_digits(folder=make(small() | {"y": np.array([7, "8", None], dtype=object)}))


def test_a_line_that_is_no_name(make: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=r"recordings.txt, line 2: '8-theo.wav' is no name"):
        data.spoken_digits(folder=make(names="7_theo_0.wav\n8-theo.wav\n"))


def test_a_file_that_the_checksums_do_not_list(make: Callable[..., Path]) -> None:
    with pytest.raises(
        DataError, match=r"does not list spoken-digits/recordings.txt; it lists digits"
    ):
        data.spoken_digits(folder=make(listed=("digits.npz",)))
