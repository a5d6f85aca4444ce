"""Figures of the chapter on one net for many tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from deeplearning.figures.common import mean_and_spread
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, SIZES, STYLE, new, tint
from deeplearning.records import Metrics

INK = "#1A1A1A"
# One colour a class, five of the book's and a light variant of each; the background is white.
CLASS_COLORS = tuple(tint(color, strength) for strength in (1.0, 0.45) for color in COLORS[:5])
MASKS = ListedColormap([(1.0, 1.0, 1.0), *CLASS_COLORS])
NETS = {
    "average": "CNN, average",
    "maximum": "CNN, maximum",
    "several": "CNN, several sizes",
    "mlp_resized": "MLP, made 28 × 28",
    "mlp_cropped": "MLP, middle cut out",
}


def at_their_sizes(rows: Mapping[str, Sequence[Any]]) -> Figure:
    """Draw square images in rows, all pixels equally large; show it with `show(figure, raster=True)`.

    Args:
        rows: for each name images (s, s), grey from 0 to 1, of any sides s.
    """
    width = SIZES["small"][0]
    sides = [[np.asarray(image).shape[0] for image in images] for images in rows.values()]
    gap = 6
    total = max(sum(line) + gap * (len(line) - 1) for line in sides)
    heights = [max(line) + 18 for line in sides]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, width * sum(heights) / total))
        ax = figure.add_axes((0, 0, 1, 1))
        bottom = 0
        for (name, images), line, height in zip(
            reversed(list(rows.items())), reversed(sides), reversed(heights), strict=True
        ):
            left = 0
            for image, side in zip(images, line, strict=True):
                extent = (left, left + side, bottom, bottom + side)
                ax.imshow(image, vmin=0, vmax=1, extent=extent, interpolation="nearest")
                ax.text(left + side / 2, bottom + side + 1, str(side), ha="center", fontsize=9)
                left += side + gap
            ax.text(0, bottom + height - 7, name, fontsize=10, color=INK)
            bottom += height
        ax.set(xlim=(0, total), ylim=(0, bottom))
        ax.set_axis_off()
    return figure


def by_size(metrics: Metrics, side: int = 28) -> Figure:
    """Draw accuracy against the side of the picture, enlarged and on a canvas, means over seeds with bands (C13).

    Args:
        metrics: of the experiment, `<way>_<net>` (S, sides).
        side: the one that most networks were trained at; it is marked.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZES["small"][0] + 0.6, 5.6), layout="constrained")
        axes = figure.subplots(2, 1, sharey=True, sharex=True)
    titles = {"enlarged": "the picture enlarged or shrunk", "canvas": "anywhere on a larger canvas"}
    for ax, (way, title) in zip(axes, titles.items(), strict=True):
        sides = metrics[f"sides_{way}"][0]
        for (net, label), color, marker, line in zip(
            NETS.items(), COLORS, MARKERS, LINES, strict=False
        ):
            mean_and_spread(
                ax, sides, 100 * metrics[f"{way}_{net}"], label, color=color, marker=marker,
                linestyle=line, markersize=4, linewidth=1.5,
            )  # fmt: skip
        ax.axvline(side, color=GREY, linewidth=0.8, linestyle=":")
        ax.set(ylabel="test accuracy (%)", ylim=(0, 100))
        ax.set_title(title, loc="left")
    axes[1].set(xlabel="side of the picture (pixels)", xticks=metrics["sides_enlarged"][0])
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=8.5
    )
    return figure


