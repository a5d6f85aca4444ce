"""The figures of the chapter on LSTM and GRU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

INK = "#1A1A1A"
KINDS = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
PARTS = {
    "input": "no input gate",
    "forget": "no forget gate",
    "output": "no output gate",
    "candidate": "no tanh of g",
    "both": "i = 1 − f",
}
PROBLEMS = {"adding": "adding", "restarts": "adding with restarts"}


def _arrow(ax: Axes, *places: tuple[float, float], color: str = GREY, width: float = 1.3) -> None:
    """A line through places with a head at the last."""
    for start, end in pairwise(places[:-1]):
        ax.plot(
            *zip(start, end, strict=True), color=color, linewidth=width, linestyle="-", zorder=1
        )
    ax.add_patch(
        FancyArrowPatch(
            *places[-2:], arrowstyle="-|>", mutation_scale=11, color=color, linewidth=width, shrinkA=0, shrinkB=0,
            zorder=1,
        )
    )  # fmt: skip


def _operator(ax: Axes, place: tuple[float, float], text: str) -> None:
    ax.add_patch(Circle(place, 0.23, facecolor="white", edgecolor=INK, linewidth=1.2, zorder=3))
    ax.text(*place, text, ha="center", va="center", fontsize=11, color=INK, zorder=4)


def _box(ax: Axes, place: tuple[float, float], text: str, color: str, width: float = 0.72) -> None:
    ax.add_patch(
        FancyBboxPatch(
            (place[0] - width / 2, place[1] - 0.24), width, 0.48, boxstyle="round,pad=0.02", facecolor=tint(color),
            edgecolor=color, linewidth=1.3, zorder=3,
        )
    )  # fmt: skip
    ax.text(*place, text, ha="center", va="center", fontsize=10, color=INK, zorder=4)


def cell() -> Figure:
    """One step of an LSTM: the cell's line on top, its three gates, the candidate and the state below."""
    figure, ax = new("small", height=2.9)
    top, middle, gates, bottom = 3.6, 2.5, 1.1, 0.3
    # The way of the cell.
    _arrow(ax, (-0.4, top), (1.07, top), color=COLORS[0], width=2.6)
    _arrow(ax, (1.53, top), (2.77, top), color=COLORS[0], width=2.6)
    _arrow(ax, (3.23, top), (6.6, top), color=COLORS[0], width=2.6)
    for place, text in (((1.3, top), "⊙"), ((3.0, top), "+"), ((3.0, middle), "⊙"), ((5.2, middle), "⊙")):  # fmt: skip
        _operator(ax, place, text)
    # What reads: h and x, by one product.
    ax.plot([-0.4, 4.4], [bottom, bottom], color=GREY, linewidth=1.3, linestyle="-", zorder=1)
    _arrow(ax, (0.2, -0.5), (0.2, bottom))
    for x, text, color in (
        (1.3, r"$\sigma\;\;f$", COLORS[1]),
        (2.3, r"$\sigma\;\;i$", COLORS[1]),
        (3.35, r"tanh $g$", COLORS[2]),
        (4.4, r"$\sigma\;\;o$", COLORS[1]),
    ):
        _arrow(ax, (x, bottom), (x, gates - 0.26))
        _box(ax, (x, gates), text, color, 0.86 if "tanh" in text else 0.72)
    _arrow(ax, (1.3, gates + 0.26), (1.3, top - 0.24))
    _arrow(ax, (2.3, gates + 0.26), (2.3, middle), (2.76, middle))
    _arrow(ax, (3.35, gates + 0.26), (3.35, 1.85), (3.0, 1.85), (3.0, middle - 0.24))
    _arrow(ax, (3.0, middle + 0.24), (3.0, top - 0.24))
    _arrow(ax, (4.4, gates + 0.26), (4.4, middle), (4.96, middle))
    _arrow(ax, (5.2, top), (5.2, middle + 0.24))
    _box(ax, (5.2, 3.08), "tanh", COLORS[2], 0.7)
    _arrow(ax, (5.2, middle - 0.24), (5.2, bottom), (6.6, bottom))
    for x, y, text, side in (
        (-0.5, top, r"$c_{t-1}$", "right"),
        (6.7, top, r"$c_t$", "left"),
        (-0.5, bottom, r"$h_{t-1}$", "right"),
        (6.7, bottom, r"$h_t$", "left"),
    ):
        ax.text(x, y, text, ha=side, va="center", fontsize=12, color=INK)
    ax.text(0.2, -0.62, r"$x_t$", ha="center", va="top", fontsize=12, color=INK)
    for x, y, text in ((1.3, 4.0, "forget"), (3.0, 4.0, "take in"), (5.55, 2.15, "show")):
        ax.text(x, y, text, ha="center" if x < 5 else "left", va="center", fontsize=9, color=GREY)
    ax.set(xlim=(-1.3, 7.3), ylim=(-1.0, 4.2))
    ax.set_aspect("equal")
    ax.set_axis_off()
    return figure


