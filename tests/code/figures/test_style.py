"""The style: readable in light and dark, by everyone; sizes; determinism."""

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from deeplearning import figures
from deeplearning.figures.style import (
    COLORS,
    GREY,
    LINES,
    MARKERS,
    SIZES,
    STYLE,
    new,
    tint,
    use_style,
)

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
BLINDNESS = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "none": np.eye(3).tolist(),
}
# CSS hue-rotate(180deg), as the Filter Effects specification defines it.
ROTATE = np.array([[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]])


def linear(color: np.ndarray) -> np.ndarray:
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    """The ratio that WCAG 2 defines."""
    low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (high + 0.05) / (low + 0.05)


def dark(color: np.ndarray) -> np.ndarray:
    return np.clip(ROTATE @ (1 - color), 0, 1)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ rgb
    )
    f = np.cbrt(np.clip(xyz / [0.9505, 1.0, 1.089], 1e-4, None))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("color", [*COLORS, GREY])
def test_colours_stand_out_on_the_light_and_on_the_dark_page(color: str) -> None:
    rgb = np.array(to_rgb(color))
    assert contrast(rgb, np.ones(3)) >= 3
    assert contrast(dark(rgb), np.array(to_rgb("#121212"))) >= 3


@pytest.mark.parametrize("sight", BLINDNESS)
def test_colours_differ_for_every_sight(sight: str) -> None:
    seen = [
        lab(np.clip(np.array(BLINDNESS[sight]) @ linear(np.array(to_rgb(c))), 0, 1)) for c in COLORS
    ]
    for (i, one), (j, other) in combinations(enumerate(seen), 2):
        assert np.linalg.norm(one - other) > 20, (COLORS[i], COLORS[j])


def test_colour_is_never_the_only_difference() -> None:
    assert len(set(COLORS)) == len(set(LINES)) == len(set(MARKERS)) == 6
    _, axes = new()
    styles = {
        (line.get_color(), str(line.get_linestyle()))
        for line in (axes.plot([i])[0] for i in range(6))
    }
    assert len({color for color, _ in styles}) == 6
    assert len({style for _, style in styles}) >= 4  # Matplotlib calls all custom dashes '--'


def test_use_style_sets_and_resets() -> None:
    mpl.rcParams["lines.linewidth"] = 17
    mpl.rcParams["axes.titleweight"] = "bold"
    use_style()
    assert mpl.rcParams["lines.linewidth"] == STYLE["lines.linewidth"]
    assert mpl.rcParams["axes.titleweight"] == "normal"
    assert mpl.rcParams["font.sans-serif"] == ["DejaVu Sans"]
    assert mpl.rcParams["svg.hashsalt"]
    mpl.rcdefaults()


@pytest.mark.parametrize("size", SIZES)
def test_sizes(size: str) -> None:
    figure, _ = new(size)
    assert tuple(figure.get_size_inches()) == SIZES[size]
    assert tuple(new(size, height=2.0)[0].get_size_inches()) == (SIZES[size][0], 2.0)
    assert SIZES[size][0] * 96 <= 700  # CSS pixels of the text column


def test_axes_are_those_asked_for() -> None:
    figure, axes = new(rows=2, columns=3, sharey=True)
    assert isinstance(figure, Figure)
    assert axes.shape == (2, 3)
    assert axes[0, 0].get_shared_y_axes().joined(axes[0, 0], axes[1, 2])


def test_a_new_figure_has_the_style_without_use_style() -> None:
    mpl.rcdefaults()
    _, axes = new()
    assert not axes.spines["top"].get_visible()
    assert axes.xaxis.get_gridlines()[0].get_visible()
    assert mpl.rcParams["axes.spines.top"]  # and nothing else changed


def test_unknown_size() -> None:
    with pytest.raises(ValueError, match="size is one of wide, small; got 'huge'"):
        new("huge")


def test_tint() -> None:
    assert tint("#000000", 0.0) == (1.0, 1.0, 1.0)
    assert tint(COLORS[0], 1.0) == pytest.approx(to_rgb(COLORS[0]))
    assert tint("#FF0000", 0.5) == (1.0, 0.5, 0.5)


def test_the_room_exports_what_it_names() -> None:
    assert all(hasattr(figures, name) for name in figures.__all__)
