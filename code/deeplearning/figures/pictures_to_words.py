"""The figures of the chapter on captions."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, SIZES, STYLE, new, tint
from deeplearning.records import Metrics

INK = "#1A1A1A"
CASES = {
    "tell": "picture first",
    "attend": "attention",
    "deaf": "does not hear itself",
    "blind": "does not see",
}
LANGUAGES = {"en": "English", "ko": "Korean"}
PAIRS = {"seen": "pairs that occur in training", "unseen": "pairs never seen together"}


def scenes(images: np.ndarray, titles: Sequence[str] | None = None, columns: int = 4) -> Figure:
    """Scenes (N, H, W) in rows, a number or a title above each; show it with `show(figure, raster=True)`."""
    rows = -(-len(images) // columns)
    side = SIZES["wide"][0] / columns
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZES["wide"][0], rows * (side + 0.2)), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for number, ax in enumerate(axes):
        ax.set_axis_off()
        if number < len(images):
            ax.imshow(images[number], vmin=0, vmax=1, interpolation="nearest")
            ax.set_title(titles[number] if titles else str(number + 1), fontsize=9)
    return figure


def _box(ax: Axes, x: float, y: float, text: str, color: str, width: float = 0.82) -> None:
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - 0.2), width, 0.4, boxstyle="round,pad=0.02", facecolor=tint(color), edgecolor=color
        )
    )  # fmt: skip
    ax.text(x, y, text, ha="center", va="center", fontsize=8.5, color=INK)


def _arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    color: str = GREY,
    bend: float = 0.0,
) -> None:
    ax.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=9, color=color, linewidth=1.1,
            connectionstyle=f"arc3,rad={bend}",
        )
    )  # fmt: skip


def forcing(true: Sequence[str], said: Sequence[str]) -> Figure:
    """The decoder unrolled, in training and afterwards.

    Args:
        true: the caption that it is taught, T words with the end.
        said: what it scores highest at each step, T words; where it differs from ``true``, training goes on with the
            true word all the same, and speaking does not.
    """
    figure, axes = new("wide", rows=2, height=5.6)
    for ax, heard, answers, title in (
        (axes[0], ["<en>", *true[:-1]], said, "training: it hears the true words"),
        (axes[1], ["<en>", *said[:-1]], said, "speaking: it hears what it said"),
    ):
        forced = ax is axes[0]
        _box(ax, 0, 1, "CNN", COLORS[1], 0.7)
        ax.text(0, 0.32, "picture", ha="center", va="center", fontsize=8.5, color=INK)
        _arrow(ax, (0, 0.42), (0, 0.77))
        for t, (word, answer) in enumerate(zip(heard, answers, strict=True)):
            x = t + 1.0
            _box(ax, x, 1, "LSTM", COLORS[0], 0.66)
            _arrow(ax, (x - 0.62, 1), (x - 0.36, 1))
            ax.text(x, 0.32, word, ha="center", va="center", fontsize=8.5, color=INK)
            _arrow(ax, (x, 0.42), (x, 0.77))
            _arrow(ax, (x, 1.23), (x, 1.58))
            wrong = answer != true[t]
            ax.text(
                x, 1.7, answer, ha="center", va="center", fontsize=8.5,
                color=COLORS[1] if wrong else INK, fontweight="bold" if wrong else "normal",
            )  # fmt: skip
            if forced:
                ax.text(x, 2.14, true[t], ha="center", va="center", fontsize=8.5, color=COLORS[2])
                _arrow(ax, (x, 2.03), (x, 1.82), COLORS[2])
            elif t + 1 < len(true):
                _arrow(ax, (x + 0.1, 1.58), (x + 0.85, 0.44), COLORS[1], 0.0)
        if forced:
            ax.text(0, 2.14, "loss: true", ha="center", va="center", fontsize=8.5, color=COLORS[2])
        ax.text(0, 1.7, "scored first", ha="center", va="center", fontsize=8.5, color=GREY)
        ax.set_title(title, loc="left")
        ax.set(xlim=(-0.6, len(true) + 0.5), ylim=(0.1, 2.35))
        ax.set_axis_off()
    return figure


def by_word(
    steps: np.ndarray, losses: np.ndarray, names: Sequence[str], marks: Sequence[float]
) -> Figure:
    """The loss of each word of a caption, (T, words), over the training steps (T,), with levels to compare."""
    figure, ax = new("small", height=3.2)
    for number, name in enumerate(names):
        ax.plot(
            steps, losses[:, number], color=COLORS[number], linestyle=LINES[number], marker=MARKERS[number],
            markersize=4, label=name,
        )  # fmt: skip
    for mark in marks:
        ax.axhline(mark, color=GREY, linestyle=":", linewidth=1.0)
    ax.set(xlabel="training step", ylabel="loss (nats)", ylim=(0, None))
    ax.legend(ncols=2)
    return figure


def beam(steps: Sequence[Sequence[tuple[int, str, float, bool]]], start: str) -> Figure:
    """Draw a search as a tree from left to right.

    Args:
        steps: for every step the candidates (parent among those kept before, word, probability of the sentence so far,
            whether it is kept), the kept ones in the order in which the next step numbers them.
        start: the word at the root.
    """
    tallest = max(len(step) for step in steps)
    figure, ax = new("wide", height=0.55 * tallest + 0.6)
    places = [(0.0, 0.0)]
    _box(ax, 0, 0, start, GREY, 0.7)
    for number, step in enumerate(steps, start=1):
        kept = []
        for row, (parent, word, probability, keep) in enumerate(step):
            place = (1.25 * number, (len(step) - 1) / 2 - row)
            color = COLORS[0] if keep else GREY
            ax.plot(
                [places[parent][0] + 0.42, place[0] - 0.47], [places[parent][1], place[1]], color=color,
                linewidth=1.6 if keep else 0.7, linestyle="-" if keep else ":", zorder=1,
            )  # fmt: skip
            if keep:
                _box(ax, *place, f"{word} {probability:.2f}", color, 0.92)
                kept.append(place)
            else:
                ax.text(
                    *place,
                    f"{word} {probability:.2f}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=GREY,
                )
        places = kept
    ax.set(xlim=(-0.45, 1.25 * len(steps) + 0.6), ylim=(-tallest / 2 - 0.1, tallest / 2 + 0.1))
    ax.set_axis_off()
    return figure


def looks(image: np.ndarray, words: Sequence[str], weights: np.ndarray, columns: int = 4) -> Figure:
    """One scene once for each word, brighter where the network looked before it said the word.

    Args:
        image: (H, W), grey from 0 to 1.
        words: T of them.
        weights: (T, P), shares of a square of P places.
    """
    rows = -(-len(words) // columns)
    side = SIZES["wide"][0] / columns
    grid = round(weights.shape[1] ** 0.5)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZES["wide"][0], rows * (side + 0.25)), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
    height, width = image.shape
    for ax in axes:
        ax.set_axis_off()
    for ax, word, share in zip(axes, words, weights, strict=False):
        ax.imshow(image, vmin=0, vmax=1.6, extent=(0, width, height, 0), interpolation="nearest")
        ax.imshow(
            share.reshape(grid, grid), cmap="magma", alpha=0.55, vmin=0, vmax=max(0.3, float(share.max())),
            extent=(0, width, height, 0), interpolation="bilinear",
        )  # fmt: skip
        ax.set_title(word, fontsize=9)
    return figure


def exact(metrics: Metrics, bar: float) -> Figure:
    """S3: the share of exact captions, a dot a seed, of contenders and controls in both languages."""
    figure, axes = new("small", rows=2, height=5.4, sharex=True)
    for ax, (pairs, title) in zip(axes, PAIRS.items(), strict=True):
        for place, case in enumerate(CASES):
            for shift, language, marker in ((-0.16, "en", "o"), (0.16, "ko", "s")):
                values = 100 * metrics[f"exact_greedy_{language}_{pairs}_{case}"]
                color = COLORS[0 if language == "en" else 1]
                spread = np.linspace(-0.06, 0.06, len(values))
                ax.plot(
                    values, place + shift + spread, marker, color=color, alpha=0.7, markeredgewidth=0,
                    label=LANGUAGES[language] if place == 0 else None,
                )  # fmt: skip
                ax.vlines(
                    values.mean(), place + shift - 0.13, place + shift + 0.13, colors=color, linewidth=2.2,
                    linestyles="-",
                )  # fmt: skip
        ax.axvline(100 * bar, color=GREY, linewidth=0.9, linestyle=":")
        ax.set_yticks(range(len(CASES)), list(CASES.values()))
        ax.set(ylim=(len(CASES) - 0.5, -0.5), xlim=(-2, 102))
        ax.set_title(title, loc="left")
        ax.grid(visible=False, axis="y")
    axes[0].legend(loc="lower center")
    axes[1].set_xlabel("captions exact to the letter (%)")
    return figure


def mistakes(metrics: Metrics, cases: Sequence[str] = ("tell", "attend")) -> Figure:
    """S3: of English captions, how many name the wrong digits or, with the right ones, the wrong relation."""
    figure, ax = new("small", height=2.9)
    bars: list[tuple[str, float, float]] = []
    for case in cases:
        for pairs in PAIRS:
            end = f"en_{pairs}_{case}"
            digits, relation = (
                100 * metrics.mean(f"{name}_{end}") for name in ("digits", "relation")
            )
            label = f"{CASES[case]},\n{'seen' if pairs == 'seen' else 'unseen'} pairs"
            bars.append((label, 100 - digits, digits - relation))
    rows = np.arange(len(bars))
    wrong = np.array([bar[1] for bar in bars])
    ax.barh(rows, wrong, color=COLORS[1], height=0.55, label="a wrong digit")
    ax.barh(
        rows, [bar[2] for bar in bars], left=wrong, color=COLORS[0], height=0.55, hatch="//", edgecolor="white",
        label="right digits, wrong relation",
    )  # fmt: skip
    ax.set_yticks(rows, [bar[0] for bar in bars])
    ax.invert_yaxis()
    ax.set_xlabel("English captions (%)")
    ax.grid(visible=False, axis="y")
    ax.legend(loc="best")
    return figure


def learning(metrics: Metrics, floor: float, cases: Sequence[str] = tuple(CASES)) -> Figure:
    """S3: the loss of teacher forcing in each epoch, a line a seed, and the least that any network could reach."""
    figure, ax = new("small", height=3.0)
    for number, case in enumerate(cases):
        for row, losses in enumerate(metrics[f"loss_{case}"]):
            ax.plot(
                np.arange(1, len(losses) + 1), losses, color=COLORS[number], linewidth=1.1, linestyle="-", marker="o",
                markersize=3, label=CASES[case] if row == 0 else None,
            )  # fmt: skip
    ax.axhline(floor, color=GREY, linestyle=":", linewidth=1.0)
    ax.set(xlabel="epoch", ylabel="loss (nats a unit)", yscale="log")
    ax.legend()
    return figure
