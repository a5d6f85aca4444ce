"""One run: one seed, and one case if the experiment has cases, in this process or in a worker's."""

from __future__ import annotations

import contextlib
import random
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from deeplearning.experiments.cache import RunCache
from deeplearning.experiments.discovery import load
from deeplearning.experiments.errors import ExperimentError
from deeplearning.experiments.experiment import Experiment
from deeplearning.experiments.settings import override
from deeplearning.records import clean_values


def seeds_protocol(experiment: Experiment) -> str:
    """What a seed decides, as the record says it."""
    if experiment.deterministic:
        return "nothing is random"
    call = (
        "run(config, seed, case), once for each case" if experiment.cases else "run(config, seed)"
    )
    return (
        f"each seed is passed to {call}; before it, the global generators of random, NumPy, PyTorch and the book's "
        "engine are set to it"
    )


def make_config(experiment: Experiment, settings: Sequence[str] = (), smoke: bool = False) -> Any:
    """The default configuration, or the smoke variant, with `name=value` settings applied.

    Raises:
        ExperimentError: see `settings.override`.
    """
    config: Any = experiment.config
    return override(config.smoke() if smoke else config(), settings)


@contextlib.contextmanager
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
    """The checked values of one seed, over all its cases, and its wall time in seconds.

    Raises:
        ExperimentError: see `Experiment.cases_of` and `join`.
        RecordError: `run` returned something that a record cannot hold.
        Exception: whatever `run` raises.
    """
    cases = experiment.cases_of(config)
    runs = {case: measure_case(experiment, config, seed, case) for case in cases}
    values = join({case: values for case, (values, _) in runs.items()}, experiment.id)
    return values, sum(seconds for _, seconds in runs.values())


def measure_case(
    experiment: Experiment, config: Any, seed: int, case: str = ""
) -> tuple[dict[str, Any], float]:
    """As `measure`, for one case; without a name if the experiment has no cases."""
    seed_everything(seed)
    arguments = (config, seed, case) if case else (config, seed)
    with limited_threads(experiment.threads):
        start = time.perf_counter()
        values = experiment.run(*arguments)
        seconds = time.perf_counter() - start
    return clean_values(
        values, experiment.missing, f"{experiment.id}, {run_name(seed, case)}"
    ), seconds


def run_name(seed: int, case: str) -> str:
    """How messages call a run: `seed 3`, or `seed 3, case adam`."""
    return f"seed {seed}, case {case}" if case else f"seed {seed}"


def join(values: Mapping[str, Mapping[str, Any]], id: str) -> dict[str, Any]:
    """The values of a seed from those of its cases, in their order.

    Raises:
        ExperimentError: two cases return a metric of the same name; the message names both.

    >>> join({"sgd": {"loss_sgd": 0.5}, "adam": {"loss_adam": 0.25}}, "D4")
    {'loss_sgd': 0.5, 'loss_adam': 0.25}
    """
    joined: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for case, metrics in values.items():
        for metric, value in metrics.items():
            if metric in joined:
                raise ExperimentError(
                    f"{id}: cases {origin[metric]!r} and {case!r} both return the metric {metric!r}; put the case "
                    f"into the metric's name, e.g. {metric + '_' + case!r}"
                )
            joined[metric], origin[metric] = value, case
    return joined


def run_task(
    source: str,
    settings: Sequence[str],
    smoke: bool,
    seed: int,
    case: str,
    key: int,
    cache: RunCache | None = None,
) -> dict[str, Any]:
    """One run as a task for joblib: plain values in and out, so that any back end can carry it.

    It is kept in `cache` at once, before it travels: so it is not lost if the process that waits for it is killed.

    Returns:
        `key`, `seed` and `case` as given, with `values` and `seconds`, or with `error` (in one line) and its
        `traceback`: a crash must not stop the other runs.
    """
    outcome: dict[str, Any] = {"key": key, "seed": seed, "case": case}
    try:
        experiment = load(source)
        config = make_config(experiment, settings, smoke)
        values, seconds = measure_case(experiment, config, seed, case)
    except Exception as error:
        last = f"{type(error).__name__}: {error}"
        return outcome | {"error": last, "traceback": traceback.format_exc()}
    if cache is not None:
        with contextlib.suppress(OSError):  # who receives the outcome tries again, and says so
            cache.write(seed, case, values, seconds)
    return outcome | {"values": values, "seconds": seconds}
