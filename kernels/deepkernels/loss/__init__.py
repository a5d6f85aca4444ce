"""Softmax cross-entropy, forward and backward."""

from deepkernels.loss.op import cross_entropy

__all__ = ["cross_entropy"]
