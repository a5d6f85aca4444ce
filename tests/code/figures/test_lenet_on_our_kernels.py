"""The figures of the chapter on LeNet-5 show the numbers that they are given."""

import numpy as np

from deeplearning.figures import lenet_on_our_kernels as drawings


def test_one_definition_names_every_namespace() -> None:
    figure = drawings.one_definition([("nn = a", "first"), ("nn = b", "second")])
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert {"lenet5(nn)", "nn = a", "first", "nn = b", "second"} <= set(texts)


def test_launches_are_bars_in_order() -> None:
    axes = drawings.launches([3, 1, 7], ["forward", "loss", "forward"], processors=132).axes[0]
    bars = sorted((bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in axes.patches)
    assert np.allclose(bars, [(1, 3), (2, 1), (3, 7)])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["forward", "loss"]
    assert axes.lines[0].get_ydata()[0] == 132


def test_least_times_are_in_microseconds_with_the_first_layer_on_top() -> None:
    axes = drawings.least_times([("first", 1e-6, 2e-6), ("last", 5e-7, 1e-7)]).axes[0]
    arithmetic, memory = axes.lines[:2]
    assert arithmetic.get_xdata().tolist() == [1.0, 0.5]
    assert np.allclose(memory.get_xdata(), [2.0, 0.1])
    assert arithmetic.get_ydata()[0] > arithmetic.get_ydata()[1]


def test_curves_average_over_windows() -> None:
    axes = drawings.curves({"loss": [1.0, 3.0, 5.0, 7.0, 100.0]}, window=2).axes[0]
    assert axes.lines[0].get_xdata().tolist() == [1.0, 3.0]
    assert axes.lines[0].get_ydata().tolist() == [2.0, 6.0]


def test_drift_leaves_out_zeros() -> None:
    axes = drawings.drift({"a": [0.0, 1e-3]}).axes[0]
    values = axes.lines[0].get_ydata()
    assert np.isnan(values[0])
    assert values[1] == 1e-3


def test_measured_is_the_mean_over_seeds() -> None:
    losses = {"ours": [[1.0, 1.0], [3.0, 5.0]]}
    axes = drawings.measured(losses, 1, {"ours": "our kernels"}).axes[0]
    assert axes.lines[0].get_ydata().tolist() == [2.0, 3.0]
    assert axes.get_legend().get_texts()[0].get_text() == "our kernels"
