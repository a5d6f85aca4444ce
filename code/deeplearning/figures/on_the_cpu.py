"""Figures of the chapter on the convolution ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, NullFormatter

from deeplearning.figures.how_fast_can_it_be import INK, bars, narrow
from deeplearning.figures.style import COLORS, GREY, new, tint


def _cell(
    ax: Axes, x: float, y: float, text: str, face: Any, edge: str = GREY, size: float = 8
) -> None:
    ax.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor=edge, linewidth=0.8))
    ax.text(x + 0.5, y + 0.47, text, ha="center", va="center", fontsize=size, color=INK)


def patches() -> Figure:
    """Draw im2col of a 4 × 4 image under a 3 × 3 kernel: four windows become four columns."""
    figure, (left, right) = narrow(3.0, columns=2, width_ratios=[1, 1.75])
    for i in range(4):
        for j in range(4):
            _cell(left, j, 3 - i, f"{4 * i + j + 1}", "white", size=9.5)
    for number, (i, j) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        inset = 0.07 + 0.05 * number
        box = Rectangle(
            (j + inset, 1 - i + inset), 3 - 2 * inset, 3 - 2 * inset,
            facecolor="none", edgecolor=COLORS[number], linewidth=2,
        )  # fmt: skip
        left.add_patch(box)
    left.set(xlim=(-0.3, 4.3), ylim=(-0.9, 4.3))
    left.text(2, -0.55, "image, 4 × 4, and its windows", ha="center", fontsize=9, color=INK)
    for row in range(9):
        _cell(right, row - 10.4, 4, f"$w_{row + 1}$", tint(GREY, 0.2), size=8.5)
        for number, (i, j) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
            r, s = divmod(row, 3)
            value = 4 * (i + r) + j + s + 1
            _cell(right, number, 8 - row, f"{value}", tint(COLORS[number]), size=8.5)
    right.text(-0.7, 4.45, "×", ha="center", va="center", fontsize=13, color=INK)
    right.text(-5.9, 3.4, "kernel as a row", ha="center", fontsize=9, color=INK)
    right.text(2, -0.75, "patches, 9 × 4", ha="center", fontsize=9, color=INK)
    right.set(xlim=(-10.7, 4.3), ylim=(-1.2, 9.3))
    for ax in (left, right):
        ax.set_aspect("equal")
        ax.set_axis_off()
    return figure


def one_line() -> Figure:
    """Draw a padded 2 × 3 image, laid out in one line in which rows share their zeros, and two taps as shifts of it."""
    figure, ax = narrow(3.2)
    height, width, padding = 2, 3, 1
    pitch = width + padding
    for i in range(-1, height + 1):
        for j in range(-1, width + 1):
            inside = 0 <= i < height and 0 <= j < width
            shared = j in (-1, width) and (i, j) != (-1, -1) and (i, j) != (height, width)
            face = tint(COLORS[0]) if inside else tint(COLORS[4], 0.25) if shared else "white"
            _cell(ax, j + 1, 7.6 - i, f"{i * width + j + 1}" if inside else "0", face, size=9)
    text = "the zero after a row\nand the one before the next\nare stored once"
    ax.text(5.8, 7.6, text, fontsize=10, va="center", color=INK)
    ax.text(0, 4.1, "the same image in memory", fontsize=10, color=INK)
    line = ["0"] * ((height + 2) * pitch + 2)
    for i in range(height):
        for j in range(width):
            line[(i + 1) * pitch + 1 + j] = f"{i * width + j + 1}"
    for place, number in enumerate(line):
        shared = number == "0" and place % pitch == 0 and 0 < place < (height + 2) * pitch
        face = tint(COLORS[0]) if number != "0" else tint(COLORS[4], 0.25) if shared else "white"
        _cell(ax, place, 2.7, number, face, size=9)
    length = height * pitch
    for row, ((r, s), color) in enumerate((((0, 0), COLORS[1]), ((1, 1), COLORS[2]))):
        begin, y = r * pitch + s, 2.1 - 1.45 * row
        bar = {"arrowstyle": "|-|", "color": color, "mutation_scale": 4, "linewidth": 1.6}
        ax.annotate("", (begin + length, y), (begin, y), arrowprops=bar)
        ax.text(begin + length / 2, y - 0.2, f"tap ({r}, {s}): from place {begin} on", color=color,
                ha="center", va="top", fontsize=10)  # fmt: skip
    ax.set(xlim=(-0.3, 18.3), ylim=(-0.5, 9.8))
    ax.set_aspect("equal")
    ax.set_axis_off()
    return figure


def ladder(names: Sequence[str], nanoseconds: Any, numbered: bool = True) -> Figure:
    """Draw the time of one multiplication with its addition for each rung, on a logarithmic axis.

    Args:
        names: one a rung, from the slowest at the top.
        nanoseconds: (rungs, rounds).
        numbered: whether the names are numbered from 1.
    """
    figure, ax = narrow(0.34 * len(names) + 0.9)
    values, rows = np.asarray(nanoseconds), -np.arange(len(names))
    middle, (low, high) = np.median(values, axis=1), np.percentile(values, [20, 80], axis=1)
    ax.hlines(rows, low, high, color=INK, linewidth=1.4)
    ax.plot(middle, rows, "o", color=COLORS[0], markersize=8, linestyle="none")
    for row, value, end in zip(rows, middle, high, strict=True):
        text = f"{value:.0f}" if value >= 10 else f"{value:.2g}"
        ax.annotate(text, (end, row), (9, 0), textcoords="offset points", va="center", fontsize=9)
    labels = [f"{number} {name}" if numbered else name for number, name in enumerate(names, 1)]
    ax.set_yticks(rows, labels, fontsize=9)
    ax.set(xscale="log", xlabel="time of a multiply–add (ns)")
    ax.set_xlim(low.min() / 2, high.max() * 5)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    return figure


def share_and_memory(
    names: Sequence[str], shares: Any, mebibytes: Sequence[float | None], first: int = 1
) -> Figure:
    """Draw the share of the attainable speed and the memory that a rung takes, two panels with the same rows.

    Args:
        names: one a rung, from the top.
        shares: (rungs, rounds), 1 on the roof.
        mebibytes: MiB that one call holds at most; None where it is not known.
        first: number of the first rung.
    """
    figure, (left, right) = new(
        "wide", columns=2, height=0.36 * len(names) + 1.0, sharey=True, width_ratios=[1.3, 1]
    )
    rows = [f"{number} {name}" for number, name in enumerate(names, first)]
    bars(left, rows, 100 * np.asarray(shares), COLORS[0])
    left.axvline(100, color=INK, linewidth=1.2, linestyle="-")
    left.set(xlabel="share of attainable speed (%)", xlim=(0, 112))
    known = [(-row, value) for row, value in enumerate(mebibytes) if value is not None]
    right.barh(*zip(*known, strict=True), 0.62, color=tint(COLORS[1], 0.55), edgecolor=COLORS[1])
    for row, value in known:
        right.annotate(f"{value:.3g}", (value, row), (5, 0), textcoords="offset points", va="center",
                       fontsize=8.5)  # fmt: skip
    right.set(xlabel="memory taken (MiB)", xlim=(0, 1.22 * max(value for _, value in known)))
    right.grid(visible=False, axis="y")
    return figure


def step(
    least: Mapping[str, float], measured: Mapping[str, Any], overhead: Mapping[str, float]
) -> Figure:
    """Draw the parts of a training step: what the roofline asks for, what was measured, what calling alone takes.

    Args:
        least: part → seconds by the roofline.
        measured: part → seconds, (rounds,).
        overhead: part → seconds of the same calls on arrays of one number.
    """
    figure, ax = narrow(3.2)
    places = np.arange(len(least))
    middle = np.array([np.median(measured[name]) for name in least]) * 1e6
    low, high = (
        np.array([np.percentile(measured[name], percent) for name in least]) * 1e6
        for percent in (20, 80)
    )
    series = (
        ("roofline", np.array(list(least.values())) * 1e6, COLORS[2], None),
        ("the calls alone", np.array([overhead[name] for name in least]) * 1e6, COLORS[3], "//"),
        ("measured", middle, COLORS[0], None),
    )
    for number, (label, values, color, hatch) in enumerate(series):
        at = places + 0.27 * (number - 1)
        ax.bar(at, values, 0.25, label=label, color=tint(color, 0.6), edgecolor=color, hatch=hatch)
        for x, value in zip(at, values, strict=True):
            ax.annotate(f"{value:.0f}" if value >= 10 else f"{value:.1f}", (x, value), (0, 3), ha="center",
                        textcoords="offset points", fontsize=8.5)  # fmt: skip
    ax.errorbar(places + 0.27, middle, yerr=[middle - low, high - middle], color=INK, linestyle="none",
                capsize=3)  # fmt: skip
    ax.set(ylabel="time in a step (µs)")
    ax.margins(y=0.12)
    ax.set_xticks(places, list(least))
    ax.grid(visible=False, axis="x")
    ax.legend(loc="upper right")
    return figure
