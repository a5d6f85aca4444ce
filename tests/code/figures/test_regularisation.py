"""Figures of the chapter on regularisation: what is drawn is what was given, with labels."""

import numpy as np

from deeplearning.figures import regularisation as drawings
from deeplearning.records import Metrics


def test_overfitting_draws_both_curves_and_marks_the_lowest_test_loss() -> None:
    train = np.array([[1.0, 0.5], [0.5, 0.8], [0.1, 1.0]])
    test = np.array([[1.1, 0.4], [0.7, 0.7], [0.9, 0.7]])
    loss, accuracy = drawings.overfitting(train, test).axes
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), train[:, 0])
    np.testing.assert_array_equal(loss.lines[1].get_ydata(), test[:, 0])
    assert [*loss.lines[2].get_xdata(), *loss.lines[2].get_ydata()] == [2, 0.7]
    np.testing.assert_array_equal(accuracy.lines[1].get_ydata(), test[:, 1])
    assert ("nats" in loss.get_ylabel(), accuracy.get_xlabel()) == (True, "epoch")


def test_thinned_joins_kept_units_only() -> None:
    everything = [[True, True], [True, True, True], [True]]
    half = [[True, True], [True, False, False], [True]]
    whole, thin = drawings.thinned([2, 3, 1], [everything, half]).axes
    assert len(whole.lines) == 6 + (6 + 3)  # units, and a line for every pair
    assert len(thin.lines) == 6 + (2 + 1)
    fills = [line.get_color() for line in thin.lines if line.get_marker() == "o"]
    assert fills.count("none") == 2


def test_augmented_shows_every_image() -> None:
    images = np.arange(2 * 3 * 4 * 4, dtype=float).reshape(2, 3, 4, 4)
    shown = [ax.images[0].get_array() for ax in drawings.augmented(images).axes if ax.images]
    assert len(shown) == 6
    np.testing.assert_array_equal(shown[4], images[1, 1])


def test_learning_curves_draw_means_over_seeds() -> None:
    sizes = [100, 1000]
    metrics = {}
    for k, kind in enumerate(("deep", "logistic")):
        for part in ("test", "train"):
            for n in sizes:
                metrics[f"{part}_accuracy_{kind}_{n}"] = [0.1 * k + n / 2000, 0.1 * k + n / 4000]
    (ax,) = drawings.learning_curves(Metrics(metrics), sizes).axes
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.0375, 0.375])
    np.testing.assert_allclose(ax.lines[2].get_ydata(), [0.1375, 0.475])
    assert ax.get_xscale() == "log"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["100", "1,000"]


def contenders() -> Metrics:
    metrics = {}
    for i, case in enumerate(drawings.NAMES):
        metrics |= {
            f"gap_{case}": [0.1 + i / 100, 0.12 + i / 100],
            f"test_accuracy_{case}": [0.8, 0.81],
            f"test_accuracies_{case}": [[0.7, 0.8], [0.72, 0.82]],
            f"train_accuracies_{case}": [[0.9, 0.9], [0.92, 0.92]],
            f"strengths_{case}": [[0.5, 1.0], [0.5, 1.0]],
        }
    return Metrics(metrics)


def test_gap_and_accuracy_compares_all_contenders() -> None:
    upper, lower = drawings.gap_and_accuracy(contenders()).axes
    assert len(lower.get_xticklabels()) == 7
    assert upper.get_ylim()[0] == 0
    assert ("train − test" in upper.get_ylabel(), "test" in lower.get_ylabel()) == (True, True)


def test_strengths_begin_at_the_plain_network() -> None:
    (ax,) = drawings.strength_paths(contenders(), ["decay", "dropout"]).axes
    decay, dropout, plain = ax.lines
    np.testing.assert_allclose(plain.get_xdata(), 0.11)
    for line in (decay, dropout):
        np.testing.assert_allclose(line.get_xdata(), [0.11, 0.2, 0.1])
        np.testing.assert_allclose(line.get_ydata(), [0.805, 0.71, 0.81])
    assert [text.get_text() for text in ax.texts] == ["0.5", "1", "0.5", "1"]


def test_depth_and_gap_has_a_panel_for_each_family() -> None:
    metrics = {
        f"{part}_accuracy_{family}_{d}": [0.8 + d / 100 + (part == "train") / 10] * 2
        for part in ("train", "test")
        for family in ("width", "parameters")
        for d in (1, 3)
    }
    figure = drawings.depth_and_gap(Metrics(metrics), [1, 3])
    assert [ax.get_title() for ax in figure.axes] == ["equal width", "equal parameters"]
    for ax in figure.axes:
        np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.91, 0.93])
        np.testing.assert_allclose(ax.lines[1].get_ydata(), [0.81, 0.83])


def test_double_descent_marks_the_threshold() -> None:
    errors = {"a": [0.5, 0.9, 0.4], "b": [0.5, 0.4, 0.3]}
    (ax,) = drawings.double_descent([10, 100, 1000], errors, 100, "features").axes
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), errors["a"])
    assert ax.lines[2].get_xdata()[0] == 100
    (ax,) = drawings.double_descent(
        [1, 2, 3], {"a": [[0.1, 0.2, 0.3], [0.3, 0.4, 0.5]]}, 2, "units", spread=True
    ).axes
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.2, 0.3, 0.4])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2"]


def test_recipe_shows_both_levels() -> None:
    metrics = Metrics({"test_accuracy_a": [0.89, 0.9], "test_accuracy_b": [0.9, 0.91]})
    (ax,) = drawings.recipe(metrics, {"a": "first", "b": "second"}, 0.883, 0.895).axes
    assert [label.get_text() for label in ax.get_xticklabels()] == ["first", "second"]
    levels = [line.get_ydata()[0] for line in ax.lines if len(set(line.get_ydata())) == 1]
    assert 0.883 in levels
    assert 0.895 in levels
