"""Decision regions of a classifier on the plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from deeplearning.figures.style import COLORS, MARKERS, tint


def decision_regions(
    ax: Axes,
    predict: Callable[[np.ndarray], Any],
    x: Any,
    y: Any,
    margin: float = 0.5,
    resolution: int = 240,
    classes: tuple[str, ...] | None = None,
) -> Any:
    """Paint what a classifier answers at every point, and the samples on top: one colour and marker a class.

    Args:
        ax: where to draw.
        predict: takes (n, 2) points (float32), returns (n,) class numbers 0, 1, ….
        x: (N, 2) samples.
        y: (N,) their classes.
        margin: how far beyond the samples to paint, in units of the axes.
        resolution: points along each axis.
        classes: names for a legend; none is drawn if None.

    Returns:
        The painted image; its array has shape (resolution, resolution, 3).

    Raises:
        ValueError: samples, classes or predictions of another shape or range.

    >>> from deeplearning.figures import new
    >>> figure, axes = new("small")
    >>> image = decision_regions(axes, lambda points: points[:, 0] > 0, [[-1, 0], [1, 0]], [0, 1])
    >>> axes.get_xlabel()
    '$x_1$'
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y)
    if x.ndim != 2 or x.shape[1] != 2 or y.shape != x.shape[:1] or len(x) == 0:
        raise ValueError(
            f"expected samples x (N, 2) and classes y (N,), N ≥ 1; got {x.shape} and {y.shape}"
        )
    (left, bottom), (right, top) = x.min(axis=0) - margin, x.max(axis=0) + margin
    # Centres of the picture's cells, so that a region's border lies where the answers change.
    horizontal = left + (np.arange(resolution) + 0.5) * (right - left) / resolution
    vertical = bottom + (np.arange(resolution) + 0.5) * (top - bottom) / resolution
    grid = np.stack(np.meshgrid(horizontal, vertical), axis=-1).reshape(-1, 2).astype(np.float32)
    answers = np.asarray(predict(grid))
    if answers.shape != (len(grid),):
        raise ValueError(
            f"predict must return one class a point, shape ({len(grid)},); got {answers.shape}"
        )
    answers, y = _classes("predict", answers), _classes("y", y)
    tints = np.array([tint(color) for color in COLORS])
    image = ax.imshow(
        tints[answers].reshape(resolution, resolution, 3),
        extent=(left, right, bottom, top),
        origin="lower",
        aspect="auto",
        interpolation="none",
    )
    for number in np.unique(y):
        ax.scatter(
            x[y == number, 0],
            x[y == number, 1],
            s=22,
            color=[to_rgb(COLORS[number])],
            marker=MARKERS[number],
            edgecolors="white",
            linewidths=0.6,
            label=classes[number] if classes else None,
            zorder=3,
        )
    if classes:
        ax.legend()
    ax.set(xlabel="$x_1$", ylabel="$x_2$", xlim=(left, right), ylim=(bottom, top))
    ax.grid(visible=False)
    return image


def _classes(name: str, values: np.ndarray) -> np.ndarray:
    numbers = values.astype(np.int64)
    if not np.array_equal(numbers, values) or numbers.min() < 0 or numbers.max() >= len(COLORS):
        raise ValueError(
            f"{name}: classes are whole numbers from 0 to {len(COLORS) - 1}; got {values.dtype} from "
            f"{values.min()} to {values.max()}"
        )
    return numbers
