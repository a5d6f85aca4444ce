"""The two texts: what is in them, where they are cut, and what damaged files say."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from deeplearning import data
from deeplearning.data import DataError, corpora

REPOSITORY = Path(__file__).resolve().parents[3]
LOADERS = {"moby-dick": data.moby_dick, "constitution-of-korea": data.constitution}
FILES = {"moby-dick": "data.txt.gz", "constitution-of-korea": "constitution.txt"}
SETS = list(LOADERS)


def published(name: str) -> str:
    content = (REPOSITORY / "data" / name / FILES[name]).read_bytes()
    return (gzip.decompress(content) if name == "moby-dick" else content).decode()


def test_moby_dick_is_whole() -> None:
    text = data.moby_dick().text
    assert text == published("moby-dick")
    assert (len(text), len(set(text))) == (1_190_317, 83)
    chapters = [line.split()[1] for line in text.split("\n") if line.startswith("CHAPTER ")]
    assert chapters == [f"{number}." for number in range(1, 136)]
    assert text.rstrip().endswith("as it rolled five thousand years ago.")


def test_the_constitution_is_whole() -> None:
    text = data.constitution().text
    assert text.split("\n") == published("constitution-of-korea").split("\r\n")
    syllables = [c for c in text if "가" <= c <= "힣"]
    assert (len(text), len(syllables), len(set(syllables))) == (18_884, 12_996, 355)
    assert "\r" not in text
    last = -1
    for article in range(1, 131):
        place = text.find(f"제{article}조", last + 1)
        assert place > last, f"article {article}"
        last = place


@pytest.mark.parametrize("name", SETS)
def test_parts_end_at_the_first_paragraph_after_their_share(name: str) -> None:
    corpus = LOADERS[name]()
    whole = corpus.train + corpus.validation + corpus.test
    end = "\n\n" if name == "moby-dick" else "\n"
    start = 0
    for part, share in ((corpus.train, 0.8), (corpus.validation, 0.9)):
        start += len(part)
        assert whole[:start].endswith(end)
        shortest = int(share * len(whole)) + len(end)  # no paragraph ended between here and there
        assert start >= shortest
        assert end not in whole[shortest - len(end) : start - 1]
    assert corpus.test
    assert repr(corpus).startswith(f"Corpus({corpus.name}, characters: {len(corpus.train):,} to")


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """A folder of our own with matching checksums, so that tests can break its file."""

    def build(name: str, content: bytes, listed: bool = True) -> Path:
        content = gzip.compress(content, mtime=0) if name == "moby-dick" else content
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / FILES[name]).write_bytes(content)
        entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        files = {FILES[name] if listed else "other.txt": entry}
        (tmp_path / "checksums.json").write_text(json.dumps({"sets": {name: {"files": files}}}))
        corpora._read.cache_clear()
        return tmp_path

    return build


LINES = "\r\n\r\n".join("가나다라마바사아자차").encode()


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("damage", ["flip", "truncate", "delete"])
def test_a_damaged_file_is_named(make: Callable[..., Path], name: str, damage: str) -> None:
    folder = make(name, LINES)
    assert LOADERS[name](folder=folder).text == LINES.decode().replace("\r", "")
    path = folder / name / FILES[name]
    content = path.read_bytes()
    path.write_bytes(
        content[:-5] if damage == "truncate" else bytes([content[0] ^ 1]) + content[1:]
    )
    if damage == "delete":
        path.unlink()
    words = {"flip": "was altered", "truncate": "is truncated", "delete": "is missing"}[damage]
    corpora._read.cache_clear()
    with pytest.raises(DataError, match=rf"{name}.{FILES[name]} {words}.*Copy it again"):
        LOADERS[name](folder=folder)


@pytest.mark.parametrize("name", SETS)
def test_a_file_with_a_mistake_and_a_right_checksum(make: Callable[..., Path], name: str) -> None:
    load = LOADERS[name]
    with pytest.raises(DataError, match=r"is no text in UTF-8: byte 3 is 0xb0\. Save it as UTF-8"):
        load(folder=make(name, b"abc" + "가".encode("cp949") + LINES))
    for short in (b"", b"one paragraph\n\n", b"no end of a paragraph", b"a" * 99 + b"\n\nb"):
        with pytest.raises(DataError, match="cannot be cut into 80 %, 10 % and 10 %"):
            load(folder=make(name, short))
    with pytest.raises(
        DataError, match=rf"does not list {name}/{FILES[name]}; it lists other\.txt"
    ):
        load(folder=make(name, LINES, listed=False))


def test_a_checksum_of_something_that_is_not_gzip(make: Callable[..., Path]) -> None:
    folder = make("moby-dick", LINES)
    plain = {"bytes": 3, "sha256": hashlib.sha256(b"abc").hexdigest()}
    (folder / "moby-dick" / "data.txt.gz").write_bytes(b"abc")
    (folder / "checksums.json").write_text(
        json.dumps({"sets": {"moby-dick": {"files": {"data.txt.gz": plain}}}})
    )
    with pytest.raises(DataError, match=r"data\.txt\.gz cannot be decompressed"):
        data.moby_dick(folder=folder)
