"""Where the tasks run: joblib's own back ends, or a cluster's."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

import joblib
from joblib.parallel import BACKENDS

from deeplearning.experiments.errors import ExperimentError

# Threads share the global random generators and the limits on BLAS threads, which must hold for one seed each;
# joblib's multiprocessing pool does not end on Ctrl-C.
UNFIT = {"multiprocessing", "threading"}
CLUSTERS = {"dask": "dask.distributed", "ray": "ray.util.joblib"}


@contextlib.contextmanager
def backend_context(backend: str, jobs: int) -> Iterator[None]:
    """Make `joblib.Parallel` use a back end by name, with one BLAS thread in each of its workers.

    Raises:
        ExperimentError: an unknown name, or a cluster's package that is not installed.
    """
    with contextlib.ExitStack() as stack:
        if backend in CLUSTERS:
            _join_cluster(backend, stack)
        elif backend not in BACKENDS or backend in UNFIT:
            known = ", ".join(sorted({*BACKENDS, *CLUSTERS} - UNFIT))
            raise ExperimentError(f"no back end {backend!r}; there are {known}")
        options: dict[str, Any] = {"inner_max_num_threads": 1} if backend == "loky" else {}
        stack.enter_context(joblib.parallel_config(backend=backend, n_jobs=jobs, **options))
        yield


def _join_cluster(backend: str, stack: contextlib.ExitStack) -> None:
    try:
        module = importlib.import_module(CLUSTERS[backend])
    except ImportError as error:
        package = "'dask[distributed]'" if backend == "dask" else backend
        raise ExperimentError(
            f"the back end {backend!r} needs its package: pip install {package}"
        ) from error
    if backend == "ray":
        module.register_ray()
    else:
        stack.enter_context(module.Client())  # joblib's dask back end uses the present client
