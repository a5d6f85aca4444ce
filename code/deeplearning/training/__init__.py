"""The training loop and what it measures, the same for every engine."""

from deeplearning.training.checkpoint import CheckpointError
from deeplearning.training.history import History
from deeplearning.training.loop import Diverged, fit
from deeplearning.training.metrics import accuracy, evaluate, predict

__all__ = ["CheckpointError", "Diverged", "History", "accuracy", "evaluate", "fit", "predict"]
