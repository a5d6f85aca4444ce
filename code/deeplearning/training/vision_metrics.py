"""How good a vision task is done: intersection over union of label maps, average precision of detections and searches.

Arrays in, numbers out: which network or rule made the predictions does not matter.
"""

import numpy as np

from deeplearning.data.boxes import Boxes, box_iou


def confusion(predicted: np.ndarray, true: np.ndarray, classes: int) -> np.ndarray:
    """Count how often class t (row) was taken for class p (column), (classes, classes) integers.

    Two arrays of one shape with integers from 0 to classes − 1; ``ValueError`` for anything else.

    >>> confusion(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]), 2).tolist()
    [[1, 1], [0, 2]]
    """
    predicted, true = np.asarray(predicted), np.asarray(true)
    whole = predicted.dtype.kind in "iu" and true.dtype.kind in "iu" and true.size
    if not whole or predicted.shape != true.shape:
        raise ValueError(
            f"confusion: predicted {predicted.shape} of {predicted.dtype}, true {true.shape} of {true.dtype}; "
            "give integers of one shape, at least one"
        )
    low, high = min(predicted.min(), true.min()), max(predicted.max(), true.max())
    if low < 0 or high >= classes:
        raise ValueError(f"confusion: classes from {low} to {high}; give 0 to {classes - 1}")
    both = true.astype(np.int64).ravel() * classes + predicted.astype(np.int64).ravel()
    return np.bincount(both, minlength=classes**2).reshape(classes, classes)


def intersection_over_union(predicted: np.ndarray, true: np.ndarray, classes: int) -> np.ndarray:
    r"""Return for each class how far the predicted pixels and the true ones agree, (classes,), all images together.

    .. math:: \operatorname{IoU}_c = \frac{n_{cc}}{\sum_p n_{cp} + \sum_t n_{tc} - n_{cc}}

    with the counts n of :func:`confusion`: pixels that both call c, over pixels that either calls c. NaN for a class
    that neither knows, so that :func:`numpy.nanmean` gives the mean IoU. Also called Jaccard index.

    >>> intersection_over_union(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]), 3).round(3).tolist()
    [0.5, 0.667, nan]
    """
    counts = confusion(predicted, true, classes)
    both = np.diag(counts)
    either = counts.sum(axis=0) + counts.sum(axis=1) - both
    return np.divide(both, either, out=np.full(classes, np.nan), where=either > 0)


def precision_recall(
    scores: np.ndarray, right: np.ndarray, total: int
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return precision and recall after each different score, best first: two arrays (M',).

    Of the k answers with the best scores :math:`r_k` are right: :math:`P_k = r_k/k` and :math:`R_k = r_k/n`, where n =
    ``total`` is what there was to find. Answers of equal scores come at once. scores (M,), right (M,) Boolean;
    ``ValueError`` if they do not fit or ``total`` is smaller than the number of right answers or than 1.

    >>> precision, recall = precision_recall(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 4)
    >>> precision.round(3).tolist(), recall.tolist()
    ([1.0, 0.5, 0.667], [0.25, 0.25, 0.5])
    """
    scores, right = np.asarray(scores, np.float64), np.asarray(right)
    fits = scores.ndim == 1 and scores.shape == right.shape and right.dtype == bool
    if not fits or np.isnan(scores).any():
        raise ValueError(
            f"precision_recall: scores {scores.shape} and right {right.shape} of {right.dtype}; "
            "give (M,) numbers and (M,) Booleans"
        )
    if total < max(1, int(right.sum())):
        raise ValueError(
            f"precision_recall: total={total} with {int(right.sum())} right answers; "
            "give how many there were to find, at least one"
        )
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(right[order])
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)[: len(order)])
    return found[last] / (last + 1), found[last] / total


def average_precision(scores: np.ndarray, right: np.ndarray, total: int) -> float:
    r"""Return the area under the precision–recall curve, :math:`\sum_k (R_k - R_{k-1})\,P_k` with :math:`R_0 = 0`.

    The mean precision at the answers that are right, where one that is never found counts 0. Arguments as for
    :func:`precision_recall`. No interpolation: benchmarks that first make the precision fall steadily report a little
    more :cite:`everingham2010`.

    >>> average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 2).__round__(4)
    0.8333
    """
    precision, recall = precision_recall(scores, right, total)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def matched(detected: Boxes, true: Boxes, threshold: float = 0.5) -> np.ndarray:
    """Return which detections are right, (M,) Boolean, for boxes of one class.

    From the best score down, each detection takes the true box of its image that it overlaps most, of those that no
    better detection has taken, if their IoU is at least ``threshold``. What finds none is wrong: also the second
    detection of an object.

    >>> twice = np.array([[0, 0, 9, 10], [0, 0, 10, 10]])
    >>> found = Boxes(np.array([0, 0]), np.array([3, 3]), twice, np.array([0.9, 0.5]))
    >>> matched(found, Boxes(np.array([0]), np.array([3]), twice[1:], np.array([1.0]))).tolist()
    [True, False]
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"matched: threshold={threshold!r}; give an IoU above 0, up to 1")
    right = np.zeros(len(detected), bool)
    free = np.ones(len(true), bool)
    by_image: dict[int, np.ndarray] = {
        int(image): np.flatnonzero(true.images == image) for image in np.unique(true.images)
    }
    for number in np.argsort(-np.asarray(detected.scores, np.float64), kind="stable"):
        here = by_image.get(int(detected.images[number]), np.zeros(0, np.int64))
        here = here[free[here]]
        if not len(here):
            continue
        overlap = box_iou(detected.boxes[number][None], true.boxes[here])[0]
        if overlap.max() >= threshold:
            right[number], free[here[overlap.argmax()]] = True, False
    return right


