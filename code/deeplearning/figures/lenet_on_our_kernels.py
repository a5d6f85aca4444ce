"""Figures of the chapter on LeNet-5 on the book's own kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import FuncFormatter, NullFormatter

from deeplearning.figures.style import COLORS, GREY, MARKERS, new, tint

INK = "#1A1A1A"


def one_definition(namespaces: Sequence[tuple[str, str]]) -> Figure:
    """Draw one definition of a network and the namespaces that it is given.

    Args:
        namespaces: for each its name in code, and what computes then.
    """
    figure, ax = new("wide", height=2.6)
    box: Any = {"boxstyle": "round,pad=0.06"}
    ax.add_patch(
        FancyBboxPatch((0, 0.9), 2.2, 1.2, facecolor=tint(COLORS[0]), edgecolor=COLORS[0], **box)
    )
    ax.text(1.1, 1.68, "lenet5(nn)", ha="center", family="monospace", fontsize=11, color=INK)
    ax.text(1.1, 1.2, "one definition", ha="center", fontsize=9.5, color=INK)
    for row, (name, computes) in enumerate(namespaces):
        y, color = 2.3 - 1.15 * row, COLORS[row + 1]
        ax.add_patch(
            FancyBboxPatch((3.4, y - 0.35), 4.6, 0.8, facecolor=tint(color), edgecolor=color, **box)
        )
        ax.text(3.55, y + 0.16, name, family="monospace", fontsize=10, color=INK)
        ax.text(3.55, y - 0.2, computes, fontsize=9.5, color=INK)
        ax.add_patch(
            FancyArrowPatch(
                (2.28, 1.5), (3.3, y + 0.05), arrowstyle="-|>", mutation_scale=12, color=INK
            )
        )
    ax.set(xlim=(-0.1, 8.15), ylim=(2.1 - 1.15 * len(namespaces) + 0.3, 2.95))
    ax.set_axis_off()
    return figure


def launches(programs: Sequence[int], phases: Sequence[str], processors: int) -> Figure:
    """Draw how many programs each kernel launch of a training step has.

    Args:
        programs: programs of each launch, in order.
        phases: for each launch the part of the step that it belongs to.
        processors: streaming multiprocessors of a GPU, for comparison.
    """
    figure, ax = new("wide", height=2.9)
    at = np.arange(1, len(programs) + 1)
    for i, phase in enumerate(dict.fromkeys(phases)):
        chosen = np.array([one == phase for one in phases])
        ax.bar(at[chosen], np.asarray(programs)[chosen], color=COLORS[i], width=0.75, label=phase)
    ax.axhline(processors, color=GREY, linestyle="--", linewidth=1.2)
    ax.text(
        len(programs) + 0.6, processors * 1.12, f"{processors} processors of an H200",
        ha="right", fontsize=9, color=INK,
    )  # fmt: skip
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set(
        xlabel="launch, in the order of the step", ylabel="programs",
        xlim=(0.2, len(programs) + 0.8), ylim=(0.7, processors * 3),
    )  # fmt: skip
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper left", ncols=3)
    return figure


def least_times(layers: Sequence[tuple[str, float, float]]) -> Figure:
    """Draw for each layer the least time that its arithmetic and its bytes allow.

    Args:
        layers: name, seconds by arithmetic, seconds by memory.
    """
    figure, ax = new("wide", height=3.0)
    rows = np.arange(len(layers))[::-1]
    names, *seconds = zip(*layers, strict=True)
    looks = ((0.16, "arithmetic", COLORS[1], "s"), (-0.16, "memory", COLORS[0], "o"))
    for (shift, label, color, marker), times in zip(looks, seconds, strict=True):
        values = [1e6 * time for time in times]
        ax.plot(values, rows + shift, marker, color=color, linestyle="", label=label)
        ax.hlines(rows + shift, 1e-6, values, color=color, linewidth=1.2, alpha=0.5)
    ax.set_yticks(rows, names)
    ax.set(xscale="log", xlabel="least time (µs)", xlim=(2e-4, 3), ylim=(-0.6, len(layers) - 0.4))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.grid(axis="y", visible=False)
    ax.legend(loc="lower right")
    return figure


def curves(losses: Mapping[str, Any], window: int) -> Figure:
    """Draw loss curves, each averaged over windows of steps, so that the batches' noise does not hide them.

    Args:
        losses: name → loss of each step.
        window: steps that are averaged.
    """
    figure, ax = new("wide", height=3.0)
    for i, (name, values) in enumerate(losses.items()):
        curve = np.asarray(values, dtype=float)
        mean = curve[: len(curve) // window * window].reshape(-1, window).mean(axis=1)
        steps = window * (np.arange(len(mean)) + 0.5)
        ax.plot(steps, mean, MARKERS[i], linestyle="-", markersize=4, color=COLORS[i], label=name)
    ax.set(xlabel="step", ylabel=f"loss, mean of {window} steps", ylim=(0, None))
    ax.legend(loc="upper right")
    return figure


def drift(differences: Mapping[str, Any]) -> Figure:
    """Draw by how much the losses of two trainings differ, step by step.

    Args:
        differences: name → relative difference at each step; zeros are left out.
    """
    figure, ax = new("wide", height=2.8)
    for i, (name, values) in enumerate(differences.items()):
        values = np.asarray(values, dtype=float)
        shown = np.where(values > 0, values, np.nan)
        ax.semilogy(
            np.arange(1, len(values) + 1), shown, color=COLORS[i], linestyle="-", linewidth=1.2,
            label=name,
        )  # fmt: skip
    ax.axhline(2.0**-24, color=GREY, linestyle="--", linewidth=1.2, label="one rounding of float32")
    ax.set(xlabel="step", ylabel="relative difference of the losses")
    ax.legend(loc="center right", bbox_to_anchor=(1.0, 0.58))
    return figure


def measured(losses: Mapping[str, Any], window: int, names: Mapping[str, str]) -> Figure:
    """Draw the recorded loss curves of the trainings on a GPU: mean over seeds, one line a contender.

    Args:
        losses: contender → losses (seeds, steps).
        window: steps that are averaged.
        names: contender → how the legend calls it.
    """
    means = {names[key]: np.asarray(values).mean(axis=0) for key, values in losses.items()}
    return curves(means, window)
