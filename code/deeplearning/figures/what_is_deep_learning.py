"""Figures of the first chapter: a rule and its learned rivals, history, and what seeds do to a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from deeplearning.figures.style import COLORS, GREY, MARKERS, STYLE, new

INK = "#1A1A1A"
# Year, text, and the thread it belongs to: 0 neurons, 1 learning rules, 2 networks and their uses.
EVENTS = (
    (1943, "McCulloch, Pitts: neurons as logic", 0),
    (1949, "Hebb: synapses that learn", 1),
    (1958, "Rosenblatt: the perceptron", 1),
    (1969, "Minsky, Papert: limits of one layer", 0),
    (1970, "Linnainmaa: reverse-mode derivatives", 1),
    (1971, "Ivakhnenko: eight layers", 2),
    (1974, "Werbos: ordered derivatives", 1),
    (1980, "Fukushima: neocognitron", 2),
    (1982, "Hopfield: associative memory", 0),
    (1986, "Rumelhart, Hinton, Williams", 1),
    (1997, "Hochreiter, Schmidhuber: LSTM", 2),
    (1998, "LeCun and others: LeNet-5", 2),
    (2006, "Hinton and others: pretraining", 1),
    (2012, "Krizhevsky and others: AlexNet", 2),
    (2016, "He and others: 152 layers", 2),
    (2017, "Vaswani and others: transformer", 2),
    (2020, "Brown and others: GPT-3", 2),
    (2021, "Jumper and others: AlphaFold", 2),
    (2024, "Nobel prize: Hopfield, Hinton", 0),
)
THREADS = ("what neurons can do", "how they learn", "networks and uses")


def timeline(events: Sequence[tuple[int, str, int]] = EVENTS, last: int = 2025) -> Figure:
    """Draw the history as a vertical line of years, each event's text to its right."""
    figure, ax = new("small", height=6.4)
    heights = _spread([year for year, _, _ in events], gap=4.4)
    low, high = heights[0] - 3, heights[-1] + 3
    ax.plot([0, 0], [min(low, 1940), last], "-", color=GREY, linewidth=2, zorder=1)
    for (year, text, thread), height in zip(events, heights, strict=True):
        color = COLORS[thread]
        ax.plot([0, 0.16, 0.22], [year, height, height], "-", color=color, linewidth=1)
        ax.plot(0, year, MARKERS[thread], color=color, markersize=7, zorder=3)
        ax.text(0.25, height, f"{year}  {text}", ha="left", va="center", fontsize=10, color=INK)
    for thread, name in enumerate(THREADS):
        ax.plot([], [], MARKERS[thread], color=COLORS[thread], label=name)
    figure.legend(loc="outside upper left", ncols=2, columnspacing=1.0)
    ax.set(xlim=(-0.08, 1.75), ylim=(max(high, last + 1), min(low, 1940)))
    ax.set_axis_off()
    return figure


def rule(brightness: Any, labels: Any, threshold: float, names: Sequence[str]) -> Figure:
    """Draw the histogram of a measured feature for two classes, and the threshold between them."""
    figure, ax = new("wide", height=2.7)
    bins = np.linspace(0, 1, 41)
    for label, name in enumerate(names):
        ax.hist(
            np.asarray(brightness)[labels == label],
            bins,
            color=COLORS[label],
            alpha=0.55,
            label=name,
        )
    ax.axvline(
        threshold, color=INK, linestyle="--", linewidth=1.4, label=f"threshold {threshold:.2f}"
    )
    ax.set(xlabel="mean brightness between the legs (0 black, 1 white)", ylabel="images")
    ax.legend()
    return figure


def shifted(shifts: Any, accuracies: Mapping[str, Any]) -> Figure:
    """Draw accuracy (%) against the shift of the picture (pixels), a line a model."""
    figure, ax = new("wide", height=2.8)
    for index, (name, values) in enumerate(accuracies.items()):
        ax.plot(shifts, 100 * np.asarray(values), marker=MARKERS[index], label=name)
    ax.axhline(50, color=GREY, linewidth=1, linestyle=":")
    ax.set(xlabel="shift to the right (pixels)", ylabel="accuracy (%)", ylim=(40, 101))
    ax.legend(loc="upper right")
    return figure


