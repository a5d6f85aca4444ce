"""The detector: its targets and their way back, the loss by hand, both engines, suppression in its place."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison import assert_close
from deeplearning import engines, nn
from deeplearning.models.detector import (
    STRIDE,
    decode,
    detection_head,
    detection_loss,
    detection_targets,
    detector,
)

OURS, THEIRS = engines.get("numpy"), engines.get("torch")
WIDTHS = (2, 3, 4, 5)


def perfect(targets: np.ndarray, classes: int) -> np.ndarray:
    """The answers that the targets ask for, with sure scores."""
    answers = targets[:, : classes + 4].copy()
    answers[:, :classes] = np.where(answers[:, :classes] > 0, 8, -8)
    return answers


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_perfect_answers_decode_to_the_boxes(seed: int, objects: int) -> None:
    rng = np.random.default_rng(seed)
    low = rng.integers(0, 20, (2, objects, 2))
    boxes = np.concatenate([low, low + rng.integers(1, 12, low.shape)], axis=2)
    # A class each, so that no box suppresses another one.
    labels = np.stack([rng.permutation(5)[:objects] for _ in range(2)])
    labels[1, objects - 1] = -1
    for radius in (0, 1):
        targets = detection_targets(labels, boxes, 5, (8, 8), radius)
        answered = {(n, int(k)) for n, k, _, _ in np.argwhere(targets[:, :5] == 1)}
        found = decode(perfect(targets, 5), (32, 32))
        assert {(int(n), int(k)) for n, k in zip(found.images, found.labels, strict=True)} == (
            answered
        )
        assert len(found) == len(answered)
        for image, label, box in zip(found.images, found.labels, found.boxes, strict=True):
            (k,) = np.flatnonzero(labels[image] == label)
            np.testing.assert_allclose(box, boxes[image, k], atol=1e-4)
        # One cell, one class; and the middle's own cell has somebody.
        assert np.array_equal(targets[:, :5].sum(axis=1), targets[:, 9])
        for n, k in np.argwhere(labels >= 0):
            column, row = (boxes[n, k, :2] + boxes[n, k, 2:]) // (2 * STRIDE)
            assert targets[n, 9, row, column] == 1


def test_the_cells_around_the_middle_answer_too() -> None:
    box = np.array([[[10, 4, 18, 12]]])  # its middle is (14, 8): column 3, row 2
    target = detection_targets(np.array([[1]]), box, 2, (5, 4))[0]
    rows, columns = np.nonzero(target[6])
    assert sorted(set(rows)) == [1, 2, 3]
    assert sorted(set(columns)) == [2, 3]  # the grid ends here
    assert len(rows) == 6
    assert_close(target[:, 3, 2], [0, 1, 1.5, -1, np.log(2), np.log(2), 1], dtype=np.float32)
    alone = detection_targets(np.array([[1]]), box, 2, (5, 4), radius=0)[0]
    assert np.argwhere(alone[6]).tolist() == [[2, 3]]


def test_a_cell_goes_to_the_nearer_middle_and_then_to_the_later_object() -> None:
    boxes = np.array([[[0, 0, 4, 4], [8, 0, 16, 4], [8, 0, 12, 4]]])  # middles in columns 0, 3, 2
    labels = np.array([[0, 1, -1]])
    target = detection_targets(labels, boxes, 3, (1, 5))[0]
    assert target[:3, 0].argmax(axis=0)[:5].tolist() == [0, 0, 1, 1, 1]
    assert target[7, 0].tolist() == [1, 1, 1, 1, 1]
    same = np.array([[[0, 0, 2, 2], [0, 0, 2, 2]]])
    target = detection_targets(np.array([[0, 1]]), same, 2, (2, 2))[0]
    assert (target[0] == 0).all()
    assert (target[1] == 1).all()
    between = np.array([[[3.3, 1.7, 9.4, 8.2]] * 2])  # as near also where distances are rounded
    target = detection_targets(np.array([[0, 1]]), between, 2, (4, 4))[0]
    assert (target[0] == 0).all()
    assert target[1].any()


def test_the_loss_by_hand() -> None:
    rng = np.random.default_rng(0)
    answers, targets = rng.normal(size=(2, 7, 3, 2)), np.zeros((2, 8, 3, 2))
    targets[0, 1, 2, 0] = targets[0, 7, 2, 0] = 1
    targets[1, 0, 0, 1] = targets[1, 7, 0, 1] = 1
    targets[:, 3:7] = rng.normal(size=(2, 4, 3, 2))  # only two cells of these count
    s, t = answers[:, :3], targets[:, :3]
    expected = (np.log1p(np.exp(s)) - s * t).sum()
    for n, row, column in ((0, 2, 0), (1, 0, 1)):
        expected += 3.0 * ((answers[n, 3:, row, column] - targets[n, 3:7, row, column]) ** 2).sum()
    for engine in (OURS, THEIRS):
        loss = detection_loss(engine.tensor(answers), engine.tensor(targets), 3.0, engine.nn)
        assert_close(loss.item(), expected / 2, length=50)
        empty = detection_loss(engine.tensor(answers), engine.tensor(0 * targets), 3.0, engine.nn)
        assert_close(empty.item(), np.log1p(np.exp(s)).sum(), length=50)


def as_numpy(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.detach().numpy() if isinstance(tensor, torch.Tensor) else tensor.data)


@pytest.mark.parametrize("back", [False, True], ids=["to torch", "to numpy"])
def test_both_engines_agree_in_values_and_gradients(back: bool) -> None:
    own, other = (detector(3, WIDTHS, 4, nn=space) for space in (nn, torch.nn))
    if back:
        OURS.load(own, THEIRS.state(other))
    else:
        THEIRS.load(other, OURS.state(own))
    own.double()
    other.double()
    x = np.random.default_rng(0).normal(size=(2, 1, 18, 16))
    boxes = np.array([[[2, 3, 9, 11]], [[0, 0, 16, 16]]])
    targets = detection_targets(np.array([[1], [2]]), boxes, 3, (4, 4)).astype(np.float64)
    results = []
    for network, engine in ((own, OURS), (other, THEIRS)):
        answers = network(engine.tensor(x))
        loss = detection_loss(answers, engine.tensor(targets), nn=engine.nn)
        loss.backward()
        grads = {name: p.grad for name, p in network.named_parameters()}
        results.append({"answers": answers, "loss": loss} | grads)
    assert list(results[0]) == list(results[1])
    for name, value in results[0].items():
        # float64 throughout; the products of eight layers are added up on the way.
        assert_close(as_numpy(value), as_numpy(results[1][name]), length=10_000, name=name)


def test_of_overlapping_boxes_of_a_class_the_best_stays_and_other_classes_do_not_matter() -> None:
    answers = np.full((1, 6, 4, 4), -9.0)
    box = [0.5, 0.5, np.log(3), np.log(3)]
    answers[0, :, 1, 1] = [2, 1, *box]
    answers[0, :, 1, 2] = [3, -9, 0.0, *box[1:]]
    found = decode(answers, (16, 16))
    assert found.labels.tolist() == [0, 1]
    assert_close(found.scores, 1 / (1 + np.exp([-3.0, -1.0])))
    np.testing.assert_allclose(found.boxes, [[2, 0, 14, 12], [0, 0, 12, 12]], atol=1e-9)
    assert len(decode(answers, (16, 16), overlap=0.9)) == 3
    assert len(decode(answers, (16, 16), most=1)) == 1
    assert decode(answers, (16, 16), candidates=2).labels.tolist() == [0]
    assert len(decode(answers, (16, 16), least=0.9)) == 1


def test_boxes_end_at_the_image_and_absurd_sizes_stay_finite() -> None:
    answers = np.full((1, 5, 2, 2), -9.0)
    answers[0, :, 0, 0] = [5, 0.5, 0.5, 900, -900]
    (box,) = decode(answers, (8, 6)).boxes
    assert box.tolist() == [0, 2, 6, 2]
    nothing = decode(np.full((2, 5, 2, 2), -9.0), (8, 6))
    assert len(nothing) == 0
    assert nothing.boxes.shape == (0, 4)
    assert len(decode(np.zeros((0, 5, 2, 2)), (8, 6))) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: detection_head(3, (2, 3, 4)), r"widths=\(2, 3, 4\); give 4 levels or more"),
        (
            lambda: detection_targets(np.array([[3]]), np.zeros((1, 1, 4)), 3, (2, 2)),
            r"labels \(1, 1\) up to 3, boxes \(1, 1, 4\); give \(N, K\) below 3",
        ),
        (
            lambda: detection_targets(np.array([[0]]), np.array([[[4, 4, 20, 8]]]), 3, (2, 2)),
            "box .* on a grid .*; give boxes .* 8 × 8 pixels",
        ),
        (
            lambda: detection_targets(np.array([[0]]), np.array([[[4, 4, 4, 6]]]), 3, (2, 2)),
            "x0 < x1",
        ),
        (
            lambda: detection_targets(np.array([[0]]), np.full((1, 1, 4), np.nan), 3, (2, 2)),
            "box .nan, .* give boxes x0 < x1",
        ),
        (lambda: decode(np.zeros((1, 4, 2, 2)), (8, 8)), r"answers of shape \(1, 4, 2, 2\); give"),
        (lambda: decode(np.full((1, 6, 2, 2), np.nan), (8, 8)), "give finite numbers"),
    ],
)
def test_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
