"""Experiments: one file a claim; see `Experiment` and `python -m deeplearning list`."""

from deeplearning.experiments.discovery import discover, find, get
from deeplearning.experiments.errors import ExperimentError
from deeplearning.experiments.experiment import Experiment
from deeplearning.records import Metrics, Verdict

__all__ = ["Experiment", "ExperimentError", "Metrics", "Verdict", "discover", "find", "get"]
