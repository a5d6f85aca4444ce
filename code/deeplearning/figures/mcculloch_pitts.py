"""Figures of the chapter on the McCulloch–Pitts neuron."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from deeplearning.figures.style import COLORS, GREY, new, tint

INK = "#1A1A1A"
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
Neurons = Mapping[str, tuple[Sequence[float], float]]  # name → (weights, threshold)


def gates(neurons: Neurons) -> Figure:
    """Draw each neuron alone: its inputs, the weights on the lines, the threshold inside, its name below."""
    figure, axes = new("wide", columns=len(neurons), height=1.9)
    for ax, (name, (weights, threshold)) in zip(np.atleast_1d(axes), neurons.items(), strict=True):
        heights = (np.arange(len(weights))[::-1] - (len(weights) - 1) / 2) * 1.5
        for index, (weight, height) in enumerate(zip(weights, heights, strict=True)):
            _line(ax, (0, height), (1.9, 0), weight)
            ax.text(0.75, 0.62 * height + 0.22, _signed(weight), ha="center", fontsize=9, color=INK)
            _circle(ax, (0, height), f"$x_{index + 1}$", COLORS[0], 0.34)
        ax.annotate("", (3.4, 0), (2.5, 0), arrowprops={"arrowstyle": "->", "color": INK})
        _circle(ax, (1.9, 0), f"≥ {threshold:g}".replace("-", "−"), COLORS[2], 0.6)
        ax.text(3.5, 0, "$y$", va="center", fontsize=10, color=INK)
        ax.set_title(name)
        _bare(ax, (-0.5, 3.8), (-1.3, 1.3))
    return figure


def lines(neurons: Neurons, tables: Mapping[str, Sequence[int]]) -> Figure:
    """Draw each gate in the plane of its two inputs: corners by output, and the neuron's line if there is one.

    A gate of `tables` that is not among the `neurons` gets its two diagonals instead: pairs of corners with equal sums.
    """
    figure, axes = new("wide", columns=len(tables), height=2.25, sharey=True)
    for ax, (name, table) in zip(np.atleast_1d(axes), tables.items(), strict=True):
        if name in neurons:
            _half_plane(ax, *neurons[name])
        else:
            ax.plot([0, 1], [1, 0], "--", color=COLORS[1], linewidth=1.2)
            ax.plot([0, 1], [0, 1], "-", color=COLORS[0], linewidth=1.2)
            ax.plot(0.5, 0.5, "x", color=INK, markersize=8, markeredgewidth=1.8)
        for corner, output in zip(CORNERS, table, strict=True):
            face = COLORS[1] if output else "white"
            ax.plot(
                *corner,
                "s" if output else "o",
                color=face,
                markersize=10,
                markeredgecolor=COLORS[1] if output else COLORS[0],
                zorder=3,
                clip_on=False,
                markeredgewidth=2,
            )
        ax.set(
            title=name,
            xlabel="$x_1$",
            xticks=[0, 1],
            yticks=[0, 1],
            xlim=(-0.4, 1.4),
            ylim=(-0.4, 1.4),
        )
        ax.set_aspect("equal")
        ax.grid(visible=False)
    np.atleast_1d(axes)[0].set_ylabel("$x_2$")
    return figure


def xor_network(neurons: Neurons) -> Figure:
    """Draw XOR from three neurons, OR and NAND before AND, with all weights and thresholds."""
    figure, ax = new("small", height=2.2)
    places = {"OR": (2.4, 0.9), "NAND": (2.4, -0.9), "AND": (4.8, 0)}
    sources = {name: [(0.0, 0.9), (0.0, -0.9)] for name in ("OR", "NAND")}
    sources["AND"] = [places["OR"], places["NAND"]]
    for name, place in places.items():
        weights, threshold = neurons[name]
        for source, weight in zip(sources[name], weights, strict=True):
            _line(ax, source, place, weight)
            crossing = source[1] * place[1] < 0
            share = 0.72 if crossing else 0.5
            x, y = (source[i] + share * (place[i] - source[i]) for i in (0, 1))
            ax.text(
                x,
                y + (0.16 if y >= 0 else -0.34),
                _signed(weight),
                ha="center",
                fontsize=9,
                color=INK,
            )
        color = COLORS[1] if name == "AND" else COLORS[2]
        _circle(ax, place, f"≥ {threshold:g}".replace("-", "−"), color, 0.44)
        ax.text(
            place[0],
            place[1] + (0.52 if place[1] >= 0 else -0.78),
            name,
            ha="center",
            fontsize=9,
            color=INK,
        )
    for index, height in enumerate((0.9, -0.9)):
        _circle(ax, (0, height), f"$x_{index + 1}$", COLORS[0], 0.34)
    ax.annotate("", (6.1, 0), (5.25, 0), arrowprops={"arrowstyle": "->", "color": INK})
    ax.text(6.2, 0, "$y$", va="center", fontsize=10, color=INK)
    _bare(ax, (-0.5, 6.5), (-1.8, 1.6))
    return figure


def timeline(signals: Mapping[str, Sequence[int]]) -> Figure:
    """Draw binary signals over discrete time, one row each: when each is 0 and when it is 1."""
    figure, ax = new("wide", height=0.55 * len(signals) + 0.9)
    names = list(signals)
    for row, name in enumerate(reversed(names)):
        values = np.asarray(signals[name])
        color = COLORS[names.index(name) % len(COLORS)]
        edges = np.arange(len(values) + 1)
        ax.stairs(row + 0.62 * values, edges, baseline=row, color=color, fill=True, alpha=0.25)
        ax.stairs(row + 0.62 * values, edges, baseline=None, color=color, linewidth=1.8)
    ax.set_yticks(np.arange(len(names)) + 0.31, list(reversed(names)))
    ax.set_xticks(
        np.arange(len(values)) + 0.5, [str(moment) for moment in range(1, len(values) + 1)]
    )
    ax.set(xlabel="moment t (steps)", xlim=(0, len(values)), ylim=(-0.1, len(names) - 0.2))
    ax.grid(visible=False)
    ax.tick_params(length=0)
    return figure


def counts(record: Any) -> Figure:
    """Draw how many truth tables one neuron computes, and how many two layers compute, against the number of inputs.

    `record` is the record of N1, with the metrics `tables` and `tables_one_neuron`, a column for n = 1, 2, ….
    """
    everything, single = (record.metrics[name][0] for name in ("tables", "tables_one_neuron"))
    figure, ax = new("wide", height=2.9)
    positions = np.arange(1, len(single) + 1)
    bars = (
        ax.bar(
            positions - 0.2,
            everything,
            0.38,
            color=tint(COLORS[0], 0.35),
            edgecolor=COLORS[0],
            label="two layers",
        ),
        ax.bar(positions + 0.2, single, 0.38, color=COLORS[1], label="one neuron"),
    )
    for container, values in zip(bars, (everything, single), strict=True):
        ax.bar_label(
            container, [f"{int(value):,}" for value in values], fontsize=9, padding=2, color=INK
        )
    ax.set_yscale("log")
    ax.set(xlabel="inputs n", ylabel="truth tables computed", ylim=(1, everything.max() * 6))
    ax.set_xticks(positions)
    ax.grid(visible=False, axis="x")
    ax.legend(loc="upper left")
    return figure


def _half_plane(ax: Axes, weights: Sequence[float], threshold: float) -> None:
    """Tint where the neuron fires, and draw its border halfway between the two sums that the corners reach."""
    ticks = np.linspace(-0.4, 1.4, 200)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1)
    border = threshold - 0.5  # any value above threshold − 1 gives the same answers at the corners
    sums = grid @ np.asarray(weights, dtype=float)
    ax.contourf(ticks, ticks, sums, levels=[border, 1e3], colors=[tint(COLORS[1], 0.18)])
    ax.contour(
        ticks, ticks, sums, levels=[border], colors=[GREY], linewidths=1.6, linestyles="solid"
    )


def _line(ax: Axes, start: tuple[float, float], end: tuple[float, float], weight: float) -> None:
    style = "-" if weight >= 0 else "--"
    color = COLORS[0] if weight >= 0 else COLORS[1]
    ax.plot(
        [start[0], end[0]],
        [start[1], end[1]],
        style,
        color=color,
        linewidth=1.3 * abs(weight) + 0.3,
        zorder=1,
    )


def _circle(ax: Axes, place: tuple[float, float], text: str, color: str, radius: float) -> None:
    ax.add_patch(
        Circle(place, radius, facecolor=tint(color), edgecolor=color, linewidth=1.4, zorder=2)
    )
    ax.text(*place, text, ha="center", va="center", fontsize=8.5, color=INK, zorder=3)


def _signed(weight: float) -> str:
    return f"{weight:+g}".replace("-", "−")


def _bare(ax: Axes, x: tuple[float, float], y: tuple[float, float]) -> None:
    ax.set(xlim=x, ylim=y)
    ax.set_aspect("equal")
    ax.set_axis_off()
