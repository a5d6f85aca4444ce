"""Pieces along a line: against polygons cut from the plane, a fine grid, and the network itself."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning.models.line_regions import crossings, pieces, slice_layers
from deeplearning.models.regions import activation_patterns, activation_regions

Layers = list[tuple[np.ndarray, np.ndarray]]
SIZES = st.lists(st.integers(1, 8), min_size=2, max_size=5)


def random_layers(sizes: list[int], seed: int) -> Layers:
    generator = np.random.default_rng(seed)
    return [(generator.normal(size=(o, i)), generator.normal(size=o)) for i, o in pairwise(sizes)]


def walk(start: np.ndarray, end: np.ndarray, t: np.ndarray) -> np.ndarray:
    return start + t[:, None] * (end - start)


@settings(deadline=None, max_examples=50)
@given(SIZES, st.integers(0, 10_000))
def test_the_pattern_changes_at_every_crossing_and_nowhere_else(
    sizes: list[int], seed: int
) -> None:
    layers = random_layers(sizes, seed)
    start, end = np.random.default_rng(seed + 1).normal(size=(2, sizes[0])) * 3
    t = np.sort(np.concatenate(crossings(layers, start, end)))
    assert ((t > 0) & (t < 1)).all()
    edges = np.concatenate([[0.0], t, [1.0]])
    wide = np.diff(edges) > 1e-7  # two crossings closer than that cannot be told apart by looking
    middles = ((edges[:-1] + edges[1:]) / 2)[wide]
    inside = activation_patterns(layers, walk(start, end, middles))
    for share in (0.01, 0.99):  # one pattern within a piece …
        points = (edges[:-1] + share * np.diff(edges))[wide]
        assert (activation_patterns(layers, walk(start, end, points)) == inside).all()
    if wide.all():  # … and one neuron more or less in the next
        assert (np.abs(np.diff(inside.astype(int), axis=0)).sum(axis=1) == 1).all()


@settings(deadline=None, max_examples=30)
@given(SIZES, st.integers(0, 10_000))
def test_a_grid_finds_no_pattern_more(sizes: list[int], seed: int) -> None:
    layers = random_layers(sizes, seed)
    start, end = np.random.default_rng(seed + 1).normal(size=(2, sizes[0])) * 3
    grid = walk(start, end, np.linspace(0, 1, 4001))
    changes = (np.diff(activation_patterns(layers, grid).astype(int), axis=0) != 0).any(axis=1)
    assert changes.sum() <= sum(len(t) for t in crossings(layers, start, end))


def test_on_a_plane_the_line_crosses_the_polygons_that_cutting_finds() -> None:
    layers = random_layers([2, 7, 6], seed=5)
    start, end = np.array([-1.4, -0.9]), np.array([1.3, 1.2])
    middles = np.array([polygon.mean(axis=0) for polygon in activation_regions(layers)])
    known = {tuple(row) for row in activation_patterns(layers, middles)}
    fine = activation_patterns(layers, walk(start, end, np.linspace(0, 1, 40_001)))
    crossed = 1 + int((np.diff(fine.astype(int), axis=0) != 0).any(axis=1).sum())
    assert pieces(layers, np.stack([start, end])[None]).tolist() == [crossed]
    assert {tuple(row) for row in np.unique(fine, axis=0)} <= known


def test_pytorch_is_straight_within_every_piece_and_bends_between_them() -> None:
    layers = random_layers([5, 9, 8], seed=2)
    start, end = np.random.default_rng(3).normal(size=(2, 5)) * 8

    def network(t: np.ndarray) -> np.ndarray:
        h = torch.from_numpy(walk(start, end, t))
        for weight, bias in layers:
            h = torch.relu(h @ torch.from_numpy(weight).T + torch.from_numpy(bias))
        return h.numpy()

    edges = np.concatenate([[0.0], np.sort(np.concatenate(crossings(layers, start, end))), [1.0]])
    middle = (edges[:-1] + edges[1:]) / 2
    straight = (network(edges[:-1]) + network(edges[1:])) / 2
    assert len(edges) > 7
    assert_close(network(middle), straight, length=40, name="middle of a piece")


@pytest.mark.parametrize("folds", [1, 2, 3, 6])
def test_folds_double_the_pieces(folds: int) -> None:
    first = np.array([[1.0], [1.0]]), np.array([-1e-9, -0.5])
    more = np.array([[2.0, -4.0], [2.0, -4.0]]), np.array([-1e-9, -0.5])
    ends = np.array([[[0.0], [1.0]]])
    # Bends at the very foot of a tooth, where the first neuron of a pair goes off, come apart by a hair.
    found = crossings([first] + [more] * (folds - 1), *ends[0])
    assert [len(t) for t in found][-1] >= 2 ** (folds - 1)
    peaks = np.sort(found[-1])
    expected = (2 * np.arange(2 ** (folds - 1)) + 1) / 2**folds
    assert np.abs(peaks[:, None] - expected).min(axis=0).max() < 1e-6


def test_one_layer_has_at_most_a_crossing_a_neuron_and_none_on_a_point() -> None:
    layers = random_layers([6, 30], seed=0)
    start, end = np.random.default_rng(1).normal(size=(2, 6)) * 1e3
    assert 1 < pieces(layers, np.stack([start, end])[None])[0] <= 31
    assert pieces(layers, np.stack([start, start])[None]).tolist() == [1]
    assert crossings([], start, end) == []


def test_a_slice_shows_the_network_at_its_three_corners() -> None:
    layers = random_layers([6, 5, 4], seed=8)
    corners = np.random.default_rng(9).normal(size=(3, 6))
    plane = slice_layers(layers, *corners)
    on_plane = activation_patterns(plane, np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    assert (on_plane == activation_patterns(layers, corners)).all()
    assert [weight.shape for weight, _ in plane] == [(5, 2), (4, 5)]


def test_errors_name_what_is_wrong() -> None:
    layers = random_layers([3, 2], 0)
    with pytest.raises(ValueError, match=r"takes \(3,\)"):
        crossings(layers, np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match=r"takes \(3,\)"):
        slice_layers(layers, np.zeros(3), np.zeros(3), np.zeros(2))
