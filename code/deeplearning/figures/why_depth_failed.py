"""The figures of the chapter on why depth failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from deeplearning.figures.common import mean_and_spread
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

KINDS = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU"}
REMEDIES = {
    "initialisation": "initialisation",
    "relu": "ReLU",
    "pretraining": "pretraining",
    "residual": "residual",
}
INK = "#1A1A1A"


def derivatives(z: np.ndarray) -> Figure:
    """Sigmoid, tanh and ReLU on z (N,), and their derivatives."""
    figure, (left, right) = new("wide", columns=2, height=2.9)
    s, t = 1 / (1 + np.exp(-z)), np.tanh(z)
    curves = {
        "sigmoid": (s, s * (1 - s)),
        "tanh": (t, 1 - t * t),
        "ReLU": (np.maximum(z, 0), np.where(z > 0, 1.0, 0.0)),
    }
    for (name, (value, slope)), color, line in zip(curves.items(), COLORS, LINES, strict=False):
        left.plot(z, value, color=color, linestyle=line, label=name)
        right.plot(z, slope, color=color, linestyle=line, label=name)
    right.axhline(0.25, color=GREY, linestyle=":", linewidth=1.2)
    right.text(z[0], 0.27, "1/4", fontsize=9, color=GREY, va="bottom")
    left.set(xlabel="$z$", ylabel=r"$\varphi(z)$", title="activation", ylim=(-1.2, 2.2))
    right.set(xlabel="$z$", ylabel=r"$\varphi'(z)$", title="its derivative", ylim=(-0.05, 1.1))
    left.legend(loc="upper left")
    return figure


def through_layers(series: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> Figure:
    """Up and down a deep network, one line a kind of network.

    Args:
        series: name to (spread of the weighted sums Z of layers 1, 2, …; norm of the gradient by them relative to the
            last hidden layer), each as long as the network has hidden layers.
    """
    figure, (up, down) = new("wide", columns=2, height=3.2)
    for (name, (spread, norm)), color, line, marker in zip(
        series.items(), COLORS, LINES, MARKERS, strict=False
    ):
        layers = np.arange(1, len(spread) + 1)
        style = {"color": color, "linestyle": line, "marker": marker, "label": name}
        up.plot(layers, spread, **style)
        down.plot(layers, norm, **style)
    up.set(xlabel="layer", ylabel="spread over images", title="forward")
    down.set(xlabel="layer", ylabel="relative gradient norm", title="backward")
    for ax in (up, down):
        ax.set_yscale("log")
    down.legend(loc="lower right")
    return figure


def profiles(record: Any) -> Figure:
    """B4: the gradient's norm in each layer of the deepest networks, relative to the last; old left, derived right."""
    figure, axes = new("wide", columns=2, height=3.4, sharey=True)
    for ax, init, title in zip(
        axes, ("old", "modern"), ("old start", "derived start"), strict=True
    ):
        for (kind, label), color, line in zip(KINDS.items(), COLORS, LINES, strict=False):
            values = record.metrics[f"profile_{kind}_{init}"]
            layers = np.arange(1, values.shape[1] + 1)
            _band(ax, layers, values, label, color=color, linestyle=line)
        ax.set(xlabel="layer", title=title, yscale="log", xlim=(1, layers[-1]))
        ax.set_xticks([1, *range(5, len(layers) + 1, 5)])
    axes[0].set_ylabel("gradient norm, last layer = 1")
    axes[0].legend(loc="lower right")
    return figure


def _band(ax: Axes, x: Any, values: np.ndarray, label: str | None, **style: Any) -> None:
    """Median over seeds as a line, from least to greatest as a band: for logarithmic axes."""
    (line,) = ax.plot(x, np.median(values, axis=0), label=label, **style)
    ax.fill_between(
        x, values.min(axis=0), values.max(axis=0), color=line.get_color(), alpha=0.2, linewidth=0
    )


