import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplearning.data import DataError, checksums
from deeplearning.data.checksums import File, data_folder, read_checksums, read_verified

LABELS = "train-labels-idx1-ubyte.gz"
# Any content that starts as gzip does: what starts as a Git LFS pointer gives another message.
GZIP = st.binary(max_size=300).map(lambda rest: b"\x1f\x8b" + rest)
REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch") / "numbers.gz"


def file_of(path: Path, content: bytes) -> File:
    return File(path, len(content), hashlib.sha256(content).hexdigest())


def test_the_default_folder_is_the_repositorys() -> None:
    assert data_folder() == REPOSITORY / "data"


def test_an_explicit_folder_may_be_a_string(folder: Path) -> None:
    assert data_folder(str(folder)) == folder.resolve()


def test_a_missing_explicit_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no folder .*absent\. Pass the path"):
        data_folder(tmp_path / "absent")


def test_a_file_is_no_folder(folder: Path) -> None:
    with pytest.raises(DataError, match="there is no folder"):
        data_folder(folder / "checksums.json")


def test_a_missing_default_folder_says_how_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksums, "BUNDLED_FOLDER", tmp_path / "data")
    with pytest.raises(DataError, match=r"pip install -e \..*folder="):
        data_folder()


def test_checksums_name_path_size_and_digest(folder: Path) -> None:
    file = read_checksums(folder, "mnist")[LABELS]
    assert file.path == folder / "mnist" / LABELS
    assert file.size == file.path.stat().st_size
    assert read_verified(file) == file.path.read_bytes()


def test_an_unlisted_set(folder: Path) -> None:
    with pytest.raises(DataError, match=r"lists no files of 'cifar-10'; it knows mnist"):
        read_checksums(folder, "cifar-10")


def test_an_empty_list(folder: Path) -> None:
    (folder / "checksums.json").write_text('{"sets": {}}')
    with pytest.raises(DataError, match="it knows no set"):
        read_checksums(folder, "mnist")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"sets": []}',
        '{"sets": {"mnist": {}}}',
        '{"sets": {"mnist": {"files": {"a.gz": {"bytes": 3}}}}}',
        '{"sets": {"mnist": {"files": {"a.gz": {"bytes": "many", "sha256": "' + "0" * 64 + '"}}}}}',
        '{"sets": {"mnist": {"files": {"a.gz": {"bytes": 3, "sha256": "0"}}}}}',
        '{"sets": {"mnist": {"files": {"a.gz": {"bytes": 3, "sha256": 7}}}}}',
        "\udcff",
    ],
    ids=[
        "empty",
        "cut",
        "list",
        "no-sets",
        "sets-list",
        "no-files",
        "no-sha",
        "size",
        "short-sha",
        "number",
        "utf-8",
    ],
)
def test_a_broken_list_of_checksums(folder: Path, content: str) -> None:
    (folder / "checksums.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match=r"checksums\.json is not a list of checksums"):
        read_checksums(folder, "mnist")


def test_a_missing_list_of_checksums(folder: Path) -> None:
    (folder / "checksums.json").unlink()
    with pytest.raises(DataError, match=r"checksums\.json cannot be read \(No such file"):
        read_checksums(folder, "mnist")


def test_a_missing_file(folder: Path) -> None:
    file = read_checksums(folder, "mnist")[LABELS]
    file.path.unlink()
    with pytest.raises(DataError, match=rf"{LABELS} is missing\. Copy it again"):
        read_verified(file)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match="cannot be read"
    ):  # a folder in its place: also refused for root
        read_verified(File(tmp_path, 3, "0" * 64))


@given(content=GZIP, data=st.data())
def test_any_flipped_bit_is_found(scratch: Path, content: bytes, data: st.DataObject) -> None:
    file = file_of(scratch, content)
    altered = bytearray(content)
    altered[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    scratch.write_bytes(altered)
    with pytest.raises(DataError, match=r"numbers\.gz was altered: its SHA-256 is"):
        read_verified(file)
    scratch.write_bytes(content)
    assert read_verified(file) == content


@given(content=GZIP, data=st.data())
def test_any_truncation_is_found(scratch: Path, content: bytes, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, len(content) - 1))
    scratch.write_bytes(content[:kept])
    with pytest.raises(
        DataError, match=rf"numbers\.gz is truncated: {kept} of {len(content)} bytes"
    ):
        read_verified(file_of(scratch, content))


@given(content=GZIP, extra=st.binary(min_size=1, max_size=9))
def test_anything_appended_is_found(scratch: Path, content: bytes, extra: bytes) -> None:
    scratch.write_bytes(content + extra)
    with pytest.raises(DataError, match=r"numbers\.gz is too long"):
        read_verified(file_of(scratch, content))


def test_a_git_lfs_pointer_is_recognised(scratch: Path) -> None:
    scratch.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(DataError, match="Git LFS pointer"):
        read_verified(file_of(scratch, b"the data" * 100))


def test_files_in_each_others_place_are_named(folder: Path) -> None:
    files = read_checksums(folder, "mnist")
    labels, images = files[LABELS], files["train-images-idx3-ubyte.gz"]
    labels.path.write_bytes(images.path.read_bytes())
    with pytest.raises(
        DataError, match=rf"{LABELS} has the content of mnist/train-images.*mixed up"
    ):
        read_verified(labels)


def test_the_remedy_for_a_bundled_file_is_a_git_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksums, "BUNDLED_FOLDER", folder)
    file = read_checksums(folder, "mnist")[LABELS]
    file.path.write_bytes(b"")
    with pytest.raises(DataError, match=rf"git checkout -- data/mnist/{LABELS}$"):
        read_verified(file)


def test_the_readme_says_what_checksums_json_says() -> None:
    readme = (REPOSITORY / "data" / "README.md").read_text(encoding="utf-8")
    sets = json.loads((REPOSITORY / "data" / "checksums.json").read_bytes())["sets"]
    for name, data_set in sets.items():
        assert (REPOSITORY / "data" / name / "LICENSE").is_file()
        present = {p.name for p in (REPOSITORY / "data" / name).iterdir()} - {"LICENSE"}
        assert present == set(data_set["files"])
        for file, entry in data_set["files"].items():
            assert f"| `{name}/{file}` | {entry['bytes']:,} | `{entry['sha256']}` |" in readme
            content = f"| `{name}/{file.removesuffix('.gz')}` | {entry['content_bytes']:,} | `{entry['content_md5']}` |"
            assert content in readme
