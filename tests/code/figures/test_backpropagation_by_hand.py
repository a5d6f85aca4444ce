from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from deeplearning.figures import backpropagation_by_hand as drawings
from deeplearning.figures import to_svg


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for ax in figure.axes for text in ax.texts]


class Record(SimpleNamespace):
    def mean(self, name: str) -> np.ndarray:
        return np.mean(self.metrics[name], axis=0)


def test_one_weight_draws_the_tangent_through_the_point() -> None:
    weights = np.linspace(-1, 1, 11)
    figure = drawings.one_weight(weights, weights**2, 0.5, 0.25, 1.0)
    tangent = figure.axes[0].lines[1]
    x, y = tangent.get_data()
    np.testing.assert_allclose(y - 0.25, 1.0 * (np.asarray(x) - 0.5))
    assert "slope 1.0000" in texts(figure)


def test_chain_shows_every_value_once() -> None:
    names = ("x", "w1", "z", "h", "w2", "y", "loss")
    forward = {name: 1.0 + index / 8 for index, name in enumerate(names)}
    backward = {name: -1.0 - index / 8 for index, name in enumerate(names)}
    shown = texts(drawings.chain(forward, backward))
    for value in [*forward.values(), *backward.values()]:
        assert shown.count(f"{value:g}") == 1


def test_tiny_network_shows_weights_activations_and_deltas() -> None:
    parameters = {
        1: (np.array([[1.5, 0.5], [-1.0, 2.5]]), np.zeros(2)),
        2: (np.array([[0.25, -2.0]]), np.zeros(1)),
    }
    shown = texts(drawings.tiny_network([3, 4], parameters, [5, 6], 7, [[-8, 9], [-10]]))
    for text in (
        "1.5",
        "0.5",
        "−1",
        "2.5",
        "0.25",
        "−2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "δ = −8",
        "δ = 9",
        "δ = −10",
    ):
        assert text in shown


def test_check_and_learning_draw_a_line_each() -> None:
    figure = drawings.check([0.1, 0.01], {"no error": [1, 0.1], "sign": [1, 1]})
    assert [line.get_label() for line in figure.axes[0].lines] == ["no error", "sign"]
    assert figure.axes[0].xaxis_inverted()
    figure = drawings.learning({"no error": [1, 0.1], "sign": [1, 1]})
    assert [line.get_ydata()[-1] for line in figure.axes[0].lines] == [0.1, 1]


def test_differences_are_shares_and_leave_out_the_identity() -> None:
    generator = np.random.default_rng(0)
    metrics = {
        f"{r}_{d}": generator.random((2, 50)) * 10
        for r in ("engine", "torch")
        for d in ("float64", "float32")
    }
    metrics["engine_float64"][0, 0] = 0.0
    metrics |= {
        "activation": np.tile([0, 1], (2, 25)),
        "planted_float64": np.tile([1.0, 1e9], (2, 25)),
    }
    figure = drawings.differences(Record(metrics=metrics), limit=1000)
    lines = figure.axes[0].lines
    assert len(lines) == 6
    assert lines[0].get_xdata()[0] == pytest.approx(0.1)
    assert set(lines[4].get_xdata()) == {1e9}
    assert "<svg" in to_svg(figure)


def record() -> Record:
    metrics: dict = {"margin_bound": np.array([0.003, 0.004])}
    for index, name in enumerate(drawings.SETTINGS):
        metrics[f"steps_{name}"] = np.tile([0, 1, 10], (2, 1))
        metrics[f"ratio_{name}"] = np.array(
            [[0.1, 0.01, 10.0 ** -(index + 2)], [0.4, 0.04, 10.0 ** -(index + 2)]]
        )
        metrics[f"norms_end_{name}"] = np.tile(np.linspace(0, index + 1, 101), (2, 1))
    return Record(metrics=metrics)


def test_balance_draws_geometric_means() -> None:
    figure = drawings.balance(record())
    line = next(
        line for line in figure.axes[0].lines if line.get_label() == drawings.SETTINGS["overlap"]
    )
    np.testing.assert_allclose(line.get_ydata(), [0.2, 0.02, 0.01])
    np.testing.assert_allclose(line.get_xdata(), [0.5, 1, 10])
    assert "<svg" in to_svg(figure)


def test_norms_draws_every_setting() -> None:
    figure = drawings.norms(record())
    assert [line.get_ydata()[-1] for line in figure.axes[0].lines] == [1, 2, 3, 4]
