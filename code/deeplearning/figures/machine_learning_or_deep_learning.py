"""Figures of the chapter that sets classical methods beside a deep network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator, PercentFormatter

from deeplearning.figures.common import mean_and_spread
from deeplearning.figures.style import COLORS, GREY, MARKERS, new, tint
from deeplearning.records import Record

NAMES = {
    "neighbours": "nearest neighbours",
    "logistic": "logistic regression",
    "forest": "random forest",
    "boosting": "gradient boosting",
    "mlp": "MLP",
}
# The network in the colour that stands out; the same everywhere in the chapter.
COLOR = {
    "neighbours": COLORS[2], "logistic": COLORS[5], "forest": COLORS[4], "boosting": COLORS[3], "mlp": COLORS[0],
}  # fmt: skip
MARKER = dict(zip(NAMES, MARKERS, strict=False))
TABLES = {
    "wine": "wines", "cancer": "tumours", "titanic": "Titanic", "chess": "chess endgames",
}  # fmt: skip
NETWORKS = {"large": "large MLP", "lenet": "LeNet-5", "small": "small MLP"}


def sizes(record: Record) -> list[int]:
    """The sizes of the training sets of images in a record of D11, ascending."""
    start = "test_accuracy_mlp_"
    ends = (name.removeprefix(start) for name in record.metrics if name.startswith(start))
    return sorted(int(end) for end in ends if end.isdigit())


def boundaries(
    x: np.ndarray, y: np.ndarray, answers: Mapping[str, np.ndarray], reach: Sequence[float]
) -> Figure:
    """What each method makes of the same points: one panel each, the first with the points alone.

    Args:
        x, y: points (N, 2) and their classes, 0 or 1.
        answers: name → predicted class on a square grid, (G, G), rows from below.
        reach: left, right, bottom, top of the grid.
    """
    figure, axes = new("wide", rows=2, columns=3, height=4.6, sharex=True, sharey=True)
    titles = ["the points", *(NAMES[name] for name in answers)]
    for ax, title in zip(axes.flat, titles, strict=True):
        ax.set(title=title, xlim=reach[:2], ylim=reach[2:])
        ax.grid(visible=False)
        for number in (0, 1):
            chosen = y == number
            ax.plot(
                *x[chosen].T, MARKERS[number], color=COLORS[number], markersize=2.6, linestyle="",
                markeredgewidth=0,
            )  # fmt: skip
    left, right, bottom, top = reach
    for ax, grid in zip(axes.flat[1:], answers.values(), strict=True):
        ax.contourf(
            np.linspace(left, right, grid.shape[1]), np.linspace(bottom, top, grid.shape[0]), grid,
            levels=[-0.5, 0.5, 1.5], colors=[tint(COLORS[0], 0.22), tint(COLORS[1], 0.22)], zorder=0,
        )  # fmt: skip
    for ax in axes[-1]:
        ax.set_xlabel("$x_1$")
    for ax in axes[:, 0]:
        ax.set_ylabel("$x_2$")
    return figure


def rounds(
    t: np.ndarray, target: np.ndarray, samples: tuple[np.ndarray, np.ndarray], sums: Mapping[int, np.ndarray]
) -> Figure:  # fmt: skip
    """The sum of small trees after some rounds of boosting, one panel each.

    Args:
        t, target: positions (n,) and the function that was sampled there.
        samples: positions and values that the trees saw.
        sums: number of rounds → the sum at t.
    """
    figure, axes = new("wide", columns=len(sums), height=2.5, sharey=True, squeeze=False)
    for ax, (count, values) in zip(axes[0], sums.items(), strict=True):
        ax.plot(*samples, "o", color=GREY, markersize=2.5, linestyle="", alpha=0.6)
        ax.plot(t, target, color=GREY, linestyle="--", linewidth=1.2)
        ax.plot(t, values, color=COLOR["boosting"], linestyle="-")
        ax.set(title=f"{count} round{'s' if count > 1 else ''}", xlabel="$x$")
    axes[0, 0].set_ylabel("$y$")
    return figure


def contest(record: Record) -> Figure:
    """Accuracy and processor seconds of every contender by the number of training images.

    Above: test accuracy; below: seconds of training with tuning, filled, and of answering the test images, hollow.
    """
    figure, (above, below) = new("wide", rows=2, height=6.2, sharex=True, height_ratios=[1.15, 1])
    places = sizes(record)
    for name, title in NAMES.items():
        look: Any = {"color": COLOR[name], "marker": MARKER[name]}
        accuracy, seconds, answering = (
            np.stack([record.metrics[f"{what}_{name}_{n}"] for n in places], axis=1)
            for what in ("test_accuracy", "seconds", "predict_seconds")
        )
        width = 2.4 if name == "mlp" else 1.5
        mean_and_spread(above, places, accuracy, title, linestyle="-", linewidth=width, **look)
        below.plot(places, np.nanmean(seconds, axis=0), linestyle="-", linewidth=width, **look)
        below.plot(
            places, np.nanmean(answering, axis=0), linestyle=":", linewidth=1.1,
            markerfacecolor="white", markersize=4, **look,
        )  # fmt: skip
    below.plot([], [], color=GREY, marker="o", linestyle="-", label="to train and tune")
    below.plot(
        [], [], color=GREY, marker="o", linestyle=":", markerfacecolor="white", label="to answer the test images"
    )  # fmt: skip
    above.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    above.set(ylabel="test accuracy", xscale="log")
    below.set(ylabel="processor seconds", yscale="log", xlabel="training images", xscale="log")
    below.set_xticks(places, [f"{n:,}" for n in places])
    below.xaxis.set_minor_locator(NullLocator())
    below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    below.yaxis.set_minor_formatter(NullFormatter())
    above.legend(loc="lower right")
    below.legend(loc="upper left")
    return figure


def on_tables(record: Record) -> Figure:
    """Test accuracy on the tables: mean over seeds with ± one standard deviation, every contender beside the others."""
    figure, axes = new("wide", rows=2, columns=2, height=4.6)
    for ax, (table, title) in zip(axes.flat, TABLES.items(), strict=True):
        for row, name in enumerate(reversed(NAMES)):
            values = record.metrics[f"test_accuracy_{name}_{table}"]
            ax.errorbar(
                values.mean(), row, xerr=values.std(ddof=1) if len(values) > 1 else 0, color=COLOR[name],
                marker=MARKER[name], capsize=3, linestyle="none",
            )  # fmt: skip
        ax.set(title=title, ylim=(-0.6, len(NAMES) - 0.4))
        ax.set_yticks(range(len(NAMES)), [NAMES[name] for name in reversed(NAMES)])
        ax.grid(visible=False, axis="y")
        ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.locator_params(axis="x", nbins=5)
    for ax in axes[:, 1]:
        ax.set_yticklabels([])
    for ax in axes[-1]:
        ax.set_xlabel("test accuracy")
    return figure


def _by_batch(ax: Axes, batches: Sequence[int]) -> None:
    ax.set_xscale("log", base=2)
    ax.set_xticks(batches, [f"{n:,}" for n in batches])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("samples in a batch")


def step_speeds(batches: Sequence[int], speeds: Mapping[str, Sequence[float]]) -> Figure:
    """How many operations a second a training step does, by the size of its batch.

    Args:
        batches: (n,) sizes.
        speeds: name → operations a second, (n,).
    """
    figure, ax = new("wide", height=2.9)
    for i, (name, values) in enumerate(speeds.items()):
        ax.plot(
            batches, 1e-9 * np.asarray(values), MARKERS[i], color=COLORS[i], linestyle="-", label=name
        )  # fmt: skip
    _by_batch(ax, batches)
    ax.set(ylabel="10⁹ operations a second", yscale="log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.legend(loc="upper left")
    return figure


def gpu_ratios(record: Record) -> Figure:
    """How many times as fast a training step is on the GPU as on all cores, by network and batch."""
    figure, ax = new("wide", height=3.2)
    batches = record.config["batch_sizes"]
    for i, (network, title) in enumerate(NETWORKS.items()):
        mean_and_spread(
            ax, batches, record.metrics[f"ratio_{network}_cpu"], title, color=COLORS[i], marker=MARKERS[i],
            linestyle="-",
        )  # fmt: skip
    ax.axhline(1.0, color=GREY, linestyle="--", linewidth=1.2)
    ax.text(batches[-1], 1.05, "equally fast", ha="right", va="bottom", fontsize=9, color=GREY)
    ax.set_yscale("log")
    _by_batch(ax, batches)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_ylabel("time on all cores ÷ time on the GPU")
    ax.legend(loc="upper left")
    return figure