def reach(lengths: Mapping[str, np.ndarray]) -> Figure:
    """How long the gradient is that reaches the input (T,) of each step, by steps back, over that of the last step."""
    figure, ax = new("small", height=3.5)
    for number, (name, values) in enumerate(lengths.items()):
        back = np.arange(len(values))
        shown = np.where(values > 0, values, np.nan)[::-1]
        ax.plot(
            back, shown / shown[0], label=name, color=COLORS[number % len(COLORS)],
            linestyle=LINES[number % len(LINES)],
        )  # fmt: skip
    ax.set_yscale("log")
    ax.set(xlabel="steps back", ylabel="gradient, last step = 1")
    ax.legend(loc="lower left")
    return figure


def sequence(x: np.ndarray, target: float) -> Figure:
    """A sequence of the adding problem, x (T, 2): values as stems, the two that are marked in another colour."""
    figure, ax = new("small", height=2.5)
    marked = x[:, 1] == 1
    for chosen, color, label in ((~marked, GREY, "value"), (marked, COLORS[1], "marked")):
        steps = np.flatnonzero(chosen) + 1
        ax.vlines(steps, 0, x[chosen, 0], colors=color, linewidth=1.4, linestyles="-")
        ax.plot(steps, x[chosen, 0], MARKERS[int(chosen is marked)], color=color, label=label)
    ax.set(xlabel="step", ylabel="value", ylim=(0, 1.3), title=f"answer: {target:.2f}")
    ax.grid(visible=False, axis="x")
    ax.legend(loc="upper right", ncols=2, fontsize=8)
    return figure


def remembered(marks: np.ndarray, panels: Sequence[tuple[str, Mapping[str, np.ndarray]]]) -> Figure:
    """Courses (T,) over the steps of one sequence, a panel each; dotted lines where ``marks`` (T,) is 1."""
    figure, axes = new("small", rows=len(panels), height=1.9 * len(panels) + 0.4, sharex=True)
    for ax, (label, courses) in zip(np.atleast_1d(axes), panels, strict=True):
        for number, (name, values) in enumerate(courses.items()):
            ax.plot(
                np.arange(1, len(values) + 1), values, label=name, color=COLORS[number % len(COLORS)],
                linestyle=LINES[number % len(LINES)], linewidth=1.4,
            )  # fmt: skip
        for step in np.flatnonzero(marks) + 1:
            ax.axvline(step, color=INK, linewidth=1, linestyle=":")
        ax.set_ylabel(label)
        if len(courses) > 1:
            ax.legend(loc="best", ncols=2, fontsize=8)
    np.atleast_1d(axes)[-1].set_xlabel("step")
    figure.align_ylabels()
    return figure


