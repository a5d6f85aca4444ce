"""Boxes: their overlap against counted pixels, suppression against its definition, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning.data.boxes import Boxes, box_iou, non_maximum_suppression, true_boxes

whole_boxes = st.lists(
    st.tuples(*[st.integers(0, 7)] * 4).map(
        lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
    ),
    min_size=1,
    max_size=6,
).map(np.array)


def pixels(box: np.ndarray) -> np.ndarray:
    picture = np.zeros((8, 8), bool)
    picture[box[1] : box[3], box[0] : box[2]] = True
    return picture


@settings(max_examples=20, deadline=None)
@given(whole_boxes, whole_boxes)
def test_overlap_is_that_of_pixels(first: np.ndarray, second: np.ndarray) -> None:
    expected = np.zeros((len(first), len(second)))
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            either = (pixels(a) | pixels(b)).sum()
            expected[i, j] = (pixels(a) & pixels(b)).sum() / either if either else 0
    assert_close(box_iou(first, second), expected)


@settings(max_examples=20, deadline=None)
@given(whole_boxes, st.integers(0, 99), st.sampled_from([0.0, 0.3, 0.7, 1.0]))
def test_suppression_keeps_the_best_and_nothing_too_close(
    boxes: np.ndarray, seed: int, threshold: float
) -> None:
    scores = np.random.default_rng(seed).permutation(len(boxes)) / 10
    kept = non_maximum_suppression(boxes, scores, threshold)
    assert kept[0] == scores.argmax()
    assert (np.diff(scores[kept]) < 0).all()
    overlap = box_iou(boxes, boxes)
    for number in range(len(boxes)):
        better = [k for k in kept if scores[k] > scores[number]]
        close = any(overlap[number, k] > threshold for k in better)
        assert close == (number not in kept)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int8])
def test_of_equal_scores_the_earlier_box_stays_whatever_their_dtype(dtype: type) -> None:
    boxes = np.array([[0, 0, 9, 9], [0, 0, 9, 9], [20, 0, 29, 9], [0, 0, 9, 9]])
    assert non_maximum_suppression(boxes, np.array([0, 7, 5, 7], dtype)).tolist() == [1, 2]


def test_nothing_stays_nothing() -> None:
    assert non_maximum_suppression(np.zeros((0, 4)), np.zeros(0)).shape == (0,)
    assert box_iou(np.zeros((0, 4)), np.ones((3, 4))).shape == (0, 3)


def test_true_boxes_and_those_of_a_class() -> None:
    labels = np.array([[3, 5], [-1, -1], [3, -1]])
    boxes = np.arange(24).reshape(3, 2, 4)
    all_of_them = true_boxes(labels, boxes)
    assert all_of_them.images.tolist() == [0, 0, 2]
    assert all_of_them.labels.tolist() == [3, 5, 3]
    assert all_of_them.of(3).boxes.tolist() == [boxes[0, 0].tolist(), boxes[2, 0].tolist()]
    assert len(all_of_them.of(7)) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: box_iou(np.zeros(4), np.zeros((1, 4))), r"box_iou: boxes of shape \(4,\); give"),
        (
            lambda: box_iou(np.array([[0, 0, 1, 1], [3, 0, 2, 1]]), np.zeros((1, 4))),
            "box 1 is .* give x0 <= x1 and y0 <= y1",
        ),
        (lambda: box_iou(np.array([[0, 0, np.nan, 1]]), np.zeros((1, 4))), "box 0 is"),
        (lambda: box_iou(np.array([[0, 0, np.inf, 1]]), np.zeros((1, 4))), "inf.*all finite"),
        (lambda: non_maximum_suppression(np.zeros((2, 4)), np.zeros(1)), r"scores \(1,\)"),
        (lambda: non_maximum_suppression(np.zeros((1, 4)), np.zeros(1), 2), "threshold=2"),
        (
            lambda: Boxes(np.zeros(2), np.zeros(2), np.zeros((2, 3)), np.zeros(2)),
            r"boxes of shape \(2, 3\); give \(M,\)",
        ),
    ],
)
def test_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
