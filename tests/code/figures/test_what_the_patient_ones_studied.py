"""Figures of the chapter on the six choices: what is drawn is what was given, with labels."""

import numpy as np

from deeplearning.figures import what_the_patient_ones_studied as drawings
from deeplearning.models.surfaces import bowl

PATH = np.array([[1.0, 0.4], [0.5, -0.2], [0.1, 0.1]])
RISING = np.linspace(0, 1, 5)


def test_every_choice_has_its_place_in_the_step() -> None:
    figure = drawings.six_choices()
    words = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert all(f"{number} " in words for number in range(1, 7))


def test_schedules_are_drawn_as_given() -> None:
    figure = drawings.schedules({"a": RISING, "b": 1 - RISING}, RISING * 0.5)
    upper, lower = figure.axes
    np.testing.assert_array_equal(upper.lines[1].get_ydata(), 1 - RISING)
    np.testing.assert_array_equal(lower.lines[0].get_ydata(), RISING * 0.5)
    assert upper.lines[1].get_color() == lower.lines[0].get_color()
    assert [text.get_text() for text in upper.get_legend().get_texts()] == ["a", "b"]


def test_paths_lie_in_the_valley() -> None:
    paths = {f"path {n}": PATH / n for n in (1, 2, 3)}
    figure = drawings.valley_paths(bowl((1.0, 20.0)).value, paths, (2.0, 0.6))
    assert len(figure.axes) == 4
    for ax, (title, path) in zip(figure.axes, paths.items(), strict=False):
        np.testing.assert_allclose(np.column_stack(ax.lines[0].get_data()), path)
        np.testing.assert_allclose(ax.lines[2].get_xdata(), path[-1:, 0])
        assert ax.get_title() == title
        assert ax.get_ylim() == (-0.6, 0.6)


def test_decay_has_a_panel_an_optimiser() -> None:
    curves = {"Adam": {"small": 1 - RISING, "large": RISING}, "AdamW": {"small": RISING}}
    figure = drawings.decay(curves)
    assert [ax.get_title() for ax in figure.axes] == ["Adam", "AdamW"]
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_ydata(), RISING)


def test_spectra_end_at_the_floor() -> None:
    (ax,) = drawings.spectra({"raw": np.array([1.0, 0.1, 0.0])}, floor=1e-3).axes
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1.0, 0.1, 1e-3])
    assert ax.get_yscale() == "log"


def test_activations_and_their_slopes() -> None:
    z = np.linspace(-1, 1, 7)
    left, right = drawings.activations(z, {"square": (z * z, 2 * z)}).axes
    np.testing.assert_array_equal(left.lines[0].get_ydata(), z * z)
    np.testing.assert_array_equal(right.lines[0].get_ydata(), 2 * z)


def test_ablations_show_every_seed_and_the_base() -> None:
    groups = {
        "rate": {"slow": np.array([0.8, 0.9]), "fast": np.array([0.7, 0.7])},
        "nodes": {"many": np.array([0.85])},
    }
    figure = drawings.ablations(groups, {"rate": "fast"})
    first, second = figure.axes
    dots = [line for line in first.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots[0].get_xdata(), [80, 90])
    assert dots[0].get_color() != dots[1].get_color()
    assert [label.get_text() for label in first.get_yticklabels()] == ["slow", "fast"]
    means = [line.get_xdata()[0] for line in first.lines if line.get_marker() == "|"]
    np.testing.assert_allclose([means[0], means[-1]], [85, 70])
    assert [ax.get_title() for ax in figure.axes] == ["rate", "nodes"]
    assert "%" in second.get_xlabel()


def test_effects_are_sorted_by_size() -> None:
    main = {"a": (1.0, 0.1), "b": (-3.0, 0.2)}
    left, right = drawings.effects(main, {"a × b": (0.5, 0.1)}).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["b", "a"]
    assert [bar.get_width() for bar in left.patches] == [-3.0, 1.0]
    assert [bar.get_width() for bar in right.patches] == [0.5]


def test_interaction_draws_a_line_a_level() -> None:
    accuracies = np.array([[[0.5, 0.6], [0.7, 0.8]], [[0.5, 0.8], [0.9, 0.8]]])
    (ax,) = drawings.interaction(
        accuracies, ("rate", ("0.01", "0.1")), ("momentum", ("0", "0.9"))
    ).axes
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [50, 80])
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [70, 80])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "momentum 0",
        "momentum 0.9",
    ]


def test_losses_by_epoch() -> None:
    (ax,) = drawings.losses({"ours": [2.0, 1.0], "PyTorch": [2.0, 1.0]}).axes
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), [1, 2])
    assert ax.lines[0].get_linewidth() > ax.lines[1].get_linewidth()
