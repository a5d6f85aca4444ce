"""Figures of the chapter on the roofline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from deeplearning.figures.style import COLORS, GREY, MARKERS, new, tint

INK = "#1A1A1A"
WIDTH = 5.6  # inches; narrower than the page's column, so that letters stay readable on a phone


@dataclass(frozen=True)
class Point:
    """A computation in a roofline figure.

    Args:
        name: for the list below the figure.
        intensity: operations a byte.
        roof: operations a second that it could reach, None to draw no such mark.
        rate: operations a second that it reached, None where nothing was measured.
    """

    name: str
    intensity: float
    roof: float | None = None
    rate: float | None = None


def narrow(height: float, **options: Any) -> Any:
    """An empty figure that is narrower than the page's column, and its axes."""
    figure, axes = new("wide", height=height, **options)
    figure.set_size_inches(WIDTH, height)
    return figure, axes


def si(number: float, unit: str) -> str:
    """A number with a decimal prefix.

    >>> si(4.8e12, "B/s"), si(143e9, "FLOP/s"), si(0.5, "FLOP/s")
    ('4.8 TB/s', '143 GFLOP/s', '0.5 FLOP/s')
    """
    for size, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")):
        if abs(number) >= size or size == 1.0:
            value = number / size
            text = f"{value:.0f}" if value >= 99.5 else f"{value:.2g}"
            return f"{text} {prefix}{unit}"
    raise AssertionError("unreachable")


def bytes_in_words(number: float) -> str:
    """A number of bytes with a binary prefix.

    >>> bytes_in_words(48 * 1024), bytes_in_words(2**29)
    ('48 KiB', '512 MiB')
    """
    for power, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if number >= power:
            return f"{number / power:.3g} {unit}"
    return f"{number:.0f} B"


def idea(peak: float, bandwidth: float) -> Figure:
    """Draw memory, processor and the road between them, and beside it the roofline that they make.

    Args:
        peak: operations a second.
        bandwidth: bytes a second.
    """
    figure, (left, right) = new("wide", columns=2, height=3.2, width_ratios=[1, 1.25])
    boxes = ((0.0, "memory", "all numbers", COLORS[0]), (2.6, "processor", "arithmetic", COLORS[1]))
    for at, title, text, color in boxes:
        shape = FancyBboxPatch(
            (at, 0), 1.4, 1.5, boxstyle="round,pad=0.08", facecolor=tint(color), edgecolor=color
        )
        left.add_patch(shape)
        left.text(at + 0.7, 0.95, title, ha="center", fontsize=11, color=INK)
        left.text(at + 0.7, 0.5, text, ha="center", fontsize=9, color=INK)
    for y, ends in ((1.0, (1.52, 2.48)), (0.5, (2.48, 1.52))):
        arrow = {"arrowstyle": "->", "color": INK, "linewidth": 1.6}
        left.annotate("", (ends[1], y), (ends[0], y), arrowprops=arrow)
    left.text(2.0, 1.72, r"$\beta$ bytes/s", ha="center", fontsize=11, color=COLORS[0])
    left.text(3.3, -0.42, r"$\pi$ operations/s", ha="center", fontsize=11, color=COLORS[1])
    left.text(0.7, -0.42, r"$Q$ bytes", ha="center", fontsize=11, color=INK)
    left.set(xlim=(-0.25, 4.25), ylim=(-0.9, 2.3))
    left.set_aspect("equal")
    left.set_axis_off()
    ridge = peak / bandwidth
    x = np.geomspace(ridge / 60, ridge * 30, 200)
    right.loglog(x, np.minimum(peak, bandwidth * x), color=INK, linestyle="-")
    right.fill_between(x, np.minimum(peak, bandwidth * x), peak / 400, color=GREY, alpha=0.12)
    right.plot([ridge, ridge], [peak / 400, peak], color=GREY, linestyle=":", linewidth=1.2)
    right.text(ridge, peak * 1.25, "ridge", ha="center", fontsize=9, color=INK)
    right.text(
        ridge / 2.2, peak / 150, "memory\nis the limit", ha="right", fontsize=9, color=COLORS[0]
    )
    right.text(
        ridge * 2.2, peak / 150, "arithmetic\nis the limit", ha="left", fontsize=9, color=COLORS[1]
    )
    _axes(right, "FLOP/s")
    right.set(xlim=(x[0], x[-1]), ylim=(peak / 400, peak * 2.2))
    return figure


