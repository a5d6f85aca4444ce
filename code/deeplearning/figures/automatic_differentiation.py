"""Figures of the chapter on automatic differentiation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

INK = "#1A1A1A"
SIGNS = {
    "Multiply": "×",
    "Add": "+",
    "Subtract": "−",
    "Divide": "÷",
    "Power": "( )²",
    "Negative": "−",
    "Tanh": "tanh",
} | {"CrossEntropy": "cross-\nentropy"}
WIDTH, HEIGHT = 0.8, 0.5


def layout(inputs: Sequence[Sequence[int]]) -> tuple[np.ndarray, dict[tuple[int, int], list[int]]]:
    """Place the nodes of a graph in layers: every operation one layer right of its last input.

    An edge that passes layers gets a place of its own in each of them, so that it passes between the nodes.

    Args:
        inputs: for each node the places of its inputs in the list; inputs come before what is made of them.

    Returns:
        Positions (n + passages, 2): the layer, and the height within it; and for each edge (input, node) the numbers
        of its passages. A leaf stands one layer left of its first use.

    >>> layout([(), (), (0, 1)])[0].tolist()
    [[0.0, 0.5], [0.0, -0.5], [1.0, 0.0]]
    """
    layer: list[int] = []
    for sources in inputs:
        layer.append(max((layer[source] + 1 for source in sources), default=0))
    for leaf, sources in enumerate(inputs):
        if not sources:
            layer[leaf] = (
                min((layer[user] for user, used in enumerate(inputs) if leaf in used), default=1)
                - 1
            )
    passages: dict[tuple[int, int], list[int]] = {}
    near: list[list[int]] = [[] for _ in inputs]
    for node, sources in enumerate(inputs):
        for source in dict.fromkeys(sources):
            chain = passages[source, node] = []
            previous = source
            for number in range(layer[source] + 1, layer[node]):
                layer.append(number)
                near.append([])
                chain.append(len(layer) - 1)
                _join(near, previous, chain[-1])
                previous = chain[-1]
            _join(near, previous, node)
    height = np.zeros(len(layer))
    for _ in range(6):  # order within a layer by the mean height of the neighbours
        for number in range(max(layer) + 1):
            members = np.flatnonzero(np.array(layer) == number)
            wanted = np.array(
                [np.mean(height[near[member]]) if near[member] else 0.0 for member in members]
            )
            order = members[np.argsort(-wanted, kind="stable")]
            height[order] = (len(order) - 1) / 2 - np.arange(len(order))
    return np.column_stack([layer, height]).astype(float), passages


def _join(near: list[list[int]], one: int, other: int) -> None:
    near[one].append(other)
    near[other].append(one)


def graph(nodes: Sequence[Any], width: float = 1.55) -> Figure:
    """Draw a recorded graph: forward values above each node, gradients below (where there are any).

    Args:
        nodes: as `autograd.trace` lists them: label, tensor, inputs, is_operation.
        width: distance of two layers.
    """
    places, passages = layout([node.inputs for node in nodes])
    places[:, 0] *= width
    places[:, 1] *= 1.25
    tall = places[:, 1].max() - places[:, 1].min()
    figure, axes = new("wide", height=min(1.3 + 0.62 * tall, 4.2))
    for (source, target), chain in passages.items():
        _edge(axes, places[[source, *chain, target]])
    for node, (x, y) in zip(nodes, places, strict=False):
        _node(axes, node, x, y)
    axes.set(
        xlim=(-0.6, places[:, 0].max() + 0.6),
        ylim=(places[:, 1].min() - 0.75, places[:, 1].max() + 0.75),
    )
    axes.set_aspect("equal")
    axes.set_axis_off()
    return figure


def _edge(axes: Axes, points: np.ndarray) -> None:
    arrow = {"arrowstyle": "->", "color": GREY, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    line = points + np.array([[WIDTH / 2, 0], *[[0, 0]] * (len(points) - 2), [-WIDTH / 2, 0]])
    axes.plot(*line[:-1].T, color=GREY, linewidth=1.2, linestyle="-", zorder=1)
    axes.annotate("", line[-1], line[-2], arrowprops=arrow, zorder=1)


def _node(axes: Axes, node: Any, x: float, y: float) -> None:
    wanted = getattr(node.tensor, "requires_grad", False)
    color = GREY if not wanted else COLORS[2] if node.is_operation else COLORS[0]
    rounding = 0.2 if node.is_operation else 0.02
    axes.add_patch(
        FancyBboxPatch(
            (x - WIDTH / 2, y - HEIGHT / 2),
            WIDTH,
            HEIGHT,
            boxstyle=f"round,pad=0,rounding_size={rounding}",
            facecolor=tint(color, 0.2),
            edgecolor=color,
            linewidth=1.4,
            zorder=3,
        )
    )
    text = SIGNS.get(node.label, node.label)
    axes.text(
        x,
        y,
        text,
        ha="center",
        va="center",
        color=INK,
        zorder=4,
        fontsize=10 if len(text) < 8 or "$" in text else 7.5,
    )
    shape = getattr(node.tensor, "shape", ())
    if shape == () and (node.is_operation or node.label.startswith("$")):
        _number(axes, x, y + HEIGHT / 2 + 0.04, float(node.tensor), "bottom", INK)
    elif shape != () and str(shape) != node.label:
        axes.text(
            x, y + HEIGHT / 2 + 0.04, str(shape), ha="center", va="bottom", fontsize=8.5, color=INK
        )
    gradient = getattr(node.tensor, "grad", None)
    if gradient is not None and gradient.shape == ():
        _number(axes, x, y - HEIGHT / 2 - 0.05, float(gradient), "top", COLORS[1])


def _number(axes: Axes, x: float, y: float, number: float, va: str, color: str) -> None:
    text = f"{number:.3g}".replace("-", "−")
    axes.text(x, y, text, ha="center", va=va, fontsize=9, color=color)  # type: ignore[arg-type]


def difference_errors(steps: Any, errors: Mapping[str, Any]) -> Figure:
    """Draw the error of finite differences against their step: ``errors`` maps a name to one error a step."""
    figure, axes = new("wide", height=3.4)
    for number, (name, values) in enumerate(errors.items()):
        axes.plot(steps, values, color=COLORS[number], linestyle=LINES[number], label=name)
    axes.set(
        xscale="log", yscale="log", xlabel="step h", ylabel="error of the derivative (absolute)"
    )
    axes.legend(loc="lower right", fontsize=8)
    return figure


def swell(depths: Any, written: Any, shared: Any, reverse: Any) -> Figure:
    """Draw counts of operations against depth: the written-out derivative, with parts shared, reverse mode."""
    figure, axes = new("small")
    for number, (values, label) in enumerate(
        (
            (written, "formula for one weight, written out"),
            (shared, "the same formula, parts shared"),
            (reverse, "reverse mode, all weights"),
        )
    ):
        axes.plot(
            depths,
            values,
            color=COLORS[number],
            marker=MARKERS[number],
            linestyle=LINES[number],
            label=label,
        )
    axes.set(yscale="log", xlabel="layers", ylabel="operations")
    axes.legend(loc="upper left", fontsize=8)
    return figure


def gradient_cost(record: Any) -> Figure:
    """Cost of a gradient, in forward passes, against the number of parameters: backward pass and finite differences."""
    figure, panels = new("wide", columns=2, height=3.6)
    counts, metrics = record.metrics["parameters"][0], record.metrics
    names = (("numpy", "our engine"), ("torch", "PyTorch"))
    for number, (engine, label) in enumerate(names):
        values = metrics[f"{engine}_gradient_ratio"]
        style = {"color": COLORS[number], "marker": MARKERS[number]}
        panels[0].plot(
            counts, np.median(values, axis=0), label=label, linestyle=LINES[number], **style
        )
        panels[0].plot(
            counts, values.T, linestyle="none", alpha=0.3, markersize=3, markeredgewidth=0, **style
        )
        panels[1].plot(
            counts,
            np.median(values, axis=0),
            linestyle=LINES[number],
            label=f"backward, {label}",
            **style,
        )
    panels[0].axhline(5, color=GREY, linewidth=1.2, linestyle="-")
    panels[0].text(counts[-1], 5.08, "bound: 5", ha="right", va="bottom", fontsize=8.5, color=INK)
    panels[0].set(
        ylim=(0, max(6.5, 1.1 * metrics["torch_gradient_ratio"].max())), title="loss and gradient"
    )
    share = np.median(metrics["numpy_share_ratio"], axis=0)
    full = np.median(metrics["full_ratio"], axis=0)
    panels[1].plot(
        counts, share * counts, color=COLORS[3], linestyle=":", marker="^", markerfacecolor="none",
        label="differences, extrapolated",
    )  # fmt: skip
    panels[1].plot(
        counts[: len(full)],
        full,
        color=COLORS[3],
        linestyle="none",
        marker="^",
        label="differences, all done",
    )
    panels[1].set(yscale="log", title="beside finite differences")
    panels[1].legend(loc="upper left", fontsize=8)
    panels[0].legend(loc="lower left", fontsize=8)
    for axes in panels:
        axes.set(xscale="log", xlabel="parameters P", ylabel="cost (forward passes)")
    return figure


def speed(record: Any) -> Figure:
    """Time of a training step relative to PyTorch, and peak memory, for every contender and number of threads."""
    figure, panels = new("wide", columns=2, height=2.9)
    names = {"engine": "our engine", "torch": "PyTorch", "bare": "bare NumPy"}
    results = record["results"]
    for number, result in enumerate(results):
        place = np.arange(len(names)) + 0.8 * ((number + 0.5) / len(results) - 0.5)
        label = f"{result['threads']} thread{'s' if result['threads'] > 1 else ''}"
        for axes, key in zip(panels, ("ratio_to_torch", "peak_memory_mib"), strict=True):
            values = np.array([result[name][key] for name in names])
            hatch = None if number % 2 == 0 else "//"
            axes.bar(
                place,
                values,
                0.8 / len(results),
                label=label,
                color=COLORS[number],
                hatch=hatch,
                edgecolor="w",
            )
            if key == "ratio_to_torch":
                low, high = (
                    np.array([result[name][f"ratio_percentile_{p}"] for name in names])
                    for p in (20, 80)
                )
                spread = np.maximum([values - low, high - values], 0)
                axes.errorbar(place, values, yerr=spread, color=INK, linestyle="none", capsize=3)
    panels[0].axhline(1, color=GREY, linewidth=1.2, linestyle="-")
    panels[0].set(ylabel="time a step ÷ PyTorch's")
    panels[1].set(ylabel="peak memory (MiB)")
    panels[1].legend(fontsize=8, loc="upper right")
    for axes in panels:
        axes.set_xticks(range(len(names)), list(names.values()), fontsize=8.5)
        axes.grid(visible=False, axis="x")
    return figure
