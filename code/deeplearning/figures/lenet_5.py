"""Figures of the chapter on LeNet-5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from deeplearning.figures.common import compare, mean_and_spread
from deeplearning.figures.style import COLORS, GREY, STYLE, new, tint

INK = "#1A1A1A"
Stage = tuple[str, int, int]  # name, maps, side of a map in pixels


def network(stages: Sequence[Stage], between: Sequence[str]) -> Figure:
    """Draw a convolutional network as stacks of maps, each as large as it is, with what happens in between.

    Args:
        stages: for each its name, the number of its maps and their side in pixels; side 1 is a vector.
        between: what leads from each stage to the next, one fewer.
    """
    if len(between) != len(stages) - 1:
        raise ValueError(
            f"expected {len(stages) - 1} texts between {len(stages)} stages; got {len(between)}"
        )
    figure, ax = new("wide", height=2.9)
    x = 0.0
    for index, (name, maps, side) in enumerate(stages):
        color = COLORS[2] if side == 1 else COLORS[0]
        height = maps / 12 if side == 1 else side / 2.2
        width = 1.1 if side == 1 else height
        layers = 1 if side == 1 else min(maps, 6)
        for layer in reversed(range(layers)):
            shift = 0.55 * layer
            corner = (x + shift, -height / 2 + shift - 0.27 * (layers - 1))
            ax.add_patch(
                Rectangle(
                    corner, width, height, facecolor=tint(color), edgecolor=color, linewidth=1
                )
            )
        right = x + width + 0.55 * (layers - 1)
        shape = f"{maps}" if side == 1 else f"{maps}×{side}×{side}"
        middle = (x + right) / 2
        ax.text(middle, -9.6, f"{name}\n{shape}", ha="center", va="top", fontsize=9, color=INK)
        narrow = side == 1 or (index + 1 < len(stages) and stages[index + 1][2] == 1)
        gap = 4.6 if narrow else 2.8
        if index < len(between):
            ax.annotate(
                "", (right + gap - 0.4, 0), (right + 0.4, 0),
                arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.2},
            )  # fmt: skip
            level, place = (8.4, 10.0)[index % 2], right + gap / 2
            ax.text(place, level, between[index], ha="center", fontsize=9, color=INK)
            ax.plot([place, place], [0.6, level - 0.4], ":", color=GREY, linewidth=0.8)
        x = right + gap
    ax.set(xlim=(-0.8, x - 2.4), ylim=(-13.0, 11.6))
    ax.set_axis_off()
    return figure


def connections(table: Sequence[Sequence[int]]) -> Figure:
    """Draw which maps of one layer each map of the next one reads.

    Args:
        table: for each map of the next layer, the numbers of those that it reads.
    """
    figure, ax = new("wide", height=2.4)
    inputs = 1 + max(max(reads) for reads in table)
    colors = {3: COLORS[0], 4: COLORS[1], 6: COLORS[2]}
    marks = {3: "o", 4: "s", 6: "D"}
    for column, reads in enumerate(table):
        count = len(reads)
        ax.plot(
            [column] * count, list(reads), marks.get(count, "o"), markersize=9,
            color=colors.get(count, COLORS[4]), linestyle="none",
        )  # fmt: skip
    for count, color in colors.items():
        ax.plot([], [], marks[count], color=color, linestyle="none", label=f"reads {count}")
    ax.set(xlabel="map of C3", ylabel="map of S2", xlim=(-0.7, len(table) - 0.3))
    ax.set_xticks(range(len(table)))
    ax.set_yticks(range(inputs))
    ax.set_ylim(inputs - 0.4, -0.6)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.22), ncols=3)
    return figure


def squashing(a: Any, scaled: Any, plain: Any) -> Figure:
    """Draw the scaled tanh beside the plain one; where targets of ±1 lie on it is marked.

    Args:
        a: (n,) weighted sums.
        scaled, plain: (n,) the two functions of them.
    """
    figure, ax = new("small", height=2.8)
    ax.plot(a, scaled, color=COLORS[0], linestyle="-", label="1.7159 tanh(2a/3)")
    ax.plot(a, plain, color=COLORS[1], linestyle="--", label="tanh(a)")
    ax.plot([-1, 1], [-1, 1], "o", color=COLORS[0], markersize=6)
    ax.set(xlabel="weighted sum a", ylabel="output f(a)")
    ax.legend(loc="lower right")
    return figure


def errors(names: Sequence[str], values: Sequence[Any], published: Mapping[str, float]) -> Figure:
    """Draw test errors of several networks, every seed a dot, with published errors as lines.

    Args:
        names: of the networks.
        values: for each its (S,) errors, as shares.
        published: label → error, as a share.
    """
    figure, ax = new("wide", height=3.0)
    compare(ax, names, [100 * np.asarray(one) for one in values])
    for index, (label, error) in enumerate(published.items()):
        ax.axhline(
            100 * error, color=GREY, linestyle=("--", ":")[index % 2], linewidth=1.2, label=label
        )
    highest = 100 * max(max(float(np.max(one)) for one in values), *published.values())
    ax.set(ylabel="test error (%)", ylim=(0, 1.15 * highest))
    ax.legend(loc="lower right")
    return figure


def row_reading(
    picture: Any, probabilities: Any, columns: Sequence[int], digits: Sequence[int], stride: int = 4
) -> Figure:
    """Draw a row of digits, the probabilities along it, and what is read where.

    Args:
        picture: (H, W) of the row.
        probabilities: (T, K), a distribution for each window; the last class is "none".
        columns: the windows in which a digit is read.
        digits: what is read there.
        stride: pixels from one window to the next; window t has its middle at stride · t + (H − 1)/2.
    """
    picture, probabilities = np.asarray(picture), np.asarray(probabilities)
    height, width = picture.shape
    count, classes = probabilities.shape
    middles = stride * np.arange(count) + (height - 1) / 2
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 3.6), layout="constrained")
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.7])
    top.imshow(
        picture, cmap="gray_r", extent=(-0.5, width - 0.5, height - 0.5, -0.5), aspect="auto"
    )
    top.set_yticks([])
    top.grid(visible=False)
    edges = np.append(middles - stride / 2, middles[-1] + stride / 2)
    bottom.pcolormesh(
        edges, np.arange(classes + 1) - 0.5, probabilities.T, cmap="Blues", vmin=0, vmax=1,
        rasterized=True,
    )  # fmt: skip
    for column, digit in zip(columns, digits, strict=True):
        top.axvline(middles[column], color=COLORS[1], linestyle="-", linewidth=1)
        top.text(
            middles[column], -3, str(digit), ha="center", va="bottom", fontsize=11, color=COLORS[1]
        )
        bottom.plot(
            middles[column], digit, "s", markersize=9, markerfacecolor="none", color=COLORS[1]
        )
    bottom.set_yticks(range(classes), [*map(str, range(classes - 1)), "none"])
    bottom.set(xlabel="place along the row (pixels)", ylabel="class", xlim=(-0.5, width - 0.5))
    bottom.set_ylim(classes - 0.5, -0.5)
    bottom.grid(visible=False)
    return figure


def reading(
    lengths: Sequence[int],
    by_length: Any,
    gaps: Sequence[int],
    whole: Any,
    cut: Any,
    digit_error: float,
) -> Figure:
    """Draw how many rows are read without an error, by their length and by the gap between digits.

    Args:
        lengths: digits in a row.
        by_length: (S, lengths) shares of rows.
        gaps: columns of paper between neighbours.
        whole, cut: (S, gaps) shares of rows read whole, and read after cutting at paper.
        digit_error: errors in a digit, for the dashed line of rows whose digits fail independently.
    """
    figure, (left, right) = new("wide", columns=2, sharey=True, height=3.2)
    at = np.asarray(lengths, dtype=float)
    mean_and_spread(
        left, at, 100 * np.asarray(by_length), "read", color=COLORS[0], marker="o", linestyle="-"
    )
    left.plot(
        at, 100 * (1 - digit_error) ** at, "--", color=GREY, label="digits fail independently"
    )
    left.set(xlabel="digits in the row", ylabel="rows without an error (%)", ylim=(0, 103))
    left.legend(loc="lower left")
    for values, label, color, marker, line in (
        (whole, "whole row", COLORS[0], "o", "-"), (cut, "cut at paper", COLORS[1], "s", "--"),
    ):  # fmt: skip
        mean_and_spread(
            right, gaps, 100 * np.asarray(values), label, color=color, marker=marker, linestyle=line
        )
    right.set(xlabel="columns of paper between digits")
    right.legend(loc="lower right")
    return figure


def race(curves: Mapping[str, Any], gaps: Mapping[str, Any]) -> Figure:
    """Draw test accuracy over the seconds that all had, and the gap between training and test at the end.

    Args:
        curves: name → (S, n) accuracies at n equally spaced shares of the budget.
        gaps: name → (S,) differences of accuracy.
    """
    figure, (left, right) = new("wide", columns=2, width_ratios=[1.5, 1], height=3.2)
    for index, (name, values) in enumerate(curves.items()):
        array = 100 * np.asarray(values)
        share = 100 * np.arange(1, array.shape[1] + 1) / array.shape[1]
        mean_and_spread(
            left, share, array, name, color=COLORS[index], linestyle=("-", "--", "-.")[index % 3]
        )
    left.set(xlabel="seconds used (% of the budget)", ylabel="test accuracy (%)", ylim=(88, 100))
    left.legend(loc="lower right")
    compare(right, list(gaps), [100 * np.asarray(values) for values in gaps.values()])
    right.set(ylabel="train − test accuracy (points)", ylim=(0, None))
    right.tick_params(axis="x", labelsize=8)
    figure.get_layout_engine().set(wspace=0.08)
    return figure


def photograph(photo: Any, digit: Any, probabilities: Any) -> Figure:
    """Draw a photograph, what the network is given of it, and what it says.

    Args:
        photo: (H, W) grey values, 0 to 255.
        digit: (28, 28), ink 1.
        probabilities: (11,), the last one of "none".
    """
    probabilities = np.asarray(probabilities)
    figure, (left, middle, right) = new("wide", columns=3, height=2.6)
    left.imshow(photo, cmap="gray", vmin=0, vmax=255)
    middle.imshow(digit, cmap="gray_r", vmin=0, vmax=1)
    for ax, title in ((left, "the photograph"), (middle, "28 × 28, as in MNIST")):
        ax.set_axis_off()
        ax.set_title(title)
    names = [*map(str, range(len(probabilities) - 1)), "none"]
    right.barh(range(len(names)), 100 * probabilities, color=COLORS[0])
    right.set_yticks(range(len(names)), names)
    right.set(xlabel="probability (%)", xlim=(0, 100))
    right.invert_yaxis()
    right.grid(visible=False, axis="y")
    return figure
