"""A small data folder of our own, so that tests can break its files."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deeplearning.data import bundled

FILES = {
    "train-images-idx3-ubyte.gz": ("train", "images"),
    "train-labels-idx1-ubyte.gz": ("train", "labels"),
    "t10k-images-idx3-ubyte.gz": ("t10k", "images"),
    "t10k-labels-idx1-ubyte.gz": ("t10k", "labels"),
}


def idx_by_hand(array: np.ndarray) -> bytes:
    """uint8 arrays as IDX, written independently of the encoder under test."""
    return (
        b"\x00\x00\x08"
        + bytes([array.ndim])
        + np.array(array.shape, ">u4").tobytes()
        + array.tobytes()
    )


def small_arrays() -> dict[tuple[str, str], np.ndarray]:
    rng = np.random.default_rng(1)
    arrays = {}
    for part, n in (("train", 12), ("t10k", 5)):
        arrays[part, "images"] = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        arrays[part, "labels"] = rng.integers(0, 10, n, dtype=np.uint8)
    return arrays


def write_set(folder: Path, arrays: dict[tuple[str, str], np.ndarray], name: str = "mnist") -> Path:
    """Write files and matching checksums, as somebody would who bundles a set of their own."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    entries = {}
    for file, key in FILES.items():
        content = gzip.compress(idx_by_hand(arrays[key]), mtime=0)
        (folder / name / file).write_bytes(content)
        entries[file] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "checksums.json").write_text(
        json.dumps({"schema": 1, "sets": {name: {"files": entries}}})
    )
    return folder


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    """Only the module that reads the real files may keep what another test read."""
    bundled._read.cache_clear()


@pytest.fixture
def arrays() -> dict[tuple[str, str], np.ndarray]:
    return small_arrays()


@pytest.fixture
def make_folder(tmp_path: Path) -> Callable[[dict[tuple[str, str], np.ndarray]], Path]:
    return lambda arrays: write_set(tmp_path / "data", arrays)


@pytest.fixture
def folder(make_folder: Callable, arrays: dict[tuple[str, str], np.ndarray]) -> Path:
    return make_folder(arrays)
