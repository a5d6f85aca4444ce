"""Optimisers and schedules under PyTorch's names."""

from deeplearning.optim import lr_scheduler
from deeplearning.optim.adagrad import Adagrad
from deeplearning.optim.adam import Adam, AdamW
from deeplearning.optim.optimizer import Optimizer
from deeplearning.optim.rmsprop import RMSprop
from deeplearning.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler"]
