"""LeNet-5 on our kernels and on PyTorch's: equal weights, equal steps, curves for the record."""

import gzip
import struct
from pathlib import Path
from types import MappingProxyType

import pytest
import torch

from deepkernels.bench import correctness, lenet
from deepkernels.bench.contenders import Bench
from deepkernels.bench.roofline import Roofs
from deepkernels.bench.session import run_case
from deepkernels.bench.shapes import Case
from deepkernels.bench.timing import Plan
from kernel_pretended import PretendedClock

CASE = Case("lenet", "training", "tiny", MappingProxyType({"B": 1, "steps": 2, "seeds": 1}), "fp32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of twelve random images in MNIST's format."""
    place = tmp_path_factory.mktemp("mnist")
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (12 * 784,), generator=generator, dtype=torch.uint8)
    (place / lenet.IMAGES).write_bytes(
        gzip.compress(struct.pack(">IIII", 2051, 12, 28, 28) + bytes(pixels.tolist()))
    )
    (place / lenet.LABELS).write_bytes(
        gzip.compress(struct.pack(">II", 2049, 12) + bytes(range(10)) + b"\0\1")
    )
    return place


def bench(device: str) -> Bench:
    return Bench(CASE, torch.device(device), cache=1, with_compile=False)


def test_digits_are_read_centred_and_scaled(folder: Path) -> None:
    images, labels = lenet.digits(folder)
    assert images.shape == (12, 1, 28, 28)
    assert labels.tolist() == [*range(10), 0, 1]
    assert images.mean().item() == pytest.approx(0, abs=1e-5)
    assert images.std().item() == pytest.approx(1, abs=1e-4)


def test_without_the_data_it_says_where_they_should_be(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"trained on .*train-images.*run it in the repository"):
        lenet.digits(tmp_path)


def test_a_step_gives_loss_and_gradients_and_leaves_the_weights(folder: Path, device: str) -> None:
    problem = lenet.problem(bench(device), folder)
    assert set(problem.contenders) == {"ours", "vendor"}
    expected = problem.expected()
    assert len(expected) == 11  # the loss, and weight and bias of five layers
    accepted = correctness.tolerance("fp32", 100, problem.roundings)
    # Problems call ours once as they are made: if that had moved the weights, this call would differ.
    for name, work in problem.contenders.items():
        assert correctness.errors(work(0), expected)["frobenius"] <= accepted, name


def test_curves_start_alike_and_come_by_contender_and_seed(folder: Path, device: str) -> None:
    found = lenet.trained(bench(device), *lenet.digits(folder))
    assert set(found["losses"]) == {"ours", "vendor", "vendor-ieee"}
    for curves in found["losses"].values():
        assert len(curves) == 1
        assert len(curves[0]) == 2
    vendor = found["losses"]["vendor"][0]
    assert found["losses"]["ours"][0] == pytest.approx(vendor, rel=1e-3)
    assert vendor[0] != vendor[1]


class Quick(PretendedClock):
    """Every call takes a second, whatever it does."""

    def sample(self, work, first: int, calls: int = 1) -> float:
        work(first)
        return 1.0


def test_a_row_holds_the_training_beside_the_step(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = lenet.networks
    alone = lambda *arguments: {"vendor": networks(*arguments)["vendor"]}  # noqa: E731
    monkeypatch.setattr(lenet, "networks", alone)  # ours has its tests above; PyTorch is quick
    problem = lenet.problem(bench("cpu"), folder)
    problem.training = lambda: {"losses": {}}
    roofs = Roofs("Pretended", {"fp32": 1e15}, 1e15, "made up")
    plan = Plan(samples=1, least=1, launches=1)
    row = run_case(CASE, problem, Quick(), plan, roofs, "d" * 64)
    assert row["training"] == {"losses": {}}
    assert row["failures"] == []

    def broken() -> dict[str, object]:
        raise RuntimeError("no memory")

    problem.training = broken
    row = run_case(CASE, problem, Quick(), plan, roofs, "d" * 64)
    assert row["failures"] == ["training: RuntimeError: no memory"]
    assert "training" not in row
