"""Optimisers under PyTorch's names."""

from deeplearning.optim.sgd import SGD

__all__ = ["SGD"]
