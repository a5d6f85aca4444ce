"""One seed of one experiment, in this process or in a worker's."""

from __future__ import annotations

import random
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from deeplearning.experiments.discovery import load
from deeplearning.experiments.experiment import Experiment
from deeplearning.experiments.settings import override
from deeplearning.records import clean_values

SEEDS_PROTOCOL = (
    "each seed is passed to run(config, seed); before it, the global generators of random, NumPy, PyTorch and the "
    "book's engine are set to it"
)


def make_config(experiment: Experiment, settings: Sequence[str] = (), smoke: bool = False) -> Any:
    """The default configuration, or the smoke variant, with `name=value` settings applied.

    Raises:
        ExperimentError: see `settings.override`.
    """
    config: Any = experiment.config
    return override(config.smoke() if smoke else config(), settings)


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Let BLAS, OpenMP and PyTorch use this many threads, then what they used before."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    try:
        if torch:
            torch.set_num_threads(threads)
        with threadpool_limits(limits=threads):
            yield
    finally:
        if torch:
            torch.set_num_threads(before)


def seed_everything(seed: int) -> None:
    """Set the global generators, so that no experiment depends on what ran before it in its process.

    Experiments should still make generators of their own from `seed`.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the global generator is exactly what must be fixed
    for name in ("torch", "deeplearning.autograd"):
        if name in sys.modules:
            sys.modules[name].manual_seed(seed)


def measure(experiment: Experiment, config: Any, seed: int) -> tuple[dict[str, Any], float]:
    """The checked values of one seed, and its wall time in seconds.

    Raises:
        RecordError: `run` returned something that a record cannot hold.
        Exception: whatever `run` raises.
    """
    seed_everything(seed)
    with limited_threads(experiment.threads):
        start = time.perf_counter()
        values = experiment.run(config, seed)
        seconds = time.perf_counter() - start
    return clean_values(values, experiment.missing, f"{experiment.id}, seed {seed}"), seconds


def run_task(
    source: str, settings: Sequence[str], smoke: bool, seed: int, key: int
) -> dict[str, Any]:
    """One seed as a task for joblib: plain values in and out, so that any back end can carry it.

    Returns:
        `key` and `seed` as given, with `values` and `seconds`, or with `error` (the traceback's text): a crash
        must not stop the other seeds.
    """
    try:
        experiment = load(source)
        values, seconds = measure(experiment, make_config(experiment, settings, smoke), seed)
    except Exception as error:
        last = f"{type(error).__name__}: {error}"
        return {"key": key, "seed": seed, "error": last, "traceback": traceback.format_exc()}
    return {"key": key, "seed": seed, "values": values, "seconds": seconds}