def trunk_and_heads(heads: Sequence[tuple[str, str]]) -> Figure:
    """Draw one trunk of convolutions and a head for each task.

    Args:
        heads: for each its name and the shape of its answer.
    """
    figure, ax = new("small", height=3.3)
    for level, (size, maps) in enumerate(((2.6, 1.0), (1.8, 1.3), (1.2, 1.6), (0.8, 1.9))):
        left = 1.75 + 0.6 * level
        ax.add_patch(
            Rectangle((left, 1.5 - size / 2), 0.2 * maps, size, facecolor=tint(COLORS[0]), edgecolor=COLORS[0])
        )  # fmt: skip
    ax.add_patch(Rectangle((0, 0.6), 1.15, 1.8, facecolor=tint(GREY), edgecolor=GREY))
    ax.text(0.57, 1.5, "image\nN × 1\nH × W", ha="center", va="center", fontsize=9)
    ax.text(2.85, -0.25, "trunk", ha="center", fontsize=9.5, color=COLORS[0])
    _arrow(ax, (1.2, 1.5), (1.7, 1.5))
    for place, (name, shape) in enumerate(heads):
        y = 3.1 - 3.2 * place / max(1, len(heads) - 1)
        color = COLORS[1 + place % 3]
        _arrow(ax, (4.05, 1.5), (4.6, y))
        ax.add_patch(
            FancyBboxPatch(
                (4.65, y - 0.36), 2.9, 0.72, boxstyle="round,pad=0.02", facecolor=tint(color), edgecolor=color,
            )
        )  # fmt: skip
        ax.text(6.1, y, f"{name}\n{shape}", ha="center", va="center", fontsize=9)
    ax.set(xlim=(-0.1, 7.7), ylim=(-0.6, 3.6))
    ax.set_axis_off()
    return figure


def scene(image: Any, mask: Any, boxes: Any, names: Sequence[str]) -> Figure:
    """Draw a scene, the class of its pixels, and its boxes; show it with `show(figure, raster=True)`.

    Args:
        image: (H, W) grey from 0 to 1.
        mask: (H, W) of 0 for the background and class + 1.
        boxes: (K, 5) class, x0, y0, x1, y1; rows of −1 are left out.
        names: of the classes.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZES["small"][0] + 0.6, 2.05), layout="constrained")
        axes = figure.subplots(1, 3)
        for ax, title in zip(
            axes, ("the scene", "a class a pixel", "boxes with classes"), strict=True
        ):
            ax.set_axis_off()
            ax.set_title(title)
        _grey(axes[0], image)
        _mask(axes[1], mask)
        _grey(axes[2], image)
        for kind, x0, y0, x1, y1 in _used(boxes):
            _box(axes[2], (x0, y0, x1, y1), COLORS[1], "-", names[int(kind)], size=6.5)
    return figure


def overlap(first: Sequence[float], second: Sequence[float]) -> Figure:
    """Draw two boxes, what they share, and what they cover together.

    Args:
        first, second: x0, y0, x1, y1 in pixels.
    """
    figure, axes = new("small", columns=2, height=2.3)
    common = (*np.maximum(first[:2], second[:2]), *np.minimum(first[2:], second[2:]))
    for ax, title in zip(axes, ("intersection", "union"), strict=True):
        for box in (first, second) if title == "union" else (common,):
            ax.add_patch(
                Rectangle((box[0], box[1]), box[2] - box[0], box[3] - box[1], color=tint(COLORS[2], 0.45), linewidth=0)
            )  # fmt: skip
        for box, color, line in ((first, COLORS[0], "-"), (second, COLORS[1], "--")):
            _box(ax, box, color, line)
        ends = np.array([first, second])
        ax.set_xticks(range(int(ends.min()) - 1, int(ends.max()) + 2, 2))
        ax.set(
            xlim=(ends[:, 0].min() - 1, ends[:, 2].max() + 1),
            ylim=(ends[:, 3].max() + 1, ends[:, 1].min() - 1),
            aspect="equal", title=title, xlabel="column (pixels)",
        )  # fmt: skip
    axes[0].set_ylabel("row (pixels)")
    return figure


def ways_up(mask: Any, enlarged: Mapping[str, Any]) -> Figure:
    """Draw a true label map and what is left of it on coarser grids; show it with `show(figure, raster=True)`.

    Args:
        mask: (H, W) of 0 for the background and class + 1.
        enlarged: name → label map (H, W).
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZES["small"][0] + 0.6, 1.65), layout="constrained")
        axes = figure.subplots(1, 1 + len(enlarged))
        for ax, (name, labels) in zip(axes, {"true": mask, **enlarged}.items(), strict=True):
            _mask(ax, labels)
            ax.set_axis_off()
            ax.set_title(name, fontsize=9.5)
    return figure


