"""Figures of the chapter on convolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from deeplearning.figures.common import compare
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, SIZES, STYLE, new, tint

INK = "#1A1A1A"
WHITE = "#FFFFFF"


def _grid(
    ax: Axes, corner: tuple[float, float], values: np.ndarray, colors: Any, strong: Any = None
) -> None:
    """Draw numbers in cells; ``colors[i][j]`` is a cell's ground, ``strong[i][j]`` says which are bold."""
    for (row, column), value in np.ndenumerate(values):
        x, y = corner[0] + column, corner[1] - row - 1
        ground = colors[row][column]
        ax.add_patch(Rectangle((x, y), 1, 1, facecolor=ground, edgecolor=GREY, linewidth=0.7))
        bold = strong is not None and strong[row][column]
        ax.text(
            x + 0.5, y + 0.5, f"{value:g}".replace("-", "−"), ha="center", va="center",
            fontsize=11, color=INK, fontweight="bold" if bold else "normal",
        )  # fmt: skip


def _frame(ax: Axes, x: float, y: float, width: float, height: float, color: str) -> None:
    ax.add_patch(
        Rectangle((x, y), width, height, facecolor="none", edgecolor=color, linewidth=2.4, zorder=4)
    )


def sliding(image: Any, kernel: Any, place: tuple[int, int]) -> Figure:
    """Draw an image, a kernel and their convolution as grids of numbers, with one place picked out.

    Args:
        image: (H, W) small whole numbers.
        kernel: (R, S).
        place: row and column in the result.
    """
    image, kernel = np.asarray(image), np.asarray(kernel)
    (height, width), (rows, columns) = image.shape, kernel.shape
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    result = (windows * kernel).sum(axis=(2, 3))
    figure, ax = new("wide", height=2.9)
    top, left = place
    under = np.zeros(image.shape, bool)
    under[top : top + rows, left : left + columns] = True
    picked = np.zeros(result.shape, bool)
    picked[place] = True
    gap = 1.5
    second = width + gap
    third = second + columns + gap
    half = height / 2
    blue, red, green = (tint(color, 0.3) for color in (COLORS[0], COLORS[1], COLORS[2]))
    _grid(ax, (0, half), image, [[blue if on else WHITE for on in row] for row in under], under)
    _grid(ax, (second, rows / 2), kernel, [[red] * columns] * rows)
    ground = [[green if on else WHITE for on in row] for row in picked]
    _grid(ax, (third, result.shape[0] / 2), result, ground, picked)
    _frame(ax, left, half - top - rows, columns, rows, COLORS[0])
    _frame(ax, third + left, result.shape[0] / 2 - top - 1, 1, 1, COLORS[2])
    for x, sign in ((width + gap / 2, "∗"), (third - gap / 2, "=")):
        ax.text(x, 0, sign, ha="center", va="center", fontsize=18, color=INK)
    for x, text in (
        (width / 2, "image"),
        (second + columns / 2, "kernel"),
        (third + result.shape[1] / 2, "result"),
    ):
        ax.text(x, -half - 0.25, text, ha="center", va="top", fontsize=11, color=INK)
    ax.set(xlim=(-0.2, third + result.shape[1] + 0.2), ylim=(-half - 1, half + 0.2))
    ax.set_aspect("equal")
    ax.set_axis_off()
    return figure


