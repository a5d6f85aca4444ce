"""Figures of the chapter on the matrix product on a GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.ticker import FuncFormatter

from deeplearning.figures.how_fast_can_it_be import INK
from deeplearning.figures.style import COLORS, GREY, SIZES, new, tint

READ, WRITTEN = COLORS[0], COLORS[1]
GAP = 0.12  # between matrices, in sides of the smallest


def gpu() -> Figure:
    """Draw a GPU: memory, second-level cache, many processors, and one of them enlarged."""
    figure, ax = new("wide", height=4.1)
    _box(ax, 0, 0, 3.2, 0.62, "memory, 141 GB", COLORS[0])
    _box(ax, 0, 1.0, 3.2, 0.62, "L2 cache, for all", COLORS[0])
    for row in range(11):
        for column in range(12):
            chosen = (row, column) == (6, 11)
            ax.add_patch(
                Rectangle(
                    (0.02 + 0.264 * column, 2.1 + 0.2 * row), 0.21, 0.14, linewidth=0.8,
                    facecolor=tint(COLORS[1] if chosen else GREY, 0.9 if chosen else 0.25),
                    edgecolor=COLORS[1] if chosen else GREY,
                )
            )  # fmt: skip
    ax.text(1.6, 4.4, "132 processors", ha="center", fontsize=11, color=INK)
    arrow = {"arrowstyle": "<->", "color": INK, "linewidth": 1.4}
    ax.annotate("", (0.5, 1.0), (0.5, 0.62), arrowprops=arrow)
    ax.text(0.66, 0.8, "4.8 TB/s", va="center", fontsize=11, color=INK)
    ax.annotate("", (0.5, 2.1), (0.5, 1.62), arrowprops=arrow)
    for corner in ((3.14, 3.3, 4.0, 0.02), (3.14, 3.44, 4.0, 4.28)):
        ax.plot(corner[::2], corner[1::2], color=COLORS[1], linewidth=0.9, linestyle=":")
    ax.add_patch(Rectangle((4.0, 0.02), 4.1, 4.26, facecolor="none", edgecolor=COLORS[1]))
    ax.text(6.05, 4.4, "one of them", ha="center", fontsize=11, color=INK)
    _box(ax, 4.2, 3.2, 3.7, 0.88, "4 tensor cores\nand other arithmetic", COLORS[2])
    _box(ax, 4.2, 1.75, 2.2, 0.95, "registers\n256 KB", COLORS[0])
    _box(ax, 4.2, 0.22, 2.2, 0.95, "shared memory\n228 KB", COLORS[0])
    _box(ax, 6.95, 0.22, 0.95, 0.95, "TMA", COLORS[3])
    ax.annotate("", (5.3, 3.2), (5.3, 2.7), arrowprops=arrow)
    ax.annotate("", (5.3, 1.75), (5.3, 1.17), arrowprops=arrow)
    ax.annotate("", (6.9, 3.2), (6.32, 1.17), arrowprops={**arrow, "arrowstyle": "->"})
    ax.text(6.8, 2.2, "tiles to\nmultiply", va="center", fontsize=10.5, color=INK)
    ax.annotate("", (6.4, 0.7), (6.95, 0.7), arrowprops={**arrow, "arrowstyle": "->"})
    # The way of a tile: from the cache, around the other boxes, to the unit that copies it.
    ax.plot(
        (3.2, 3.6, 3.6, 7.42),
        (1.3, 1.3, -0.35, -0.35),
        color=COLORS[3],
        linewidth=1.6,
        linestyle="-",
    )
    ax.annotate(
        "",
        (7.42, 0.22),
        (7.42, -0.37),
        arrowprops={**arrow, "arrowstyle": "->", "color": COLORS[3]},
    )
    ax.text(5.5, -0.42, "whole tiles", ha="center", va="top", fontsize=10.5, color=INK)
    ax.set(xlim=(-0.1, 8.2), ylim=(-0.75, 4.75))
    ax.set_aspect("equal")
    ax.set_axis_off()
    return figure


def _box(ax: Axes, x: float, y: float, width: float, height: float, text: str, color: str) -> None:
    ax.add_patch(
        FancyBboxPatch(
            (x + 0.06, y + 0.06), width - 0.12, height - 0.12, boxstyle="round,pad=0.06",
            facecolor=tint(color), edgecolor=color,
        )
    )  # fmt: skip
    middle = x + width / 2, y + height / 2
    ax.text(*middle, text, ha="center", va="center", fontsize=11, color=INK)


def rectangles(mask: Any) -> Iterator[tuple[int, int, int, int]]:
    """Cut what is true in a mask (rows, columns) into rectangles: top, left, height, width.

    >>> list(rectangles([[1, 1, 0], [1, 1, 0], [0, 0, 1]]))
    [(0, 0, 2, 2), (2, 2, 1, 1)]
    """
    array = np.asarray(mask, dtype=bool)
    changes = np.flatnonzero((array[1:] != array[:-1]).any(1)) + 1
    for top, bottom in pairwise([0, *changes.tolist(), len(array)]):
        steps = np.diff(np.concatenate([[False], array[top], [False]]).astype(int))
        for left, right in zip(
            np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True
        ):
            yield top, int(left), bottom - top, int(right - left)


def programs(panels: Mapping[str, tuple[Any, Any, Any]], tile: int | None = None) -> Figure:
    """Draw what programs read of A and B and what they write of C, one panel a program.

    B stands above C and A to its left, so that an element of C lies where its row of A meets its column of B.

    Args:
        panels: title → masks of A (M, K), B (K, N) and C (M, N), true where the program read or wrote.
        tile: distance of the fine lines, in elements; None for none.
    """
    first = next(iter(panels.values()))
    (rows, inner), columns = np.shape(first[0]), np.shape(first[1])[1]
    gap = GAP * min(rows, inner, columns)
    wide, high = inner + columns + 5 * gap, inner + rows + 3 * gap
    height = SIZES["wide"][0] / len(panels) * high / wide + 0.3
    figure, axes = new("wide", columns=len(panels), height=height, squeeze=False)
    for number, (ax, (title, masks)) in enumerate(zip(axes[0], panels.items(), strict=True)):
        places = {"A": (0.0, inner + gap), "B": (inner + gap, 0.0), "C": (inner + gap, inner + gap)}
        for (name, (x, y)), mask in zip(places.items(), masks, strict=True):
            _matrix(ax, x, y, np.asarray(mask), WRITTEN if name == "C" else READ, tile)
            if number == 0:
                aside = (x - gap / 2, y + np.shape(mask)[0] / 2)
                if name == "B":
                    aside = (x - gap / 2, y + inner / 2)
                if name == "C":
                    aside = (x + columns + gap, y + rows / 2)
                ax.text(*aside, name, ha="left" if name == "C" else "right", va="center",
                        fontsize=11, color=INK)  # fmt: skip
        ax.set_title(title, fontsize=11)
        ax.set(xlim=(-2 * gap, inner + columns + 3 * gap), ylim=(inner + rows + 2 * gap, -gap))
        ax.set_aspect("equal")
        ax.set_axis_off()
    return figure


def _matrix(ax: Axes, x: float, y: float, mask: np.ndarray, color: str, tile: int | None) -> None:
    rows, columns = mask.shape
    for top, left, height, width in rectangles(mask):
        ax.add_patch(
            Rectangle((x + left, y + top), width, height, facecolor=tint(color, 0.75), linewidth=0)
        )
    if tile:
        across, down = np.arange(tile, rows, tile), np.arange(tile, columns, tile)
        ax.hlines(y + across, x, x + columns, colors=GREY, linewidth=0.35)
        ax.vlines(x + down, y, y + rows, colors=GREY, linewidth=0.35)
    ax.add_patch(Rectangle((x, y), columns, rows, facecolor="none", edgecolor=INK, linewidth=0.9))


def orders(grids: Mapping[str, Any], wave: int) -> Figure:
    """Draw which program computes which tile, and what the first programs need of A and B.

    Args:
        grids: title → the program of every tile of C, whole numbers (tiles down, tiles across).
        wave: how many programs run at a time.
    """
    figure, axes = new("wide", columns=len(grids), height=3.7, squeeze=False)
    for ax, (title, given) in zip(axes[0], grids.items(), strict=True):
        grid = np.asarray(given)
        down, across = set(np.nonzero(grid < wave)[0]), set(np.nonzero(grid < wave)[1])
        for (row, column), program in np.ndenumerate(grid):
            face = tint(WRITTEN, 0.55) if program < wave else "white"
            ax.add_patch(
                Rectangle((column, row), 1, 1, facecolor=face, edgecolor=GREY, linewidth=0.6)
            )
            ax.text(column + 0.5, row + 0.52, str(program), ha="center", va="center", fontsize=10,
                    color=INK)  # fmt: skip
        for row in range(len(grid)):
            face = tint(READ, 0.75) if row in down else "white"
            ax.add_patch(
                Rectangle((-1.3, row), 1, 1, facecolor=face, edgecolor=GREY, linewidth=0.6)
            )
        for column in range(grid.shape[1]):
            face = tint(READ, 0.75) if column in across else "white"
            ax.add_patch(
                Rectangle((column, -1.3), 1, 1, facecolor=face, edgecolor=GREY, linewidth=0.6)
            )
        ax.text(-1.55, len(grid) / 2, "A", ha="right", va="center", fontsize=11.5, color=INK)
        ax.text(grid.shape[1] / 2, -1.55, "B", ha="center", va="bottom", fontsize=11.5, color=INK)
        ax.text(grid.shape[1] / 2, len(grid) + 0.25, f"{len(down)} strips of A + {len(across)} of B", ha="center",
                va="top", fontsize=11, color=READ)  # fmt: skip
        ax.set_title(title, fontsize=11.5, pad=10)
        ax.set(xlim=(-2.2, grid.shape[1] + 0.2), ylim=(len(grid) + 1.2, -2.0))
        ax.set_aspect("equal")
        ax.set_axis_off()
    return figure


def schedule(load: float, multiply: float, stages: int, steps: int) -> np.ndarray:
    """Return when loads and products begin, (steps, 2), if ``stages`` pairs of tiles have room in shared memory.

    A load takes ``load`` and may begin when the product that used its room is done; a product takes ``multiply`` and
    waits for its load and for the product before it.

    >>> schedule(3, 1, stages=1, steps=2).tolist(), schedule(3, 1, stages=2, steps=2).tolist()
    ([[0.0, 3.0], [4.0, 7.0]], [[0.0, 3.0], [0.0, 4.0]])
    """
    begin = np.zeros((steps, 2))
    for step in range(steps):
        begin[step, 0] = begin[step - stages, 1] + multiply if step >= stages else 0.0
        before = begin[step - 1, 1] + multiply if step else 0.0
        begin[step, 1] = max(begin[step, 0] + load, before)
    return begin


def pipelines(load: float, multiply: float, stages: Sequence[int], steps: int) -> Figure:
    """Draw loads and products over time for several numbers of stages, as `schedule` has them."""
    figure, axes = new("wide", rows=len(stages), height=1.05 * len(stages) + 0.7, sharex=True)
    for ax, count in zip(np.atleast_1d(axes), stages, strict=True):
        begin = schedule(load, multiply, count, steps)
        for step, (loaded, multiplied) in enumerate(begin):
            height = 0.9 / count  # every stage, a place in shared memory, has a line of its own
            ax.add_patch(Rectangle((loaded, 1.1 + height * (step % count)), load, 0.9 * height,
                                   facecolor=tint(READ, 0.5),
                                   edgecolor=READ, linewidth=0.6))  # fmt: skip
            ax.add_patch(Rectangle((multiplied, 0.15), multiply, 0.75, facecolor=tint(COLORS[2], 0.7),
                                   edgecolor=COLORS[2], linewidth=0.6))  # fmt: skip
            ax.text(multiplied + multiply / 2, 0.52, str(step), ha="center", va="center_baseline",
                    fontsize=8, color=INK)  # fmt: skip
        ax.set_title(f"{count} stage{'s' if count > 1 else ''}", loc="left", fontsize=9.5, pad=3)
        ax.set(ylim=(0, 2.2), yticks=[0.52, 1.52], yticklabels=["product", "load"])
        ax.grid(visible=False, axis="y")
    last = schedule(load, multiply, min(stages), steps)[-1, 1] + multiply
    np.atleast_1d(axes)[-1].set(xlabel="time (products)", xlim=(0, last * 1.02))
    return figure


def waves(ways: Mapping[str, tuple[Any, float]]) -> Figure:
    """Draw how long every processor has work.

    Args:
        ways: title → tiles of each processor, (processors,), and the time of one tile.
    """
    figure, axes = new(
        "wide", columns=len(ways), height=3.0, sharey=True, sharex=True, squeeze=False
    )
    longest = max(float(np.max(counts)) * unit for counts, unit in ways.values())
    for ax, (title, (given, unit)), color in zip(axes[0], ways.items(), COLORS, strict=False):
        counts = np.sort(np.asarray(given, dtype=float))[::-1]
        rows = np.arange(len(counts))
        ends = np.append(counts, counts[-1]) * unit
        ax.fill_betweenx(np.arange(len(ends)) - 0.5, 0, ends, step="post", color=tint(color, 0.55),
                         linewidth=0)  # fmt: skip
        ax.axvline(counts.max() * unit, color=color, linewidth=1.3, linestyle="-")
        several = (counts % 1 == 0).all()  # whole tiles, one after the other
        for whole in np.arange(1, counts.max()) if several else ():
            reached = rows[counts >= whole]
            ax.vlines(whole * unit, -0.5, reached.max() + 0.5, color="white", linewidth=0.8)
        busy = counts.sum() / counts.max() / len(counts)
        ax.set_title(f"{title}\n{busy:.1%} busy", fontsize=9.5)
        ax.set(xlabel="time", ylim=(len(counts) - 0.5, -0.5), xlim=(0, longest * 1.06))
        ax.grid(visible=False)
    axes[0][0].set_ylabel("processor")
    return figure


def fill(sizes: Any, shares: Mapping[str, Any], marked: Sequence[int] = ()) -> Figure:
    """Draw the share of busy processors over all waves against the side of a square product.

    Args:
        sizes: (n,) sides.
        shares: name of a tile → (n,), 1 if no processor ever waits.
        marked: sides with a vertical line.
    """
    figure, ax = new("wide", height=3.1)
    for (name, values), color, style in zip(
        shares.items(), COLORS, ("-", "--", "-."), strict=False
    ):
        ax.plot(sizes, 100 * np.asarray(values), color=color, linestyle=style, linewidth=1.3,
                drawstyle="steps-mid", label=name)  # fmt: skip
    for side in marked:
        ax.axvline(side, color=GREY, linestyle=":", linewidth=1.2)
        ax.annotate(f"{side:,}", (side, 101.5), ha="center", fontsize=8.5, color=INK,
                    annotation_clip=False)  # fmt: skip
    ax.set(xlabel="M = N", ylabel="processors busy (%)", ylim=(0, 101), xlim=(sizes[0], sizes[-1]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.legend(loc="lower right")
    return figure


def shifts(ways: Mapping[str, Sequence[Sequence[tuple[int, int]]]]) -> Figure:
    """Draw the steps of every program, over time, with the tile that each step belongs to.

    Args:
        ways: title → for every program its pieces in order, (tile, number of steps).
    """
    figure, axes = new(
        "wide", columns=len(ways), height=2.5, sharey=True, sharex=True, squeeze=False
    )
    for ax, (title, plan) in zip(axes[0], ways.items(), strict=True):
        ends = []
        for row, pieces in enumerate(plan):
            at = 0
            for tile, steps in pieces:
                color = COLORS[tile % 5]
                ax.add_patch(Rectangle((at, row - 0.38), steps, 0.76, facecolor=tint(color, 0.5),
                                       edgecolor=color, linewidth=0.9))  # fmt: skip
                ax.text(at + steps / 2, row, str(tile), ha="center", va="center_baseline", fontsize=11,
                        color=INK)  # fmt: skip
                at += steps
            ends.append(at)
        ax.axvline(max(ends), color=INK, linewidth=1.2, linestyle="-")
        ax.set_title(f"{title}: {max(ends)} steps", fontsize=10)
        ax.set(xlabel="time (steps)", ylim=(len(plan) - 0.45, -0.55), yticks=range(len(plan)))
        ax.grid(visible=False, axis="y")
    longest = max(sum(n for _, n in one) for plan in ways.values() for one in plan)
    axes[0][0].set(ylabel="program", xlim=(0, longest * 1.04))
    return figure


def rates(names: Sequence[str], tflops: Sequence[float], shares: Sequence[float]) -> Figure:
    """Draw measured speeds and, beside them, shares of the attainable speed.

    Args:
        names: one a row, from the top; "vendor" gets a colour of its own.
        tflops: 10¹² operations a second.
        shares: 1 on the roof.
    """
    figure, (left, right) = new(
        "wide", columns=2, height=0.36 * len(names) + 1.0, sharey=True, width_ratios=[1.3, 1]
    )
    rows = -np.arange(len(names))
    colors = [COLORS[1] if name == "vendor" else COLORS[0] for name in names]
    for ax, values, form in ((left, tflops, "{:.0f}"), (right, 100 * np.asarray(shares), "{:.0f}")):
        ax.barh(rows, values, 0.62, color=[tint(c, 0.55) for c in colors], edgecolor=colors)
        for row, value in zip(rows, values, strict=True):
            text = form.format(value) if value >= 10 else f"{value:.2g}"
            ax.annotate(
                text, (value, row), (5, 0), textcoords="offset points", va="center", fontsize=8.5
            )
        ax.grid(visible=False, axis="y")
        ax.margins(x=0.16)
    right.axvline(100, color=INK, linewidth=1.2, linestyle="-")
    left.set_yticks(rows, names, fontsize=9)
    left.set(xlabel="speed (TFLOP/s)")
    right.set(xlabel="share of attainable speed (%)")
    return figure


def beside(names: Sequence[str], shares: Mapping[str, Sequence[float]]) -> Figure:
    """Draw shares of the attainable speed of several contenders, side by side for every shape.

    Args:
        names: one a row, from the top.
        shares: contender → a number a row, 1 on the roof; NaN where it was not timed.
    """
    figure, ax = new("wide", height=0.42 * len(names) + 1.1)
    places, width = -np.arange(len(names), dtype=float), 0.8 / len(shares)
    for number, (contender, values) in enumerate(shares.items()):
        color = COLORS[number]
        at = places + width * ((len(shares) - 1) / 2 - number)
        percent = 100 * np.asarray(values, dtype=float)
        ax.barh(at, percent, 0.9 * width, color=tint(color, 0.55), edgecolor=color, label=contender)
        for row, value in zip(at, percent, strict=True):
            if np.isfinite(value):
                ax.annotate(f"{value:.0f}", (value, row), (4, 0), textcoords="offset points", va="center",
                            fontsize=7.5)  # fmt: skip
    ax.axvline(100, color=INK, linewidth=1.2, linestyle="-")
    ax.set_yticks(places, names, fontsize=9)
    ax.set(xlabel="share of attainable speed (%)", ylim=(places[-1] - 0.6, 0.6))
    ax.margins(x=0.08)
    ax.grid(visible=False, axis="y")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(shares))
    return figure
