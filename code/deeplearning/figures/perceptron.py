"""Figures of the perceptron's chapter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from deeplearning.figures.style import COLORS, GREY, MARKERS, new, tint

INK = "#1A1A1A"
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def neuron() -> Figure:
    """The perceptron: two inputs and the constant 1, a weighted sum, a step."""
    figure, axes = new("wide", height=2.6)
    for y, name, weight in ((1, "$x_1$", "$w_1$"), (0, "$x_2$", "$w_2$"), (-1, "$1$", "$b$")):
        color = COLORS[0] if name != "$1$" else GREY
        axes.add_patch(
            Circle((0, y), 0.3, facecolor=tint(color), edgecolor=color, linewidth=1.4, zorder=3)
        )
        axes.text(0, y, name, ha="center", va="center", color=INK, zorder=4)
        axes.plot([0.3, 2.68], [y, 0.25 * y], color=GREY, linewidth=1.2, linestyle="-")
        axes.text(1.3, 0.66 * y + 0.13, weight, ha="center", va="bottom", color=INK)
    for x, name, color in ((3.0, "$\\Sigma$", COLORS[2]), (5.4, "", COLORS[2])):
        axes.add_patch(
            Circle((x, 0), 0.42, facecolor=tint(color), edgecolor=color, linewidth=1.4, zorder=3)
        )
        axes.text(x, 0, name, ha="center", va="center", fontsize=15, color=INK, zorder=4)
    axes.plot(
        [5.12, 5.4, 5.4, 5.68],
        [-0.14, -0.14, 0.16, 0.16],
        color=INK,
        linewidth=1.6,
        linestyle="-",
        zorder=4,
    )
    for left, right, text in ((3.42, 4.98, "$z$"), (5.82, 7.3, "")):
        axes.annotate(
            "",
            (right, 0),
            (left, 0),
            arrowprops={"arrowstyle": "->", "color": GREY, "linewidth": 1.2},
        )
        axes.text((left + right) / 2, 0.1, text, ha="center", va="bottom", color=INK)
    axes.text(7.4, 0, "$\\hat{y}$ = 0 or 1", ha="left", va="center", color=INK)
    for x, text in ((0, "inputs"), (3.0, "weighted sum"), (5.4, "step")):
        axes.text(x, -1.55, text, ha="center", va="top", color=INK, fontsize=9)
    axes.set(xlim=(-0.6, 9.0), ylim=(-2.0, 1.5))
    axes.set_aspect("equal")
    axes.set_axis_off()
    return figure


def update(before: Any, example: Any, rate: float) -> Figure:
    """One mistake on an example of class 1: the weights before and after, without a bias, in the plane.

    ``before`` (2,) the weights, ``example`` (2,) an input with a negative score, ``rate`` η.
    """
    before, example = np.asarray(before, dtype=float), np.asarray(example, dtype=float)
    after = before + rate * example
    figure, panels = new("wide", columns=2, height=3.5, sharex=True, sharey=True)
    for axes, weights, title in (
        (panels[0], before, "before: the example is on the wrong side"),
        (panels[1], after, "after: the line has turned past it"),
    ):
        _half_plane(axes, weights, 2.2)
        _arrow(
            axes,
            (0, 0),
            weights,
            COLORS[2],
            "$\\mathbf{w}$" if axes is panels[0] else "$\\mathbf{w}'$",
        )
        axes.plot(
            *example, marker=MARKERS[1], color=COLORS[1], markersize=9, linestyle="none", zorder=4
        )
        axes.annotate(
            "$\\mathbf{x}$, $y = 1$",
            example,
            xytext=(0, 9),
            textcoords="offset points",
            ha="center",
            color=INK,
        )
        score = float(weights @ example)
        axes.set(
            xlim=(-2.2, 2.2),
            ylim=(-2.2, 2.2),
            xlabel="$x_1$",
            title=f"{title}\n$z$ = {score:+.2f}".replace("-", "−"),
        )
        axes.set_aspect("equal")
        axes.grid(visible=False)
    panels[0].set_ylabel("$x_2$")
    _arrow(panels[1], before, after, COLORS[1], "$\\eta\\,\\mathbf{x}$")
    _arrow(panels[1], (0, 0), before, GREY, "$\\mathbf{w}$", side=-1)
    return figure


def _arrow(axes: Axes, start: Any, end: Any, color: str, text: str, side: int = 1) -> None:
    start, end = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.8}, zorder=5
    )
    along = (end - start) / np.linalg.norm(end - start)
    place = (start + end) / 2 + side * 0.24 * np.array([-along[1], along[0]])
    axes.text(place[0], place[1], text, ha="center", va="center", color=INK, zorder=6)


def _half_plane(axes: Axes, weights: np.ndarray, reach: float) -> None:
    """Tint the side that the neuron calls 1, and draw the line."""
    along = 3 * reach * np.array([-weights[1], weights[0]]) / np.linalg.norm(weights)
    far = 3 * reach * weights / np.linalg.norm(weights)
    axes.fill(
        *np.array([along, -along, far - along, far + along]).T,
        color=tint(COLORS[1], 0.15),
        linewidth=0,
    )
    axes.plot(*np.array([along, -along]).T, color=INK, linewidth=1.4, linestyle="-")


def gate_learning(x: Any, y: Any, history: Sequence[Any], shown: Sequence[int]) -> Figure:
    """Lines of a perceptron while it learns: ``history`` holds (w₁, w₂, b) after each mistake, ``shown`` the panels."""
    x, y = np.asarray(x, dtype=float), np.asarray(y)
    figure, panels = new("wide", columns=len(shown), height=2.3, sharey=True)
    for axes, number in zip(panels, shown, strict=True):
        weights = np.asarray(history[number], dtype=float)
        _labelled_line(axes, x, y, weights)
        wrong = (x @ weights[:2] + weights[2] >= 0) != (y == 1)
        axes.plot(
            *x[wrong].T,
            "o",
            markersize=15,
            markerfacecolor="none",
            markeredgecolor=INK,
            markeredgewidth=1.2,
        )
        plural = "" if number == 1 else "s"
        axes.set(title=f"{number} mistake{plural}", xlabel="$x_1$")
    panels[0].set_ylabel("$x_2$")
    return figure


def _labelled_line(
    axes: Axes, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None, size: float = 7
) -> None:
    low, high = -0.4, 1.4
    if weights is not None:
        grid = np.linspace(low, high, 181)
        score = weights[0] * grid[None, :] + weights[1] * grid[:, None] + weights[2]
        axes.contourf(grid, grid, score, levels=[0, 1e9], colors=[tint(COLORS[1], 0.15)])
        axes.contour(grid, grid, score, levels=[0], colors=INK, linewidths=1.3)
    for label in (0, 1):
        axes.plot(*x[y == label].T, MARKERS[label], color=COLORS[label], markersize=size, zorder=4)
    axes.set(xlim=(low, high), ylim=(low, high), xticks=[0, 1], yticks=[0, 1])
    axes.set_aspect("equal")
    axes.grid(visible=False)


def dichotomies(labels: Any, lines: Sequence[Any]) -> Figure:
    """All 16 labellings of four points: ``labels`` (16, 4), ``lines`` for each (w₁, w₂, b) or None."""
    labels = np.asarray(labels)
    figure, panels = new("wide", rows=2, columns=8, height=2.7, sharex=True, sharey=True)
    for axes, label, line in zip(panels.flat, labels, lines, strict=True):
        _labelled_line(axes, CORNERS, label, None if line is None else np.asarray(line), size=5)
        axes.set_title(
            "".join(map(str, label)),
            fontsize=8.5,
            pad=3,
            fontweight="normal" if line is not None else "bold",
        )
        if line is None:
            axes.text(0.5, 0.5, "no line", ha="center", va="center", fontsize=8, color=INK)
            axes.set_facecolor(tint(GREY, 0.2))
    for axes in panels[-1]:
        axes.set_xlabel("$x_1$", fontsize=8.5)
    for axes in panels[:, 0]:
        axes.set_ylabel("$x_2$", fontsize=8.5)
    return figure


def mistakes_and_bound(record: Any) -> Figure:
    """Mistakes against (R/γ)² for every set and seed, from zero and from random weights, on logarithmic axes."""
    figure, panels = new("wide", columns=2, height=3.7, sharex=True, sharey=True)
    bound, metrics = record.metrics["set_bound"], record.metrics
    gates = np.repeat(metrics["gate_bound"], metrics["gate_random_mistakes"].shape[1] // 2, axis=1)
    ends = np.array([2.0, 3e5])
    for axes, title in zip(panels, ("from zero weights", "from random weights"), strict=True):
        axes.plot(ends, ends, color=INK, linewidth=1.2, linestyle="-", label="$m = (R/\\gamma)^2$")
        axes.set(xscale="log", yscale="log", title=title, xlabel="bound $(R/\\gamma)^2$ (mistakes)")
    half = bound.shape[1] // 2
    for axes, kind in zip(panels, ("zero", "random"), strict=True):
        values = np.maximum(metrics[f"set_{kind}_mistakes"], 0.7)
        for index, (name, columns) in enumerate(
            (("2 inputs", slice(half)), ("10 inputs", slice(half, None)))
        ):
            _cloud(axes, bound[:, columns], values[:, columns], index, name)
    _cloud(panels[0], metrics["gate_bound"], metrics["gate_zero_mistakes"], 2, "AND, OR")
    _cloud(panels[1], gates, np.maximum(metrics["gate_random_mistakes"], 0.7), 2, "AND, OR")
    limit = metrics["orthogonal_limit"][:1]
    _cloud(panels[0], limit, metrics["orthogonal_mistakes"][:1], 3, "orthogonal inputs", alpha=1.0)
    panels[0].set_ylabel("mistakes $m$ until learned")
    panels[0].legend(loc="upper left", fontsize=8)
    return figure


def _cloud(
    axes: Axes, x: np.ndarray, y: np.ndarray, index: int, label: str, alpha: float = 0.45
) -> None:
    options: Any = {
        "markersize": 3.6 if index < 3 else 5,
        "markeredgewidth": 0,
        "alpha": alpha,
        "linestyle": "none",
    }
    axes.plot(
        x.ravel(), y.ravel(), marker=MARKERS[index], color=COLORS[index], label=label, **options
    )


def bias(record: Any) -> Figure:
    """Test accuracy, and mistakes, against the distance of the clouds' middle from the origin."""
    figure, panels = new("wide", columns=2, height=3.5)
    shifts, metrics = np.asarray(record.config["shifts"], dtype=float), record.metrics
    place = np.arange(len(shifts))
    arms = (
        ("along_accuracy_with", "with a bias", 0),
        ("along_accuracy_without", "without", 1),
        ("along_best_through_origin", "best line through origin", 4),
        ("along_accuracy_centred", "without, inputs centred", 2),
    )
    for name, label, color in arms:
        _points(panels[0], place, 100 * metrics[name], color, label)
    panels[0].set(ylabel="test accuracy (%)", ylim=(20, 103))
    panels[0].legend(loc="lower left", fontsize=8)
    for name, label, color in (
        ("with", "with a bias", 0),
        ("centred", "without, inputs centred", 2),
    ):
        _points(panels[1], place, metrics[f"along_mistakes_{name}"], color, label)
    panels[1].set(ylabel="mistakes until learned", yscale="symlog", ylim=(0, None))
    panels[1].legend(loc="upper left", fontsize=8)
    for axes in panels:
        axes.set_xticks(place, [f"{shift:g}" for shift in shifts])
        axes.set_xlabel("distance of the middle from 0")
    return figure


