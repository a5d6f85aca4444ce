"""The figures of the chapter on networks that generate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from deeplearning.figures.common import compare, mean_and_spread
from deeplearning.figures.style import COLORS, GREY, LINES, MARKERS, new, tint

INK = "#1A1A1A"
SIDE = 28
NAMES = {
    "independent": "independent\npixels",
    "memory": "memory",
    "mixture": "mixture",
    "vae": "VAE",
    "pixelcnn": "PixelCNN",
}


def unpacked(numbers: Any, bits: int = 1) -> np.ndarray:
    """Pictures (n, 28, 28) in [0, 1] from the integers that a record keeps: ``bits`` for each pixel, lowest first.

    >>> unpacked([[5] + [0] * 27])[0, 0, :4].tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    whole = np.asarray(numbers).astype(np.int64)
    each = SIDE if bits == 1 else 51 // bits
    shifts = bits * np.arange(each)
    levels = (whole[:, :, None] >> shifts) & (2**bits - 1)
    flat = levels.reshape(len(whole), -1)[:, : SIDE * SIDE]
    return (flat / (2**bits - 1)).reshape(-1, SIDE, SIDE)


def pictures(images: Any, columns: int = 8) -> Figure:
    """Pictures (n, 28, 28) in rows of ``columns``, ink dark on light paper; n must be a multiple."""
    strips = [_strip(images[n : n + columns]) for n in range(0, len(images), columns)]
    whole = np.concatenate(strips)
    figure, ax = new(height=7.0 * whole.shape[0] / whole.shape[1])
    _paper(ax, whole)
    return figure


def rows(groups: Mapping[str, Any], columns: int = 8) -> Figure:
    """Rows of pictures, a name at the left of each: the first ``columns`` (28, 28) of each group."""
    figure, axes = new(rows=len(groups), height=0.8 * len(groups))
    for ax, (name, group) in zip(np.atleast_1d(axes), groups.items(), strict=True):
        _paper(ax, _strip(group[:columns]))
        ax.set_ylabel(name, rotation=0, ha="right", va="center")
    figure.get_layout_engine().set(
        rect=(0.11, 0, 0.89, 1)
    )  # room for the names, which it overlooks
    return figure


def _strip(images: Any) -> np.ndarray:
    """Pictures side by side, with a thin grey frame around each, 1 for paper."""
    framed = [np.pad(1 - np.asarray(one), 1, constant_values=0.8) for one in images]
    return np.concatenate(framed, axis=1)


def _paper(ax: Axes, image: np.ndarray) -> None:
    ax.imshow(image, vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def autoencoder() -> Figure:
    """A variational autoencoder from top to bottom, with shapes, and the noise that enters from the side."""
    figure, ax = new("small", height=4.6)
    boxes = (
        (0, 5, "picture $\\mathbf{x}$", "N×784", COLORS[0]),
        (0, 4, "encoder", "N×400", COLORS[2]),
        (-0.9, 3, "$\\mathbf{\\mu}$", "N×20", COLORS[2]),
        (0.9, 3, "$\\ln\\mathbf{\\sigma}^2$", "N×20", COLORS[2]),
        (
            0,
            2,
            "$\\mathbf{z}=\\mathbf{\\mu}+\\mathbf{\\sigma}\\odot\\mathbf{\\epsilon}$",
            "N×20",
            COLORS[1],
        ),
        (0, 1, "decoder", "N×400", COLORS[0]),
        (0, 0, "$p(x_d=1\\mid\\mathbf{z})$", "N×784", COLORS[0]),
    )
    for x, y, text, shape, color in boxes:
        half = 0.75 if y == 3 else 1.35
        ax.add_patch(
            Rectangle((x - half, y - 0.3), 2 * half, 0.6, facecolor=tint(color), edgecolor=color)
        )
        ax.text(x, y, text, ha="center", va="center", color=INK)
        side = -1 if x < 0 else 1
        ax.text(
            x + side * (half + 0.12), y, shape, ha="left" if side > 0 else "right", va="center", color=GREY, fontsize=9
        )  # fmt: skip
    ax.text(-2.6, 2, "noise $\\mathbf{\\epsilon}$", ha="center", va="center", color=INK)
    for start, end in (
        ((0, 4.7), (0, 4.32)), ((-0.3, 3.7), (-0.9, 3.32)), ((0.3, 3.7), (0.9, 3.32)),
        ((-0.9, 2.7), (-0.3, 2.32)), ((0.9, 2.7), (0.3, 2.32)), ((0, 1.7), (0, 1.32)),
        ((0, 0.7), (0, 0.32)), ((-2.1, 2), (-1.38, 2)),
    ):  # fmt: skip
        ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color=GREY))
    ax.set(xlim=(-3.1, 2.5), ylim=(-0.4, 5.4))
    ax.set_axis_off()
    return figure


