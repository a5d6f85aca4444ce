"""Japanese Vowels: the published counts, a classifier that knows the speakers, and what damaged files say."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deeplearning import data
from deeplearning.data import DataError, japanese_vowels
from deeplearning.data.japanese_vowels import _read

TRAIN, TEST = "JapaneseVowels_TRAIN.ts.gz", "JapaneseVowels_TEST.ts.gz"
# Utterances of each speaker in the test, from the data set's own description.
PUBLISHED_TEST = [31, 35, 88, 44, 29, 24, 40, 50, 29]


@pytest.fixture(scope="module")
def vowels() -> data.SequenceSplit:
    return data.japanese_vowels()


def test_the_counts_are_the_published_ones(vowels: data.SequenceSplit) -> None:
    assert np.bincount(vowels.train_y).tolist() == [30] * 9
    assert np.bincount(vowels.test_y).tolist() == PUBLISHED_TEST
    lengths = [len(x) for x in vowels.train_x + vowels.test_x]
    assert (min(lengths), max(lengths)) == (7, 29)
    assert all(
        x.shape[1:] == (12,) and x.dtype == np.float32 for x in vowels.train_x + vowels.test_x
    )
    assert vowels.train_y.dtype == vowels.test_y.dtype == np.int64
    assert "train: 270 sequences of 7 to 29 steps, test: 370, classes: speaker 1," in repr(vowels)


def test_the_first_numbers_are_those_of_the_file(vowels: data.SequenceSplit) -> None:
    """Its first line after @data begins with 1.860936, and that line's second channel with -0.207383."""
    assert vowels.train_x[0][:2, 0].tolist() == np.float32([1.860936, 1.891651]).tolist()
    assert vowels.train_x[0][0, 1] == np.float32(-0.207383)


def test_speakers_are_recognised(vowels: data.SequenceSplit) -> None:
    """By least squares on means and deviations; channels mixed up or labels one off would leave it at one in nine."""

    def rows(sequences: tuple[np.ndarray, ...]) -> np.ndarray:
        return np.stack([np.concatenate([x.mean(0), x.std(0), [1]]) for x in sequences])

    one_hot = np.eye(9)[vowels.train_y]
    weights = np.linalg.lstsq(rows(vowels.train_x).astype(np.float64), one_hot, rcond=None)[0]
    found = (rows(vowels.test_x) @ weights).argmax(axis=1)
    assert (found == vowels.test_y).mean() > 0.93


def test_sequences_can_be_padded(vowels: data.SequenceSplit) -> None:
    padded, lengths = data.pad(vowels.test_x)
    assert padded.shape == (370, 12, 29)
    assert lengths.tolist() == [len(x) for x in vowels.test_x]


def test_arrays_are_the_callers_own(vowels: data.SequenceSplit) -> None:
    x, y = vowels.train_x[0].copy(), vowels.test_y.copy()
    mine = data.japanese_vowels()
    mine.train_x[0][:] = 7
    mine.test_y[:] = 0
    again = data.japanese_vowels()
    np.testing.assert_array_equal(again.train_x[0], x)
    np.testing.assert_array_equal(again.test_y, y)


# A small folder of our own, so that tests can break its files.


def text(*rows: str) -> str:
    return "#a remark\n@problemName JapaneseVowels\n\n@data\n" + "".join(row + "\n" for row in rows)


def row(start: float, steps: int, label: str) -> str:
    channels = [",".join(str(start + c + t / 8) for t in range(steps)) for c in range(12)]
    return ":".join([*channels, label])


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    def build(train: str, test: str, listed: tuple[str, ...] = (TRAIN, TEST)) -> Path:
        folder = tmp_path / "japanese-vowels"
        folder.mkdir(exist_ok=True)
        entries = {}
        for name, content in ((TRAIN, train), (TEST, test)):
            packed = gzip.compress(content.encode(), mtime=0)
            (folder / name).write_bytes(packed)
            if name in listed:
                digest = hashlib.sha256(packed).hexdigest()
                entries[name] = {"bytes": len(packed), "sha256": digest}
        (tmp_path / "checksums.json").write_text(
            json.dumps({"sets": {"japanese-vowels": {"files": entries}}})
        )
        _read.cache_clear()
        return tmp_path

    return build


GOOD = text(row(0, 3, "9"), row(-2, 1, "1"))


def test_a_small_set_comes_back_number_for_number(make: Callable[..., Path]) -> None:
    found = japanese_vowels(folder=make(GOOD, text(row(0.5, 2, "3"))))
    assert [x.shape for x in found.train_x] == [(3, 12), (1, 12)]
    np.testing.assert_array_equal(found.train_x[0], np.arange(12) + np.arange(3)[:, None] / 8)
    assert found.test_x[0][1, 11] == np.float32(11.625)
    assert (found.train_y.tolist(), found.test_y.tolist()) == ([8, 0], [2])


@pytest.mark.parametrize("file", [TRAIN, TEST])
@pytest.mark.parametrize("damage", ["flip", "truncate", "delete"])
def test_a_damaged_file_is_named(make: Callable[..., Path], file: str, damage: str) -> None:
    folder = make(GOOD, text(row(1, 3, "2")))
    path = folder / "japanese-vowels" / file
    content = path.read_bytes()
    path.write_bytes(
        content[:-9] if damage == "truncate" else bytes([content[0] ^ 1]) + content[1:]
    )
    if damage == "delete":
        path.unlink()
    words = {"flip": "was altered", "truncate": "is truncated", "delete": "is missing"}[damage]
    with pytest.raises(DataError, match=rf"japanese-vowels.{file} {words}.*Copy it again"):
        japanese_vowels(folder=folder)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (text(row(0, 3, "0")), r"TRAIN\.ts\.gz, line 5: the class is '0'; it must be 1 to 9"),
        (text(row(0, 3, "1"), row(0, 3, "")), "line 6: the class is ''"),
        (text("1,2:3"), r"line 5: 1 channels of \[2\] values; there must be 12"),
        (text(row(0, 3, "1").replace(",0.25", "")), r"12 channels of \[2, 3\] values"),
        (
            text(row(0, 3, "1").replace(",0.25", ",?")),
            r"line 5: could not convert .*must be numbers",
        ),
        (text(row(0, 3, "1").replace(",0.25", ",nan")), "line 5: there is a NaN or an infinity"),
        (text(row(0, 3, "1").replace(",0.25", ",1e39")), "line 5: there is a NaN or an infinity"),
        (text(), "holds no sequence after a line @data"),
        ("1,2:3\n", "line 1: '1,2:3' comes before @data; is this a .ts file"),
    ],
    ids=["class", "no-class", "channels", "lengths", "word", "nan", "large", "empty", "header"],
)
def test_a_file_with_a_mistake(make: Callable[..., Path], content: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        japanese_vowels(folder=make(content, GOOD))


def test_a_file_that_the_checksums_do_not_list(make: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match=rf"does not list japanese-vowels/{TEST}; it lists {TRAIN}"):
        japanese_vowels(folder=make(GOOD, GOOD, listed=(TRAIN,)))
