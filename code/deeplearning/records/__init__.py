"""Records: what was measured, by which code, on which machine, and what came out.

>>> from deeplearning import records
>>> records.Verdict("holds", "the mean accuracy is 98.0 %").outcome
'holds'
"""

from deeplearning.records.digest import measurement_digest, source_digest
from deeplearning.records.environment import commit, machine, software
from deeplearning.records.errors import RecordError
from deeplearning.records.kernels import KernelRecord, load_kernels, measured_kernels
from deeplearning.records.metrics import Metrics, clean_values
from deeplearning.records.record import Record
from deeplearning.records.speed import load_speed
from deeplearning.records.store import claims_folder, load, load_all, load_file, repository, save
from deeplearning.records.verdict import OUTCOMES, Verdict

__all__ = [
    "OUTCOMES",
    "KernelRecord",
    "Metrics",
    "Record",
    "RecordError",
    "Verdict",
    "claims_folder",
    "clean_values",
    "commit",
    "load",
    "load_all",
    "load_file",
    "load_kernels",
    "load_speed",
    "machine",
    "measured_kernels",
    "measurement_digest",
    "repository",
    "save",
    "software",
    "source_digest",
]
