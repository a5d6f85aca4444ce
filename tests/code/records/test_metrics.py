"""Values over seeds: cleaning, shapes, statistics."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deeplearning.records import Metrics, RecordError, clean_values

numbers = st.floats(-1e6, 1e6)


def test_values_become_plain_numbers() -> None:
    given_values = {
        "accuracy": np.float32(0.5),
        "count": np.int64(3),
        "solved": np.bool_(True),
        "losses": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "pair": (1, np.float64(2.5)),
    }
    cleaned = clean_values(given_values)
    assert cleaned == {
        "accuracy": 0.5,
        "count": 3,
        "solved": 1,
        "losses": [[1.0, 2.0], [3.0, 4.0]],
        "pair": [1, 2.5],
    }
    assert type(cleaned["count"]) is int
    assert type(cleaned["solved"]) is int
    assert type(cleaned["accuracy"]) is float


@pytest.mark.parametrize(
    "bad", [math.nan, math.inf, -math.inf, np.float32("nan"), [1.0, math.nan], [[math.inf]]]
)
def test_not_finite_is_refused_and_named(bad: object) -> None:
    with pytest.raises(RecordError, match=r"N3, seed 2: metric 'loss' is .*finite.*missing"):
        clean_values({"loss": bad}, where="N3, seed 2")


def test_nan_is_refused_even_where_none_is_allowed() -> None:
    with pytest.raises(RecordError, match="is nan"):
        clean_values({"steps": math.nan}, missing=("steps",))


def test_none_only_where_declared() -> None:
    assert clean_values({"steps": None, "list": [1, None]}, missing=("steps", "list")) == {
        "steps": None,
        "list": [1, None],
    }
    with pytest.raises(RecordError, match=r"'steps' has no value.*missing="):
        clean_values({"steps": None}, missing=("other",))


@pytest.mark.parametrize("bad", [{}, None, [("a", 1)], 3.0])
def test_run_must_return_a_dict(bad: object) -> None:
    with pytest.raises(RecordError, match="non-empty dict"):
        clean_values(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["Accuracy", "test accuracy", "2nd", "", "a-b", 3])
def test_names_are_snake_case(name: object) -> None:
    with pytest.raises(RecordError, match="snake_case"):
        clean_values({name: 1.0})  # type: ignore[dict-item]


@pytest.mark.parametrize("bad", ["0.5", {"a": 1}, object(), 1 + 2j])
def test_other_types_are_refused(bad: object) -> None:
    with pytest.raises(RecordError, match="expected a number or a"):
        clean_values({"loss": bad})


@given(st.lists(numbers, min_size=2, max_size=9))
def test_statistics_equal_numpy(values: list[float]) -> None:
    metrics = Metrics({"loss": values})
    assert metrics.mean("loss") == pytest.approx(np.mean(values))
    assert metrics.std("loss") == pytest.approx(np.std(values, ddof=1), abs=1e-9)
    assert metrics.min("loss") == min(values)
    assert metrics.max("loss") == max(values)
    assert metrics.median("loss") == pytest.approx(np.median(values))


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_list_metrics_keep_their_shape(seeds: int, rows: int, columns: int) -> None:
    values = np.random.default_rng(0).random((seeds, rows, columns))
    metrics = Metrics({"table": values.tolist()})
    assert metrics["table"].shape == (seeds, rows, columns)
    np.testing.assert_allclose(metrics.mean("table"), values.mean(axis=0))
    expected = values.std(axis=0, ddof=1) if seeds > 1 else np.zeros((rows, columns))
    np.testing.assert_allclose(metrics.std("table"), expected, atol=1e-12)


def test_one_seed_has_no_spread() -> None:
    assert Metrics({"loss": [3.0]}).std("loss") == 0.0


def test_missing_values_are_left_out() -> None:
    metrics = Metrics(
        {
            "steps": [10, None, 20],
            "curve": [[1.0, None], [3.0, None], [None, None]],
            "none": [None] * 3,
        }
    )
    np.testing.assert_array_equal(metrics["steps"], [10, np.nan, 20])
    assert metrics.mean("steps") == 15
    assert metrics.mean("curve")[0] == 2.0
    assert math.isnan(metrics.mean("curve")[1])
    assert math.isnan(metrics.std("none"))
    assert metrics.summary()["none"] == {
        "mean": None,
        "std": None,
        "min": None,
        "max": None,
        "median": None,
    }


def test_summary_has_the_scalar_metrics_only() -> None:
    summary = Metrics({"loss": [1.0, 3.0], "losses": [[1.0], [2.0]]}).summary()
    assert set(summary) == {"loss"}
    assert summary["loss"] == {
        "mean": 2.0,
        "std": pytest.approx(2**0.5),
        "min": 1.0,
        "max": 3.0,
        "median": 2.0,
    }


def test_unknown_metric_names_a_near_one_and_all() -> None:
    metrics = Metrics({"accuracy": [1.0], "loss": [1.0]})
    with pytest.raises(KeyError, match=r"did you mean 'accuracy'\?.*there are accuracy, loss"):
        metrics["acuracy"]
    with pytest.raises(KeyError, match=r"no metric 'zzz'; there are accuracy, loss"):
        metrics.mean("zzz")


@pytest.mark.parametrize("raw", [{}, {"a": []}, {"a": [1.0], "b": [1.0, 2.0]}])
def test_every_metric_needs_one_value_a_seed(raw: dict) -> None:
    with pytest.raises(RecordError, match="one value a seed"):
        Metrics(raw)


@pytest.mark.parametrize("values", [[[1.0], [1.0, 2.0]], [1.0, [1.0]], ["x", "y"]])
def test_ragged_lists_are_refused(values: list) -> None:
    with pytest.raises(RecordError, match="'curve' has lists of different lengths"):
        Metrics({"curve": values})


def test_from_seeds_keeps_the_order_and_demands_equal_names() -> None:
    metrics = Metrics.from_seeds([{"b": 1, "a": 3}, {"a": 4, "b": 2}])
    assert metrics["a"].tolist() == [3, 4]
    assert list(metrics) == ["a", "b"]
    assert len(metrics) == 2
    assert repr(metrics) == "Metrics(2 seeds: a, b)"
    with pytest.raises(RecordError, match="number 2 returned"):
        Metrics.from_seeds([{"a": 1}, {"b": 1}])
    with pytest.raises(RecordError, match="at least one seed"):
        Metrics.from_seeds([])


def test_arrays_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Metrics({"loss": [1.0]})["loss"][0] = 2.0