def layers(points: Mapping[str, np.ndarray], labels: Any, names: Sequence[str]) -> Figure:
    """Draw each layer's two principal components, a panel a layer, coloured by class.

    `points` maps a panel's title to (N, 2) coordinates; `labels` are (N,) class numbers 0, 1, ….
    """
    figure, axes = new("wide", columns=len(points), height=2.9)
    for ax, (title, places) in zip(np.atleast_1d(axes), points.items(), strict=True):
        for number, name in enumerate(names):
            chosen = places[np.asarray(labels) == number]
            ax.plot(
                *chosen.T,
                MARKERS[number],
                color=COLORS[number],
                markersize=2.2,
                alpha=0.5,
                label=name,
            )
        ax.set(title=title, xlabel="first component", xticks=[], yticks=[])
    np.atleast_1d(axes)[0].set_ylabel("second component")
    figure.legend(*np.atleast_1d(axes)[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(names),
                  markerscale=2.5)  # fmt: skip
    return figure


def seeds(groups: Mapping[str, Any]) -> Figure:
    """Draw the accuracy (%) of every run as a dot, a row a group, with mean ± one standard deviation."""
    figure, ax = new("wide", height=0.75 * len(groups) + 0.9)
    for row, (_, values) in enumerate(groups.items()):
        values = 100 * np.asarray(values, dtype=float)
        offsets = 0.16 * np.cos(np.arange(len(values)) * 2.4)  # apart, and the same in every build
        ax.plot(values, row + offsets, "o", color=COLORS[row], alpha=0.55, markeredgewidth=0)
        ax.errorbar(
            values.mean(),
            row + 0.34,
            xerr=values.std(ddof=1),
            fmt="|",
            color=COLORS[row],
            capsize=4,
            markersize=12,
        )
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set(xlabel="accuracy on 10,000 validation images (%)", ylim=(len(groups) - 0.4, -0.5))
    ax.grid(visible=False, axis="y")
    return figure


def false_wins(counts: Sequence[int], rates: Mapping[str, Any]) -> Figure:
    """Draw how often one of two identical methods is declared the winner, against the seeds averaged for each."""
    figure, ax = new("wide", height=2.9)
    for index, (name, values) in enumerate(rates.items()):
        ax.plot(counts, 100 * np.asarray(values), marker=MARKERS[index], label=name)
    ax.set(xlabel="seeds for each method", ylabel="false winners (%)", ylim=(0, 100))
    ax.set_xticks(list(counts))
    ax.legend()
    return figure


def templates(weights: Any, names: Sequence[str]) -> Figure:
    """Draw the difference of a linear classifier's weight rows, (2, 784), as a picture: what speaks for which class."""
    difference = (np.asarray(weights)[1] - np.asarray(weights)[0]).reshape(28, 28)
    limit = np.abs(difference).max()
    with mpl.rc_context(STYLE):
        figure, ax = new("small", height=3.4)
        colors = mpl.colors.LinearSegmentedColormap.from_list(
            "two", [COLORS[0], "white", COLORS[1]]
        )
        image = ax.imshow(difference, cmap=colors, vmin=-limit, vmax=limit)
        bar = figure.colorbar(
            image, ax=ax, label=f"← {names[0]}   weight   {names[1]} →", shrink=0.9
        )
        bar.outline.set_visible(False)  # type: ignore[operator]
        ax.set(xlabel="column (pixels)", ylabel="row (pixels)")
        ax.grid(visible=False)
    return figure


def _spread(years: Sequence[int], gap: float) -> np.ndarray:
    """Move texts apart, as little as a simple pass from above and one from below can, so that none overlap."""
    places = np.array(years, dtype=float)
    for _ in range(200):
        for index in range(1, len(places)):
            overlap = gap - (places[index] - places[index - 1])
            if overlap > 0:
                places[index] += overlap / 2
                places[index - 1] -= overlap / 2
    return places
