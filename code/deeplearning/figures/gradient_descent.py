"""Figures of the chapter on gradient descent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from deeplearning.figures.common import mean_and_spread
from deeplearning.figures.style import COLORS, GREY, MARKERS, new


class Surface(Protocol):
    """What is drawn: a function of two parameters, with a name (see `models.surfaces`)."""

    @property
    def name(self) -> str:
        """What the panel is called."""

    @property
    def value(self) -> Callable[[np.ndarray], np.ndarray]:
        """Heights (…) of points (…, 2)."""


def contours(
    axes: Axes, surface: Surface, reach: tuple[float, float], levels: Sequence[float] | int = 14
) -> None:
    """Draw a surface's lines of equal height over ±reach."""
    t1, t2 = (np.linspace(-r, r, 121) for r in reach)
    grid = np.stack(np.meshgrid(t1, t2), axis=-1)
    axes.contour(
        t1, t2, surface.value(grid), levels=levels, colors=GREY, linewidths=0.7, linestyles="solid"
    )
    axes.grid(visible=False)
    axes.set(xlabel=r"$\theta_1$", ylabel=r"$\theta_2$")


def one_dimension(paths: Mapping[str, np.ndarray], curvature: float) -> Figure:
    """Paths on a parabola, one panel each, two in a row: where every step lands. A square marks the start.

    Args:
        paths: title → points (T,) of the path.
        curvature: λ of the parabola λθ²/2.
    """
    rows = -(-len(paths) // 2)
    figure, panels = new(
        "wide", rows=rows, columns=2, height=2.4 * rows, sharey=True, sharex=True, squeeze=False
    )
    theta = np.linspace(-1.6, 1.6, 161)
    for ax, (title, path), color in zip(panels.flat, paths.items(), COLORS, strict=False):
        ax.plot(theta, 0.5 * curvature * theta**2, color=GREY, linewidth=1, linestyle="-")
        shown = path[np.abs(path) < 1.6]
        ax.plot(
            shown,
            0.5 * curvature * shown**2,
            color=color,
            marker="o",
            markersize=3.5,
            linewidth=1,
            linestyle="-",
        )
        ax.plot(shown[:1], 0.5 * curvature * shown[:1] ** 2, color=color, marker="s", markersize=7)
        ax.set(title=title, xlim=(-1.6, 1.6), ylim=(-0.2, 0.5 * curvature * 1.6**2))
    for ax in panels[-1]:
        ax.set_xlabel(r"parameter $\theta$")
    for ax in panels[:, 0]:
        ax.set_ylabel(r"loss $f(\theta)$")
    return figure


def paths_on(
    surface: Surface, paths: Mapping[str, np.ndarray], reach: tuple[float, float]
) -> Figure:
    """Paths on a surface seen from above, one panel each."""
    figure, panels = new("wide", columns=len(paths), height=3.0, sharey=True)
    for ax, (title, path), color in zip(np.atleast_1d(panels), paths.items(), COLORS, strict=False):
        contours(ax, surface, reach)
        ax.plot(
            path[:, 0],
            path[:, 1],
            color=color,
            marker="o",
            markersize=2.5,
            linewidth=1,
            linestyle="-",
        )
        ax.plot(*path[0], marker="s", markersize=6, color=color)
        ax.plot(0, 0, marker="*", markersize=11, color="#1A1A1A")
        ax.set(title=title, xlim=(-reach[0], reach[0]), ylim=(-reach[1], reach[1]))
    for ax in np.atleast_1d(panels)[1:]:
        ax.set_ylabel("")
    return figure


def rate_sweep(
    rates: Sequence[float], losses: np.ndarray, guessing: float, cap: float | None = None
) -> Figure:
    """Mean training loss of the first and of the last epoch against the learning rate.

    Args:
        rates: (R,).
        losses: (2, S, R) nats, after the first epoch and after the last, a row a seed.
        guessing: the loss of guessing, in nats.
        cap: where larger losses were cut off, in nats; none if None.
    """
    figure, axes = new("wide", height=3.6)
    for values, label, marker in zip(losses, ("first epoch", "fifth epoch"), MARKERS, strict=False):
        mean_and_spread(axes, rates, values, label, marker=marker)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel=r"learning rate $\eta$",
        ylabel="mean training loss (nats)",
    )
    for level, name in ((guessing, "guessing"), (cap, "larger losses are cut off here")):
        if level is not None:
            axes.axhline(level, color=GREY, linewidth=1, linestyle=":")
            axes.annotate(
                name,
                (rates[0], level),
                xytext=(2, 4),
                textcoords="offset points",
                fontsize=9,
                color=GREY,
            )
    _plain_ticks(axes, "y", (0.5, 1, 2, 5, 10, 20))
    axes.legend(loc="center left", bbox_to_anchor=(0, 0.66))
    return figure