def training_reach(record: Any) -> Figure:
    """B4: what of the gradient reaches the first of ten layers, before training and after each epoch."""
    figure, axes = new("wide", columns=2, height=3.0, sharey=True)
    for ax, init, title in zip(
        axes, ("old", "modern"), ("old start", "derived start"), strict=True
    ):
        for (kind, label), color, marker in zip(KINDS.items(), COLORS, MARKERS, strict=False):
            values = record.metrics[f"reach_training_{kind}_{init}"]
            _band(ax, range(values.shape[1]), values, label, color=color, marker=marker)
        ax.set(xlabel="epochs of training", title=title, yscale="log")
        ax.set_xticks(range(values.shape[1]))
    axes[0].set_ylabel("share that reaches layer 1")
    axes[1].legend(loc="lower right")
    return figure


def softmax_saturation(record: Any) -> Figure:
    """B4: the gradient by the scores of wrong answers, against the spread of the scores, for two losses."""
    figure, axes = new("small")
    spreads = record.config["spreads"]
    for name, label, color, marker in (
        ("cross_entropy", "cross-entropy", COLORS[0], "o"),
        ("squared_error", "squared error", COLORS[1], "s"),
    ):
        mean_and_spread(
            axes, spreads, record.metrics[f"softmax_{name}"], label, color=color, marker=marker
        )
    axes.set(
        xscale="log", yscale="log", xlabel="standard deviation of the scores",
        ylabel="gradient norm, wrong answers",
    )  # fmt: skip
    axes.legend(loc="lower left")
    return figure


def success_by_depth(record: Any) -> Figure:
    """D2: how many networks of a depth learn (above) and what of the gradient reaches their first layer (below)."""
    figure, axes = new("wide", rows=2, columns=2, height=5.0, sharex=True, sharey="row")
    depths = record.config["depths"]
    for column, (init, title) in enumerate((("old", "old start"), ("modern", "derived start"))):
        above, below = axes[0, column], axes[1, column]
        for index, (kind, label) in enumerate(KINDS.items()):
            style = {"color": COLORS[index], "marker": MARKERS[index], "linestyle": LINES[index]}
            shares = 100 * record.metrics[f"success_{kind}_{init}"].mean(axis=0)
            # Moved apart by a point or two, so that equal shares stay visible.
            above.plot(range(len(depths)), shares + 2 * (index - 1), label=label, **style)
            _band(below, range(len(depths)), record.metrics[f"reach_{kind}_{init}"], label, **style)
        above.set(title=title, ylim=(-6, 106))
        below.set(xlabel="hidden layers", yscale="log")
        below.set_xticks(range(len(depths)), [str(depth) for depth in depths])
    axes[0, 0].set_ylabel("networks that learn (%)")
    axes[1, 0].set_ylabel("share that reaches layer 1")
    axes[1, 0].legend(loc="lower left")
    return figure


def four_remedies(record: Any) -> Figure:
    """D14: test accuracy by epoch of the baseline and of the four remedies, and what the gradient was at the start."""
    figure, (left, middle, right) = new("wide", columns=3, height=3.5, width_ratios=[1.25, 1.25, 1])
    cases = {"baseline": "none (baseline)"} | REMEDIES
    for row, (case, label, color, line, marker) in enumerate(
        zip(cases, cases.values(), (GREY, *COLORS), ("-", *LINES), ("X", *MARKERS), strict=False)
    ):
        curve = 100 * record.metrics[f"curve_{case}"]
        style = {"color": color, "linestyle": line, "marker": marker}
        for ax in (left, middle):
            mean_and_spread(ax, range(curve.shape[1]), curve, label, **style)
        reach = record.metrics[f"reach_{case}"]
        right.plot(reach, np.full(len(reach), row), marker, color=color, alpha=0.6)
    for ax, limits, title in ((left, (0, 100), "accuracy"), (middle, (65, 90), "from 65 %")):
        ax.axhline(80, color=GREY, linestyle=":", linewidth=1.2)
        ax.set(xlabel="epochs", ylim=limits, title=title)
        ax.set_xticks(range(0, curve.shape[1], 2))
    left.set_ylabel("test accuracy (%)")
    left.legend(loc="center right", fontsize=8, title="remedy", title_fontsize=8)
    right.set(xscale="log", xlabel="share that reaches\nlayer 1", title="gradient", yticks=[])
    right.set_ylim(len(cases) - 0.5, -0.5)
    return figure


