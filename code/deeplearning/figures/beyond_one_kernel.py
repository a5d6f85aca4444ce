"""Figures of the chapter on what lies beyond one kernel: fusion, recurrence, captured graphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.ticker import FuncFormatter, NullFormatter

from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

INK = "#1A1A1A"

Pass = tuple[str, float, float]


def round_trips(ways: Mapping[str, Sequence[Pass]]) -> Figure:
    """Draw launches above the memory that they read and write, one row a way; arrows are as thick as their bytes.

    Args:
        ways: name → launches in order, each with its name and the megabytes that it reads and writes.
    """
    figure, axes = new("wide", rows=len(ways), height=1.75 * len(ways), squeeze=False)
    most = max(max(read, written) for passes in ways.values() for _, read, written in passes)
    slots = max(len(passes) for passes in ways.values())
    for ax, (name, passes) in zip(axes[:, 0], ways.items(), strict=True):
        total = sum(read + written for _, read, written in passes)
        for i, (kernel, read, written) in enumerate(passes):
            left = 1.5 * i
            box = FancyBboxPatch(
                (left, 1.0), 1.2, 0.45, boxstyle="round,pad=0.04",
                facecolor=tint(COLORS[1]), edgecolor=COLORS[1],
            )  # fmt: skip
            ax.add_patch(box)
            ax.text(left + 0.6, 1.22, kernel, ha="center", va="center", fontsize=9.5, color=INK)
            for at, ends, megabytes, side in (
                (left + 0.3, (0.3, 0.94), read, "right"),
                (left + 0.9, (0.94, 0.3), written, "left"),
            ):
                ax.add_patch(
                    FancyArrowPatch(
                        (at, ends[0]),
                        (at, ends[1]),
                        arrowstyle="-|>",
                        mutation_scale=11,
                        shrinkA=0,
                        shrinkB=0,
                        color=COLORS[0],
                        linewidth=0.6 + 5 * megabytes / most,
                    )
                )
                ax.text(
                    at + (-0.12 if side == "right" else 0.12), 0.6, f"{megabytes:.0f}",
                    ha=side, va="center", fontsize=9, color=INK,
                )  # fmt: skip
        ax.add_patch(Rectangle((-0.1, 0), 1.5 * slots, 0.27, facecolor=tint(COLORS[0])))
        ax.text(1.5 * slots - 0.2, 0.13, "memory", ha="right", va="center", fontsize=9, color=INK)
        ax.set_title(f"{name}: {total:,.0f} MB", loc="left", fontsize=10)
        ax.set(xlim=(-0.15, 1.5 * slots - 0.05), ylim=(-0.05, 1.55))
        ax.set_axis_off()
    return figure


def gains(layers: Sequence[str], seconds: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the least time of each layer in several ways, as a multiple of the last way's.

    Args:
        layers: their names.
        seconds: way → least time of each layer; the last way is the yardstick.
    """
    figure, ax = new("wide", height=0.5 + 0.75 * len(layers))
    ways = list(seconds)
    yardstick = np.asarray(seconds[ways[-1]], dtype=float)
    rows = np.arange(len(layers))[::-1].astype(float)
    thick = 0.8 / len(ways)
    for i, way in enumerate(ways):
        ratio = np.asarray(seconds[way], dtype=float) / yardstick
        at = rows + 0.4 - thick * (i + 0.5)
        ax.barh(at, ratio, height=thick * 0.9, color=COLORS[i], label=way)
        for y, value in zip(at, ratio, strict=True):
            ax.text(value + 0.06, y, f"{value:.1f}", va="center", fontsize=9, color=INK)
    ax.set_yticks(rows, layers)
    ax.set(xlabel="least time ÷ that of the fused kernel", xlim=(0, None))
    ax.grid(axis="y", visible=False)
    ax.margins(x=0.1)
    figure.legend(loc="outside upper center", ncols=len(ways))
    return figure


