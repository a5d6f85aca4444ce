"""The figures of the measured claims of the chapter on convolution, C3 to C6."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from deeplearning.figures.common import compare, mean_and_spread
from deeplearning.figures.style import COLORS, LINES, MARKERS, SIZES, STYLE, new

SIGNED = LinearSegmentedColormap.from_list("signed", [COLORS[1], "white", COLORS[0]])
HIDDEN = {
    "full": "fully connected",
    "local": "locally connected",
    "shared": "convolutional, 8 maps",
    "wide": "convolutional, 28 maps",
}
KERNELS = ("learned", "designed", "random")


def weight_sharing(record: Any) -> Figure:
    """Of record C3: accuracy by the number of parameters; a line joins test and training accuracy of a network."""
    sizes = record.metrics["sizes"][0]
    figure, axes = new("wide", columns=len(sizes), height=4.0, sharey=True, squeeze=False)
    for place, (ax, size) in enumerate(zip(axes[0], sizes, strict=True)):
        for number, (kind, name) in enumerate(HIDDEN.items()):
            # Two of the networks have almost as many parameters: apart by a finger's width.
            x = record.mean(f"parameters_{kind}") * {"local": 0.87, "wide": 1.15}.get(kind, 1.0)
            tested = record.metrics[f"test_accuracy_{kind}"][:, place]
            trained = float(record.mean(f"train_accuracy_{kind}")[place])
            color, marker = COLORS[number], MARKERS[number]
            ax.plot([x, x], [tested.mean(), trained], color=color, linestyle=":", linewidth=1.4)
            ax.plot(x, trained, marker, color=color, markerfacecolor="white", markersize=7)
            error = tested.std(ddof=1) if len(tested) > 1 else 0.0
            ax.errorbar(
                x, tested.mean(), yerr=error, fmt=marker, color=color, capsize=4, markersize=7, label=name
            )  # fmt: skip
        ax.set_xscale("log")
        ax.set(xlabel="parameters", title=f"{int(size):,} training images")
        ax.set_xlim(4e3, 3e6)
    axes[0, 0].set_ylabel("accuracy")
    handles, names = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2)
    return figure


def feature_maps(record: Any, counts: Any) -> Figure:
    """Of record C4: test accuracy by the number of kernels, ``counts``, and with as many numbers for the classifier."""
    figure, ax = new("wide", height=3.5)
    values = np.column_stack([record.metrics[f"test_accuracy_maps{count}"] for count in counts])
    mean_and_spread(
        ax, counts, values, "maps of 6 × 6", color=COLORS[0], marker=MARKERS[0], linestyle=LINES[0]
    )
    names = {1: "equal1", 4: "equal4", 16: "maps16"}
    equal = np.column_stack([record.metrics[f"test_accuracy_{name}"] for name in names.values()])
    mean_and_spread(
        ax, list(names), equal, "576 numbers in all", color=COLORS[1], marker=MARKERS[1], linestyle=LINES[1]
    )  # fmt: skip
    ax.set_xscale("log", base=2)
    ax.set_xticks(list(counts), [str(count) for count in counts])
    ax.minorticks_off()
    ax.set(xlabel="kernels", ylabel="test accuracy")
    ax.legend(loc="lower right")
    return figure


def mosaic(kernels: np.ndarray, columns: int = 4) -> np.ndarray:
    """Lay kernels (K, R, R) side by side, each divided by its largest magnitude, with NaN between them.

    >>> mosaic(np.ones((2, 1, 1)), columns=2)
    array([[ 1., nan,  1.]])
    """
    count, size, _ = kernels.shape
    rows = -(-count // columns)
    picture = np.full((rows * (size + 1) - 1, columns * (size + 1) - 1), np.nan)
    for place, kernel in enumerate(kernels):
        top, left = (size + 1) * (place // columns), (size + 1) * (place % columns)
        picture[top : top + size, left : left + size] = kernel / (np.abs(kernel).max() or 1.0)
    return picture


def _draw(ax: Axes, kernels: np.ndarray, title: str) -> None:
    ax.imshow(mosaic(np.asarray(kernels, dtype=float)), cmap=SIGNED, vmin=-1, vmax=1)
    ax.set_title(title, fontsize=9.5)
    ax.set_axis_off()


def learned_kernels(record: Any, kernels: Mapping[str, np.ndarray]) -> Figure:
    """Of record C5: the kernels (K, R, R) of each kind above, and below the test accuracy by kind at each size."""
    if set(kernels) != set(KERNELS):
        raise ValueError(f"expected kernels named {', '.join(KERNELS)}; got {', '.join(kernels)}")
    sizes = record.metrics["sizes"][0]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZES["wide"][0], 5.6), layout="constrained")
        grid = figure.add_gridspec(2, 6, height_ratios=[1.1, 1.3])
        for number, kind in enumerate(KERNELS):
            _draw(figure.add_subplot(grid[0, 2 * number : 2 * number + 2]), kernels[kind], kind)
        width = 6 // len(sizes)
        for place, size in enumerate(sizes):
            ax = figure.add_subplot(grid[1, width * place : width * (place + 1)])
            groups = [record.metrics[f"test_accuracy_{kind}"][:, place] for kind in KERNELS]
            compare(ax, KERNELS, groups)
            ax.set(xlabel="kernels", title=f"{int(size):,} training images")
            if place == 0:
                ax.set_ylabel("test accuracy")
    return figure


def stride(record: Any) -> Figure:
    """Of record C6: test accuracy by the side of the maps, and by the multiplications for one image."""
    figure, axes = new("wide", columns=2, height=3.6, sharey=True)
    ways = {
        "larger stride": ("stride", (1, 2, 3, 4)),
        "stride 1, then pooling": ("pool", (2, 3, 4)),
    }
    for number, (name, (prefix, steps)) in enumerate(ways.items()):
        cases = [f"{prefix}{step}" for step in steps]
        values = np.column_stack([record.metrics[f"test_accuracy_{case}"] for case in cases])
        error = values.std(axis=0, ddof=1) if len(values) > 1 else None
        # A pooled map is as large as that of the stride.
        sides = [record.mean(f"side_stride{step}") for step in steps]
        costs = [record.mean(f"multiplications_{case}") for case in cases]
        for ax, x in zip(axes, (sides, costs), strict=True):
            ax.errorbar(
                x, values.mean(axis=0), yerr=error, color=COLORS[number], marker=MARKERS[number],
                linestyle=LINES[number], capsize=3, label=name,
            )  # fmt: skip
    sides = sorted(record.mean(f"side_stride{step}") for step in (1, 2, 3, 4))
    for ax in axes:
        ax.set_xscale("log")
        ax.margins(x=0.1)
    axes[0].set_xticks(sides, [f"{side:.0f}" for side in sides])
    axes[1].set_xticks([3e4, 1e5, 3e5], ["30,000", "100,000", "300,000"])
    for ax in axes:
        ax.minorticks_off()
    axes[0].set(xlabel="side of the maps in pixels", ylabel="test accuracy")
    axes[1].set_xlabel("multiplications for one image")
    axes[1].legend(loc="lower right", fontsize=8.5)
    return figure
