"""The figures of the chapter on the multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from deeplearning.figures.common import compare, mean_and_spread
from deeplearning.figures.diagrams import network_diagram
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

Predict = Callable[[np.ndarray], np.ndarray]
GATE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([0, 1, 1, 0])
ACTIVATIONS = ("sigmoid", "tanh", "relu")
SETS = {"spirals": "two spirals", "moons": "two moons", "tight_spirals": "tight spirals"}
CONTENDERS = {"wide_20": "2-20-1", "wide_38": "2-38-1", "deep_10_10": "2-10-10-1"}


def _points(ax: Axes, x: np.ndarray, y: np.ndarray, size: float = 60, labels: bool = False) -> None:
    for number in (0, 1):
        chosen = y == number
        ax.scatter(
            x[chosen, 0], x[chosen, 1], s=size, color=COLORS[number], marker=MARKERS[number], edgecolors="white",
            linewidths=0.6 if size < 40 else 1.2, zorder=4, label=f"XOR = {number}" if labels else None, clip_on=False,
        )  # fmt: skip


def xor_by_hand() -> Figure:
    """The network |x₁ − x₂| with its numbers, the plane it reads, and the hidden plane it makes of it."""
    figure, axes = new("wide", columns=3, height=2.9, width_ratios=[1.4, 1, 1])
    hidden = np.array([[1.0, -1.0], [-1.0, 1.0]])
    output = np.array([[1.0, 1.0]])
    places = network_diagram(
        axes[0], [2, 2, 1], ["inputs", "hidden\n(ReLU)", "score"], [["$x_1$", "$x_2$"], ["$h_1$", "$h_2$"], ["$z$"]],
    )  # fmt: skip
    for (left, right), (row, column), matrix in (
        ((places[0][0], places[1][0]), (0, 0), hidden),
        ((places[0][1], places[1][0]), (0, 1), hidden),
        ((places[0][0], places[1][1]), (1, 0), hidden),
        ((places[0][1], places[1][1]), (1, 1), hidden),
        ((places[1][0], places[2][0]), (0, 0), output),
        ((places[1][1], places[2][0]), (0, 1), output),
    ):
        share = 0.3 if left[1] != right[1] else 0.5
        x, y = left[0] + share * (right[0] - left[0]), left[1] + share * (right[1] - left[1])
        axes[0].text(
            x, y, f"{matrix[row, column]:+.0f}".replace("-", "−"), fontsize=8, ha="center", va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8}, zorder=5,
        )  # fmt: skip
    axes[0].text(places[2][0][0], places[2][0][1] + 0.42, "bias −½", fontsize=8, ha="center")
    line = np.array([-0.4, 1.4])
    for offset, style in ((0.5, "--"), (-0.5, "--"), (0.0, "-")):
        axes[1].plot(line, line + offset, style, color=GREY, linewidth=1.4 if offset else 2.0)
    axes[1].text(0.44, 0.56, "fold", fontsize=8, ha="center", va="center", rotation=45, color=GREY)
    _points(axes[1], GATE, XOR)
    axes[1].set(
        xlabel="$x_1$", ylabel="$x_2$", title="input plane", xlim=(-0.4, 1.4), ylim=(-0.4, 1.4)
    )
    _points(axes[2], np.maximum(GATE @ hidden.T, 0), XOR, labels=True)
    axes[2].plot([-0.4, 0.9], [0.9, -0.4], "--", color=GREY, linewidth=1.4)
    axes[2].plot(
        [0, 0, 1.4], [1.4, 0, 0], color=tint(GREY, 0.45), linestyle="-", linewidth=5, zorder=1
    )
    axes[2].text(0, -0.22, "two points here", fontsize=8, ha="center", va="center")
    axes[2].set(
        xlabel="$h_1$", ylabel="$h_2$", title="hidden plane", xlim=(-0.45, 1.4), ylim=(-0.45, 1.4)
    )
    axes[2].legend(loc="upper right")
    for ax in axes[1:]:
        ax.set_aspect("equal")
        ax.set_xticks([0, 1])
        ax.set_yticks([0, 1])
    return figure


def sawtooth(x: np.ndarray, curves: Sequence[np.ndarray]) -> Figure:
    """Outputs (N,) of networks with 1, 2, 3, … hidden layers of two neurons, on the interval x (N,)."""
    figure, axes = new("wide", columns=len(curves), height=2.3, sharey=True)
    for number, (ax, curve) in enumerate(zip(axes, curves, strict=True)):
        ax.plot(x, curve, color=COLORS[0], linestyle="-")
        word = "layer" if number == 0 else "layers"
        ax.set(
            xlabel="input $x$",
            title=f"{number + 1} hidden {word}\n{2 ** (number + 1)} pieces",
            xlim=(0, 1),
        )
    axes[0].set_ylabel("output")
    return figure


def approximations(x: np.ndarray, target: np.ndarray, fits: dict[int, np.ndarray]) -> Figure:
    """A target and its approximations by one hidden layer, on (N,) points; the interval [0, 1] is shaded."""
    figure, axes = new("wide", height=3.0)
    axes.axvspan(0, 1, color=tint(GREY, 0.12), zorder=0)
    axes.plot(x, target, color=GREY, linestyle="-", linewidth=3.5, alpha=0.6, label="target")
    for (neurons, curve), color, line in zip(fits.items(), COLORS, LINES, strict=False):
        axes.plot(x, curve, color=color, linestyle=line, label=f"{neurons} neurons")
    axes.set(xlabel="input $x$", ylabel="output", xlim=(x[0], x[-1]), ylim=(-2.6, 2.6))
    axes.text(0.5, 2.2, "where the theorem speaks", ha="center", fontsize=8, color=GREY)
    axes.legend(loc="lower left", ncols=2)
    return figure


def surfaces(probabilities: Sequence[Predict], titles: Sequence[str]) -> Figure:
    """What trained networks answer on the plane of the gate, as probabilities of 1; each takes (N, 2), gives (N,)."""
    figure, axes = new("wide", columns=len(titles), height=2.7, sharey=True)
    ticks = np.linspace(-0.4, 1.4, 121)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2).astype(np.float32)
    for ax, probability, title in zip(axes, probabilities, titles, strict=True):
        values = probability(grid).reshape(121, 121)
        image = ax.contourf(
            ticks, ticks, values, levels=np.linspace(0, 1, 11), cmap="PuOr", alpha=0.85
        )
        ax.contour(ticks, ticks, values, levels=[0.5], colors="#1A1A1A", linewidths=1.4)
        _points(ax, GATE, XOR)
        ax.set(
            xlabel="$x_1$",
            title=title,
            xlim=(-0.4, 1.4),
            ylim=(-0.4, 1.4),
            xticks=[0, 1],
            yticks=[0, 1],
        )
        ax.set_aspect("equal")
        ax.grid(visible=False)
    axes[0].set_ylabel("$x_2$")
    figure.colorbar(image, ax=list(axes), label="probability of 1", shrink=0.85, ticks=[0, 0.5, 1])
    return figure


def xor_shares(record: Any) -> Figure:
    """N5: the share of starts that reach XOR, by width; and where starts of width 2 are, step by step."""
    figure, (left, right) = new("wide", columns=2, height=3.3)
    widths, steps = record.config["widths"], record.config["checkpoints"]
    for activation, color, marker in zip(ACTIVATIONS, COLORS, MARKERS, strict=False):
        style = {"color": color, "marker": marker}
        mean_and_spread(
            left,
            range(len(widths)),
            record.metrics[f"share_{activation}"] * 100,
            activation,
            **style,
        )
        two = record.metrics[f"share_over_steps_{activation}"][:, widths.index(2)]
        mean_and_spread(right, steps, two * 100, activation, **style)
    left.set(
        xlabel="hidden neurons",
        ylabel="starts that reach XOR (%)",
        title="after the last step",
        ylim=(-3, 103),
    )
    left.set_xticks(range(len(widths)), [str(width) for width in widths])
    left.legend()
    right.set(
        xlabel="steps of gradient descent", title="two hidden neurons", xscale="log", ylim=(-3, 103)
    )
    return figure


def xor_losses(record: Any) -> Figure:
    """N5: the losses at which the starts of width 2 end, all seeds together, as a histogram for each activation."""
    figure, axes = new("wide", columns=3, height=2.7, sharey=True)
    edges = np.linspace(0, 0.75, 31)
    for ax, activation, color in zip(axes, ACTIVATIONS, COLORS, strict=False):
        losses = np.asarray(record.metrics[f"losses_two_{activation}"], dtype=float).ravel()
        shares = np.histogram(np.minimum(losses, edges[-1]), edges)[0] / losses.size * 100
        ax.bar(edges[:-1], shares, width=np.diff(edges), align="edge", color=color)
        for height in (np.log(2) / 2, (3 * np.log(3) - 2 * np.log(2)) / 4, np.log(2)):
            ax.axvline(height, color=GREY, linestyle=":", linewidth=1.2, zorder=0)
        ax.set(xlabel="final loss (nats)", title=activation)
    axes[0].set_ylabel("share of starts (%)")
    return figure


def boundaries(
    x: np.ndarray,
    y: np.ndarray,
    predictors: Sequence[Predict],
    regions: Sequence[list[np.ndarray]],
    names: Sequence[str],
) -> Figure:
    """Above the two sides (predict: (N, 2) to score (N,)) with the samples, below the regions of each network."""
    figure, axes = new("wide", rows=2, columns=len(names), height=5.0, sharex=True, sharey=True)
    ticks = np.linspace(-1.5, 1.5, 241)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2).astype(np.float32)
    tints = np.array([tint(COLORS[0]), tint(COLORS[1])])
    for column, (predict, polygons, name) in enumerate(
        zip(predictors, regions, names, strict=True)
    ):
        sides = (predict(grid) > 0).astype(int).reshape(241, 241)
        above, below = axes[0, column], axes[1, column]
        above.imshow(
            tints[sides], extent=(-1.5, 1.5, -1.5, 1.5), origin="lower", interpolation="none"
        )
        _points(above, x, y.ravel().astype(int), size=9)
        # Each region in the colour of the side on which its middle lies; shades only tell neighbours apart.
        middles = np.array([polygon.mean(axis=0) for polygon in polygons], dtype=np.float32)
        shades = 0.12 + 0.38 * ((np.arange(len(polygons)) * 0.618) % 1)
        faces = [
            tint(COLORS[int(score > 0)], shade)
            for score, shade in zip(predict(middles), shades, strict=True)
        ]
        below.add_collection(
            PolyCollection(polygons, facecolors=faces, edgecolors="white", linewidths=0.4)
        )
        above.set_title(name)
        below.set(xlabel=f"$x_1$\n{len(polygons)} regions", xlim=(-1.5, 1.5), ylim=(-1.5, 1.5))
        for ax in (above, below):
            ax.set_aspect("equal")
            ax.grid(visible=False)
    axes[0, 0].set_ylabel("$x_2$")
    axes[1, 0].set_ylabel("$x_2$")
    return figure


def depth_errors(record: Any) -> Figure:
    """D9: test errors of the three contenders on the three sets, every seed a dot, and the lowest error reachable."""
    figure, axes = new("wide", columns=3, height=3.2)
    for ax, (name, title) in zip(axes, SETS.items(), strict=True):
        errors = [record.metrics[f"test_error_{name}_{key}"] * 100 for key in CONTENDERS]
        compare(ax, [label.replace("-10-10", "-10\n-10") for label in CONTENDERS.values()], errors)
        ax.axhline(
            record.mean(f"lowest_error_{name}") * 100, color=GREY, linestyle=":", linewidth=1.4
        )
        ax.set(title=title, ylim=(0, None))
    axes[0].set_ylabel("test error (%)")
    return figure


def fashion_losses(record: Any) -> Figure:
    """F2: the training loss by epoch, mean ± spread over seeds; vertical lines where the rate is lowered."""
    figure, axes = new("small")
    losses = record.metrics["train_loss"]
    mean_and_spread(axes, range(1, losses.shape[1] + 1), losses, color=COLORS[0])
    first = 0
    for rate, epochs in zip(record.config["rates"], record.config["epochs"], strict=True):
        if first:
            axes.axvline(first + 0.5, color=GREY, linestyle=":", linewidth=1.2)
        axes.text(
            first + 0.7, losses.max() * 1.02, f"η = {rate:g}", fontsize=8, color=GREY, va="bottom"
        )
        first += epochs
    axes.set(xlabel="epoch", ylabel="training loss (nats)", ylim=(0, None))
    return figure


def confusion(record: Any, classes: Sequence[str]) -> Figure:
    """F2: for each true class (row) the share of answers (column) in per cent, mean over seeds."""
    figure, axes = new("wide", height=5.2)
    counts = record.metrics["confusion"].mean(axis=0)
    shares = 100 * counts / counts.sum(axis=1, keepdims=True)
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=11)
    for row, column in np.ndindex(*shares.shape):
        if shares[row, column] >= 0.95:
            axes.text(
                column, row, f"{shares[row, column]:.0f}", ha="center", va="center", fontsize=8.5,
                color="white" if shares[row, column] > 50 else "#1A1A1A",
            )  # fmt: skip
    axes.set_xticks(range(len(classes)), classes, rotation=40, ha="right")
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlabel="answer of the network", ylabel="label")
    axes.grid(visible=False)
    return figure
