"""Figures of the chapter on one-layer networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from deeplearning.figures.common import compare, mean_and_spread
from deeplearning.figures.diagrams import network_diagram
from deeplearning.figures.style import COLORS, GREY, SIZES, STYLE, new

SETS = {"far": "two far clouds", "overlapping": "overlapping clouds", "cancer": "breast cancer"}


def three_ends() -> Figure:
    """The same layer with three ends: nothing, the sigmoid, the softmax."""
    figure, axes = new("wide", columns=3, height=2.5)
    ends = (
        ("linear regression", 1, [r"$\hat y$"], "$z$ itself"),
        ("logistic regression", 1, [r"$\hat y$"], r"sigmoid $\sigma(z)$"),
        (
            "softmax regression",
            3,
            [r"$\hat y_1$", r"$\hat y_2$", r"$\hat y_3$"],
            r"softmax of $z_1, z_2, z_3$",
        ),
    )
    for ax, (title, outputs, names, end) in zip(axes, ends, strict=True):
        network_diagram(
            ax, [3, outputs], ["$x_1, x_2, x_3$", end], nodes=[["$x_1$", "$x_2$", "$x_3$"], names]
        )
        ax.set_title(title)
    return figure


def fitting_a_line(
    x: np.ndarray,
    y: np.ndarray,
    path: np.ndarray,
    solution: tuple[float, float],
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray],
    names: tuple[str, str],
) -> Figure:
    """A line through samples, and the way of its weight and bias over the loss.

    Args:
        x, y: (N,) samples.
        path: (T, 2) weight and bias after every step, the start first.
        solution: weight and bias of the closed form.
        loss: takes arrays of weights and biases of one shape and returns the loss of each.
        names: of the two axes, with units.
    """
    figure, (left, right) = new("wide", columns=2, height=3.2)
    left.scatter(x, y, s=10, color=GREY, alpha=0.5)
    ends = np.array([x.min(), x.max()])
    for step, color, style in (
        (0, COLORS[4], ":"),
        (5, COLORS[2], "-."),
        (len(path) - 1, COLORS[0], "-"),
    ):
        weight, bias = path[step]
        left.plot(
            ends, weight * ends + bias, color=color, linestyle=style, label=f"after {step} steps"
        )
    left.set(xlabel=names[0], ylabel=names[1])
    left.legend(fontsize=8)
    reach = 1.25 * np.abs(path - np.array(solution)).max(axis=0)
    weights, biases = np.meshgrid(
        *(np.linspace(s - r, s + r, 80) for s, r in zip(solution, reach, strict=True))
    )
    values = loss(weights, biases)
    levels = values.min() + (values.max() - values.min()) * np.linspace(0.06, 1, 14) ** 3
    right.contour(weights, biases, values, levels=levels, colors=GREY, linewidths=0.8)
    right.plot(
        path[:, 0], path[:, 1], color=COLORS[0], marker="o", markersize=3, label="gradient descent"
    )
    right.plot(*solution, "*", color=COLORS[1], markersize=13, label="closed form")
    right.set(xlabel="weight $w$", ylabel="bias $b$")
    right.grid(visible=False)
    right.legend(fontsize=8)
    return figure


def losses_of_a_score() -> Figure:
    """Three losses of one score for a sample of class 1, and how hard each pulls."""
    figure, (left, right) = new("wide", columns=2, height=2.9)
    z = np.linspace(-6, 6, 241)
    p = 1 / (1 + np.exp(-z))
    curves = (
        ("log-loss", np.logaddexp(0, -z), p - 1),
        ("squared error of σ(z)", (p - 1) ** 2, 2 * (p - 1) * p * (1 - p)),
        ("squared error of z", (z - 1) ** 2, 2 * (z - 1)),
    )
    for (name, loss, slope), style in zip(curves, ("-", "--", "-."), strict=True):
        left.plot(z, loss, linestyle=style, label=name)
        right.plot(z, slope, linestyle=style, label=name)
    left.set(
        xlabel="score $z$ of a sample of class 1", ylabel="loss (log-loss: nats)", ylim=(-0.2, 6.5)
    )
    right.set(
        xlabel="score $z$ of a sample of class 1",
        ylabel="slope of the loss, d$\\ell$/d$z$",
        ylim=(-3.2, 3.2),
    )
    right.legend(loc="lower right", fontsize=8)
    return figure


def weight_pictures(weights: np.ndarray, means: np.ndarray, classes: Sequence[str]) -> Figure:
    """Each class's mean picture above its weights as a picture; blue adds to the score, vermilion takes away.

    Args:
        weights, means: (K, H, W).
        classes: K names.
    """
    columns, rows = 5, 2 * -(-len(classes) // 5)
    limit = float(np.quantile(np.abs(weights), 0.99))
    colours = mpl.colors.LinearSegmentedColormap.from_list(
        "sign", [COLORS[1], "#FFFFFF", COLORS[0]]
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZES["wide"][0], 1.42 * rows), layout="constrained")
        axes = figure.subplots(rows, columns)
        for k, name in enumerate(classes):
            upper, lower = (
                axes[2 * (k // columns), k % columns],
                axes[2 * (k // columns) + 1, k % columns],
            )
            upper.imshow(means[k], cmap="gray_r", vmin=0, vmax=1)
            image = lower.imshow(weights[k], cmap=colours, vmin=-limit, vmax=limit)
            upper.set_title(name, fontsize=9)
        for ax in axes.flat:
            ax.set_axis_off()
        figure.colorbar(
            image, ax=axes, shrink=0.5, pad=0.02, label="weight (nats per unit of brightness)"
        )
    return figure


def confusion(record: Any, classes: Sequence[str]) -> Figure:
    """Rows are true classes, columns answers, in per cent, mean over seeds."""
    table = record.mean("confusion")
    percent = 100 * table / table.sum(axis=1, keepdims=True)
    figure, ax = new("wide", height=5.2)
    shade = percent.copy()
    np.fill_diagonal(shade, 0)
    ax.imshow(shade, cmap="Oranges", vmin=0, vmax=30)
    for row in range(len(classes)):
        for column in range(len(classes)):
            value = percent[row, column]
            if value > 0.5:
                weight = "bold" if row == column else "normal"
                ax.text(
                    column,
                    row,
                    f"{value:.0f}",
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    weight=weight,
                )
    ax.set_xticks(range(len(classes)), classes, rotation=35, ha="right")
    ax.set_yticks(range(len(classes)), classes)
    ax.set(xlabel="answer of the network", ylabel="what the picture shows")
    ax.grid(visible=False)
    return figure


def class_accuracy(record: Any, classes: Sequence[str]) -> Figure:
    """Accuracy a class, every seed a dot, worst first."""
    values = record.metrics["class_accuracy"]
    order = np.argsort(values.mean(axis=0))
    figure, ax = new("wide", height=3.0)
    positions = np.arange(len(order))
    ax.barh(positions, 100 * values.mean(axis=0)[order], color=COLORS[0], alpha=0.35, height=0.7)
    for seed in values:
        ax.plot(100 * seed[order], positions, "o", color=COLORS[0], markersize=4)
    ax.axvline(
        100 * record.mean("test_accuracy"), color=COLORS[1], linestyle="--", label="all classes"
    )
    ax.set_yticks(positions, [classes[k] for k in order])
    ax.set(xlabel="test accuracy (%)", xlim=(40, 100))
    ax.legend(loc="lower right")
    ax.grid(visible=False, axis="y")
    return figure


def weight_and_importance(record: Any) -> Figure:
    """|w| against permutation importance, one split, in both units; and the four rank correlations of all splits."""
    figure, axes = new("wide", columns=3, height=3.1, width_ratios=[1, 1, 1.15])
    importance = record.metrics["permutation_importance"][0]
    for ax, name, title, color in (
        (axes[0], "weights", "standardised", COLORS[0]),
        (axes[1], "raw_weights", "raw units", COLORS[1]),
    ):
        ax.plot(record.metrics[name][0], 1000 * importance, "o", color=color, markersize=4.5)
        ax.axhline(0, color=GREY, linewidth=1)
        ax.set(xscale="log", xlabel="weight $|w|$", title=title)
    axes[0].set_ylabel("rise of log-loss (0.001 nats)")
    names = (
        "standardised_permutation",
        "raw_permutation",
        "standardised_retraining",
        "raw_retraining",
    )
    labels = ("std.\nshuffle", "raw\nshuffle", "std.\nretrain", "raw\nretrain")
    compare(axes[2], labels, [record.metrics[name] for name in names])
    axes[2].axhline(0.7, color=GREY, linestyle="--", linewidth=1)
    axes[2].set(ylabel="rank correlation with $|w|$", ylim=(-0.6, 1.05), title="all splits")
    axes[2].tick_params(axis="x", labelsize=8)
    return figure


def step_and_sigmoid(record: Any) -> Figure:
    """Accuracy after every epoch, mean ± spread over seeds and one single run, for three data sets."""
    figure, axes = new("wide", columns=3, height=3.0)
    for ax, (name, title) in zip(axes, SETS.items(), strict=True):
        for kind, color, style in (("step", COLORS[1], "--"), ("sigmoid", COLORS[0], "-")):
            curves = 100 * record.metrics[f"{name}_{kind}_curve"]
            epochs = np.arange(1, curves.shape[1] + 1)
            mean_and_spread(ax, epochs, curves, kind, color=color, linestyle=style)
            ax.plot(epochs, curves[0], color=color, linewidth=0.7, linestyle="-", alpha=0.8)
        ax.set(xlabel="epoch", title=title)
    axes[0].set_ylabel("test accuracy (%)")
    axes[0].set_ylim(98.4, 100.1)
    axes[1].set_ylim(55, 92)
    axes[1].legend(loc="lower right", fontsize=8)
    return figure


def shifted(shifts: Sequence[int], accuracies: Sequence[float], level: float) -> Figure:
    """Accuracy when the test pictures are moved sideways.

    Args:
        shifts: pixels to the right.
        accuracies: one a shift, from 0 to 1.
        level: accuracy of guessing.
    """
    figure, ax = new("small", height=2.7)
    ax.plot(shifts, 100 * np.asarray(accuracies), marker="o")
    ax.axhline(100 * level, color=GREY, linestyle="--", linewidth=1)
    ax.text(0, 100 * level + 2, "guessing", fontsize=8, color="#1A1A1A", ha="center")
    ax.set(xlabel="shift to the right (pixels of 28)", ylabel="test accuracy (%)", ylim=(0, 100))
    return figure


def parameters_or_bend(record: Any) -> Figure:
    """Accuracy on two half-moons of one layer, of more parameters, and of as many with a bend."""
    figure, ax = new("wide", height=2.8)
    networks = {
        "one_layer": "one layer",
        "identity_mlp": "hidden layer, identity",
        "tanh_mlp": "hidden layer, tanh",
    }
    names = [
        f"{label}\n{record.mean(f'{key}_parameters'):.0f} parameters"
        for key, label in networks.items()
    ]
    compare(ax, names, [100 * record.metrics[f"{key}_accuracy"] for key in networks])
    ax.set(ylabel="accuracy on new points (%)", ylim=(85, 100.5))
    return figure