def batches(sizes: Sequence[int], losses: np.ndarray, seconds: np.ndarray, samples: int) -> Figure:
    """Loss against samples seen (above) and against seconds (below), a line a batch size.

    Args:
        sizes: (B,) batch sizes.
        losses: (S, B, T) nats at T evenly spaced numbers of samples.
        seconds: (S, B, T) seconds of training until then.
        samples: the last of these numbers.
    """
    figure, (upper, lower) = new("wide", rows=2, height=6.6, sharey=True)
    seen = np.linspace(samples / losses.shape[2], samples, losses.shape[2]) / 1000
    shades = np.linspace(0, 1, len(sizes))
    for i, size in enumerate(sizes):
        blue, orange = np.array([0, 0x72, 0xB2]) / 255, np.array([0xD5, 0x5E, 0]) / 255
        color = tuple(blue * (1 - shades[i]) + orange * shades[i])
        look = {
            "color": color,
            "marker": MARKERS[i % len(MARKERS)],
            "markersize": 5,
            "linewidth": 1.4,
            "linestyle": "-",
        }
        upper.plot(seen, losses[:, i].mean(axis=0), label=f"{size:,}", **look)
        lower.plot(np.median(seconds[:, i], axis=0), losses[:, i].mean(axis=0), **look)
    upper.set(xlabel="samples seen (thousands)", yscale="log")
    lower.set(xlabel="seconds of training", xscale="log")
    for ax in (upper, lower):
        ax.set_ylabel("loss on all images (nats)")
        _plain_ticks(ax, "y", (0.4, 0.6, 1, 1.5, 2.3))
    _plain_ticks(lower, "x", (0.1, 1, 10))
    figure.legend(
        *upper.get_legend_handles_labels(), title="batch size", loc="outside upper center", ncols=7, fontsize=9,
        columnspacing=1.1, handletextpad=0.3,
    )  # fmt: skip
    return figure


def gradient_noise(sizes: Sequence[int], spread: np.ndarray) -> Figure:
    """How far a batch's gradient lies from the full gradient, against the batch size.

    Args:
        sizes: (B,).
        spread: (B,) root mean square distance, relative to the full gradient's length.
    """
    figure, axes = new("small")
    axes.plot(sizes, spread, color=COLORS[0], marker="o", linestyle="-", label="measured")
    axes.plot(
        sizes,
        spread[0] * np.sqrt(sizes[0] / np.array(sizes)),
        color=GREY,
        linestyle=":",
        label=r"slope $-\frac{1}{2}$",
    )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="batch size $B$",
        ylabel="distance ÷ length of the gradient",
    )
    _plain_ticks(axes, "x", sizes)
    _plain_ticks(axes, "y", (0.25, 0.5, 1, 2, 4, 8))
    axes.legend()
    return figure


def flat_places(surfaces: Sequence[Surface], paths: Sequence[Mapping[str, np.ndarray]]) -> Figure:
    """Surfaces whose gradient vanishes in the middle, with paths that stay there and paths that leave.

    A square marks a path's start, a disc its end.
    """
    figure, panels = new("wide", columns=len(surfaces), height=3.9, sharey=True)
    for ax, surface, walks in zip(np.atleast_1d(panels), surfaces, paths, strict=True):
        contours(ax, surface, (1.5, 1.5), levels=np.arange(-0.25, 0.8, 0.07).tolist())
        # The first path lies under the second, where both run along the ridge: wide below, narrow above.
        for (label, path), color, width in zip(
            walks.items(), COLORS, (4.5, 1.8, 1.0), strict=False
        ):
            ax.plot(
                path[:, 0], path[:, 1], color=color, linewidth=width, linestyle="-", label=label
            )
            ax.plot(*path[0], marker="s", markersize=width + 4, color=color)
            ax.plot(*path[-1], marker="o", markersize=width + 5, color=color)
        ax.set(title=surface.name, xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
        ax.legend(loc="lower left")
    np.atleast_1d(panels)[-1].set_ylabel("")
    return figure


def escape(pushes: Sequence[float], steps: np.ndarray, lr: float) -> Figure:
    """Steps until a valley is reached against the size of the push off the ridge.

    Args:
        pushes: (P,) sizes.
        steps: (S, P) medians over starts, a row a seed.
        lr: the learning rate η, for the expected slope: 1 / ln(1 + η) steps for a push smaller by the factor e.
    """
    figure, axes = new("small")
    mean_and_spread(axes, pushes, steps, "measured", marker="o", linestyle="none")
    expected = steps[:, -1].mean() - np.log(np.array(pushes) / pushes[-1]) / np.log(1 + lr)
    axes.plot(pushes, expected, color=GREY, linestyle=":", label=r"slope $-1/\ln(1+\eta)$")
    axes.set(
        xscale="log", xlabel=r"push $\varepsilon$ off the saddle", ylabel="steps to the valley"
    )
    axes.legend()
    return figure


def _plain_ticks(axes: Axes, which: str, places: Sequence[float]) -> None:
    """Write 0.1 and 10 where a logarithmic axis would write powers of ten."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(FixedLocator(list(places)))
    axis.set_major_formatter(FixedFormatter([f"{place:g}" for place in places]))
    axis.set_minor_locator(NullLocator())
