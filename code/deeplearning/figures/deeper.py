"""Figures of the chapter on stacking blocks of convolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint
from deeplearning.records import Metrics

INK = "#1A1A1A"


def _row(ax: Axes, y: float, count: int, seen: Sequence[int], color: str) -> None:
    """Cells of one layer side by side; those that are seen have a colour."""
    for x in range(count):
        ground = tint(color, 0.45) if x in seen else "none"
        ax.add_patch(
            Rectangle((x - count / 2 + 0.08, y), 0.84, 0.5, facecolor=ground, edgecolor=GREY)
        )


def seen(stacks: Mapping[str, Sequence[int]], width: int = 7) -> Figure:
    """What one unit sees through a stack of convolutions: a row of cells for the image, and one for each layer.

    Args:
        stacks: title to the odd sizes of the kernels, image first.
        width: cells in a row.
    """
    figure, panels = new("small", columns=len(stacks), height=1.9, squeeze=False)
    for ax, (title, kernels) in zip(panels.flat, stacks.items(), strict=True):
        reach = [0]
        for kernel in reversed(kernels):
            reach.insert(0, reach[0] + kernel // 2)
        step = 3.0 / len(kernels)  # panels of equal height
        for layer, (half, color) in enumerate(zip(reach, COLORS, strict=False)):
            y, middle = layer * step, width // 2
            cells = range(middle - half, middle + half + 1)
            _row(ax, y, width, cells, color)
            if layer < len(kernels):
                for x in range(-reach[layer + 1], reach[layer + 1] + 1):
                    for tap in range(-(kernels[layer] // 2), kernels[layer] // 2 + 1):
                        ax.plot(
                            [x + tap, x], [y + 0.5, y + step], color=GREY, linewidth=0.8,
                            linestyle="-", zorder=0,
                        )  # fmt: skip
            name = "image" if layer == 0 else f"layer {layer}"
            ax.text(
                -width / 2 - 0.2, y + 0.25, name, ha="right", va="center", fontsize=8, color=INK
            )
        ax.set(xlim=(-width / 2 - 2.9, width / 2 + 0.1), ylim=(-0.2, 3.7))
        ax.set_title(title, fontsize=9.5)
        ax.set_axis_off()
    return figure


def tower(maps: Sequence[tuple[int, int, str]]) -> Figure:
    """Maps of a network from the image to the scores: their side as height, their channels as width.

    Args:
        maps: channels, pixels a side (0: numbers, no map) and a name, in order.
    """
    figure, ax = new("wide", height=3.1)
    x, gap = 0.0, 10.0
    for number, (channels, side, name) in enumerate(maps):
        width, height = (channels, side) if side else (1.6, channels)
        color = COLORS[number % 5] if side else GREY
        ax.add_patch(
            Rectangle(
                (x, -height / 2), width, height, facecolor=tint(color), edgecolor=color,
                linewidth=1.3,
            )
        )  # fmt: skip
        size = f"{channels} of\n{side} × {side}" if side else f"{channels}"
        ax.text(
            x + width / 2, -height / 2 - 1.2, f"{name}\n{size}", ha="center", va="top",
            fontsize=10, color=INK,
        )  # fmt: skip
        if number + 1 < len(maps):
            _arrow(ax, (x + width + 0.8, 0), (x + width + gap - 0.8, 0))
        x += width + gap
    ax.set(xlim=(-4, x - gap + 4), ylim=(-25, 17))
    ax.set_axis_off()
    return figure


def _arrow(
    ax: Axes, start: tuple[float, float], stop: tuple[float, float], color: str = GREY
) -> None:
    ax.add_patch(
        FancyArrowPatch(
            start, stop, arrowstyle="-|>", mutation_scale=11, color=color, shrinkA=0, shrinkB=0
        )
    )


def blocks(columns: Mapping[str, Sequence[str]]) -> Figure:
    """Blocks as boxes from the bottom to the top; a box "+" is where the way around the boxes below it comes back.

    Args:
        columns: title to the boxes' texts, input side first.
    """
    figure, panels = new("small", columns=len(columns), height=3.9, squeeze=False)
    tallest = max(map(len, columns.values()))
    for ax, (title, boxes) in zip(panels.flat, columns.items(), strict=True):
        for number, text in enumerate(boxes):
            y = float(number)
            _arrow(ax, (0, y - 0.62), (0, y - 0.33))
            if text == "+":
                ax.plot(0, y, "o", markersize=16, color=tint(COLORS[1]), markeredgecolor=COLORS[1])
                ax.text(0, y, "+", ha="center", va="center", fontsize=12, color=INK)
                ax.plot([0, 1.25, 1.25], [-0.62, -0.62, y], color=COLORS[1], linestyle="-")
                _arrow(ax, (1.25, y), (0.22, y), COLORS[1])
                continue
            color = COLORS[0] if text.startswith("conv") else COLORS[2]
            ax.add_patch(
                FancyBboxPatch(
                    (-1, y - 0.3), 2, 0.6, boxstyle="round,pad=0,rounding_size=0.1",
                    facecolor=tint(color), edgecolor=color, linewidth=1.3,
                )
            )  # fmt: skip
            ax.text(0, y, text, ha="center", va="center", fontsize=8, color=INK)
        ax.plot([0, 0], [-0.95, -0.62], color=GREY, linestyle="-")
        _arrow(ax, (0, len(boxes) - 0.68), (0, len(boxes) - 0.2))
        ax.set(xlim=(-1.15, 1.45), ylim=(-1.0, tallest))
        ax.set_title(title, fontsize=9.5)
        ax.set_axis_off()
    return figure


def spent(parts: Mapping[str, tuple[float, float]]) -> Figure:
    """Parameters (left) and multiplications (right) of the parts of a network, in thousands.

    Args:
        parts: name to the two numbers, input first; drawn from the top.
    """
    figure, panels = new("wide", columns=2, height=2.6, sharey=True)
    names = list(parts)
    for index, (ax, label) in enumerate(
        zip(panels, ("parameters (thousands)", "multiplications (thousands)"), strict=True)
    ):
        ax.barh(
            names, [parts[name][index] / 1000 for name in names], color=tint(COLORS[index], 0.7),
            height=0.6,
        )  # fmt: skip
        ax.set_xlabel(label)
        ax.grid(visible=False, axis="y")
    panels[0].invert_yaxis()
    return figure


def sizes(series: Mapping[str, Sequence[float]]) -> Figure:
    """The size of signals from layer to layer, on a logarithmic scale.

    Args:
        series: label to one number a layer, from the first.
    """
    figure, ax = new("small")
    for (label, values), color, marker, line in zip(
        series.items(), COLORS, MARKERS, LINES, strict=False
    ):
        places = np.arange(1, len(values) + 1)
        ax.plot(places, values, label=label, color=color, marker=marker, linestyle=line)
    ax.set(xlabel="convolution", ylabel="standard deviation over images", yscale="log")
    ax.legend()
    return figure


def accuracy_against_work(metrics: Metrics, families: Mapping[str, Mapping[str, str]]) -> Figure:
    """Test accuracy against multiplications for an image: mean over seeds and one standard deviation (C9).

    Args:
        families: label to the family's networks, each with the text beside its mark.
    """
    figure, ax = new("wide", height=4.2)
    for number, ((label, networks), color, marker, line) in enumerate(
        zip(families.items(), COLORS, MARKERS, LINES, strict=False)
    ):
        place = (5, 5) if number % 2 else (5, -12)  # above and below in turn: some marks coincide
        work = [float(metrics.mean(f"multiplications_{name}")) / 1e6 for name in networks]
        accuracy = [100 * float(metrics.mean(f"test_accuracy_{name}")) for name in networks]
        spread = [100 * float(metrics.std(f"test_accuracy_{name}")) for name in networks]
        ax.errorbar(
            work, accuracy, spread, label=label, color=color, marker=marker, linestyle=line,
            capsize=3, linewidth=1.4,
        )  # fmt: skip
        for x, y, text in zip(work, accuracy, networks.values(), strict=True):
            ax.annotate(text, (x, y), place, textcoords="offset points", fontsize=8, color=color)
    ax.set(
        xlabel="multiplications for one image (millions)", ylabel="test accuracy (%)", xscale="log"
    )
    ticks = (0.2, 0.5, 1, 2, 5, 10)
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.margins(x=0.08)
    ax.legend(loc="lower right")
    return figure


def bought(gains: Mapping[str, Any], bar: float = 0.0) -> Figure:
    """What each change of a network brings, in percentage points: every seed a dot, the mean with its standard error.

    Args:
        gains: label to (S,) gains in accuracy; drawn from the top.
        bar: a gain to mark, in accuracy; 0 for none.
    """
    figure, ax = new("small", height=0.9 + 0.3 * len(gains))
    for place, values in enumerate(gains.values()):
        points = 100 * np.asarray(values, dtype=float)
        color = COLORS[0] if points.mean() >= 0 else COLORS[1]
        ax.plot(points, np.full(len(points), place), "o", color=color, alpha=0.4, markersize=4)
        error = points.std(ddof=1) / np.sqrt(len(points)) if len(points) > 1 else 0.0
        ax.errorbar(
            points.mean(), place, xerr=error, color=color, marker="D" if color == COLORS[0] else "s",
            capsize=4, linestyle="none", markersize=7,
        )  # fmt: skip
    ax.axvline(0, color=GREY, linewidth=1, linestyle="-")
    if bar:
        ax.axvline(100 * bar, color=GREY, linewidth=1, linestyle="--")
    ax.set_yticks(range(len(gains)), list(gains), fontsize=8.5)
    ax.set_ylim(len(gains) - 0.4, -0.6)
    ax.set_xlabel("change of accuracy (percentage points)")
    ax.grid(visible=False, axis="y")
    return figure


def learning(losses: Mapping[str, Any]) -> Figure:
    """Loss on the training images after each pass, mean over seeds and one standard deviation.

    Args:
        losses: label to (S, passes), NaN where a seed has none.
    """
    figure, ax = new("small")
    for (label, values), color, marker, line in zip(
        losses.items(), COLORS, MARKERS, LINES, strict=False
    ):
        array = np.asarray(values, dtype=float)
        passes = np.arange(1, array.shape[1] + 1)
        mean, std = np.nanmean(array, axis=0), np.nanstd(array, axis=0, ddof=1)
        ax.errorbar(
            passes, mean, std, label=label, color=color, marker=marker, linestyle=line, capsize=3
        )
    ax.set(xlabel="pass over the images", ylabel="training loss (nats)", yscale="log")
    ax.set_xticks(passes)
    ticks = [tick for tick in (0.2, 0.3, 0.5, 1, 2) if ax.get_ylim()[0] < tick < ax.get_ylim()[1]]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.legend()
    return figure
