"""The search for quicker configurations, on scores that are known."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from deepkernels import configs
from deepkernels.bench import launches, operations, tune
from deepkernels.bench.session import Problem
from deepkernels.bench.shapes import Case, cell, conv, matmul, pool
from deepkernels.bench.timing import Plan
from deepkernels.configs import Config
from kernel_pretended import PretendedClock

START = Config("wide", "m:f", {"BLOCK_M": 64, "BLOCK_N": 64, "GROUP": 8, "NAME": "x"}, 4, 3)
SILENT = {"say": lambda text: None}


def bowl(config: Config) -> float:
    """Least at BLOCK_M = 128, BLOCK_N = 256, 8 warps, 4 stages."""
    meta = config.meta
    far = abs(math.log2(meta["BLOCK_M"] / 128)) + abs(math.log2(meta["BLOCK_N"] / 256))
    return 1.0 + far + abs(math.log2(config.num_warps / 8)) + abs(config.num_stages - 4)


def test_neighbours_differ_in_one_number_and_stay_within_limits() -> None:
    found = list(tune.neighbours(START))
    for one in found:
        changed = [k for k in START.meta if one.meta[k] != START.meta[k]]
        changed += [k for k in ("num_warps", "num_stages") if getattr(one, k) != getattr(START, k)]
        assert len(changed) == 1
        assert 16 <= one.meta["BLOCK_M"] <= 256
    assert {one.meta["GROUP"] for one in found} == {1, 4, 8, 16}
    assert {one.meta["NAME"] for one in found} == {"x"}
    assert not list(tune.neighbours(Config("fixed", "m:f", {}, 0, 0)))[2:]


def test_the_search_walks_to_the_best() -> None:
    best, least, first = tune.search(START, bowl, **SILENT)
    assert (best.meta["BLOCK_M"], best.meta["BLOCK_N"]) == (128, 256)
    assert (best.num_warps, best.num_stages) == (8, 4)
    assert (least, first) == (1.0, bowl(START))
    assert best.name == "wide"


def test_what_does_not_run_is_passed_over_and_asked_once() -> None:
    asked: list[str] = []

    def score(config: Config) -> float | None:
        asked.append(str(config.launch_arguments()))
        return None if config.num_warps == 8 else bowl(config)

    best, _, _ = tune.search(START, score, **SILENT)
    assert best.num_warps != 8
    assert len(set(asked)) == len(asked)


def test_noise_is_no_gain() -> None:
    best, _, _ = tune.search(START, lambda config: 1.0 if config is START else 0.995, **SILENT)
    assert best is START


def test_time_that_is_up_ends_the_search() -> None:
    best, _, _ = tune.search(START, bowl, over=lambda: True, **SILENT)
    assert best is START


def test_a_start_that_does_not_run() -> None:
    with pytest.raises(ValueError, match="wide does not run or is wrong"):
        tune.search(START, lambda config: None, **SILENT)


def test_a_replaced_configuration_is_what_operations_load(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Config("other", "m:f", {}, 1, 1)
    monkeypatch.setattr(configs, "load", lambda op: (START, other))
    changed = Config("wide", "m:f", {"BLOCK_M": 16}, 2, 1)
    with tune.replaced("matmul", changed):
        assert configs.load("matmul") == (changed, other)
        assert configs.load("conv2d") == (START, other)
    assert configs.load("matmul") == (START, other)


def launch(config: Config, **changes: Any) -> dict[str, Any]:
    meta = {**config.meta, "PRECISION": "tf32"}
    seen = {"kernel": config.kernel, "meta": meta, "num_warps": 4, "num_stages": 3}
    return seen | changes


def test_a_launch_is_recognised_by_kernel_constants_warps_and_stages() -> None:
    assert tune.launched(START, [launch(START, kernel="other:one"), launch(START)])
    for change in (
        {"kernel": "m:g"},
        {"num_warps": 8},
        {"num_stages": 2},
        {"meta": {**START.meta, "BLOCK_M": 32}},
    ):
        assert not tune.launched(START, [launch(START, **change)])
    assert not tune.launched(START, None)


def test_numbers_that_only_shape_the_grid_are_not_asked_for() -> None:
    other = replace(START, meta={**START.meta, "PER_PROCESSOR": 2})
    assert tune.launched(other, [launch(START)])


def test_a_side_of_pixels_may_be_launched_as_a_box() -> None:
    box = {"BLOCK_B": 2, "BLOCK_H": 4, "BLOCK_W": 8, "BLOCK_N": 64, "GROUP": 8, "NAME": "x"}
    assert tune.launched(START, [launch(START, meta=box)])
    assert not tune.launched(START, [launch(START, meta=box | {"BLOCK_H": 8})])


def test_each_configuration_is_tried_on_cases_that_use_it() -> None:
    seen = {matmul("g", n, n, n): [launch(START)] for n in range(1, 11)}
    seen[matmul("g", 99, 99, 99)] = [launch(START, num_warps=8)]
    found = tune.users([START, Config("unused", "m:g", {}, 1, 1)], seen)
    assert len(found["wide"]) == tune.MOST_CASES
    assert all(case.shape["M"] < 99 for case in found["wide"])
    assert found["unused"] == []


def test_scores_are_times_of_right_results_only(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, right = PretendedClock(), torch.ones(3)
    monkeypatch.setattr(configs, "load", lambda op: (START,))
    monkeypatch.setattr(launches, "recorded", recorded := Recorded())
    results = {128: right, 64: right, 256: -right}

    def work(number: int) -> torch.Tensor:
        (config,) = configs.load("matmul")
        side = config.meta["BLOCK_M"]
        if side == 32:
            raise RuntimeError("out of shared memory")
        recorded.seen = [launch(config, num_warps=config.num_warps)]
        clock.spend(1.0 / side)
        return results[side]

    case = matmul("g", 8, 8, 8)
    problem = Problem({"ours": work}, lambda: [right.double()])
    score = tune.scored("matmul", {case: problem}, clock, Plan(seconds=1e-3))
    made = {
        side: Config("wide", "m:f", {**START.meta, "BLOCK_M": side}, 4, 3)
        for side in (32, 64, 128, 256)
    }
    assert score(made[64]) == pytest.approx(1 / 64)
    assert score(made[128]) == pytest.approx(1 / 128)
    assert score(made[32]) is None, "it does not run"
    assert score(made[256]) is None, "it is wrong"
    recorded.blind = True
    assert score(made[64]) is None, "it was not what ran"


class Recorded:
    """Stands for `launches.recorded`: its list is filled when the block ends."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.blind = False

    def __call__(self) -> "Recorded":
        return self

    def __enter__(self) -> list[dict[str, Any]]:
        self.found: list[dict[str, Any]] = []
        return self.found

    def __exit__(self, *error: object) -> None:
        self.found += [] if self.blind else self.seen


