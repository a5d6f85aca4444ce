"""A small one-stage detector without anchors: every cell of a grid says what lies there, and where its box is."""

from typing import Any

import numpy as np

from deeplearning import nn as own_nn
from deeplearning.data.boxes import Boxes, non_maximum_suppression
from deeplearning.models.fcn import WIDTHS, conv_block, encoder, enlarged

LEVEL = 2  # of the encoder: the level whose places are the cells
STRIDE = 2**LEVEL  # pixels from one cell to the next
LARGEST = 6.0  # the logarithm of a side in cells is cut here, so that its exponential stays finite


def detection_head(
    classes: int, widths: tuple[int, ...] = WIDTHS, hidden: int = 64, nn: Any = own_nn
) -> Any:
    """Make the head that turns the maps of an encoder into a grid of answers, (N, classes + 4, H/4, W/4).

    The coarsest level, enlarged, is added to the level with a place every 4 pixels, after a 1 × 1 convolution of each
    to ``hidden`` maps; a block of 3 × 3 convolution, batch normalisation and ReLU follows, and a 1 × 1 convolution
    gives the answers. In each cell these are the scores of the classes, how far the middle of an object is from the
    cell's upper left corner, x and y in cells, and the logarithms of its box's width and height in cells.
    ``ValueError`` for widths of three levels or fewer.
    """
    if len(widths) <= LEVEL + 1:
        raise ValueError(f"detection_head: widths={widths!r}; give {LEVEL + 2} levels or more")

    class DetectionHead(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fine = nn.Conv2d(widths[LEVEL], hidden, 1)
            self.coarse = nn.Conv2d(widths[-1], hidden, 1)
            self.block = nn.Sequential(nn.ReLU(), *conv_block(hidden, hidden, nn))
            self.answers = nn.Conv2d(hidden, classes + 4, 1)

        def forward(self, maps: list[Any]) -> Any:
            fine = self.fine(maps[LEVEL])
            both = fine + enlarged(self.coarse(maps[-1]), fine.shape[2:], nn)
            return self.answers(self.block(both))

    return DetectionHead()


def detector(
    classes: int, widths: tuple[int, ...] = WIDTHS, hidden: int = 64, nn: Any = own_nn
) -> Any:
    """Make a detector for grey images (N, 1, H, W) of any size: answers (N, classes + 4, ⌊H/4⌋, ⌊W/4⌋).

    An :func:`encoder` and a :func:`detection_head`; :func:`decode` makes boxes of the answers. An object is one point,
    the middle of its box, as in :cite:`zhou2019`; in place of that paper's soft scores around the point, the cells
    around it answer for the object as well.

    >>> import torch
    >>> network = detector(10, nn=torch.nn)
    >>> network(torch.zeros(2, 1, 64, 50)).shape, sum(p.numel() for p in network.parameters())
    (torch.Size([2, 14, 16, 12]), 256574)
    """

    class Detector(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder(widths, nn=nn)
            self.head = detection_head(classes, widths, hidden, nn)

        def forward(self, x: Any) -> Any:
            return self.head(self.encoder(x))

    return Detector()


def detection_targets(
    labels: np.ndarray, boxes: np.ndarray, classes: int, grid: tuple[int, int], radius: int = 1
) -> np.ndarray:
    r"""Return what the answers should be for scenes: (N, classes + 5, h, w) float32 with ``grid`` = (h, w).

    labels (N, K) padded with −1, boxes (N, K, 4) x0, y0, x1, y1 in pixels. An object whose box has the middle (x, y)
    and the sides (a, b) is answered for by the cell in column ⌊x/4⌋ and row ⌊y/4⌋ and by those around it, up to
    ``radius`` cells away. In column j and row i of these the class is 1, and the last five numbers are :math:`x/4 - j`,
    :math:`y/4 - i`, :math:`\ln(a/4)`, :math:`\ln(b/4)` and 1; everywhere else all are 0. Where two objects claim a
    cell it goes to the one whose middle is nearer to the cell's, and to the later one, in front, if both are as near.
    ``ValueError`` for shapes that do not fit and for a box whose middle lies outside the grid.

    >>> target = detection_targets(np.array([[1]]), np.array([[[2, 4, 10, 8]]]), 2, (4, 4))
    >>> [round(float(n), 2) for n in target[0, :, 1, 1]]  # the middle is (6, 6)
    [0.0, 1.0, 0.5, 0.5, 0.69, 0.0, 1.0]
    >>> [round(float(n), 2) for n in target[0, :, 1, 2]]
    [0.0, 1.0, -0.5, 0.5, 0.69, 0.0, 1.0]
    """
    if labels.ndim != 2 or boxes.shape != (*labels.shape, 4) or labels.max(initial=-1) >= classes:
        raise ValueError(
            f"detection_targets: labels {labels.shape} up to {labels.max(initial=-1)}, boxes {boxes.shape}; "
            f"give (N, K) below {classes} and (N, K, 4)"
        )
    height, width = grid
    targets = np.zeros((len(labels), classes + 5, height, width), np.float32)
    nearest = np.full((len(labels), height, width), np.inf)
    rows, columns = np.arange(height)[:, None], np.arange(width)
    for place in range(labels.shape[1]):
        scenes = np.flatnonzero(labels[:, place] >= 0)
        box = boxes[scenes, place].astype(np.float32)
        x, y = ((box[:, :2] + box[:, 2:]) / 2 / STRIDE).T[..., None, None]  # (n, 1, 1) each
        sides = box[:, 2:] - box[:, :2]
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        wrong = ~(inside[:, 0, 0] & (sides > 0).all(axis=1))
        if wrong.any():
            raise ValueError(
                f"detection_targets: box {box[wrong][0].tolist()} on a grid of {grid}; give boxes x0 < x1, y0 < y1 "
                f"whose middle lies in {STRIDE * width} × {STRIDE * height} pixels"
            )
        across, down = x - columns, y - rows  # (n, 1, w) and (n, h, 1)
        around = (abs(np.floor(across)) <= radius) & (abs(np.floor(down)) <= radius)
        distance = (across - 0.5) ** 2 + (down - 0.5) ** 2
        number, row, column = np.nonzero(around & (distance <= nearest[scenes]))
        scene = scenes[number]
        nearest[scene, row, column] = distance[number, row, column]
        targets[scene, :, row, column] = 0
        targets[scene, labels[scene, place], row, column] = 1
        targets[scene, classes, row, column] = across[number, 0, column]
        targets[scene, classes + 1, row, column] = down[number, row, 0]
        targets[scene, classes + 2 : classes + 4, row, column] = np.log(sides / STRIDE)[number]
        targets[scene, classes + 4, row, column] = 1
    return targets


def detection_loss(answers: Any, targets: Any, weight: float = 2.0, nn: Any = own_nn) -> Any:
    r"""Return the loss of answers (N, C + 4, h, w) for targets (N, C + 5, h, w), an engine's tensors.

    .. math:: L = \frac1n \Bigl( \sum_{\text{cells}} \sum_{c} \operatorname{BCE}(s_c, t_c)
        + w \sum_{\text{cells of objects}} \sum_{j=1}^{4} (a_j - t_j)^2 \Bigr)

    with n cells that answer for an object (1 if none does): the sigmoid cross-entropy of every class's score in every
    cell, and the squared error of the four numbers of the box where there is one. Cells without an object say nothing
    about boxes.

    >>> from deeplearning.autograd import zeros
    >>> round(detection_loss(zeros(1, 5, 1, 1), zeros(1, 6, 1, 1)).item(), 4)  # one class, ln 2
    0.6931
    """
    classes = answers.shape[1] - 4
    held = targets[:, classes + 4 :]
    count = max(float(held.sum()), 1.0)
    scores = nn.functional.binary_cross_entropy_with_logits(
        answers[:, :classes], targets[:, :classes], reduction="sum"
    )
    error = (answers[:, classes:] - targets[:, classes : classes + 4]) ** 2 * held
    return (scores + weight * error.sum()) / count


def decode(
    answers: np.ndarray,
    size: tuple[int, int],
    least: float = 0.05,
    overlap: float = 0.5,
    most: int = 20,
    candidates: int = 100,
) -> Boxes:
    """Turn the answers (N, C + 4, h, w) of a detector into boxes in images of ``size`` (H, W) pixels.

    Every class in every cell with a sigmoid score above ``least`` is a candidate, but only the best ``candidates`` of
    an image; its box is cut at the edge of the image. In each image and class, candidates whose IoU with a better one
    is above ``overlap`` are dropped (:func:`non_maximum_suppression`), and the ``most`` best of an image are kept.
    ``ValueError`` for other shapes and for answers that are not finite.

    >>> answers = np.full((1, 6, 4, 4), -9.0)
    >>> answers[0, :, 1, 1] = [-9, 3, 0.5, 0.5, np.log(2), 0]
    >>> found = decode(answers, (16, 16))
    >>> found.labels.tolist(), found.boxes.round(3).tolist(), found.scores.round(2).tolist()
    ([1], [[2.0, 4.0, 10.0, 8.0]], [0.95])
    """
    if answers.ndim != 4 or answers.shape[1] < 5 or not np.isfinite(answers).all():
        raise ValueError(
            f"decode: answers of shape {answers.shape}; give finite numbers (N, classes + 4, h, w)"
        )
    classes = answers.shape[1] - 4
    grid = answers.astype(np.float64)
    scores = 1 / (1 + np.exp(-np.clip(grid[:, :classes], -50, 50)))
    image, label, row, column = np.nonzero(scores > least)
    score = scores[image, label, row, column]
    x, y, width, height = grid[image, classes:, row, column].T
    middle = np.stack([column + x, row + y], axis=1)
    half = np.exp(np.minimum(np.stack([width, height], axis=1), LARGEST)) / 2
    edge = np.array(size[::-1], np.float64)
    low, high = (np.clip(STRIDE * corner, 0, edge) for corner in (middle - half, middle + half))
    boxes = np.concatenate([low, high], axis=1)
    kept: list[np.ndarray] = []
    for number in range(len(answers)):
        here = np.flatnonzero(image == number)
        here = here[np.argsort(-score[here], kind="stable")][:candidates]
        rest = [
            of_class[non_maximum_suppression(boxes[of_class], score[of_class], overlap)]
            for of_class in (here[label[here] == c] for c in np.unique(label[here]))
        ]
        best = np.concatenate(rest) if rest else here
        kept.append(best[np.argsort(-score[best], kind="stable")][:most])
    chosen = np.concatenate(kept) if kept else np.zeros(0, np.int64)
    return Boxes(image[chosen], label[chosen], boxes[chosen], score[chosen])