def wiring(
    layouts: Mapping[str, Mapping[str, int]], pixels: int = 7, columns: int = 2, height: float = 3.6
) -> Figure:
    """Draw one-dimensional convolutions as two rows of cells, results above pixels, with a line for each tap.

    Args:
        layouts: title to any of kernel (3), stride (1), padding (0) and dilation (1).
        pixels: of the input.
        columns: panels in a row.
        height: of the figure, in inches.
    """
    rows = -(-len(layouts) // columns)
    figure, panels = new("wide", rows=rows, columns=columns, height=height, squeeze=False)
    for ax, (title, layout) in zip(panels.ravel(), layouts.items(), strict=False):
        kernel, stride = layout.get("kernel", 3), layout.get("stride", 1)
        padding, dilation = layout.get("padding", 0), layout.get("dilation", 1)
        reach = dilation * (kernel - 1)
        count = (pixels + 2 * padding - reach - 1) // stride + 1
        centres = [stride * i - padding + reach / 2 for i in range(count)]
        picked = count // 2
        for i, centre in enumerate(centres):
            color = COLORS[1] if i == picked else GREY
            for tap in range(kernel):
                ax.plot(
                    [stride * i - padding + dilation * tap, centre], [0.5, 2.0], color=color, linestyle="-",
                    linewidth=2.0 if i == picked else 0.8, zorder=2 if i == picked else 1,
                )  # fmt: skip
            ground = tint(color, 0.35) if i == picked else tint(COLORS[2], 0.25)
            _cell(ax, centre, 2.5, ground)
        for pixel in range(-padding, pixels + padding):
            real = 0 <= pixel < pixels
            _cell(ax, pixel, 0, tint(COLORS[0], 0.25) if real else WHITE, "" if real else "0")
        ax.set_title(title)
        ax.set(xlim=(-1.9, pixels + 0.9), ylim=(-0.7, 3.2))
        ax.set_aspect("equal")
        ax.set_axis_off()
    for ax in panels.ravel()[len(layouts) :]:
        ax.set_axis_off()
    return figure


def _cell(ax: Axes, x: float, y: float, ground: Any, text: str = "") -> None:
    ax.add_patch(
        Rectangle((x - 0.42, y - 0.5), 0.84, 1, facecolor=ground, edgecolor=GREY, zorder=3)
    )
    if text:
        ax.text(x, y, text, ha="center", va="center", fontsize=9, color=INK, zorder=4)


def channels(panels: Mapping[str, Any]) -> Figure:
    """Draw which channels of the result read which channels of the input.

    Args:
        panels: title to a table (K, C) of zeros and ones, 1 where output k reads input c.
    """
    figure, axes = new("wide", columns=len(panels), height=2.7, squeeze=False)
    for ax, (title, table) in zip(axes[0], panels.items(), strict=True):
        reads = np.asarray(table)
        outputs, inputs = reads.shape
        places = [
            [(x, (count - 1) / 2 - i) for i in range(count)]
            for x, count in ((0.0, inputs), (2.6, outputs))
        ]
        for k, c in np.argwhere(reads):
            (x0, y0), (x1, y1) = places[0][c], places[1][k]
            ax.plot([x0, x1], [y0, y1], color=COLORS[k % 4], linestyle="-", linewidth=1.3, zorder=1)
        for i, (x, y) in enumerate(places[0]):
            _square(ax, x, y, tint(COLORS[5], 0.12), f"$x_{i}$")
        for k, (x, y) in enumerate(places[1]):
            _square(ax, x, y, tint(COLORS[k % 4], 0.35), f"$y_{k}$")
        tallest = max(outputs, inputs)
        ax.set_title(title)
        ax.set(xlim=(-0.7, 3.3), ylim=(-tallest / 2 - 0.2, tallest / 2 + 0.2))
        ax.set_aspect("equal")
        ax.set_axis_off()
    return figure


def _square(ax: Axes, x: float, y: float, ground: Any, text: str) -> None:
    ax.add_patch(
        Rectangle((x - 0.42, y - 0.42), 0.84, 0.84, facecolor=ground, edgecolor=GREY, zorder=2)
    )
    ax.text(x, y, text, ha="center", va="center", fontsize=9, color=INK, zorder=3)


def laws(record: Any) -> Figure:
    """Draw a table of operations and laws from the record of C1: which operation breaks which law, and by how much."""
    names = {
        "ours": "conv2d", "turned": "kernel turned", "relu": "with ReLU", "bias": "with bias",
        "varying": "kernel varies",
    }  # fmt: skip
    columns = ("equals\nSciPy's", "linear", "shifts", "waves")
    bits = ("float32", "float64")
    # What the more lenient of the two precisions allows decides what is shown.
    worst = np.array(
        [
            np.max([record.metrics[f"{name}_{b}"].max(axis=0) for b in bits], axis=0)
            if name == "ours"
            else np.min([record.metrics[f"{name}_{b}"].max(axis=0) for b in bits], axis=0)
            for name in names
        ]
    )
    figure, ax = new("wide", height=2.9)
    for (row, column), value in np.ndenumerate(worst):
        kept = value <= 1
        color = COLORS[2] if kept else COLORS[1]
        ax.add_patch(
            Rectangle((column, -row - 1), 1, 1, facecolor=tint(color, 0.25), edgecolor=WHITE, linewidth=3)
        )  # fmt: skip
        text = f"{value:.2f}" if value < 100 else f"> $10^{{{int(np.floor(np.log10(value)))}}}$"
        ax.text(column + 0.5, -row - 0.5, text, ha="center", va="center", fontsize=10, color=INK)
    for row, name in enumerate(names.values()):
        ax.text(-0.08, -row - 0.5, name, ha="right", va="center", fontsize=10, color=INK)
    for column, name in enumerate(columns):
        ax.text(column + 0.5, 0.08, name, ha="center", va="bottom", fontsize=10, color=INK)
    ax.set(xlim=(-1.35, len(columns)), ylim=(-len(names), 0.75))
    ax.set_axis_off()
    return figure


FILTERS = {"blur3": "blur 3 × 3", "blur7": "blur 7 × 7", "sobel": "Sobel"}


def border(record: Any) -> Figure:
    """Draw the relative error of the outermost pixels for each filter and padding, from the record of C2."""
    paddings = ("zeros", "nearest", "mirrored", "opposite")
    figure, ax = new("wide", height=3.0)
    width = 0.2
    for number, padding in enumerate(paddings):
        errors = np.array([record.metrics[f"error_{name}_{padding}"][:, 0] for name in FILTERS])
        places = np.arange(len(FILTERS)) + (number - 1.5) * width
        ax.bar(
            places, errors.mean(axis=1), 0.9 * width, color=tint(COLORS[number], 0.75), label=padding,
            yerr=errors.std(axis=1, ddof=1) if errors.shape[1] > 1 else None, ecolor=INK,
        )  # fmt: skip
    ax.set_xticks(range(len(FILTERS)), list(FILTERS.values()))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_ylabel("error at the border")
    ax.grid(visible=False, axis="x")
    ax.legend(title="made up by", ncols=2)
    return figure


def three_networks(record: Any) -> Figure:
    """Compare the networks for films, from the record of C7: test accuracy, frames in order and shuffled."""
    kinds = {"3d": "3-D", "2d": "frame by\nframe", "stacked": "frames as\nchannels"}
    figure, panels = new("wide", columns=2, height=3.0, sharey=True)
    for ax, what, title in zip(
        panels, ("test", "shuffled"), ("frames in order", "frames shuffled"), strict=True
    ):
        values = [record.metrics[f"{what}_accuracy_{kind}"] for kind in kinds]
        compare(ax, list(kinds.values()), values)
        ax.axhline(1 / 8, color=GREY, linestyle=":", linewidth=1.2)
        ax.set_title(title)
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_ylim(0, 1.05)
    panels[0].set_ylabel("test accuracy")
    panels[0].text(-0.5, 0.145, "chance", fontsize=9, color=GREY)
    return figure


def fields(
    maps: Mapping[str, Any], boxes: Sequence[tuple[int, int]], columns: int | None = None
) -> Figure:
    """Draw gradient maps as images, on a logarithmic scale, with the computed field as a frame.

    Args:
        maps: title to a map (H, W) of gradients without sign; what is exactly zero stays white.
        boxes: first and last pixel of each computed field, the same for rows and columns.
        columns: panels in a row; all in one if None.
    """
    columns = columns or len(maps)
    rows = -(-len(maps) // columns)
    width = SIZES["wide"][0]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, rows * (width / columns + 0.35)), layout="constrained")
    shades = mpl.colormaps["Blues"].with_extremes(bad=WHITE)
    for number, ((title, values), (first, last)) in enumerate(
        zip(maps.items(), boxes, strict=True)
    ):
        ax = figure.add_subplot(rows, columns, number + 1)
        seen = np.asarray(values, dtype=float)
        with np.errstate(divide="ignore"):
            decades = np.log10(np.where(seen > 0, seen / seen.max(), np.nan))
        ax.imshow(decades, cmap=shades, vmin=-6, vmax=0)
        size = last - first + 1
        _frame(ax, first - 0.5, first - 0.5, size, size, COLORS[1])
        high, wide = seen.shape
        ax.set(xlim=(-0.5, wide - 0.5), ylim=(high - 0.5, -0.5))
        ax.set_title(title, fontsize=10)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.grid(visible=False)
        for spine in ax.spines.values():
            spine.set_visible(True)
    return figure


