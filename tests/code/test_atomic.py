"""Nothing that was saved is lost."""

from pathlib import Path

import pytest

from deeplearning.atomic import atomic_write


def test_an_interrupted_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file.txt"
    with atomic_write(path) as file:
        file.write(b"old")

    def interrupted() -> None:
        with atomic_write(path) as file:
            file.write(b"new, half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]
