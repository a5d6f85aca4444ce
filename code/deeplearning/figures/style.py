"""The one style of the book's figures: sizes, colours, fonts."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

# Okabe and Ito's palette (jfly.uni-koeln.de/color) without its light colours, its green darkened, brown and near-black
# added: each has a contrast of 3:1 or more on white, and again on the dark page, where CSS inverts lightness and
# keeps the hue; each pair differs for every kind of colour vision.
COLORS = ("#0072B2", "#D55E00", "#00855F", "#CC79A7", "#5C4300", "#333333")
GREY = "#6B6B6B"
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (8, 3)))
# Inches: the first fills the page's text column, the second stands in half of a wide screen.
SIZES = {"wide": (7.0, 3.4), "small": (4.4, 3.2)}

# Any: Matplotlib's stubs list every key as a literal.
STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": "#1A1A1A",
    "axes.labelsize": 10,
    "axes.prop_cycle": cycler(color=COLORS) + cycler(linestyle=LINES),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10.5,
    "axes.unicode_minus": True,
    "figure.dpi": 96,
    "figure.facecolor": "none",
    "figure.figsize": SIZES["wide"],
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "grid.color": "#D9D9D9",
    "grid.linewidth": 0.6,
    "image.cmap": "gray",
    "legend.fontsize": 9,
    "legend.edgecolor": "none",
    "legend.facecolor": "white",
    "legend.framealpha": 0.8,
    "legend.frameon": True,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "mathtext.fontset": "dejavusans",
    "savefig.facecolor": "none",
    # Text as outlines: the same on every device, as an <img> cannot load the page's fonts.
    "svg.fonttype": "path",
    # Equal figures give equal files.
    "svg.hashsalt": "deep-learning-measured",
    "xtick.color": GREY,
    "xtick.labelcolor": "#1A1A1A",
    "xtick.labelsize": 9,
    "ytick.color": GREY,
    "ytick.labelcolor": "#1A1A1A",
    "ytick.labelsize": 9,
}


def use_style() -> None:
    """Set the book's Matplotlib style for this process; every chapter's first cell calls it.

    >>> use_style()
    >>> mpl.rcParams["svg.fonttype"]
    'path'
    """
    mpl.rcdefaults()
    mpl.rcParams.update(STYLE)


def new(
    size: str = "wide", rows: int = 1, columns: int = 1, height: float | None = None, **options: Any
) -> Any:
    """An empty figure in the book's style, and its axes.

    Args:
        size: `"wide"` (fills the text column) or `"small"`.
        rows, columns: number of axes.
        height: in inches, if not the size's own.
        options: for `Figure.subplots`, e.g. `sharey=True`, `width_ratios=[2, 1]`.

    Returns:
        `(figure, axes)`: one `Axes`, or an array of them with shape (rows,), (columns,) or (rows, columns).

    Raises:
        ValueError: an unknown size.

    >>> figure, axes = new("small")
    >>> figure.get_size_inches().tolist()
    [4.4, 3.2]
    """
    if size not in SIZES:
        raise ValueError(f"size is one of {', '.join(SIZES)}; got {size!r}")
    width, usual = SIZES[size]
    with mpl.rc_context(STYLE):
        # Not pyplot: such a figure is never shown twice by a notebook, and needs no closing.
        figure = Figure(figsize=(width, height or usual), layout="constrained")
        return figure, figure.subplots(rows, columns, **options)


def tint(color: str, strength: float = 0.25) -> tuple[float, float, float]:
    """A lighter variant of a colour: mixed with white, `strength` 1 is the colour itself, 0 is white.

    >>> tint("#000000", 0.25)
    (0.75, 0.75, 0.75)
    """
    red, green, blue = (1 - strength * (1 - channel) for channel in to_rgb(color))
    return red, green, blue