def recurrence(
    batches: Any, hidden: Any, ridge: float, lines: Mapping[str, Any], fits: int
) -> Figure:
    """Draw what limits one step: left its intensity against the batch, right its least times against the layer.

    Args:
        batches: (b,) batch sizes; the intensity of a step is a function of them and of the layer.
        hidden: (h,) numbers of hidden units.
        ridge: operations a byte at which arithmetic and memory take equally long.
        lines: "intensity" → {hidden units: (b,) operations a byte}, "seconds" → {name: (h,) seconds}.
        fits: the most hidden units whose recurrent weights fit into all shared memory.
    """
    figure, (left, right) = new("wide", columns=2, height=3.4)
    for i, (units, values) in enumerate(lines["intensity"].items()):
        left.loglog(
            batches, values, MARKERS[i], linestyle=LINES[i], markersize=4, color=COLORS[i],
            label=f"H = {units}",
        )  # fmt: skip
    left.axhline(ridge, color=GREY, linestyle="--", linewidth=1.2)
    left.text(batches[0], ridge * 1.15, "ridge", fontsize=9, color=INK)
    left.set(xlabel="batch", ylabel="FLOP/byte of one step")
    left.legend(loc="lower right")
    for i, (name, values) in enumerate(lines["seconds"].items()):
        right.loglog(
            hidden, 1e6 * np.asarray(values), MARKERS[i], linestyle=LINES[i], markersize=4,
            color=COLORS[i], label=name,
        )  # fmt: skip
    right.axvline(fits, color=GREY, linestyle=":", linewidth=1.2)
    low, high = right.get_ylim()
    right.text(
        fits * 0.92, low * 1.3, "weights fit\non the chip", ha="right", fontsize=9, color=INK
    )
    right.set(xlabel="hidden units H", ylabel="least time of a step (µs)", ylim=(low, high * 12))
    right.legend(loc="upper left")
    right.set_xticks(list(hidden))
    for axis in (left.xaxis, left.yaxis, right.xaxis, right.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    return figure


def ladder(rungs: Mapping[str, Sequence[tuple[str, str]]], captured: str = "") -> Figure:
    """Draw the launches of every rung in order, one box each.

    Args:
        rungs: name → launches, each (what it does: "input", "hidden", "state", "step" or "all", text in the box).
        captured: the rung that is shown once more inside one frame, as a captured graph; none if empty.
    """
    kinds = {"input": 0, "hidden": 1, "state": 2, "step": 3, "all": 4}
    rows = [(name, launches, False) for name, launches in rungs.items()]
    if captured:
        at = list(rungs).index(captured) + 1
        rows.insert(at, (f"{captured},\ncaptured", rungs[captured], True))
    figure, ax = new("wide", height=0.3 + 0.56 * len(rows))
    most = max(len(launches) for launches in rungs.values())
    for row, (name, launches, framed) in enumerate(rows):
        y = len(rows) - 1 - row
        ax.text(-0.15, y + 0.3, name, ha="right", va="center", fontsize=9.5, color=INK)
        for i, (kind, text) in enumerate(launches):
            color = COLORS[kinds[kind]]
            ax.add_patch(
                Rectangle((i + 0.05, y + 0.04), 0.9, 0.52, facecolor=tint(color), edgecolor=color)
            )
            ax.text(i + 0.5, y + 0.3, text, ha="center", va="center", fontsize=8.5, color=INK)
        count = 1 if framed else len(launches)
        if framed:
            ax.add_patch(
                Rectangle(
                    (-0.02, y - 0.03),
                    len(launches) + 0.04,
                    0.66,
                    fill=False,
                    edgecolor=INK,
                    linewidth=1.4,
                )
            )
        ax.text(most + 0.2, y + 0.3, str(count), ha="left", va="center", fontsize=10, color=INK)
    ax.text(most + 0.2, len(rows) - 0.15, "launches", ha="center", fontsize=9, color=INK)
    ax.set(xlim=(-2.1, most + 1.0), ylim=(-0.1, len(rows) + 0.25))
    ax.set_axis_off()
    return figure


def graphs(chains: Mapping[str, Sequence[tuple[str, bool]]]) -> Figure:
    """Draw captured graphs beside each other, each a chain of calls from top to bottom.

    Args:
        chains: title → calls in order: the text in the box, and whether it is a kernel of the book's.
    """
    longest = max(len(chain) for chain in chains.values())
    figure, axes = new("wide", columns=len(chains), height=0.5 + 0.5 * longest, squeeze=False)
    for ax, (title, chain) in zip(axes[0], chains.items(), strict=True):
        for i, (text, ours) in enumerate(chain):
            y, color = -i, COLORS[1] if ours else GREY
            box = FancyBboxPatch(
                (0, y), 3.2, 0.5, boxstyle="round,pad=0.05", facecolor=tint(color), edgecolor=color
            )
            ax.add_patch(box)
            ax.text(
                1.6, y + 0.25, text, ha="center", va="center", fontsize=9, color=INK,
                family="monospace",
            )  # fmt: skip
            if i:
                ax.add_patch(
                    FancyArrowPatch(
                        (1.6, y + 0.98),
                        (1.6, y + 0.52),
                        arrowstyle="-|>",
                        mutation_scale=9,
                        color=INK,
                    )
                )
        ax.set_title(title, fontsize=10)
        ax.set(xlim=(-0.2, 3.4), ylim=(-longest + 0.9, 0.7))
        ax.set_axis_off()
    return figure


def least_and_measured(
    cases: Sequence[str], least: Sequence[float], measured: Mapping[str, Sequence[float]]
) -> Figure:
    """Draw the least time of each case as a stroke and the times that contenders took as marks right of it.

    Args:
        cases: their names.
        least: seconds that the roofline allows, one a case.
        measured: contender → seconds, one a case, NaN where it was not timed; empty if nothing was.
    """
    figure, ax = new("wide", height=0.9 + 0.24 * len(cases))
    rows = np.arange(len(cases))[::-1]
    allowed = 1e6 * np.asarray(least, dtype=float)
    ax.plot(
        allowed, rows, "|", color=INK, markersize=11, markeredgewidth=2, label="allowed by the roof"
    )
    for i, (name, seconds) in enumerate(measured.items()):
        ax.plot(
            1e6 * np.asarray(seconds, dtype=float), rows, MARKERS[i], color=COLORS[i], label=name
        )
    ax.set_yticks(rows, cases)
    ax.set(xscale="log", xlabel="time (µs)", ylim=(-0.7, len(cases) - 0.3))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    figure.legend(loc="outside upper center", ncols=1 + len(measured))
    return figure
