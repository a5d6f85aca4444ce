"""The figures of the chapter on the six choices of training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from deeplearning.figures.common import mean_and_spread
from deeplearning.figures.style import COLORS, GREY, LINES, new, tint

INK = "#1A1A1A"
STATIONS = (
    ("data", "4 preprocessing", (0.0, 1.0)),
    ("network", "3 hidden nodes\n5 activation", (1.45, 1.0)),
    ("loss", "6 regularisation", (2.9, 1.0)),
    ("gradient", "", (2.9, 0.0)),
    ("step", "1 learning rate\n2 optimiser", (1.45, 0.0)),
)


def six_choices() -> Figure:
    """A training step as a circle of five stations, and at which of them each of the six choices is made."""
    figure, ax = new("wide", height=3.1)
    for name, choices, (x, y) in STATIONS:
        ax.text(
            x, y, name, ha="center", va="center", fontsize=11, color=INK,
            bbox={"boxstyle": "round,pad=0.5", "facecolor": tint(COLORS[0], 0.15), "edgecolor": COLORS[0]},
        )  # fmt: skip
        above = y > 0.5
        ax.text(
            x, y + (0.27 if above else -0.27), choices, ha="center", va="bottom" if above else "top", fontsize=10,
            color=COLORS[1],
        )  # fmt: skip
    for start, end in (
        ((0.3, 1.0), (1.03, 1.0)),
        ((1.87, 1.0), (2.64, 1.0)),
        ((2.9, 0.78), (2.9, 0.22)),
        ((2.48, 0.0), (1.74, 0.0)),
        ((1.45, 0.22), (1.45, 0.78)),
    ):
        ax.annotate(
            "", end, start, arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.4}
        )
    ax.text(1.4, 0.5, "new weights", ha="right", va="center", fontsize=9, color=GREY)
    ax.set(xlim=(-0.55, 3.6), ylim=(-0.75, 1.75))
    ax.set_axis_off()
    return figure


def schedules(rates: Mapping[str, np.ndarray], momentum: np.ndarray) -> Figure:
    """Learning rates by step above, and the momentum of the one that cycles it below.

    Args:
        rates: name → (T,) rates; the last is the one whose ``momentum`` (T,) is drawn.
        momentum: (T,).
    """
    figure, (upper, lower) = new("wide", rows=2, height=4.6, sharex=True, height_ratios=[2.4, 1])
    for (name, values), color, line in zip(rates.items(), COLORS, LINES, strict=False):
        upper.plot(values, color=color, linestyle=line, label=name)
    last = len(rates) - 1
    lower.plot(momentum, color=COLORS[last], linestyle=LINES[last])
    upper.set(ylabel=r"learning rate $\eta_t$")
    upper.legend(loc="upper right", fontsize=8.5)
    lower.set(xlabel="step $t$", ylabel=r"momentum $\mu_t$")
    return figure


def valley_paths(
    value: Callable[[np.ndarray], np.ndarray],
    paths: Mapping[str, np.ndarray],
    reach: tuple[float, float],
    columns: int = 2,
) -> Figure:
    """Paths to the middle of a valley seen from above, a panel each; a square marks the start, a disc the end.

    Args:
        value: heights (…) of points (…, 2).
        paths: title → (T, 2).
        reach: how far the axes go to either side.
        columns: panels in a row.
    """
    rows = -(-len(paths) // columns)
    height = 0.4 + rows * (0.55 + 7.0 / columns * min(1.0, reach[1] / reach[0] * 1.6))
    figure, panels = new(
        "wide", rows=rows, columns=columns, height=height, sharex=True, sharey=True, squeeze=False
    )
    t1, t2 = (np.linspace(-r, r, 121) for r in reach)
    heights = value(np.stack(np.meshgrid(t1, t2), axis=-1))
    for ax, (title, path), color in zip(panels.flat, paths.items(), COLORS * 2, strict=False):
        ax.contour(
            t1, t2, np.sqrt(heights), levels=9, colors=GREY, linewidths=0.6, linestyles="solid"
        )
        ax.plot(*path.T, color=color, marker="o", markersize=2.2, linewidth=1, linestyle="-")
        ax.plot(*path[0], marker="s", markersize=6, color=color)
        ax.plot(*path[-1], marker="o", markersize=6, color=color)
        ax.plot(0, 0, marker="*", markersize=10, color=INK)
        ax.set(title=title, xlim=(-reach[0], reach[0]), ylim=(-reach[1], reach[1]))
        ax.grid(visible=False)
    for ax in panels[-1]:
        ax.set_xlabel(r"$\theta_1$")
    for ax in panels[:, 0]:
        ax.set_ylabel(r"$\theta_2$")
    return figure


def decay(weights: Mapping[str, Mapping[str, np.ndarray]]) -> Figure:
    """How a weight that nothing pulls anywhere decays, a panel an optimiser, a line a size of gradient.

    Args:
        weights: optimiser → label of the line → (T,) sizes of the weight.
    """
    figure, panels = new("wide", columns=len(weights), height=2.9, sharey=True)
    for ax, (title, curves) in zip(np.atleast_1d(panels), weights.items(), strict=True):
        for (label, values), color, line in zip(curves.items(), COLORS, LINES, strict=False):
            ax.plot(values, color=color, linestyle=line, label=label)
        ax.set(title=title, xlabel="step", ylim=(0, None))
        ax.legend(loc="lower left")
    np.atleast_1d(panels)[0].set_ylabel("mean size of the weights")
    return figure


def spectra(moments: Mapping[str, np.ndarray], floor: float) -> Figure:
    """Second moments along the principal directions, falling, on a logarithmic axis.

    Args:
        moments: name → (D,) falling.
        floor: the smallest that is drawn.
    """
    figure, ax = new("wide", height=3.2)
    for (name, values), color, line in zip(moments.items(), COLORS, LINES, strict=False):
        ax.plot(
            np.arange(1, len(values) + 1), np.maximum(values, floor), color=color, linestyle=line, label=name
        )  # fmt: skip
    ax.set(
        yscale="log", xlabel="direction, by falling moment", ylabel="second moment of the inputs"
    )
    ax.legend()
    return figure


def activations(z: np.ndarray, curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Activation functions on the left, their slopes on the right.

    Args:
        z: (n,) weighted sums.
        curves: name → values (n,) and slopes (n,).
    """
    figure, panels = new("wide", columns=2, height=3.3)
    for which, (ax, label) in enumerate(
        zip(panels, (r"output $\varphi(z)$", r"slope $\varphi'(z)$"), strict=True)
    ):
        for (name, pair), color, line in zip(curves.items(), COLORS, LINES, strict=False):
            ax.plot(z, pair[which], color=color, linestyle=line, label=name, linewidth=1.6)
        ax.set(xlabel="weighted sum $z$", ylabel=label)
    panels[0].set_ylim(-1.4, 3)
    panels[0].legend(loc="upper left", fontsize=8.5)
    return figure


