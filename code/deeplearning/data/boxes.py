"""Boxes around objects: how far two of them agree, and which of several around one object to keep."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes in a set of images, true ones or detected ones, one row each.

    Args:
        images: (M,) the number of the image that a box is in.
        labels: (M,) its class.
        boxes: (M, 4) x0, y0, x1, y1.
        scores: (M,) how sure the detector is; of true boxes they are not read.

    >>> len(Boxes(np.array([0]), np.array([3]), np.array([[0, 0, 5, 8]]), np.array([0.9])))
    1
    """

    images: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray

    def __post_init__(self) -> None:
        shapes = {name: np.shape(getattr(self, name)) for name in ("images", "labels", "scores")}
        if set(shapes.values()) != {(len(self.images),)} or np.shape(self.boxes) != (
            len(self.images),
            4,
        ):
            raise ValueError(
                f"Boxes: {shapes} and boxes of shape {np.shape(self.boxes)}; give (M,), (M,), (M,) and (M, 4)"
            )

    def __len__(self) -> int:
        return len(self.images)

    def of(self, label: int) -> "Boxes":
        """Return those of one class."""
        chosen = self.labels == label
        return Boxes(
            self.images[chosen], self.labels[chosen], self.boxes[chosen], self.scores[chosen]
        )


def true_boxes(labels: np.ndarray, boxes: np.ndarray) -> Boxes:
    """Return the objects of scenes, labels (N, K) padded with −1 and boxes (N, K, 4), one row each.

    >>> true_boxes(np.array([[3, -1], [5, 3]]), np.zeros((2, 2, 4), int)).images.tolist()
    [0, 1, 1]
    """
    images, places = np.nonzero(labels >= 0)
    return Boxes(images, labels[images, places], boxes[images, places], np.ones(len(images)))


def box_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    r"""Return the intersection over union of every box of ``first`` (M, 4) with every one of ``second`` (N, 4), (M, N).

    .. math:: \operatorname{IoU}(A, B) = \frac{|A \cap B|}{|A \cup B|}
        = \frac{|A \cap B|}{|A| + |B| - |A \cap B|},

    1 for equal boxes, 0 for ones that do not meet. A box is x0, y0, x1, y1 with x0 ≤ x1 and y0 ≤ y1, in pixels.
    ``ValueError`` for anything else. Two boxes without area have an IoU of 0.

    >>> box_iou(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2], [0, 0, 2, 2], [5, 5, 6, 6]])).round(3).tolist()
    [[0.333, 1.0, 0.0]]
    """
    a, b = _boxes("box_iou", first)[:, None], _boxes("box_iou", second)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    common = np.maximum(sides, 0).prod(axis=-1)
    union = (a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1)
    union = union - common
    return np.divide(common, union, out=np.zeros(common.shape), where=union > 0)


def non_maximum_suppression(
    boxes: np.ndarray, scores: np.ndarray, threshold: float = 0.5
) -> np.ndarray:
    """Return which boxes (M, 4) to keep, best score (M,) first: each drops the worse ones that overlap it too much.

    Too much is an IoU above ``threshold``, from 0 to 1. Of equal scores the earlier box comes first. ``ValueError``
    for anything else.

    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]])
    >>> non_maximum_suppression(boxes, np.array([0.6, 0.9, 0.5])).tolist()
    [1, 2]
    """
    boxes = _boxes("non_maximum_suppression", boxes)
    scores = np.asarray(scores, np.float64)  # −1 times an unsigned integer is no order
    if scores.shape != boxes.shape[:1] or np.isnan(scores).any() or not 0 <= threshold <= 1:
        raise ValueError(
            f"non_maximum_suppression: {len(boxes)} boxes, scores {scores.shape}, threshold={threshold!r}; give a "
            "number for each box, and a threshold from 0 to 1"
        )
    waiting, kept = np.argsort(-scores, kind="stable"), []
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        waiting = waiting[box_iou(boxes[best : best + 1], boxes[waiting])[0] <= threshold]
    return np.array(kept, np.int64)


def _boxes(name: str, boxes: np.ndarray) -> np.ndarray:
    """Return boxes as float64 (M, 4), if they are boxes."""
    boxes = np.asarray(boxes, np.float64)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{name}: boxes of shape {boxes.shape}; give (M, 4), x0, y0, x1, y1")
    right = np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] >= boxes[:, :2]).all(axis=1)
    wrong = np.flatnonzero(~right)
    if len(wrong):
        raise ValueError(
            f"{name}: box {wrong[0]} is {boxes[wrong[0]].tolist()}; give x0 <= x1 and y0 <= y1, all finite"
        )
    return boxes
