"""Figures of the chapter on convolution on a GPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from deeplearning.figures.style import COLORS, GREY, new, tint

INK = "#1A1A1A"
WHITE = "#FFFFFF"
Place = tuple[float, float]


def _cell(
    ax: Axes, row: float, column: float, color: Any, edge: Any = GREY, **options: Any
) -> None:
    options.setdefault("linewidth", 0.6)
    ax.add_patch(Rectangle((column, -row - 1), 1, 1, facecolor=color, edgecolor=edge, **options))


def _frame(ax: Axes, corner: Place, shape: Place, **options: Any) -> None:
    """Outline `shape` (rows, columns) cells from `corner` (row, column)."""
    for name, value in {"edgecolor": INK, "linewidth": 2.2, "zorder": 4}.items():
        options.setdefault(name, value)
    place = (corner[1], -corner[0] - shape[0])
    ax.add_patch(Rectangle(place, shape[1], shape[0], facecolor="none", **options))


def _bare(ax: Axes, rows: tuple[float, float], columns: tuple[float, float]) -> None:
    ax.set(xlim=columns, ylim=(-rows[1], -rows[0]))
    ax.set_aspect("equal")
    ax.set_axis_off()


def as_product(
    size: int = 4, window: int = 2, channels: int = 2, features: int = 3, shown: int = 4
) -> Figure:
    """Draw a convolution as a product of matrices: pixels × taps, taps × features; one output is picked out.

    Args:
        size: rows and columns of the image.
        window: rows and columns of the window; no padding, stride 1.
        channels, features: of the image and of the result.
        shown: the output pixel that is picked out, counted along rows.
    """  # fmt: skip
    figure, ax = new("wide", height=3.5)
    out, taps = size - window + 1, window * window
    p, q = divmod(shown, out)
    colors = [COLORS[tap % 4] for tap in range(taps)]
    for layer in reversed(range(channels)):
        shift = 0.45 * layer
        for r in range(size):
            for s in range(size):
                inside = 0 <= r - p < window and 0 <= s - q < window
                color = tint(colors[(r - p) * window + s - q], 0.6) if inside else WHITE
                _cell(ax, r + 2.4 - shift, s + shift, color, zorder=2 - 0.1 * layer)
    _frame(ax, (2.4 + p, q), (window, window))
    left, rows = size + 2.6, out * out
    for m in range(rows):
        for tap in range(taps):
            for c in range(channels):
                strength = 0.6 if m == shown else 0.13
                _cell(ax, m, left + tap * channels + c, tint(colors[tap], strength))
    _frame(ax, (shown, left), (1, taps * channels))
    middle = left + taps * channels + 1.6
    for tap in range(taps):
        for c in range(channels):
            for k in range(features):
                _cell(
                    ax,
                    0.5 + tap * channels + c,
                    middle + k,
                    tint(colors[tap], 0.6 if k == 1 else 0.13),
                )
    _frame(ax, (0.5, middle + 1), (taps * channels, 1))
    right = middle + features + 1.6
    for m in range(rows):
        for k in range(features):
            picked = (m, k) == (shown, 1)
            _cell(ax, m, right + k, tint(COLORS[4], 0.7) if picked else tint(COLORS[4], 0.1))
    _frame(ax, (shown, right + 1), (1, 1))
    for place, sign in ((left - 0.8, "→"), (middle - 0.8, "·"), (right - 0.8, "=")):
        ax.text(place, -rows / 2, sign, ha="center", va="center", fontsize=17, color=INK)
    for place, text in (
        (size / 2 + 0.2, "image\n$H \\times W \\times C$"),
        (left + taps * channels / 2, "patches\n$PQ \\times RSC$"),
        (middle + features / 2, "weights\n$RSC \\times K$"),
        (right + features / 2, "result\n$PQ \\times K$"),
    ):
        ax.text(place, -rows - 0.5, text, ha="center", va="top", fontsize=10, color=INK)
    _bare(ax, (-0.4, rows + 2.4), (-0.4, right + features + 0.4))
    return figure


def boxes(
    size: int,
    box: tuple[int, int],
    corner: tuple[int, int],
    taps: Sequence[tuple[int, int]],
    padding: int = 1,
) -> Figure:
    """Draw the box of the image that a box of output pixels needs, one panel a tap; what lies outside is zeros.

    Args:
        size: rows and columns of the image.
        box: rows and columns of the box.
        corner: row and column of its first output pixel.
        taps: (r, s) of each panel.
        padding: zeros around the image.
    """  # fmt: skip
    figure, panels = new("wide", columns=len(taps), height=2.9, squeeze=False)
    for ax, (r, s) in zip(panels[0], taps, strict=True):
        first = (corner[0] + r - padding, corner[1] + s - padding)
        for row in range(-padding, size + padding):
            for column in range(-padding, size + padding):
                real = 0 <= row < size and 0 <= column < size
                taken = (
                    first[0] <= row < first[0] + box[0] and first[1] <= column < first[1] + box[1]
                )
                if real:
                    _cell(ax, row, column, tint(COLORS[0], 0.55) if taken else WHITE)
                elif taken:
                    _cell(ax, row, column, tint(COLORS[1], 0.3), COLORS[1], hatch="///")
                    ax.text(column + 0.5, -row - 0.5, "0", ha="center", va="center", fontsize=9,
                            color=INK, zorder=6)  # fmt: skip
        _frame(ax, first, box)
        _frame(ax, corner, box, edgecolor=GREY, linestyle=":", linewidth=1.8, zorder=5)
        ax.set_title(f"tap ({r}, {s})")
        _bare(ax, (-padding - 0.2, size + padding + 0.2), (-padding - 0.2, size + padding + 0.2))
    return figure


def parities(size: int, window: int, stride: int, padding: int, pixel: tuple[int, int]) -> Figure:
    """Draw an image whose pixels are coloured by their remainders modulo the stride, and the images of each remainder.

    Args:
        size: rows and columns of the image, a multiple of the stride.
        window, stride, padding: of the convolution.
        pixel: the output pixel whose window is outlined.
    """
    figure, (left, right) = new("wide", columns=2, height=3.5, width_ratios=[1, 1.25])
    top, side = (stride * place - padding for place in pixel)
    for row in range(size):
        for column in range(size):
            _cell(left, row, column, tint(_residue_color(row, column, stride), 0.45))
    for r in range(window):
        for s in range(window):
            left.text(side + s + 0.5, -(top + r) - 0.5, f"{r},{s}", ha="center", va="center",
                      fontsize=8, color=INK)  # fmt: skip
    _frame(left, (top, side), (window, window))
    left.text(size / 2, -size - 0.35, "the image, one window", ha="center", va="top", fontsize=10)
    _bare(left, (-0.3, size + 1.3), (-0.3, size + 0.3))
    part = size // stride
    for a in range(stride):
        for b in range(stride):
            down, along = a * (part + 1.5), b * (part + 1.5)
            taps = [
                (r, s)
                for r in range(window)
                for s in range(window)
                if ((r - padding) % stride, (s - padding) % stride) == (a, b)
            ]
            for row in range(part):
                for column in range(part):
                    _cell(
                        right, down + row, along + column, tint(_residue_color(a, b, stride), 0.45)
                    )
            for r, s in taps:
                row, column = (top + r - a) // stride, (side + s - b) // stride
                right.text(along + column + 0.5, -(down + row) - 0.5, f"{r},{s}", ha="center",
                           va="center", fontsize=8, color=INK)  # fmt: skip
            number = f"{len(taps)} tap{'s' if len(taps) != 1 else ''}"
            right.text(along + part / 2, -down - part - 0.15, number, ha="center", va="top",
                       fontsize=10, color=INK)  # fmt: skip
    whole = stride * part + (stride - 1) * 1.5
    _bare(right, (-0.3, whole + 1.3), (-0.5, whole + 0.5))
    return figure


def _residue_color(row: int, column: int, stride: int) -> str:
    return COLORS[(row % stride * stride + column % stride) % 4]


def programs(
    titles: Sequence[str],
    rows: Mapping[str, Sequence[Any]],
    colors: Sequence[str] = (COLORS[0], COLORS[2], COLORS[1]),
    height: float = 3.6,
) -> Figure:
    """Draw which elements programs touched: a column a program, a row a tensor.

    Args:
        titles: one a program.
        rows: name of a tensor → a mask (rows, columns) a program, True where it was touched.
        colors: one a row.
        height: of the figure, in inches.

    Raises:
        ValueError: a row has not one mask for each program.
    """
    for name, masks in rows.items():
        if len(masks) != len(titles):
            raise ValueError(f"{name} has {len(masks)} masks for {len(titles)} programs")
    shapes = [np.shape(masks[0]) for masks in rows.values()]
    # Matrices may be much wider than high: a panel's height follows from its shape, within limits.
    ratios = [min(max(shape[0] / shape[1], 0.3), 1.0) for shape in shapes]
    figure, panels = new("wide", rows=len(rows), columns=len(titles), height=height,
                         height_ratios=ratios, squeeze=False)  # fmt: skip
    for line, (name, masks) in enumerate(rows.items()):
        for column, mask in enumerate(masks):
            ax = panels[line][column]
            _mask(ax, np.asarray(mask, dtype=bool), colors[line % len(colors)])
            if line == 0:
                ax.set_title(titles[column], fontsize=10)
            if column == 0:
                ax.set_ylabel(
                    name.replace(" ", "\n"), fontsize=9, rotation=0, ha="right", va="center"
                )
    return figure


def _mask(ax: Axes, mask: np.ndarray, color: str) -> None:
    """Draw touched elements, a rectangle a run of them in a row."""
    height, width = mask.shape
    for row, line in enumerate(mask):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(int), [0]))))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            place = (start, row)
            ax.add_patch(
                Rectangle(place, end - start, 1, facecolor=tint(color, 0.65), edgecolor="none")
            )
    # Cells of an image; of a matrix, which has too many, every sixteenth column.
    image = width <= 32
    ax.vlines(range(1 if image else 16, width, 1 if image else 16), 0, height, colors=GREY,
              linewidths=0.35, linestyles="-")  # fmt: skip
    if image:
        ax.hlines(range(1, height), 0, width, colors=GREY, linewidths=0.35, linestyles="-")
    ax.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set(visible=True, color=INK, linewidth=1)
    ax.set_aspect("equal" if 0.3 <= height / width <= 1 else "auto")


def touched(
    seen: Any,
    shown: Sequence[int | tuple[int, ...]],
    reads: Sequence[str],
    writes: Sequence[str],
    titles: Sequence[str] | None = None,
    height: float = 3.9,
) -> Figure:
    """Draw what programs read and wrote of a convolution's tensors.

    Args:
        seen: what `deepkernels.trace.record` gave.
        shown: programs, by the first of their numbers or by all of them.
        reads, writes: names of recorded tensors. Those with "weight" in the name, (K, C, R, S), are drawn as matrices
            K × RSC, matrices (…, rows, columns) as they are, images (N, C, H, W) as H × W, touched where any channel
            of any image is.
        titles: one a program, its number if None.
        height: of the figure, in inches.
    """
    places = [program if isinstance(program, tuple) else (program,) for program in shown]
    names = titles or [f"program {', '.join(map(str, place))}" for place in places]
    rows = {
        f"reads {name}": [_plane(name, seen.read(name, *place)) for place in places]
        for name in reads
    }
    rows |= {
        f"writes {name}": [_plane(name, seen.written(name, *place)) for place in places]
        for name in writes
    }
    chosen = [COLORS[0], COLORS[2]][: len(reads)] + [COLORS[1]] * len(writes)
    return programs(names, rows, chosen, height)


def _plane(name: str, mask: Any) -> np.ndarray:
    array = np.asarray(mask, dtype=bool)
    if "weight" in name:
        return np.moveaxis(array, 1, 3).reshape(len(array), -1)
    if array.ndim < 4:
        return array.reshape(array.shape[-2:])
    return np.asarray(array.any(axis=(0, 1)))


def fit(sizes: Sequence[int], shares: Mapping[str, Sequence[float]]) -> Figure:
    """Draw how much of the tiles is used, a group of bars a size of image.

    Args:
        sizes: rows (and columns) of the images.
        shares: way to cut tiles → the used share at each size, 1 for no waste.
    """
    figure, ax = new("wide", height=3.3)
    width = 0.8 / len(shares)
    for number, (name, values) in enumerate(shares.items()):
        at = np.arange(len(sizes)) + (number - (len(shares) - 1) / 2) * width
        percent = 100 * np.asarray(values, dtype=float)
        color = COLORS[number % len(COLORS)]
        ax.bar(at, percent, 0.92 * width, color=tint(color, 0.6), edgecolor=color, label=name,
               hatch=("", "//", "..")[number % 3])  # fmt: skip
        for x, value in zip(at, percent, strict=True):
            ax.annotate(f"{value:.0f}", (x, value), (0, 2), textcoords="offset points", ha="center",
                        fontsize=8, color=INK)  # fmt: skip
    ax.set(ylabel="used part of the tiles (%)", xlabel="output image (pixels)", ylim=(0, 112))
    ax.set_xticks(range(len(sizes)), [f"{size} × {size}" for size in sizes])
    ax.set_yticks(range(0, 101, 20))
    ax.grid(visible=False, axis="x")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=3)
    return figure


def traffic(names: Sequence[str], parts: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the bytes that pass between memory and processor, stacked by what they are.

    Args:
        names: one a bar, from the top.
        parts: what moves → bytes for each bar.
    """
    figure, ax = new("wide", height=0.36 * len(names) + 1.3)
    left, rows = np.zeros(len(names)), -np.arange(len(names))
    for number, (part, values) in enumerate(parts.items()):
        megabytes = np.asarray(values, dtype=float) / 1e6
        color = COLORS[number % len(COLORS)]
        ax.barh(rows, megabytes, 0.66, left=left, color=tint(color, 0.6), edgecolor=color, label=part,
                hatch=("", "//", "..", "xx")[number % 4])  # fmt: skip
        left += megabytes
    for row, total in zip(rows, left, strict=True):
        ax.annotate(f"{total:.0f}", (total, row), (4, 0), textcoords="offset points", va="center",
                    fontsize=8.5, color=INK)  # fmt: skip
    ax.set(xlabel="bytes to and from memory (MB)")
    ax.set_yticks(rows, names, fontsize=9)
    ax.margins(x=0.1)
    ax.grid(visible=False, axis="y")
    ax.legend(loc="lower right")
    return figure


