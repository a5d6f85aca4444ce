"""D12: the CPU stands in for a GPU; what is compared, what is counted, and the criterion."""

from pathlib import Path

import numpy as np
import pytest
import torch

from deeplearning import records
from deeplearning.experiments import Metrics, d12_gpu
from deeplearning.experiments.d12_gpu import (
    EXPERIMENT,
    NETWORKS,
    Config,
    about,
    networks,
    plain_float32,
    run,
)


@pytest.fixture(scope="module")
def values() -> dict:
    return run(Config.smoke(), seed=0)


def test_equal_weights_and_batches_give_equal_losses(values: dict) -> None:
    # The same processor: no rounding differs, so any difference would be another network or other batches.
    assert [values[f"loss_difference_{network}"] for network in NETWORKS] == [0.0] * 3


def test_every_network_has_every_batch_size_and_contender(values: dict) -> None:
    for network in NETWORKS:
        for name in ("one_core", "cpu", "gpu", "copy"):
            seconds = values[f"seconds_{network}_{name}"]
            assert len(seconds) == 2
            assert all(one > 0 for one in seconds)
        quotient = np.array(values[f"seconds_{network}_cpu"]) / values[f"seconds_{network}_gpu"]
        np.testing.assert_array_equal(values[f"ratio_{network}_cpu"], quotient)


def test_the_large_network_is_large() -> None:
    sizes = {
        name: sum(p.numel() for p in make(nn=torch.nn).parameters())
        for name, (make, _) in networks(Config()).items()
    }
    assert sizes == {"small": 50_890, "large": 5_824_522, "lenet": 61_706}


def test_pytorch_is_left_as_it_was() -> None:
    before = torch.get_num_threads(), torch.backends.cudnn.allow_tf32

    def fail() -> None:
        with plain_float32():
            torch.set_num_threads(1)
            assert not torch.backends.cudnn.allow_tf32
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (torch.get_num_threads(), torch.backends.cudnn.allow_tf32) == before


def test_a_gpu_is_described_by_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(about("cpu").values()) == {0}

    class Facts:
        multi_processor_count, total_memory, major, minor = 10, 8 * 2**30, 9, 0

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: Facts)
    assert about("cuda") == {"gpu_processors": 10, "gpu_memory_gib": 8.0, "gpu_capability": 9.0}


def judged(ratio: float, spread: float = 0.1, difference: float = 1e-5, tiny: float = 0.5) -> str:
    """The outcome of 5 seeds whose large network is ``ratio`` times as fast on the GPU."""
    found = {"cores": [8.0] * 5}
    for network in NETWORKS:
        ratios = ratio * (1 + spread * np.linspace(-1, 1, 5))
        found[f"ratio_{network}_cpu"] = [[tiny, float(one)] for one in ratios]
        found[f"loss_difference_{network}"] = [difference] * 5
    verdict = EXPERIMENT.judge(Metrics(found))
    assert "slower in 3 of 6 cases" in verdict.headline or tiny >= 1 or ratio < 1
    return verdict.outcome


def test_the_criterion_has_three_outcomes_heeds_the_spread_and_the_losses() -> None:
    assert judged(20) == "holds"
    assert judged(10.1, spread=0.5) == "holds partly"
    assert judged(4) == "holds partly"
    assert judged(2.1, spread=0.5) == "does not hold"
    assert judged(0.7) == "does not hold"
    assert judged(20, difference=0.01) == "does not hold"


def test_it_waits_for_a_gpu_or_for_the_record_of_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(records, "claims_folder", lambda: tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert EXPERIMENT.waiting() == "not yet measured on a GPU"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert EXPERIMENT.waiting() is None
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    (tmp_path / "D12.json").write_text("{}")
    assert d12_gpu.waits_for() is None
