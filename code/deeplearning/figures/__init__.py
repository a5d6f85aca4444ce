"""Figures: arrays or records in, Matplotlib figures out, in one style; nothing is trained here.

A chapter's figures are functions in `figures/<chapter>.py` that return a `Figure`; `show` displays it.
"""

from deeplearning.figures.common import compare, image_grid, mean_and_spread
from deeplearning.figures.diagrams import network_diagram
from deeplearning.figures.display import show, to_png, to_svg
from deeplearning.figures.regions import decision_regions
from deeplearning.figures.style import COLORS, GREY, MARKERS, SIZES, new, tint, use_style

__all__ = [
    "COLORS",
    "GREY",
    "MARKERS",
    "SIZES",
    "compare",
    "decision_regions",
    "image_grid",
    "mean_and_spread",
    "network_diagram",
    "new",
    "show",
    "tint",
    "to_png",
    "to_svg",
    "use_style",
]
