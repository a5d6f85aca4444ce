"""Figures of the chapter on pooling: what they draw."""

import numpy as np

from deeplearning.figures import pooling
from deeplearning.records import Metrics


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_windows_show_the_numbers_in_squares_of_one_colour_a_window() -> None:
    image = np.arange(16.0).reshape(4, 4)
    figure = pooling.windows(image, {"maximum": image[1::2, 1::2]})
    assert texts(figure.axes[0]) == [str(n) for n in range(16)]
    colours = [patch.get_facecolor() for patch in figure.axes[0].patches]
    assert colours[0] == colours[1] == colours[4] == colours[5] != colours[2]
    assert texts(figure.axes[1]) == ["5", "7", "13", "15"]
    assert [p.get_facecolor() for p in figure.axes[1].patches] == [
        colours[i] for i in (0, 2, 8, 10)
    ]


def test_gradients_has_a_panel_for_each() -> None:
    figure = pooling.gradients({"a": np.eye(4), "b": np.full((4, 4), 0.25)})
    assert [ax.get_title() for ax in figure.axes] == ["a", "b"]
    assert set(texts(figure.axes[1])) == {"0.25"}


def test_sampled_draws_both_positions() -> None:
    signal = np.arange(8.0)
    pair = [signal[::2], signal[1::2]]
    figure = pooling.sampled([signal, np.roll(signal, 1)], {"a": pair, "b": pair})
    lines = figure.axes[1].lines
    assert len(lines) == 4
    assert lines[1].get_ydata().tolist() == [0, 2, 4, 6]
    assert lines[3].get_ydata().tolist() == [1, 3, 5, 7]


def test_the_response_of_binomial_weights_is_a_cosine() -> None:
    axes = pooling.responses({"binomial": np.array([1, 2, 1]) / 4}).axes[0]
    frequency, left = axes.lines[0].get_data()
    np.testing.assert_allclose(left, (1 + np.cos(2 * np.pi * frequency)) / 2, atol=1e-12)


def test_resized_shows_images_side_by_side() -> None:
    figure = pooling.resized(np.zeros((3, 4, 4)), ["a", "b", "c"])
    assert [ax.get_title() for ax in figure.axes] == ["a", "b", "c"]


def test_robustness_draws_means_over_seeds() -> None:
    values = [[1.0, 0.8], [1.0, 0.6]]
    metrics = Metrics(
        {f"{m}_{c}": values for m in ("unchanged", "shifted_accuracy") for c in ("none", "max")}
    )
    left, right = pooling.robustness(metrics, ("none", "max")).axes
    assert [line.get_label() for line in left.lines] == ["no pooling", "maximum"]
    np.testing.assert_allclose(right.lines[1].get_ydata(), [1.0, 0.7])