def by_length(record: Any, lengths: Sequence[int], delays: Sequence[int]) -> Figure:
    """S2: the error of adding by length and of copying by delay, every seed a mark, the median joined by lines."""
    figure, axes = new("small", rows=2, height=5.8)
    for ax, problem, sizes in zip(axes, ("adding", "copying"), (lengths, delays), strict=True):
        for number, (kind, name) in enumerate(KINDS.items()):
            values = np.stack([record.metrics[f"error_{problem}_{n}_{kind}"] for n in sizes])
            places = np.arange(len(sizes)) + 0.16 * (number - 1)
            color = COLORS[number]
            for place, row in zip(places, values, strict=True):
                ax.plot(
                    np.full(len(row), place), row, MARKERS[number], color=color, alpha=0.5, markeredgewidth=0
                )  # fmt: skip
            ax.plot(
                places, np.median(values, axis=1), color=color, linestyle=LINES[number], label=name, linewidth=1.3
            )  # fmt: skip
        ax.set_xticks(range(len(sizes)), [str(n) for n in sizes])
        ax.grid(visible=False, axis="x")
    above, below = axes
    above.set_yscale("log")
    between = len(lengths) - 1.5  # where no mark stands
    for level, place, text in ((1 / 6, 0.1, "always answering 1"), (0.01, between, "solved")):
        above.axhline(level, color=GREY, linewidth=1, linestyle=":")
        above.text(place, level * 1.12, text, ha="center", va="bottom", fontsize=8, color=GREY)
    above.set(xlabel="length (steps)", ylabel="mean squared error", title="adding")
    above.set_ylim(top=0.6)
    below.axhline(0.75, color=GREY, linewidth=1, linestyle=":")
    below.text(-0.42, 0.76, "guessing", ha="left", va="bottom", fontsize=8, color=GREY)
    below.set(xlabel="delay (steps)", ylabel="share of wrong symbols", title="copying")
    below.set_ylim(-0.04, 0.9)
    for ax in axes:
        ax.set_xlim(-0.45, len(ax.get_xticks()) - 0.6)
    below.legend(loc="center left")
    return figure


def plateaus(record: Any, length: int, check: int) -> Figure:
    """S2: the validation error of the adding problem while training, a line a seed, a panel a network."""
    figure, axes = new("small", rows=3, height=5.2, sharex=True, sharey=True)
    for number, (ax, (kind, name)) in enumerate(zip(axes, KINDS.items(), strict=True)):
        curves = record.metrics[f"curve_adding_{length}_{kind}"]
        steps = record.metrics[f"steps_adding_{length}_{kind}"]
        for curve, last in zip(curves, steps, strict=True):
            count = int(last) // check
            x = check * np.arange(1, count + 1)
            ax.plot(x, curve[:count], color=COLORS[number], linestyle="-", linewidth=1.1, alpha=0.8)
            ax.plot(x[-1], curve[count - 1], MARKERS[number], color=COLORS[number])
        ax.axhline(1 / 6, color=GREY, linewidth=1, linestyle=":")
        ax.set(yscale="log", ylabel="error", title=name)
    axes[-1].set_xlabel("training step")
    return figure


def parts(record: Any) -> Figure:
    """S5: the error without a part over that of the whole LSTM, a mark a seed, the geometric mean as a bar."""
    figure, axes = new("small", rows=2, height=5.4, sharex=True)
    for ax, (problem, title) in zip(axes, PROBLEMS.items(), strict=True):
        whole = record.metrics[f"error_{problem}_nothing"]
        for place, part in enumerate(PARTS):
            ratios = record.metrics[f"error_{problem}_{part}"] / whole
            color = COLORS[1] if place < 3 else COLORS[2]
            offsets = np.linspace(-0.16, 0.16, len(ratios))
            ax.plot(ratios, place + offsets, "o", color=color, alpha=0.5, markeredgewidth=0)
            mean = float(np.exp(np.log(ratios).mean()))
            ax.vlines(mean, place - 0.3, place + 0.3, colors=color, linewidth=2.4, linestyles="-")
        ax.axvline(1, color=GREY, linewidth=1, linestyle="-")
        ax.axvline(2, color=GREY, linewidth=1, linestyle=":")
        ax.set(xscale="log", title=title)
        ax.set_yticks(range(len(PARTS)), list(PARTS.values()))
        ax.set_ylim(len(PARTS) - 0.5, -0.5)
        ax.grid(visible=False, axis="y")
    axes[-1].set_xlabel("error, whole LSTM = 1")
    return figure