def ablations(groups: Mapping[str, Mapping[str, np.ndarray]], base: Mapping[str, str]) -> Figure:
    """Six small multiples: test accuracy of every setting, a dot a seed, mean ± standard deviation.

    Args:
        groups: title of the panel → setting → (S,) accuracies.
        base: title → the setting that is the base, drawn in another colour.
    """
    rows = -(-len(groups) // 2)
    tallest = max(len(settings) for settings in groups.values())
    figure, panels = new(
        "wide", rows=rows, columns=2, height=rows * (0.75 + 0.22 * tallest), sharex=True, squeeze=False
    )  # fmt: skip
    for ax, (title, settings) in zip(panels.flat, groups.items(), strict=False):
        for place, (name, values) in enumerate(settings.items()):
            color = COLORS[1] if name == base.get(title) else COLORS[0]
            percent = 100 * np.asarray(values)
            ax.plot(
                percent, np.full(len(percent), place), "o", color=color, alpha=0.35, markersize=4,
                markeredgewidth=0,
            )  # fmt: skip
            spread = percent.std(ddof=1) if len(percent) > 1 else 0.0
            ax.errorbar(
                percent.mean(), place, xerr=spread, color=color, marker="|", markersize=11, capsize=3,
                linestyle="none", linewidth=1.4,
            )  # fmt: skip
        ax.set_yticks(range(len(settings)), list(settings))
        ax.set(title=title, ylim=(len(settings) - 0.4, -0.6))
        ax.grid(visible=False, axis="y")
    for ax in panels[-1]:
        ax.set_xlabel("test accuracy (%)")
    return figure


def effects(
    main: Mapping[str, tuple[float, float]], pairs: Mapping[str, tuple[float, float]]
) -> Figure:
    """Main effects on the left, interactions of pairs on the right, with bars of two standard errors.

    Args:
        main, pairs: name → effect and its standard error, in percentage points; drawn by falling size.
    """
    figure, panels = new("wide", columns=2, height=1.0 + 0.24 * max(len(main), len(pairs)))
    for ax, values, title, color in zip(
        panels, (main, pairs), ("one choice", "two choices together"), COLORS, strict=False
    ):
        order = sorted(values, key=lambda name: -abs(values[name][0]))
        for place, name in enumerate(order):
            effect, error = values[name]
            ax.barh(place, effect, height=0.62, color=tint(color, 0.45))
            ax.errorbar(effect, place, xerr=2 * error, color=color, capsize=2.5, linewidth=1.3)
        ax.axvline(0, color=GREY, linewidth=0.8, linestyle="-")
        ax.set_yticks(range(len(order)), order)
        ax.set(title=title, xlabel="effect (points)", ylim=(len(order) - 0.4, -0.6))
        ax.grid(visible=False, axis="y")
    return figure


def interaction(
    accuracies: np.ndarray, first: tuple[str, Sequence[str]], second: tuple[str, Sequence[str]]
) -> Figure:
    """Two factors at two levels: were the lines parallel, each choice would do the same whatever the other is.

    Args:
        accuracies: (S, 2, 2), seed, level of the first, level of the second.
        first, second: name of a factor and of its two levels; the first is on the axis, the second has the lines.
    """
    figure, ax = new("small")
    for level, (name, color, line) in enumerate(zip(second[1], COLORS, LINES, strict=False)):
        mean_and_spread(
            ax, [0, 1], 100 * accuracies[:, :, level], f"{second[0]} {name}", color=color, marker="o",
            linestyle=line,
        )  # fmt: skip
    ax.set_xticks([0, 1], list(first[1]))
    ax.set(xlabel=first[0], ylabel="test accuracy (%)", xlim=(-0.25, 1.25))
    ax.legend()
    return figure


def losses(curves: Mapping[str, Sequence[float]]) -> Figure:
    """Training loss by epoch on two engines, one under the other: a wide pale line and a thin dark one."""
    figure, ax = new("small")
    for (name, values), color, width in zip(curves.items(), COLORS, (6.0, 1.6), strict=False):
        ax.plot(
            range(1, len(values) + 1), values, label=name, color=color, linewidth=width, linestyle="-",
            alpha=0.45 if width > 2 else 1.0,
        )  # fmt: skip
    ax.set_xticks(range(1, 1 + max(len(values) for values in curves.values())))
    ax.set(xlabel="epoch", ylabel="training loss (nats)")
    ax.legend()
    return figure
