import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from deeplearning import data
from deeplearning.data import DataError, bundled, checksums

REPOSITORY = Path(__file__).resolve().parents[3]
LOADERS = {"fashion-mnist": data.fashion_mnist, "mnist": data.mnist}

# MD5 of the uncompressed files as others list them, and the sizes that 60,000 and 10,000 images make.
PUBLISHED = {
    "fashion-mnist/train-images-idx3-ubyte": ("f4a8712d7a061bf5bd6d2ca38dc4d50a", 16 + 60000 * 784),
    "fashion-mnist/train-labels-idx1-ubyte": ("9018921c3c673c538a1fc5bad174d6f9", 8 + 60000),
    "fashion-mnist/t10k-images-idx3-ubyte": ("8181f5470baa50b63fa0f6fddb340f0a", 16 + 10000 * 784),
    "fashion-mnist/t10k-labels-idx1-ubyte": ("15d484375f8d13e6eb1aabb0c3f46965", 8 + 10000),
    "mnist/train-images-idx3-ubyte": ("6bbc9ace898e44ae57da46a324031adb", 16 + 60000 * 784),
    "mnist/train-labels-idx1-ubyte": ("a25bea736e30d166cdddb491f175f624", 8 + 60000),
    "mnist/t10k-images-idx3-ubyte": ("2646ac647ad5339dbf082846283269ea", 16 + 10000 * 784),
    "mnist/t10k-labels-idx1-ubyte": ("27ae3e4e09519cfbb04c329615203637", 8 + 10000),
}
# Mean and standard deviation of the training pixels, as every PyTorch example normalises with them.
STATISTICS = {"fashion-mnist": (0.2860, 0.3530), "mnist": (0.1307, 0.3081)}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_bundled_content_is_the_published_one(name: str) -> None:
    content = gzip.decompress((REPOSITORY / "data" / f"{name}.gz").read_bytes())
    md5, size = PUBLISHED[name]
    assert len(content) == size
    assert hashlib.md5(content).hexdigest() == md5
    folder, file = name.split("/")
    entry = json.loads((REPOSITORY / "data/checksums.json").read_bytes())["sets"][folder]["files"][
        f"{file}.gz"
    ]
    assert (entry["content_md5"], entry["content_bytes"]) == (md5, size)


@pytest.mark.parametrize("name", LOADERS)
def test_the_whole_set_is_as_documented(name: str) -> None:
    split = LOADERS[name]()
    assert split.train_x.shape == (60000, 28, 28)
    assert split.test_x.shape == (10000, 28, 28)
    assert split.train_x.dtype == split.test_x.dtype == np.float32
    assert split.train_y.dtype == split.test_y.dtype == np.int64
    for x, y in ((split.train_x, split.train_y), (split.test_x, split.test_y)):
        data.check(x, y, split.classes)
        assert (x.min(), x.max()) == (0, 1)
        assert set(y) == set(range(10))
    assert len(split.classes) == 10
    mean, deviation = STATISTICS[name]
    assert round(float(split.train_x.mean(dtype=np.float64)), 4) == mean
    assert round(float(split.train_x.std(dtype=np.float64)), 4) == deviation


def test_the_classes_mean_what_they_should() -> None:
    assert data.mnist().classes == tuple("0123456789")
    assert bundled.FASHION_MNIST.classes == (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    )


def test_small_files_come_back_number_for_number(folder: Path, arrays: dict) -> None:
    split = data.mnist(folder=folder)
    for part, x, y in (
        ("train", split.train_x, split.train_y),
        ("t10k", split.test_x, split.test_y),
    ):
        np.testing.assert_array_equal(
            x, (arrays[part, "images"].astype(np.float64) / 255).astype(np.float32)
        )
        np.testing.assert_array_equal(y, arrays[part, "labels"])
    flat = data.mnist(flat=True, folder=str(folder))
    np.testing.assert_array_equal(flat.train_x, split.train_x.reshape(12, 784))
    assert flat.test_x.shape == (5, 784)


def test_arrays_are_the_callers_own(folder: Path) -> None:
    first, untouched = data.mnist(folder=folder), data.mnist(folder=folder)
    for array in (first.train_x, first.train_y, first.test_x, first.test_y):
        array[...] = 7
    again = data.mnist(folder=folder)
    for field in ("train_x", "train_y", "test_x", "test_y"):
        np.testing.assert_array_equal(getattr(again, field), getattr(untouched, field))
    assert again.train_x.max() <= 1


