"""Figures of the chapter on regularisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from deeplearning.figures.common import compare, image_grid, mean_and_spread
from deeplearning.figures.style import COLORS, GREY, MARKERS, new
from deeplearning.records import Metrics


def overfitting(train: np.ndarray, test: np.ndarray) -> Figure:
    """Loss (left) and accuracy (right) after every epoch, on training and on test images.

    Args:
        train: (E, 2) loss in nats and accuracy on the training images.
        test: (E, 2) the same on the test images.
    """
    figure, panels = new("wide", columns=2, height=3.2)
    epochs = np.arange(1, len(train) + 1)
    for ax, column, label in zip(panels, (0, 1), ("loss (nats)", "accuracy"), strict=True):
        for values, name, color, style in (
            (train, "training images", COLORS[0], "-"),
            (test, "test images", COLORS[1], "--"),
        ):
            ax.plot(epochs, values[:, column], label=name, color=color, linestyle=style)
        ax.set(xlabel="epoch", ylabel=label)
    lowest = int(test[:, 0].argmin())
    panels[0].plot(epochs[lowest], test[lowest, 0], "o", color=COLORS[1])
    panels[0].set_ylim(0)
    panels[1].legend(loc="lower right")
    return figure


def thinned(layers: Sequence[int], kept: Sequence[Sequence[Sequence[bool]]]) -> Figure:
    """A network and some of the networks that dropout leaves of it; units that are dropped stay as dotted rings.

    Args:
        layers: number of units of each layer, inputs first.
        kept: for each picture, for each layer, whether a unit is kept.
    """
    figure, panels = new("wide", columns=len(kept), height=2.1, squeeze=False)
    for ax, masks in zip(panels.flat, kept, strict=True):
        places = [
            [(float(x), (count - 1) / 2 - i) for i in range(count)]
            for x, count in enumerate(layers)
        ]
        for left, right, here, there in zip(places, places[1:], masks, masks[1:], strict=False):
            for (x0, y0), first in zip(left, here, strict=True):
                for (x1, y1), second in zip(right, there, strict=True):
                    if first and second:
                        ax.plot([x0, x1], [y0, y1], color=GREY, linewidth=0.7, linestyle="-")
        for column, mask in zip(places, masks, strict=True):
            for (x, y), keep in zip(column, mask, strict=True):
                ax.plot(
                    x, y, "o", markersize=9, color=COLORS[0] if keep else "none",
                    markeredgecolor=COLORS[0] if keep else GREY, linestyle="none",
                )  # fmt: skip
        ax.set_axis_off()
        ax.margins(0.12)
    return figure


def augmented(images: np.ndarray) -> Figure:
    """Each row one training image as it is (first column) and as it is drawn anew in further epochs.

    Args:
        images: (rows, columns, H, W).
    """
    rows, columns, height, width = images.shape
    return image_grid(images.reshape(rows * columns, height, width), columns=columns)


def learning_curves(metrics: Metrics, sizes: Sequence[int]) -> Figure:
    """Test and training accuracy against the number of training images, deep network and logistic regression (D3)."""
    figure, axes = new("wide", height=3.8)
    for kind, name, color, marker in (
        ("deep", "deep network", COLORS[0], "o"),
        ("logistic", "logistic regression", COLORS[1], "s"),
    ):
        for part, style in (("test", "-"), ("train", ":")):
            values = np.column_stack([metrics[f"{part}_accuracy_{kind}_{n}"] for n in sizes])
            mean_and_spread(
                axes, sizes, values, f"{name}, {'test' if part == 'test' else 'training'} images",
                color=color, marker=marker, linestyle=style,
            )  # fmt: skip
    axes.set(xscale="log", xlabel="training images", ylabel="accuracy")
    _plain_ticks(axes, sizes)
    axes.legend(loc="lower right")
    return figure


NAMES = {
    "none": "none",
    "decay": "weight decay",
    "dropout": "dropout",
    "early": "early stopping",
    "augment": "augmentation",
    "batch": "batch norm.",
    "layer": "layer norm.",
}


def gap_and_accuracy(metrics: Metrics) -> Figure:
    """The gap and the test accuracy of the contenders of D7, one below the other; each dot a seed."""
    figure, (upper, lower) = new("wide", rows=2, height=5.4, sharex=True)
    for ax, metric, label in (
        (upper, "gap", "train − test accuracy"),
        (lower, "test_accuracy", "test accuracy"),
    ):
        groups = [metrics[f"{metric}_{case}"] for case in NAMES]
        means = compare(ax, list(NAMES.values()), groups)
        ax.axhline(means[0], color=GREY, linewidth=1, linestyle=":")
        ax.set_ylabel(label)
    upper.set_ylim(0)
    lower.tick_params(axis="x", rotation=25)
    return figure


def strength_paths(metrics: Metrics, cases: Sequence[str]) -> Figure:
    """Test accuracy against the gap, a point for every strength of every method in D7, joined from weak to strong.

    Args:
        metrics: of D7.
        cases: which methods; the plain network is drawn as a star.
    """
    figure, axes = new("wide", height=3.9)
    plain = metrics.mean("gap_none"), metrics.mean("test_accuracy_none")
    for case, color, marker in zip(cases, COLORS, MARKERS, strict=False):
        test = metrics.mean(f"test_accuracies_{case}")
        gap = metrics.mean(f"train_accuracies_{case}") - test
        order = np.argsort(-gap)  # from weak to strong
        gap, test = gap[order], test[order]
        strengths = metrics.mean(f"strengths_{case}")[order]
        axes.plot(
            [plain[0], *gap], [plain[1], *test], color=color, marker=marker, linestyle="-",
            linewidth=1.2, label=NAMES[case],
        )  # fmt: skip
        for strength, x, y in zip(strengths, gap, test, strict=True):
            axes.annotate(
                f"{strength:g}", (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8,
                color=color,
            )  # fmt: skip
    axes.plot(*plain, marker="*", markersize=13, color="#1A1A1A", linestyle="none", label="none")
    axes.set(xlabel="gap: train − test accuracy", ylabel="test accuracy")
    axes.legend(fontsize=8)
    return figure


def depth_and_gap(metrics: Metrics, depths: Sequence[int]) -> Figure:
    """Accuracy on training and test images against depth, at equal width and at equal parameters (D8)."""
    figure, panels = new("wide", columns=2, height=3.4, sharey=True)
    for ax, family, title in zip(
        panels, ("width", "parameters"), ("equal width", "equal parameters"), strict=True
    ):
        for part, name, color, style in (
            ("train", "training images", COLORS[0], "-"),
            ("test", "test images", COLORS[1], "--"),
        ):
            values = np.column_stack([metrics[f"{part}_accuracy_{family}_{d}"] for d in depths])
            mean_and_spread(ax, depths, values, name, color=color, marker="o", linestyle=style)
        ax.set(title=title, xlabel="hidden layers", xticks=list(depths))
    panels[0].set_ylabel("accuracy")
    panels[0].legend(loc="center right")
    return figure


def double_descent(
    sizes: Sequence[int],
    errors: Mapping[str, Any],
    threshold: float,
    xlabel: str,
    spread: bool = False,
) -> Figure:
    """Test error against size on a logarithmic axis, with the size at which the training data can just be fitted.

    Args:
        sizes: (n,) what is on the horizontal axis.
        errors: label → (n,) errors, or with ``spread`` (S, n), a row a seed.
        threshold: where the vertical line stands.
        xlabel: what the sizes are.
        spread: draw the mean over seeds with a band.
    """
    figure, axes = new("wide", height=3.5)
    for (label, values), color, marker in zip(errors.items(), COLORS, MARKERS, strict=False):
        if spread:
            mean_and_spread(axes, sizes, values, label, color=color, marker=marker, linestyle="-")
        else:
            axes.plot(sizes, values, label=label, color=color, marker=marker, linestyle="-")
    axes.axvline(threshold, color=GREY, linewidth=1, linestyle=":")
    axes.set(xscale="log", xlabel=xlabel, ylabel="error")
    _plain_ticks(axes, [size for size in sizes if size in _powers(sizes)])
    axes.legend()
    return figure


def _powers(sizes: Sequence[int]) -> set[int]:
    """Sizes far enough apart to be written below a logarithmic axis: each at least 1.9 times the one before."""
    kept: list[int] = []
    for size in sizes:
        if not kept or size >= 1.9 * kept[-1]:
            kept.append(size)
    return set(kept)


def recipe(metrics: Metrics, cases: Mapping[str, str], published: float, bar: float) -> Figure:
    """Test accuracy of recipes, each with one ingredient more than the one before (F3).

    Args:
        metrics: of F3.
        cases: name in the record → name on the axis.
        published: accuracy published for an MLP.
        bar: accuracy that the claim asks for.
    """
    figure, axes = new("small")
    groups = [metrics[f"test_accuracy_{case}"] for case in cases]
    compare(axes, list(cases.values()), groups)
    for level, text in ((published, "published for an MLP"), (bar, "the claim's bar")):
        axes.axhline(level, color=GREY, linewidth=1, linestyle=":")
        axes.annotate(
            text, (-0.55, level), xytext=(0, 3), textcoords="offset points", fontsize=9, color=GREY
        )
    axes.set_ylabel("test accuracy")
    return figure


def _plain_ticks(axes: Axes, places: Sequence[int]) -> None:
    """Write 100 and 60,000 where a logarithmic axis would write powers of ten."""
    axes.xaxis.set_major_locator(FixedLocator(list(places)))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{place:,}" for place in places]))
    axes.xaxis.set_minor_locator(NullLocator())
