"""The figures of the chapter on sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

INK = "#1A1A1A"
NAMES = {
    "cnn": "1-D CNN",
    "pooled": "mean and spread,\nlinear",
    "mlp": "MLP",
    "wide": "larger MLP",
    "coefficients": "CNN, coefficients\nexchanged",
    "fixed": "CNN, frames in one\nfixed order",
    "fresh": "CNN, frames\nshuffled anew",
}
QUESTIONS = {"known": "known voices", "unknown": "unknown voices"}


def pipeline(steps: Sequence[tuple[str, str]]) -> Figure:
    """Boxes from top to bottom, each with what it does and the shape of what comes out of it."""
    figure, ax = new("small", height=0.62 * len(steps))
    for place, (name, shape) in enumerate(steps):
        color = COLORS[place % 2]
        ax.add_patch(Rectangle((0, -place), 2.9, 0.62, facecolor=tint(color), edgecolor=color))
        ax.text(1.45, -place + 0.31, name, ha="center", va="center", color=INK)
        ax.text(3.1, -place + 0.31, shape, va="center", color=GREY, fontsize=9)
        if place:
            ax.add_patch(
                FancyArrowPatch(
                    (1.45, -place + 1),
                    (1.45, -place + 0.64),
                    arrowstyle="-|>",
                    mutation_scale=11,
                    color=GREY,
                )
            )
    ax.set(xlim=(-0.1, 4.9), ylim=(0.1 - len(steps) + 0.8, 0.8))
    ax.set_axis_off()
    return figure


def mel(frequencies: np.ndarray, pitch: np.ndarray, weights: np.ndarray) -> Figure:
    """The mel scale over frequency (F,), and triangular filters (M, F) with corners equally far apart on it."""
    figure, (above, below) = new("small", rows=2, height=4.2, sharex=True)
    above.plot(frequencies, pitch, color=COLORS[0])
    above.set_ylabel("pitch (mel)")
    for row, triangle in enumerate(weights):
        inside = np.flatnonzero(triangle)
        inside = np.arange(max(inside[0] - 1, 0), min(inside[-1] + 2, len(frequencies)))
        below.plot(
            frequencies[inside], triangle[inside], color=COLORS[row % 2], linestyle=LINES[row % 2], linewidth=1.2
        )  # fmt: skip
    below.set(
        xlabel="frequency (Hz)", ylabel="weight of the filter", xlim=(0, frequencies[-1]), ylim=(0, 1.05)
    )  # fmt: skip
    return figure


def stages(
    signal: np.ndarray,
    levels: np.ndarray,
    bands: np.ndarray,
    coefficients: np.ndarray,
    rate: float,
    hop: int,
) -> Figure:
    """A waveform (samples,) and what is made of it, over one time axis.

    ``levels`` (T, frequencies) and ``bands`` (T, filters) are in decibels, ``coefficients`` (T, C) are the MFCC, of
    which the first is left out of the colours: it would drown the others.
    """
    figure, axes = new("small", rows=4, height=6.4, sharex=True, height_ratios=[1, 1.3, 1.3, 1])
    end = len(signal) / rate
    axes[0].plot(np.arange(len(signal)) / rate, signal, color=COLORS[0], linewidth=0.5)
    axes[0].set_ylabel("pressure")
    first = hop / rate  # the middle of the first frame
    span = (first - hop / rate / 2, first + (len(levels) - 0.5) * hop / rate)
    for ax, values, top, label in (
        (axes[1], levels, rate / 2000, "kHz"),
        (axes[2], bands, bands.shape[1], "mel filter"),
    ):
        low = values.max() - 60
        ax.imshow(
            values.T, origin="lower", aspect="auto", extent=(*span, 0, top), cmap="magma", vmin=low
        )
        ax.set_ylabel(label)
    shown = coefficients[:, 1:].T
    _heat(
        axes[3],
        shown,
        float(np.abs(shown).max()),
        (*span, coefficients.shape[1] + 0.5, 1.5),
    )
    axes[3].set(xlabel="time (s)", ylabel="MFCC", xlim=(0, end))
    for ax in axes:
        ax.grid(visible=False)
    return figure


def _heat(
    ax: Axes,
    values: np.ndarray,
    limit: float,
    extent: tuple[float, float, float, float] | None = None,
) -> Any:
    """Draw (rows, columns) as colours, blue above zero and orange below, row 0 on top."""
    return ax.imshow(
        values, cmap="PuOr", vmin=-limit, vmax=limit, aspect="auto", extent=extent, interpolation="nearest"
    )  # fmt: skip


def heat_maps(
    sequences: Sequence[np.ndarray], titles: Sequence[str], columns: int = 2, limit: float = 3.0
) -> Figure:
    """Sequences (T, C) side by side, time to the right, a row a coefficient; one scale of time and of colour."""
    rows = -(-len(sequences) // columns)
    figure, axes = new(
        "small" if columns == 1 else "wide", rows=rows, columns=columns, height=1.7 * rows, sharex=True, sharey=True,
        squeeze=False,
    )  # fmt: skip
    longest = max(map(len, sequences))
    count = sequences[0].shape[1]
    image = None
    for ax, sequence, title in zip(axes.ravel(), sequences, titles, strict=False):
        extent = (-0.5, len(sequence) - 0.5, count - 0.5, -0.5)
        image = _heat(ax, sequence.T, limit, extent)
        ax.set(title=title, xlim=(-0.5, longest - 0.5))
        ax.set_yticks([0, 4, 8, 12][: -(-count // 4)])
        ax.grid(visible=False)
    for ax in axes[-1]:
        ax.set_xlabel("frame")
    for ax in axes[:, 0]:
        ax.set_ylabel("coefficient")
    figure.colorbar(image, ax=axes, label="standard deviations", fraction=0.03)
    return figure


def sliding(sequence: np.ndarray, kernel: int, place: int, output: np.ndarray) -> Figure:
    """A kernel over all coefficients and a few frames of a sequence (T, C), and the numbers (T,) that it writes."""
    figure, (above, below) = new(
        "wide", rows=2, height=3.3, sharex=True, height_ratios=[2.4, 1], gridspec_kw={"hspace": 0.1}
    )
    frames, count = sequence.shape
    _heat(above, sequence.T, 3.0)
    above.add_patch(
        Rectangle((place - kernel / 2, -0.5), kernel, count, facecolor="none", edgecolor=INK, linewidth=2)
    )  # fmt: skip
    above.add_patch(
        FancyArrowPatch(
            (place + kernel / 2 + 0.1, count / 2),
            (place + kernel / 2 + 2.6, count / 2),
            arrowstyle="-|>",
            mutation_scale=16,
            color=INK,
            linewidth=2,
        )
    )
    above.set_ylabel("coefficient")
    above.set_yticks([0, 4, 8, 12][: -(-count // 4)])
    below.bar(np.arange(frames), output, color=tint(COLORS[0], 0.6), width=0.8)
    below.bar([place], output[[place]], color=COLORS[1], width=0.8)
    below.axhline(0, color=GREY, linewidth=0.8)
    below.set(xlabel="frame", ylabel="answer", xlim=(-0.5, frames - 0.5))
    for ax in (above, below):
        ax.grid(visible=False)
    return figure


def accuracies(record: Any) -> Figure:
    """C14: the accuracy of every contender and control, a dot a seed, the mean as a bar; known and unknown voices."""
    figure, axes = new("small", rows=2, height=6.6)
    for ax, (question, title) in zip(axes, QUESTIONS.items(), strict=True):
        for place, case in enumerate(NAMES):
            values = 100 * record.metrics[f"{question}_{case}"]
            color = COLORS[0] if case == "cnn" else COLORS[1] if place < 4 else COLORS[2]
            offsets = np.linspace(-0.16, 0.16, len(values))
            ax.plot(values, place + offsets, "o", color=color, alpha=0.5, markeredgewidth=0)
            ax.vlines(
                values.mean(), place - 0.3, place + 0.3, colors=color, linewidth=2.4, linestyles="-"
            )
        ax.set(title=title, xlabel="test accuracy (%)")
        ax.grid(visible=False, axis="y")
        ax.set_yticks(range(len(NAMES)), list(NAMES.values()))
        ax.set_ylim(len(NAMES) - 0.5, -0.5)
    return figure


def confusions(record: Any, words: Sequence[str]) -> Figure:
    """C14: for each word said (row) the share of answers of the CNN (column) in per cent, all seeds together."""
    figure, axes = new("small", rows=2, height=7.8, sharex=True)
    for ax, (question, title) in zip(axes, QUESTIONS.items(), strict=True):
        counts = record.metrics[f"confusion_{question}_cnn"].sum(axis=0)
        shares = 100 * counts / counts.sum(axis=1, keepdims=True)
        ax.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=11)
        for row, column in np.ndindex(*shares.shape):
            if shares[row, column] >= 0.95:
                ax.text(
                    column, row, f"{shares[row, column]:.0f}", ha="center", va="center", fontsize=7.5,
                    color="white" if shares[row, column] > 50 else INK,
                )  # fmt: skip
        ax.set_xticks(range(len(words)), words, rotation=60, ha="right")
        ax.set_yticks(range(len(words)), words)
        ax.set(title=title, ylabel="word said")
        ax.grid(visible=False)
    axes[1].set_xlabel("answer of the CNN")
    return figure


def by_speaker(record: Any, speakers: Mapping[str, str]) -> Figure:
    """C14: accuracy on each speaker left out; ``speakers`` maps names, in the order of the seeds, to labels."""
    figure, ax = new("small", height=3.6)
    for number, case in enumerate(("cnn", "mlp", "pooled")):
        values = 100 * record.metrics[f"unknown_{case}"]
        ax.plot(
            range(len(speakers)), values, color=COLORS[number], marker=MARKERS[number], linestyle="none",
            markersize=7, label=NAMES[case].replace("\n", " "),
        )  # fmt: skip
    ax.set_xticks(range(len(speakers)), list(speakers.values()), rotation=30, ha="right")
    ax.set(ylabel="test accuracy (%)", xlabel="speaker left out", ylim=(0, 100))
    ax.legend(loc="lower left")
    return figure
