"""The figures of the chapter on recurrence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from deeplearning.figures.common import mean_and_spread
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

INK = "#1A1A1A"
LETTERS = "ABCD"
NETS = {
    "rnn": "RNN",
    "orthogonal": "RNN, orthogonal start",
    "window": "window of 8",
    "none": "no state",
}


def _node(ax: Axes, place: tuple[float, float], text: str, color: str) -> None:
    ax.add_patch(Circle(place, 0.36, facecolor=tint(color), edgecolor=color, linewidth=1.4))
    ax.text(*place, text, ha="center", va="center", color=INK)


def _arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str = GREY, **options: Any
) -> None:  # fmt: skip
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=11,
            color=color,
            shrinkA=0,
            shrinkB=0,
            **options,
        )
    )


def unrolled(steps: int = 4) -> Figure:
    """The network with its loop, and below it the same network laid out over time."""
    figure, ax = new("small", height=4.9)
    state, inside, out = COLORS[2], COLORS[0], COLORS[1]

    def column(x: float, y: float, index: str) -> None:
        _node(ax, (x, y), f"$h_{{{index}}}$", state)
        _node(ax, (x, y - 1.25), f"$x_{{{index}}}$", inside)
        _node(ax, (x, y + 1.25), f"$z_{{{index}}}$", out)
        _arrow(ax, (x, y - 0.88), (x, y - 0.38))
        _arrow(ax, (x, y + 0.38), (x, y + 0.88))

    column(1.9, 4.6, "t")
    _arrow(ax, (2.22, 4.78), (2.22, 4.42), connectionstyle="arc3,rad=-2.6")
    ax.text(3.1, 4.6, "$W_{hh}$, one step later", va="center", color=INK)
    ax.text(1.75, 3.98, "$W_{ih}$", ha="right", va="center", color=INK)
    ax.text(1.75, 5.22, "$W$", ha="right", va="center", color=INK)
    for step in range(1, steps + 1):
        x = 1.5 * step - 0.1
        column(x, 0, str(step))
        _arrow(ax, (x - 1.12, 0), (x - 0.38, 0))
        ax.text(x - 0.75, 0.2, "$W_{hh}$", ha="center", va="bottom", fontsize=8, color=INK)
        ax.text(x - 0.08, -0.64, "$W_{ih}$", ha="right", va="center", fontsize=8, color=INK)
        ax.text(x - 0.08, 0.62, "$W$", ha="right", va="center", fontsize=8, color=INK)
    _node(ax, (-0.1, 0), "$h_0$", state)
    end = 1.5 * steps - 0.1
    _arrow(ax, (end + 0.38, 0), (end + 0.9, 0))
    ax.text((end - 0.1) / 2, 2.35, "unrolled over time", ha="center", va="center", color=GREY)
    ax.set(xlim=(-0.6, end + 1), ylim=(-1.75, 6.35), aspect="equal")
    ax.set_axis_off()
    return figure


def strip(shown: np.ndarray, answers: np.ndarray, distance: int) -> Figure:
    """Symbols (T,) as they pass, and below each the net's answer (T,); wrong ones have a frame.

    The first ``distance`` answers are left out, since nothing was shown that long ago.
    """
    figure, ax = new("small", height=1.6)
    for t, symbol in enumerate(shown):
        ax.text(
            t, 1, LETTERS[symbol], ha="center", va="center", color=COLORS[symbol], weight="bold"
        )
        if t < distance:
            continue
        right = answers[t] == shown[t - distance]
        ax.text(
            t, 0, LETTERS[answers[t]], ha="center", va="center", color=COLORS[answers[t]],
            bbox=None if right else {"facecolor": "none", "edgecolor": INK, "pad": 2},
        )  # fmt: skip
        ax.plot([t - distance, t], [0.75, 0.25], color=GREY, linewidth=0.6, linestyle="-")
    ax.set(xlim=(-0.6, len(shown) - 0.4), ylim=(-0.5, 1.4), xlabel="step $t$")
    ax.set_yticks([1, 0], ["shown", "answer"])
    ax.grid(visible=False)
    return figure


def through_time(
    panels: Mapping[str, Mapping[str, np.ndarray]], floor: float | None = None
) -> Figure:
    """Norms of the gradient (T + 1,) against the distance from where it starts, on a logarithmic axis.

    Args:
        panels: title to lines, and of each line its label to norms at distance 0, 1, 2, …, the first of them 1.
        floor: the least norm that is shown.
    """
    figure, axes = new(
        "small", rows=len(panels), height=2.7 * len(panels), sharex=True, squeeze=False
    )
    for ax, (title, lines) in zip(axes[:, 0], panels.items(), strict=True):
        for (label, norms), color, line in zip(lines.items(), COLORS, LINES, strict=False):
            shown = norms if floor is None else np.where(norms > floor / 100, norms, np.nan)
            ax.plot(range(len(norms)), shown, color=color, linestyle=line, label=label)
        ax.set(yscale="log", title=title, ylabel="gradient norm")
        if floor is not None:
            ax.set_ylim(floor, 2)
        # Beside a line that drops through the floor near the left edge.
        ax.legend(loc="lower left", bbox_to_anchor=(0 if floor is None else 0.15, 0))
    axes[-1, 0].set_xlabel("distance back, $T - t$ (steps)")
    return figure


def cliff(
    weights: np.ndarray, biases: np.ndarray, losses: np.ndarray,
    paths: Mapping[str, tuple[np.ndarray, np.ndarray]], max_norm: float,
) -> Figure:  # fmt: skip
    """A loss (biases, weights) over the two parameters of a network of one unit, and descents on it.

    Args:
        paths: label to the places (n + 1, 2) as (weight, bias), and the norms of the gradient (n,) at all but the last.
        max_norm: the norm at which the last of the descents clips.
    """
    figure, (above, below) = new("small", rows=2, height=6.2, height_ratios=[1.5, 1])
    extent = (weights[0], weights[-1], biases[0], biases[-1])
    image = above.imshow(
        losses, origin="lower", extent=extent, aspect="auto", cmap="Greys", vmin=0, alpha=0.75
    )
    for number, (label, (places, norms)) in enumerate(paths.items()):
        style = {"color": COLORS[1 - number], "linestyle": LINES[0], "label": label}
        marker, size = MARKERS[number], (5.5, 2.5)[number]  # both to be seen where they coincide
        above.plot(*places.T, marker=marker, markersize=size, linewidth=1.2, **style)
        below.plot(range(len(norms)), norms, marker=marker, markersize=size, linewidth=1.2, **style)
    above.plot(*next(iter(paths.values()))[0][0], "*", color=INK, markersize=11)
    above.set(
        xlim=extent[:2], ylim=extent[2:], xlabel="recurrent weight $w$", ylabel="bias $b$"
    )  # fmt: skip
    above.grid(visible=False)
    above.legend(loc="lower right")
    figure.colorbar(image, ax=above, label="loss", fraction=0.05)
    below.axhline(max_norm, color=GREY, linestyle=":", linewidth=1.2)
    below.set(yscale="log", xlabel="step of gradient descent", ylabel="gradient norm")
    return figure


def recall(record: Any) -> Figure:
    """S1: accuracy against distance, mean and spread over seeds, of all four nets, and every seed as a dot."""
    figure, ax = new("small", height=3.9)
    distances = record.config["distances"]
    for number, (net, label) in enumerate(NETS.items()):
        mean_and_spread(
            ax, distances, 100 * record.metrics[f"accuracy_{net}"], label, color=COLORS[number],
            linestyle=LINES[number], marker=MARKERS[number],
        )  # fmt: skip
    # The seeds as well: a mean hides that some learn and some do not.
    for number, net in enumerate(NETS):
        for values in 100 * record.metrics[f"accuracy_{net}"]:
            ax.plot(
                distances, values, ".", color=COLORS[number], alpha=0.5, markersize=4, markeredgewidth=0
            )  # fmt: skip
    ax.axhline(100 / record.config["symbols"], color=GREY, linestyle=":", linewidth=1.2)
    ax.set(xlabel="distance $d$ (steps)", ylabel="answers that are right (%)", ylim=(0, 104))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    return figure


def learning(record: Any, distances: Sequence[int]) -> Figure:
    """S1: how the RNN learns at some of the distances, one line a seed, above; from the orthogonal start below."""
    figure, axes = new("small", rows=2, height=5.2, sharex=True)
    points = record.config["curve"]
    steps = (np.arange(points) + 0.5) * record.config["steps"] / points
    for ax, net in zip(axes, ("rnn", "orthogonal"), strict=True):
        curves = 100 * record.metrics[f"curve_{net}"]
        for number, distance in enumerate(distances):
            place = record.config["distances"].index(distance)
            for seed, curve in enumerate(curves[:, place]):
                label = f"$d$ = {distance}" if seed == 0 else None
                ax.plot(
                    steps, curve, color=COLORS[number], linestyle=LINES[number], linewidth=1.2,
                    label=label,
                )  # fmt: skip
        ax.set(title=NETS[net], ylabel="right in training (%)", ylim=(0, 104))
    axes[1].legend(loc="lower right", fontsize=8)
    axes[1].set_xlabel("steps of training")
    return figure
