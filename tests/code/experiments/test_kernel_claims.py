"""Claims about kernels are judged from the benchmark's record; here from made-up ones."""

import copy
from typing import Any

import numpy as np
import pytest

from deepkernels.bench.targets import TARGETS
from deeplearning.experiments import p01_matrix_product as p01
from deeplearning.experiments import p02_convolution as p02
from deeplearning.experiments import p03_lenet as p03
from deeplearning.experiments import p06_fusion as p06
from deeplearning.records import KernelRecord, Metrics, RecordError


def made_up(
    op: str, times: dict[str, dict[str, float]], failures: tuple[str, ...] = ()
) -> KernelRecord:
    """A record whose cases, by key, have these times."""
    content = copy.deepcopy(KernelRecord.example().content)
    case = content["cases"][0]
    content["cases"] = []
    for key, seconds in times.items():
        group, name, dtype = key.split("/")
        contenders = {who: {"median": value} for who, value in seconds.items()}
        wrong = ["wrong"] if key in failures else []
        new = {
            "key": key, "group": group, "name": name, "dtype": dtype, "contenders": contenders,
            "order": list(contenders), "flops": 2.0 * 8192**3, "failures": wrong,
        }  # fmt: skip
        content["cases"].append(case | new)
    return KernelRecord(content | {"op": op})


def judge(module: Any, monkeypatch: pytest.MonkeyPatch, record: KernelRecord) -> tuple[str, str]:
    monkeypatch.setattr(module, "load_kernels", lambda op, machine: record)
    values = module.run(module.Config(), seed=0)
    verdict = module.criterion(Metrics.from_seeds([values]))
    return verdict.outcome, verdict.headline


def products(
    large: float, awkward: float, skinny: float, fused: float
) -> dict[str, dict[str, float]]:
    unit = 1.4e-3  # 8192³ in 1.4 ms is 785 TFLOP/s
    return {
        "large/8192x8192x8192/bf16": {"ours": unit, "vendor": large * unit},
        "awkward/1000x1000x1000/bf16": {"ours": 1.0, "vendor": awkward},
        "skinny/1x4096x4096/bf16": {"ours": 1.0, "vendor": skinny},
        "bias-activation/64x64x64-relu/bf16": {"ours": 1.0, "vendor": 9.0, "eager": fused},
    }


@pytest.mark.parametrize(
    ("ratios", "outcome"),
    [
        ((1.0, 0.95, 1.0, 1.1), "holds"),
        ((0.99, 0.95, 1.0, 1.1), "holds partly"),
        ((1.0, 0.9, 1.0, 1.1), "holds partly"),
        ((0.89, 0.95, 1.0, 1.1), "does not hold"),
        ((0.95, 0.5, 0.5, 0.5), "does not hold"),
    ],
)
def test_matrix_products(
    monkeypatch: pytest.MonkeyPatch, ratios: tuple[float, ...], outcome: str
) -> None:
    found, headline = judge(p01, monkeypatch, made_up("matmul", products(*ratios)))
    assert found == outcome
    assert f"large {ratios[0]:.2f}, awkward {ratios[1]:.2f}" in headline
    assert "785 TFLOP/s at 8192³" in headline


def test_a_slow_largest_product_does_not_hold_fully(monkeypatch: pytest.MonkeyPatch) -> None:
    times = products(1.0, 1.0, 1.0, 1.2)
    times["large/8192x8192x8192/bf16"] = {"ours": 2e-3, "vendor": 2e-3}
    assert judge(p01, monkeypatch, made_up("matmul", times))[0] == "holds partly"


def test_a_failed_check_or_a_missing_group_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    times = products(1.0, 1.0, 1.0, 1.2)
    wrong = made_up(
        "matmul",
        times | {"skinny/2x2x2/bf16": {"ours": 1.0, "vendor": 5.0}},
        ("skinny/2x2x2/bf16",),
    )
    assert judge(p01, monkeypatch, wrong)[0] == "holds partly"
    del times["skinny/1x4096x4096/bf16"]
    outcome, headline = judge(p01, monkeypatch, made_up("matmul", times))
    assert outcome == "holds partly"
    assert "skinny not measured" in headline


def test_rungs_are_kept_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    times = products(1.0, 1.0, 1.0, 1.2)
    times["ladder/4096x4096x4096/bf16"] = {"naive": 1.0, "tiled": 0.1, "ours": 0.01, "vendor": 0.01}
    monkeypatch.setattr(p01, "load_kernels", lambda op, machine: made_up("matmul", times))
    assert p01.run(p01.Config(), 0)["rung_seconds"] == [1.0, 0.1, 0.01]


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, "holds"),
        ({"depthwise": 1.9}, "holds partly"),
        ({"3x3-s1": 0.85, "dgrad": 0.75, "wgrad": 0.75}, "holds partly"),
        ({"dgrad": 0.74}, "does not hold"),
        ({"3x3-s1": 0.84}, "does not hold"),
    ],
)
def test_convolutions(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, float], outcome: str
) -> None:
    ratios = {group: max(least, 1.0) for group, least in p02.TARGETS.items()} | change
    times = {f"{g}/layer/bf16": {"ours": 1.0, "vendor": ratio} for g, ratio in ratios.items()}
    assert judge(p02, monkeypatch, made_up("conv2d", times))[0] == outcome