def _axes(ax: Axes, unit: str) -> None:
    ax.set(xlabel="intensity (FLOP/byte)", ylabel="speed", xscale="log", yscale="log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: si(value, unit)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_formatter(NullFormatter())


def roofline(
    roofs: Mapping[str, tuple[float, float]],
    points: Sequence[Point],
    promised: Sequence[str] = (),
    first: int = 1,
    unit: str = "FLOP/s",
) -> Figure:
    """Draw roofs and points, both axes logarithmic; points carry numbers, a list below the figure names them.

    Args:
        roofs: name → operations a second, bytes a second; of two, the lower bandwidth first.
        points: a small ring marks what the roof allows, a numbered disc what was reached, a numbered ring a
            prediction without a measurement.
        promised: names of roofs that are a data sheet's and not measured; they are dashed.
        first: number of the first point.
        unit: of the vertical axis.
    """
    rows = -(-len(points) // 2)
    figure, (ax, names) = narrow(3.5 + 0.28 * rows, rows=2, height_ratios=[3.4, 0.28 * rows])
    intensities = [point.intensity for point in points]
    ridges = [peak / bandwidth for peak, bandwidth in roofs.values()]
    low, high = min([*intensities, *ridges]) / 2.5, max([*intensities, *ridges]) * 3
    x = np.geomspace(low, high, 300)
    for number, (name, (peak, bandwidth)) in enumerate(roofs.items()):
        style = "--" if name in promised else "-"
        color = (INK, GREY)[number % 2]
        ax.plot(x, np.minimum(peak, bandwidth * x), color=color, linestyle=style, linewidth=1.6)
        ax.plot(peak / bandwidth, peak, "|", color=color, markersize=9, markeredgewidth=1.6)
        below = number == 0 and len(roofs) > 1
        at = low ** (0.4 if below else 0.55) * (peak / bandwidth) ** (0.6 if below else 0.45)
        side = {"ha": "left", "va": "top"} if below else {"ha": "right", "va": "bottom"}
        ax.annotate(
            f"{name}\n{si(bandwidth, 'B/s')}", (at, bandwidth * at), (6, -2) if below else (-5, 2),
            textcoords="offset points", fontsize=9, color=color, **side,
        )  # fmt: skip
    top = max(peak for peak, _ in roofs.values())
    ax.annotate(
        si(top, unit), (high, top), (-4, 9), textcoords="offset points", ha="right", fontsize=9
    )
    for number, point in enumerate(points):
        color = COLORS[number % len(COLORS)]
        if point.roof is not None and point.rate is not None:
            ax.plot(
                [point.intensity] * 2,
                [point.roof, point.rate],
                color=color,
                linewidth=1,
                linestyle="-",
            )
            ax.plot(point.intensity, point.roof, "o", markersize=5.5, markerfacecolor="white",
                    markeredgecolor=color, linestyle="none", zorder=3)  # fmt: skip
        height_ = point.rate if point.rate is not None else point.roof
        if height_ is not None:
            _disc(
                ax, point.intensity, height_, number + first, color, filled=point.rate is not None
            )
        column, row = divmod(number, rows)
        _disc(names, column, -row, number + first, color, filled=point.rate is not None)
        names.text(column + 0.06, -row, point.name, va="center_baseline", fontsize=9.5, color=INK)
    names.set(xlim=(-0.1, 2), ylim=(0.5 - rows, 0.5))
    names.set_axis_off()
    _axes(ax, unit)
    ax.set(xlim=(low, high), ylim=(None, 2.2 * top))
    return figure


def _disc(ax: Axes, x: float, y: float, number: int, color: str, filled: bool) -> None:
    ax.plot(x, y, "o", markersize=12.5, color=color, markerfacecolor=color if filled else "white",
            markeredgewidth=1.5, linestyle="none", zorder=4)  # fmt: skip
    ax.annotate(str(number), (x, y), ha="center", va="center_baseline", fontsize=8.5, weight="bold",
                color="white" if filled else color, zorder=5)  # fmt: skip


def lies(names: Sequence[str], wrong: Sequence[float], right: Sequence[float]) -> Figure:
    """Draw what a careless and a careful measurement say of the same code, in seconds, one row each."""
    figure, ax = narrow(0.55 * len(names) + 1.1)
    rows = -np.arange(len(names))
    for row, first, second in zip(rows, wrong, right, strict=True):
        ax.plot([first, second], [row, row], color=GREY, linewidth=1.4, linestyle="-", zorder=1)
    ax.plot(wrong, rows, "s", color=COLORS[1], linestyle="none", markersize=8, label="careless")
    ax.plot(right, rows, "o", color=COLORS[0], linestyle="none", markersize=8, label="careful")
    ax.set_xscale("log")
    ax.set(xlabel="time of one call (s)", ylim=(rows[-1] - 0.6, 0.6))
    ax.set_yticks(rows, names, fontsize=9)
    ax.grid(visible=False, axis="y")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.0 + 0.7 / (len(names) + 1)), ncols=2)
    return figure


