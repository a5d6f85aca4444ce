"""The figures of C3 to C6 draw what their records hold."""

from types import SimpleNamespace

import numpy as np
import pytest

from deeplearning.figures import convolution_measured as drawings
from deeplearning.records import Metrics

COUNTS = (1, 2, 4, 8, 16, 32)


def record(**values: np.ndarray) -> SimpleNamespace:
    metrics = Metrics({name: value.tolist() for name, value in values.items()})
    return SimpleNamespace(metrics=metrics, mean=metrics.mean)


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.7, 0.9, shape)


def test_weight_sharing_joins_training_and_test_accuracy() -> None:
    values = {"sizes": np.tile([1000.0, 10_000.0], (5, 1))}
    for number, kind in enumerate(drawings.HIDDEN):
        values[f"parameters_{kind}"] = np.full(5, 10.0 ** (6 - number))
        values[f"test_accuracy_{kind}"] = drawn(5, 2, seed=number)
        values[f"train_accuracy_{kind}"] = values[f"test_accuracy_{kind}"] + 0.1
    axes = drawings.weight_sharing(record(**values)).axes
    assert [ax.get_title() for ax in axes] == ["1,000 training images", "10,000 training images"]
    line = axes[1].lines[0]
    assert line.get_xdata().tolist() == [1e6, 1e6]
    expected = values["test_accuracy_full"][:, 1].mean()
    assert line.get_ydata() == pytest.approx([expected, expected + 0.1])
    assert axes[0].get_xscale() == "log"
    assert axes[0].get_xlabel() == "parameters"


def test_feature_maps_has_the_curve_and_the_comparison_of_equal_size() -> None:
    names = [*(f"maps{count}" for count in COUNTS), "equal1", "equal4"]
    values = {f"test_accuracy_{name}": drawn(5, seed=number) for number, name in enumerate(names)}
    (ax,) = drawings.feature_maps(record(**values), COUNTS).axes
    grown, equal = ax.lines
    assert grown.get_xdata().tolist() == list(COUNTS)
    assert equal.get_xdata().tolist() == [1, 4, 16]
    assert equal.get_ydata()[0] == pytest.approx(values["test_accuracy_equal1"].mean())
    assert equal.get_ydata()[2] == grown.get_ydata()[4]


def test_kernels_stand_in_a_mosaic_each_on_its_own_scale() -> None:
    kernels = np.arange(1.0, 6.0)[:, None, None] * np.array([[1.0, -2.0], [0.0, 1.0]])
    picture = drawings.mosaic(kernels, columns=3)
    assert picture.shape == (5, 8)
    assert np.array_equal(picture[3:, 3:5], kernels[0] / 2)
    assert np.isnan(picture[2]).all()


def test_learned_kernels_shows_all_kinds_twice() -> None:
    values = {"sizes": np.tile([1000.0, 10_000.0], (5, 1))}
    for number, kind in enumerate(drawings.KERNELS):
        values[f"test_accuracy_{kind}"] = drawn(5, 2, seed=number)
    kernels = {kind: drawn(16, 7, 7) for kind in drawings.KERNELS}
    axes = drawings.learned_kernels(record(**values), kernels).axes
    assert [ax.get_title() for ax in axes[:3]] == list(drawings.KERNELS)
    assert all(len(ax.images) == 1 for ax in axes[:3])
    for ax in axes[3:]:
        assert [label.get_text() for label in ax.get_xticklabels()] == list(drawings.KERNELS)
    with pytest.raises(ValueError, match="expected kernels named learned, designed, random"):
        drawings.learned_kernels(record(**values), {"learned": kernels["learned"]})


def test_stride_and_pooling_meet_at_the_same_side_and_part_in_cost() -> None:
    values = {}
    for number, (way, step) in enumerate(
        [*(("stride", s) for s in (1, 2, 3, 4)), *(("pool", w) for w in (2, 3, 4))]
    ):
        values[f"test_accuracy_{way}{step}"] = drawn(5, seed=number)
        values[f"multiplications_{way}{step}"] = np.full(5, 1e5 / (number + 1))
        values[f"side_{way}{step}"] = np.full(5, 24.0 / step if way == "stride" else 24.0)
    sides, costs = drawings.stride(record(**values)).axes
    strided, pooled = (container.lines[0] for container in sides.containers)
    assert strided.get_xdata().tolist() == [24, 12, 8, 6]
    assert pooled.get_xdata().tolist() == [12, 8, 6]
    assert pooled.get_ydata()[0] == pytest.approx(values["test_accuracy_pool2"].mean())
    assert costs.containers[1].lines[0].get_xdata()[0] == pytest.approx(1e5 / 5)
    assert [ax.get_xlabel() for ax in (sides, costs)] == [
        "side of the maps in pixels",
        "multiplications for one image",
    ]