def detection_average_precision(
    detected: Boxes, true: Boxes, classes: int, threshold: float = 0.5
) -> np.ndarray:
    """Return the average precision of detections for each class, (classes,); NaN for one without a true box.

    Detections of all images are ranked together by their scores; which are right says :func:`matched`. The mean over
    classes is what benchmarks call mAP, here at one threshold of the IoU. Source: :cite:`everingham2010`.

    >>> box = np.array([[0, 0, 9, 10]])
    >>> one = Boxes(np.array([0]), np.array([1]), box, np.array([0.9]))
    >>> detection_average_precision(one, one, 2).tolist()
    [nan, 1.0]
    """
    result = np.full(classes, np.nan)
    for label in range(classes):
        found, wanted = detected.of(label), true.of(label)
        if len(wanted):
            right = matched(found, wanted, threshold)
            result[label] = average_precision(found.scores, right, len(wanted))
    return result


def rankings(queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    r"""Return for each query the gallery's items from the most similar to the least, (Q, G) integers.

    Similar is the cosine :math:`\langle q, g\rangle / (\lVert q\rVert \lVert g\rVert)` of feature vectors, (Q, D) and
    (G, D); with a vector of zeros it is 0. ``ValueError`` for other shapes or numbers that are not finite.

    >>> rankings(np.array([[1.0, 0.0]]), np.array([[0.0, 3.0], [5.0, 0.1], [1.0, 1.0]])).tolist()
    [[1, 2, 0]]
    """
    directions = []
    for name, vectors in (("queries", queries), ("gallery", gallery)):
        if vectors.ndim != 2 or vectors.shape[1:] != gallery.shape[1:] or not len(vectors):
            raise ValueError(
                f"rankings: queries {queries.shape} and gallery {gallery.shape}; give (Q, D) and (G, D)"
            )
        if not np.isfinite(vectors).all():
            raise ValueError(f"rankings: {name} hold NaN or infinity; give finite features")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        directions.append(vectors / np.where(lengths > 0, lengths, 1))
    return np.argsort(-(directions[0] @ directions[1].T), axis=1, kind="stable")


def retrieval_average_precision(
    ranked: np.ndarray, query_labels: np.ndarray, gallery_labels: np.ndarray
) -> np.ndarray:
    """Return the average precision of each search, (Q,): right are the items of the query's class.

    ``ranked`` as :func:`rankings` gives it; their mean is the mean average precision, mAP. ``ValueError`` for a query
    whose class is not in the gallery, for which there is nothing to find, and for a ranking of another shape (Q, G).

    >>> retrieval_average_precision(np.array([[1, 2, 0]]), np.array([7]), np.array([7, 7, 5])).round(3).tolist()
    [0.833]
    """
    if ranked.shape != (len(query_labels), len(gallery_labels)):
        raise ValueError(
            f"retrieval_average_precision: a ranking {ranked.shape} of {len(gallery_labels)} items for "
            f"{len(query_labels)} queries; give the whole order, (Q, G)"
        )
    right = gallery_labels[ranked] == query_labels[:, None]
    found = right.cumsum(axis=1)
    if not right.any(axis=1).all():
        lost = query_labels[~right.any(axis=1)]
        raise ValueError(
            f"retrieval_average_precision: class {lost[0]} is not in the gallery; leave such queries out"
        )
    precision = found / np.arange(1, right.shape[1] + 1)
    return (precision * right).sum(axis=1) / right.sum(axis=1)
