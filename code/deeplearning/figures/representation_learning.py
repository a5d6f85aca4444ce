"""The figures of the chapter on representation learning."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from deeplearning.figures.common import mean_and_spread
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

INK = "#1A1A1A"
SIGNED = LinearSegmentedColormap.from_list("signed", [COLORS[1], "white", COLORS[0]])
STATES = {"trained": "trained", "untrained": "same start, untrained"}
KINDS = {
    "cnn": "CNN, end to end",
    "hog": "HOG + linear",
    "mlp": "MLP, end to end",
    "pixels": "pixels + linear",
}
WAYS = {
    "transfer": "reused layer + linear",
    "pixels": "pixels + linear",
    "untrained": "untrained layer + linear",
    "scratch": "network trained anew",
}


def _box(ax: Axes, x: float, y: float, text: str, color: str, width: float = 0.8) -> None:
    corner = (x - width / 2, y - 0.28)
    box = FancyBboxPatch(corner, width, 0.56, boxstyle="round,pad=0.04", zorder=3)
    box.set(facecolor=tint(color), edgecolor=color, linewidth=1.4)
    ax.add_patch(box)
    ax.text(x, y, text, ha="center", va="center", fontsize=9, color=INK, zorder=4)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    ax.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.2}, zorder=2
    )


def method(hidden: int = 3) -> Figure:
    """A network in a row; above each hidden layer a probe that asks for the label, below it a decoder."""
    figure, ax = new("wide", height=2.6)
    xs = [1.25 * place for place in range(hidden + 2)]
    names = ["pixels", *(f"$H^{{({layer})}}$" for layer in range(1, hidden + 1)), "scores"]
    for x, name in zip(xs, names, strict=True):
        _box(ax, x, 0, name, COLORS[2])
    for left, right in pairwise(xs):
        _arrow(ax, (left + 0.46, 0), (right - 0.46, 0), GREY)
    for x in xs[1:-1]:
        _arrow(ax, (x, 0.36), (x, 0.84), COLORS[0])
        _box(ax, x, 1.2, "label?", COLORS[0])
        _arrow(ax, (x, -0.36), (x, -0.84), COLORS[1])
        _box(ax, x, -1.2, "pixels?", COLORS[1])
    ax.text(xs[0], 1.2, "linear\nprobes", ha="center", va="center", color=COLORS[0])
    ax.text(xs[0], -1.2, "decoders", ha="center", va="center", color=COLORS[1])
    ax.set(xlim=(-0.6, xs[-1] + 0.6), ylim=(-1.65, 1.65))
    ax.set_axis_off()
    return figure


def weights(before: np.ndarray, after: np.ndarray) -> Figure:
    """First-layer units as pictures: their weights (n, 784) before training above, after it below."""
    if before.shape != after.shape or before.shape[1] != 784:
        raise ValueError(
            f"expected two arrays (n, 784) of one shape; got {before.shape} and {after.shape}"
        )
    count = len(before)
    figure, axes = new("wide", rows=2, columns=count, height=7.0 / count * 2 + 0.5, squeeze=False)
    for row, (matrix, name) in enumerate(((before, "before"), (after, "after"))):
        for ax, vector in zip(axes[row], matrix, strict=True):
            largest = float(np.abs(vector).max())
            ax.imshow(vector.reshape(28, 28), cmap=SIGNED, vmin=-largest, vmax=largest)
            _bare(ax)
        axes[row, 0].set_ylabel(name, fontsize=9)
    return figure


def favourites(rows: Sequence[tuple[str, np.ndarray]]) -> Figure:
    """For each named unit the images (n, 28, 28) that it answers to most, one row a unit."""
    count = len(rows[0][1])
    figure, axes = new(
        "wide", rows=len(rows), columns=count, height=6.2 / count * len(rows) + 0.2, squeeze=False
    )
    for line, (name, images) in zip(axes, rows, strict=True):
        for ax, image in zip(line, images, strict=True):
            ax.imshow(image, vmin=0, vmax=1)
            _bare(ax)
        line[0].set_ylabel(name, fontsize=8, rotation=0, ha="right", va="center")
    return figure


def _bare(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def maps(
    layers: Sequence[np.ndarray], labels: np.ndarray, shown: dict[int, str], titles: Sequence[str]
) -> Figure:
    """Each layer as a map of its samples (N, 2): ``shown`` classes in colour, the others grey."""
    columns = 4
    rows = -(-len(layers) // columns)
    figure, axes = new("wide", rows=rows, columns=columns, height=1.9 * rows + 0.4, squeeze=False)
    for ax, points, title in zip(axes.flat, layers, titles, strict=False):
        others = ~np.isin(labels, list(shown))
        ax.scatter(*points[others].T, s=2, color="#BBBBBB", linewidths=0)
        for number, (label, name) in enumerate(shown.items()):
            chosen = labels == label
            ax.scatter(
                *points[chosen].T, s=5, color=COLORS[number], marker=MARKERS[number], linewidths=0, label=name
            )  # fmt: skip
        ax.set_title(title)
        ax.set_xticks([])
        ax.set_yticks([])
    spare = list(axes.flat)[len(layers) :]
    for ax in spare:
        ax.set_axis_off()
    handles, names = axes[0, 0].get_legend_handles_labels()
    if spare:
        spare[0].legend(handles, names, loc="center", markerscale=2.5, fontsize=8.5)
    else:
        figure.legend(handles, names, loc="outside lower center", ncols=len(shown), markerscale=2.5)
    return figure


def reconstructions(
    originals: np.ndarray, decoded: Sequence[np.ndarray], titles: Sequence[str]
) -> Figure:
    """Images (n, 28, 28) in the first column, and in the others what a decoder makes of each layer."""
    columns = [originals, *decoded]
    figure, axes = new(
        "wide", rows=len(originals), columns=len(columns), height=7.0 / len(columns) * len(originals) + 0.4,
        squeeze=False,
    )  # fmt: skip
    for column, (images, title) in enumerate(zip(columns, titles, strict=True)):
        for row, image in enumerate(images):
            axes[row, column].imshow(image, vmin=0, vmax=1)
            _bare(axes[row, column])
        axes[0, column].set_title(title, fontsize=9)
    return figure


def _layers(ax: Axes, record: Any, metric: str, state: str, number: int, label: str) -> None:
    values = record.metrics[f"{metric}_{state}"]
    mean_and_spread(
        ax, np.arange(1, values.shape[1] + 1), values, label, color=COLORS[number], marker=MARKERS[number],
        linestyle=LINES[number],
    )  # fmt: skip


def what_layers_know(record: Any) -> Figure:
    """Of record D5, by hidden layer: what a linear probe reads of the label, and decoders of the pixels."""
    figure, axes = new("wide", columns=2, height=3.4)
    for number, (state, name) in enumerate(STATES.items()):
        _layers(axes[0], record, "probe_accuracy", state, number, name)
    axes[0].axhline(
        record.mean("probe_accuracy_input"), color=GREY, linestyle=":", label="probe on the pixels"
    )
    axes[0].set(ylabel="test accuracy of a linear probe", title="the label")
    for number, (state, name) in enumerate(STATES.items()):
        _layers(axes[1], record, "pixels_linear", state, number, name)
        _layers(axes[1], record, "pixels_bent", state, number + 2, f"{state}, bent decoder")
    axes[1].set(ylabel="$R^2$ of the decoded pixels", title="the picture")
    for ax in axes:
        ax.set(xlabel="hidden layer", xticks=range(1, 1 + _depth(record)))
        ax.legend(fontsize=8)
    return figure


def _depth(record: Any) -> int:
    return int(record.metrics["probe_accuracy_trained"].shape[1])


def other_views(record: Any) -> Figure:
    """Of record D5: likeness of layers to pixels and labels, and how simple and how abstract their units are."""
    figure, axes = new("wide", columns=2, height=3.3)
    pairs = (
        ("cka_pixels", "cka_labels", "likeness (linear CKA)", "to the pixels", "to the labels"),
        ("simple", "abstract", "share of a unit's variance", "linear in the pixels", "between classes"),
    )  # fmt: skip
    for ax, (picture, label, axis, first, second) in zip(axes, pairs, strict=True):
        for state, style in (("trained", "-"), ("untrained", ":")):
            for metric, name, number in ((picture, first, 1), (label, second, 0)):
                values = record.metrics[f"{metric}_{state}"]
                mean_and_spread(
                    ax, np.arange(1, values.shape[1] + 1), values, f"{name}, {state}", color=COLORS[number],
                    marker=MARKERS[number], linestyle=style,
                )  # fmt: skip
        ax.set(xlabel="hidden layer", ylabel=axis, xticks=range(1, 1 + _depth(record)))
        ax.set_ylim(0, 1.4)  # room for the legend
        ax.set_yticks(np.linspace(0, 1, 6))
        ax.legend(fontsize=7.5, ncols=1, loc="upper right")
    return figure


def edges(image: np.ndarray, cells: np.ndarray) -> Figure:
    """An image (28, 28), and its HOG, cells (rows, columns, directions), as strokes along the edges in each cell."""
    figure, axes = new("wide", columns=2, height=3.3)
    side = len(image) / len(cells)
    strokes, strengths = [], []
    for (row, column), histogram in zip(
        np.ndindex(cells.shape[:2]), cells.reshape(-1, cells.shape[2]), strict=True
    ):
        x, y = (column + 0.5) * side - 0.5, (row + 0.5) * side - 0.5
        for number, strength in enumerate(histogram):
            # A gradient in this direction is an edge across it.
            angle = np.pi * (number + 0.5) / len(histogram) + np.pi / 2
            dx, dy = 0.45 * side * np.cos(angle), 0.45 * side * np.sin(angle)
            strokes.append([(x - dx, y - dy), (x + dx, y + dy)])
            strengths.append(strength)
    levels = np.clip(np.array(strengths) / (max(strengths) or 1.0), 0, 1)
    axes[0].imshow(image, vmin=0, vmax=1)
    axes[1].add_collection(LineCollection(strokes, colors=INK, linewidths=1.6, alpha=levels))
    axes[1].set(xlim=axes[0].get_xlim(), ylim=axes[0].get_ylim(), aspect="equal")
    for ax, title in zip(axes, ("the image", "its histograms of edges"), strict=True):
        _bare(ax)
        ax.set_title(title)
    return figure


def by_size(record: Any) -> Figure:
    """Of record D10: test accuracy of the four ways by the number of training images."""
    figure, ax = new("wide", height=3.7)
    sizes = record.metrics["sizes"][0]
    for number, (kind, name) in enumerate(KINDS.items()):
        mean_and_spread(
            ax, sizes, record.metrics[f"test_accuracy_{kind}"], name, color=COLORS[number],
            marker=MARKERS[number], linestyle=LINES[number],
        )  # fmt: skip
    ax.set_xscale("log")
    ax.set(xlabel="training images", ylabel="test accuracy")
    ax.set_xticks(sizes, [f"{int(size):,}" for size in sizes])
    ax.minorticks_off()
    ax.legend(loc="lower right")
    return figure


def by_labels(record: Any) -> Figure:
    """Of record D15: accuracy on the target classes by labels a class, and by how much it differs from pixels."""
    figure, axes = new("wide", columns=2, height=3.6)
    labels = record.metrics["labels"][0]
    pixels = record.metrics["accuracy_pixels"]
    for number, (way, name) in enumerate(WAYS.items()):
        values = record.metrics[f"accuracy_{way}"]
        style = {"color": COLORS[number], "marker": MARKERS[number], "linestyle": LINES[number]}
        axes[0].plot(labels, values.mean(axis=0), label=name, **style)
        if way != "pixels":
            mean_and_spread(axes[1], labels, 100 * (values - pixels), name, **style)
    axes[1].axhline(0, color=COLORS[1], linestyle=LINES[1], linewidth=1.2)
    axes[0].set(ylabel="test accuracy (mean)", title="four ways")
    axes[1].set(ylabel="percentage points", title="less that of the pixels")
    axes[0].legend(loc="lower right", fontsize=8)
    for ax in axes:
        ax.set_xscale("log")
        ax.set_xlabel("labelled images of each class")
        ax.set_xticks(labels, [f"{int(label)}" for label in labels])
        ax.minorticks_off()
    return figure
