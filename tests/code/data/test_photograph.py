"""The reader's photograph: MNIST's conventions, light and dark paper, and a clear word for everything else."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import center_of_mass

from deeplearning.data import photograph
from deeplearning.data.drawn_digit import LINES, draw_photograph
from deeplearning.data.photograph import read_digit


def save(path: Path, grey: np.ndarray, **options: object) -> Path:
    Image.fromarray(np.uint8(np.clip(grey, 0, 1) * 255)).save(path, **options)
    return path


def corner() -> np.ndarray:
    """A thick L of ink, off the middle, on white: 100 by 80 pixels of it in 400 by 300."""
    grey = np.full((300, 400), 0.95)
    grey[60:160, 250:268] = 0.1
    grey[142:160, 250:330] = 0.1
    return grey


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("photographs")


def test_mnists_conventions(folder: Path) -> None:
    digit = read_digit(save(folder / "corner.png", corner()))
    assert digit.shape == (28, 28)
    assert digit.dtype == np.float32
    assert digit.min() == 0
    assert digit.max() == 1
    rows, columns = np.nonzero(digit > 0.2)
    assert np.ptp(rows) + 1 in (19, 20)
    assert np.ptp(columns) + 1 in (15, 16, 17)  # 80 of 100 parts of 20
    assert np.abs(np.array(center_of_mass(digit)) - 13.5).max() <= 0.5
    # An L has its corner below at the left, and nothing above at the right.
    top, left = rows.min(), columns.min()
    assert digit[top + 19 - 1, left + 1] > 0.5
    assert digit[top : top + 10, left + 8 :].max() == 0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda g: 1 - g, id="white-on-black"),
        pytest.param(lambda g: g * np.linspace(1, 0.5, 400), id="uneven-light"),
        pytest.param(lambda g: 0.5 + 0.2 * g, id="little-contrast"),
        pytest.param(lambda g: g + np.random.default_rng(0).normal(0, 0.03, g.shape), id="noise"),
    ],
)
def test_light_makes_little_difference(folder: Path, change) -> None:  # type: ignore[no-untyped-def]
    expected = read_digit(save(folder / "corner.png", corner()))
    got = read_digit(save(folder / "changed.png", change(corner())))
    assert np.abs(got - expected).mean() < 0.02


def test_formats_transparency_and_orientation(folder: Path) -> None:
    expected = read_digit(save(folder / "corner.png", corner()))
    grey = Image.fromarray(np.uint8(corner() * 255))
    grey.save(folder / "corner.jpg", quality=80)
    assert np.abs(read_digit(folder / "corner.jpg") - expected).mean() < 0.02
    ink = Image.new("RGBA", grey.size, (20, 20, 80, 0))  # ink where there is no transparency
    ink.putalpha(Image.fromarray(np.uint8(255 * (corner() < 0.5))))
    ink.save(folder / "clear.png")
    assert np.abs(read_digit(folder / "clear.png") - expected).mean() < 0.02
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees to the right
    grey.rotate(90, expand=True).save(folder / "turned.png", exif=exif)
    assert np.abs(read_digit(folder / "turned.png") - expected).mean() < 0.02


@pytest.mark.parametrize(
    ("kind", "white"), [(np.uint16, 65_535), (np.int32, 65_535), (np.float32, 1)]
)
def test_more_than_8_bits(folder: Path, kind: type, white: int) -> None:
    expected = read_digit(save(folder / "corner.png", corner()))
    path = folder / f"deep-{np.dtype(kind).name}.tiff"
    Image.fromarray((corner() * white).astype(kind)).save(path)
    assert np.abs(read_digit(path) - expected).mean() < 0.02


def test_specks_are_left_out(folder: Path) -> None:
    grey = corner()
    grey[20:24, 20:24] = 0.2
    expected = read_digit(save(folder / "corner.png", corner()))
    got = read_digit(save(folder / "speck.png", grey))
    assert np.abs(got - expected).mean() < 0.01


def test_the_drawn_photographs_are_read(folder: Path) -> None:
    for digit in LINES:
        draw_photograph(folder / "drawn.jpg", digit)
        image = read_digit(folder / "drawn.jpg")
        assert 30 < image.sum() < 150
    with pytest.raises(ValueError, match="digit=3; give one of 2, 4, 7"):
        draw_photograph(folder / "three.jpg", 3)


def test_no_file_and_a_folder(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no file .*missing.jpg .*Give the path"):
        read_digit(folder / "missing.jpg")
    with pytest.raises(ValueError, match="is a folder"):
        read_digit(folder)


def test_no_picture_and_a_damaged_one(folder: Path) -> None:
    (folder / "letter.jpg").write_text("Dear reader")
    with pytest.raises(ValueError, match=r"letter.jpg is no picture.*JPEG or PNG"):
        read_digit(folder / "letter.jpg")
    (folder / "empty.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="no picture"):
        read_digit(folder / "empty.jpg")
    whole = save(folder / "whole.png", np.random.default_rng(0).random((200, 200))).read_bytes()
    (folder / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"half.png is damaged .* copy it again"):
        read_digit(folder / "half.png")


@pytest.mark.parametrize("level", [1.0, 0.0, 0.4])
def test_an_empty_picture(folder: Path, level: float) -> None:
    with pytest.raises(ValueError, match=r"shows no ink.*dark pen on light paper"):
        read_digit(save(folder / "empty.png", np.full((90, 90), level)))


def test_too_large_and_too_small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(folder / "corner.png", corner())
    monkeypatch.setattr(photograph, "LARGEST_PIXELS", 1000)
    with pytest.raises(ValueError, match=r"400 × 300 pixels; at most"):
        read_digit(path)
    monkeypatch.setattr(photograph, "LARGEST_BYTES", 100)
    with pytest.raises(ValueError, match="at most 0 MB are read"):
        read_digit(path)
    monkeypatch.undo()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ValueError, match="too many pixels"):
        read_digit(path)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="4 × 4 pixels, too few"):
        read_digit(save(folder / "tiny.png", np.zeros((4, 4))))
