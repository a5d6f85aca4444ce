"""The parts that need a GPU, on one that pretends: in which order the device is asked, and what comes of it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from deepkernels.bench import campaign, contenders, device, machine, operations, timing
from deepkernels.bench.records import Book
from deepkernels.bench.shapes import pool
from deepkernels.bench.timing import DeviceClock, Plan

pytestmark = pytest.mark.skipif(
    torch.cuda.is_available(), reason="there is a device: test_bench_timing asks that one"
)


class Cuda:
    """Stands for `torch.cuda` and for the clock: every event is logged, and only what sleeps takes time."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.now = (
            0.0  # seconds; a real clock would make the tests depend on what else the machine does
        )

    def clock(self) -> float:
        self.now += 1e-6
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def named(self, name: str) -> Any:
        return lambda *arguments, **keywords: self.log.append(name)

    def event(self, enable_timing: bool) -> Any:
        assert enable_timing
        event = SimpleNamespace(when=0.0, synchronize=self.named("wait"))

        def record() -> None:
            self.log.append("record")
            event.when = self.clock()

        event.record = record
        event.elapsed_time = lambda end: 1e3 * (end.when - event.when)
        return event

    @contextlib.contextmanager
    def inside(self, name: str) -> Iterator[None]:
        self.log.append(f"{name} begins")
        yield
        self.log.append(f"{name} ends")


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Cuda:
    found = Cuda()
    stream = SimpleNamespace(wait_stream=found.named("wait for stream"))
    properties = SimpleNamespace(
        name="NVIDIA Pretended", multi_processor_count=4, total_memory=2**34, L2_cache_size=64
    )
    for name, value in {
        "is_available": lambda: True,
        "Event": found.event,
        "_sleep": found.named("cover"),
        "synchronize": found.named("synchronise"),
        "Stream": lambda: stream,
        "current_stream": lambda: stream,
        "stream": lambda one: found.inside("side stream"),
        "CUDAGraph": lambda: SimpleNamespace(replay=found.named("replay")),
        "graph": lambda graph, stream=None: found.inside("capture"),
        "get_device_name": lambda: "NVIDIA Pretended",
        "get_device_properties": lambda index: properties,
        "empty_cache": found.named("empty"),
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=found.clock))
    monkeypatch.setattr(machine, "command", lambda *arguments, folder=None: None)
    return found


def test_a_sample_is_covered_recorded_and_waited_for(cuda: Cuda) -> None:
    seen: list[int] = []

    def work(number: int) -> None:
        cuda.log.append("work")
        seen.append(number)
        cuda.sleep(0.002)

    clock = DeviceClock()
    clock.covers[id(work)] = 0.1
    seconds = clock.sample(work, 5, calls=2)
    assert cuda.log == ["cover", "record", "work", "work", "record", "wait"]
    assert seen == [5, 6]
    assert seconds == pytest.approx(0.002, rel=0.01)


def test_a_host_that_is_slower_than_its_cover_has_it_made_longer(cuda: Cuda) -> None:
    clock = DeviceClock()
    slow, quick = (lambda number: cuda.sleep(0.003)), (lambda number: None)
    clock.sample(slow, 0)
    assert cuda.log.count("cover") == 2, "the first sample was taken again"
    clock.sample(quick, 0)
    clock.sample(slow, 1)
    assert cuda.log.count("cover") == 4
    assert clock.covers[id(slow)] > 10 * clock.covers[id(quick)]


def test_compiling_in_a_first_call_lengthens_no_later_cover(cuda: Cuda) -> None:
    clock, pauses = DeviceClock(), [0.3, 0.0, 0.0]

    def work(number: int) -> None:
        cuda.sleep(pauses.pop(0))

    clock.sample(work, 0)
    assert pauses == [0.0]
    assert clock.covers[id(work)] < 0.01


def test_work_that_waits_for_the_device_does_not_go_on_for_ever(cuda: Cuda) -> None:
    calls: list[int] = []

    def work(number: int) -> None:
        calls.append(number)
        cuda.sleep(0.1 * len(calls))

    DeviceClock().sample(work, 0)
    assert len(calls) <= 3


