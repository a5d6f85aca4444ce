"""One run: checked values, fixed generators, limited threads."""

import random
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from deeplearning.experiments import ExperimentError, discovery
from deeplearning.experiments.cache import RunCache
from deeplearning.experiments.worker import (
    join,
    limited_threads,
    make_config,
    measure,
    run_task,
    seed_everything,
)
from deeplearning.records import RecordError


def blas_threads() -> list[int]:
    return [
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    ]


def test_configurations(workshop) -> None:
    workshop.add()
    experiment = discovery.get("N1", workshop.folder)
    assert make_config(experiment).epochs == 4
    assert make_config(experiment, smoke=True).epochs == 1
    assert make_config(experiment, ["rates=1"], smoke=True).rates == (1.0,)
    with pytest.raises(ExperimentError, match="did you mean 'rates'"):
        make_config(experiment, ["rate=1"])


def test_threads_are_limited_and_given_back() -> None:
    before, torch_before = blas_threads(), torch.get_num_threads()
    with limited_threads(1):
        assert set(blas_threads()) == {1}
        assert torch.get_num_threads() == 1
    assert blas_threads() == before
    assert torch.get_num_threads() == torch_before
    with pytest.raises(RuntimeError, match="planted"), limited_threads(1):
        raise RuntimeError("planted")
    assert torch.get_num_threads() == torch_before


def test_threads_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    with limited_threads(1):
        assert set(blas_threads()) == {1}


def test_the_global_generators_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    ours = SimpleNamespace(manual_seed=seen.append)
    monkeypatch.setitem(sys.modules, "deeplearning.autograd", ours)

    def draw() -> tuple[float, ...]:
        return random.random(), np.random.random(), float(torch.rand(()))  # noqa: NPY002 - the global one is the point

    seed_everything(3)
    first = draw()
    assert draw() != first
    seed_everything(3)
    assert draw() == first
    assert seen == [3, 3]
    monkeypatch.delitem(sys.modules, "deeplearning.autograd")
    seed_everything(3)  # not loaded: nothing to set, and nothing is loaded for it
    assert "deeplearning.autograd" not in sys.modules


def test_measure_returns_clean_values_and_seconds(workshop) -> None:
    workshop.add()
    experiment = discovery.get("N1", workshop.folder)
    values, seconds = measure(experiment, experiment.config(), 2)
    assert values["accuracy"] == np.random.default_rng(2).random()
    assert isinstance(values["losses"], list)
    assert 0 < seconds < 5
    workshop.mishap("nan 2")
    with pytest.raises(RecordError, match="N1, seed 2: metric 'accuracy' is nan"):
        measure(experiment, experiment.config(), 2)


def test_a_task_reports_a_crash_instead_of_raising(workshop) -> None:
    path = str(workshop.add())
    assert run_task(path, ["epochs=1"], False, 2, "", 7).keys() == {
        "key",
        "seed",
        "case",
        "values",
        "seconds",
    }
    workshop.mishap("crash 2")
    outcome = run_task(path, [], False, 2, "", 7)
    assert (outcome["key"], outcome["seed"], outcome["error"]) == (
        7,
        2,
        "RuntimeError: planted crash",
    )
    assert "n1_toy.py" in outcome["traceback"]
    workshop.mishap("interrupt 2")
    with pytest.raises(KeyboardInterrupt):
        run_task(path, [], False, 2, "", 7)


def test_a_seed_is_all_its_cases_in_their_order(workshop) -> None:
    workshop.add(cases=("b", "a"))
    experiment = discovery.get("N1", workshop.folder)
    values, seconds = measure(experiment, experiment.config(), 2)
    assert workshop.ran() == ["N1 2 b", "N1 2 a"]
    assert list(values) == [
        f"{metric}_{case}" for case in "ba" for metric in ("accuracy", "losses", "global")
    ]
    assert values["global_a"] == values["global_b"]  # every case begins with the same generators
    assert 0 < seconds < 5
    workshop.mishap("nan 2 a")
    with pytest.raises(RecordError, match="N1, seed 2, case a: metric 'accuracy' is nan"):
        measure(experiment, experiment.config(), 2)


def test_the_same_metric_of_two_cases_names_both() -> None:
    values = {"sgd": {"loss_sgd": 1.0}, "adam": {"loss": 2.0}, "adamw": {"loss": 3.0}}
    with pytest.raises(
        ExperimentError,
        match=r"D4: cases 'adam' and 'adamw' both return the metric 'loss'; put the case into .* 'loss_adamw'",
    ):
        join(values, "D4")


def test_a_task_keeps_its_run_itself(workshop, tmp_path: Path) -> None:
    path = str(workshop.add(cases=("a", "b")))
    cache = RunCache(tmp_path / "kept")
    outcome = run_task(path, [], False, 2, "b", 7, cache)
    assert cache.read(2, "b") == {
        name: outcome[name] for name in ("seed", "case", "values", "seconds")
    }
    workshop.mishap("crash 2 a")
    assert "planted crash" in run_task(path, [], False, 2, "a", 7, cache)["error"]
    assert cache.read(2, "a") is None


def test_a_task_that_cannot_keep_its_run_hands_it_on(workshop, tmp_path: Path) -> None:
    path = str(workshop.add())
    (tmp_path / "kept").write_text("a file, not a folder", encoding="utf-8")
    assert "values" in run_task(path, [], False, 2, "", 7, RunCache(tmp_path / "kept"))
