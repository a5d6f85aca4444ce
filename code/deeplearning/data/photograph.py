"""A reader's own digit: from a photograph to an image as MNIST has them."""

import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import ndimage
from skimage.filters import threshold_otsu

SIDE, BOX = 28, 20  # of the image, and of the square that the ink fills in it
LARGEST_BYTES = 50_000_000
LARGEST_PIXELS = 100_000_000
WORKING_SIDE = 240  # pixels; enough for one digit, and fast
FAINTEST = 0.1  # the least difference between ink and paper, white minus black being 1


def read_digit(path: str | os.PathLike[str]) -> np.ndarray:
    """Read a photograph of one handwritten digit and return it as MNIST has its images: (28, 28) float32 in [0, 1].

    The steps are those of the people who made MNIST, and two more because light in a room is uneven: grey; the paper's
    own brightness, place by place, is taken away, and light ink on dark paper is turned around; what is darker than a
    threshold between paper and ink :cite:`otsu1979` is ink, small specks are not; crop to the ink; scale it, smoothly,
    into a square of 20 × 20 without changing its proportions; put its centre of mass into the middle of 28 × 28. Paper
    is 0, the darkest ink 1. The orientation that a camera noted in the file is obeyed.

    ``FileNotFoundError`` if there is no such file; ``ValueError`` if it is a folder, no picture, damaged, too large
    (50 MB, 100 megapixels), too small, or shows no ink. Each message names the file and says what to do.
    """
    path = Path(path).expanduser()
    grey = _read_grey(path)
    ink = _ink(grey)
    if ink.max() < FAINTEST:
        raise ValueError(
            f"{path} shows no ink: nothing in it differs from the paper around it. "
            "Write one digit with a dark pen on light paper and photograph it from above."
        )
    level = threshold_otsu(ink)
    strokes = _without_specks(ink > level)
    rows, columns = np.nonzero(strokes)
    crop = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    near = ndimage.binary_dilation(strokes, iterations=2)  # keeps the soft edges of the strokes
    dark = float(np.quantile(ink[strokes], 0.75))
    digit = np.clip(np.where(near, ink, 0)[crop] / dark, 0, 1)
    return _framed(digit)


def _read_grey(path: Path) -> np.ndarray:
    """Read a picture as grey values, white 1, no side longer than WORKING_SIDE."""
    remedy = "Give the path of a photograph, such as a JPEG or PNG file."
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path} (looked in {Path.cwd()}). {remedy}")
    if path.is_dir():
        raise ValueError(f"{path} is a folder. {remedy}")
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise ValueError(
            f"{path} has {size / 1e6:,.0f} MB; at most {LARGEST_BYTES / 1e6:.0f} MB are read. "
            "Save it as a smaller JPEG file."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # refused below
            with Image.open(path) as picture:
                width, height = picture.size
                if width * height > LARGEST_PIXELS:
                    raise ValueError(
                        f"{path} has {width:,} × {height:,} pixels; at most {LARGEST_PIXELS / 1e6:.0f} million are "
                        "read. Make it smaller or cut out the digit."
                    )
                picture.draft(
                    "L", (2 * WORKING_SIDE, 2 * WORKING_SIDE)
                )  # a large JPEG opens faster
                upright = _in_8_bits(ImageOps.exif_transpose(picture)).convert("RGBA")
    except UnidentifiedImageError:
        raise ValueError(f"{path} is no picture that can be read. {remedy}") from None
    except Image.DecompressionBombError as error:
        raise ValueError(f"{path} has too many pixels. Make it smaller.") from error
    except PermissionError:
        raise ValueError(
            f"{path} may not be read. Change the file's permissions, or copy it."
        ) from None
    except (OSError, SyntaxError) as error:  # Pillow raises both for damaged files
        raise ValueError(f"{path} is damaged ({error}). Save or copy it again.") from error
    if min(width, height) < 8:
        raise ValueError(
            f"{path} has {width} × {height} pixels, too few for a digit. Take a larger photograph."
        )
    white = Image.new("RGBA", upright.size, "white")
    white.alpha_composite(upright)
    white.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(white.convert("L"), np.float32) / 255


def _in_8_bits(picture: Image.Image) -> Image.Image:
    """Return a grey picture of 16 or 32 bits, or of floats, in 8 bits; white is the first of 1, 255, 65,535 to fit."""
    if not picture.mode.startswith("I") and picture.mode != "F":
        return picture
    values = np.nan_to_num(np.asarray(picture, np.float64)).clip(min=0)
    brightest = values.max()
    white = next((level for level in (1, 255, 65_535) if brightest <= level), brightest)
    return Image.fromarray(np.uint8(255 * values / white))


def _ink(grey: np.ndarray) -> np.ndarray:
    """Return how much each place differs from the paper, at least 0, whether the paper is light or dark."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(edge) < (grey.min() + grey.max()) / 2:
        grey = 1 - grey
    # The paper without what is written on it: a closing fills in everything narrower than its window.
    window = max(3, max(grey.shape) // 4)
    paper = ndimage.grey_closing(grey, size=(window, window), mode="nearest")
    paper = ndimage.gaussian_filter(paper, window / 4, mode="nearest")
    smooth = ndimage.gaussian_filter(grey, max(grey.shape) / WORKING_SIDE)
    return np.maximum(paper - smooth, 0)


def _without_specks(strokes: np.ndarray) -> np.ndarray:
    """Keep the largest connected stroke, and others of at least a twentieth of its size."""
    parts, _ = ndimage.label(strokes, np.ones((3, 3)))
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= max(1, sizes.max() / 20))[parts] & strokes


def _framed(digit: np.ndarray) -> np.ndarray:
    """Scale into 20 × 20, and put the centre of mass into the middle of 28 × 28."""
    height, width = digit.shape
    factor = BOX / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = Image.fromarray(digit.astype(np.float32)).resize(size, Image.Resampling.BOX)
    small = np.clip(np.asarray(small), 0, 1)
    small = small / small.max()
    room = np.zeros((3 * SIDE, 3 * SIDE), np.float32)
    room[SIDE : SIDE + size[1], SIDE : SIDE + size[0]] = small
    row, column = ndimage.center_of_mass(room)
    top, left = round(row - (SIDE - 1) / 2), round(column - (SIDE - 1) / 2)
    return room[top : top + SIDE, left : left + SIDE].copy()
