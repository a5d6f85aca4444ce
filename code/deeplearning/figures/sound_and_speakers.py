"""The figures of the chapter on sequences with one answer: spoken digits and speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from deeplearning.figures.common import mean_and_spread
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

INK = "#1A1A1A"
EMPTY = "#E4E4E4"


def lengths(sets: Mapping[str, np.ndarray]) -> Figure:
    """How long the sequences of each data set are: a histogram a set, its name to (N,) numbers of frames."""
    figure, axes = new("small", rows=len(sets), height=1.9 * len(sets), squeeze=False)
    for number, (ax, (name, frames)) in enumerate(zip(axes[:, 0], sets.items(), strict=True)):
        edges = np.arange(frames.min(), frames.max() + 2) - 0.5
        ax.hist(frames, bins=edges, color=tint(COLORS[number], 0.7))
        ax.axvline(frames.mean(), color=INK, linestyle="--", linewidth=1.2)
        ax.set(title=name, ylabel="sequences", xlim=(0, frames.max() + 1))
    axes[-1, 0].set_xlabel("length (frames)")
    return figure


def padded_and_packed(counts: Sequence[int]) -> Figure:
    """A batch of sequences of these lengths: padded in rows above, packed below, sorted, the columns numbered.

    Every cell is a frame and keeps the colour of its sequence; grey cells are padding. Below each packed column stands
    how many sequences have that frame.
    """
    longest = max(counts)
    order = sorted(range(len(counts)), key=lambda k: -counts[k])
    figure, (above, below) = new("small", rows=2, height=0.62 * len(counts) + 1.9, sharex=True)
    for ax, rows in ((above, list(range(len(counts)))), (below, order)):
        for row, sequence in enumerate(rows):
            color = COLORS[sequence % len(COLORS)]
            for step in range(longest):
                real = step < counts[sequence]
                if not real and ax is below:
                    continue
                ax.add_patch(
                    Rectangle(
                        (step - 0.44, row - 0.42), 0.88, 0.84, facecolor=tint(color) if real else EMPTY,
                        edgecolor=color if real else GREY, linewidth=1 if real else 0.5,
                        linestyle="-" if real else ":",
                    )
                )  # fmt: skip
                ax.text(
                    step, row, str(step + 1) if real else "0", ha="center", va="center", fontsize=8,
                    color=INK if real else GREY,
                )  # fmt: skip
        ax.set_yticks(range(len(rows)), [f"sequence {k + 1}" for k in rows])
        ax.set(xlim=(-0.6, longest - 0.4), ylim=(len(counts) - 0.4, -0.6))
        ax.grid(visible=False)
        ax.tick_params(length=0)
        for spine in ax.spines.values():
            spine.set_visible(False)
    sizes = [sum(count > step for count in counts) for step in range(longest)]
    below.set_xticks(range(longest), [str(size) for size in sizes])
    below.set_xlabel("sequences that have this frame")
    above.tick_params(labelbottom=False)
    above.set_title("padded")
    below.set_title("packed")
    return figure


def _arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str, bend: float = 0.0
) -> None:
    ax.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=11, color=color, linewidth=1.2,
            connectionstyle=f"arc3,rad={bend}",
        )
    )  # fmt: skip


def both_directions(frames: int, padding: int) -> Figure:
    """A sequence of some frames, with padding after it, read in both directions; the states that are read out."""
    figure, ax = new("small", height=2.5)
    total = frames + padding
    rows = ((1.0, COLORS[0], 1), (2.0, COLORS[1], -1))
    for step in range(total):
        real = step < frames
        ax.add_patch(
            Rectangle(
                (step - 0.3, -0.28), 0.6, 0.56, facecolor=tint(COLORS[2]) if real else EMPTY,
                edgecolor=COLORS[2] if real else GREY, linestyle="-" if real else ":",
            )
        )  # fmt: skip
        name = rf"$\mathbf{{x}}_{step + 1}$" if real else "0"
        ax.text(step, 0, name, ha="center", va="center", fontsize=11, color=INK if real else GREY)
        if not real:
            continue
        for level, color, direction in rows:
            read = step == (frames - 1 if direction == 1 else 0)
            circle = Circle(
                (step, level), 0.25, facecolor=color if read else tint(color), edgecolor=color
            )
            ax.add_patch(circle)
            after = step + direction
            if 0 <= after < frames:
                _arrow(
                    ax, (step + 0.26 * direction, level), (after - 0.26 * direction, level), color
                )
        _arrow(ax, (step, 0.28), (step, 0.76), GREY)
        _arrow(ax, (step + 0.12, 0.28), (step + 0.12, 1.8), GREY, bend=0.4)
    ax.text(-0.5, 1, "forwards", ha="right", va="center", color=COLORS[0])
    ax.text(-0.5, 2, "backwards", ha="right", va="center", color=COLORS[1])
    ax.text(-0.5, 0, "frames", ha="right", va="center", color=COLORS[2])
    ax.add_patch(Rectangle((total - 1.2, 1.6), 1.3, 0.6, facecolor="none", edgecolor=INK))
    ax.text(total - 0.55, 1.9, "scores", ha="center", va="center", color=INK)
    _arrow(ax, (frames - 0.74, 1.08), (total - 0.9, 1.58), COLORS[0])
    _arrow(ax, (0.05, 2.25), (total - 1.0, 2.22), COLORS[1], bend=-0.25)
    ax.set(xlim=(-1.9, total + 0.2), ylim=(-0.4, 3.0))
    ax.set_aspect("equal")
    ax.set_axis_off()
    return figure


def through_the_padding(extra: Sequence[int], right: Mapping[str, Sequence[float]]) -> Figure:
    """Accuracy against the number of frames of padding that every sequence has at least, a line a way of reading."""
    figure, ax = new("small")
    for number, (name, values) in enumerate(right.items()):
        ax.plot(
            extra, 100 * np.asarray(values), color=COLORS[number], marker=MARKERS[number],
            linestyle=LINES[number], label=name,
        )  # fmt: skip
    ax.set(
        xlabel="padding after the last frame (frames)", ylabel="test accuracy (%)", ylim=(0, 102)
    )
    ax.legend(loc="lower left")
    return figure


def answers(
    sequences: Sequence[np.ndarray],
    probabilities: Sequence[np.ndarray],
    titles: Sequence[str],
    classes: Sequence[str],
    threshold: float = 0.3,
) -> Figure:
    """Frames (T, C) of sequences, and below each the probabilities (T, K) after every frame.

    A class gets a line where its probability once exceeds ``threshold``, in one colour everywhere, and its name
    where it is highest.
    """
    count = len(sequences)
    figure, axes = new(
        "small", rows=2 * count, height=3.2 * count, height_ratios=[1, 1.3] * count, sharex=False
    )
    likely = [
        c for c in range(len(classes)) if any(shares[:, c].max() > threshold for shares in probabilities)
    ]  # fmt: skip
    for k, (sequence, shares) in enumerate(zip(sequences, probabilities, strict=True)):
        above, below = axes[2 * k], axes[2 * k + 1]
        span = (0.5, len(sequence) + 0.5)
        above.imshow(
            sequence.T, cmap="PuOr", vmin=-3, vmax=3, aspect="auto", interpolation="nearest",
            extent=(*span, sequence.shape[1] - 0.5, -0.5),
        )  # fmt: skip
        above.set(title=titles[k], ylabel="coefficient", xlim=span)
        above.set_xticks([])
        for number, c in enumerate(likely):
            if shares[:, c].max() <= threshold:
                continue
            color = COLORS[number % len(COLORS)]
            frames = np.arange(1, len(shares) + 1)
            below.plot(frames, shares[:, c], color=color, linestyle=LINES[number % len(LINES)])
            top = int(shares[:, c].argmax())
            below.annotate(
                classes[c], (top + 1, shares[top, c]), (0, 4 + 10 * (number % 2)),
                textcoords="offset points", color=color,
                ha="right" if top > 0.9 * len(shares) else "center", fontsize=9,
            )  # fmt: skip
        below.set(ylabel="probability", ylim=(0, 1.3), xlim=span)
        below.set_yticks([0, 0.5, 1])
        above.grid(visible=False)
    axes[-1].set_xlabel("frames heard")
    return figure


def accuracies(
    record: Any, panels: Mapping[str, str], names: Mapping[str, str], claimed: Sequence[str]
) -> Figure:
    """A dot for each seed's test accuracy, the mean as a bar.

    ``panels`` maps the beginning of a metric's name, such as ``accuracy_known_``, to a title; ``names`` maps what
    follows to a label; ``claimed`` are those that the claim is about, drawn in another colour.
    """
    figure, axes = new("small", rows=len(panels), height=3.5 * len(panels), squeeze=False)
    for ax, (prefix, title) in zip(axes[:, 0], panels.items(), strict=True):
        for place, case in enumerate(names):
            values = 100 * record.metrics[prefix + case]
            color = COLORS[0] if case in claimed else COLORS[1]
            offsets = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else np.zeros(1)
            ax.plot(values, place + offsets, "o", color=color, alpha=0.5, markeredgewidth=0)
            ax.vlines(
                values.mean(),
                place - 0.32,
                place + 0.32,
                colors=color,
                linewidth=2.4,
                linestyles="-",
            )
        ax.set(title=title, xlabel="test accuracy (%)", ylim=(len(names) - 0.5, -0.5))
        ax.set_yticks(range(len(names)), list(names.values()))
        ax.grid(visible=False, axis="y")
    return figure


def heard(
    panels: Mapping[str, tuple[Sequence[float], Mapping[str, np.ndarray]]],
) -> Figure:
    """Test accuracy against the share of a sequence that was heard: for each panel the shares and, a line, (S, F)."""
    figure, axes = new("small", rows=len(panels), height=2.9 * len(panels), squeeze=False)
    for ax, (title, (shares, lines)) in zip(axes[:, 0], panels.items(), strict=True):
        for number, (name, values) in enumerate(lines.items()):
            mean_and_spread(
                ax, 100 * np.asarray(shares), 100 * np.asarray(values), name, color=COLORS[number],
                linestyle=LINES[number], marker=MARKERS[number], markersize=4,
            )  # fmt: skip
        ax.set(title=title, ylabel="test accuracy (%)", ylim=(0, 102))
        ax.legend(loc="lower right")
    axes[-1, 0].set_xlabel("heard (% of the frames)")
    return figure


def confusions(tables: Mapping[str, np.ndarray], labels: Sequence[str], what: str) -> Figure:
    """For each class (row) the share of answers (column) in per cent; tables (K, K) of counts, one below another."""
    figure, axes = new("small", rows=len(tables), height=3.9 * len(tables), squeeze=False)
    for ax, (title, counts) in zip(axes[:, 0], tables.items(), strict=True):
        shares = 100 * counts / counts.sum(axis=1, keepdims=True)
        ax.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=11)
        for row, column in np.ndindex(*shares.shape):
            if shares[row, column] >= 0.05:
                ax.text(
                    column, row, _short(shares[row, column]), ha="center", va="center", fontsize=7.5,
                    color="white" if shares[row, column] > 50 else INK,
                )  # fmt: skip
        ax.set_xticks(range(len(labels)), labels, rotation=0 if len(labels[0]) < 3 else 60)
        ax.set_yticks(range(len(labels)), labels)
        ax.set(title=title, ylabel=what)
        ax.grid(visible=False)
    axes[-1, 0].set_xlabel("answer")
    return figure


def _short(share: float) -> str:
    return f"{share:.1f}" if share < 9.95 else f"{share:.0f}"


def by_speaker(record: Any, cases: Mapping[str, str], speakers: Sequence[str]) -> Figure:
    """S8: accuracy on each speaker left out, in the order of the seeds; ``cases`` maps names to labels."""
    figure, ax = new("small", height=3.8)
    for number, (case, label) in enumerate(cases.items()):
        values = 100 * record.metrics[f"accuracy_unknown_{case}"]
        ax.plot(
            np.arange(len(speakers)) + 0.08 * (number - (len(cases) - 1) / 2), values, color=COLORS[number],
            marker=MARKERS[number], linestyle="none", markersize=7, label=label,
        )  # fmt: skip
    ax.set_xticks(range(len(speakers)), speakers, rotation=30, ha="right")
    ax.set(ylabel="test accuracy (%)", xlabel="speaker left out", ylim=(0, 100))
    ax.legend(loc="lower left")
    return figure