NOT_YET = "not yet measured on a GPU"


def rungs(bounds: Mapping[str, float | None], reached: Mapping[str, float]) -> Figure:
    """Draw shares of the attainable speed, a row a rung: a ring for its bound, a bar for what it reached.

    Args:
        bounds: rung → the most that it can reach, 1 on the roof; None if this roof does not say.
        reached: rung → what was measured, "vendor" for the peer; empty if nothing was.
    """
    names = [*bounds, *(name for name in reached if name not in bounds)]
    figure, ax = new("wide", height=0.42 * len(names) + 1.0)
    for row, name in enumerate(names):
        if name in reached:
            share = 100 * reached[name]
            ax.barh(row, share, 0.6, color=tint(COLORS[0], 0.55), edgecolor=COLORS[0])
            ax.annotate(f"{share:.0f}", (share, row), (5, 0), textcoords="offset points",
                        va="center", fontsize=8.5, color=INK)  # fmt: skip
        bound = bounds.get(name)
        if bound is not None:
            ax.plot(100 * bound, row, "o", markersize=8, markerfacecolor="none",
                    markeredgecolor=COLORS[1], markeredgewidth=1.7, linestyle="none")  # fmt: skip
    _say_if_empty(ax, not reached)
    ax.set_yticks(range(len(names)), ["cuDNN" if name == "vendor" else name for name in names])
    ax.set(xlabel="share of the attainable speed (%)", xlim=(0, 108), ylim=(len(names) - 0.5, -0.5))
    ax.grid(visible=False, axis="y")
    return figure


