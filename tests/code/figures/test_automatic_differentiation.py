"""The figures of the chapter: the layout of graphs, and that each figure shows what it was given."""

from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from deeplearning.autograd import Tensor
from deeplearning.autograd.trace import trace
from deeplearning.figures import automatic_differentiation as drawings
from deeplearning.records import load, load_speed

GRAPHS = st.lists(st.lists(st.integers(0, 100), max_size=2), min_size=1, max_size=12).map(
    lambda rows: [tuple(r % i for r in row) if i else () for i, row in enumerate(rows)]
)


@settings(deadline=None)
@given(GRAPHS)
def test_layers_and_places(inputs: list[tuple[int, ...]]) -> None:
    places, passages = drawings.layout(inputs)
    for node, sources in enumerate(inputs):
        for source in sources:
            stops = [source, *passages[source, node], node]
            assert np.diff(places[stops, 0]).tolist() == [1] * (len(stops) - 1)
    assert len({tuple(place) for place in places}) == len(places)  # no two in one place


def texts(figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_graph_shows_values_and_gradients() -> None:
    w, x = Tensor(0.5, requires_grad=True), Tensor(-3.0)
    product = w * x
    nodes = trace(product + 1.0, {"$w$": w, "$x$": x})
    nodes[-1].tensor.backward()
    found = texts(drawings.graph(nodes))
    assert {"$w$", "$x$", "×", "+", "1", "0.5", "−1.5", "−0.5", "−3"} <= set(found)
    assert found.count("−3") == 2  # the value of x, and the derivative by w


def test_difference_errors_draws_each_curve() -> None:
    figure = drawings.difference_errors([1e-3, 1e-2], {"one": [1.0, 2.0], "two": [3.0, 4.0]})
    assert [line.get_ydata().tolist() for line in figure.axes[0].lines] == [[1, 2], [3, 4]]


def test_gradient_cost_draws_medians() -> None:
    record = load("B1")
    left, right = drawings.gradient_cost(record).axes
    expected = np.median(record.metrics["numpy_gradient_ratio"], axis=0)
    np.testing.assert_array_equal(left.lines[0].get_ydata(), expected)
    np.testing.assert_array_equal(right.lines[0].get_ydata(), expected)
    assert (
        right.lines[-1].get_ydata().tolist()
        == np.median(record.metrics["full_ratio"], axis=0).tolist()
    )


def test_swell_draws_three_curves() -> None:
    axes = drawings.swell([1, 2], [3, 30], [4, 5], [6, 7]).axes[0]
    assert [line.get_ydata().tolist() for line in axes.lines] == [[3, 30], [4, 5], [6, 7]]
    assert axes.get_yscale() == "log"


def test_speed_draws_every_contender() -> None:
    record = load_speed("mlp_step")
    left, right = drawings.speed(record).axes
    heights = [
        bar.get_height()
        for container in left.containers
        for bar in getattr(container, "patches", [])
    ]
    expected = [
        result[name]["ratio_to_torch"]
        for result in record["results"]
        for name in ("engine", "torch", "bare")
    ]
    assert heights == expected
    assert len(right.patches) == len(expected)


def test_shapes_stand_above_arrays() -> None:
    node = SimpleNamespace(
        label="Linear", tensor=Tensor(np.ones((2, 3))), inputs=(), is_operation=True
    )
    assert texts(drawings.graph([node])) == ["Linear", "(2, 3)"]
