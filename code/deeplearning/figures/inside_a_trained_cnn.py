"""Figures of the chapter on the inside of a trained network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from deeplearning.figures.common import compare, mean_and_spread
from deeplearning.figures.convolution_measured import SIGNED
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, SIZES, STYLE, new

INK = "#1A1A1A"
ORDERS = {
    "gradient": "gradient",
    "smooth": "SmoothGrad",
    "occlusion": "occlusion",
    "random": "random",
    "brightest": "brightest first",
    "edges": "edges first",
}


def _blank(height: float) -> Figure:
    with mpl.rc_context(STYLE):
        return Figure(figsize=(SIZES["wide"][0], height), layout="constrained")


def _picture(ax: Axes, values: Any, signed: bool = False, **options: Any) -> None:
    array = np.asarray(values, dtype=float)
    if signed:
        largest = float(np.nanmax(np.abs(array))) or 1.0
        options = {"cmap": SIGNED, "vmin": -largest, "vmax": largest} | options
    ax.imshow(array, **({"cmap": "gray_r"} | options))
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(True)
        spine.set_linewidth(0.6)


def kernels(learned: Any, fits: Any, cosines: Any, bank: Any) -> Figure:
    """Draw learned kernels, what a bank makes of each, and kernels of the bank, blue positive and orange negative.

    Args:
        learned, fits: (K, R, R), each drawn on its own scale, a fit on that of its kernel.
        cosines: (K,) of each kernel with its fit.
        bank: (M, R, R), of which the first K are drawn.
    """
    learned, fits, bank = (np.asarray(one, dtype=float) for one in (learned, fits, bank))
    count = len(learned)
    figure = _blank(3.9)
    with mpl.rc_context(STYLE):
        axes = figure.subplots(3, count, squeeze=False)
    for k in range(count):
        largest = float(np.abs(learned[k]).max())
        _picture(axes[0, k], learned[k], signed=True)
        _picture(axes[1, k], fits[k], signed=True, vmin=-largest, vmax=largest)
        axes[1, k].set_title(f"cos {cosines[k]:.2f}", fontsize=9)
        _picture(axes[2, k], bank[k], signed=True)
    for ax, name in zip(axes[:, 0], ("learned", "fit", "bank"), strict=True):
        ax.set_ylabel(name)
    return figure


def through(image: Any, stages: Mapping[str, Any], scores: Any, classes: Sequence[str]) -> Figure:
    """Draw one image on its way through a network: maps layer by layer, vectors as strips, the scores as bars.

    Args:
        image: (H, W).
        stages: label → maps (C, H', W') or a vector (D,), from the first layer on; each is drawn from 0 to its largest.
        scores: (K,), for the ``classes``.
    """
    arrays = {name: np.asarray(values, dtype=float) for name, values in stages.items()}
    heights = [1.3, *(_rows(values) for values in arrays.values()), 1.7]
    figure = _blank(0.72 * sum(heights))
    with mpl.rc_context(STYLE):
        parts: Any = figure.subfigures(len(heights), 1, height_ratios=heights)
    _strip(parts[0], "input", [np.asarray(image, dtype=float)], 6)
    for part, (name, values) in zip(parts[1:], arrays.items(), strict=False):
        if values.ndim == 1:
            _strip(part, name, [values[None]], 1, aspect="auto")
        else:
            _strip(part, name, list(values), min(len(values), 8))
    ax = parts[-1].subplots()
    ax.bar(range(len(scores)), scores, color=COLORS[0], width=0.6)
    ax.axhline(0, color=GREY, linewidth=0.8, linestyle="-")
    ax.set_xticks(range(len(scores)), classes)
    ax.set_ylabel("score")
    ax.grid(visible=False, axis="x")
    return figure


def _rows(values: np.ndarray) -> float:
    if values.ndim == 1:
        return 0.62
    columns = min(len(values), 8)
    return -(-len(values) // columns) * 8 / max(columns, 6) * 0.93 + 0.35


def _strip(part: Any, name: str, maps: list[np.ndarray], columns: int, **options: Any) -> None:
    """Pictures in rows under a title; all on one scale."""
    part.suptitle(name, fontsize=9.5, x=0.01, ha="left")
    largest = max(float(values.max()) for values in maps) or 1.0
    rows = -(-len(maps) // columns)
    axes = part.subplots(rows, columns, squeeze=False).ravel()
    for ax, values in zip(axes, maps, strict=False):
        _picture(ax, values, vmin=0, vmax=largest, **options)
    for ax in axes[len(maps) :]:
        ax.set_axis_off()


def fields(image: Any, boxes: Mapping[str, tuple[int, int, int]]) -> Figure:
    """Draw on an image what one unit of each layer sees, one panel a layer.

    Args:
        image: (H, W).
        boxes: name of a layer → first row, first column and side of the square.
    """
    image = np.asarray(image, dtype=float)
    figure = _blank(2.1)
    with mpl.rc_context(STYLE):
        axes = figure.subplots(1, len(boxes), squeeze=False)[0]
    for number, (ax, (name, (top, left, side))) in enumerate(zip(axes, boxes.items(), strict=True)):
        _picture(ax, image, vmin=0, vmax=1)
        ax.add_patch(
            Rectangle(
                (left - 0.5, top - 0.5), side, side, facecolor=(0, 0, 0, 0), linewidth=2,
                edgecolor=COLORS[number % 4], clip_on=False,
            )
        )  # fmt: skip
        ax.set(xlim=(-2.5, image.shape[1] + 1.5), ylim=(image.shape[0] + 1.5, -2.5))
        ax.set_title(f"{name}\n{side} × {side}", fontsize=9)
    return figure


def patches(by_map: Sequence[Any], columns: int = 2) -> Figure:
    """Draw the patches that excite each feature map most, one strip a map.

    Args:
        by_map: for each map its patches (n, r, r), the strongest first.
        columns: strips beside each other.
    """
    rows = -(-len(by_map) // columns)
    count = len(by_map[0])
    figure = _blank(rows * (SIZES["wide"][0] / columns - 0.35) / count + 0.06 * rows + 0.05)
    with mpl.rc_context(STYLE):
        axes = figure.subplots(rows, columns, squeeze=False)
    for k, ax in enumerate(axes.T.ravel()):
        if k >= len(by_map):
            ax.set_axis_off()
            continue
        strip = np.asarray(by_map[k], dtype=float)
        pieces = [np.pad(one, 1, constant_values=np.nan) for one in strip]
        _picture(ax, np.concatenate(pieces, axis=1), vmin=0, vmax=1)
        for spine in ax.spines.values():
            spine.set_visible(False)
        ax.set_ylabel(str(k), rotation=0, ha="right", va="center", fontsize=9)
    return figure


def explanations(images: Any, titles: Sequence[str], maps: Mapping[str, Any]) -> Figure:
    """Draw images and their maps, one row an image; maps below zero anywhere are drawn with a sign.

    Args:
        images: (n, H, W).
        titles: one an image, at its left.
        maps: name → (n, H, W); each map is drawn on its own scale.
    """
    images = np.asarray(images, dtype=float)
    figure = _blank(1.55 * len(images) + 0.25)
    with mpl.rc_context(STYLE):
        axes = figure.subplots(len(images), 1 + len(maps), squeeze=False)
    for row, (image, title) in enumerate(zip(images, titles, strict=True)):
        _picture(axes[row, 0], image, vmin=0, vmax=1)
        axes[row, 0].set_ylabel(title, fontsize=9)
        for column, (name, values) in enumerate(maps.items()):
            array = np.asarray(values, dtype=float)
            ax = axes[row, column + 1]
            _picture(ax, array[row], signed=bool((array < 0).any()))
            ax.contour(image, levels=[0.5], colors=[COLORS[2]], linewidths=0.7)
            if row == 0:
                ax.set_title(name)
    axes[0, 0].set_title("image")
    return figure


def deletion(record: Any) -> Figure:
    """Of record C18: accuracy by the share of removed pixels, one curve an order, mean and spread over seeds."""
    figure, ax = new("wide", height=4.1)
    shares = record.config["shares"]
    for number, (kind, name) in enumerate(ORDERS.items()):
        mean_and_spread(
            ax, shares, record.metrics[f"accuracy_{kind}"], name, color=COLORS[number], marker=MARKERS[number],
            linestyle=LINES[number],
        )  # fmt: skip
    ax.axhline(0.1, color=GREY, linewidth=1, linestyle=":")
    ax.text(shares[-1], 0.11, "chance", fontsize=9, color=GREY, ha="right", va="bottom")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set(xlabel="pixels set to the mean", ylabel="test accuracy", ylim=(0, 0.95))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def checks(record: Any) -> Figure:
    """Of record C18: left, how much of a map is left when layers are made random; right, after training anew."""
    figure, (left, right) = new("wide", columns=2, height=3.5, width_ratios=[1, 1.15])
    for number, kind in enumerate(("gradient", "smooth", "occlusion")):
        values = record.metrics[f"randomised_{kind}"]
        places = np.arange(1, values.shape[1] + 1)
        mean_and_spread(
            left, np.r_[0, places], np.column_stack([np.ones(len(values)), values]), ORDERS[kind],
            color=COLORS[number], marker=MARKERS[number], linestyle=LINES[number],
        )  # fmt: skip
    left.set_xticks(range(5), ["none", "last", "dense", "+ conv", "all"], fontsize=8.5)
    left.set(xlabel="random layers", ylabel="rank correlation", ylim=(-0.15, 1.05))
    left.legend(loc="upper right", fontsize=8.5)
    kinds = {
        "nothing": "all\npixels", "random": "random", "brightest": "bright-\nest", "edges": "edges",
        "gradient": "gra-\ndient",
    }  # fmt: skip
    compare(right, list(kinds.values()), [record.metrics[f"retrained_{kind}"] for kind in kinds])
    right.tick_params(axis="x", labelsize=8)
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    right.set(xlabel="removed, then trained anew", ylabel="test accuracy")
    return figure
