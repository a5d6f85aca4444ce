"""The figures of the chapter on language models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from deeplearning.figures.common import mean_and_spread
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

INK = "#1A1A1A"
SMOOTHINGS = {"kneser_ney": "Kneser–Ney", "witten_bell": "Witten–Bell"}


def visible(character: str) -> str:
    """What stands for a character in a drawing: a space and a line's end can be seen.

    >>> visible(" "), visible("a")
    ('␣', 'a')
    """
    return {" ": "␣", "\n": "↵"}.get(character, character)


def surprises(text: str, bits: Sequence[float], row: int = 26) -> Figure:
    """A bar over every character of a text: how many bits it cost; ``row`` characters a line."""
    values = np.asarray(bits, dtype=float)
    starts = range(0, len(text), row)
    figure, axes = new(
        "small", rows=len(starts), height=1.35 * len(starts) + 0.3, squeeze=False, sharey=True
    )
    for ax, start in zip(axes[:, 0], starts, strict=True):
        part = text[start : start + row]
        ax.bar(range(len(part)), values[start : start + row], width=0.8, color=COLORS[0])
        ax.set_xticks(range(len(part)), [visible(character) for character in part])
        ax.tick_params(axis="x", length=0, labelsize=10, labelcolor=INK)
        ax.set_xlim(-0.6, row - 0.4)
        ax.grid(visible=False, axis="x")
        ax.set_ylabel("bits")
    return figure


def network(letters: str, following: str, sizes: Sequence[tuple[str, str]]) -> Figure:
    """The model over a few steps: each letter in at the bottom, scores for the next at the top.

    ``sizes`` names the three layers from below and what shape leaves them.
    """
    steps, height = len(letters), len(sizes)
    figure, ax = new("small", height=4.0)
    for step, (letter, target) in enumerate(zip(letters, following, strict=True)):
        ax.text(step, -0.75, visible(letter), ha="center", va="center", fontsize=13, color=INK)
        ax.text(
            step,
            height - 0.1,
            visible(target),
            ha="center",
            va="center",
            fontsize=13,
            color=COLORS[1],
        )
        for level in range(height):
            color = COLORS[2] if level == 1 else COLORS[0]
            ax.add_patch(
                FancyBboxPatch(
                    (step - 0.3, level - 0.22), 0.6, 0.44, boxstyle="round,pad=0,rounding_size=0.08",
                    facecolor=tint(color), edgecolor=color,
                )
            )  # fmt: skip
        for level in range(height + 1):
            _arrow(ax, (step, level - 0.62 if level == 0 else level - 0.78), (step, level - 0.24))
        if step + 1 < steps:
            _arrow(ax, (step + 0.31, 1), (step + 0.69, 1), COLORS[2])
    _arrow(ax, (steps - 0.69, 1), (steps - 0.3, 1), COLORS[2])
    for level, (name, shape) in enumerate(sizes):
        ax.text(-0.55, level + 0.1, name, ha="right", va="center", fontsize=9.5, color=INK)
        ax.text(-0.55, level - 0.16, shape, ha="right", va="center", fontsize=8.5, color=GREY)
    ax.text(-0.55, -0.75, "reads", ha="right", va="center", fontsize=9.5, color=GREY)
    ax.text(
        -0.55, height - 0.1, "should say", ha="right", va="center", fontsize=9.5, color=COLORS[1]
    )
    ax.set(xlim=(-2.1, steps - 0.2), ylim=(-1.05, height + 0.2))
    ax.set_axis_off()
    return figure


def _arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str = GREY
) -> None:
    ax.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, color=color, shrinkA=0, shrinkB=0)
    )  # fmt: skip


def temperatures(laws: Mapping[str, np.ndarray], symbols: Sequence[str]) -> Figure:
    """One law of the next symbol at several temperatures, a panel each: the same symbols, other probabilities."""
    figure, axes = new(
        "small", rows=len(laws), height=1.35 * len(laws) + 0.4, sharex=True, sharey=True
    )
    for ax, (name, law) in zip(axes, laws.items(), strict=True):
        ax.bar(range(len(symbols)), law, color=COLORS[0], width=0.75)
        ax.set_title(name, loc="right", fontsize=9.5, pad=-12, y=1.0)
        ax.grid(visible=False, axis="x")
        ax.set_ylim(0, 1.05)
    axes[-1].set_xticks(range(len(symbols)), [visible(symbol) for symbol in symbols])
    axes[-1].set_xlabel("next character")
    axes[len(laws) // 2].set_ylabel("probability")
    return figure


def orders(record: Any) -> Figure:
    """S6: bits a character on the validation part against n, for two smoothings, and where the network ends."""
    figure, ax = new("small", height=3.4)
    for number, (key, name) in enumerate(SMOOTHINGS.items()):
        curve = record.metrics[f"curve_{key}_ngram"][0]
        ax.plot(
            range(1, len(curve) + 1), curve, color=COLORS[number], linestyle=LINES[number], marker=MARKERS[number],
            label=f"n-gram, {name}",
        )  # fmt: skip
    ax.axhline(
        record.metrics["validation_lstm"].mean(), color=COLORS[2], linestyle=":", linewidth=2, label="LSTM"
    )  # fmt: skip
    ax.set(xlabel="n: the symbol and the n − 1 before it", ylabel="bits a character (validation)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return figure


def learning(record: Any) -> Figure:
    """S6: bits a character while the network learns, by passes over the book, and the best n-gram's."""
    figure, ax = new("small", height=3.4)
    learned, validated = record.metrics["learning_lstm"], record.metrics["curve_lstm"]
    passes = np.arange(1, learned.shape[1] + 1)
    mean_and_spread(
        ax, passes, learned, "LSTM, training part", color=COLORS[0], linestyle="-", marker="o"
    )
    mean_and_spread(
        ax, passes, validated, "LSTM, validation part", color=COLORS[1], linestyle="--", marker="s"
    )
    ax.axhline(
        record.metrics["validation_ngram"].mean(), color=GREY, linestyle=":", linewidth=2,
        label="best n-gram, validation",
    )  # fmt: skip
    ax.set(xlabel="passes over the training part", ylabel="bits a character")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return figure


