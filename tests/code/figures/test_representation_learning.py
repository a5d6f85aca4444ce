"""The chapter's figures draw what they are given."""

import numpy as np
import pytest

from deeplearning import records
from deeplearning.figures import representation_learning as drawings


def test_every_hidden_layer_has_a_probe_and_a_decoder() -> None:
    texts = [text.get_text() for text in drawings.method(4).axes[0].texts]
    assert texts.count("label?") == texts.count("pixels?") == 4


def test_weights_are_shown_on_a_scale_that_is_symmetric_about_0() -> None:
    before = np.arange(2 * 784, dtype=float).reshape(2, 784) - 1000
    figure = drawings.weights(before, -before)
    assert len(figure.axes) == 4
    for ax in figure.axes:
        low, high = ax.images[0].get_clim()
        assert low == -high
    assert np.array_equal(figure.axes[3].images[0].get_array().ravel(), -before[1])


def test_weights_that_are_no_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="784"):
        drawings.weights(np.zeros((2, 10)), np.zeros((2, 10)))


def test_favourites_stand_in_the_row_of_their_unit() -> None:
    images = np.linspace(0, 1, 3 * 784).reshape(3, 28, 28)
    figure = drawings.favourites([("first", images), ("second", images[::-1])])
    assert [figure.axes[place].get_ylabel() for place in (0, 3)] == ["first", "second"]
    assert np.array_equal(figure.axes[3].images[0].get_array(), images[2])


@pytest.mark.parametrize("layers", [3, 4, 7])
def test_maps_draw_every_point_once_and_name_the_classes(layers: int) -> None:
    labels = np.repeat([0, 1, 2], 5)
    points = np.random.default_rng(0).normal(size=(15, 2))
    titles = [str(layer) for layer in range(layers)]
    figure = drawings.maps([points] * layers, labels, {0: "shoe", 2: "coat"}, titles)
    drawn = [len(collection.get_offsets()) for collection in figure.axes[layers - 1].collections]
    assert sum(drawn) == 15
    owners = [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]
    assert [text.get_text() for text in owners[0].get_texts()] == ["shoe", "coat"]


def test_reconstructions_stand_beside_their_image() -> None:
    images = np.random.default_rng(0).uniform(size=(2, 28, 28))
    figure = drawings.reconstructions(images, [images * 0.5], ["image", "layer 1"])
    assert [ax.get_title() for ax in figure.axes[:2]] == ["image", "layer 1"]
    assert np.array_equal(figure.axes[3].images[0].get_array(), images[1] * 0.5)


def test_strokes_run_along_the_edge() -> None:
    """The first of two directions is a gradient to the right and down; its edge runs from the left below up."""
    cells = np.zeros((7, 7, 2))
    cells[2, 3, 0] = 1.0
    strokes = drawings.edges(np.zeros((28, 28)), cells).axes[1].collections[0]
    alphas = strokes.get_alpha()
    place = int(np.argmax(alphas))
    assert alphas[place] == 1
    assert np.count_nonzero(alphas) == 1
    start, end = strokes.get_segments()[place]
    assert (start + end) / 2 == pytest.approx([13.5, 9.5])
    across, down = end - start
    assert down == pytest.approx(-across)


@pytest.mark.parametrize(
    ("draw", "claim"),
    [("what_layers_know", "D5"), ("other_views", "D5"), ("by_size", "D10"), ("by_labels", "D15")],
)
def test_figures_of_records_have_labelled_axes(draw: str, claim: str) -> None:
    figure = getattr(drawings, draw)(records.load(claim))
    for ax in figure.axes:
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        assert len(ax.lines) >= 2