def shifted_noise(noise: np.ndarray, means: Sequence[float], widths: Sequence[float]) -> Figure:
    """Draws (n,) of a standard normal, and where each lands as :math:`z = \\mu + \\sigma\\epsilon` for two codes."""
    figure, ax = new("small", height=3.0)
    at = np.linspace(-3.2, 3.2, 161)
    ax.plot(at, 2 + 0.8 * np.exp(-(at**2) / 2), color=GREY, linestyle="-")
    ax.plot(noise, np.full(len(noise), 2.0), "o", color=GREY, markersize=4)
    for number, (mean, width) in enumerate(zip(means, widths, strict=True)):
        color = COLORS[number]
        z = mean + width * noise
        ax.plot(
            at, 0.5 * np.exp(-(((at - mean) / width) ** 2) / 2), color=color, linestyle=LINES[number],
            label=f"$\\mu$ = {mean:g}, $\\sigma$ = {width:g}",
        )  # fmt: skip
        ax.plot(z, np.zeros(len(z)), MARKERS[number], color=color, markersize=4)
        for start, end in zip(noise, z, strict=True):
            ax.plot(
                [start, end], [1.95, 0.62], color=color, linewidth=0.5, alpha=0.6, linestyle="-"
            )
    ax.set(xlabel="$\\epsilon$ (above), $z$ (below)", yticks=[], ylim=(-0.15, 2.95))
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    ax.legend(loc="upper right")
    return figure


def bound_over_draws(draws: Sequence[int], nats: np.ndarray, exact: np.ndarray) -> Figure:
    """Bounds in nats (S, n) over the number of draws, and the exact number of each seed (S,)."""
    figure, ax = new("small")
    mean_and_spread(ax, draws, nats, "bound", color=COLORS[0], marker="o")
    ax.axhline(
        float(np.mean(exact)), color=COLORS[1], linestyle="--", label="exact, by a grid of codes"
    )
    ax.set(
        xscale="log", xlabel="codes drawn for each picture, K", ylabel="nats a picture (less is better)"
    )  # fmt: skip
    ax.legend()
    return figure


def plane(codes: np.ndarray, labels: np.ndarray) -> Figure:
    """Codes (n, 2) of test pictures, each drawn as its digit, in the colour of its class."""
    figure, ax = new("small", height=4.2)
    for digit in range(10):
        for x, y in codes[labels == digit]:
            ax.text(
                x, y, str(digit), color=COLORS[digit % len(COLORS)], fontsize=7, ha="center", va="center",
                fontweight="bold" if digit >= len(COLORS) else "normal", clip_on=True,
            )  # fmt: skip
    reach = float(np.abs(codes).max()) + 0.2
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="$z_1$", ylabel="$z_2$")
    ax.set_aspect("equal")
    return figure


def field(seen: Mapping[str, np.ndarray], place: tuple[int, int]) -> Figure:
    """For each network the pixels (H, W) that can change the score at ``place``; the place itself is marked."""
    figure, axes = new("small", columns=len(seen), height=2.6)
    for ax, (name, reached) in zip(np.atleast_1d(axes), seen.items(), strict=True):
        ax.imshow(np.where(reached, 0.55, 1.0), vmin=0, vmax=1)
        i, j = place
        ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, color=COLORS[1]))
        ax.set_title(name)
        ax.set(xticks=[0, 27], yticks=[0, 27], xlabel="column")
        ax.grid(visible=False)
    np.atleast_1d(axes)[0].set_ylabel("row")
    return figure