def _points(axes: Axes, x: np.ndarray, values: np.ndarray, color: int, label: str) -> None:
    """Every seed a faint dot, their mean a line."""
    axes.plot(
        x,
        values.T,
        marker=MARKERS[color],
        linestyle="none",
        color=COLORS[color],
        alpha=0.25,
        markersize=3,
    )
    axes.plot(x, values.mean(axis=0), color=COLORS[color], label=label)


def xor_runs(record: Any) -> Figure:
    """Where single runs on XOR end, beside the ceiling; and the share of Boolean functions that a neuron computes."""
    figure, panels = new("wide", columns=2, height=3.1)
    runs, metrics = 100 * record.metrics["run_accuracy"][0], record.metrics
    levels = np.array([0, 25, 50, 75, 100])
    separable, agreement = metrics["separable"][0] == 1, 100 * metrics["agreement"][0]
    lines = np.array([(agreement[separable] == level).sum() for level in levels])
    drawn = np.array([(runs == level).mean() for level in levels])
    panels[0].bar(
        np.arange(5) - 0.2,
        100 * lines / lines.sum(),
        0.38,
        color=COLORS[0],
        label="labellings that lines make",
    )
    panels[0].bar(
        np.arange(5) + 0.2,
        100 * drawn,
        0.38,
        color=COLORS[1],
        hatch="//",
        label="ends of runs of the rule",
    )
    panels[0].set_xticks(range(5), [f"{level}" for level in levels])
    panels[0].set(xlabel="accuracy on XOR (%)", ylabel="share (%)", ylim=(0, 75))
    panels[0].legend(loc="upper right", fontsize=8)
    counts = metrics["functions"][0]
    inputs = np.arange(1, len(counts) + 1)
    share = 100 * counts / 2.0 ** (2.0**inputs)
    panels[1].bar(inputs, share, 0.6, color=COLORS[2])
    for place, height, count in zip(inputs, share, counts, strict=True):
        panels[1].text(
            place,
            height + 2,
            f"{count:,.0f} of\n{2 ** (2 ** int(place)):,}",
            ha="center",
            va="bottom",
            fontsize=8,
        )
    panels[1].set(
        xlabel="inputs of the neuron",
        ylabel="functions it can compute (%)",
        xticks=inputs,
        ylim=(0, 125),
    )
    panels[1].set_yticks([0, 25, 50, 75, 100])
    for axes in panels:
        axes.grid(visible=False, axis="x")
    return figure
