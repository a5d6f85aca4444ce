"""Drawings that many chapters need: curves with spread, comparisons, grids of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deeplearning.figures.style import COLORS, SIZES, STYLE


def mean_and_spread(
    ax: Axes, x: Any, values_by_seed: Any, label: str | None = None, **line_options: Any
) -> Any:
    """Draw the mean over seeds as a line and ± one standard deviation (ddof = 1) as a band.

    Args:
        ax: where to draw.
        x: (n,) positions.
        values_by_seed: (S, n), one row a seed, as `record.metrics[name]` is; NaN is left out. With one seed there
            is no band.
        label: for the legend.
        line_options: for `Axes.plot`, e.g. `color=COLORS[2]`, `marker="o"`.

    Returns:
        `(line, band)`; the band is None for one seed.

    Raises:
        ValueError: shapes that do not fit; the message names both.

    >>> from deeplearning.figures import new
    >>> figure, axes = new()
    >>> line, band = mean_and_spread(axes, [1, 2], [[0.0, 1.0], [2.0, 1.0]], "loss")
    >>> line.get_ydata()
    array([1., 1.])
    """
    x, values = np.asarray(x, dtype=float), np.asarray(values_by_seed, dtype=float)
    if x.ndim != 1 or values.ndim != 2 or values.shape[1] != len(x):
        raise ValueError(
            f"expected x (n,) and values_by_seed (S, n); got {x.shape} and {values.shape}"
        )
    mean = np.array([_statistic(np.mean, column) for column in values.T])
    (line,) = ax.plot(x, mean, label=label, **line_options)
    if len(values) < 2:
        return line, None
    std = np.array([_statistic(_std, column) for column in values.T])
    band = ax.fill_between(
        x, mean - std, mean + std, color=line.get_color(), alpha=0.2, linewidth=0
    )
    return line, band


def _std(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _statistic(function: Any, values: np.ndarray) -> float:
    present = values[~np.isnan(values)]
    return float(function(present)) if len(present) else float("nan")


def compare(
    ax: Axes, names: Sequence[str], values_by_seed: Sequence[Any], colors: Sequence[str] = COLORS
) -> Any:
    """Compare groups: every seed a dot, the mean a bar through it with ± one standard deviation (ddof = 1).

    Args:
        ax: where to draw; the groups stand at x = 0, 1, ….
        names: one a group, for the axis.
        values_by_seed: one (S,) array a group; S may differ.
        colors: repeated as needed.

    Returns:
        The means, shape (groups,).

    Raises:
        ValueError: not one array a name, or an empty array.

    >>> from deeplearning.figures import new
    >>> figure, axes = new("small")
    >>> compare(axes, ["with", "without"], [[1.0, 1.0], [0.5, 1.0]])
    array([1.  , 0.75])
    """
    groups = [np.asarray(values, dtype=float) for values in values_by_seed]
    if len(groups) != len(names) or any(group.ndim != 1 or group.size == 0 for group in groups):
        shapes = [group.shape for group in groups]
        raise ValueError(
            f"expected one non-empty (S,) array for each of {len(names)} names; got shapes {shapes}"
        )
    means = np.array([_statistic(np.mean, group) for group in groups])
    for index, group in enumerate(groups):
        color = colors[index % len(colors)]
        # Spread sideways in a fixed way, so that equal values stay visible and the figure the same.
        offsets = np.linspace(-0.12, 0.12, len(group)) if len(group) > 1 else np.zeros(1)
        ax.plot(index + offsets, group, "o", color=color, alpha=0.45, markeredgewidth=0)
        ax.hlines(
            means[index], index - 0.26, index + 0.26, colors=color, linewidth=2.4, linestyles="-"
        )
        error = _statistic(_std, group)
        ax.errorbar(index, means[index], yerr=error, color=color, capsize=4, linestyle="none")
    ax.set_xticks(range(len(names)), names)
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.grid(visible=False, axis="x")
    return means


def image_grid(
    images: Any,
    titles: Sequence[str] | None = None,
    columns: int = 8,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Images in rows, as wide as the page; show it with `show(figure, raster=True)`.

    Args:
        images: (n, H, W) grey or (n, H, W, 3) colour.
        titles: one an image, above it.
        columns: images in a row.
        limits: values drawn black and white; the least and greatest of all images if None, so that grey levels can
            be compared between them.

    Raises:
        ValueError: no image, another shape, or a number of titles that differs.

    >>> len(image_grid(np.zeros((3, 4, 4)), ["a", "b", "c"], columns=2).axes)
    3
    """
    array = np.asarray(images)
    if array.ndim not in (3, 4) or len(array) == 0 or (array.ndim == 4 and array.shape[3] != 3):
        raise ValueError(
            f"expected images (n, H, W) or (n, H, W, 3) with n ≥ 1; got shape {array.shape}"
        )
    if titles is not None and len(titles) != len(array):
        raise ValueError(
            f"expected one title an image; got {len(titles)} titles for {len(array)} images"
        )
    if columns < 1:
        raise ValueError(f"columns is a whole number from 1; got {columns}")
    low, high = limits if limits is not None else (float(array.min()), float(array.max()))
    rows = -(-len(array) // columns)
    width = SIZES["wide"][0]
    cell = width / columns
    height = rows * (
        cell * array.shape[1] / array.shape[2] + (0.28 if titles is not None else 0.06)
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        for index, image in enumerate(array):
            ax = figure.add_subplot(rows, columns, index + 1)
            ax.imshow(image, vmin=low, vmax=high)
            ax.set_axis_off()
            if titles is not None:
                ax.set_title(titles[index], fontsize=9)
    return figure