def grid(image: Any, boxes: Any, stride: int) -> Figure:
    """Draw a detector's grid, the cells with the middle of an object, and their neighbours; show with `raster=True`.

    Args:
        image: (H, W) grey from 0 to 1.
        boxes: (K, 4) x0, y0, x1, y1; rows of −1 are left out.
        stride: side of a cell, in pixels.
    """
    height, width = np.asarray(image).shape
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.6, 3.6), layout="constrained")
        ax = figure.subplots()
        _grey(ax, image)
        for at in range(0, width + 1, stride):
            ax.axvline(at, color="#FFFFFF", linewidth=0.4, linestyle="-", alpha=0.6)
        for at in range(0, height + 1, stride):
            ax.axhline(at, color="#FFFFFF", linewidth=0.4, linestyle="-", alpha=0.6)
        for x0, y0, x1, y1 in _used(boxes):
            middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
            corner = stride * np.floor(middle / stride)
            near = Rectangle(
                tuple(corner - stride),
                3 * stride,
                3 * stride,
                color="#FFB000",
                alpha=0.35,
                linewidth=0,
            )
            ax.add_patch(near)
            ax.add_patch(
                Rectangle(
                    tuple(corner),
                    stride,
                    stride,
                    facecolor="none",
                    edgecolor="#FFB000",
                    linewidth=1.8,
                )
            )
            ax.plot(*middle, "o", color="#FFB000", markersize=3.5)
            _box(ax, (x0, y0, x1, y1), COLORS[1], "-")
        ax.set_axis_off()
    return figure


def suppression(image: Any, before: Any, scores: Sequence[float], kept: Sequence[int]) -> Figure:
    """Draw overlapping boxes before and after non-maximum suppression; show it with `show(figure, raster=True)`.

    Args:
        image: (H, W) grey from 0 to 1.
        before: (M, 4) boxes; scores (M,) theirs; kept: the numbers of those that stay.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZES["small"][0] + 0.4, 2.75), layout="constrained")
        axes = figure.subplots(1, 2)
        for ax, title, shown in (
            (axes[0], "candidates", range(len(before))), (axes[1], "kept", kept),
        ):  # fmt: skip
            _grey(ax, image)
            for number in shown:
                _box(
                    ax,
                    before[number],
                    COLORS[1 + number % 2],
                    ("-", "--")[number % 2],
                    f"{scores[number]:.2f}",
                )
            ax.set_axis_off()
            ax.set_title(title)
    return figure


def steps(precision: Any, recall: Any, area: float) -> Figure:
    """Draw a precision–recall curve of a few answers, with the area that is the average precision.

    Args:
        precision, recall: (M,) after each answer, the best first.
        area: the average precision.
    """
    figure, ax = new("small", height=2.8)
    left = np.append(0.0, recall[:-1])
    for number, (start, stop, height) in enumerate(zip(left, recall, precision, strict=True)):
        if stop > start:
            ax.add_patch(
                Rectangle((start, 0), stop - start, height, color=tint(COLORS[0], 0.3), linewidth=0)
            )
        ax.plot(stop, height, "o", color=COLORS[0])
        ax.annotate(str(number + 1), (stop, height), (4, 5), textcoords="offset points", fontsize=9)
    ax.text(0.3, 0.3, f"AP = {area:.3f}", fontsize=10, color=INK)
    ax.set(xlim=(0, 1.05), ylim=(0, 1.12), xlabel="recall", ylabel="precision")
    return figure


def tasks(metrics: Metrics, names: Mapping[str, str], bars: Mapping[str, float]) -> Figure:
    """Draw four tasks, each with its own metric: the network, the rule and chance, every seed a dot (C16).

    Args:
        metrics: of the experiment, `<metric>_<who>` (S,).
        names: metric → what stands under it.
        bars: metric → what the network has to reach.
    """
    figure, ax = new("small", height=3.4)
    who = {"net": "network", "rule": "rule", "chance": "chance"}
    for place, metric in enumerate(names):
        for number, (one, label) in enumerate(who.items()):
            name = f"{metric}_{one}"
            if name not in metrics:
                continue
            values = 100 * metrics[name]
            at = place + 0.24 * (number - 1)
            ax.plot(
                at + np.linspace(-0.05, 0.05, len(values)), values, MARKERS[number], linestyle="none",
                color=COLORS[number], alpha=0.6, markersize=5, label=label if place == 0 else None,
            )  # fmt: skip
            ax.hlines(
                values.mean(), at - 0.1, at + 0.1, color=COLORS[number], linewidth=2, linestyle="-"
            )
        ax.hlines(
            100 * bars[metric], place - 0.4, place + 0.4, color=GREY, linestyle="--", linewidth=1.2,
            label="bar" if place == 0 else None,
        )  # fmt: skip
    ax.set_xticks(range(len(names)), names.values())
    ax.set(ylim=(0, 103), ylabel="metric (%)", xlim=(-0.55, len(names) - 0.45))
    ax.grid(visible=False, axis="x")
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.46, 1.15),
        ncols=4,
        columnspacing=1.0,
        handletextpad=0.4,
        fontsize=8.5,
        frameon=False,
    )
    return figure


def curves(metrics: Metrics) -> Figure:
    """Draw precision over recall of network and rule, and the network's AP over the IoU asked for (C16)."""
    figure, (left, right) = new("small", rows=2, height=5.4)
    for number, (who, label) in enumerate({"net": "network", "rule": "rule"}.items()):
        values = 100 * metrics[f"precision_{who}"]
        mean_and_spread(
            left, np.linspace(0, 100, values.shape[1]), values, label,
            color=COLORS[number], linestyle=LINES[number],
        )  # fmt: skip
    left.set(xlabel="recall (%)", ylabel="precision (%)", ylim=(0, 103), xlim=(0, 100))
    left.legend(loc="lower left")
    values = 100 * metrics["ap_by_threshold_net"]
    mean_and_spread(
        right,
        np.linspace(0.5, 0.9, values.shape[1]),
        values,
        color=COLORS[0],
        marker="o",
        linestyle="-",
    )
    right.set(xlabel="least IoU of a right box", ylabel="average precision (%)", ylim=(0, 103))
    return figure


