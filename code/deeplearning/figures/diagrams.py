"""Drawings of networks: neurons as circles, weights as lines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle

from deeplearning.figures.style import COLORS, GREY, tint

Place = tuple[float, float]
INK = "#1A1A1A"


def network_diagram(
    ax: Axes,
    sizes: Sequence[int],
    labels: Sequence[str] | None = None,
    nodes: Sequence[Sequence[str]] | None = None,
    weights: Sequence[Any] | None = None,
    shown: int = 6,
) -> list[list[Place]]:
    """Draw a fully connected network, layer by layer from left to right.

    Args:
        ax: where to draw; its axes are switched off and its aspect made equal.
        sizes: neurons of each layer, inputs first.
        labels: one text a layer, below it; math as in `"$\\\\mathbf{x}$"`.
        nodes: texts inside the circles, a list a layer (as many as the layer has).
        weights: matrices (sizes[l+1], sizes[l]) as in `Linear.weight`; a line's width is the size of its weight, its
            colour the sign (blue positive, vermilion and dashed negative). Equal grey lines if None.
        shown: of a larger layer, this many neurons are drawn (first ones, an ellipsis, the last).

    Returns:
        The centres of the drawn circles, a list a layer, top first.

    Raises:
        ValueError: fewer than two layers, an empty layer, or labels, nodes or weights that do not fit.

    >>> from deeplearning.figures import new
    >>> figure, axes = new("small")
    >>> centres = network_diagram(axes, [2, 3, 1], ["input", "hidden", "output"])
    >>> [len(layer) for layer in centres]
    [2, 3, 1]
    """
    _check(sizes, labels, nodes, weights, shown)
    kept = [_kept(size, shown) for size in sizes]
    tallest = max(len(layer) for layer in kept)
    gap = max(2.0, 0.75 * tallest)
    centres = [
        _column(layer * gap, len(indices), sizes[layer] > shown)
        for layer, indices in enumerate(kept)
    ]
    for layer in range(len(sizes) - 1):
        matrix = None if weights is None else np.asarray(weights[layer], dtype=float)
        _draw_weights(ax, centres[layer], centres[layer + 1], kept[layer], kept[layer + 1], matrix)
    for layer, places in enumerate(centres):
        color = COLORS[0] if layer == 0 else COLORS[1] if layer == len(sizes) - 1 else COLORS[2]
        for index, place in zip(kept[layer], places, strict=True):
            ax.add_patch(
                Circle(place, 0.3, facecolor=tint(color), edgecolor=color, linewidth=1.4, zorder=3)
            )
            if nodes is not None:
                ax.text(
                    *place,
                    nodes[layer][index],
                    ha="center",
                    va="center",
                    fontsize=9,
                    color=INK,
                    zorder=4,
                )
        if sizes[layer] > shown:
            middle = (places[-2][1] + places[-1][1]) / 2
            ax.text(places[0][0], middle, "⋮", ha="center", va="center", fontsize=14, color=INK)
        if labels is not None:
            bottom = -(tallest / 2) - 0.35
            ax.text(
                places[0][0], bottom, labels[layer], ha="center", va="top", fontsize=9, color=INK
            )
    ax.set_aspect("equal")
    ax.set_xlim(-0.8, (len(sizes) - 1) * gap + 0.8)
    ax.set_ylim(-tallest / 2 - (1.1 if labels is not None else 0.4), tallest / 2 + 0.4)
    ax.set_axis_off()
    return centres


def _kept(size: int, shown: int) -> list[int]:
    return list(range(size)) if size <= shown else [*range(shown - 1), size - 1]


def _column(x: float, count: int, cut: bool) -> list[Place]:
    ys = [(count - 1) / 2 - index for index in range(count)]
    if cut:
        # Half a place more above the last neuron, for the ellipsis.
        ys = [y + 0.25 for y in ys[:-1]] + [ys[-1] - 0.25]
    return [(x, y) for y in ys]


def _draw_weights(
    ax: Axes,
    left: list[Place],
    right: list[Place],
    inputs: list[int],
    outputs: list[int],
    matrix: np.ndarray | None,
) -> None:
    pairs = [(o, i) for o in range(len(outputs)) for i in range(len(inputs))]
    lines = [(left[i], right[o]) for o, i in pairs]
    if matrix is None:
        ax.add_collection(LineCollection(lines, colors=GREY, linewidths=0.8, alpha=0.6, zorder=1))
        return
    values = np.array([matrix[outputs[o], inputs[i]] for o, i in pairs])
    largest = np.abs(matrix).max() or 1.0
    collection = LineCollection(
        lines,
        colors=[COLORS[0] if value >= 0 else COLORS[1] for value in values],
        linewidths=0.2 + 2.8 * np.abs(values) / largest,
        linestyles=["-" if value >= 0 else "--" for value in values],
        zorder=1,
    )
    ax.add_collection(collection)


def _check(
    sizes: Sequence[int],
    labels: Sequence[str] | None,
    nodes: Sequence[Sequence[str]] | None,
    weights: Sequence[Any] | None,
    shown: int,
) -> None:
    if len(sizes) < 2 or any(size < 1 for size in sizes):
        raise ValueError(f"sizes are at least two whole numbers from 1; got {list(sizes)}")
    if shown < 3:
        raise ValueError(f"shown is at least 3 (first, ellipsis, last); got {shown}")
    if labels is not None and len(labels) != len(sizes):
        raise ValueError(f"expected {len(sizes)} labels, one a layer; got {len(labels)}")
    if nodes is not None and [len(layer) for layer in nodes] != list(sizes):
        raise ValueError(
            f"nodes must have {list(sizes)} texts; got {[len(layer) for layer in nodes]}"
        )
    if weights is not None:
        expected = [(outputs, inputs) for inputs, outputs in pairwise(sizes)]
        shapes = [np.shape(matrix) for matrix in weights]
        if shapes != expected:
            raise ValueError(f"weights must have the shapes {expected}; got {shapes}")
