"""Losses as modules."""

from typing import Any

from deeplearning.autograd import Tensor
from deeplearning.nn import functional as F
from deeplearning.nn.module import Module


class _Loss(Module):
    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = reduction


class CrossEntropyLoss(_Loss):
    """The softmax cross-entropy of scores (N, K) and labels (N,); see :func:`functional.cross_entropy`."""

    def forward(self, scores: Tensor, labels: Any) -> Tensor:
        return F.cross_entropy(scores, labels, self.reduction)


class BCEWithLogitsLoss(_Loss):
    """The sigmoid cross-entropy; see :func:`functional.binary_cross_entropy_with_logits`."""

    def forward(self, scores: Tensor, targets: Any) -> Tensor:
        return F.binary_cross_entropy_with_logits(scores, targets, self.reduction)


class MSELoss(_Loss):
    """The mean squared error; see :func:`functional.mse_loss`."""

    def forward(self, predictions: Tensor, targets: Any) -> Tensor:
        return F.mse_loss(predictions, targets, self.reduction)