def places(record: Any) -> Figure:
    """S6: mean bits by the letter's place in its word, of both models; last what is no letter."""
    figure, ax = new("small", height=3.4)
    for number, (case, name) in enumerate((("ngram", "best n-gram"), ("lstm", "LSTM"))):
        values = record.metrics[f"places_{case}"].mean(axis=0)
        count = len(values) - 1
        style = {"color": COLORS[1 - number], "marker": MARKERS[number]}
        ax.plot(range(1, count + 1), values[1:], linestyle=LINES[1 - number], label=name, **style)
        ax.plot([count + 1.8], values[:1], linestyle="none", **style)
    names = [*map(str, range(1, count)), f"{count}+", "no letter"]
    ax.set_xticks([*range(1, count + 1), count + 1.8], names)
    ax.get_xticklabels()[-1].set_ha("center")
    ax.set(xlabel="place of the letter in its word", ylabel="bits", ylim=(0, None))
    ax.legend()
    return figure


def along(record: Any) -> Figure:
    """S6: by how many bits the network is ahead in every block of the test, in the order of the story."""
    figure, ax = new("small", height=3.0)
    gains = (record.metrics["blocks_ngram"] - record.metrics["blocks_lstm"]).mean(axis=0)
    colors = [COLORS[0] if gain > 0 else COLORS[1] for gain in gains]
    ax.bar(np.arange(len(gains)) + 0.5, gains, width=0.9, color=colors)
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.set(
        xlabel="thousands of characters into the test part",
        ylabel="lead of the LSTM\n(bits a character)", xlim=(0, len(gains)),
    )  # fmt: skip
    return figure


def alphabets(record: Any) -> Figure:
    """S7: bits a character of the test part in both alphabets: networks, a dot a seed, and the best n-grams."""
    figure, ax = new("small", height=3.0)
    rows = [
        ("network", "test", "syllable"), ("network", "test", "jamo"),
        ("n-gram", "ngram_test", "syllable"), ("n-gram", "ngram_test", "jamo"),
    ]  # fmt: skip
    for place, (_, metric, unit) in enumerate(rows):
        values = record.metrics[f"{metric}_{unit}"]
        color = COLORS[0] if unit == "syllable" else COLORS[1]
        offsets = np.linspace(-0.16, 0.16, len(values))
        ax.plot(values, place + offsets, "o", color=color, alpha=0.5, markeredgewidth=0)
        ax.vlines(values.mean(), place - 0.3, place + 0.3, colors=color, linewidth=2.4)
    ax.set_yticks(range(len(rows)), [f"{name}, by {unit}" for name, _, unit in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("bits a character of the text (test)")
    return figure


def stopping(record: Any) -> Figure:
    """S7: bits a character by pass, training and validation, one line a seed; a ring where the best pass was."""
    figure, axes = new("small", rows=2, height=5.0, sharex=True, sharey=True)
    for ax, unit in zip(axes, ("syllable", "jamo"), strict=True):
        for seed, curve in enumerate(record.metrics[f"curve_{unit}"]):
            count = int((curve > 0).sum())  # zeros follow where training had ended
            passes = np.arange(1, count + 1)
            learned = record.metrics[f"learning_{unit}"][seed][:count]
            first = seed == 0
            ax.plot(
                passes,
                learned,
                color=COLORS[0],
                linestyle="-",
                linewidth=1,
                label="training" if first else None,
            )
            ax.plot(
                passes,
                curve[:count],
                color=COLORS[1],
                linestyle="--",
                linewidth=1,
                label="validation" if first else None,
            )
            best = int(np.argmin(curve[:count]))
            ax.plot([best + 1], [curve[best]], "o", color=COLORS[1], fillstyle="none")
        ax.set(title=f"by {unit}", ylabel="bits a character")
    axes[0].legend()
    axes[1].set_xlabel("passes over the training part")
    return figure
