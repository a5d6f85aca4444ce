"""D12: the same training step on the CPU and on a GPU.

Three networks, each written once, with the same weights and the same batches of random images: a small MLP, a large
one, and LeNet-5, at four batch sizes. Contenders are one core, all cores, and the GPU, all with PyTorch in float32,
without TF32. Steps alternate; each sample begins and ends with an idle device; the median of a seed's samples counts.
Batches lie on the device before the clock starts, and what their transfer would add is timed by itself. First of all
ten steps are taken on CPU and GPU from the same weights, and their losses are compared: a fast step that computes
something else would not count.

A seed draws weights, batches and the order anew. The whole takes less than a minute on a machine with a GPU; without
one the experiment waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from deeplearning import engines, records
from deeplearning.experiments import Experiment, Metrics, Verdict
from deeplearning.models import mlp
from deeplearning.models.lenet import lenet5
from deeplearning.performance.training_step import TrainingStep, alternate_steps
from deeplearning.records.kernels import NOT_MEASURED

NETWORKS = ("small", "large", "lenet")
JUDGED = "large"
SAME = 1e-3  # the largest relative difference of losses that rounding may explain
WHOLE, PARTLY = 10.0, 2.0


@dataclass(frozen=True)
class Config:
    device: str = "cuda"
    small: tuple[int, ...] = (784, 64, 10)
    large: tuple[int, ...] = (784, 2048, 2048, 10)
    batch_sizes: tuple[int, ...] = (1, 16, 128, 1024)
    rounds: int = 5
    least: float = 0.02  # seconds a sample
    steps_compared: int = 10
    compared_batch: int = 128

    @classmethod
    def smoke(cls) -> Config:
        """The CPU stands in for the GPU."""
        return cls(
            device="cpu", large=(784, 16, 10), batch_sizes=(1, 2), rounds=1, least=0.0, steps_compared=2,
            compared_batch=4,
        )  # fmt: skip


def networks(config: Config) -> dict[str, tuple[Callable[..., Any], tuple[int, ...]]]:
    """Name → how to make the network from an engine's `nn`, and the shape of a sample."""
    return {
        "small": (partial(mlp, config.small), (784,)),
        "large": (partial(mlp, config.large), (784,)),
        "lenet": (lenet5, (1, 28, 28)),
    }


@contextmanager
def plain_float32() -> Iterator[None]:
    """Let the GPU multiply float32 as float32, as the CPU does; afterwards PyTorch is as it was."""
    threads = torch.get_num_threads()
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before
        torch.set_num_threads(threads)


def run(config: Config, seed: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    cores = records.machine()["cores"]
    values: dict[str, Any] = {"cores": cores, **about(config.device)}
    contenders = {"one_core": ("cpu", 1), "cpu": ("cpu", cores), "gpu": (config.device, cores)}
    with plain_float32():
        for network, (make, shape) in networks(config).items():
            torch.manual_seed(seed)
            start = engines.get("torch").state(make(nn=torch.nn))

            def batch(size: int, shape: tuple[int, ...] = shape) -> tuple[np.ndarray, np.ndarray]:
                return draw.random((size, *shape), np.float32), draw.integers(0, 10, size)

            def steps(size: int, make: Any = make, start: Any = start) -> dict[str, TrainingStep]:
                batches = [batch(size) for _ in range(2)]
                return {
                    name: TrainingStep(make, start, batches, device, threads)
                    for name, (device, threads) in contenders.items()
                }

            both = steps(config.compared_batch)
            cpu, gpu = (
                np.array(both[name].losses(config.steps_compared)) for name in ("cpu", "gpu")
            )
            values[f"loss_difference_{network}"] = float((np.abs(gpu - cpu) / cpu).max())
            seconds: dict[str, list[float]] = {name: [] for name in (*contenders, "copy")}
            for size in config.batch_sizes:
                timed = steps(size)
                times = alternate_steps(timed, config.rounds, config.least, seed)
                for name in contenders:
                    seconds[name].append(times[name].median)
                there = timed["gpu"]
                copies = [there.sample(there.copy, 1) for _ in range(config.rounds + 1)]
                seconds["copy"].append(float(np.median(copies[1:])))
            for name, medians in seconds.items():
                values[f"seconds_{network}_{name}"] = medians
            for name in ("cpu", "one_core"):
                quotient = np.array(seconds[name]) / np.array(seconds["gpu"])
                values[f"ratio_{network}_{name}"] = quotient
    return values


def about(device: str) -> dict[str, float]:
    """What numbers can say about the GPU: its processors, its memory in GiB, its generation; zeros for a CPU."""
    if not device.startswith("cuda"):
        return {"gpu_processors": 0, "gpu_memory_gib": 0.0, "gpu_capability": 0.0}
    facts = torch.cuda.get_device_properties(device)
    return {
        "gpu_processors": facts.multi_processor_count,
        "gpu_memory_gib": facts.total_memory / 2**30,
        "gpu_capability": float(f"{facts.major}.{facts.minor}"),
    }


def criterion(metrics: Metrics) -> Verdict:
    ratio = metrics[f"ratio_{JUDGED}_cpu"][:, -1]
    error = float(ratio.std(ddof=1) / np.sqrt(len(ratio))) if len(ratio) > 1 else 0.0
    low = float(ratio.mean()) - 2 * error
    medians = [metrics.median(f"ratio_{network}_cpu") for network in NETWORKS]
    slower, cells = sum(int((one < 1).sum()) for one in medians), sum(map(len, medians))
    difference = max(float(metrics[f"loss_difference_{network}"].max()) for network in NETWORKS)
    small, large, lenet = (metrics.mean(f"ratio_{network}_cpu")[-1] for network in NETWORKS)
    headline = (
        f"time on all {metrics.median('cores'):.0f} cores ÷ time on the GPU at the largest batch: "
        f"large MLP {large:.1f}, LeNet-5 {lenet:.1f}, small MLP {small:.1f}; "
        f"the GPU is slower in {slower} of {cells} cases; losses differ by {difference:.0e} at most"
    )
    if difference > SAME or low < PARTLY:
        return Verdict("does not hold", headline)
    return Verdict("holds" if low >= WHOLE else "holds partly", headline)


def waits_for() -> str | None:
    """A GPU, or the record that one has left."""
    there = (records.claims_folder() / "D12.json").is_file()
    return None if there or torch.cuda.is_available() else NOT_MEASURED


EXPERIMENT = Experiment(
    id="D12",
    chapter="deep/machine-learning-or-deep-learning",
    claim="Cheap GPUs made deep learning possible: the same training step is far faster on a GPU than on a CPU.",
    criterion_text=(
        "the large MLP 784-2048-2048-10 with batches of 1,024, time of a step on all cores of the CPU ÷ on the GPU, "
        "mean over 5 seeds less 2 standard errors: holds if it is 10 or more; holds partly if it is 2 or more; else "
        "does not hold. Nor does it hold if the losses of the first ten steps differ by more than a thousandth in any "
        "network"
    ),
    config=Config,
    run=run,
    criterion=criterion,
    seeds=5,
    cost_seconds=50,
    exclusive=True,
    waits_for=waits_for,
)