def by_class(metrics: Metrics, names: Sequence[str]) -> Figure:
    """Draw IoU and average precision of the network for each class, means over seeds with one deviation (C16)."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZES["small"][0] + 0.4, 3.7), layout="constrained")
        ax = figure.subplots()
    order = np.argsort(metrics["iou_by_class_net"].mean(axis=0)[1:])
    rows = {
        "pixels (IoU)": metrics["iou_by_class_net"][:, 1:],
        "boxes (AP)": metrics["ap_by_class_net"],
    }
    for number, (label, values) in enumerate(rows.items()):
        percent = 100 * values[:, order]
        ax.errorbar(
            percent.mean(axis=0), np.arange(len(order)) + 0.16 * (number - 0.5), label=label, capsize=2,
            xerr=percent.std(axis=0, ddof=1) if len(percent) > 1 else None, marker=MARKERS[number],
            color=COLORS[number], linestyle="none", markersize=5,
        )  # fmt: skip
    ax.set_yticks(range(len(order)), [names[place] for place in order])
    ax.set(xlabel="metric (%)", xlim=(0, 103))
    ax.grid(visible=False, axis="y")
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False)
    return figure


def answers(
    images: Any,
    true: Any,
    predicted: Any,
    boxes: Any,
    found: Any,
    names: Sequence[str],
    least: float = 0.5,
) -> Figure:
    """Draw scenes with true and found boxes and pixels, a row a scene; show it with `show(figure, raster=True)`.

    Args:
        images: (n, H, W), grey from 0 to 1.
        true, predicted: (n, H, W) of 0 for the background and class + 1.
        boxes: (n, K, 5) class, x0, y0, x1, y1.
        found: (n, M, 6) class, score, x0, y0, x1, y1. In both, rows of −1 are left out.
        names: of the classes.
        least: score of a box that is drawn.
    """
    rows = len(images)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZES["small"][0] + 0.6, 1.25 * rows + 0.3), layout="constrained")
        axes = figure.subplots(rows, 4, squeeze=False)
    titles = ("true boxes", "found boxes", "true pixels", "found pixels")
    for line, image, mask, guess, real, seen in zip(
        axes, images, true, predicted, boxes, found, strict=True
    ):
        for ax in line:
            ax.set_axis_off()
        for ax in line[:2]:
            _grey(ax, image)
        for kind, *box in _used(real):
            _box(line[0], box, COLORS[0], "-", names[int(kind)], size=6.5)
        for kind, score, *box in _used(seen):
            if score >= least:
                _box(line[1], box, COLORS[1], "-", names[int(kind)], size=6.5)
        _mask(line[2], mask)
        _mask(line[3], guess)
    for ax, title in zip(axes[0], titles, strict=True):
        ax.set_title(title, fontsize=9)
    return figure


def retrieved(queries: Any, rows: Mapping[str, tuple[Any, Any]]) -> Figure:
    """Draw queries and what was found for them, a frame around what is right; show it with `show(figure, raster=True)`.

    Args:
        queries: (Q, H, W) images.
        rows: name → images (Q, M, H, W) in the order found, and which are right (Q, M).
    """
    count = next(iter(rows.values()))[0].shape[1]
    with mpl.rc_context(STYLE):
        figure = Figure(
            figsize=(SIZES["small"][0] + 0.6, 0.58 * len(queries) * len(rows) + 0.4),
            layout="constrained",
        )
        axes = figure.subplots(len(queries) * len(rows), count + 1, squeeze=False)
    for query, image in enumerate(queries):
        for place, (name, (images, right)) in enumerate(rows.items()):
            line = axes[query * len(rows) + place]
            for ax in line:
                ax.set(xticks=[], yticks=[])
                for side in ax.spines.values():
                    side.set_visible(False)
            line[0].imshow(image, vmin=0, vmax=1)
            line[0].set_ylabel(name, fontsize=7.5, rotation=0, ha="right", va="center")
            for ax, found, good in zip(line[1:], images[query], right[query], strict=True):
                ax.imshow(found, vmin=0, vmax=1)
                for side in ax.spines.values():
                    side.set(visible=True, color=COLORS[2] if good else COLORS[1], linewidth=2.2)
                    side.set_linestyle("-" if good else ":")
    axes[0][0].set_title("query", fontsize=9)
    axes[0][1].set_title("found, best first", fontsize=9, loc="left")
    return figure


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.2})


def _grey(ax: Axes, image: Any) -> None:
    """Show an image so that pixel (i, j) covers the square from (j, i) to (j + 1, i + 1), as boxes count."""
    height, width = np.asarray(image).shape
    ax.imshow(image, vmin=0, vmax=1, extent=(0, width, height, 0))


def _mask(ax: Axes, mask: Any) -> None:
    height, width = np.asarray(mask).shape
    ax.imshow(
        mask, cmap=MASKS, vmin=0, vmax=10, interpolation="nearest", extent=(0, width, height, 0)
    )
    ax.add_patch(Rectangle((0, 0), width, height, facecolor="none", edgecolor=GREY, linewidth=0.8))


def _used(rows: Any) -> list[list[float]]:
    return [list(map(float, row)) for row in np.asarray(rows) if row[0] >= 0]


def _box(
    ax: Axes, box: Sequence[float], color: Any, line: str, name: str | None = None, size: float = 8
) -> None:
    x0, y0, x1, y1 = box
    ax.add_patch(
        Rectangle((x0, y0), x1 - x0, y1 - y0, facecolor="none", edgecolor=color, linewidth=1.6, linestyle=line)
    )  # fmt: skip
    if name:
        ax.text(
            x0 + 0.5, y0 + 0.5, name, fontsize=size, va="top", color="#FFFFFF", clip_on=True,
            bbox={"facecolor": color, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