def test_written_files_keep_what_was_not_tuned(tmp_path: Path) -> None:
    path = tmp_path / "matmul.json"
    entries = [
        {"name": "wide", "kernel": "m:f", "meta": {"BLOCK_M": 64}, "num_warps": 4, "num_stages": 3,
         "when": {"min_m": 1}},
        {"name": "narrow", "kernel": "m:g", "meta": {}, "num_warps": 1, "num_stages": 1},
    ]  # fmt: skip
    path.write_text(json.dumps({"origin": "chosen", "note": [1], "configurations": entries}))
    tune.write(
        path, {"wide": Config("wide", "m:f", {"BLOCK_M": 128}, 8, 4)}, "tuned on a Pretended"
    )
    content = json.loads(path.read_text())
    assert content["origin"] == "tuned on a Pretended"
    assert content["note"] == [1]
    assert content["configurations"] == [
        {**entries[0], "meta": {"BLOCK_M": 128}, "num_warps": 8, "num_stages": 4},
        entries[1],
    ]
    assert len(path.read_text().splitlines()) == 8, "one configuration a line"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a device")
def test_without_a_gpu_nothing_is_tuned(capsys: pytest.CaptureFixture[str]) -> None:
    assert tune.main(["matmul"]) == 2
    assert capsys.readouterr().out == "There is no CUDA device here, so nothing was tuned.\n"


@pytest.mark.parametrize(
    ("case", "file"),
    [
        (matmul("large", 16, 32, 24, dtype="fp16"), "matmul"),
        (conv("3x3-s1", 2, 16, 6, 16, 3, dtype="fp16"), "conv2d"),
        (conv("dgrad", 1, 16, 6, 16, 3, step="dgrad", dtype="fp16"), "conv2d_backward"),
        (conv("wgrad", 1, 16, 6, 16, 3, step="wgrad", dtype="fp16"), "conv2d_backward"),
        (pool("pooling", "max", 1, 8, 7, 3, 2, 1, dtype="fp16"), "pool2d"),
        (cell("lstm-cell", "lstm", 3, 16, dtype="fp16"), "recurrent"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_shipped_configurations_are_recognised_and_can_be_replaced(
    case: Case, file: str, device: str
) -> None:
    problem = operations.build(case, torch.device(device), cache=1, with_compile=False)
    entries = configs.load(file)
    (used,) = (config for config in entries if tune.launched(config, problem.configuration))
    other = replace(used, num_stages=used.num_stages + 1)
    with tune.replaced(file, other), launches.recorded() as found:
        problem.contenders["ours"](0)
    assert tune.launched(other, found)
    assert not tune.launched(used, found)