def test_launches_are_timed_between_two_waits(cuda: Cuda) -> None:
    seconds = DeviceClock().launch(lambda number: cuda.sleep(0.001), 3)
    assert cuda.log == ["synchronise", "synchronise"]
    assert seconds == pytest.approx(0.001, rel=0.01)


def test_a_graph_is_captured_after_a_run_on_a_stream_of_its_own(cuda: Cuda) -> None:
    numbers: list[int] = []
    replay = DeviceClock().captured(numbers.append, 5)
    assert numbers == [0, 1, 2, 3, 4] * 2
    assert cuda.log.index("side stream ends") < cuda.log.index("capture begins")
    assert "replay" not in cuda.log
    replay(0)
    assert cuda.log[-1] == "replay"
    assert len(numbers) == 10


@pytest.fixture
def pretended(cuda: Cuda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> device.Device:
    before = torch.backends.cudnn.benchmark, torch.backends.cuda.matmul.allow_tf32
    monkeypatch.setattr(device, "PEAK_SIDES", (8, 16))
    yield device.Device(tmp_path, with_compile=False, device="cpu")
    torch.backends.cudnn.benchmark, torch.backends.cuda.matmul.allow_tf32 = before


def test_roofs_come_from_a_copy_a_sum_and_products(cuda: Cuda) -> None:
    found = device.measured_roofs(DeviceClock(), torch.device("cpu"), 2**12, (8, 16))
    assert set(found["flops"]) == {"bf16", "fp16", "fp32"}
    assert found["flops"]["bf16"] == max(found["speeds"]["bf16"].values())
    assert found["bandwidth"] == max(found["bandwidths"].values()) > 0
    assert found["machine"] == "NVIDIA Pretended"
    assert "measured in this run" in found["source"]


def test_the_environment_is_asked_once(pretended: device.Device) -> None:
    found = pretended.environment()
    assert found is pretended.environment()
    assert (found["gpu"], found["processors"], found["memory_gib"]) == ("NVIDIA Pretended", 4, 16.0)
    assert found["software"]["torch"] == torch.__version__
    assert found["commit"] is None
    assert pretended.state()["sm_clock_mhz"] is None


def test_a_device_in_error_is_not_healthy(
    pretended: device.Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pretended.healthy()

    def broken() -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(torch.cuda, "synchronize", broken)
    assert not pretended.healthy()


def test_a_case_runs_from_data_to_record(pretended: device.Device, tmp_path: Path) -> None:
    from dataclasses import replace

    case = replace(pool("pooling", "avg", 1, 8, 4, 2, 2), dtype="fp16")
    book = Book("pool2d", "pretended", tmp_path)
    roofs = {"machine": "P", "flops": {"fp16": 1e18}, "bandwidth": 1e18, "source": "made up"}
    pretended.roofs = lambda: roofs  # type: ignore[method-assign]
    outcome = campaign.run(
        [case], {"pool2d": book}, pretended, {"pool2d": "d" * 64},
        Plan(samples=12, seconds=0, graph_seconds=0, launches=1), say=lambda text: None,
    )  # fmt: skip
    assert outcome.done == [f"pool2d/{case.key}"], book.cases[case.key]["failures"]
    row = book.cases[case.key]
    assert set(row["contenders"]) == {"ours", "vendor"}
    assert row["configuration"][0]["kernel"].startswith("deepkernels.pool2d.average:")
    assert row["contenders"]["ours"]["error_before"]["right"]


def test_references_do_not_round_to_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    cudnn = torch.backends.cudnn
    before = torch.backends.cuda.matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark
    for allowed in (True, False):
        with contenders.tf32(allowed):
            assert torch.backends.cuda.matmul.allow_tf32 is allowed
            assert cudnn.allow_tf32 is allowed
            assert cudnn.benchmark is allowed
    assert (torch.backends.cuda.matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark) == before


def test_torch_compile_takes_part_where_it_is_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[dict[str, Any]] = []

    def compile(function: Any, **options: Any) -> Any:
        compiled.append(options)
        return function

    monkeypatch.setattr(torch, "compile", compile)
    case = pool("pooling", "avg", 1, 8, 4, 2, 2)
    assert "compile" in operations.build(case, torch.device("cpu"), 1).contenders
    assert compiled == [{"fullgraph": True, "dynamic": False}]
    assert "compile" not in operations.build(case, torch.device("cpu"), 1, False).contenders