def lenet(ours: list[float], step: float) -> KernelRecord:
    record = made_up("lenet", {p03.KEY: {"ours": 1.0, "vendor": step}})
    losses = {
        "vendor": [[2.0] * 25 + [1.0] * 25 + [9.0]],
        "vendor-ieee": [[2.0] * 25 + [1.004] * 25 + [9.0]],
    }
    losses["ours"] = [[2.0] * 25 + [value for value in ours for _ in range(25)] + [1.0]]
    record.content["cases"][0]["training"] = {"losses": losses}
    return record


@pytest.mark.parametrize(
    ("loss", "step", "outcome"),
    [
        (1.009, 1.0, "holds"),
        (1.009, 0.6, "holds partly"),
        (1.009, 0.4, "does not hold"),
        (1.02, 1.2, "does not hold"),
    ],
)
def test_training(monkeypatch: pytest.MonkeyPatch, loss: float, step: float, outcome: str) -> None:
    found, headline = judge(p03, monkeypatch, lenet([loss], step))
    assert found == outcome
    assert f"{loss - 1:.2%} from the vendor's, which is 0.40% from itself" in headline


def test_differences_are_of_averaged_curves() -> None:
    generator = np.random.default_rng(0)
    vendor = 1 + generator.random((3, 40))
    noise = np.tile([0.1, -0.1], 20)  # cancels within each window
    found = p03.differences(
        {"vendor": vendor, "ours": vendor + noise, "vendor-ieee": vendor * 1.01}, 10
    )
    assert found["difference_ours"] == pytest.approx([0, 0, 0], abs=1e-12)
    assert found["difference_rounding"] == pytest.approx([0.01] * 3)


def test_the_benchmark_aims_at_what_the_claims_demand() -> None:
    aims = {(one.op, one.group): (one.peer, one.least) for one in TARGETS if one.measure == "ratio"}
    assert {g: aims["matmul", g] for g in p01.TARGETS} == p01.TARGETS
    assert {g: aims["conv2d", g] for g in p02.TARGETS} == {
        g: ("vendor", least) for g, least in p02.TARGETS.items()
    }
    assert {key: aims[key] for key in p06.TARGETS} == p06.TARGETS
    (share,) = (one for one in TARGETS if one.measure == "attained")
    assert (share.group, share.least) == ("pooling", p06.BANDWIDTH)
    (speed,) = (one for one in TARGETS if one.measure == "tflops")
    assert (speed.case, speed.least) == (p01.LARGEST, p01.LEAST_TFLOPS)


@pytest.mark.parametrize(
    ("ratios", "attained", "outcome"),
    [
        ((1.0, 1.0, 1.1), 0.85, "holds"),
        ((0.9, 1.0, 1.1), 0.85, "holds partly"),
        ((0.9, 0.9, 1.1), 0.85, "holds partly"),
        ((0.9, 0.9, 1.0), 0.85, "does not hold"),
        ((1.0, 1.0, 1.1), 0.84, "holds partly"),
    ],
)
def test_fusion(
    monkeypatch: pytest.MonkeyPatch, ratios: tuple[float, ...], attained: float, outcome: str
) -> None:
    found = {}
    for ((op, group), (peer, _)), ratio in zip(p06.TARGETS.items(), ratios, strict=True):
        found[op] = made_up(op, {f"{group}/x/bf16": {"ours": 1.0, peer: ratio, "vendor": ratio}})
        found[op].content["cases"][0]["attained"] = attained
    monkeypatch.setattr(p06, "load_kernels", lambda op, machine: found[op])
    verdict = p06.criterion(Metrics.from_seeds([p06.run(p06.Config(), seed=0)]))
    assert verdict.outcome == outcome
    assert f"lstm-cell {ratios[0]:.2f}, pooling {ratios[1]:.2f}" in verdict.headline


@pytest.mark.parametrize("module", [p01, p02, p03, p06])
def test_each_waits_for_its_record(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "measured_kernels", lambda op: [])
    assert module.EXPERIMENT.waiting() == "not yet measured on a GPU"
    monkeypatch.setattr(module, "measured_kernels", lambda op: ["a100"])
    assert module.EXPERIMENT.waiting() == "not yet measured on a GPU"
    monkeypatch.setattr(module, "measured_kernels", lambda op: ["a100", "h200"])
    assert module.EXPERIMENT.waiting() is None
    with pytest.raises(RecordError, match="not yet measured on a GPU"):
        module.run(module.Config(machine="no-such-gpu"), seed=0)
