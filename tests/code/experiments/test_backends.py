"""Back ends by one option: joblib's own and, with a stand-in for their packages, clusters."""

import sys
from types import ModuleType

import joblib
import pytest
from joblib._parallel_backends import SequentialBackend
from joblib.parallel import BACKENDS, get_active_backend, register_parallel_backend

from deeplearning.experiments import ExperimentError
from deeplearning.experiments.backends import backend_context


class Round(SequentialBackend):
    """Like Ray's: cannot hand back results as they come."""

    supports_return_generator = False


@pytest.fixture
def registry():
    before = dict(BACKENDS)
    yield
    BACKENDS.clear()
    BACKENDS.update(before)


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch, registry: None) -> None:
    module = ModuleType("ray.util.joblib")
    module.register_ray = lambda: register_parallel_backend("ray", Round)  # type: ignore[attr-defined]
    for name in ("ray", "ray.util"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "ray.util.joblib", module)


def test_the_backend_becomes_joblibs(ray: None) -> None:
    with backend_context("sequential", 1):
        assert isinstance(get_active_backend()[0], SequentialBackend)
    with backend_context("loky", 2):
        backend, jobs = get_active_backend()
        assert jobs == 2
        assert backend.inner_max_num_threads == 1
    with backend_context("ray", 2):
        assert isinstance(get_active_backend()[0], Round)


def test_ray_runs_an_experiment_in_rounds(ray: None, workshop) -> None:
    workshop.add()
    assert workshop.main("run", "N1", "--backend", "ray", "--jobs", "2") == 0
    assert workshop.ran() == [f"N1 {seed}" for seed in range(5)]
    assert workshop.content()["protocol"]["backend"] == "ray"


def test_dask_has_a_client_while_it_runs(monkeypatch: pytest.MonkeyPatch, registry: None) -> None:
    events = []

    class Client:
        def __enter__(self) -> "Client":
            events.append("open")
            register_parallel_backend("dask", SequentialBackend)
            return self

        def __exit__(self, *_: object) -> None:
            events.append("close")

    module = ModuleType("dask.distributed")
    module.Client = Client  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "dask", ModuleType("dask"))
    monkeypatch.setitem(sys.modules, "dask.distributed", module)
    monkeypatch.delitem(joblib.parallel.EXTERNAL_BACKENDS, "dask")
    with backend_context("dask", 2):
        assert events == ["open"]
    assert events == ["open", "close"]


@pytest.mark.parametrize("backend", ["ray", "dask"])
def test_a_cluster_needs_its_package(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    monkeypatch.setitem(sys.modules, backend, None)  # type: ignore[arg-type]
    with (
        pytest.raises(
            ExperimentError, match=f"the back end '{backend}' needs its package: pip install"
        ),
        backend_context(backend, 2),
    ):
        pass


@pytest.mark.parametrize("backend", ["spark", "threading", "multiprocessing", ""])
def test_unknown_and_unfit_names(backend: str) -> None:
    with pytest.raises(ExperimentError, match="there are dask, loky, ray, sequential"):  # noqa: SIM117
        with backend_context(backend, 2):
            pass
