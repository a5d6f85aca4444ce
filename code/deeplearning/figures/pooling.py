"""Figures of the chapter on pooling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from deeplearning.figures.common import image_grid, mean_and_spread
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint
from deeplearning.records import Metrics

INK = "#1A1A1A"
NAMES = {
    "none": "no pooling",
    "max": "maximum",
    "average": "average",
    "binomial": "binomial",
    "max_binomial": "maximum, then binomial",
    "strided": "steps of 2",
}


def _table(ax: Axes, values: np.ndarray, title: str, window: int) -> None:
    """Numbers in squares; squares of one window share a colour."""
    rows, columns = values.shape
    for i in range(rows):
        for j in range(columns):
            part = (i // window) * (columns // window) + j // window
            ax.add_patch(
                Rectangle((j, -i - 1), 1, 1, facecolor=tint(COLORS[part % 4]), edgecolor=GREY)
            )
            ax.text(
                j + 0.5, -i - 0.5, f"{values[i, j]:g}", ha="center", va="center", color=INK,
                fontsize=10,
            )  # fmt: skip
    ax.set_xlim(-0.05, columns + 0.05)
    ax.set_ylim(-rows - 0.05, 0.05)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_title(title, fontsize=9)


def windows(image: np.ndarray, results: Mapping[str, np.ndarray]) -> Figure:
    """An image cut into windows of 2 × 2, and what each window becomes.

    Args:
        image: (2h, 2w) numbers, h w ≤ 4.
        results: title to (h, w) numbers.
    """
    figure, panels = new(
        "small", columns=1 + len(results), height=2.1, width_ratios=[2, *[1] * len(results)]
    )
    _table(panels[0], image, "feature map", 2)
    for ax, (title, values) in zip(panels[1:], results.items(), strict=True):
        _table(ax, values, title, 1)
        ax.set_ylim(-len(image) - 0.05, 0.05)  # squares of one size in all panels
    return figure


def gradients(panels_by_title: Mapping[str, np.ndarray]) -> Figure:
    """Where the gradient of every window goes.

    Args:
        panels_by_title: title to (2h, 2w) gradients, in the windows of the image.
    """
    figure, panels = new("small", columns=len(panels_by_title), height=2.4, squeeze=False)
    for ax, (title, values) in zip(panels.flat, panels_by_title.items(), strict=True):
        _table(ax, values, title, 2)
    return figure


def sampled(signals: Sequence[np.ndarray], pooled: Mapping[str, Sequence[np.ndarray]]) -> Figure:
    """A signal and the same one place further on (grey), and every second number of what pooling makes of them.

    Args:
        signals: two of (L,), the second is the first moved by one place.
        pooled: title to two of (L / 2,).
    """
    figure, panels = new("small", rows=len(pooled), height=4.6, sharex=True)
    places = np.arange(len(signals[0]))
    for ax, (title, pair) in zip(panels, pooled.items(), strict=True):
        for which, (signal, values) in enumerate(zip(signals, pair, strict=True)):
            ax.plot(places, signal, color=GREY, linewidth=0.9, linestyle=("-", ":")[which])
            ax.plot(
                places[::2] + 0.5, values, color=COLORS[which], marker=MARKERS[which],
                linestyle=LINES[which], label=("as it is", "moved by 1")[which],
            )  # fmt: skip
        ax.set_ylabel(title)
        ax.set_ylim(-0.08, 1.12)
    panels[0].legend(loc="lower left", bbox_to_anchor=(0, 1.02), ncols=2)
    panels[-1].set_xlabel("place")
    return figure


def responses(by_name: Mapping[str, np.ndarray]) -> Figure:
    """How much of a wave is left after averaging, against the length of the wave's frequency.

    Args:
        by_name: label to weights (k,) of the average along one axis.
    """
    figure, axes = new("small")
    frequency = np.linspace(0, 0.5, 201)
    for (name, weights), color, line in zip(by_name.items(), COLORS, LINES, strict=False):
        phase = np.exp(-2j * np.pi * np.outer(frequency, np.arange(len(weights))))
        axes.plot(frequency, np.abs(phase @ weights), label=name, color=color, linestyle=line)
    axes.axvspan(0.25, 0.5, color=GREY, alpha=0.12, linewidth=0)
    axes.text(0.375, 0.93, "too fast for\nevery second place", ha="center", va="top", fontsize=8.5)
    axes.set(xlabel="frequency (waves per place)", ylabel="share that is left", ylim=(0, 1.05))
    axes.legend(loc="lower left")
    return figure


def resized(images: np.ndarray, titles: Sequence[str]) -> Figure:
    """An image, made smaller and brought back in several ways.

    Args:
        images: (n, H, W).
        titles: one an image.
    """
    return image_grid(images, titles, columns=len(images))


def robustness(metrics: Metrics, cases: Sequence[str]) -> Figure:
    """Share of unchanged answers (left) and accuracy (right) against the length of a shift, by pooling (C8)."""
    figure, panels = new("wide", columns=2, height=3.9)
    for ax, metric, label in zip(
        panels,
        ("unchanged", "shifted_accuracy"),
        ("share of unchanged answers", "accuracy"),
        strict=True,
    ):
        for case, color, marker, line in zip(cases, COLORS, MARKERS, LINES, strict=False):
            values: Any = metrics[f"{metric}_{case}"]
            mean_and_spread(
                ax, np.arange(values.shape[1]), values, NAMES[case], color=color, marker=marker,
                linestyle=line,
            )  # fmt: skip
        ax.set(xlabel="shift (pixels)", ylabel=label)
        ax.set_xticks(np.arange(values.shape[1]))
    panels[0].legend(loc="lower left", fontsize=8)
    return figure
