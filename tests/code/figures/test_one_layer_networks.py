"""The chapter's figures show the numbers that they are given."""

import numpy as np
import pytest

from deeplearning.figures import one_layer_networks as drawings
from deeplearning.figures import to_png, to_svg
from deeplearning.records import Metrics


class Record:
    """What the figures read of a record."""

    def __init__(self, **values: np.ndarray) -> None:
        self.metrics = Metrics({name: np.asarray(value).tolist() for name, value in values.items()})

    def mean(self, name: str):
        return self.metrics.mean(name)


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def test_three_ends_and_losses_can_be_drawn() -> None:
    assert [ax.get_title() for ax in drawings.three_ends().axes][1] == "logistic regression"
    left, right = drawings.losses_of_a_score().axes
    z, slope = right.get_lines()[0].get_data()
    _, loss = left.get_lines()[0].get_data()
    np.testing.assert_allclose(np.gradient(loss, z)[1:-1], slope[1:-1], atol=2e-3)
    for drawn_loss, drawn_slope in zip(left.get_lines()[1:], right.get_lines()[1:], strict=True):
        np.testing.assert_allclose(
            np.gradient(drawn_loss.get_ydata(), z)[1:-1], drawn_slope.get_ydata()[1:-1], atol=2e-3
        )


def test_path_ends_where_it_should() -> None:
    path = np.array([[0.0, 0.0]] + [[1.0, 1.5]] * 6)
    figure = drawings.fitting_a_line(
        np.array([0.0, 1.0]),
        np.array([1.0, 3.0]),
        path,
        (2.0, 1.0),
        lambda w, b: (w - 2) ** 2 + (b - 1) ** 2,
        ("a", "b"),
    )
    lines = figure.axes[0].get_lines()
    assert [line.get_label() for line in lines] == [
        "after 0 steps",
        "after 5 steps",
        "after 6 steps",
    ]
    np.testing.assert_allclose(lines[-1].get_ydata(), [1.5, 2.5])
    to_png(figure)


def test_weights_are_below_their_mean_picture(generator) -> None:
    weights, means = generator.normal(size=(10, 4, 4)), generator.random((10, 4, 4))
    axes = drawings.weight_pictures(weights, means, [str(k) for k in range(10)]).axes
    assert axes[7].get_images()[0].get_array().tolist() == weights[2].tolist()
    assert axes[2].get_images()[0].get_array().tolist() == means[2].tolist()


def test_confusion_is_in_per_cent_of_the_row() -> None:
    table = np.zeros((3, 10, 10))
    table[:, range(10), range(10)] = 30
    table[:, 6, 0] = 10
    ax = drawings.confusion(Record(confusion=table), [str(k) for k in range(10)]).axes[0]
    texts = {text.get_position(): text.get_text() for text in ax.texts}
    assert texts[0, 6] == "25"
    assert texts[6, 6] == "75"
    assert (6, 0) not in texts


def test_worst_class_comes_first() -> None:
    record = Record(
        class_accuracy=np.array([[0.9, 0.5, 0.7]] * 3), test_accuracy=np.array([0.7] * 3)
    )
    ax = drawings.class_accuracy(record, ["a", "b", "c"]).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "c", "a"]


def test_weights_and_importance(generator) -> None:
    pairs = (
        "standardised_permutation",
        "raw_permutation",
        "standardised_retraining",
        "raw_retraining",
    )
    record = Record(
        **{name: generator.random(4) for name in pairs},
        **{
            name: generator.random((4, 5))
            for name in ("weights", "raw_weights", "permutation_importance")
        },
    )
    figure = drawings.weight_and_importance(record)
    x, y = figure.axes[1].get_lines()[0].get_data()
    np.testing.assert_allclose(x, record.metrics["raw_weights"][0])
    np.testing.assert_allclose(y, 1000 * record.metrics["permutation_importance"][0])
    to_svg(figure)


def test_curves_bars_and_shifts(generator) -> None:
    curves = {
        f"{name}_{kind}_curve": generator.random((3, 5))
        for name in drawings.SETS
        for kind in ("step", "sigmoid")
    }
    figure = drawings.step_and_sigmoid(Record(**curves))
    mean = figure.axes[1].get_lines()[0].get_ydata()
    np.testing.assert_allclose(mean, 100 * curves["overlapping_step_curve"].mean(axis=0))
    names = ("one_layer", "identity_mlp", "tanh_mlp")
    record = Record(
        **{f"{name}_accuracy": np.array([0.9, 0.92]) for name in names},
        **{f"{name}_parameters": np.array([7, 7]) for name in names},
    )
    labels = drawings.parameters_or_bend(record).axes[0].get_xticklabels()
    assert labels[0].get_text() == "one layer\n7 parameters"
    line = drawings.shifted([-1, 0, 1], [0.2, 0.8, 0.3], 0.1).axes[0].get_lines()[0]
    np.testing.assert_allclose(line.get_ydata(), [20, 80, 30])
