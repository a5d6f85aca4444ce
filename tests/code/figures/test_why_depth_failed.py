"""Figures of the chapter on why depth failed: what is drawn is what was given, with labels."""

from types import SimpleNamespace

import numpy as np
import pytest

from deeplearning.figures import why_depth_failed as drawings
from deeplearning.records import Metrics

GENERATOR = np.random.default_rng(0)
LOSSES = ("cross_entropy", "squared_error")


def record(config: dict, **metrics: np.ndarray) -> SimpleNamespace:
    return SimpleNamespace(config=config, metrics=Metrics(metrics))


def drawn(*shape: int) -> np.ndarray:
    return GENERATOR.uniform(0.01, 1, shape)


def test_derivatives_are_those_of_the_curves() -> None:
    z = np.linspace(-4, 4, 801)
    left, right = drawings.derivatives(z).axes
    for value, slope in list(zip(left.lines, right.lines, strict=False))[:3]:
        measured = np.gradient(value.get_ydata(), z)
        away = abs(z) > 0.05  # from ReLU's corner
        np.testing.assert_allclose(slope.get_ydata()[away], measured[away], atol=1e-3)
    assert [text.get_text() for text in left.get_legend().get_texts()] == [
        "sigmoid",
        "tanh",
        "ReLU",
    ]


def test_through_layers_draws_both_ways() -> None:
    up, down = drawings.through_layers({"a": ([1, 2], [3, 4]), "b": ([5, 6], [7, 8])}).axes
    assert [list(line.get_ydata()) for line in up.lines] == [[1, 2], [5, 6]]
    assert [list(line.get_ydata()) for line in down.lines] == [[3, 4], [7, 8]]
    assert up.get_yscale() == down.get_yscale() == "log"


def kinds(prefix: str, length: int) -> dict[str, np.ndarray]:
    return {
        f"{prefix}_{kind}_{init}": drawn(3, length)
        for kind in ("sigmoid", "tanh", "relu")
        for init in ("old", "modern")
    }


@pytest.mark.parametrize(
    ("function", "prefix"),
    [(drawings.profiles, "profile"), (drawings.training_reach, "reach_training")],
)
def test_medians_over_seeds(function: object, prefix: str) -> None:
    made = record({}, **kinds(prefix, 6))
    figure = function(made)  # type: ignore[operator]
    for ax, init in zip(figure.axes, ("old", "modern"), strict=True):
        for line, kind in zip(ax.lines, ("sigmoid", "tanh", "relu"), strict=True):
            expected = np.median(made.metrics[f"{prefix}_{kind}_{init}"], axis=0)
            np.testing.assert_allclose(line.get_ydata(), expected)
        assert ax.get_yscale() == "log"
        assert ax.get_xlabel()
    assert figure.axes[0].get_ylabel()


def test_softmax() -> None:
    made = record({"spreads": [1, 10]}, **{f"softmax_{loss}": drawn(3, 2) for loss in LOSSES})
    (ax,) = drawings.softmax_saturation(made).axes
    for line, loss in zip(ax.lines, LOSSES, strict=True):
        np.testing.assert_allclose(line.get_ydata(), made.metrics.mean(f"softmax_{loss}"))


def test_success_stays_within_two_points_of_what_was_measured() -> None:
    made = record({"depths": [1, 20]}, **kinds("success", 2), **kinds("reach", 2))
    figure = drawings.success_by_depth(made)
    for column, init in enumerate(("old", "modern")):
        for line, kind in zip(figure.axes[column].lines, ("sigmoid", "tanh", "relu"), strict=True):
            expected = 100 * made.metrics.mean(f"success_{kind}_{init}")
            np.testing.assert_allclose(line.get_ydata(), expected, atol=2.001)
    labels = [label.get_text() for label in figure.axes[2].get_xticklabels()]
    assert labels == ["1", "20"]


def test_four_remedies_and_the_baseline() -> None:
    cases = ("baseline", "initialisation", "relu", "pretraining", "residual")
    values = {f"curve_{case}": drawn(5, 4) for case in cases}
    made = record({}, **values, **{f"reach_{case}": drawn(5) for case in cases})
    left, middle, right = drawings.four_remedies(made).axes
    for ax in (left, middle):
        for line, case in zip(ax.lines, cases, strict=False):
            np.testing.assert_allclose(line.get_ydata(), 100 * made.metrics.mean(f"curve_{case}"))
    for line, case in zip(right.lines, cases, strict=True):
        np.testing.assert_allclose(line.get_xdata(), made.metrics[f"reach_{case}"])
    assert len(left.get_legend().get_texts()) == 5


def test_pretraining_is_counted() -> None:
    names = [f"{kind}_{depth}" for kind in ("plain", "pretrained") for depth in (3, 10)]
    made = record({"pretraining_epochs": 2}, **{f"curve_{name}": drawn(5, 4) for name in names})
    for ax, depth in zip(drawings.pretraining(made).axes, (3, 10), strict=True):
        plain, pretrained = ax.lines
        np.testing.assert_allclose(plain.get_xdata(), range(4))
        np.testing.assert_allclose(pretrained.get_xdata(), np.arange(4) + 2 * depth)
        expected = 100 * made.metrics.mean(f"curve_pretrained_{depth}")
        np.testing.assert_allclose(pretrained.get_ydata(), expected)


def test_residual_drawing_has_the_identity_on_one_side() -> None:
    plain, residual = drawings.residual_drawing().axes
    words = [[text.get_text() for text in ax.texts] for ax in (plain, residual)]
    assert "the identity" not in words[0]
    assert "the identity" in words[1]


def test_codes_stand_under_their_images() -> None:
    images = drawn(3, 784)
    grid = drawings.codes(images, images + 5)
    assert grid.shape == (6, 28, 28)
    np.testing.assert_array_equal(grid[1].ravel(), images[1])
    assert grid[3:].max() == 1