def _say_if_empty(ax: Axes, empty: bool) -> None:
    if empty:
        ax.text(0.5, 0.5, NOT_YET, transform=ax.transAxes, ha="center", va="center", fontsize=12,
                color=GREY)  # fmt: skip


def against(groups: Mapping[str, Sequence[float]], targets: Mapping[str, float]) -> Figure:
    """Draw the peer's time ÷ ours, a row a group: every case a mark, their geometric mean a bar, the target a line.

    Args:
        groups: name → the ratios of its cases, none if it was not measured; above 1 ours is quicker (discs), below it
            lost (squares).
        targets: name → the mean that was aimed at.
    """
    figure, ax = new("wide", height=0.5 * len(groups) + 1.3)
    for row, (name, values) in enumerate(groups.items()):
        ax.plot([targets[name]] * 2, [row - 0.4, row + 0.4], color=COLORS[4], linewidth=1.8,
                linestyle=":", label="target" if row == 0 else None)  # fmt: skip
        if not len(values):
            continue
        ratios = np.asarray(values, dtype=float)
        mean = float(np.exp(np.log(ratios).mean()))
        ax.plot([mean, mean], [row - 0.33, row + 0.33], color=INK, linewidth=3, linestyle="-",
                label="geometric mean" if row == 0 else None)  # fmt: skip
        ax.annotate(f"{mean:.2f}", (mean, row - 0.33), (0, 2), textcoords="offset points",
                    ha="center", fontsize=8.5, color=INK)  # fmt: skip
        aside = row + np.linspace(-0.22, 0.22, len(ratios)) if len(ratios) > 1 else np.full(1, row)
        for wins, color, mark in ((ratios >= 1, COLORS[2], "o"), (ratios < 1, COLORS[1], "s")):
            ax.plot(ratios[wins], aside[wins], mark, color=color, linestyle="none", alpha=0.75)
    _say_if_empty(ax, not any(len(values) for values in groups.values()))
    ax.axvline(1, color=INK, linewidth=1.2, linestyle="-")
    ax.set(xscale="log", xlabel="cuDNN's time ÷ ours (right of 1: ours is quicker)")
    ax.set(ylim=(len(groups) - 0.45, -0.75))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.tick_params(axis="x", which="minor", labelsize=8)
    ax.set_yticks(range(len(groups)), list(groups), fontsize=9)
    ax.grid(visible=False, axis="y")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=2)
    return figure
