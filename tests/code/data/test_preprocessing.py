"""Standardising and whitening: against scikit-learn, against what they promise, and there and back."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from comparison import assert_close
from deeplearning.data import Standardise, Whiten

few = settings(max_examples=25, deadline=None)


def samples(n: int, d: int, seed: int = 0, dtype: Any = np.float64) -> np.ndarray:
    """Correlated features of different scales, none of them centred."""
    rng = np.random.default_rng([seed, n, d])
    return (rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)).astype(dtype)


@given(n=st.integers(2, 30), d=st.integers(1, 6), dtype=st.sampled_from([np.float32, np.float64]))
@few
def test_standardise_equals_scikit_learn(n: int, d: int, dtype: Any) -> None:
    train, other = samples(n, d, dtype=dtype), samples(7, d, seed=1, dtype=dtype)
    scale, theirs = Standardise.fit(train), StandardScaler().fit(train.astype(np.float64))
    stretch = float((1 / theirs.scale_).max() * max(1, np.abs(train).max()))
    for x in (train, other):
        ours = scale(x)
        assert ours.dtype == dtype
        # Rounding of the differences, before they are divided.
        assert_close(ours / stretch, theirs.transform(x) / stretch, dtype=dtype, length=n)


def test_a_feature_that_never_changes_is_only_centred() -> None:
    train = np.float32([[1, 5], [3, 5]])
    scale = Standardise.fit(train)
    assert scale(train).tolist() == [[-1, 0], [1, 0]]
    assert scale(np.float32([[2, 6]])).tolist() == [[0, 1]]
    # sqrt(1 + 3) and sqrt(0 + 3)
    assert_close(Standardise.fit(train, epsilon=3.0).scale, np.sqrt([4.0, 3.0]))


@pytest.mark.parametrize("value", [0.1, -123.456, 1e8 / 3])
def test_rounding_of_the_mean_does_not_make_a_constant_vary(value: float) -> None:
    train = np.concatenate([samples(1003, 1), np.full((1003, 1), value)], axis=1)
    scale, theirs = Standardise.fit(train), StandardScaler().fit(train)
    assert_close(scale.scale, theirs.scale_, length=1003)
    other = np.array([[0.0, value], [0.0, value + 1]])
    assert scale(other)[:, 1].tolist() == [0, value + 1 - value]
    for fitted in (train, train[:, 1:]):
        moved = Whiten.fit(fitted)(other[:, -fitted.shape[1] :])
        assert moved[:, -1].tolist() == [0, value + 1 - value]


def test_images_keep_their_shape_and_integers_become_floats() -> None:
    train = np.random.default_rng(0).integers(0, 256, (20, 3, 4), dtype=np.uint8)
    mapped = Standardise.fit(train)(train)
    assert (mapped.shape, mapped.dtype) == ((20, 3, 4), np.float32)
    assert_close(mapped.mean(axis=0), np.zeros((3, 4)), length=20)
    assert_close(mapped.std(axis=0), np.ones((3, 4)), length=20)


@pytest.mark.parametrize("kind", ["pca", "zca"])
@given(d=st.integers(1, 6), seed=st.integers(0, 100))
@few
def test_whitened_features_have_the_identity_as_covariance(kind: str, d: int, seed: int) -> None:
    train = samples(40, d, seed)
    white = Whiten.fit(train, kind)
    mapped = white(train)
    condition = np.linalg.cond(np.cov(train, rowvar=False).reshape(d, d))
    assert_close(mapped.mean(axis=0), np.zeros(d), length=int(40 * condition))
    covariance = mapped.T @ mapped / len(train)
    assert_close(covariance, np.eye(d), length=int((40 * condition) ** 2))
    assert_close(white.inverse(mapped), train, length=int((40 * condition) ** 2))


@given(d=st.integers(2, 6), keep=st.integers(1, 6))
@few
def test_pca_whitening_equals_scikit_learn(d: int, keep: int) -> None:
    keep = min(keep, d)
    train, other = samples(50, d), samples(5, d, seed=1)
    ours = Whiten.fit(train, "pca", components=keep)(other)
    theirs = PCA(keep, whiten=True, svd_solver="full").fit(train).transform(other)
    theirs *= np.sqrt(50 / 49)  # they divide by n − 1
    signs = np.sign((ours * theirs).sum(axis=0))  # a direction has no sign
    condition = np.linalg.cond(np.cov(train, rowvar=False))
    assert_close(ours, theirs * signs, length=int((50 * condition) ** 2))


def test_zca_changes_the_samples_least() -> None:
    train = samples(300, 4)
    centred = train - train.mean(axis=0)
    zca, pca = (Whiten.fit(train, kind) for kind in ("zca", "pca"))
    assert_close(zca.matrix, zca.matrix.T, length=4)  # no rotation in it
    moved = {white: ((white(train) - centred) ** 2).sum() for white in (zca, pca)}
    rng = np.random.default_rng(0)
    rotations = [np.linalg.qr(rng.normal(size=(4, 4)))[0] for _ in range(50)]
    others = [((zca(train) @ rotation - centred) ** 2).sum() for rotation in rotations]
    assert moved[zca] < min([*others, moved[pca]])


def test_epsilon_limits_the_stretch() -> None:
    rng = np.random.default_rng(0)
    train = np.stack([rng.normal(size=500), 1e-4 * rng.normal(size=500)], axis=1)
    assert Whiten.fit(train)(train)[:, 1].std() == pytest.approx(1, rel=1e-6)
    limited = Whiten.fit(train, epsilon=0.01)
    deviation = train.std(axis=0)
    expected = deviation / np.sqrt(deviation**2 + 0.01)
    assert limited(train).std(axis=0) == pytest.approx(expected, rel=1e-4)
    assert_close(limited.inverse(limited(train)), train, length=500)


def test_directions_without_variance_are_left_alone() -> None:
    train = samples(50, 3)
    train = np.concatenate([train, train[:, :1] + train[:, 1:2]], axis=1)  # rank 3 of 4
    for kind in ("pca", "zca"):
        white = Whiten.fit(train, kind)
        assert np.abs(white(train)).max() < 20
        condition = np.linalg.cond(np.cov(train[:, :3], rowvar=False))
        assert_close(white.inverse(white(train)), train, length=int((50 * condition) ** 2))


def test_dropped_directions_stay_at_the_mean() -> None:
    train = samples(50, 5)
    white = Whiten.fit(train, "pca", components=2)
    pca = PCA(2, svd_solver="full").fit(train)
    expected = pca.inverse_transform(pca.transform(train))
    assert white(train).shape == (50, 2)
    assert_close(white.inverse(white(train)), expected, length=50**2)


def test_nothing_is_learned_from_what_is_mapped() -> None:
    train, other = samples(30, 3), samples(30, 3, seed=2) + 100
    for fitted in (Standardise.fit(train), Whiten.fit(train)):
        first = fitted(train)
        fitted(other)
        np.testing.assert_array_equal(fitted(train), first)
        assert np.abs(fitted(other)).min() > 1  # far off stays far off


X = samples(10, 4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Standardise.fit(X[:0]), r"training samples are float64 \(0, 4\)"),
        (lambda: Standardise.fit([[1.0]]), "training samples are list"),
        (lambda: Standardise.fit(X[0]), r"float64 \(4,\); give a NumPy array"),
        (lambda: Standardise.fit(X.astype(str)), "training samples are <U"),
        (lambda: Standardise.fit(np.where(X > 0, X, np.nan)), "NaN or infinity"),
        (lambda: Standardise.fit(X, epsilon=-1.0), "epsilon=-1.0; give a finite number >= 0"),
        (lambda: Standardise.fit(X)(X[:, :2]), r"shape \(10, 2\); it was fitted on \(N, 4\)"),
        (lambda: Standardise.fit(X).inverse(X[:, :2]), r"inverse: samples of shape \(10, 2\)"),
        (lambda: Whiten.fit(X.reshape(10, 2, 2)), r"shape \(10, 2, 2\); give \(N, D\)"),
        (lambda: Whiten.fit(X, "mahalanobis"), "kind='mahalanobis'; give 'pca' or 'zca'"),
        (lambda: Whiten.fit(X, "zca", components=2), "components=2 with kind='zca'"),
        (lambda: Whiten.fit(X, "pca", components=5), "components=5 with kind='pca' and 4 features"),
        (lambda: Whiten.fit(X, "pca", components=2).inverse(X), r"fitted on \(N, 2\)"),
        (lambda: Whiten.fit(X)(X[0]), r"samples of shape \(4,\)"),
    ],
)
def test_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
