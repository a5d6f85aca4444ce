import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from deeplearning import data

X = np.zeros((4, 3), np.float32)
Y = np.array([0, 1, 2, 1])


@given(
    st.sampled_from([np.float32, np.float64]).flatmap(
        lambda dtype: hnp.arrays(
            dtype,
            hnp.array_shapes(min_dims=2, max_dims=4),
            elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
        )
    ),
    st.integers(1, 5),
    st.data(),
)
def test_what_is_right_passes(x: np.ndarray, classes: int, d: st.DataObject) -> None:
    y = d.draw(hnp.arrays(np.int64, len(x), elements=st.integers(0, classes - 1)))
    before = x.copy(), y.copy()
    data.check(x, y, classes)
    data.check(x, y, [str(k) for k in range(classes)])
    data.check(x, y.astype(np.float32))
    data.check(x, x)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


@given(
    shape=hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=4),
    bad=st.sampled_from([np.nan, np.inf, -np.inf]),
    data_=st.data(),
)
def test_any_number_that_is_not_finite_is_found_and_named(
    shape: tuple[int, ...], bad: float, data_: st.DataObject
) -> None:
    x = np.zeros(shape, np.float32)
    index = tuple(data_.draw(st.integers(0, size - 1)) for size in shape)
    x[index] = bad
    with pytest.raises(ValueError, match="every number must be finite") as error:
        data.check(x, np.zeros(len(x), np.int64), 1)
    assert str(error.value).startswith(f"x[{', '.join(map(str, index))}] is {bad};")
    assert f"1 in 1 of {len(x)} samples" in str(error.value)


def test_not_finite_numbers_are_counted_and_targets_checked_too() -> None:
    x = X.copy()
    x[1], x[3, 2] = np.nan, np.inf
    with pytest.raises(ValueError, match=r"x\[1, 0\] is nan; .* 4 in 2 of 4 samples"):
        data.check(x, Y, 3)
    y = np.array([0.0, 1.0, -np.inf, 0.0])
    with pytest.raises(ValueError, match=r"y\[2\] is -inf; .* 1 in 1 of 4 samples"):
        data.check(X, y)


@given(classes=st.integers(1, 6), wrong=st.integers(-1000, 1000), position=st.integers(0, 3))
def test_a_label_is_refused_exactly_when_it_is_no_class(
    classes: int, wrong: int, position: int
) -> None:
    y = np.zeros(4, np.int64)
    y[position] = wrong
    if 0 <= wrong < classes:
        data.check(X, y, classes)
    else:
        with pytest.raises(
            ValueError, match=rf"with {classes} classes the labels are 0 … {classes - 1}"
        ) as error:
            data.check(X, y, classes)
        assert str(error.value).startswith(f"y[{position}] is {wrong};")


def test_labels_from_one_get_their_own_remedy() -> None:
    with pytest.raises(ValueError, match=r"y\[2\] is 3; .* Then use y - 1"):
        data.check(X, np.array([1, 2, 3, 3]), 3)
    with pytest.raises(ValueError, match=r"y\[3\] is 3; .* Outside are 1 of 4 labels"):
        data.check(X, np.array([0, 1, 2, 3]), 3)  # here y - 1 would only move the mistake
    with pytest.raises(ValueError, match=r"y\[0\] is -1; .* Outside are 2 of 4 labels"):
        data.check(X, np.array([-1, 0, 3, 1]), 3)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X[:, 0], r"x has the shape \(4,\); .*x\.reshape\(-1, 1\)"),
        (np.array(1.0), r"x has the shape \(\)"),
        (X[:0], r"shape \(0, 3\): no numbers"),
        (X[:, :0], r"shape \(4, 0\): no numbers"),
        (X.astype(np.uint8), r"x is uint8; .*/ 255"),
        (
            X.astype(np.int64),
            r"x is int64; it must be float32 or float64\. Use x\.astype\(np\.float32\)\.$",
        ),
        (X.astype(np.float16), "x is float16"),
        (X.astype(bool), "x is bool"),
        (X.astype(object), "x is object"),
        (X.astype(complex), "x is complex128"),
        (X.astype(str), "x is <U"),
    ],
    ids=[
        "1-d",
        "0-d",
        "no-samples",
        "no-features",
        "bytes",
        "int",
        "half",
        "bool",
        "object",
        "complex",
        "text",
    ],
)
def test_wrong_samples(x: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.check(x, Y, 3)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y[:3], r"x has 4 samples and y has the shape \(3,\); y must have 4 entries"),
        (np.array(1), r"y has the shape \(\); y must have 4 entries"),
        (np.eye(3, dtype=np.int64)[Y], r"shape \(4, 3\); .*y\.argmax\(axis=1\)"),
        (Y[:, None], r"shape \(4, 1\); .*y\.reshape\(-1\)"),
        (Y[:, None, None], r"shape \(4, 1, 1\); .*y\.reshape\(-1\)"),
        (Y.astype(np.int32), r"y is int32; .*y\.astype\(np\.int64\)\.$"),
        (Y.astype(np.uint8), "y is uint8"),
        (Y.astype(float), r"y is float64; .* if it holds whole numbers"),
        (Y.astype(bool), "y is bool"),
        (Y.astype(str), "y is <U"),
    ],
    ids=["too-few", "0-d", "one-hot", "column", "cube", "int32", "uint8", "float", "bool", "text"],
)
def test_wrong_labels(y: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.check(X, y, 3)


def test_targets_of_a_regression_must_be_floats() -> None:
    with pytest.raises(
        ValueError, match=r"y is int64; it must be float32 or float64\. Use y\.astype"
    ):
        data.check(X, Y)
    data.check(X, np.zeros((4, 0)))


def test_no_classes_at_all() -> None:
    with pytest.raises(ValueError, match="classes is 0"):
        data.check(X, Y, 0)
    with pytest.raises(ValueError, match="classes is 0"):
        data.check(X, Y, ())


def test_lists_are_no_arrays() -> None:
    with pytest.raises(TypeError, match=r"x is a list; .*np\.asarray\(x"):
        data.check(X.tolist(), Y, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"y is a list; .*np\.asarray\(y"):
        data.check(X, Y.tolist(), 3)  # type: ignore[arg-type]
