"""Metrics of vision tasks against scikit-learn, cases made by hand, and planted errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, confusion_matrix, jaccard_score

from comparison import assert_close
from deeplearning.data.boxes import Boxes, true_boxes
from deeplearning.training.vision_metrics import (
    average_precision,
    confusion,
    detection_average_precision,
    intersection_over_union,
    matched,
    precision_recall,
    rankings,
    retrieval_average_precision,
)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 5), st.integers(1, 40))
def test_overlap_of_label_maps_is_scikit_learns(seed: int, classes: int, pixels: int) -> None:
    rng = np.random.default_rng(seed)
    predicted, true = rng.integers(0, classes, (2, pixels)).astype(np.uint8)
    names = np.arange(classes)
    assert np.array_equal(
        confusion(predicted, true, classes), confusion_matrix(true, predicted, labels=names)
    )
    expected = jaccard_score(true, predicted, labels=names, average=None, zero_division=0)
    known = np.isin(names, np.concatenate([predicted, true]))
    assert_close(
        intersection_over_union(predicted[None], true[None], classes),
        np.where(known, expected, np.nan),
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30), st.booleans())
def test_average_precision_is_scikit_learns_also_with_ties(
    seed: int, count: int, ties: bool
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, count) / 4 if ties else rng.random(count)
    right = rng.random(count) < 0.4
    right[rng.integers(count)] = True
    found = int(right.sum())
    expected = average_precision_score(right, scores)
    assert_close(average_precision(scores, right, found), expected, length=count)
    # What is never found takes its share away.
    assert_close(average_precision(scores, right, 2 * found), expected / 2, length=count)
    # The order in which answers are handed over does not matter.
    turned = rng.permutation(count)
    assert_close(average_precision(scores[turned], right[turned], found), expected, length=count)


def test_precision_and_recall_by_hand() -> None:
    precision, recall = precision_recall(
        np.array([0.2, 0.9, 0.2, 0.5]), np.array([True, False, False, True]), 5
    )
    assert_close(precision, [0, 1 / 2, 2 / 4])
    assert_close(recall, [0, 1 / 5, 2 / 5])
    nothing = precision_recall(np.zeros(0), np.zeros(0, bool), 3)
    assert [len(part) for part in nothing] == [0, 0]
    assert average_precision(np.zeros(0), np.zeros(0, bool), 3) == 0


def test_whole_numbers_as_scores_have_the_same_order() -> None:
    right = np.array([False, True, False])
    precision, recall = precision_recall(np.array([0, 9, 5], np.uint8), right, 1)
    assert_close(precision, [1, 1 / 2, 1 / 3])
    assert_close(recall, [1, 1, 1])
    box = np.array([[0, 0, 10, 10]])
    twice = Boxes(np.zeros(2, int), np.zeros(2, int), box[[0, 0]], np.array([0, 9], np.uint8))
    assert matched(twice, true_boxes(np.array([[0]]), box[None])).tolist() == [False, True]


def boxes(*rows: tuple[int, int, float, int, int, int, int]) -> Boxes:
    """Rows of image, class, score, x0, y0, x1, y1."""
    table = np.array(rows, float).reshape(-1, 7)
    return Boxes(table[:, 0].astype(int), table[:, 1].astype(int), table[:, 3:], table[:, 2])


TRUE = boxes((0, 0, 1, 0, 0, 10, 10), (0, 0, 1, 20, 0, 30, 10), (1, 0, 1, 0, 0, 10, 10))


def test_the_best_score_takes_an_object_and_the_second_box_is_wrong() -> None:
    found = boxes(
        (0, 0, 0.7, 0, 0, 10, 10),  # as good a box, but later
        (0, 0, 0.9, 0, 0, 10, 9),
        (0, 0, 0.8, 22, 0, 32, 10),  # IoU 8 / 12
        (0, 0, 0.6, 40, 0, 50, 10),
        (1, 0, 0.5, 5, 0, 15, 10),  # IoU 5 / 15
    )
    assert matched(found, TRUE).tolist() == [False, True, True, False, False]
    assert matched(found, TRUE, 0.7).tolist() == [False, True, False, False, False]
    assert matched(found, TRUE, 0.3).tolist() == [False, True, True, False, True]


def test_a_box_goes_on_to_the_next_object_when_the_nearest_is_taken() -> None:
    true = boxes((0, 0, 1, 0, 0, 10, 10), (0, 0, 1, 3, 0, 13, 10))
    found = boxes((0, 0, 0.9, 0, 0, 10, 10), (0, 0, 0.8, 1, 0, 11, 10))
    assert matched(found, true).tolist() == [True, True]


def test_average_precision_of_detections_by_hand() -> None:
    found = boxes(
        (0, 0, 0.9, 0, 0, 10, 10),
        (1, 0, 0.8, 30, 30, 40, 40),
        (1, 0, 0.7, 0, 0, 10, 10),
        (0, 2, 0.6, 0, 0, 10, 10),  # a class that is nowhere
    )
    assert_close(detection_average_precision(found, TRUE, 3), [(1 + 2 / 3) / 3, np.nan, np.nan])
    assert_close(detection_average_precision(boxes(), TRUE, 2), [0, np.nan])


@pytest.mark.parametrize(
    ("error", "changed"),
    [
        ("another image", boxes((1, 0, 0.9, 20, 0, 30, 10))),
        ("another class", boxes((0, 1, 0.9, 0, 0, 10, 10))),
        ("moved", boxes((0, 0, 0.9, 6, 0, 16, 10))),
        ("half as wide, and a bit", boxes((0, 0, 0.9, 0, 0, 4.9, 10))),
        ("x and y exchanged", boxes((0, 0, 0.9, 0, 20, 10, 30))),
    ],
)
def test_planted_errors_of_boxes_are_found(error: str, changed: Boxes) -> None:
    good = boxes((0, 0, 0.9, 0, 0, 10, 10))
    assert detection_average_precision(good, TRUE, 1)[0] == pytest.approx(1 / 3)
    assert detection_average_precision(changed, TRUE, 1)[0] == 0, error


def test_searches_are_ranked_by_the_cosine() -> None:
    rng = np.random.default_rng(0)
    queries, gallery = rng.normal(size=(4, 6)), rng.normal(size=(9, 6))
    order = rankings(queries, gallery)
    for query, row in zip(queries, order, strict=True):
        cosines = [query @ item / np.sqrt((query @ query) * (item @ item)) for item in gallery[row]]
        assert (np.diff(cosines) <= 1e-12).all()
        assert sorted(row) == list(range(9))
    # Lengths do not matter, and zeros are like nothing.
    assert np.array_equal(rankings(7 * queries, gallery), order)
    assert rankings(np.ones((1, 2)), np.array([[-1.0, 0], [0, 0], [1, 1]])).tolist() == [[2, 1, 0]]


def test_average_precision_of_searches_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    queries, gallery = rng.normal(size=(12, 5)), rng.normal(size=(30, 5))
    labels, others = rng.integers(0, 3, 12), rng.integers(0, 3, 30)
    order = rankings(queries, gallery)
    values = retrieval_average_precision(order, labels, others)
    for row, label, value in zip(order, labels, values, strict=True):
        expected = average_precision_score(others[row] == label, -np.arange(30))
        assert_close(value, expected, length=30)


def test_nobody_can_find_what_is_not_there() -> None:
    with pytest.raises(ValueError, match="class 4 is not in the gallery; leave such queries out"):
        retrieval_average_precision(np.array([[0], [0]]), np.array([5, 4]), np.array([5]))


@pytest.mark.parametrize("shape", [(1, 3), (2, 2)], ids=["too few searches", "the first two"])
def test_a_ranking_is_whole(shape: tuple[int, int]) -> None:
    with pytest.raises(
        ValueError, match=r"a ranking \(\d, \d\) of 3 items for 2 queries; give the"
    ):
        retrieval_average_precision(np.zeros(shape, int), np.array([7, 5]), np.array([7, 7, 5]))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: confusion(np.zeros(3), np.zeros(3, int), 2), r"predicted \(3,\) of float64"),
        (lambda: confusion(np.zeros(3, int), np.zeros(2, int), 2), "integers of one shape"),
        (lambda: confusion(np.array([2]), np.array([0]), 2), "classes from 0 to 2; give 0 to 1"),
        (lambda: confusion(np.array([0]), np.array([-1]), 2), "classes from -1 to 0"),
        (lambda: precision_recall(np.ones(2), np.ones(2), 2), r"right \(2,\) of float64"),
        (lambda: precision_recall(np.array([np.nan]), np.ones(1, bool), 1), "Booleans"),
        (lambda: precision_recall(np.ones(2), np.ones(2, bool), 1), "total=1 with 2 right answers"),
        (lambda: precision_recall(np.ones(1), np.zeros(1, bool), 0), "total=0"),
        (lambda: matched(TRUE, TRUE, 0.0), "threshold=0.0; give an IoU above 0"),
        (lambda: rankings(np.ones((2, 3)), np.ones((2, 4))), r"queries \(2, 3\) and gallery"),
        (lambda: rankings(np.full((1, 2), np.nan), np.ones((1, 2))), "queries hold NaN"),
    ],
)
def test_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
