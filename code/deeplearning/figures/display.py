"""From a Matplotlib figure to one image on the page."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from deeplearning.figures.style import STYLE


def to_svg(figure: Figure) -> str:
    """The figure as SVG text; equal figures give equal text.

    >>> to_svg(Figure()).startswith("<?xml")
    True
    """
    return _save(figure, format="svg", metadata={"Date": None, "Creator": None}).decode()


def to_png(figure: Figure) -> bytes:
    """The figure as PNG at twice the screen's resolution, on white (CSS does not re-colour it)."""
    return _save(figure, format="png", dpi=192, facecolor="white", metadata={"Software": None})


def _save(figure: Figure, **options: Any) -> bytes:
    if not isinstance(figure, Figure):
        raise TypeError(f"expected a matplotlib Figure, got {type(figure).__name__}")
    buffer = io.BytesIO()
    # The style decides how text is written at this moment, not when the figure was made.
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, **options)
    return buffer.getvalue()


def show(figure: Figure, raster: bool = False) -> None:
    """Display a figure in a notebook as exactly one image, and close it.

    Args:
        figure: what a figure function returned.
        raster: False for drawings and curves (SVG, re-coloured in dark mode); True for photographs, grids of
            images and thousands of points (PNG).

    Raises:
        TypeError: not a figure.

    A cell with this call as its only output takes myst-nb's metadata: a `figure` with `caption` and `name`, and an
    `image` with `alt`.
    """
    import matplotlib.pyplot as plt
    from IPython.display import Image, display

    plain = "<figure>"
    if raster:
        png = to_png(figure)
        content, _ = Image(png)._repr_mimebundle_()
        content["text/plain"] = plain
    else:
        content = {"image/svg+xml": to_svg(figure), "text/plain": plain}
    display(content, raw=True)
    # A figure of pyplot would be shown a second time at the end of the cell.
    plt.close(figure)
