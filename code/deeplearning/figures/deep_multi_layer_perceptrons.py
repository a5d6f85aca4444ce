"""The figures of the chapter on deep multi-layer perceptrons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from deeplearning.figures.common import compare, mean_and_spread
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

INK = "#1A1A1A"
SETS = {"fashion": "Fashion-MNIST", "mnist": "MNIST"}
NETWORKS = {
    "wide_20": "20",
    "deep_10_10": "10-10",
    "wide_10": "10",
    "wide_128": "128",
    "deep_112_2": "112×2",
    "deep_94_4": "94×4",
}
SMALL, LARGE = ("wide_20", "deep_10_10", "wide_10"), ("wide_128", "deep_112_2", "deep_94_4")


def shapes(batch: int, sizes: Sequence[int]) -> Figure:
    """Every layer's matrix product as rectangles, sides as the square roots of the numbers of rows and columns."""
    figure, ax = new("small", height=0.85 * (len(sizes) - 1))
    side, tall = [size**0.5 for size in sizes], batch**0.5
    room = 22.0  # for a rectangle's label and the sign after it
    columns = np.cumsum([0.0, side[0] + room, max(side[1:]) + room])
    top = 0.0
    for layer in range(1, len(sizes)):
        before, after = sizes[layer - 1], sizes[layer]
        height = max(tall, side[layer - 1])
        middle = top - height / 2
        for x, sign, name, rows, width, color in (
            (columns[0], "", rf"$\mathbf{{H}}^{{({layer - 1})}}$", batch, before, COLORS[0]),
            (columns[1], "·", rf"$\mathbf{{W}}^{{({layer})⊤}}$", before, after, COLORS[1]),
            (columns[2], "=", rf"$\mathbf{{Z}}^{{({layer})}}$", batch, after, COLORS[2]),
        ):
            wide, high = width**0.5, rows**0.5
            ax.text(x - 2.2, middle, sign, fontsize=14, ha="center", va="center", color=INK)
            ax.add_patch(
                Rectangle(
                    (x, middle - high / 2), wide, high, facecolor=tint(color), edgecolor=color
                )
            )
            ax.text(x + wide + 0.8, middle + 2.1, name, fontsize=10, va="center", color=INK)
            ax.text(
                x + wide + 0.8, middle - 2.1, f"{rows}×{width}", fontsize=9, va="center", color=INK
            )
        top -= height + 2.5
    ax.set_xlim(-1, columns[2] + max(side[1:]) + room - 5)
    ax.set_ylim(top + 1.5, 1)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return figure


def accuracy_by_depth(record: Any) -> Figure:
    """D1: test and training accuracy by the number of hidden layers, mean ± spread, a panel a data set."""
    figure, axes = new("wide", columns=2, height=3.1)
    depths = record.config["depths"]
    for ax, (name, title) in zip(axes, SETS.items(), strict=True):
        for number, (part, label) in enumerate((("test", "test images"), ("train", "training"))):
            values = np.stack(
                [record.metrics[f"{part}_accuracy_{name}_{depth}"] for depth in depths], axis=1
            )
            mean_and_spread(
                ax, depths, 100 * values, label, color=COLORS[number], linestyle=LINES[number],
                marker=MARKERS[number],
            )  # fmt: skip
        ax.set(xlabel="hidden layers", title=title)
        ax.set_xticks(depths)
    axes[0].set_ylabel("accuracy (%)")
    axes[0].legend(loc="lower right")
    return figure


def walk(
    t: np.ndarray, scores: np.ndarray, found: Sequence[np.ndarray], names: Sequence[str]
) -> Figure:
    """Scores (N, K) along a line between two inputs, t (N,) in [0, 1], and below where each layer's neurons switch.

    ``names`` are those of the K classes; an empty one stays unlabelled and grey.
    """
    figure, (above, below) = new("wide", rows=2, height=4.2, sharex=True, height_ratios=[2.4, 1])
    styles = iter(zip(COLORS, LINES, strict=True))
    for name, curve in zip(names, scores.T, strict=True):
        if name:
            color, line = next(styles)
            above.plot(t, curve, color=color, linestyle=line, label=name, zorder=3)
        else:
            above.plot(t, curve, color=tint(GREY, 0.5), linestyle="-", linewidth=0.8)
    above.set_ylabel("score (nats)")
    above.legend(loc="best")
    for layer, places in enumerate(found, start=1):
        below.vlines(places, layer - 0.35, layer + 0.35, color=COLORS[0], linewidth=0.9)
    below.set(
        xlabel="share $t$ of the way", ylabel="hidden layer", xlim=(0, 1), ylim=(len(found) + 0.6, 0.4)
    )  # fmt: skip
    below.set_yticks(range(1, len(found) + 1))
    below.grid(visible=False)
    return figure


