"""A drawing that stands in for a photograph, so that a page can show one without a camera."""

import os

import numpy as np
from PIL import Image, ImageDraw

# One line each, in a square of 100 × 100 from its upper left corner.
LINES = {
    2: ((28, 30), (38, 18), (55, 15), (70, 24), (70, 40), (58, 56), (40, 70), (27, 84), (48, 80), (74, 82)),
    4: ((58, 14), (44, 34), (27, 56), (50, 57), (74, 55), (60, 56), (63, 34), (60, 60), (57, 88)),
    7: ((26, 22), (48, 19), (74, 20), (62, 42), (52, 62), (46, 86)),
}  # fmt: skip


def draw_photograph(
    path: str | os.PathLike[str],
    digit: int = 2,
    degrees: float = 8.0,
    side: int = 640,
    seed: int = 0,
) -> None:
    """Draw a digit as a camera might see it and save it: a pen on grey paper, turned, the light from one side, noise.

    ``digit`` is 2, 4 or 7; the format follows the file's name, such as ``.jpg``. ``ValueError`` for another digit.
    """
    if digit not in LINES:
        raise ValueError(
            f"draw_photograph: digit={digit!r}; give one of {', '.join(map(str, LINES))}"
        )
    pen = Image.new("L", (side, side), 0)
    scale = side / 100
    points = [
        (x * scale * 0.7 + side * 0.16, y * scale * 0.7 + side * 0.14) for x, y in LINES[digit]
    ]
    draw = ImageDraw.Draw(pen)
    width = round(side * 0.045)
    draw.line(points, fill=255, width=width, joint="curve")
    for x, y in points:
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    ink = np.asarray(pen.rotate(degrees, Image.Resampling.BICUBIC), np.float32) / 255
    rng = np.random.default_rng(seed)
    across = np.linspace(0, 1, side)
    light = 0.85 - 0.45 * across[None, :] + 0.1 * across[:, None]  # bright at the left
    picture = light * (1 - 0.75 * ink) + rng.normal(0, 0.02, (side, side))
    Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)).save(path, quality=80)
