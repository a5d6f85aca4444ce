"""The figure on the cover: three claims, each with what was measured and the verdict that came out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deeplearning.figures.common import compare, mean_and_spread
from deeplearning.figures.style import COLORS, GREY, MARKERS, new

# Test accuracy (%) in the table of the Fashion-MNIST repository, MLP 256-128-100 (Xiao, Rasul and Vollgraf, 2017).
PUBLISHED_MLP = 88.3
VERDICT_COLORS = {"holds": COLORS[2], "holds partly": COLORS[4], "does not hold": COLORS[1]}


def cover(records: Mapping[str, Any]) -> Figure:
    """Draw up to three claims side by side: the claim, the measurement, the verdict from the record.

    Args:
        records: id to record, e.g. `records.load_all()`. Of F2, N5, D9 and N6 the first three are drawn that are
            there with the metrics that the panel needs.

    Raises:
        ValueError: none of them is there.
    """
    panels = [
        (name, title, draw)
        for name, title, needed, draw in PANELS
        if name in records and all(metric in records[name].metrics for metric in needed)
    ][:3]
    if not panels:
        raise ValueError(
            f"cover: give records of {', '.join(name for name, *_ in PANELS)}; got {sorted(records)}"
        )
    figure, axes = new("wide", columns=len(panels), height=3.1)
    for ax, (name, title, draw) in zip(np.atleast_1d(axes), panels, strict=True):
        draw(ax, records[name])
        outcome = records[name].verdict.outcome
        ax.set_title(title, fontsize=9, loc="left", pad=22)
        ax.text(0, 1.03, f"{name}: {outcome}", transform=ax.transAxes, fontsize=9, fontweight="bold",
                color=VERDICT_COLORS.get(outcome, GREY))  # fmt: skip
        ax.tick_params(labelsize=8)
        ax.xaxis.label.set_size(8.5)
        ax.yaxis.label.set_size(8.5)
    return figure


def _published(ax: Axes, record: Any) -> None:
    """The book's own engine on Fashion-MNIST beside the published accuracy."""
    compare(ax, ["our engine"], [100 * record.metrics["test_accuracy"]])
    ax.axhline(PUBLISHED_MLP, color=COLORS[1], linestyle="--", linewidth=1.4)
    ax.text(
        0.56,
        PUBLISHED_MLP - 0.05,
        f"published {PUBLISHED_MLP}",
        ha="right",
        va="top",
        fontsize=8,
        color=COLORS[1],
    )
    values = 100 * record.metrics["test_accuracy"]
    ax.set(
        ylabel="test accuracy (%)",
        ylim=(min(values.min(), PUBLISHED_MLP) - 0.7, values.max() + 0.5),
    )


def _xor(ax: Axes, record: Any) -> None:
    """Share of random starts that solve XOR, against the hidden width, for three activations."""
    widths = record.config["widths"]
    for index, name in enumerate(("sigmoid", "tanh", "relu")):
        shares = 100 * record.metrics[f"share_{name}"]
        mean_and_spread(
            ax, widths, shares, name, color=COLORS[index], marker=MARKERS[index], markersize=4
        )
    ax.set_xscale("log", base=2)
    ax.set_xticks(widths, [str(width) for width in widths])
    ax.set(xlabel="hidden neurons", ylabel="starts that succeed (%)", ylim=(-3, 103))
    ax.legend(fontsize=8, loc="lower right")


def _depth(ax: Axes, record: Any) -> None:
    """Test error of one layer of 20 neurons and of two layers of 10, a dot a seed."""
    groups = [
        100 * record.metrics[f"test_error_spirals_{shape}"] for shape in ("wide_20", "deep_10_10")
    ]
    compare(ax, ["one layer\nof 20", "two layers\nof 10"], groups)
    ax.set(ylabel="test error, spirals (%)")
    ax.set_ylim(bottom=0)


def _weights(ax: Axes, record: Any) -> None:
    """Rank correlation of a weight's size with its input's importance."""
    groups = [record.metrics[f"{kind}_permutation"] for kind in ("standardised", "raw")]
    compare(ax, ["standardised", "raw units"], groups)
    ax.axhline(0, color=GREY, linewidth=1)
    ax.set(ylabel="rank correlation", ylim=(-1, 1))


Panel = tuple[str, str, tuple[str, ...], Callable[[Axes, Any], None]]
PANELS: tuple[Panel, ...] = (
    ("F2", "our own engine reaches the\npublished accuracy", ("test_accuracy",), _published),
    (
        "N5",
        "a network with a hidden\nlayer solves XOR",
        ("share_sigmoid", "share_tanh", "share_relu"),
        _xor,
    ),
    (
        "D9",
        "two layers of ten beat\none of twenty",
        ("test_error_spirals_wide_20", "test_error_spirals_deep_10_10"),
        _depth,
    ),
    (
        "N6",
        "a large weight marks\nan important input",
        ("standardised_permutation", "raw_permutation"),
        _weights,
    ),
)