def slices(
    cuts: Sequence[Sequence[np.ndarray]],
    titles: Sequence[str],
    corners: np.ndarray | None = None,
) -> Figure:
    """The pieces of networks on the plane through three inputs: polygons (V, 2), a list a network.

    ``corners`` (3, H, W) are the images at (0, 0), (1, 0) and (0, 1), drawn in the first panel.
    """
    figure, axes = new("wide", columns=len(cuts), height=3.0, sharey=True)
    for ax, polygons, title in zip(axes, cuts, titles, strict=True):
        shades = 0.10 + 0.45 * ((np.arange(len(polygons)) * 0.618) % 1)
        faces = [tint(COLORS[0], shade) for shade in shades]
        ax.add_collection(
            PolyCollection(list(polygons), facecolors=faces, edgecolors="white", linewidths=0.4)
        )
        low = min(polygon.min() for polygon in polygons)
        high = max(polygon.max() for polygon in polygons)
        ax.plot([0, 1, 0], [0, 0, 1], "o", color=COLORS[1], markersize=5, zorder=4)
        ax.set(
            title=title,
            xlabel=f"$u$\n{len(polygons)} {'piece' if len(polygons) == 1 else 'pieces'}",
            xlim=(low, high),
            ylim=(low, high),
        )
        ax.set_aspect("equal")
        ax.grid(visible=False)
    axes[0].set_ylabel("$v$")
    if corners is not None:
        for image, place in zip(corners, ((0, 0), (1, 0), (0, 1)), strict=True):
            _stamp(axes[0], image, place)
    return figure


def _stamp(ax: Axes, image: np.ndarray, place: tuple[float, float], size: float = 0.36) -> None:
    """Draw a small image with its corner beside a point of the axes."""
    x, y = place[0] + 0.06, place[1] + 0.06
    limits = ax.get_xlim(), ax.get_ylim()
    ax.imshow(image, extent=(x, x + size, y, y + size), cmap="gray", zorder=3)
    ax.set(xlim=limits[0], ylim=limits[1])


def depth_on_images(record: Any) -> Figure:
    """D13: pieces on lines between test images, and test errors, of the small and of the large networks."""
    figure, axes = new("wide", rows=2, columns=2, height=5.2)
    for row, names in enumerate((SMALL, LARGE)):
        labels = [NETWORKS[name] for name in names]
        left, right = axes[row]
        compare(left, labels, [record.metrics[f"pieces_{name}"] for name in names])
        for index, name in enumerate(names):
            start = record.mean(f"pieces_before_{name}")
            left.plot(index, start, "_", color=GREY, markersize=22, markeredgewidth=2)
        left.set(ylabel="pieces on a line", ylim=(0, None))
        compare(right, labels, [100 * record.metrics[f"test_error_{name}"] for name in names])
        right.set_ylabel("test error (%)")
        if row:
            left.set_xlabel("hidden layers")
            right.set_xlabel("hidden layers")
    return figure


def pieces_by_neurons(record: Any) -> Figure:
    """D13: pieces on a line against the number of hidden neurons, at the start and after training."""
    figure, ax = new("small")
    layers = {"10": 10, "20": 20, "10-10": 20, "128": 128, "112×2": 224, "94×4": 376}
    for number, (part, label) in enumerate((("pieces_before", "at the start"), ("pieces", "trained"))):  # fmt: skip
        for name, text in NETWORKS.items():
            mean, spread = record.mean(f"{part}_{name}"), record.std(f"{part}_{name}")
            ax.errorbar(
                layers[text], mean, yerr=spread, color=COLORS[number], marker=MARKERS[number], capsize=3,
                linestyle="none", label=label if name == "wide_20" else None,
            )  # fmt: skip
            if number and text not in ("10", "10-10"):
                ax.annotate(
                    text, (layers[text], mean), (0, 9), textcoords="offset points", ha="center",
                    fontsize=8, color=INK,
                )  # fmt: skip
    ends = np.array([8, 450])
    ax.plot(ends, 0.4 * ends, color=GREY, linestyle="-", linewidth=1, zorder=0)
    ax.set(xlabel="hidden neurons", ylabel="pieces on a line", xscale="log", yscale="log")
    ax.legend(loc="upper left")
    return figure