def line_up(metrics: Mapping[str, np.ndarray]) -> Figure:
    """Nats a test picture of each model, a dot a seed."""
    figure, ax = new("small", height=3.2)
    compare(ax, list(NAMES.values()), [metrics[f"nats_{name}"] for name in NAMES])
    ax.set(ylabel="nats a picture (less is better)", ylim=(0, None))
    return figure


def likely_or_alike(metrics: Mapping[str, np.ndarray]) -> Figure:
    """Each model by its nats and by how often its pictures are told from real ones, and by how many can be read."""
    figure, axes = new("small", rows=2, height=5.6)
    labels = {"told_apart": "told from real ones (share)", "sure": "reader is sure (share)"}
    for ax, (measure, label) in zip(axes, labels.items(), strict=True):
        for number, (name, title) in enumerate(NAMES.items()):
            ax.plot(
                metrics[f"nats_{name}"], metrics[f"{measure}_{name}"], MARKERS[number], color=COLORS[number],
                label=title.replace("\n", " "), alpha=0.7,
            )  # fmt: skip
        ax.set(xlabel="nats a test picture", ylabel=label, ylim=(0, 1.05))
    axes[0].axhline(0.5, color=GREY, linewidth=1, linestyle=":")
    axes[1].axhline(
        float(metrics["sure_test"].mean()), color=GREY, linewidth=1, linestyle="--", label="real pictures"
    )  # fmt: skip
    axes[1].legend(fontsize=8, loc="lower right")
    return figure


def collapse(
    latents: Sequence[int],
    active: np.ndarray,
    nats: np.ndarray,
    looks: Sequence[int],
    looking: np.ndarray,
) -> Figure:
    """Active units (S, n) and nats of the code by its size; and nats of a code by the decoder's window (S, m)."""
    figure, (above, below) = new("small", rows=2, height=5.2)
    mean_and_spread(above, latents, active, "active units", color=COLORS[0], marker="o")
    mean_and_spread(
        above, latents, nats, "nats in the code", color=COLORS[1], marker="s", linestyle="--"
    )
    above.set(xlabel="units of the code", ylim=(0, None))
    above.legend()
    mean_and_spread(
        below, looks, looking, "nats in the code", color=COLORS[1], marker="s", linestyle="--"
    )
    below.set(xlabel="window of the decoder (pixels)", xticks=list(looks), ylim=(0, None))
    below.legend()
    return figure


def histograms(values: Mapping[str, np.ndarray], label: str) -> Figure:
    """Frequencies of several groups of numbers (n,) over one axis."""
    figure, ax = new("small", height=2.9)
    every = np.concatenate(list(values.values()))
    edges = np.linspace(every.min(), np.quantile(every, 0.995), 31)
    for number, (name, group) in enumerate(values.items()):
        ax.hist(
            np.clip(group, edges[0], edges[-1]), edges, color=tint(COLORS[number], 0.55), edgecolor=COLORS[number],
            label=name, histtype="stepfilled", alpha=0.7,
        )  # fmt: skip
    ax.set(xlabel=label, ylabel="pictures")
    ax.legend()
    return figure


def mask(ax: Axes, values: np.ndarray) -> None:
    """A kernel's mask: 1 shaded, the middle framed."""
    size = len(values)
    ax.imshow(np.where(values > 0, 0.6, 1.0), vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(values):
        ax.text(j, i, f"{value:.0f}", ha="center", va="center", color=INK, fontsize=9)
    middle = size // 2 - 0.5
    ax.add_patch(Rectangle((middle, middle), 1, 1, fill=False, edgecolor=COLORS[1], linewidth=2))
    ax.set_axis_off()


def masks(kernels: Mapping[str, np.ndarray]) -> Figure:
    """Masks side by side, each with its name."""
    figure, axes = new("small", columns=len(kernels), height=2.3)
    for ax, (name, values) in zip(np.atleast_1d(axes), kernels.items(), strict=True):
        mask(ax, values)
        ax.set_title(name)
    return figure
