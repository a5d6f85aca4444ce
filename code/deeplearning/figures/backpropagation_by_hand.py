"""Figures of the chapter on back-propagation by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from deeplearning.figures.common import mean_and_spread
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

INK = "#1A1A1A"
FORWARD, BACKWARD = COLORS[0], COLORS[1]
SETTINGS = {
    "overlap": "softmax, overlapping classes",
    "decay": "softmax, weight decay",
    "mlp": "MLP, weight decay",
    "separable": "softmax, no minimum exists",
}


def one_weight(weights: Any, losses: Any, at: float, loss: float, slope: float) -> Figure:
    """Draw the loss against one weight, with the tangent at its present value."""
    figure, axes = new("small")
    axes.plot(weights, losses, color=COLORS[0])
    reach = 0.28 * float(np.ptp(weights))
    ends = np.array([at - reach, at + reach])
    axes.plot(ends, loss + slope * (ends - at), "--", color=COLORS[1])
    axes.plot(at, loss, "o", color=COLORS[1], markersize=7)
    axes.annotate(
        f"slope {slope:.4f}", (at, loss), (at - 0.1, loss + 0.16), color=COLORS[1], ha="right"
    )
    axes.set(xlabel="weight $w_1$", ylabel=r"loss $\ell$", ylim=(0, None))
    return figure


def chain(forward: Mapping[str, float], backward: Mapping[str, float]) -> Figure:
    """Draw x → ·w₁ → σ → ·w₂ → ½(·−t)² → ℓ: values above each edge, derivatives of ℓ below it.

    Both mappings have the keys x, w1, z, h, w2, y, loss.
    """
    figure, ax = new("wide", height=2.5)
    stations = {1: "$\\times$", 2: "$\\sigma$", 3: "$\\times$", 4: "$\\frac{1}{2}(\\cdot-t)^2$"}
    step, radius = 2.0, 0.42
    for place, text in stations.items():
        wide = radius + (0.22 if place == 4 else 0)
        ax.add_patch(
            Circle(
                (place * step, 0), wide, facecolor=tint(COLORS[2]), edgecolor=COLORS[2], zorder=3
            )
        )
        ax.text(
            place * step,
            0,
            text,
            ha="center",
            va="center",
            fontsize=11 if place < 4 else 9,
            color=INK,
            zorder=4,
        )
    edges = (("x", "$x$"), ("z", "$z$"), ("h", "$h$"), ("y", r"$\hat y$"), ("loss", r"$\ell$"))
    for place, (key, name) in enumerate(edges):
        left = place * step + (radius + (0.22 if place == 4 else 0) if place else 0.3)
        right = (place + 1) * step - (radius + (0.22 if place == 3 else 0))
        right = right if place < 4 else right - 0.1
        ax.annotate("", (right, 0), (left, 0), arrowprops={"arrowstyle": "->", "color": INK})
        middle = (left + right) / 2
        ax.text(middle, 0.14, name, ha="center", va="bottom", fontsize=11, color=INK)
        ax.text(
            middle,
            0.52,
            f"{round(forward[key], 4):g}",
            ha="center",
            va="bottom",
            fontsize=12,
            color=FORWARD,
        )
        ax.text(
            middle,
            -0.16,
            f"{round(backward[key], 4):g}",
            ha="center",
            va="top",
            fontsize=12,
            color=BACKWARD,
        )
    for place, key, name in ((1, "w1", "$w_1$"), (3, "w2", "$w_2$")):
        x = place * step
        ax.annotate("", (x, radius), (x, 1.35), arrowprops={"arrowstyle": "->", "color": INK})
        ax.text(x, 1.42, name, ha="center", va="bottom", fontsize=11, color=INK)
        ax.text(
            x - 0.15,
            1.0,
            f"{round(forward[key], 4):g}",
            ha="right",
            va="center",
            fontsize=12,
            color=FORWARD,
        )
        ax.text(
            x + 0.15,
            1.0,
            f"{round(backward[key], 4):g}",
            ha="left",
            va="center",
            fontsize=12,
            color=BACKWARD,
        )
    ax.text(0.1, -1.05, "forward: the value", fontsize=11, color=FORWARD, ha="left")
    ax.text(
        3.4, -1.05, "backward: how the loss changes with it", fontsize=11, color=BACKWARD, ha="left"
    )
    ax.set(xlim=(0, 10), ylim=(-1.3, 1.9))
    ax.set_aspect("equal")
    ax.set_axis_off()
    return figure


def tiny_network(
    x: Sequence[float],
    parameters: Any,
    h: Sequence[float],
    output: float,
    deltas: Sequence[Sequence[float]],
) -> Figure:
    """Draw a 2-2-1 network for one sample: activations inside the circles, deltas below, weights on the lines."""
    figure, ax = new("wide", height=3.1)
    (w1, _), (w2, _) = parameters[1], parameters[2]
    places: dict[int, list[tuple[float, float]]] = {
        0: [(0, 1), (0, -1)],
        1: [(3.4, 1), (3.4, -1)],
        2: [(6.8, 0)],
    }
    values = {0: list(x), 1: list(h), 2: [output]}
    for layer, matrix in ((1, np.asarray(w1)), (2, np.asarray(w2))):
        for o, end in enumerate(places[layer]):
            for i, start in enumerate(places[layer - 1]):
                ax.plot(*zip(start, end, strict=True), "-", color=GREY, linewidth=1, zorder=1)
                share = 0.26 if layer == 1 else 0.42
                at = (
                    start[0] + share * (end[0] - start[0]),
                    start[1] + share * (end[1] - start[1]),
                )
                ax.text(
                    *at, f"{matrix[o, i]:g}".replace("-", "−"), fontsize=10, color=INK, ha="center", va="center",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2}, zorder=2,
                )  # fmt: skip
    for layer, column in places.items():
        for index, place in enumerate(column):
            ax.add_patch(
                Circle(
                    place,
                    0.4,
                    facecolor=tint(COLORS[0] if layer == 0 else COLORS[2]),
                    edgecolor=INK,
                    zorder=3,
                )
            )
            text = f"{values[layer][index]:g}".replace("-", "−")
            ax.text(*place, text, ha="center", va="center", fontsize=11, color=FORWARD, zorder=4)
            if layer:
                delta = f"{deltas[layer - 1][index]:g}".replace("-", "−")
                ax.text(
                    place[0],
                    place[1] - 0.5,
                    f"δ = {delta}",
                    ha="center",
                    va="top",
                    fontsize=11,
                    color=BACKWARD,
                )
    for layer, name in enumerate(
        ("input $\\mathbf{x}$", "hidden $\\mathbf{h}$", r"output $\hat y$")
    ):
        ax.text(places[layer][0][0], 1.62, name, ha="center", fontsize=10, color=INK)
    ax.annotate("", (5.2, -1.75), (1.2, -1.75), arrowprops={"arrowstyle": "<-", "color": BACKWARD})
    ax.text(
        3.2,
        -1.95,
        "blame goes back along the same lines",
        ha="center",
        va="top",
        fontsize=9,
        color=BACKWARD,
    )
    ax.set(xlim=(-0.7, 7.7), ylim=(-2.4, 1.95))
    ax.set_aspect("equal")
    ax.set_axis_off()
    return figure


def check(steps: Any, errors: Mapping[str, Any]) -> Figure:
    """Draw the relative difference from finite differences against their step, one line a candidate gradient."""
    figure, axes = new("wide")
    for index, (name, values) in enumerate(errors.items()):
        axes.loglog(
            steps,
            values,
            marker=MARKERS[index],
            color=COLORS[index],
            linestyle=LINES[index],
            label=name,
        )
    axes.invert_xaxis()
    axes.set(xlabel="step $h$ of the finite difference", ylabel="relative difference")
    axes.legend(loc="center", bbox_to_anchor=(0.43, 0.6))
    return figure


def learning(losses: Mapping[str, Any]) -> Figure:
    """Draw training losses against steps, one line a candidate gradient."""
    figure, axes = new("wide")
    for index, (name, values) in enumerate(losses.items()):
        axes.plot(values, color=COLORS[index], linestyle=LINES[index], label=name)
    axes.set(xlabel="step of gradient descent", ylabel="training loss (nats)", ylim=(0, 3.5))
    axes.legend()
    return figure


def differences(record: Any, limit: float) -> Figure:
    """Draw B5: the share of random networks whose gradients differ by at most so many epsilons."""
    figure, axes = new("wide")
    names = {
        "engine_float64": "our engine, float64",
        "engine_float32": "our engine, float32",
        "torch_float64": "PyTorch, float64",
        "torch_float32": "PyTorch, float32",
    }
    for index, (key, name) in enumerate(names.items()):
        _share(axes, record.metrics[key], name, COLORS[index], LINES[index])
    bent = record.metrics["activation"] != 0
    _share(axes, record.metrics["planted_float64"][bent], "φ′ forgotten once, float64", INK, "-")
    axes.axvline(limit, color=GREY, linestyle=":", linewidth=1.4)
    axes.text(limit * 1.6, 0.04, "limit", color=GREY, fontsize=9)
    axes.set_xscale("log")
    axes.set(
        xlabel="difference of gradients (machine epsilons)",
        ylabel="share of networks",
        ylim=(0, 1.02),
    )
    axes.legend(loc="center", bbox_to_anchor=(0.62, 0.55))
    return figure


def _share(axes: Axes, values: Any, label: str, color: str, line: Any) -> None:
    # A difference of exactly 0 has no place on a logarithmic axis; it is drawn at a tenth of an epsilon.
    ordered = np.sort(np.maximum(np.ravel(values), 0.1))
    places = np.linspace(0, 1, 201)
    axes.plot(np.quantile(ordered, places), places, color=color, linestyle=line, label=label)


def balance(record: Any) -> Figure:
    """Draw B3: the norm of the sum over the sum of norms, during training, for each setting."""
    figure, axes = new("wide", height=3.8)
    for index, (key, name) in enumerate(SETTINGS.items()):
        steps = record.metrics[f"steps_{key}"][0]
        values = np.maximum(record.metrics[f"ratio_{key}"], 1e-12)
        low, middle, high = (
            values.min(axis=0),
            np.exp(np.log(values).mean(axis=0)),
            values.max(axis=0),
        )
        # Step 0 has no place on a logarithmic axis, so it is drawn at one half.
        places = np.where(steps == 0, 0.5, steps)
        axes.loglog(places, middle, color=COLORS[index], linestyle=LINES[index], label=name)
        axes.fill_between(places, low, high, color=COLORS[index], alpha=0.2, linewidth=0)
    axes.axhline(1437**-0.5, color=GREY, linewidth=1, linestyle=":")
    axes.text(
        0.5, 1437**-0.5 * 0.8, "random directions, $1/\\sqrt{N}$", color=GREY, fontsize=9, va="top"
    )
    axes.axhline(record.mean("margin_bound"), color=COLORS[3], linewidth=1, linestyle=":")
    axes.text(
        0.5,
        record.mean("margin_bound") * 0.8,
        "margin bound",
        color=COLORS[3],
        fontsize=9,
        va="top",
    )
    axes.set(xlabel="step of gradient descent", ylabel="ratio $r$")
    axes.legend(loc="lower left")
    return figure


def norms(record: Any) -> Figure:
    """Draw B3: the lengths of the single samples' gradients after the last step, ordered."""
    figure, axes = new("wide")
    for index, (key, name) in enumerate(SETTINGS.items()):
        mean_and_spread(
            axes,
            np.arange(101),
            record.metrics[f"norms_end_{key}"],
            name,
            color=COLORS[index],
            linestyle=LINES[index],
        )
    axes.set(
        xlabel="training images, by the length of their gradient (%)",
        ylabel=r"length $\|\mathbf{g}_n\|$ at the end",
    )
    axes.legend()
    return figure
