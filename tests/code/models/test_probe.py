"""Probes and decoders against closed forms, other libraries and the other engine."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from comparison import assert_close
from deeplearning import engines, models
from deeplearning.models.probe import (
    Decoder,
    LinearProbe,
    class_share,
    layer_inputs,
    linear_cka,
    neighbour_purity,
    statistics,
)

OURS, THEIRS = engines.get("numpy"), engines.get("torch")
RNG = np.random.default_rng(0)


def test_layers_are_what_the_equations_say() -> None:
    OURS.manual_seed(0)
    model = models.mlp([4, 5, 6, 3])
    x = RNG.normal(size=(7, 4)).astype(np.float32)
    inputs = layer_inputs(model, x, OURS, batch_size=3)
    h = x
    for found, layer in zip(inputs, list(model)[::2], strict=True):
        assert_close(found, h, length=6)
        h = np.maximum(h @ layer.weight.numpy().T + layer.bias.numpy(), 0)


def test_both_engines_have_the_same_layers() -> None:
    OURS.manual_seed(1)
    ours, theirs = models.mlp([4, 5, 3]), models.mlp([4, 5, 3], nn=THEIRS.nn)
    THEIRS.load(theirs, OURS.state(ours))
    x = RNG.normal(size=(6, 4)).astype(np.float32)
    for a, b in zip(layer_inputs(ours, x, OURS), layer_inputs(theirs, x, THEIRS), strict=True):
        assert_close(a, b, length=5)


def test_layers_are_read_in_evaluation_mode_and_the_mode_is_kept() -> None:
    model = OURS.nn.Sequential(OURS.nn.Linear(3, 3), OURS.nn.Dropout(0.9), OURS.nn.Linear(3, 2))
    model.train()
    first, second = (layer_inputs(model, np.ones((5, 3), np.float32), OURS)[1] for _ in range(2))
    assert np.array_equal(first, second)
    assert model.training


def test_a_model_without_layers_is_refused() -> None:
    with pytest.raises(ValueError, match="no Linear"):
        layer_inputs(OURS.nn.Sequential(OURS.nn.ReLU()), np.ones((2, 3), np.float32), OURS)


def test_probe_heeds_neither_scale_nor_shift_of_features() -> None:
    h, labels = RNG.normal(size=(80, 3)), RNG.integers(3, size=80)
    h[:, 0] += 2 * labels
    plain = LinearProbe().fit(h, labels).score(h, labels)
    assert LinearProbe().fit(1000 * h - 5, labels).score(1000 * h - 5, labels) == plain > 0.5


def test_probe_finds_a_line_and_not_a_ring() -> None:
    points = RNG.normal(size=(600, 2))
    line, ring = (points[:, 0] > 0.1).astype(int), ((points**2).sum(axis=1) > 1.4).astype(int)
    assert LinearProbe(0.01).fit(points, line).score(points, line) > 0.98
    assert LinearProbe(0.01).fit(points, ring).score(points, ring) < 0.65


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.sampled_from([1e-3, 0.1, 10.0]), st.integers(0, 99))
def test_linear_decoder_is_ridge_regression(
    width: int, pixels: int, penalty: float, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    h, x = generator.normal(2, 3, size=(30, width)), generator.normal(size=(30, pixels))
    mean, scale = statistics(h)
    ridge = Ridge(alpha=penalty * 30).fit((h - mean) / scale, x)
    assert_close(
        Decoder(penalty).fit(h, x).decode(h), ridge.predict((h - mean) / scale).reshape(x.shape), length=30
    )  # fmt: skip


def test_bent_decoder_brings_back_what_no_linear_one_can() -> None:
    h = RNG.uniform(-2, 2, size=(400, 1))
    x = np.abs(h)
    assert Decoder().fit(h, x).explained(h, x) < 0.1
    assert Decoder(1e-6, hidden=30).fit(h, x).explained(h, x) > 0.98


def test_explained_is_0_for_a_layer_that_says_nothing() -> None:
    h, x = np.ones((50, 4)), RNG.normal(size=(50, 3))
    assert Decoder().fit(h, x).explained(h, x) == pytest.approx(0, abs=1e-9)


def test_a_unit_that_hardly_ever_speaks_does_not_outweigh_the_layer() -> None:
    h = np.random.default_rng(1).normal(size=(400, 3))
    x = h @ np.ones((3, 2))
    rare = np.zeros((400, 1))
    rare[:2] = 1e-6  # active on two images of the fitting, faintly
    reader = Decoder().fit(np.hstack([h[:200], rare[:200]]), x[:200])
    test = np.hstack([h[200:], np.full((200, 1), 0.5)])  # and on all others strongly
    assert reader.explained(test, x[200:]) > 0.9


@pytest.mark.parametrize(("penalty", "hidden"), [(0.0, 0), (-1.0, 0), (float("nan"), 0), (1.0, -1)])
def test_settings_out_of_range_are_refused(penalty: float, hidden: int) -> None:
    with pytest.raises(ValueError, match="give a positive penalty"):
        Decoder(penalty, hidden)
    if not penalty > 0:
        with pytest.raises(ValueError, match="give a positive number"):
            LinearProbe(penalty)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_cka_is_the_alignment_of_the_gram_matrices(width: int, other: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    a, b = generator.normal(1, 2, size=(20, width)), generator.normal(size=(20, other))
    centre = np.eye(20) - 1 / 20
    k, m = centre @ a @ a.T @ centre, centre @ b @ b.T @ centre
    expected = (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum())
    assert_close(linear_cka(a, b), expected, length=400)
    rotation = np.linalg.qr(generator.normal(size=(width, width)))[0]
    assert_close(linear_cka(3 * a @ rotation + 1, b), expected, length=400)


def test_purity_counts_neighbours_as_sorting_does() -> None:
    h, labels = RNG.normal(size=(60, 3)), RNG.integers(3, size=60)
    queries, wanted = RNG.normal(size=(9, 3)), RNG.integers(3, size=9)
    shares = []
    for query, label in zip(queries, wanted, strict=True):
        nearest = np.argsort(np.linalg.norm(h - query, axis=1))[:5]
        shares.append((labels[nearest] == label).mean())
    assert neighbour_purity(h, labels, queries, wanted, 5) == pytest.approx(np.mean(shares))


def test_class_share_of_a_constant_unit_is_0() -> None:
    h = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 3.0]])
    # Second unit: means 0 and 2, variance 1.5 in all, 1 between.
    assert_close(class_share(h, np.array([0, 0, 1, 1])), np.array([0, 2 / 3]))
