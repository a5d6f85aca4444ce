"""Network drawings: as many neurons and weights as the network has."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle

from deeplearning.figures import COLORS, network_diagram, new


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4))
@settings(max_examples=20, deadline=None)
def test_neurons_and_weights(sizes: list[int]) -> None:
    _, axes = new()
    centres = network_diagram(axes, sizes)
    circles = [patch for patch in axes.patches if isinstance(patch, Circle)]
    assert len(circles) == sum(sizes)
    assert [len(layer) for layer in centres] == sizes
    drawn = {tuple(np.round(circle.center, 9)) for circle in circles}
    assert drawn == {tuple(np.round(place, 9)) for layer in centres for place in layer}
    assert len(drawn) == sum(sizes)  # no two in one place
    lines = [c for c in axes.collections if isinstance(c, LineCollection)]
    assert [len(c.get_segments()) for c in lines] == [a * b for a, b in pairwise(sizes)]
    for collection, left, right in zip(lines, centres[:-1], centres[1:], strict=True):
        ends = {(tuple(s[0]), tuple(s[1])) for s in collection.get_segments()}
        assert ends == {(a, b) for a in left for b in right}
    assert not axes.axison


def test_everything_is_inside_the_picture() -> None:
    figure, axes = new()
    network_diagram(axes, [9, 2, 4], ["input\n$x$", "hidden", "output"])
    figure.canvas.draw()
    frame = figure.bbox
    for text in axes.texts:
        box = text.get_window_extent()
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1
        assert frame.y0 <= box.y0
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for circle in axes.patches:
        assert left < circle.center[0] - circle.radius
        assert circle.center[0] + circle.radius < right
        assert bottom < circle.center[1] - circle.radius
        assert circle.center[1] + circle.radius < top


def test_labels_nodes_and_colours() -> None:
    _, axes = new()
    network_diagram(axes, [2, 1, 1], ["in", "hidden", "out"], nodes=[["a", "b"], ["h"], ["y"]])
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["a", "b", "in", "h", "hidden", "y", "out"]
    edges = [circle.get_edgecolor()[:3] for circle in axes.patches]
    assert edges == [to_rgb(COLORS[i]) for i in (0, 0, 2, 1)]


def test_a_large_layer_is_cut() -> None:
    _, axes = new()
    nodes = [[f"x{i}" for i in range(100)], ["y"]]
    centres = network_diagram(axes, [100, 1], nodes=nodes, shown=4)
    assert len(centres[0]) == 4
    assert [text.get_text() for text in axes.texts] == ["x0", "x1", "x2", "x99", "⋮", "y"]
    ellipsis = axes.texts[4].get_position()[1]
    assert centres[0][2][1] > ellipsis > centres[0][3][1]


def test_weights_have_width_sign_and_place() -> None:
    _, axes = new()
    # out x in, as in Linear.weight; the largest belongs to the pair that the cut layer keeps last.
    matrix = np.array([[1.0, -2.0, 0.0, 4.0]])
    centres = network_diagram(axes, [4, 1], weights=[matrix], shown=3)
    (collection,) = axes.collections
    assert len(centres[0]) == 3  # inputs 0, 1 and 3
    widths = collection.get_linewidths()
    np.testing.assert_allclose(widths, 0.2 + 2.8 * np.array([0.25, 0.5, 1.0]))
    colors = [tuple(color[:3]) for color in collection.get_colors()]
    assert colors == [to_rgb(COLORS[0]), to_rgb(COLORS[1]), to_rgb(COLORS[0])]
    dashes = [pattern for _, pattern in collection.get_linestyle()]
    assert dashes[0] is None
    assert dashes[1] is not None  # negative: dashed, so that colour is not the only sign


def test_weights_of_zero() -> None:
    _, axes = new()
    network_diagram(axes, [2, 1], weights=[np.zeros((1, 2))])
    np.testing.assert_allclose(axes.collections[0].get_linewidths(), 0.2)


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ([3], {}, "at least two whole numbers"),
        ([3, 0], {}, r"from 1; got \[3, 0\]"),
        ([3, 1], {"labels": ["in"]}, "expected 2 labels, one a layer; got 1"),
        ([3, 1], {"nodes": [["a"], ["b"]]}, r"nodes must have \[3, 1\] texts; got \[1, 1\]"),
        ([3, 1], {"weights": [np.zeros((3, 1))]}, r"shapes \[\(1, 3\)\]; got \[\(3, 1\)\]"),
        ([3, 1], {"weights": []}, r"got \[\]"),
        ([3, 1], {"shown": 2}, "shown is at least 3"),
    ],
)
def test_what_does_not_fit_is_named(sizes: list, options: dict, message: str) -> None:
    _, axes = new()
    with pytest.raises(ValueError, match=message):
        network_diagram(axes, sizes, **options)