def samples(series: Mapping[str, Any], unit: float = 1e-6) -> Figure:
    """Draw every sample of a time in the order in which it was taken, one panel a clock, medians and means as lines.

    Args:
        series: name of the clock → seconds of samples, (n,).
        unit: seconds of one unit of the axis.
    """
    figure, panels = new("wide", columns=len(series), height=3.0, sharey=True, squeeze=False)
    for ax, (name, values), color in zip(panels[0], series.items(), COLORS, strict=False):
        shown = np.asarray(values) / unit
        ax.plot(shown, ".", color=color, linestyle="none", markersize=4, alpha=0.7)
        ax.axhline(float(np.median(shown)), color=INK, linestyle="-", linewidth=1.2, label="median")
        ax.axhline(float(np.mean(shown)), color=INK, linestyle="--", linewidth=1.2, label="mean")
        ax.set(title=name, xlabel="sample", yscale="log")
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_formatter(FuncFormatter(_sparse))
    panels[0][0].set_ylabel("time of one call (µs)" if unit == 1e-6 else "time of one call")
    panels[0][-1].legend(loc="upper right")
    return figure


def _sparse(value: float, _: Any) -> str:
    return f"{value:g}" if f"{value:.0e}"[0] in "25" else ""


def distance(
    working_sets: Sequence[float],
    streams: Mapping[str, Any],
    caches: Mapping[str, float] | None = None,
) -> Figure:
    """Draw the bandwidth of streams against the memory that they touch, with the sizes of caches.

    Args:
        working_sets: bytes, (n,).
        streams: name → bytes a second, (n, rounds); medians are drawn.
        caches: name → bytes.
    """
    figure, ax = narrow(3.2)
    for (name, rates), color, mark in zip(streams.items(), COLORS, MARKERS, strict=False):
        middle = np.median(np.asarray(rates), axis=1) / 1e9
        ax.plot(working_sets, middle, marker=mark, linestyle="-", color=color, label=name)
    ax.set(xscale="log", yscale="log", xlabel="memory touched", ylabel="bandwidth (GB/s)")
    for name, size in (caches or {}).items():
        if working_sets[0] < size < working_sets[-1]:
            ax.axvline(size, color=GREY, linestyle=":", linewidth=1.3)
            ax.annotate(name, (size, 0), (-4, 3), xycoords=("data", "axes fraction"), ha="right",
                        va="bottom", textcoords="offset points", fontsize=9, color=INK)  # fmt: skip
    ticks = [
        tick for tick in 4.0 ** np.arange(5, 16) if working_sets[0] <= tick <= working_sets[-1]
    ]
    ax.xaxis.set_major_locator(FixedLocator(ticks[::2]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: bytes_in_words(value)))
    ax.xaxis.set_minor_locator(FixedLocator([]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(FuncFormatter(_sparse))
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return figure


def shares(
    names: Sequence[str], values: Any, label: str = "share of attainable speed (%)"
) -> Figure:
    """Draw the share of the attainable speed as bars, with the 20th to 80th percentiles of the rounds.

    Args:
        names: one a bar, from the top.
        values: (names, rounds), 1 on the roof.
    """
    figure, ax = narrow(0.34 * len(names) + 0.8)
    bars(ax, names, 100 * np.asarray(values), COLORS[0])
    ax.axvline(100, color=INK, linewidth=1.2, linestyle="-")
    ax.set(xlabel=label)
    return figure


def operations(names: Sequence[str], picoseconds: Any, shares_of_roof: Any) -> Figure:
    """Draw the time of one operation in several layers, every seed a dot, with what the roofline asks for as rings.

    Args:
        names: one a layer.
        picoseconds: (seeds, layers).
        shares_of_roof: (seeds, layers), roofline's time ÷ measured time.
    """
    figure, ax = narrow(3.2)
    values = np.asarray(picoseconds, dtype=float)
    least = np.median(values * np.asarray(shares_of_roof, dtype=float), axis=0)
    for place, column in enumerate(values.T):
        aside = np.linspace(-0.12, 0.12, len(column))
        ax.plot(place + aside, column, "o", color=COLORS[0], linestyle="none",
                label="measured" if place == 0 else None)  # fmt: skip
    ax.plot(range(len(least)), least, "o", markersize=8, markerfacecolor="none", linestyle="none",
            markeredgecolor=COLORS[1], markeredgewidth=1.6, label="roofline")  # fmt: skip
    ax.set(yscale="log", ylabel="time of an operation (ps)")
    ax.set_xticks(range(len(names)), names, fontsize=8.5)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.grid(visible=False, axis="x")
    ax.legend(loc="upper left")
    return figure


def bars(ax: Axes, names: Sequence[str], values: np.ndarray, color: str) -> None:
    """Draw horizontal bars of medians over rounds, (names, rounds), with spread and the number beside each."""
    rows = -np.arange(len(names))
    middle = np.median(values, axis=1)
    low, high = np.percentile(values, [20, 80], axis=1)
    ax.barh(rows, middle, 0.62, color=tint(color, 0.55), edgecolor=color)
    ax.errorbar(
        middle, rows, xerr=[middle - low, high - middle], color=INK, linestyle="none", capsize=3
    )
    for row, value, end in zip(rows, middle, high, strict=True):
        text = f"{value:.0f}" if value >= 10 else f"{value:.2g}"
        ax.annotate(text, (end, row), (5, 0), textcoords="offset points", va="center", fontsize=8.5)
    ax.set_yticks(rows, names, fontsize=9)
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.12)