def pretraining(record: Any) -> Figure:
    """D6: test accuracy against all epochs, those of pretraining included; a panel a depth."""
    depths = (3, 10)
    figure, axes = new("wide", columns=len(depths), height=3.1, sharey=True)
    for ax, depth in zip(axes, depths, strict=True):
        spent = record.config["pretraining_epochs"] * depth
        for name, label, color, line in (
            ("plain", "plain", COLORS[1], "--"),
            ("pretrained", "pretrained", COLORS[2], "-"),
        ):
            curve = 100 * record.metrics[f"curve_{name}_{depth}"]
            start = spent if name == "pretrained" else 0
            epochs = np.arange(curve.shape[1]) + start
            mean_and_spread(ax, epochs, curve, label, color=color, linestyle=line)
        ax.axvspan(0, spent, color=tint(GREY, 0.12), zorder=0)
        ax.set(xlabel="epochs", title=f"{depth} hidden layers", ylim=(0, 100))
    axes[0].set_ylabel("test accuracy (%)")
    axes[-1].legend(loc="center left")
    return figure


def residual_drawing() -> Figure:
    """A plain layer and a residual block side by side, from the weighted sums of one layer to those of the next."""
    figure, axes = new("wide", columns=2, height=2.5)
    for ax, title in zip(axes, ("plain", "residual"), strict=True):
        boxes = [(1.5, r"$\varphi$"), (3.2, r"$\mathbf{W},\ \mathbf{b}$")]
        ends = [0.0, 1.0, 2.0, 2.7, 3.7, 4.75 if title == "residual" else 5.9]
        for start, stop in zip(ends[::2], ends[1::2], strict=True):
            _arrow(ax, (start, 0), (stop, 0))
        for x, text in boxes:
            box = FancyBboxPatch(
                (x - 0.5, -0.3), 1.0, 0.6, boxstyle="round,pad=0,rounding_size=0.1",
                facecolor=tint(COLORS[0]), edgecolor=COLORS[0], linewidth=1.4,
            )  # fmt: skip
            ax.add_patch(box)
            ax.text(x, 0, text, ha="center", va="center", fontsize=11, color=INK)
        ax.text(-0.1, 0, r"$\mathbf{Z}^{(l)}$", ha="right", va="center", fontsize=11, color=INK)
        ax.text(6.0, 0, r"$\mathbf{Z}^{(l+1)}$", ha="left", va="center", fontsize=11, color=INK)
        if title == "residual":
            ax.plot(5.0, 0, "o", markersize=17, color=tint(COLORS[1]), markeredgecolor=COLORS[1])
            ax.text(5.0, -0.02, "+", ha="center", va="center", fontsize=13, color=INK)
            _arrow(ax, (5.25, 0), (5.9, 0))
            ax.plot([0.5, 0.5, 5.0], [0, 1, 1], color=COLORS[1], linestyle="-")
            _arrow(ax, (5.0, 1.0), (5.0, 0.25), COLORS[1])
            ax.text(2.6, 1.1, "the identity", ha="center", fontsize=9, color=COLORS[1])
        ax.set(xlim=(-1.2, 7.2), ylim=(-0.7, 1.5), title=title)
        ax.set_axis_off()
    return figure


def _arrow(
    ax: Axes, start: tuple[float, float], stop: tuple[float, float], color: str = GREY
) -> None:
    ax.add_patch(
        FancyArrowPatch(
            start, stop, arrowstyle="-|>", mutation_scale=11, color=color, shrinkA=0, shrinkB=0
        )
    )


def codes(images: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Interleave images (n, 784) and an autoencoder's answers (n, 784), as `image_grid` with n columns draws them."""
    return np.concatenate([images, np.clip(answers, 0, 1)]).reshape(-1, 28, 28)
