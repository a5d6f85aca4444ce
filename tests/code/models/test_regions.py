"""Regions of ReLU networks: the cutting against a grid, against Euler's count, and against the network itself."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.models import mlp
from deeplearning.models.regions import (
    activation_patterns,
    activation_regions,
    area,
    cut,
    hidden_layers,
)


def random_layers(sizes: list[int], seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    generator = np.random.default_rng(seed)
    return [(generator.normal(size=(o, i)), generator.normal(size=o)) for i, o in pairwise(sizes)]


SIZES = st.lists(st.integers(1, 7), min_size=1, max_size=3).map(lambda hidden: [2, *hidden])


@settings(deadline=None, max_examples=30)
@given(SIZES, st.integers(0, 10_000))
def test_the_pieces_fill_the_square_and_do_not_overlap(sizes: list[int], seed: int) -> None:
    pieces = activation_regions(random_layers(sizes, seed))
    assert sum(area(piece) for piece in pieces) == pytest.approx(9.0, rel=1e-7)


@settings(deadline=None, max_examples=30)
@given(SIZES, st.integers(0, 10_000))
def test_every_piece_has_one_pattern_and_no_two_have_the_same(sizes: list[int], seed: int) -> None:
    layers = random_layers(sizes, seed)
    pieces = [piece for piece in activation_regions(layers) if area(piece) > 1e-6]
    middles = np.array([piece.mean(axis=0) for piece in pieces])
    patterns = activation_patterns(layers, middles)
    assert len(np.unique(patterns, axis=0)) == len(pieces)
    for piece, middle, pattern in zip(pieces, middles, patterns, strict=True):
        inner = middle + 0.99 * (piece - middle)  # a hair inside each corner
        assert (activation_patterns(layers, inner) == pattern).all()


@settings(deadline=None, max_examples=20)
@given(SIZES, st.integers(0, 10_000))
def test_a_grid_finds_no_pattern_that_the_cutting_missed(sizes: list[int], seed: int) -> None:
    layers = random_layers(sizes, seed)
    ticks = np.linspace(-1.499, 1.499, 83)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    seen = {tuple(row) for row in activation_patterns(layers, grid)}
    middles = np.array([piece.mean(axis=0) for piece in activation_regions(layers)])
    assert seen <= {tuple(row) for row in activation_patterns(layers, middles)}


@pytest.mark.parametrize("lines", [1, 2, 5, 8])
def test_lines_in_general_position_make_the_number_of_regions_that_theory_gives(lines: int) -> None:
    layers = random_layers([2, lines], seed=3)
    assert len(activation_regions(layers, -1e4, 1e4)) == 1 + lines + lines * (lines - 1) // 2


def test_two_folds_along_one_axis_give_four_strips() -> None:
    fold = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0.0, -0.5])
    again = np.array([[2.0, -4.0], [2.0, -4.0]]), np.array([0.0, -0.5])
    pieces = activation_regions([fold, again], 0.0, 1.0)
    edges = sorted({round(float(corner), 9) for piece in pieces for corner in piece[:, 0]})
    assert edges == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert len(pieces) == 4


def test_within_a_region_the_network_is_affine() -> None:
    model = mlp([2, 6, 5, 1])
    from deeplearning.autograd import Tensor

    largest = max(activation_regions(hidden_layers(model.state_dict())), key=area)
    a, b, c = (largest[i].astype(np.float32) for i in range(3))
    middle = (a + b + c) / 3
    scores = model(Tensor(np.array([a, b, c, middle]))).numpy()[:, 0]
    assert scores[3] == pytest.approx(scores[:3].mean(), abs=1e-5)


def test_no_hidden_layer_is_one_region() -> None:
    assert len(activation_regions([])) == 1


def test_a_neuron_without_weights_cuts_nothing() -> None:
    assert len(activation_regions([(np.zeros((3, 2)), np.array([1.0, 0.0, -1.0]))])) == 1


def test_a_cut_through_a_corner_makes_no_third_piece() -> None:
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    halves = cut(square, np.array([1.0, -1.0]), 0.0)
    assert [area(half) for half in halves] == pytest.approx([0.5, 0.5])
    assert [len(half) for half in halves] == [3, 3]
    assert len(cut(square, np.array([1.0, 0.0]), 0.0)) == 1  # along an edge


def test_layers_come_in_order_when_there_are_more_than_ten() -> None:
    sizes = [2, *range(3, 15), 1]
    assert [weight.shape[0] for weight, _ in hidden_layers(mlp(sizes).state_dict())] == sizes[1:-1]


def test_errors_name_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="3 inputs"):
        activation_regions(random_layers([3, 2], 0))
    with pytest.raises(ValueError, match="low < high"):
        activation_regions([], 1.0, 1.0)
    with pytest.raises(ValueError, match="bias beside each weight"):
        hidden_layers({"0.weight": np.ones((2, 2))})
    with pytest.raises(ValueError, match="bias beside each weight"):
        hidden_layers({})
