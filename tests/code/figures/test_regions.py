"""Decision regions: each point has the colour of its answer, each sample of its class."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from deeplearning.figures import COLORS, decision_regions, new, tint

X = np.array([[-1.0, 0.0], [1.0, 2.0], [0.5, 1.0]])
Y = np.array([0, 2, 2])


def quadrants(points: np.ndarray) -> np.ndarray:
    return (points[:, 0] > 0).astype(int) + (points[:, 1] > 1)


def test_every_point_has_the_colour_of_its_answer() -> None:
    _, axes = new()
    asked = []

    def predict(points: np.ndarray) -> np.ndarray:
        asked.append(points)
        return quadrants(points)

    image = decision_regions(axes, predict, X, Y, margin=0.5, resolution=10)
    (grid,) = asked
    assert grid.shape == (100, 2)
    assert grid.dtype == np.float32
    left, right, bottom, top = image.get_extent()
    assert (left, right, bottom, top) == (-1.5, 1.5, -0.5, 2.5)
    painted = np.asarray(image.get_array())
    for column in range(10):
        for row in range(10):
            centre = np.array(
                [[left + (column + 0.5) * 0.3, bottom + (row + 0.5) * 0.3]], dtype=np.float32
            )
            expected = tint(COLORS[int(quadrants(centre)[0])])
            np.testing.assert_allclose(painted[row, column], expected)
    assert image.origin == "lower"


def test_samples_have_their_class_colour_marker_and_name() -> None:
    _, axes = new()
    decision_regions(axes, quadrants, X, Y, classes=("red", "green", "blue"), resolution=5)
    zero, two = axes.collections
    np.testing.assert_array_equal(zero.get_offsets(), X[:1])
    np.testing.assert_array_equal(two.get_offsets(), X[1:])
    np.testing.assert_allclose(two.get_facecolor()[0, :3], to_rgb(COLORS[2]))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["red", "blue"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("$x_1$", "$x_2$")
    assert axes.get_xlim() == (-1.5, 1.5)
    assert axes.get_ylim() == (-0.5, 2.5)


def test_no_legend_without_names_and_booleans_are_classes() -> None:
    _, axes = new()
    decision_regions(axes, lambda points: points[:, 0] > 0, X, Y > 0, resolution=5)
    assert axes.get_legend() is None
    assert len(axes.collections) == 2


@pytest.mark.parametrize(
    ("x", "y"), [(X[:, :1], Y), (X, Y[:2]), (X[0], Y[:1]), (np.zeros((0, 2)), np.zeros(0))]
)
def test_samples_of_another_shape(x: np.ndarray, y: np.ndarray) -> None:
    _, axes = new()
    with pytest.raises(ValueError, match=r"expected samples x \(N, 2\)"):
        decision_regions(axes, quadrants, x, y)


@pytest.mark.parametrize("y", [[0, 0.5, 1], [-1, 0, 1], [0, 1, len(COLORS)]])
def test_classes_out_of_range(y: list) -> None:
    _, axes = new()
    with pytest.raises(ValueError, match="y: classes are whole numbers from 0 to 5"):
        decision_regions(axes, quadrants, X, y, resolution=5)


@pytest.mark.parametrize(
    ("predict", "message"),
    [
        (lambda points: points, r"one class a point, shape \(25,\); got \(25, 2\)"),
        (lambda points: points[:, 0], "predict: classes are whole numbers"),
    ],
)
def test_predictions_of_another_kind(predict, message: str) -> None:
    _, axes = new()
    with pytest.raises(ValueError, match=message):
        decision_regions(axes, predict, X, Y, resolution=5)