def growth(record: Any) -> Figure:
    """Draw sides of fields against depth, and shares of trained networks, from the record of C12."""
    figure, (left, right) = new("wide", columns=2, height=3.2, width_ratios=[1.25, 1])
    depths = record.config["depths"]
    for number, (name, label) in enumerate(
        {"computed": "computed", "measured": "measured", "effective": "effective"}.items()
    ):
        values = record.metrics.mean(f"{name}_depth")
        left.plot(
            depths, values, LINES[0] if number else "", marker=MARKERS[number], color=COLORS[number],
            label=label, markersize=5 if number else 9, fillstyle="full" if number else "none",
        )  # fmt: skip
    left.set(xscale="log", yscale="log", xlabel="layers of 3 × 3", ylabel="side in pixels")
    left.set_xticks(depths, [str(depth) for depth in depths])
    left.set_xticks([], minor=True)
    ticks = [3, 5, 10, 20, 40, 65]
    left.set_yticks(ticks, [str(tick) for tick in ticks])
    left.set_yticks([], minor=True)
    left.legend()
    names = {"plain": "six layers\nof 3 × 3", "lenet": "LeNet-5"}
    for number, kind in enumerate(names):
        pair = np.stack(
            [record.metrics[f"share_{kind}_{moment}"] for moment in ("before", "after")]
        )
        right.plot(
            [2.6 * number, 2.6 * number + 1], pair, color=COLORS[number], linestyle="-", marker="o",
            alpha=0.6,
        )  # fmt: skip
        right.text(2.6 * number + 0.5, 0.02, names[kind], ha="center", va="bottom", fontsize=9)
    right.set_xticks([0, 1, 2.6, 3.6], ["before", "after"] * 2)
    right.set(xlim=(-0.6, 4.2), ylim=(0, 1), ylabel="effective share of the field")
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    right.grid(visible=False, axis="x")
    return figure