def test_files_are_verified_once_a_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(file: checksums.File) -> bytes:
        read.append(file.path.name)
        return checksums.read_verified(file)

    monkeypatch.setattr(bundled, "read_verified", counted)
    for _ in range(3):
        data.mnist(folder=folder)
        data.mnist(flat=True, folder=folder)
    assert sorted(read) == sorted(p.name for p in (folder / "mnist").iterdir())


@pytest.mark.parametrize(
    "file", [name.split("/")[1] + ".gz" for name in PUBLISHED if name.startswith("mnist")]
)
@pytest.mark.parametrize("damage", ["flip", "truncate", "extend", "empty", "delete"])
def test_a_damaged_file_is_named_and_a_restored_one_works(
    folder: Path, file: str, damage: str
) -> None:
    path = folder / "mnist" / file
    content = path.read_bytes()
    changed = {
        "flip": content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
        "truncate": content[: len(content) // 2],
        "extend": content + b"\0",
        "empty": b"",
    }
    path.unlink() if damage == "delete" else path.write_bytes(changed[damage])
    with pytest.raises(DataError, match=rf"mnist.{file} .*Copy it again"):
        data.mnist(folder=folder)
    path.write_bytes(content)
    assert len(data.mnist(folder=folder).train_x) == 12


def test_exchanged_files_are_found(folder: Path) -> None:
    images, labels = (
        folder / "mnist" / f"train-{name}-ubyte.gz" for name in ("images-idx3", "labels-idx1")
    )
    first, second = images.read_bytes(), labels.read_bytes()
    images.write_bytes(second)
    labels.write_bytes(first)
    with pytest.raises(
        DataError,
        match=r"has the content of mnist/train-labels-idx1-ubyte\.gz: the two were mixed up",
    ):
        data.mnist(folder=folder)


# What follows has checksums that fit: a folder of somebody's own with a mistake in it.


def test_images_in_the_place_of_labels(make_folder: Callable, arrays: dict) -> None:
    arrays["train", "images"], arrays["train", "labels"] = (
        arrays["train", "labels"],
        arrays["train", "images"],
    )
    with pytest.raises(
        DataError, match=r"train-…: the images are uint8 of shape \(12,\); .*exchanged\?"
    ):
        data.mnist(folder=make_folder(arrays))


def test_images_of_another_size(make_folder: Callable, arrays: dict) -> None:
    arrays["t10k", "images"] = arrays["t10k", "images"][:, :, :27].copy()
    with pytest.raises(DataError, match=r"t10k-…: the images are uint8 of shape \(5, 28, 27\)"):
        data.mnist(folder=make_folder(arrays))


def test_another_number_of_labels(make_folder: Callable, arrays: dict) -> None:
    arrays["t10k", "labels"] = arrays["t10k", "labels"][:4]
    with pytest.raises(
        DataError, match=r"the labels are uint8 of shape \(4,\); .*\(5,\), one for each image"
    ):
        data.mnist(folder=make_folder(arrays))


def test_a_label_that_is_no_class(make_folder: Callable, arrays: dict) -> None:
    arrays["train", "labels"][3] = 10
    with pytest.raises(DataError, match=r"there is a label 10; the 10 classes are 0 … 9"):
        data.mnist(folder=make_folder(arrays))


def test_an_empty_set(make_folder: Callable, arrays: dict) -> None:
    arrays["t10k", "images"], arrays["t10k", "labels"] = (
        np.zeros((0, 28, 28), np.uint8),
        np.zeros(0, np.uint8),
    )
    assert data.mnist(folder=make_folder(arrays)).test_x.shape == (0, 28, 28)


def test_a_file_that_the_checksums_do_not_list(folder: Path) -> None:
    path = folder / "checksums.json"
    content = json.loads(path.read_text())
    del content["sets"]["mnist"]["files"]["t10k-labels-idx1-ubyte.gz"]
    path.write_text(json.dumps(content))
    with pytest.raises(
        DataError, match=r"does not list mnist/t10k-labels-idx1-ubyte\.gz; it lists t10k-images"
    ):
        data.mnist(folder=folder)


def test_a_set_that_the_folder_does_not_have(folder: Path) -> None:
    with pytest.raises(DataError, match="lists no files of 'fashion-mnist'"):
        data.fashion_mnist(folder=folder)


def test_importing_the_room_does_not_import_scikit_learn() -> None:
    code = "import sys, deeplearning.data; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
