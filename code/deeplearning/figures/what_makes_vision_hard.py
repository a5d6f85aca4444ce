"""Figures of the chapter on what makes vision hard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from deeplearning.figures.common import mean_and_spread
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, SIZES, STYLE
from deeplearning.records import Metrics

NAMES = {"dmlp": "DMLP", "cnn": "CNN", "augmented": "CNN, augmented"}


def gallery(rows: Mapping[str, Any]) -> Figure:
    """Draw one row of images for each name, which stands above it; show it with `show(figure, raster=True)`.

    Args:
        rows: for each name n images (n, H, W) with grey levels from 0 to 1; n is the same for all.

    Raises:
        ValueError: no row, or rows of different lengths.
    """
    lengths = {len(images) for images in rows.values()}
    if len(lengths) != 1:
        raise ValueError(
            f"expected rows of one length; got {[len(images) for images in rows.values()]}"
        )
    columns = lengths.pop()
    width = SIZES["small"][0]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, len(rows) * (width / columns + 0.24)), layout="constrained")
        axes = figure.subplots(len(rows), columns, squeeze=False)
        for line, (name, images) in zip(axes, rows.items(), strict=True):
            for ax, image in zip(line, images, strict=True):
                ax.imshow(image, vmin=0, vmax=1)
                ax.set_axis_off()
            line[0].set_title(name, loc="left", fontsize=9)
    return figure


def accuracies(
    metrics: Metrics, cases: Sequence[str], panels: Mapping[str, tuple[Sequence[float], str]]
) -> Figure:
    """Draw accuracy against strength, a panel a difficulty and a curve a network, means over seeds with bands (C15).

    Args:
        metrics: of the experiment, `<difficulty>_<case>` (S, levels).
        cases: the networks.
        panels: for each difficulty its strengths, and what they are called under the axis.
    """
    rows = (len(panels) + 2) // 2  # one place is the legend's
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZES["small"][0] + 0.4, 1.75 * rows), layout="constrained")
        axes = figure.subplots(rows, 2, sharey=True).ravel()
        for ax, (name, (strengths, label)) in zip(axes, panels.items(), strict=False):
            for case, color, marker, line in zip(cases, COLORS, MARKERS, LINES, strict=False):
                mean_and_spread(
                    ax, strengths, metrics[f"{name}_{case}"], NAMES[case], color=color,
                    marker=marker, linestyle=line, markersize=3.5, linewidth=1.4,
                )  # fmt: skip
            ax.set(ylim=(0, 1), xlabel=label)
            ax.set_title(name, loc="left")
        for ax in axes[: len(panels) : 2]:
            ax.set_ylabel("accuracy")
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
        handles, labels = axes[0].get_legend_handles_labels()
        axes[-1].legend(handles, labels, loc="center", fontsize=9.5)
    return figure


def points_lost(losses: Mapping[str, Mapping[str, Any]], bar: float) -> Figure:
    """Draw what each change costs each network: means over seeds, with one standard deviation to either side.

    Args:
        losses: for each change and each network (S,) losses of accuracy, as shares.
        bar: the loss from which a change counts as hard.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZES["small"][0], 0.46 * len(losses) + 1.1), layout="constrained")
        ax = figure.subplots()
        for place, networks in enumerate(losses.values()):
            for number, (case, values) in enumerate(networks.items()):
                points = 100 * np.asarray(values, dtype=float)
                ax.errorbar(
                    points.mean(), place + 0.2 * (number - 1), xerr=points.std(ddof=1), capsize=2,
                    marker=MARKERS[number], color=COLORS[number], linestyle="none", markersize=5,
                    label=NAMES[case] if place == 0 else None,
                )  # fmt: skip
        ax.axvline(100 * bar, color=GREY, linestyle="--", linewidth=1)
        ax.set_yticks(range(len(losses)), list(losses))
        ax.set_ylim(len(losses) - 0.5, -0.5)
        ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
        ax.grid(visible=False, axis="y")
        ax.set_xlabel("accuracy lost (percentage points)")
        ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=3, fontsize=8, frameon=False)
    return figure
